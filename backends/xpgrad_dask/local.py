"""Functions that run once for every block of a grid, and what pulls cotangents back through them.

Pulling back is such a function again: it takes the same blocks and those of the cotangents, and runs the tape inside
one task. So derivatives of any order stay inside the blocks. What blocks have in common, a parameter or an array that
is broadcast, gets its cotangent as a tree of sums over them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from itertools import product
from math import isnan
from operator import add, itemgetter
from typing import Any, NamedTuple

import dask.array as da
import numpy
from dask.array.core import unify_chunks
from dask.array.utils import meta_from_array
from dask.base import tokenize
from dask.core import flatten

import xpgrad
from xpgrad.array import array_of
from xpgrad.backend import UnknownLengthsError
from xpgrad.tree import leaves, tree_map
from xpgrad_dask.heap import Reuse
from xpgrad_dask.joint import Forward, offer
from xpgrad_dask.shapes import rechunked
from xpgrad_dask.sums import fan_in, unwrapped
from xpgrad_dask.written import written

Chunks = tuple[tuple[int, ...], ...]


class Place(NamedTuple):
    """How an array lies on a grid of blocks.

    Attributes
    ----------
    along : tuple of int or None
        For each of its axes the axis of the grid along which its blocks lie; None where every task sees all of it. As a
        result, an array is the sum over those axes of the grid along which it does not lie.
    chunks : tuple of tuple of int
        Its chunks.
    meta : array
        An empty array of its kind.
    """

    along: tuple[int | None, ...]
    chunks: Chunks
    meta: Any

    @classmethod
    def of(cls, x: Any, along: Sequence[int | None] | None = None) -> Place:
        """That of an array, in its own chunks along the grid's axes; by default one that every task sees all of."""
        along = (None,) * x.ndim if along is None else tuple(along)
        chunks = tuple(
            (n,) if axis is None else x.chunks[i] for i, (axis, n) in enumerate(zip(along, x.shape, strict=True))
        )
        return cls(along, chunks, meta_from_array(x))


def run(
    function: Callable[..., Any],
    arrays: Sequence[Any],
    inputs: Sequence[Place],
    outputs: Sequence[Place],
    forward: Forward | None = None,
) -> Any:
    """Apply a function, which returns a tuple, to the blocks of arrays; nothing is recorded.

    Parameters
    ----------
    function : callable
        Takes a block of each array, and returns a tuple with a block of each output.
    arrays : sequence of array
        Raw arrays; NumPy's are seen whole.
    inputs, outputs : sequence of Place
        How they lie on the grid.
    forward : Forward, optional
        What could be had in the same tasks.

    Returns
    -------
    list of dask.array.Array
    """
    arrays = [_placed(x, place) for x, place in zip(arrays, inputs, strict=True)]
    grid = _grid(inputs)
    operands = [part for x, place in zip(arrays, inputs, strict=True) for part in (x, _labels(place, len(grid)))]
    own = [place.along for place in outputs]
    # Not with new axes of length 1: when Dask fuses such a layer with one that broadcasts it, the result lacks blocks.
    direct = len(outputs) == 1 and set(own[0]).issuperset(range(len(grid)))
    if direct and not any(i is None and c == (1,) for i, c in zip(own[0], outputs[0].chunks, strict=True)):
        only = _blocks(partial(_first, function), operands, outputs[0], len(grid))
        if forward is not None:
            offer(only, _bundle(forward.function, operands, len(grid)), forward, own[0])
        return [only]
    bundle = _bundle(function, operands, len(grid))
    if forward is not None:
        offer(bundle, _bundle(forward.function, operands, len(grid)), forward)
    found: list[Any] = [None] * len(outputs)
    for kept in {tuple(i for i in range(len(grid)) if i in along) for along in own}:
        members = [n for n, along in enumerate(own) if set(along) - {None} == set(kept)]
        joined = _summed(bundle, members, kept, [outputs[n] for n in members])
        for k, n in enumerate(members):
            found[n] = _picked(joined, k, kept, outputs[n])
    return found


def _bundle(function: Callable[..., Any], operands: Sequence[Any], ndim: int) -> da.Array:
    """All that a function returns, a tuple for each place on the grid."""
    return da.blockwise(
        partial(_bundled, function),
        tuple(range(ndim)),
        *operands,
        adjust_chunks=dict.fromkeys(range(ndim), 1),
        align_arrays=False,
        meta=numpy.empty((0,) * ndim, dtype=object),
    )


def _grid(places: Sequence[Place]) -> list[int]:
    """The number of blocks along each axis of the grid."""
    numbers: dict[int, int] = {}
    for place in places:
        for axis, chunks in zip(place.along, place.chunks, strict=True):
            if axis is not None:
                numbers[axis] = len(chunks)
    return [numbers[axis] for axis in sorted(numbers)]


def _placed(x: Any, place: Place) -> da.Array:
    """An array in the chunks of its place."""
    x = x if isinstance(x, da.Array) else da.from_array(x, chunks=-1)
    if x.chunks == place.chunks:
        return x
    chunks = tuple(own if isnan(n) else new for n, own, new in zip(x.shape, x.chunks, place.chunks, strict=True))
    if tuple(map(len, chunks)) != tuple(map(len, place.chunks)):
        raise UnknownLengthsError(f"joining blocks, {x.chunks},")
    return rechunked(x, chunks)


def _labels(place: Place, start: int) -> tuple[int, ...]:
    """Labels for Dask: those of the grid, and some of its own for what is seen whole."""
    return tuple(start + i if axis is None else axis for i, axis in enumerate(place.along))


def _blocks(function: Callable[..., Any], operands: Sequence[Any], output: Place, ndim: int) -> da.Array:
    """The only output, a block from each task."""
    labels = tuple(1000 + i if axis is None else axis for i, axis in enumerate(output.along))
    pairs = list(zip(output.along, labels, output.chunks, strict=True))
    return da.blockwise(
        function,
        labels,
        *operands,
        new_axes={label: chunks[0] for axis, label, chunks in pairs if axis is None},
        adjust_chunks={label: chunks for axis, label, chunks in pairs if axis is not None},
        align_arrays=False,
        meta=output.meta,
    )


def _first(function: Callable[..., Any], *blocks: Any) -> Any:
    return _bundled(function, *blocks)[0]


def _bundled(function: Callable[..., Any], *blocks: Any) -> Any:
    with Reuse():
        return function(*map(unwrapped, blocks))


def _summed(bundle: da.Array, members: list[int], kept: tuple[int, ...], outputs: Sequence[Place]) -> da.Array:
    """Tuples of some of the outputs, summed over the other axes of the grid."""
    size = sum(place.meta.dtype.itemsize * numpy.prod([max(c, default=0) for c in place.chunks]) for place in outputs)
    axes = tuple(i for i in range(bundle.ndim) if i not in kept)
    if not axes:
        every = members == [*range(len(members))]
        return bundle if every else da.map_blocks(partial(_members, members), bundle, meta=bundle._meta)
    return da.reduction(
        bundle,
        chunk=partial(_chosen, members),
        combine=_sum_of_tuples,
        aggregate=_sum_of_tuples,
        axis=axes,
        concatenate=False,
        dtype=object,
        meta=numpy.empty((0,) * len(kept), dtype=object),
        split_every=fan_in(bundle, axes, float(size)),
    )


def _chosen(members: list[int], parts: Any, axis: Any, keepdims: bool) -> Any:
    return _members(members, parts)


def _members(members: list[int], parts: Any) -> Any:
    return tuple(parts[n] for n in members)


def _sum_of_tuples(tuples: Any, axis: Any, keepdims: bool) -> Any:
    return tuple(reduce(add, parts) for parts in zip(*flatten([tuples], container=list), strict=True))


def _picked(joined: da.Array, k: int, kept: tuple[int, ...], output: Place) -> da.Array:
    """One output out of the tuples."""
    name = f"part-{tokenize(joined, k, output.along)}"
    graph = {}
    for index in product(*(range(len(chunks)) for chunks in output.chunks)):
        where = {axis: i for axis, i in zip(output.along, index, strict=True) if axis is not None}
        graph[(name, *index)] = (itemgetter(k), (joined.name, *(where[axis] for axis in kept)))
    return written(name, graph, [joined], output.chunks, output.meta)


def differentiable(
    function: Callable[..., Any],
    arrays: Sequence[xpgrad.Array],
    inputs: Sequence[Place],
    outputs: Sequence[Place],
    results: Sequence[da.Array] | None = None,
    forward: Forward | None = None,
) -> tuple[xpgrad.Array, ...]:
    """As `run`, on Arrays, and recorded; `results` are the outputs, if they are known already."""
    wanted = [i for i, x in enumerate(arrays) if tracked(x)]

    def apply(*given: xpgrad.Array) -> tuple[xpgrad.Array, ...]:
        return tuple(map(array_of, results or run(function, [x.data for x in given], inputs, outputs, forward)))

    def pull_back(given: tuple[xpgrad.Array, ...], gs: tuple[xpgrad.Array, ...]) -> tuple[Any, ...]:
        pulled = partial(_pulled, function, wanted, len(given))
        targets = [inputs[i] for i in wanted]
        known = None
        if results is not None and len(results) == 1:
            known = Forward(results[0].name, partial(_jointly, *pulled.args), outputs[0].along)
        found = iter(differentiable(pulled, [*given, *gs], [*inputs, *outputs], targets, forward=known))
        return tuple(next(found) if i in wanted else None for i in range(len(given)))

    recorded = xpgrad.custom_vjp(apply)
    recorded.defvjp(lambda *given: (apply(*given), given), pull_back)
    return recorded(*arrays)


def _pulled(function: Callable[..., Any], wanted: Sequence[int], count: int, *blocks: Any) -> Any:
    """The cotangents of the blocks that they are wanted of, from those of the outputs."""
    return _jointly(function, wanted, count, *blocks)[: len(wanted)]


def _jointly(function: Callable[..., Any], wanted: Sequence[int], count: int, *blocks: Any) -> Any:
    """The same, and after them the outputs."""
    args, gs = [*blocks[:count]], blocks[count:]

    def of_wanted(*moved: Any) -> Any:
        for i, x in zip(wanted, moved, strict=True):
            args[i] = x
        return function(*args)

    outputs, pull_back = xpgrad.vjp(of_wanted, *(args[i] for i in wanted))
    return *pull_back(gs), *outputs


def tracked(x: Any) -> bool:
    """Whether operations on x are recorded."""
    return isinstance(x, xpgrad.Array) and x._node is not None and xpgrad.autograd.is_recording()


def raw(x: Any) -> Any:
    """The raw array of an Array; anything else as it is."""
    return x.data if isinstance(x, xpgrad.Array) else x


def holds_arrays(tree: Any) -> bool:
    """Whether something is an Array, or a dict, list or tuple that holds one."""
    return any(isinstance(x, xpgrad.Array) for x in leaves(tree))


def raw_leaves(tree: Any) -> Any:
    """The raw array of an Array, also of those that a dict, list or tuple holds; anything else as it is."""
    return tree_map(tree, raw) if holds_arrays(tree) else tree


def detached_leaves(tree: Any) -> Any:
    """The same with Arrays as they are now, without history."""
    return tree_map(tree, _detached) if holds_arrays(tree) else tree


def _detached(x: Any) -> Any:
    return array_of(x.data) if isinstance(x, xpgrad.Array) else x


def unified(arrays: list[Any], labels: Sequence[Any]) -> list[Any]:
    """Raw arguments, Dask's among them in common chunks."""
    lying = [i for i, x in enumerate(arrays) if isinstance(x, da.Array) and labels[i]]
    pairs = []
    for n, i in enumerate(lying):
        own = [("own", n, axis) if label is None else ("shared", label) for axis, label in enumerate(labels[i])]
        pairs += [arrays[i], own]
    _, unified = unify_chunks(*pairs, warn=False)
    for i, x in zip(lying, unified, strict=True):
        arrays[i] = x
    return arrays
