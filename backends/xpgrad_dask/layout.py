"""Arrays in other shapes, with the chunks that a rule's result should have."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import wraps
from itertools import product
from math import isnan, nan, prod
from operator import getitem
from typing import Any

import dask.array as da
import numpy
from array_api_compat.dask import array as namespace
from dask.array.core import elemwise
from dask.array.utils import meta_from_array
from dask.base import tokenize
from dask.highlevelgraph import MaterializedLayer

from xpgrad.backend import UnknownLengthsError
from xpgrad_dask import own_blocks
from xpgrad_dask.known import as_dask, of_plain
from xpgrad_dask.shapes import Shape, known, rechunked
from xpgrad_dask.written import written


def full(shape: tuple[int, ...], value: complex, like: da.Array) -> da.Array:
    """One value everywhere, in the chunks of an array of the same shape."""
    if Shape.of(like) == shape:
        return da.full_like(like, value)
    return da.full(shape, value, dtype=like.dtype)


def broadcast_to(x: Any, shape: tuple[int, ...]) -> da.Array:
    """Broadcast to a shape, and to its chunks if it has them."""
    x = as_dask(x)
    if not isinstance(shape, Shape) or shape.chunks is None:
        if any(isnan(n) and not isnan(own) for own, n in zip(reversed(x.shape), reversed(shape), strict=False)):
            raise UnknownLengthsError("broadcast_to")
        found = own_blocks.stretched(x, shape)
        return da.broadcast_to(x, shape) if found is None else found
    x = _trusted(_measured(x, shape), shape)
    if x.shape == shape:
        return x
    template = shape.template
    if template is None:
        template = da.empty(shape, dtype=x.dtype, chunks=shape.chunks)
    return elemwise(_broadcast_to, x, template, dtype=x.dtype)


def _broadcast_to(block: Any, template: Any) -> Any:
    return template.__array_namespace__().broadcast_to(block, template.shape)


def in_chunks(x: Any, shape: tuple[int, ...]) -> da.Array:
    """An array in a shape that it can be broadcast to, and in its chunks."""
    x = broadcast_to(x, shape)
    chunks = getattr(shape, "chunks", None)
    if chunks is None or x.chunks == chunks:
        return x
    return rechunked(x, chunks if known(shape) else {i: own for i, own in enumerate(chunks) if known(own)})


def _measured(x: da.Array, shape: Shape) -> da.Array:
    """An array of known lengths where those of its blocks are not known, but their sum is: in one block."""
    unknown = [i for i, n in enumerate(x.shape) if isnan(n) and x.ndim == len(shape) and not isnan(shape[i])]
    if not unknown:
        return x
    for axis in unknown:
        labels = tuple(range(x.ndim))
        joined = tuple(x.ndim if i == axis else i for i in labels)
        x = da.blockwise(_as_it_is, joined, x, labels, concatenate=True, new_axes={x.ndim: shape[axis]}, meta=x._meta)
    return x


def _trusted(x: Any, shape: Shape) -> Any:
    """An array of known lengths as one whose lengths are unknown, if its blocks may be those of the shape."""
    if known(shape) or x.ndim != len(shape) or not known(x.shape):
        return x
    x = as_dask(x)
    if any(isnan(n) and m == 1 for n, m in zip(shape, x.shape, strict=True)):  # to be broadcast
        return x
    if x.numblocks != tuple(map(len, shape.chunks or ())):
        raise UnknownLengthsError("an array of known length beside one in other blocks")
    return da.Array(x.dask, x.name, shape.chunks, meta=x._meta)


def _as_it_is(block: Any) -> Any:
    return block


def reshape(x: da.Array, shape: int | tuple[int, ...], copy: bool | None = None) -> da.Array:
    """Reshape; the result has the chunks of the shape, if it has any."""
    if not isinstance(x, da.Array):
        return x.reshape(shape)
    if not isinstance(shape, tuple):
        shape = (int(shape),)
    lengths = _completed(shape, x.shape)
    key = _through_ones(x.shape, lengths)
    if key != (slice(None),) * x.ndim:
        x = _reshaped(x, shape, lengths) if key is None else within_blocks(x, key)
    return in_chunks(x, shape) if isinstance(shape, Shape) else x


def _reshaped(x: da.Array, shape: tuple[int, ...], lengths: tuple[int, ...]) -> da.Array:
    """The same, of which the lengths are known that are to be found."""
    found = own_blocks.reshaped(x, tuple(n for n in lengths if n != 1))
    key = None if found is None else _through_ones(found.shape, lengths)
    if found is not None and key is not None:
        return within_blocks(found, key)
    if x.size == 0:
        return da.empty(numpy.empty(x.shape).reshape(shape).shape, dtype=x.dtype)
    with suppress(NotImplementedError):  # for blocks that do not fit
        return da.reshape(x, shape)
    if isinstance(shape, Shape):
        with suppress(NotImplementedError):  # those that the reverse would make do
            return da.reshape(x.rechunk(da.empty(shape, chunks=shape.chunks).reshape(x.shape).chunks), shape)
    return da.reshape(da.reshape(x, (-1,)), shape)  # a vector fits anything


def _completed(shape: tuple[int, ...], old: tuple[int, ...]) -> tuple[Any, ...]:
    """A shape with the length that -1 stands for; NaN if that is not known."""
    unknown = sum(map(isnan, old)) > sum(map(isnan, shape))
    count, others = (prod(n for n in lengths if not isnan(n)) for lengths in (old, shape))
    missing = nan if unknown else count // max(-others, 1)
    return tuple(missing if n == -1 else n for n in shape)


def is_local(x: da.Array, key: tuple[Any, ...]) -> bool:
    """Whether each block of ``x[key]`` comes from one block of x: axes of several blocks are taken as they are."""
    along = [part for part in key if part is not None]
    return all(
        n == 1 or (isinstance(part, slice) and part == slice(None)) for part, n in zip(along, x.numblocks, strict=True)
    )


class Within(MaterializedLayer):
    """A basic key applied to every block: as Dask itself writes it down, but known for what it is to region fusion.

    As a blockwise layer it could not be trusted: when Dask fuses one that makes an axis of length 1 with one that
    broadcasts it, the result lacks blocks.
    """

    def __init__(self, x: da.Array, key: tuple[Any, ...], name: str) -> None:
        self.source = x.name
        self.key = key
        along = [part for part in key if part is not None]
        kept = [axis for axis, part in enumerate(along) if isinstance(part, slice)]
        #: For every axis of the result that of x, None for a new one.
        self.axes: list[int | None] = []
        for part in key:
            if part is None:
                self.axes.append(None)
            elif isinstance(part, slice):
                self.axes.append(kept.pop(0))
        self.numblocks = tuple(1 if axis is None else x.numblocks[axis] for axis in self.axes)
        tasks = {}
        for index in product(*map(range, self.numblocks)):
            source = [0] * x.ndim
            for axis, i in zip(self.axes, index, strict=True):
                if axis is not None:
                    source[axis] = i
            tasks[name, *index] = (getitem, (x.name, *source), key)
        super().__init__(tasks)


def within_blocks(x: da.Array, key: tuple[Any, ...]) -> da.Array:
    """``x[key]`` where `is_local`."""
    if not isinstance(x, da.Array):
        return x[key]
    name = f"getitem-{tokenize(x, key)}"
    layer = Within(x, key, name)
    chunks = []
    for axis, part in zip(layer.axes, (part for part in key if part is None or isinstance(part, slice)), strict=True):
        if axis is None or part is None:
            chunks.append((1,))
        else:
            chunks.append(x.chunks[axis] if part == slice(None) else (len(range(x.shape[axis])[part]),))
    return written(name, layer, [x], chunks, meta_from_array(x, ndim=len(chunks)))


def _through_ones(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[Any, ...] | None:
    """The key that turns one shape into another, if they differ in axes of length 1 only."""
    key: list[Any] = []
    rest = list(old)
    for n in new:
        while rest and rest[0] == 1 and n != 1:
            key.append(0)
            rest.pop(0)
        if rest and (rest[0] == n or (isnan(n) and isnan(rest[0]))):
            key.append(slice(None))
            rest.pop(0)
        elif n == 1:
            key.append(None)
        else:
            return None
    return (*key, *(0 for _ in rest)) if all(n == 1 for n in rest) else None


def concat(arrays: Sequence[da.Array], *, axis: int | None = 0) -> da.Array:
    """Join arrays; flattened ones if no axis is given, which Dask cannot do with empty ones."""
    if axis is None:
        arrays, axis = [reshape(x, (-1,)) for x in arrays], 0
    return own_blocks.concat(arrays, axis)


def clip(x: da.Array, min: Any = None, max: Any = None) -> da.Array:  # noqa: A002  # the standard's names
    """Clip; bounds that were broadcast to the whole shape would have chunks of their own."""
    if min is None and max is None:
        return da.positive(x)
    raised = x if min is None else da.maximum(x, min)
    return (raised if max is None else da.minimum(raised, max)).astype(x.dtype)


def expand_dims(x: da.Array, *, axis: int = 0) -> da.Array:
    """A new axis; Dask's own reshapes, for which it must know all lengths."""
    if not -x.ndim - 1 <= axis <= x.ndim:
        raise IndexError(f"axis {axis} is out of bounds for a new axis beside {x.ndim} others.")
    axis %= x.ndim + 1
    return within_blocks(x, (*(slice(None),) * axis, None, *(slice(None),) * (x.ndim - axis)))


def flip(x: da.Array, *, axis: Any = None) -> da.Array:
    """Blocks in reverse order, each reversed; Dask's own must know their lengths."""
    x = as_dask(x)
    axes = [*range(x.ndim)] if axis is None else [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    name = f"flip-{tokenize(x, axes)}"
    key = tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(x.ndim))
    graph = {}
    for index in product(*map(range, x.numblocks)):
        source = (n - 1 - i if axis in axes else i for axis, (i, n) in enumerate(zip(index, x.numblocks, strict=True)))
        graph[name, *index] = (getitem, (x.name, *source), key)
    chunks = tuple(c[::-1] if i in axes else c for i, c in enumerate(x.chunks))
    return written(name, graph, [x], chunks, x._meta)


def triangle(x: da.Array, keep: Any) -> da.Array:
    """The part of matrices where ``keep(column - row)``, zeros elsewhere."""
    rows, columns = (da.arange(n, chunks=(chunks,)) for n, chunks in zip(x.shape[-2:], x.chunks[-2:], strict=True))
    return da.where(keep(columns - rows[:, None]), x, numpy.zeros((), dtype=x.dtype))


def tril(x: da.Array, *, k: int = 0) -> da.Array:
    """Dask's own fails on complex numbers."""
    return triangle(x, lambda distance: distance <= k)


def triu(x: da.Array, *, k: int = 0) -> da.Array:
    """As `tril`."""
    return triangle(x, lambda distance: distance >= k)


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> da.Array:
    """Ones on a diagonal; Dask's own is right for square matrices only."""
    rows, columns = da.arange(n_rows), da.arange(n_rows if n_cols is None else n_cols)
    return (columns - rows[:, None] == k).astype(dtype or "float64")


def repeat(x: da.Array, repeats: Any, *, axis: int | None = None) -> da.Array:
    """Repeat elements; Dask's own knows no array of counts, and must be told the axis."""
    if axis is None:
        x, axis = x.ravel(), 0
    if isinstance(repeats, da.Array):
        raise NotImplementedError("the counts of repeat decide the shape of the result: give them as a NumPy array.")
    found = own_blocks.repeated(x, repeats, axis)
    if found is not None:
        return found
    if isinstance(repeats, int) and x.size:
        return da.repeat(x, repeats, axis=axis)
    return da.take(x, numpy.repeat(numpy.arange(x.shape[axis]), repeats), axis=axis)


def _of_shape(name: str) -> Any:
    """A function that makes an array; of lengths that are not known, Dask's own makes one that fails when computed."""
    make = of_plain(name, getattr(namespace, name))

    @wraps(make)
    def call(shape: Any, *args: Any, **options: Any) -> da.Array:
        if not known(tuple(shape) if isinstance(shape, tuple | list) else (shape,)):
            raise UnknownLengthsError(name)
        return make(shape, *args, **options)

    return call


def to_device(x: da.Array, device: Any, stream: Any = None) -> da.Array:
    """Dask's arrays are where their blocks are."""
    if device not in ("cpu", None) or stream is not None:
        raise ValueError(f"Dask arrays know no device but 'cpu', and no streams; this was {device!r}, {stream!r}.")
    return x


FUNCTIONS = {
    "broadcast_to": broadcast_to,
    "clip": clip,
    "concat": concat,
    "expand_dims": expand_dims,
    "eye": eye,
    "flip": flip,
    "repeat": repeat,
    "reshape": reshape,
    "to_device": to_device,
    "tril": tril,
    "triu": triu,
    **{name: _of_shape(name) for name in ("empty", "full", "ones", "zeros")},
}
