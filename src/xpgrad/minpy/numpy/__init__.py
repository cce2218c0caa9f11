"""minpy.numpy: NumPy's functions, differentiable, for arrays of the class `Array`."""

from __future__ import annotations

from collections.abc import Callable
from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi
from typing import Any

from xpgrad.array import Array as PlainArray
from xpgrad.minpy.array import Array
from xpgrad.minpy.numpy import random as random
from xpgrad.minpy.policy import set_global_policy
from xpgrad.mxnet import numpy as _mxnet
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.ops import creation
from xpgrad.mxnet.ops.indexing import slice_axis
from xpgrad.mxnet.provide import attach, provide_all
from xpgrad.mxnet.util import is_np_default_dtype
from xpgrad.namespace import active


def _array(object: Any, dtype: Any = None) -> Any:
    """A copy as an array; float32 by default, or with the policy "only_numpy" what NumPy would take."""
    if dtype is None and is_np_default_dtype() and not isinstance(object, PlainArray):
        return active().asarray(object)
    return creation.array(object, dtype)


_FUNCTIONS: dict[str, Callable[..., Any]] = {**_mxnet.FUNCTIONS, "array": _array, "slice_axis": slice_axis}

globals().update(provide_all(_FUNCTIONS, Array))

newaxis = None
int = "int64"
float = "float64"
set_policy = set_global_policy


def _other(name: str) -> Any:
    """A dtype, as the module of MXNet's functions has it."""
    try:
        return getattr(_mxnet, name)
    except AttributeError:
        return _lacking(name)


attach(Array, globals(), _mxnet.METHODS)

_lacking = lacking("minpy.numpy", globals())
__getattr__ = _other
