"""Where arrays come from in a call: Arrays as they are, anything else as a new one."""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.discovery import backend_of, get_backend, get_named, is_array
from xpgrad.mxnet.dtypes import default_float
from xpgrad.namespace import active


def namespace(x: Array) -> Any:
    """The namespace that computes with an array."""
    return x.__array_namespace__()


def shape_of(shape: Any) -> tuple[int, ...]:
    """A shape given as a number, or as a list, a tuple or an array of numbers."""
    return (int(shape),) if isinstance(shape, int) or not getattr(shape, "__len__", None) else tuple(map(int, shape))


def as_array(x: Any, dtype: Any = None) -> Any:
    """An Array as it is; a raw array of the active backend with its dtype; numbers and lists in the default dtype."""
    if isinstance(x, Array):
        return x if dtype is None else namespace(x).asarray(x, dtype=dtype)
    backend = get_named(get_backend())
    if is_array(x):
        raw = x if backend_of(x) is backend and not backend.is_scalar(x) else backend.namespace.asarray(x)
        return array_of(backend.asarray(raw))
    return active().asarray(x, dtype=default_float() if dtype is None else dtype)


def mask_of(x: Any) -> Any:
    """Whether each element is not zero."""
    x = as_array(x)
    return x if backend_of(x.data).namespace.isdtype(x.dtype, "bool") else x != 0


def length_along(axis: int, x: Array) -> tuple[int, ...]:
    """The shape of a vector that lies along one axis of `x`."""
    return tuple(-1 if i == axis % x.ndim else 1 for i in range(x.ndim))
