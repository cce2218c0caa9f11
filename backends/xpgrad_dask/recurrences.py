"""A recurrence, or a step, along blocks: each on its own, then what enters it from the next, in small tasks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Any

import dask.array as da
import numpy
from dask.array.core import unify_chunks
from dask.array.utils import meta_from_array
from dask.base import tokenize

from xpgrad_dask.known import as_dask
from xpgrad_dask.written import written


def recurrence(x: Any, factor: Any, axis: int) -> da.Array:
    """``s[i] = x[i] + factor[i] s[i+1]`` along an axis."""
    labels = tuple(range(as_dask(x).ndim))
    axis = numpy.lib.array_utils.normalize_axis_index(axis, len(labels))
    chunks, (x, factor) = unify_chunks(as_dask(x), labels, as_dask(factor), labels, warn=False)
    meta = meta_from_array(x, dtype=_dtype(x, factor))
    if len(chunks[axis]) == 1:
        return da.blockwise(partial(_recurred, axis), labels, x, labels, factor, labels, meta=meta)
    token = tokenize(x, factor, axis)
    name, alone, first = (f"{part}-{token}" for part in ("recurrence", "recurrence-alone", "recurrence-first"))
    graph: dict[Any, Any] = {}
    for index in product(*(range(len(chunks[i])) for i in labels)):
        graph[alone, *index] = (partial(_alone, axis), (x.name, *index), (factor.name, *index))
        after = tuple(n + (i == axis) for i, n in enumerate(index))
        entering = [(first, *after)] if after[axis] < len(chunks[axis]) else []
        graph[first, *index] = (partial(_entered, axis, True), (alone, *index), entering)
        graph[name, *index] = (partial(_entered, axis, False), (alone, *index), entering)
    return written(name, graph, [x, factor], [chunks[i] for i in labels], meta)


def _dtype(x: Any, factor: Any) -> Any:
    return numpy.result_type(x.dtype, factor.dtype)


def _recurred(axis: int, x: Any, factor: Any) -> Any:
    return _alone(axis, x, factor)[0]


def _alone(axis: int, x: Any, factor: Any) -> tuple[Any, Any]:
    """A block if nothing enters it, and by which factors what enters it would reach each place."""
    total = numpy.moveaxis(x.astype(_dtype(x, factor)), axis, 0)
    reach = numpy.moveaxis(factor.copy(), axis, 0)
    for i in range(len(total) - 2, -1, -1):
        total[i] += _times(total[i + 1], reach[i])
        reach[i] *= reach[i + 1]
    return numpy.moveaxis(total, 0, axis), numpy.moveaxis(reach, 0, axis)


def _entered(axis: int, first: bool, alone: tuple[Any, Any], entering: list[Any]) -> Any:
    """A block, or its first place, with what enters it; one without elements lets this through."""
    total, reach = (part[(slice(None),) * axis + (slice(None, 1 if first else None),)] for part in alone)
    if not entering or not entering[0].size:
        return total
    return total + _times(entering[0], reach) if total.size or not first else entering[0]


def _times(x: Any, factor: Any) -> Any:
    """The product, in which a zero of x stays zero."""
    return numpy.where(x == 0, x, x * factor)


def following(x: Any, axis: int, last: float = 0.0) -> da.Array:
    """What is one place further along an axis; `last` at the end."""
    x = as_dask(x)
    labels = tuple(range(x.ndim))
    axis = numpy.lib.array_utils.normalize_axis_index(axis, x.ndim)
    if x.numblocks[axis] == 1:
        return da.blockwise(partial(_moved_up, axis, last), labels, x, labels, meta=x._meta)
    token = tokenize(x, axis, last)
    name, first = f"following-{token}", f"following-first-{token}"
    graph: dict[Any, Any] = {}
    for index in product(*map(range, x.numblocks)):
        after = tuple(n + (i == axis) for i, n in enumerate(index))
        entering = [(first, *after)] if after[axis] < x.numblocks[axis] else []
        graph[first, *index] = (partial(_first_place, axis), (x.name, *index), entering)
        graph[name, *index] = (partial(_moved_up, axis, last), (x.name, *index), entering)
    return written(name, graph, [x], x.chunks, x._meta)


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, part)


def _first_place(axis: int, block: Any, entering: list[Any]) -> Any:
    """The first place of a block; one without elements lets through what comes after it."""
    return block[_along(axis, slice(1))] if block.shape[axis] or not entering else entering[0]


def _moved_up(axis: int, last: float, block: Any, entering: Sequence[Any] = ()) -> Any:
    """A block without its first place, and what enters it at the end."""
    first = block[_along(axis, slice(1))]
    enters = entering[0] if entering and entering[0].shape[axis] else numpy.full_like(first, last)
    return numpy.concatenate(
        [block[_along(axis, slice(1, None))], enters[_along(axis, slice(first.shape[axis]))]], axis
    )


FUNCTIONS = {"following": following, "recurrence": recurrence}
