"""`map_overlap`, in steps of which each has a transpose: pad, lend to the neighbours, run the function, trim.

To lend means that every block gets copies of its neighbours' margins; its transpose adds the margins back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import dask.array as da
from dask.array.overlap import coerce_boundary, coerce_depth, ensure_minimum_chunksize
from dask.array.utils import meta_from_array

import xpgrad
from xpgrad import Array
from xpgrad.array import array_of
from xpgrad.backend import UnknownLengthsError
from xpgrad_dask.blocks import axes_of, map_blocks, rechunk
from xpgrad_dask.captured import recorded
from xpgrad_dask.local import Chunks, raw, raw_leaves, unified
from xpgrad_dask.routes import Piece, Route, along_routes, backwards
from xpgrad_dask.shapes import known


def map_overlap(
    func: Callable[..., Any],
    *args: Any,
    depth: Any = None,
    boundary: Any = None,
    trim: bool = True,
    align_arrays: bool = True,
    allow_rechunk: bool = True,
    **options: Any,
) -> Array:
    """``dask.array.map_overlap``, differentiable by the arrays among its arguments.

    Parameters
    ----------
    func : callable
        As for `map_blocks`; applied to blocks with some of their neighbours' elements around them.
    *args
        Arrays and raw arrays; NumPy's are seen whole.
    depth, boundary : int, tuple, dict, or list of these for each array
        How many elements to borrow along each axis, and what lies beyond the edges: "none", "periodic", "reflect",
        "nearest", or a constant.
    trim : bool
        Whether to cut off as many elements of the result. Otherwise the function is to do so; if it does not, say by
        ``chunks`` what it leaves.
    align_arrays : bool
        Whether to bring arrays into common blocks first.
    allow_rechunk : bool
        Whether blocks that are shorter than what is borrowed of them may be joined.
    **options
        As for `map_blocks`.

    Returns
    -------
    Array

    Raises
    ------
    ValueError
        As for `map_blocks`, and if blocks are too short and may not be joined.
    """
    if not recorded(func, args, options) and all(isinstance(raw(x), da.Array) for x in args):
        options = raw_leaves(options) | {"align_arrays": align_arrays, "allow_rechunk": allow_rechunk}
        found = da.map_overlap(func, *map(raw, args), depth=depth, boundary=boundary, trim=trim, **options)
        return array_of(found)
    lying = [i for i, x in enumerate(args) if isinstance(raw(x), da.Array)]
    depths = depth if isinstance(depth, list) else [depth] * len(lying)
    boundaries = boundary if isinstance(boundary, list) else [boundary] * len(lying)
    given, margins, lengths = [*args], {}, {}
    arrays = [args[i] if isinstance(args[i], Array) else array_of(args[i]) for i in lying]
    for i, x, *own in zip(lying, _aligned(arrays) if align_arrays else arrays, depths, boundaries, strict=True):
        margins[i] = _margins(x.ndim, *own)
        if any(m.left != m.right and m.beyond != "none" for m in margins[i]):
            raise NotImplementedError("margins of different width need boundary='none', as in Dask.")
        if any((m.left or m.right) and not known(n) for m, n in zip(margins[i], x.chunks, strict=True)):
            raise UnknownLengthsError("a margin of blocks")
        if not allow_rechunk and any(max(m.left, m.right) > min(n) for m, n in zip(margins[i], x.chunks, strict=True)):
            raise ValueError(f"blocks of lengths {x.chunks} are shorter than {own[0]}: rechunk, or allow_rechunk=True.")
        lengths[i] = tuple(map(_long_enough, x.chunks, margins[i]))
        given[i] = _lent(_padded(x, margins[i]), margins[i])
    if not trim:
        if any(m.left or m.right for own in margins.values() for m in own):
            options.setdefault("chunks", lengths[lying[0]])  # as Dask has it: the function is to trim
        return map_blocks(func, *given, **options)
    out = map_blocks(func, *given, **options)
    leading = margins[max(lying, key=lambda i: (given[i].ndim, -i))]
    dropped = [axis % len(leading) for axis in axes_of(options.get("drop_axis"))]
    kept = [margin for axis, margin in enumerate(leading) if axis not in dropped]
    for axis in sorted(axes_of(options.get("new_axis"))):
        kept.insert(axis, _Margin(0, 0, "none"))
    return _trimmed(out, kept)


def _aligned(arrays: Sequence[Array]) -> list[Array]:
    """Arrays in common blocks."""
    found = unified([x.data for x in arrays], [tuple(range(x.ndim))[::-1] for x in arrays])
    return [x if x.chunks == y.chunks else rechunk(x, y.chunks) for x, y in zip(arrays, found, strict=True)]


class _Margin(NamedTuple):
    """How many elements of its neighbours a block sees along an axis, and what lies beyond the edges."""

    left: int
    right: int
    beyond: Any

    def before(self, i: int) -> int:
        """How many of them block i has on its left."""
        return self.left if i or self.beyond != "none" else 0

    def after(self, i: int, count: int) -> int:
        """How many of them block i of so many has on its right."""
        return self.right if i < count - 1 or self.beyond != "none" else 0


def _margins(ndim: int, depth: Any, boundary: Any) -> list[_Margin]:
    depths, boundaries = coerce_depth(ndim, depth), coerce_boundary(ndim, boundary)
    pairs = [(d, d) if isinstance(d, int) else d for d in (depths[i] for i in range(ndim))]
    return [_Margin(left, right, boundaries[i]) for i, (left, right) in enumerate(pairs)]


def _padded(x: Array, margins: Sequence[_Margin]) -> Array:
    """The array with what lies beyond its edges, in the blocks at the edges."""
    xp = x.__array_namespace__()
    for axis, (left, right, beyond) in enumerate(margins):
        sizes = [*_long_enough(x.chunks[axis], margins[axis])]
        if not isinstance(beyond, str) or beyond != "none":
            parts = [_edge(x, axis, left, beyond, False), x, _edge(x, axis, right, beyond, True)]
            x = xp.concat([part for part in parts if part is not None], axis=axis)
            sizes[0] += left
            sizes[-1] += right
        if tuple(sizes) != x.chunks[axis]:
            x = rechunk(x, {axis: tuple(sizes)})
    return x


def _long_enough(lengths: tuple[int, ...], margin: _Margin) -> tuple[int, ...]:
    """The lengths of blocks, joined to those that are not shorter than what is borrowed of them."""
    least = max(margin.left, margin.right)
    return tuple(ensure_minimum_chunksize(least, lengths)) if least else lengths


def _edge(x: Array, axis: int, count: int, beyond: Any, end: bool) -> Array | None:
    """What lies beyond an edge."""
    if not count:
        return None
    xp, n = x.__array_namespace__(), x.shape[axis]
    near, far = slice(n - count, n), slice(0, count)
    if not end:
        near, far = far, near
    lead = (slice(None),) * axis
    if beyond == "periodic":
        return x[(*lead, far)]
    if beyond == "reflect":
        return xp.flip(x[(*lead, near)], axis=axis)
    last = x[(*lead, slice(n - 1, n) if end else slice(0, 1))]
    if beyond == "nearest":
        return xp.repeat(last, count, axis=axis)
    shape = tuple(count if i == axis else m for i, m in enumerate(x.shape))
    return array_of(da.full(shape, beyond, dtype=x.dtype))


def _lent(x: Array, margins: Sequence[_Margin]) -> Array:
    """Every block with the margins of its neighbours."""
    routes, chunks = [], []
    for (left, right, _), sizes in zip(margins, x.chunks, strict=True):
        route, longer = [], []
        for i, n in enumerate(sizes):
            before, after = left if i else 0, right if i < len(sizes) - 1 else 0
            pieces = [Piece(i, slice(0, n), slice(before, before + n))]
            if before:
                pieces.append(Piece(i - 1, slice(sizes[i - 1] - before, sizes[i - 1]), slice(0, before)))
            if after:
                pieces.append(Piece(i + 1, slice(0, after), slice(before + n, before + n + after)))
            route.append(pieces)
            longer.append(before + n + after)
        routes.append(route if left or right else None)
        chunks.append(tuple(longer))
    return _travel(x, routes, tuple(chunks))


def _trimmed(x: Array, margins: Sequence[_Margin]) -> Array:
    """Every block without its margins."""
    routes, chunks = [], []
    for margin, sizes in zip(margins, x.chunks, strict=True):
        route, shorter = [], []
        for i, n in enumerate(sizes):
            start, stop = margin.before(i), n - margin.after(i, len(sizes))
            route.append([Piece(i, slice(start, stop), slice(0, stop - start))])
            shorter.append(stop - start)
        routes.append(route if margin.left or margin.right else None)
        chunks.append(tuple(shorter))
    return _travel(x, routes, tuple(chunks))


def _travel(x: Array, routes: Sequence[Route], chunks: Chunks) -> Array:
    """Parts of blocks along routes, differentiable."""
    if all(route is None for route in routes):
        return x
    counts = [len(sizes) for sizes in x.chunks]
    back = [backwards(route, count) for route, count in zip(routes, counts, strict=True)]
    recorded = xpgrad.custom_vjp(lambda x: array_of(along_routes(x.data, routes, chunks, meta_from_array(x.data))))
    recorded.defvjp(lambda x: (recorded(x), x.chunks), lambda before, g: (_travel(_as(g, chunks), back, before),))
    return recorded(x)


def _as(g: Array, chunks: Chunks) -> Array:
    return g if g.chunks == chunks else rechunk(g, chunks)
