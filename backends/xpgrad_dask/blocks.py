"""What `xpgrad.dask` has beyond the standard: Dask's ways to run functions inside the blocks, differentiable.

The functions are written against the array API: where a gradient is wanted they are called with Arrays, and the tape
runs inside the task. Nothing of the history outside is known there, so what a function is to be differentiated by must
be among its arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from numbers import Integral
from typing import Any

import dask.array as da
import numpy
from dask.utils import has_keyword

import xpgrad
from xpgrad import Array
from xpgrad.array import array_of
from xpgrad.backend import UnknownLengthsError
from xpgrad.tree import leaves, rebuild, tree_map
from xpgrad_dask.captured import recorded
from xpgrad_dask.known import as_dask
from xpgrad_dask.local import (
    Chunks,
    Place,
    detached_leaves,
    differentiable,
    holds_arrays,
    raw,
    raw_leaves,
    tracked,
    unified,
)
from xpgrad_dask.shapes import known, rechunked

#: An argument, with a label for each axis, or none.
_Operand = tuple[Any, Any]


def map_blocks(func: Callable[..., Any], *args: Any, **options: Any) -> Array:
    """``dask.array.map_blocks``, differentiable by the arrays among its arguments.

    Parameters
    ----------
    func : callable
        Applied to the blocks; where a gradient is wanted, to Arrays, and once more if that waits for the result.
    *args
        Arrays and raw arrays: Dask arrays are given block by block, others whole. Anything else is passed on; dicts,
        lists and tuples may hold Arrays of NumPy's.
    **options
        As Dask has them (``chunks``, ``drop_axis``, ``new_axis``, ``dtype``, ``meta``, …), and keywords of `func`.

    Returns
    -------
    Array

    Raises
    ------
    ValueError
        If `func` or a keyword holds an Array that is being recorded, to which no gradient would flow; or, where a
        gradient is wanted, if a keyword, dict, list or tuple holds what is yet to be computed, or `func` takes
        ``block_id`` or ``block_info``.
    """
    if not recorded(func, args, options):
        return array_of(da.map_blocks(func, *map(raw_leaves, args), **raw_leaves(options)))
    for name in ("block_id", "block_info"):
        if has_keyword(func, name):
            raise ValueError(f"a function that takes {name} cannot be differentiated: its gradient would lack it.")
    func, pairs = _of_leaves(func, [(x, None) for x in args])
    args = tuple(x for x, _ in pairs)
    lying = [x for x in map(raw, args) if isinstance(x, da.Array)]
    labels: list[Any] = [*range(max((x.ndim for x in lying), default=0))][::-1]
    dropped = [axis % len(labels) for axis in axes_of(options.get("drop_axis"))]
    out = [label for axis, label in enumerate(labels) if axis not in dropped]
    new, chunks = options.get("new_axis"), options.get("chunks")
    if new is None and chunks is not None:  # as Dask has it: lengths that no axis has are those of new ones
        new = range(len(chunks) - len(out))
    for axis in sorted(axes_of(new)):
        out.insert(axis, None)
    operands = [(x, labels[-x.ndim :] if isinstance(raw(x), da.Array) and x.ndim else None) for x in args]
    options = detached_leaves(options)
    own = {name: value for name, value in options.items() if name not in _OPTIONS}

    def forward(function: Callable[..., Any], given: Sequence[Any]) -> list[da.Array]:
        return [da.map_blocks(function, *given, **options)]

    return over_blocks(partial(func, **own) if own else func, func, operands, [out], forward, align=False)[0]


def _of_leaves(func: Callable[..., Any], operands: Sequence[_Operand]) -> tuple[Callable[..., Any], list[_Operand]]:
    """A function of the leaves of those arguments that are trees and hold Arrays, and its arguments."""
    trees = [isinstance(x, dict | list | tuple) and holds_arrays(x) for x, _ in operands]
    if not any(trees):
        return func, [*operands]
    flat = [
        (leaf, ind) for (x, ind), tree in zip(operands, trees, strict=True) for leaf in (leaves(x) if tree else [x])
    ]
    forms = [tree_map(x, lambda _: 0) if tree else None for (x, _), tree in zip(operands, trees, strict=True)]
    return partial(_of_trees, func, forms), flat


def _of_trees(func: Callable[..., Any], forms: Sequence[Any], *flat: Any, **options: Any) -> Any:
    """Call a function with trees of some forms among its arguments."""
    following = iter(flat)
    return func(*(next(following) if form is None else rebuild(form, following) for form in forms), **options)


_OPTIONS = frozenset(inspect.signature(da.map_blocks).parameters)


def axes_of(axes: Any) -> list[int]:
    """The axes that an option names."""
    return [] if axes is None else [int(axes)] if isinstance(axes, Integral) else [*map(int, axes)]


def blockwise(func: Callable[..., Any], out_ind: Sequence[Any], *args: Any, **options: Any) -> Array:
    """``dask.array.blockwise``, differentiable by the arrays among its arguments.

    Parameters
    ----------
    func : callable
        As for `map_blocks`.
    out_ind : sequence
        The indices of the result.
    *args
        Arrays, each followed by its indices, or by None where it is to be seen whole.
    **options
        As Dask has them, and keywords of `func`.

    Returns
    -------
    Array

    Raises
    ------
    ValueError
        As for `map_blocks`.
    """
    if not recorded(func, args[::2], options):
        return array_of(da.blockwise(func, out_ind, *map(raw_leaves, args), **raw_leaves(options)))
    func, operands = _of_leaves(func, list(zip(args[::2], args[1::2], strict=True)))
    for ind in (out_ind, *(ind for _, ind in operands)):
        if ind is not None and len({*ind}) < len(ind):
            raise ValueError(f"the indices {ind!r} repeat one: no gradient is known of blocks along a diagonal.")
    options = detached_leaves(options)
    of_dask = frozenset(inspect.signature(da.blockwise).parameters)
    own = {name: value for name, value in options.items() if name not in of_dask}
    new = options.get("new_axes") or {}

    def forward(function: Callable[..., Any], given: Sequence[Any]) -> list[da.Array]:
        pairs = (part for x, (_, ind) in zip(given, operands, strict=True) for part in (x, ind))
        return [da.blockwise(function, out_ind, *pairs, **options)]

    out = [None if i in new else i for i in out_ind]
    inner = partial(func, **own) if own else func
    align = options.get("align_arrays", True)
    if options.get("concatenate") is not True:
        inner = partial(_in_lists, inner, _lists(operands, out_ind, align))
    return over_blocks(inner, func, operands, [out], forward, align=align)[0]


def _lists(operands: Sequence[_Operand], out_ind: Sequence[Any], align: bool) -> list[Any]:
    """For each argument the axes whose index the result lacks, with the lengths of the blocks that come in lists."""
    labels = [ind for _, ind in operands]
    arrays = [as_dask(raw(x)) if ind else x for x, ind in operands]
    if align:
        arrays = unified(arrays, labels)
    numbers: dict[Any, int] = {}
    for x, ind in zip(arrays, labels, strict=True):
        for axis, i in enumerate(ind or ()):
            numbers[i] = max(numbers.get(i, 1), x.numblocks[axis])
    lists = []
    for x, ind in zip(arrays, labels, strict=True):
        lost = [axis for axis, i in enumerate(ind or ()) if i not in out_ind]
        if any(not known(x.chunks[axis]) for axis in lost):
            raise UnknownLengthsError(f"an axis of {ind} that the result lacks")
        lists.append([(axis, x.chunks[axis] * (numbers[ind[axis]] // x.numblocks[axis])) for axis in lost])
    return lists


def _in_lists(func: Callable[..., Any], lists: Sequence[Any], *args: Any) -> Any:
    """Call a function with its arguments in blocks along some axes."""
    return func(*(_cut(x, own) for x, own in zip(args, lists, strict=True)))


def _cut(x: Array, along: Sequence[tuple[int, tuple[int, ...]]]) -> Any:
    """Nested lists of blocks; the only block of an axis may come several times."""
    if not along:
        return x
    (axis, lengths), *rest = along
    lead = (slice(None),) * axis
    stops = [*accumulate(lengths)] if sum(lengths) == x.shape[axis] else [x.shape[axis]] * len(lengths)
    starts = [stop - min(n, x.shape[axis]) for n, stop in zip(lengths, stops, strict=True)]
    return [_cut(x[(*lead, slice(*ends))], rest) for ends in zip(starts, stops, strict=True)]


def rechunk(x: Any, chunks: Any = "auto", **options: Any) -> Array:
    """``dask.array.rechunk``, differentiable; a gradient comes back in the chunks of `x`.

    Parameters
    ----------
    x : Array or dask.array.Array
        What to rechunk.
    chunks : int, tuple, dict or str
        As Dask has them.
    **options
        Likewise.
    """
    moved = xpgrad.custom_vjp(lambda x: array_of(rechunked(x.data, chunks, **options)))
    moved.defvjp(lambda x: (moved(x), x.chunks), lambda before, g: (rechunk(g, before),))
    return moved(x if isinstance(x, Array) else array_of(x))


def compute_chunk_sizes(x: Array) -> Array:
    """An array whose blocks have known lengths, which are computed if they are not, as after a mask; differentiable.

    Parameters
    ----------
    x : Array
        An array in which some lengths may be unknown.

    Returns
    -------
    Array
        The same blocks. The method ``x.compute_chunk_sizes()`` makes `x` itself know their lengths.
    """
    if known(x.shape):
        return x
    measured = da.Array(x.data.dask, x.data.name, x.data.chunks, meta=x.data._meta).compute_chunk_sizes()
    single = [axis for axis, lengths in enumerate(measured.chunks) if sum(lengths) == 1 < len(lengths)]
    found = _relabelled(x, measured.chunks)
    return rechunk(found, dict.fromkeys(single, -1)) if single else found  # Dask would broadcast each of its blocks


def _relabelled(x: Array, chunks: Chunks) -> Array:
    """The same blocks, of which other lengths are known; a cotangent comes in these lengths, if they are."""
    relabelled = xpgrad.custom_vjp(lambda x: array_of(da.Array(x.data.dask, x.data.name, chunks, meta=x.data._meta)))

    def backward(before: Chunks, g: Array) -> tuple[Array]:
        if all(map(known, chunks)) and g.chunks != chunks:
            g = rechunk(g, chunks)
        return (_relabelled(g, before),)

    relabelled.defvjp(lambda x: (relabelled(x), x.chunks), backward)
    return relabelled(x)


_FAN_IN = 4  # as Dask has it


def reduction(
    x: Any,
    chunk: Callable[..., Any],
    aggregate: Callable[..., Any],
    axis: Any = None,
    keepdims: bool = False,
    combine: Callable[..., Any] | None = None,
    split_every: int | dict[int, int] | None = None,
    dtype: Any = None,
    meta: Any = None,
) -> Array:
    """``dask.array.reduction``, differentiable.

    Parameters
    ----------
    x : Array or dask.array.Array
        What to reduce.
    chunk, aggregate : callable
        ``chunk(block, axis, keepdims)`` for every block, and ``aggregate`` at last, for what was made of the others.
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    keepdims : bool
        Whether they stay, with length 1.
    combine : callable, optional
        For what ``chunk`` made of ``split_every`` blocks, joined, as often as it takes; by default ``aggregate``.
    split_every : int or dict of int to int, optional
        How many blocks are joined at a time, perhaps for each axis; by default 4.
    dtype, meta
        As `map_blocks` has them.

    Returns
    -------
    Array
    """
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in axes_of(axis))
    several = split_every if isinstance(split_every, dict) else dict.fromkeys(axes, split_every)
    counts = {i: max(several.get(i) or _FAN_IN, 2) for i in axes}
    options = {"dtype": dtype, "meta": meta}
    single = tuple((1,) * len(c) if i in axes else c for i, c in enumerate(raw(x).chunks))
    if tracked(x):
        chunk, combine = partial(_to_one, chunk), partial(_to_one, combine or aggregate)
    x = map_blocks(chunk, x, axis=axes, keepdims=True, chunks=single, **options)
    while any(x.data.numblocks[i] > n for i, n in counts.items()):
        x = rechunk(x, {i: _grouped(x.chunks[i], n) for i, n in counts.items()})
        single = tuple((1,) * len(c) if i in axes else c for i, c in enumerate(x.chunks))
        x = map_blocks(combine or aggregate, x, axis=axes, keepdims=True, chunks=single, **options)
    x = rechunk(x, dict.fromkeys(axes, -1))
    if keepdims:
        single = tuple((1,) if i in axes else c for i, c in enumerate(x.chunks))
        return map_blocks(aggregate, x, axis=axes, keepdims=True, chunks=single, **options)
    return map_blocks(aggregate, x, axis=axes, keepdims=False, drop_axis=[*axes], **options)


def _to_one(function: Callable[..., Any], block: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    """What a function leaves of a block: by what its length is known to be, 1, cotangents are given to blocks."""
    found = function(block, axis=axis, keepdims=keepdims)
    if any(found.shape[i] != 1 for i in axis):
        raise ValueError(
            f"{_name(function)} left {found.shape} of a block: where a gradient is wanted, what comes before the last "
            f"step of a reduction must leave length 1 along the axes {axis}."
        )
    return found


def _grouped(chunks: Sequence[int], size: int) -> tuple[int, ...]:
    """Chunks of several chunks."""
    return tuple(sum(chunks[i : i + size]) for i in range(0, len(chunks), size))


def over_blocks(
    function: Callable[..., Any],
    func: Callable[..., Any],
    operands: Sequence[_Operand],
    outs: Sequence[Sequence[Any]],
    forward: Callable[..., Any],
    several: bool = False,
    align: bool = True,
) -> tuple[Array, ...]:
    """Run a function on blocks, recorded.

    Parameters
    ----------
    function, func : callable
        The function with its keywords bound, and without.
    operands : sequence of (argument, labels)
        A label for each axis of an argument, None for an axis that every task sees all of, or no labels at all.
    outs : sequence of sequence
        The labels of the results.
    forward : callable
        ``forward(func, args)`` computes the results from raw arguments in Dask's own way.
    several : bool
        Whether the function returns a tuple of results.
    align : bool
        Whether arrays are brought into common chunks; otherwise block i of one meets block i of another.
    """
    given = [x if isinstance(x, Array) else array_of(x) if _is_array(x) else x for x, _ in operands]
    arrays = [
        as_dask(raw(x)) if ind and isinstance(raw(x), numpy.ndarray) else raw(x)
        for x, (_, ind) in zip(given, operands, strict=True)
    ]
    if align:
        arrays = unified(arrays, [ind for _, ind in operands])
    positions = [i for i, x in enumerate(given) if isinstance(x, Array)]
    numbers: dict[Any, int] = {}
    for i in positions:
        for axis, label in enumerate(operands[i][1] or ()):
            number = arrays[i].numblocks[axis]
            if label is not None and 1 < numbers.get(label, 1) != number > 1:
                raise ValueError(
                    f"arrays with {numbers[label]} and {number} blocks along an axis: which meet? Rechunk."
                )
            numbers[label] = max(numbers.get(label, 1), number)
    results = forward(partial(_on_arrays, func), arrays)
    # A new axis may have several blocks: the function is called for each of them, with the same arguments.
    outs = [
        [("new", n, i) if label is None and x.numblocks[i] > 1 else label for i, label in enumerate(out)]
        for n, (x, out) in enumerate(zip(results, outs, strict=True))
    ]
    labels = [label for out in outs for label in out if label is not None]
    grid = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    inputs = []
    for i in positions:
        ind = operands[i][1]
        along = [
            grid.get(label) if arrays[i].numblocks[axis] == numbers[label] else None
            for axis, label in enumerate(ind or ())
        ]
        for axis, own in enumerate(arrays[i].chunks if ind else ()):
            if along[axis] is None and len(own) > 1 and not known(own):
                raise UnknownLengthsError(f"axis {axis} of {given[i].shape}, which every call sees all of,")
        inputs.append(Place.of(arrays[i], along if ind else None))
    outputs = [Place.of(x, [grid.get(label) for label in out]) for x, out in zip(results, outs, strict=True)]
    template = tuple(_BLOCK if isinstance(x, Array) else (x,) for x in given)
    inside = partial(_filled, function, template, several)
    return differentiable(inside, [given[i] for i in positions], inputs, outputs, results)


_BLOCK = "block"  # marks where a block comes in


def _filled(function: Callable[..., Any], template: Sequence[Any], several: bool, *blocks: Any) -> tuple[Any, ...]:
    """The results of a function for some blocks among its other arguments."""
    following = (x if isinstance(x, Array) else array_of(x) for x in blocks)
    found = function(*(next(following) if part == _BLOCK else part[0] for part in template))
    results = tuple(found) if several else (found,)
    for x in results:
        if not (isinstance(x, Array) or _is_array(x)):
            raise TypeError(f"a function of blocks must return arrays, but {_name(function)} returned {x!r}.")
    return results


def _name(function: Any) -> str:
    """What a user calls a function."""
    while isinstance(function, partial):
        ours = str(getattr(function.func, "__module__", None)).startswith("xpgrad_dask.")
        function = function.args[0] if ours else function.func
    return getattr(function, "__name__", type(function).__name__)


def _on_arrays(func: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """What a function makes of Arrays, raw."""
    found = func(*map(_with_arrays, args), **keywords)
    return tuple(map(raw, found)) if isinstance(found, tuple | list) else raw(found)


def _with_arrays(x: Any) -> Any:
    """An Array for a raw array, also in lists."""
    return [*map(_with_arrays, x)] if isinstance(x, list) else array_of(x) if _is_array(x) else x


def _is_array(x: Any) -> bool:
    """Whether something is a raw array."""
    return isinstance(x, da.Array | numpy.ndarray) or (hasattr(x, "__array_namespace__") and not isinstance(x, Array))
