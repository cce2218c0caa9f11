"""Arrays as sets of numbers."""

from __future__ import annotations

from typing import Any

from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.ops.indexing import isin, unique
from xpgrad.mxnet.ops.shapes import concatenate, ravel


def union1d(ar1: Any, ar2: Any) -> Any:
    """What is in either of two arrays."""
    return unique(concatenate([ravel(ar1), ravel(ar2)]))


def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """What is in both of two arrays; if asked for, also where it occurs first in each."""
    (first, place), (second, other) = (unique(x, return_index=True) for x in (ar1, ar2))
    shared = isin(first, second)
    found = first[shared]
    return (found, place[shared], other[isin(second, first)]) if return_indices else found


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """What is in the first of two arrays only."""
    found = unique(ar1)
    return found[isin(found, ar2, invert=True)]


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """What is in exactly one of two arrays."""
    return unique(concatenate([setdiff1d(ar1, ar2), setdiff1d(ar2, ar1)]))


def _standard(name: str) -> Any:
    def call(x: Any) -> Any:
        found = getattr(namespace(as_array(x)), name)(as_array(x))
        inverse = getattr(found, "inverse_indices", None)
        return found if inverse is None else found._replace(inverse_indices=ravel(inverse))

    call.__doc__ = f"``{name}`` of the standard; the indices that lead back are those of the flat array."
    return call


unique_all, unique_inverse, unique_values, unique_counts = map(
    _standard, ("unique_all", "unique_inverse", "unique_values", "unique_counts")
)
