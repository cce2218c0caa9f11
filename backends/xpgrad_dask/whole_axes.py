"""Functions that need whole axes: the blocks are joined along those, and the result has the chunks of the input again.

Dask's own either refuse chunks along such an axis or have none of these functions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import dask.array as da
import numpy
from array_api_compat import array_namespace
from dask.array.core import unify_chunks
from dask.array.utils import meta_from_array

from xpgrad_dask.known import as_dask
from xpgrad_dask.sums import unwrapped


def sort(x: da.Array, *, axis: int = -1, descending: bool = False, stable: bool = True) -> da.Array:
    """Sort along an axis."""
    options = {"axis": axis % x.ndim, "descending": descending, "stable": stable}
    return _along(axis, partial(_call, "sort", **options), x)


def argsort(x: da.Array, *, axis: int = -1, descending: bool = False, stable: bool = True) -> da.Array:
    """The indices that sort along an axis."""
    options = {"axis": axis % x.ndim, "descending": descending, "stable": stable}
    return _along(axis, partial(_call, "argsort", **options), x, dtype="int64")


def take_along_axis(x: da.Array, indices: Any, axis: int = -1) -> da.Array:
    """The elements at indices that differ from row to row."""
    return _along(axis, partial(_call, "take_along_axis", axis=axis % x.ndim), x, indices, like=1)


def scatter_along_axis(values: da.Array, indices: Any, shape: tuple[int, ...], axis: int = -1) -> da.Array:
    """Zeros of a shape with values added at indices that differ from row to row; repeated indices add up."""
    axis %= len(shape)
    once = tuple(i for i, n in enumerate(shape) if i != axis and n == 1 != values.shape[i])
    full = tuple(values.shape[i] if i in once else n for i, n in enumerate(shape))
    template = getattr(shape, "template", None)
    if template is None or full != shape:
        template = da.empty(full, chunks=getattr(shape, "chunks", "auto") if full == shape else "auto")
    out = _along(axis, partial(_scatter, axis), template, values, indices, dtype=values.dtype)
    return out.sum(axis=once, keepdims=True) if once else out


def _along(axis: int, kernel: Callable[..., Any], *arrays: Any, like: int = 0, dtype: Any = None) -> da.Array:
    """Run a kernel where every array is whole along an axis.

    Parameters
    ----------
    like : int
        The position of the array whose length along the axis, and whose chunks, the result has.
    """
    arrays = tuple(map(as_dask, arrays))
    ndim = arrays[0].ndim
    axis %= ndim
    labels = [tuple(ndim + n if i == axis else i for i in range(ndim)) for n in range(len(arrays))]
    whole = [x.rechunk({axis: -1}) if x.numblocks[axis] > 1 else x for x in arrays]
    _, whole = unify_chunks(*(part for pair in zip(whole, labels, strict=True) for part in pair), warn=False)
    out = da.blockwise(
        partial(_unwrapping, kernel),
        labels[like],
        *(part for pair in zip(whole, labels, strict=True) for part in pair),
        meta=meta_from_array(whole[0], dtype=dtype),
    )
    chunks = arrays[like].chunks[axis]
    return out.rechunk({axis: chunks}) if len(chunks) > 1 else out


def _unwrapping(kernel: Callable[..., Any], *blocks: Any) -> Any:
    return kernel(*map(unwrapped, blocks))


def _call(name: str, *blocks: Any, **options: Any) -> Any:
    return getattr(array_namespace(blocks[0]), name)(*blocks, **options)


def _scatter(axis: int, template: Any, values: Any, indices: Any) -> Any:
    out = numpy.zeros_like(template, dtype=values.dtype)
    key = [*numpy.ogrid[tuple(map(slice, values.shape))]]
    key[axis] = indices
    numpy.add.at(out, tuple(key), values)
    return out


FUNCTIONS = {
    "argsort": argsort,
    "scatter_along_axis": scatter_along_axis,
    "sort": sort,
    "take_along_axis": take_along_axis,
}
