"""Along an axis that is whole in each block, a block does on its own what Dask would do in several tasks, or blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import isnan, prod
from typing import Any

import dask.array as da
import numpy
from dask import config
from dask.array.core import unify_chunks
from dask.array.utils import meta_from_array
from dask.utils import parse_bytes

from xpgrad_dask.known import as_dask
from xpgrad_dask.rows import in_rows
from xpgrad_dask.shapes import known
from xpgrad_dask.sums import unwrapped


def in_own_blocks(
    kernel: Callable[..., Any], arrays: Sequence[da.Array], axis: int, length: int, new: bool = False
) -> da.Array | None:
    """What a kernel makes of the blocks of arrays that lie alike; None where they do not, or the result is too large.

    Parameters
    ----------
    kernel : callable
        Takes a block of each array.
    arrays : sequence of dask.array.Array
        Of as many axes. Along `axis` each must have one block, along another one more than one.
    axis, length : int
        The axis along which the blocks of the result have this length.
    new : bool
        Whether the arrays lack that axis.
    """
    labels = tuple(range(arrays[0].ndim))
    if not new:
        arrays = [in_rows(x, axis) for x in arrays]
    if len(arrays) > 1:
        pairs = ((x, [i if new or i != axis else ("own", n) for i in labels]) for n, x in enumerate(arrays))
        _, arrays = unify_chunks(*(part for pair in pairs for part in pair), warn=False)
    others = [[c for i, c in enumerate(x.chunks) if new or i != axis] for x in arrays]
    alike = all(own == others[0] for own in others) and (new or all(x.numblocks[axis] == 1 for x in arrays))
    single = max(map(len, others[0]), default=1) == 1 and all(map(known, others[0]))
    if not alike or isnan(length) or single or (new and length == 1):
        return None
    dtype = numpy.result_type(*(x.dtype for x in arrays))
    if is_large(dtype, [length, *map(max, others[0])]):
        return None
    return da.blockwise(
        kernel,
        (*labels[:axis], len(labels), *labels[axis:]) if new else labels,
        *(part for x in arrays for part in (x, labels)),
        adjust_chunks=None if new else {axis: length},
        new_axes={len(labels): length} if new else None,
        align_arrays=False,
        meta=meta_from_array(arrays[0], ndim=len(labels) + new, dtype=dtype),
    )


def is_large(dtype: Any, lengths: Iterable[int]) -> bool:
    """Whether a block has more bytes than one should; a length that is not known may be any."""
    return prod(lengths) * dtype.itemsize > parse_bytes(config.get("array.chunk-size"))


def concat(arrays: Sequence[Any], axis: int) -> da.Array:
    """Join arrays along an axis; blocks that are whole along it, row by row."""
    arrays = [*map(as_dask, arrays)]
    axis = numpy.lib.array_utils.normalize_axis_index(axis, arrays[0].ndim)
    same = len(arrays) > 1 and all(x.ndim == arrays[0].ndim for x in arrays)
    found = in_own_blocks(partial(_joined, axis), arrays, axis, sum(x.shape[axis] for x in arrays)) if same else None
    return da.concatenate(arrays, axis=axis) if found is None else found


def _joined(axis: int, *blocks: Any) -> Any:
    return numpy.concatenate(blocks, axis=axis)


def stack(arrays: Sequence[Any], *, axis: int = 0) -> da.Array:
    """Join arrays along a new axis."""
    arrays = [*map(as_dask, arrays)]
    axis = numpy.lib.array_utils.normalize_axis_index(axis, arrays[0].ndim + 1)
    same = all(x.ndim == arrays[0].ndim for x in arrays)
    found = in_own_blocks(partial(_stacked, axis), arrays, axis, len(arrays), new=True) if same else None
    return da.stack(arrays, axis=axis) if found is None else found


def _stacked(axis: int, *blocks: Any) -> Any:
    return numpy.stack(blocks, axis=axis)


def tile(x: da.Array, repetitions: Sequence[int]) -> da.Array:
    """The array so many times along each of its last axes, or along new ones before them."""
    if len(repetitions) > x.ndim or 0 in repetitions:
        return da.tile(x, repetitions)
    for axis, n in enumerate(repetitions, x.ndim - len(repetitions)):
        x = concat([x] * n, axis) if n > 1 else x
    return x


def roll(x: da.Array, shift: Any, *, axis: Any = None) -> da.Array:
    """Roll; one shift may serve several axes."""
    if axis is None:
        return da.roll(x, shift)
    axes = axis if isinstance(axis, tuple) else (axis,)
    for along, n in zip(axes, shift if isinstance(shift, tuple) else (shift,) * len(axes), strict=True):
        own = numpy.lib.array_utils.normalize_axis_index(along, x.ndim)
        found = in_own_blocks(partial(_rolled, own, n), [x], own, x.shape[own])
        x = da.roll(x, n, axis=own) if found is None else found
    return x


def _rolled(axis: int, shift: int, block: Any) -> Any:
    return numpy.roll(block, shift, axis)


def taken(x: da.Array, index: Any, axis: int) -> da.Array:
    """The elements at a vector of known indices along an axis."""
    found = in_own_blocks(partial(_taken, axis, index), [x], axis, len(index))
    return da.take(x, index, axis=axis) if found is None else found


def _taken(axis: int, index: Any, block: Any) -> Any:
    return numpy.take(block, index, axis)


def repeated(x: da.Array, repeats: Any, axis: int) -> da.Array | None:
    """Elements repeated along an axis; None where a block does not do it on its own."""
    axis = numpy.lib.array_utils.normalize_axis_index(axis, x.ndim)
    length = x.shape[axis] * repeats if isinstance(repeats, int) else int(numpy.sum(repeats))
    return in_own_blocks(partial(_repeated, axis, repeats), [x], axis, length)


def _repeated(axis: int, repeats: Any, block: Any) -> Any:
    return numpy.repeat(block, repeats, axis)


def reshaped(x: da.Array, shape: tuple[int, ...]) -> da.Array | None:
    """The array with other axes behind those that have several blocks; None where other axes change, too.

    Length 1 is for `within_blocks`: Dask would lose blocks of what is broadcast along such an axis.
    """
    depth = 1 + max((axis for axis, own in enumerate(x.chunks) if len(own) > 1 or not known(own)), default=-1)
    lead, tail = x.shape[:depth], shape[depth:]
    kept = all(map(_equal, lead, shape))
    if not depth or not tail or 1 in tail or not kept or prod(x.shape[depth:]) != prod(tail):
        return None
    labels = tuple(range(x.ndim))
    new = tuple(range(x.ndim, x.ndim + len(tail)))
    return da.blockwise(
        partial(_reshaped, depth, tail),
        labels[:depth] + new,
        x,
        labels,
        new_axes=dict(zip(new, tail, strict=True)),
        align_arrays=False,
        meta=meta_from_array(x, ndim=depth + len(tail)),
    )


def _reshaped(depth: int, tail: tuple[int, ...], block: Any) -> Any:
    block = unwrapped(block)
    return block.reshape((*block.shape[:depth], *tail))


def stretched(x: da.Array, shape: tuple[int, ...]) -> da.Array | None:
    """The array broadcast along axes of one block; None where blocks are not the same afterwards, but for these."""
    new = len(shape) - x.ndim
    if new < 0 or (max(x.numblocks, default=1) == 1 and known(x.shape)) or 1 in shape[:new]:
        return None
    wide = {new + i: n for i, (own, n) in enumerate(zip(x.shape, shape[new:], strict=True)) if own == 1 != n}
    if not all(_equal(n, m) or n == 1 for n, m in zip(x.shape, shape[new:], strict=True)):
        return None
    labels = tuple(range(len(shape)))
    return da.blockwise(
        partial(_stretched, shape[:new], wide),
        labels,
        x,
        labels[new:],
        new_axes=dict(enumerate(shape[:new])),
        adjust_chunks=wide,
        align_arrays=False,
        meta=meta_from_array(x, ndim=len(shape)),
    )


def _equal(n: float, m: float) -> bool:
    """Whether two lengths are the same; those that are not known are taken on trust."""
    return n == m or (isnan(n) and isnan(m))


def _stretched(lead: tuple[int, ...], wide: dict[int, int], block: Any) -> Any:
    lengths = (*lead, *block.shape)
    return numpy.broadcast_to(block, tuple(wide.get(i, n) for i, n in enumerate(lengths)))


#: Each does the same to every row of a block, whatever the others are, and is linear in the blocks taken together.
BY_ROWS = {_joined, _repeated, _reshaped, _rolled, _stacked, _stretched, _taken}


def _shifted(sign: int) -> Callable[..., da.Array]:
    """`fftshift`, or with -1 its inverse: a roll by half."""

    def apply(x: da.Array, *, axes: Any = None) -> da.Array:
        along = numpy.lib.array_utils.normalize_axis_tuple(range(x.ndim) if axes is None else axes, x.ndim)
        return roll(x, tuple(sign * (x.shape[i] // 2) for i in along), axis=along)

    return apply


FUNCTIONS = {"roll": roll, "stack": stack, "tile": tile}
FUNCTIONS |= {"fft.fftshift": _shifted(1), "fft.ifftshift": _shifted(-1)}
