"""Numbers that are there already, in a place where arrays are Dask's: head gradients, and what depends on no data."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import dask.array as da
import numpy


class Known(numpy.ndarray):
    """One number, a NumPy array that counts as one of Dask's; what is computed from such numbers alone is one again.

    Beside other arrays it is an ordinary one, so that inside a task, where Dask's operators may put it, a block of
    NumPy's stays one.
    """

    @classmethod
    def of(cls, value: Any, dtype: Any = None) -> Any:
        """A number as a `Known`; an array that has dimensions, as one of Dask's."""
        value = numpy.asarray(value, dtype=dtype)
        return as_dask(value) if value.ndim else value.view(cls)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options:  # an operation in place
            options["out"] = tuple(map(plain, options["out"]))
        found = getattr(ufunc, method)(*map(plain, inputs), **options)
        return Known.of(found) if all(type(x) in (Known, bool, int, float, complex) for x in inputs) else found


def plain(x: Any) -> Any:
    """An ordinary NumPy array for one that is `Known`; anything else as it is."""
    return x.view(numpy.ndarray) if isinstance(x, Known) else x


#: Functions of Dask's that take no NumPy arrays.
_OF_DASK = {"searchsorted"}


def of_plain(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of Dask's, of arrays that it takes: a `Known`, which it would put into a graph, becomes ordinary."""
    if name in _OF_DASK:
        return wraps(function)(lambda *args, **options: function(*map(as_dask, args), **options))

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        found = function(*map(plain, args), **options)
        numbers = isinstance(found, numpy.ndarray | numpy.generic) and any(isinstance(x, Known) for x in args)
        return Known.of(found) if numbers else found

    return call


def as_dask(x: Any) -> da.Array:
    """A NumPy array in one chunk; a Dask array as it is."""
    return x if isinstance(x, da.Array) else da.from_array(plain(numpy.asanyarray(x)), chunks=-1)
