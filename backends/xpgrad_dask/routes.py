"""Parts of blocks on their way to other blocks: each block of the result reads what goes there, and no more.

A route says this for one axis. Going it backwards is its transpose, in which places that overlap add up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from itertools import product
from math import prod
from typing import Any, NamedTuple

import dask.array as da
import numpy
from dask.base import tokenize
from dask.blockwise import BlockwiseDepDict, blockwise

from xpgrad.backend import UnknownLengthsError
from xpgrad_dask.shapes import known
from xpgrad_dask.written import written

#: So many bytes take as long to travel as a task takes to run.
WORTH_A_TASK = 2**19


class Piece(NamedTuple):
    """Along one axis: a part of a block of values, and where in a block of the result it goes."""

    block: int
    source: Any
    place: Any


#: For every block of the result the pieces that go there; None where all blocks stay what they are.
Route = list[list[Piece]] | None


def backwards(route: Route, count: int) -> Route:
    """The transpose of a route that starts from `count` blocks."""
    if route is None:
        return None
    back: list[list[Piece]] = [[] for _ in range(count)]
    for i, pieces in enumerate(route):
        for piece in pieces:
            back[piece.block].append(Piece(i, piece.place, piece.source))
    return back


def along_routes(
    values: da.Array,
    routes: Sequence[Route],
    chunks: tuple[tuple[int, ...], ...],
    meta: Any,
    base: da.Array | None = None,
    template: da.Array | None = None,
) -> da.Array:
    """Take values along a route for each axis, and add up what meets; or write them over `base`.

    Parameters
    ----------
    chunks, meta
        Those of the result.
    template : dask.array.Array, optional
        An array whose blocks have the lengths of the result's, where these are not known.
    """
    token = tokenize(values, routes, chunks, base)
    name = f"route-{token}"
    along = [_same(len(own)) if route is None else route for route, own in zip(routes, chunks, strict=True)]
    if base is None and template is None and _stay(along, values.numblocks):
        whole = tuple(axis for axis, route in enumerate(routes) if route is None)
        return _within(values, name, along, chunks, meta, whole)
    if base is None and template is None and not all(map(known, chunks)):
        raise UnknownLengthsError("this index")
    graph: dict[Any, Any] = {}
    for index in product(*(range(len(own)) for own in chunks)):
        combined = list(product(*(pieces[i] for pieces, i in zip(along, index, strict=True))))
        where = [(tuple(p.source for p in pieces), tuple(p.place for p in pieces)) for pieces in combined]
        blocks = [(values.name, *(p.block for p in pieces)) for pieces in combined]
        for n in _lent(combined, values) if len(blocks) + (base is not None) > 1 else ():
            source, place = where[n]
            key = (f"lent-{token}", *index, n)
            graph[key] = (_cut, blocks[n], source)
            where[n], blocks[n] = ((slice(None),) * len(source), place), key
        lengths = tuple(own[i] for own, i in zip(chunks, index, strict=True))
        if template is not None:
            graph[(name, *index)] = (partial(_placed_like, meta, where), (template.name, *index), blocks)
        elif base is None:
            graph[(name, *index)] = (partial(_placed, meta, lengths, where), blocks)
        elif where:
            graph[(name, *index)] = (partial(_written, where), (base.name, *index), blocks)
        else:
            graph[(name, *index)] = (base.name, *index)
    needed = [x for x in (values, base, template) if x is not None]
    return written(name, graph, needed, chunks, meta)


def _stay(along: Sequence[list[list[Piece]]], numblocks: Sequence[int]) -> bool:
    """Whether each block of the result reads a part of the block in its own place, and nothing else."""
    return all(
        len(route) == count and all(len(pieces) == 1 and pieces[0].block == i for i, pieces in enumerate(route))
        for route, count in zip(along, numblocks, strict=True)
    )


def _within(
    values: da.Array,
    name: str,
    along: Sequence[list[list[Piece]]],
    chunks: tuple[tuple[int, ...], ...],
    meta: Any,
    whole: tuple[int, ...],
) -> da.Array:
    """Parts that stay where they are, as a layer that Dask runs in the tasks of what comes before or after."""
    parts = {}
    for index in product(*map(range, values.numblocks)):
        pieces = [route[i][0] for route, i in zip(along, index, strict=True)]
        lengths = tuple(own[i] for own, i in zip(chunks, index, strict=True))
        parts[index] = lengths, tuple(p.source for p in pieces), tuple(p.place for p in pieces)
    labels = tuple(range(values.ndim))
    which = BlockwiseDepDict(parts, numblocks=values.numblocks)
    operands: list[Any] = [values.name, labels, which, labels]
    take = partial(part_in_place, meta, whole)
    layer = blockwise(take, name, labels, *operands, numblocks={values.name: values.numblocks})
    return written(name, layer, [values], chunks, meta)


def part_in_place(meta: Any, whole: Collection[int], block: Any, part: Any) -> Any:
    """A part of a block, in its place; along the axes in `whole` all of it."""
    lengths, source, place = part
    lengths = tuple(block.shape[axis] if axis in whole else n for axis, n in enumerate(lengths))
    return _placed(meta, lengths, [(source, place)], [block])


def _lent(combined: Sequence[Sequence[Piece]], values: da.Array) -> list[int]:
    """Which pieces are to be cut where their blocks are, so that not the whole block has to travel."""
    found = []
    for n, pieces in enumerate(combined):
        lengths = [own[piece.block] for piece, own in zip(pieces, values.chunks, strict=True)]
        parts = [
            len(range(length)[piece.source]) if isinstance(piece.source, slice) and length == length else length
            for piece, length in zip(pieces, lengths, strict=True)
        ]
        if (prod(lengths) - prod(parts)) * values.dtype.itemsize > WORTH_A_TASK:  # not with a length of NaN
            found.append(n)
    return found


def _cut(block: Any, source: Any) -> Any:
    """A copy of a part: a view would hold, and Dask count, the whole block."""
    return block[_outer(source, block.shape)].copy()


def _same(count: int) -> list[list[Piece]]:
    return [[Piece(i, slice(None), slice(None))] for i in range(count)]


def _placed(meta: Any, shape: tuple[int, ...], where: Sequence[Any], blocks: Sequence[Any]) -> Any:
    """One block of the sums."""
    if len(where) == 1 and _spans(where[0][1], shape) == [range(n) for n in shape]:
        return blocks[0][where[0][0]]
    out = None
    taken: list[Any] = []  # the places that were written to
    for (source, place), block in zip(where, blocks, strict=True):
        spans = _spans(place, shape)
        if out is None:
            out = _empty_within(meta, shape, spans)
        if spans is None:
            numpy.add.at(out, _outer(place, shape), block[_outer(source, block.shape)])
        elif None not in taken and all(_apart(spans, other) for other in taken):
            out[place] = block[source]
        else:
            out[place] += block[source]
        taken.append(spans)
    return numpy.zeros_like(meta, shape=shape) if out is None else out


def _empty_within(meta: Any, shape: tuple[int, ...], spans: Sequence[range] | None) -> Any:
    """A new block that is zero outside of a box, which is to be written to."""
    if spans is None or any(span.step != 1 for span in spans):
        return numpy.zeros_like(meta, shape=shape)
    out = numpy.empty_like(meta, shape=shape)
    lead: tuple[slice, ...] = ()
    for span in spans:
        out[(*lead, slice(None, span.start))] = 0
        out[(*lead, slice(span.stop, None))] = 0
        lead = (*lead, slice(span.start, span.stop))
    return out


def _spans(place: tuple[Any, ...], shape: tuple[int, ...]) -> list[range] | None:
    """The places that slices name along each axis; None if there are others than slices."""
    if any(isinstance(part, numpy.ndarray) for part in place):
        return None
    return [range(n)[part] for part, n in zip(place, shape, strict=True)]


def _apart(spans: Sequence[range], others: Sequence[range]) -> bool:
    """Whether two boxes have nothing in common: along some axis the one ends before the other begins."""
    return any(
        not a or not b or max(a[0], a[-1]) < min(b[0], b[-1]) or max(b[0], b[-1]) < min(a[0], a[-1])
        for a, b in zip(spans, others, strict=True)
    )


def _placed_like(meta: Any, where: Sequence[Any], template: Any, blocks: Sequence[Any]) -> Any:
    return _placed(meta, template.shape, where, blocks)


def _written(where: Sequence[Any], base: Any, blocks: Sequence[Any]) -> Any:
    """One block, partly overwritten with values."""
    out = base.copy()
    for (source, place), block in zip(where, blocks, strict=True):
        out[_outer(place, out.shape)] = block[_outer(source, block.shape)]
    return out


def _outer(parts: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """The key that combines the parts of all axes: NumPy itself takes only one array in this sense."""
    if sum(isinstance(part, numpy.ndarray) for part in parts) < 2:
        return parts
    return numpy.ix_(*(numpy.arange(n)[part] for n, part in zip(shape, parts, strict=True)))
