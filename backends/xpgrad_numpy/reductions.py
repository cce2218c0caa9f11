"""Reductions of large arrays along short rows, on which NumPy's loops spend four to ten times as long as they need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

_LARGE = 2**11  # elements; below, looking takes longer than it saves
_SHORT = 16  # numbers in a row that one operation for each column is worth
_NARROW = 128  # numbers in a row that einsum adds up faster


def reduction(ufunc: Any, large: Callable[..., Any] | None = None) -> Any:
    """What is behind NumPy's function of a reduction, which takes two to four times as long on small arrays."""
    reduce = ufunc.reduce

    def apply(x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        if large is not None and getattr(x, "size", 0) > _LARGE and dtype is None and isinstance(x, numpy.ndarray):
            found = large(x, axis, keepdims)
            if found is not None:
                return found
        out = reduce(x, axis, dtype, None, keepdims)
        return out if out.__class__ is numpy.ndarray else numpy.asarray(out)

    return apply


def _single(x: Any, axis: Any) -> int | None:
    """The axis if it is one of several."""
    if isinstance(axis, tuple) and len(axis) == 1:
        axis = axis[0]
    return axis % x.ndim if isinstance(axis, int) and x.ndim > 1 and -x.ndim <= axis < x.ndim else None


def sum_of_rows(x: Any, axis: Any, keepdims: bool) -> Any:
    """The sum along the last axis, or the first, by `numpy.einsum`; None where NumPy's own does as well.

    BLAS would take half of that time again, but its threads stall where others are busy.
    """
    along = _single(x, axis)
    if along is None or x.dtype.char not in "fdFD" or not x.flags.c_contiguous:
        return None
    n = x.shape[along]
    if along == x.ndim - 1 and n <= _NARROW:
        out = numpy.einsum("ij->i", x.reshape(-1, n))
    elif along == 0 and 4 * x.size <= n * n and x.size <= n * _NARROW:
        out = numpy.einsum("ij->j", x.reshape(n, -1))
    else:
        return None
    return out.reshape(tuple(m if i != along else 1 for i, m in enumerate(x.shape) if keepdims or i != along))


def extremes(ufunc: Any) -> Callable[..., Any]:
    """The largest or the least along a short last axis, column by column; None where NumPy does as well."""

    def of_rows(x: Any, axis: Any, keepdims: bool) -> Any:
        along = _single(x, axis)
        if along != x.ndim - 1 or not 1 < x.shape[-1] <= _SHORT:
            return None
        out = ufunc(x[..., 0], x[..., 1])
        for i in range(2, x.shape[-1]):
            ufunc(out, x[..., i], out=out)
        return out[..., None] if keepdims else out

    return of_rows
