"""Numbers that are there already, in a place where arrays are Dask's: head gradients, and what depends on no data."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy


class Known(numpy.ndarray):
    """A NumPy array that counts as one of Dask's.

    What is computed from it and other NumPy arrays is one again; into a graph it goes as an ordinary array.
    """

    @classmethod
    def of(cls, value: Any, dtype: Any) -> Known:
        """An array of one number, without dimensions."""
        return numpy.asarray(value, dtype=dtype).view(cls)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options:  # an operation in place
            options["out"] = tuple(map(plain, options["out"]))
        found = getattr(ufunc, method)(*map(plain, inputs), **options)
        return found if isinstance(found, da.Array) else numpy.asarray(found).view(Known)


def plain(x: Any) -> Any:
    """An ordinary NumPy array for one that is `Known`; anything else as it is."""
    return x.view(numpy.ndarray) if isinstance(x, Known) else x


def as_dask(x: Any) -> da.Array:
    """A NumPy array in one chunk; a Dask array as it is."""
    return x if isinstance(x, da.Array) else da.from_array(plain(numpy.asanyarray(x)), chunks=-1)
