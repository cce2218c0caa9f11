"""MXNet's switch between its two styles, kept for each thread or task.

Both styles, `np` and `nd`, work whatever it says. It only decides whether `nd` knows arrays without axes: MXNet 1.x has
none, and gives a sum the shape (1,).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar
from tempfile import TemporaryDirectory as TemporaryDirectory
from typing import Any

from xpgrad.scope import Scope

_NP_ARRAY: ContextVar[bool] = ContextVar("xpgrad_mxnet_np_array", default=False)
_NP_SHAPE: ContextVar[bool] = ContextVar("xpgrad_mxnet_np_shape", default=False)
_NP_DTYPE: ContextVar[bool] = ContextVar("xpgrad_mxnet_np_dtype", default=False)

is_np_array = _NP_ARRAY.get
is_np_shape = _NP_SHAPE.get
is_np_default_dtype = _NP_DTYPE.get


def set_np(shape: bool = True, array: bool = True, dtype: bool = False) -> None:
    """Switch to NumPy's style; with `dtype`, numbers are float64 and int64 by default, as in NumPy.

    Raises
    ------
    ValueError
        If NumPy's arrays are asked for without its shapes.
    """
    if array and not shape:
        raise ValueError("NumPy's arrays need NumPy's shapes: set_np(shape=True, array=True).")
    _NP_SHAPE.set(shape)
    _NP_ARRAY.set(array)
    _NP_DTYPE.set(dtype)


def reset_np() -> None:
    """Switch back to MXNet 1's style."""
    set_np(shape=False, array=False)


def set_np_shape(active: bool) -> bool:
    """Switch arrays without axes on or off in `nd`, and return what was set before."""
    previous = _NP_SHAPE.get()
    _NP_SHAPE.set(bool(active))
    return previous


def set_np_default_dtype(is_np_default_dtype: bool = True) -> bool:
    """Switch NumPy's default dtypes on or off, and return what was set before."""
    previous = _NP_DTYPE.get()
    _NP_DTYPE.set(bool(is_np_default_dtype))
    return previous


def np_shape(active: bool = True) -> Scope:
    """Scope in which `nd` knows arrays without axes."""
    return Scope((_NP_SHAPE, bool(active)))


def np_array(active: bool = True) -> Scope:
    """Scope in NumPy's style of arrays."""
    return Scope((_NP_ARRAY, bool(active)))


def np_default_dtype(active: bool = True) -> Scope:
    """Scope with NumPy's default dtypes."""
    return Scope((_NP_DTYPE, bool(active)))


def _within(scope: Scope) -> Callable[[Any], Any]:
    """The decorator that makes a function run inside a scope."""

    def decorate(f: Any) -> Any:
        """Make a function, or the methods of a class, run in NumPy's style."""
        if not isinstance(f, type):
            return scope(f)
        for name, method in list(vars(f).items()):
            if callable(method) and not isinstance(method, type):
                setattr(f, name, scope(method))
        return f

    return decorate


def getenv(name: str) -> str | None:
    """The value of an environment variable, None where it is not set."""
    return os.environ.get(name)


def setenv(name: str, value: str | None) -> None:
    """Set an environment variable, or remove it."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


use_np_shape = _within(np_shape())
use_np_array = _within(np_array())
use_np_default_dtype = _within(np_default_dtype())
use_np = _within(Scope((_NP_SHAPE, True), (_NP_ARRAY, True)))
