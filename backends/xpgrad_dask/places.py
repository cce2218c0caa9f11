"""Gather and scatter: elements picked by place, put back, and overwritten.

What is known while the graph is built (slices, integers, NumPy arrays) is routed: each block of the result reads the
blocks that it needs and no others. What is not, is looked up inside the tasks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import partial
from math import isnan, nan
from operator import getitem as getitem_of_block
from operator import itemgetter
from typing import Any, NamedTuple

import dask.array as da
import numpy
from dask.array.core import normalize_chunks, unify_chunks
from dask.array.utils import meta_from_array

from xpgrad.backend import UnknownLengthsError
from xpgrad_dask.keys import Key, asked_by_xarray, needs_numpys_rules
from xpgrad_dask.known import as_dask
from xpgrad_dask.layout import in_chunks, is_local, reshape, within_blocks
from xpgrad_dask.own_blocks import is_large, taken
from xpgrad_dask.routes import Piece, Route, along_routes
from xpgrad_dask.rows import in_rows
from xpgrad_dask.shapes import Shape, known, rechunked
from xpgrad_dask.sums import add_up, length, unwrapped


def getitem(x: Any, key: Any) -> da.Array:
    """``x[key]``; x may be a NumPy array if the key holds a Dask array."""
    if isinstance(key, tuple) and asked_by_xarray() and needs_numpys_rules(key):
        raise NotImplementedError("xarray means each index of a lazy array along its axis.")  # it takes them one by one
    x = as_dask(x)
    steps = Key(key, x.shape)
    if steps.mask is not None:
        if steps.mask.ndim > 1 and not known(x.shape):
            return _chosen(x, steps.mask)
        x = _in_blocks_of(steps.mask, x, steps.own_axis)
        return x[key] if x.ndim else reshape(x, (1,))[reshape(steps.mask, (1,))]
    x = _sliced(x, steps.basic)
    return steps.arrange(x if steps.index is None else _gather(steps.merge(_filled(x)), steps.index, steps.axis))


def scatter(values: da.Array, key: Any, shape: tuple[int, ...]) -> da.Array:
    """Zeros of a shape with the values added at key; repeated indices add up."""
    values = _filled(as_dask(values))
    steps = Key(key, shape)
    target = _Target.of(_around(values, steps, shape), values)
    if steps.mask is not None and steps.mask.ndim != 1:
        return _all_unmasked(values, steps.mask, target)
    values = steps.disarrange(values)
    if steps.mask is not None:
        values = _unmask(values, steps.mask, steps.axis, target.chunks[steps.own_axis])
    elif steps.index is not None:
        values = steps.split(_scattered(values, steps.index, steps.axis, steps.shape, target))
    return in_chunks(_routed(values, steps.basic, target), target.shape)


def setitem(x: Any, value: Any, key: Any) -> da.Array:
    """A copy of x with value written at key; where the key names a place more than once, the last write counts."""
    x = as_dask(x)
    value = _filled(as_dask(value).astype(x.dtype, copy=False))
    steps = Key(key, x.shape)
    if not _fits(value.shape, steps.result):
        raise ValueError(f"what has shape {value.shape} does not fit what the key takes, of shape {(*steps.result,)}.")
    target = _Target.of(Shape.of(x), x)
    if steps.mask is not None and steps.mask.ndim != 1:
        if value.size == 1:
            return da.where(steps.mask, value.reshape(()), x)
        return reshape(_overwritten(x.ravel(), value, steps.mask.ravel(), 0), target.shape)
    value = steps.disarrange(value)
    if steps.mask is not None and value.shape[steps.axis] == 1:
        part = _sliced(x, steps.basic)
        value = da.where(steps.mask[_column(steps.axis, part.ndim)], value, part)
    elif steps.mask is not None or steps.index is not None:
        part = steps.merge(_filled(_sliced(x, steps.basic)))
        index = steps.mask if steps.index is None else steps.index
        value = steps.split(_overwritten(part, value, index, steps.axis))
    return _routed(value, steps.basic, target, x)


def _fits(shape: Sequence[float], place: Sequence[float]) -> bool:
    """Whether what has a shape can be written to a place, as far as lengths are known."""
    missing = len(place) - len(shape)
    lengths = [*[1] * missing, *shape] if missing > 0 else shape
    places = [*[1] * -missing, *place]
    return all(n == 1 or n == m or isnan(n) or isnan(m) for n, m in zip(lengths, places, strict=True))


def take(x: Any, indices: Any, axis: int | None = None) -> da.Array:
    """The elements at integer indices, of any number of dimensions, along an axis."""
    x = as_dask(x)
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    return getitem(x, (*(slice(None),) * (axis % x.ndim), indices))


def _filled(x: da.Array) -> da.Array:
    """The same without empty blocks, which a mask may leave: many of Dask's own functions stumble over them."""
    chunks = tuple(tuple(n for n in lengths if n) or (0,) if 0 in lengths else lengths for lengths in x.chunks)
    return rechunked(x, chunks) if chunks != x.chunks else x


def _column(axis: int, ndim: int) -> tuple[Any, ...]:
    """The key that makes one axis of many of a vector."""
    return tuple(slice(None) if i == axis else None for i in range(ndim))


class _Target(NamedTuple):
    """What to make: a shape, its chunks, and an empty array of the kind that its blocks are."""

    shape: Shape
    chunks: tuple[tuple[int, ...], ...]
    meta: Any

    @classmethod
    def of(cls, shape: tuple[int, ...], like: da.Array) -> _Target:
        chunks = getattr(shape, "chunks", None)
        if chunks is None:
            chunks = normalize_chunks("auto", tuple(shape), dtype=like.dtype)
        return cls(Shape.made(shape, chunks), chunks, meta_from_array(like, ndim=len(shape)))


def _around(values: da.Array, steps: Key, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that has no chunks, with those of the values that are put into it, where they are whole or all."""
    if isinstance(shape, Shape) or values.ndim != len(shape) or steps.mask is not None or steps.index is not None:
        return shape
    pairs = zip(values.chunks, steps.basic, shape, strict=True)
    wanted = tuple(own if part == slice(None) and sum(own) == n else (n,) * (len(own) == 1) for own, part, n in pairs)
    return Shape.made(shape, wanted) if all(wanted) and not is_large(values.dtype, map(max, wanted)) else shape


def _sliced(x: da.Array, basic: tuple[Any, ...]) -> da.Array:
    """The array after the first step of a key."""
    if all(isinstance(part, slice) and part == slice(None) for part in basic):
        return x
    if is_local(x, basic):
        return within_blocks(x, basic)
    return _filled(x)[basic]


# What is known while the graph is built is routed from block to block.


def _routed(values: da.Array, basic: tuple[Any, ...], target: _Target, base: da.Array | None = None) -> da.Array:
    """Put values where slices and integers say, on zeros or over `base`; values may have to be broadcast."""
    if any(not isinstance(part, slice) for part in basic):
        values = values[tuple(slice(None) if isinstance(part, slice) else None for part in basic)]
    places = [part if isinstance(part, slice) else slice(part, part + 1 or None) for part in basic]
    template = target.shape.template if base is None else None
    of_unknown = any(isnan(n) and part != slice(None) for n, part in zip(target.shape, places, strict=True))
    if template is not None and of_unknown and is_local(template, basic):
        return _in_own_place(values, tuple(places), template)
    routes = [_route(part, *pair) for part, *pair in zip(places, values.chunks, target.chunks, strict=True)]
    return (
        values
        if all(route is None for route in routes)
        else along_routes(values, routes, target.chunks, target.meta, base, template)
    )


def _in_own_place(values: da.Array, places: tuple[slice, ...], template: da.Array) -> da.Array:
    """Put the values of each block into zeros like a block of a template, of which there is one along indexed axes."""
    labels = tuple(range(template.ndim))
    values = values.rechunk({i: template.chunks[i] for i, n in enumerate(template.numblocks) if n > 1})
    kernel, meta = partial(_put, places), meta_from_array(values, ndim=template.ndim)
    return da.blockwise(kernel, labels, template, labels, values, labels, align_arrays=False, meta=meta)


def _put(places: tuple[slice, ...], template: Any, values: Any) -> Any:
    out = numpy.zeros_like(template, dtype=values.dtype)
    out[places] = values
    return out


def _scattered(values: da.Array, index: Any, axis: int, shape: tuple[int, ...], target: _Target) -> da.Array:
    """Zeros of a shape with the values added at an index along an axis; repeated indices add up."""
    own = target.chunks if target.shape == tuple(shape) else None
    if isinstance(index, da.Array):
        chunks = own[axis] if own else _chunks(shape[axis : axis + 1], values)[0]
        whole = _whole_if_small(
            (*values.chunks[:axis], chunks, *values.chunks[axis + index.ndim :]), axis, values.dtype
        )
        found = _sums(values, index, axis, whole[axis], target.shape.template if own else None)
        return rechunked(found, tuple(chunks if i == axis else lengths for i, lengths in enumerate(found.chunks)))
    if index.ndim != 1:
        values = reshape(values, (*values.shape[:axis], index.size, *values.shape[axis + index.ndim :]))
    chunks = list(values.chunks)
    chunks[axis] = own[axis] if own else _chunks(shape[axis : axis + 1], values)[0]
    routes: list[Route] = [None] * values.ndim
    routes[axis] = _route(index.reshape(-1), values.chunks[axis], chunks[axis])
    template = target.shape.template if own else None
    return along_routes(values, routes, tuple(chunks), meta_from_array(values), template=template)


def _chunks(shape: tuple[int, ...], like: da.Array) -> Any:
    return normalize_chunks("auto", tuple(shape), dtype=like.dtype)


def _route(part: Any, given: tuple[int, ...], wanted: tuple[int, ...]) -> Route:
    """For every block of the result along an axis the pieces that go there; None where all stays where it is."""
    if isinstance(part, slice) and part == slice(None) and given == (1,) and not known(wanted):  # to be broadcast
        return [[Piece(0, slice(None), slice(None))] for _ in wanted]
    if isinstance(part, slice) and part == slice(None) and (given == wanted or not known(given + wanted)):
        return None
    if not known(given + wanted):
        raise UnknownLengthsError("this index")
    if isinstance(part, slice):
        span = range(sum(wanted))[part]
        if given == (1,) and len(span) != 1:  # to be broadcast
            whole = [(0, len(span))]
            return [
                [piece._replace(source=slice(None)) for piece in _overlaps(span, whole, low, high)]
                for low, high in _bounds(wanted)
            ]
        blocks = [*_bounds(given)]
        return [[*_overlaps(span, blocks, low, high)] for low, high in _bounds(wanted)]
    route = []
    for low, high in _bounds(wanted):
        (chosen,) = numpy.nonzero((part >= low) & (part < high))
        pieces = []
        if given == (1,) and len(part) != 1:
            pieces = [Piece(0, slice(None), part[chosen] - low)] * bool(len(chosen))
        else:
            for i, (start, stop) in enumerate(_bounds(given)):
                sources = chosen[slice(*numpy.searchsorted(chosen, (start, stop)))]
                if len(sources):
                    pieces.append(Piece(i, sources - start, part[sources] - low))
        route.append(pieces)
    return route


def _bounds(chunks: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Where each block begins and ends."""
    start = 0
    for n in chunks:
        yield start, start + n
        start += n


def _overlaps(span: range, given: Sequence[tuple[int, int]], low: int, high: int) -> Iterable[Piece]:
    """The pieces of a slice that lie between two places; `given` bounds the blocks of values."""
    size = abs(span.step)
    begin, end = (-((span.start - at) // size) for at in (low, high))
    if span.step < 0:
        begin, end = ((span.start - at) // size + 1 for at in (high, low))
    begin, end = max(begin, 0), min(end, len(span))
    for i in range(max(bisect_right(given, begin, key=itemgetter(0)) - 1, 0), len(given)):
        start, stop = given[i]
        if start >= end:
            return
        part = range(max(start, begin), min(stop, end))
        if part:
            first, last = span[part[0]] - low, span[part[-1]] - low
            past = last + 1 if span.step > 0 else last - 1 if last else None
            yield Piece(i, slice(part[0] - start, part[-1] - start + 1), slice(first, past, span.step))


# What is only known inside the tasks is looked up there, by each block of the one array in each block of the other.


def _gather(x: da.Array, index: Any, axis: int) -> da.Array:
    """The elements at an index along an axis; its dimensions take the place of that axis."""
    if not isinstance(index, da.Array):
        out = taken(x, index.reshape(-1), axis)
        return out if index.ndim == 1 else reshape(out, (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]))
    labels = tuple(range(x.ndim))
    places = tuple(range(x.ndim, x.ndim + index.ndim))
    free = (*labels[:axis], *places, *labels[axis + 1 :])
    x = rechunked(x, _whole_if_small(x.chunks, axis, x.dtype))
    if x.numblocks[axis] == 1:
        kernel, meta = partial(_looked_up, axis=axis), meta_from_array(x, ndim=len(free))
        return da.blockwise(kernel, free, x, labels, index, places, meta=meta)
    parts = da.blockwise(
        partial(_taken_between, axis),
        (*free, axis),
        x,
        labels,
        index,
        places,
        _spans(x.chunks[axis], axis, x),
        (axis,),
        adjust_chunks={axis: 1},
        align_arrays=False,
        meta=meta_from_array(x, ndim=len(free) + 1),
    )
    return add_up(parts, (parts.ndim - 1,))


def _spans(chunks: tuple[int, ...], axis: int, template: da.Array | None = None) -> da.Array:
    """An array that tells every block along an axis where it begins and ends, and how long the axis is."""
    if known(chunks):
        spans = [(start, stop, sum(chunks)) for start, stop in _bounds(chunks)]
        return da.from_array(numpy.asarray(spans, dtype="int64").reshape(-1), chunks=3)
    if template is None or len(chunks) > 1:
        raise UnknownLengthsError("this index")
    n = length(template, axis)
    return da.stack([da.zeros((), dtype=n.dtype), n, n]).rechunk(3)


def _looked_up(block: Any, index: Any, axis: int) -> Any:
    return numpy.take(unwrapped(block), index, axis=axis)


def _whole_if_small(chunks: tuple[tuple[int, ...], ...], axis: int, dtype: Any) -> tuple[tuple[int, ...], ...]:
    """Chunks with one block along an axis, if that is not too large: with more, each pair of blocks is a task."""
    whole = tuple((sum(own),) if i == axis and known(own) else own for i, own in enumerate(chunks))
    return chunks if is_large(dtype, (max(own, default=0) for own in whole)) else whole


def _taken_between(axis: int, block: Any, index: Any, span: Any) -> Any:
    """The elements whose places lie within a block; zeros for the others."""
    low, high, n = span
    index = numpy.where(index < 0, index + n, index) - low
    inside = (index >= 0) & (index < high - low)
    if not block.shape[axis]:
        block = numpy.zeros_like(block, shape=(*block.shape[:axis], 1, *block.shape[axis + 1 :]))
    found = numpy.take(block, numpy.where(inside, index, 0), axis=axis)
    after = (None,) * (block.ndim - axis - 1)
    return numpy.where(inside[(..., *after)], found, numpy.zeros((), dtype=block.dtype))[..., None]


def _sums(values: da.Array, index: da.Array, axis: int, chunks: Any, template: da.Array | None) -> da.Array:
    """Add values at an index along an axis: dense sums for each pair of blocks, then a tree."""
    ndim = values.ndim - index.ndim + 1
    labels = tuple(range(ndim))
    places = tuple(range(ndim, ndim + index.ndim))
    parts = da.blockwise(
        partial(_summed_between, axis),
        (*labels, *places),
        values,
        (*labels[:axis], *places, *labels[axis + 1 :]),
        index,
        places,
        _spans(chunks, axis, template),
        (axis,),
        adjust_chunks={axis: chunks, **dict.fromkeys(places, 1)},
        meta=meta_from_array(values, ndim=ndim + index.ndim),
    )
    return add_up(parts, tuple(range(ndim, parts.ndim))) if places else parts


def _summed_between(axis: int, values: Any, index: Any, span: Any) -> Any:
    """For each place within a block the sum of the values that go there."""
    low, high, n = span
    ndim = index.ndim
    before, after = values.shape[:axis], values.shape[axis + ndim :]
    index = numpy.where(index < 0, index + n, index).reshape(-1)
    values = values.reshape((*before, index.size, *after))
    if high - low < n:
        inside = (index >= low) & (index < high)
        index, values = index[inside], numpy.compress(inside, values, axis=axis)
    out = numpy.zeros_like(values, shape=(*before, high - low, *after))
    numpy.add.at(out, (*(slice(None),) * axis, index - low), values)
    return out[(..., *(None,) * ndim)]


def _overwritten(x: da.Array, value: da.Array, index: Any, axis: int) -> da.Array:
    """Overwrite at an index along an axis; each block of the result sees all of the index, and its values."""
    if index.ndim == 0:
        index, value = reshape(as_dask(index), (1,)), value[(*(slice(None),) * axis, None, ...)]
    labels = tuple(range(x.ndim))
    places = tuple(range(x.ndim, x.ndim + index.ndim))
    own = tuple(range(places[-1] + 1, places[-1] + 2 + value.ndim - x.ndim))  # a mask has other lengths than its values
    written = (*labels[:axis], *own, *labels[axis + 1 :])
    _, (x, value, index) = unify_chunks(x, labels, value, written, as_dask(index), places, warn=False)
    arrays = (x, labels, value, written, index, places, _spans(x.chunks[axis], axis, x), (axis,))
    kernel = partial(_overwritten_between, axis)
    return da.blockwise(kernel, labels, *arrays, concatenate=True, align_arrays=False, meta=meta_from_array(x))


def _overwritten_between(axis: int, block: Any, value: Any, index: Any, span: Any) -> Any:
    low, high, n = span
    before, after = block.shape[:axis], block.shape[axis + 1 :]
    if index.dtype.kind == "b":
        (index,) = numpy.nonzero(index)
    value = numpy.broadcast_to(value, (*before, *index.shape, *after)).reshape((*before, index.size, *after))
    index = numpy.where(index < 0, index + n, index).reshape(-1)
    inside = (index >= low) & (index < high)
    out = block.copy()
    out[(*(slice(None),) * axis, index[inside] - low)] = numpy.compress(inside, value, axis=axis)
    return out


def _in_blocks_of(mask: da.Array, x: da.Array, axis: int) -> da.Array:
    """An array in the blocks of a mask of all axes, or one, so that what is left of them does not depend on its own."""
    if not (known(x.shape) and known(mask.shape)):
        return x
    along = tuple(mask.chunks[0] if i == axis else lengths for i, lengths in enumerate(x.chunks))
    return rechunked(x, mask.chunks if mask.ndim == x.ndim else along)


def _chosen(x: da.Array, mask: da.Array) -> da.Array:
    """The elements where a mask of all axes is true, of rows that are not counted yet: in NumPy's order."""
    x, mask, labels = in_rows(x), in_rows(mask), tuple(range(x.ndim))
    if x.numblocks != mask.numblocks or max(x.numblocks[1:]) > 1:
        raise UnknownLengthsError("a mask of several axes")
    left, meta = {0: (nan,) * x.numblocks[0]}, meta_from_array(x, ndim=1)
    options: dict[str, Any] = {"adjust_chunks": left, "align_arrays": False, "concatenate": True, "meta": meta}
    return da.blockwise(getitem_of_block, (0,), x, labels, mask, labels, **options)


def _unmask(values: da.Array, mask: da.Array, axis: int, chunks: tuple[int, ...]) -> da.Array:
    """Put values where a mask is true along an axis, zeros elsewhere; the blocks of values are those of the mask."""
    if known(values.shape):  # so it does not come from a mask
        zeros = da.zeros(
            tuple(sum(chunks) if i == axis else n for i, n in enumerate(values.shape)),
            chunks=tuple(chunks if i == axis else c for i, c in enumerate(values.chunks)),
            dtype=values.dtype,
        )
        return _overwritten(zeros, values, mask, axis)
    labels = tuple(range(values.ndim))
    kernel, meta = partial(_unmasked, axis), meta_from_array(values)
    return da.blockwise(kernel, labels, mask, (axis,), values, labels, align_arrays=False, meta=meta)


def _unmasked(axis: int, mask: Any, values: Any) -> Any:
    out = numpy.zeros_like(values, shape=(*values.shape[:axis], mask.size, *values.shape[axis + 1 :]))
    out[(*(slice(None),) * axis, mask)] = values
    return out


def _all_unmasked(values: da.Array, mask: da.Array, target: _Target) -> da.Array:
    """Put values where a mask of all axes is true."""
    if not known(mask.shape):
        labels = tuple(range(mask.ndim))
        kernel, meta = _all_unmasked_in_block, meta_from_array(values, ndim=mask.ndim)
        out = da.blockwise(kernel, labels, in_rows(mask), labels, values, (0,), align_arrays=False, meta=meta)
        return in_chunks(out, target.shape)
    (chunks,) = da.empty(target.shape, chunks=target.chunks).ravel().chunks
    return reshape(_unmask(values, mask.ravel(), 0, chunks), target.shape)


def _all_unmasked_in_block(mask: Any, values: Any) -> Any:
    out = numpy.zeros_like(values, shape=mask.shape)
    out[mask] = values
    return out


FUNCTIONS = {"getitem": getitem, "scatter": scatter, "setitem": setitem, "take": take}
