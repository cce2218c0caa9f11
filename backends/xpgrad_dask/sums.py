"""Reductions: one task for each block, and trees that join many small results at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial, reduce
from math import isnan, prod
from operator import add, attrgetter
from typing import Any

import dask.array as da
import numpy
from array_api_compat import array_namespace
from dask import config
from dask.array.utils import meta_from_array
from dask.core import flatten

from xpgrad_dask.known import as_dask
from xpgrad_dask.rows import in_rows
from xpgrad_numpy import backend

# Joining 16 at a time, a tree adds 1 task to 15 blocks; as Dask has it, 1 to 3. But where tasks of their own need the
# same blocks for other sums, what these need stays in memory until all that are joined at a time are there.
_FAN_IN = 16
_SMALL = 2**22


def fan_in(x: da.Array, axes: Sequence[int], block_bytes: float) -> dict[int, int] | None:
    """How many blocks to join at a time along each axis: many if what is joined is small; None for Dask's choice."""
    split = [i for i in axes if x.numblocks[i] > 1]
    fused = config.get("xpgrad.fusion", True)
    if block_bytes > _SMALL or config.get("split_every", None) is not None or not split or not fused:
        return None
    each = max(round(_FAN_IN ** (1 / len(split))), 2)
    return {i: each if i in split else 2 for i in axes}


def add_up(x: da.Array, axes: tuple[int, ...]) -> da.Array:
    """The sum of blocks along axes on which each block has length 1."""
    block = x.dtype.itemsize
    for i in set(range(x.ndim)).difference(axes):
        block *= max(x.chunks[i], default=0)
    return da.reduction(
        x,
        chunk=_sum_chunk,
        combine=_sum_of_list,
        aggregate=_sum_of_list,
        axis=axes,
        dtype=x.dtype,
        meta=meta_from_array(x, ndim=x.ndim - len(axes)),
        concatenate=False,
        split_every=fan_in(x, axes, block),
    )


def _sum_chunk(block: Any, axis: Any, keepdims: bool) -> Any:
    return block


def _sum_of_list(blocks: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    total = reduce(add, flatten([blocks], container=list))
    if keepdims:
        return total
    return total[tuple(0 if i in axis else slice(None) for i in range(total.ndim))]


def unwrapped(block: Any) -> Any:
    """A block that Dask wrapped in lists, one for each axis that the result lacks."""
    while isinstance(block, list):
        block = block[0]
    return block


def length(x: da.Array, axis: int) -> da.Array:
    """The length of an axis, yet to be computed."""
    row = x.blocks[tuple(slice(None) if i == axis else slice(0, 1) for i in range(x.ndim))]
    return da.reduction(
        row,
        chunk=partial(_length, along=axis),
        aggregate=_sum,
        dtype="int64",
        split_every=fan_in(row, range(x.ndim), 0),
    )


def _length(block: Any, axis: Any, keepdims: bool, along: int) -> Any:
    return block.__array_namespace__().full((1,) * block.ndim, block.shape[along])


def _sum(block: Any, axis: Any, keepdims: bool) -> Any:
    return block.sum(axis=axis, keepdims=keepdims)


def _reduction(name: str, tree: Callable[..., da.Array] | None = None) -> Any:
    """A reduction, in one step where the axes are whole, and otherwise over a tree."""
    tree = tree or partial(_tree, name)

    def apply(x: da.Array, *, axis: Any = None, keepdims: bool = False, **options: Any) -> da.Array:
        x = as_dask(x)
        axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(numpy.lib.array_utils.normalize_axis_tuple(axes, x.ndim))
        if not axes or any(x.numblocks[i] != 1 for i in axes):
            return tree(x, axis=axes, keepdims=keepdims, **options)
        labels = tuple(range(x.ndim))
        of_one = {option: value for option, value in options.items() if option != "correction"}
        kernel = partial(_reduced, name, axis=axes, keepdims=keepdims, **options)
        return da.blockwise(
            kernel,
            labels if keepdims else tuple(i for i in labels if i not in axes),
            x,
            labels,
            token=name,
            adjust_chunks=dict.fromkeys(axes, 1) if keepdims else None,
            meta=_reduced(name, numpy.ones_like(x._meta, shape=(1,) * x.ndim), axis=axes, keepdims=keepdims, **of_one),
        )

    apply.__name__ = name
    return apply


def _tree(name: str, x: da.Array, axis: tuple[int, ...], keepdims: bool, **options: Any) -> da.Array:
    """A reduction over several blocks."""
    block = x.dtype.itemsize
    for i in set(range(x.ndim)).difference(axis):
        block *= max(x.chunks[i], default=0)
    shared: dict[str, Any] = {"axis": axis, "keepdims": keepdims, "split_every": fan_in(x, axis, block)}
    lengths = [x.shape[i] for i in axis]
    if name == "sum" or (name == "mean" and not any(map(isnan, lengths))):
        dtype = options.get("dtype") or getattr(numpy, name)(numpy.ones((1,), x.dtype)).dtype
        total = da.reduction(x, chunk=sum_block, aggregate=sum_block, dtype=dtype, **shared)
        return total if name == "sum" else total / prod(lengths)
    if name in ("max", "min") and 0 not in lengths:
        kernel = partial(_extreme, name)
        return da.reduction(x, chunk=kernel, aggregate=kernel, dtype=x.dtype, **shared)
    return getattr(da, name)(x, **shared, **options)


def sum_block(block: Any, axis: Any, keepdims: bool, dtype: Any = None) -> Any:
    """The sum over a block."""
    dtype = None if block.dtype == dtype else dtype
    return _function("sum", block)(block, axis=axis, dtype=dtype, keepdims=keepdims)


def _extreme(name: str, block: Any, axis: Any, keepdims: bool) -> Any:
    """The largest or the least of a block; of an empty one, such as a mask may leave, what no other is beyond."""
    if block.size:
        return _reduced(name, block, axis=axis, keepdims=keepdims)
    kind = block.dtype.kind
    bounds = numpy.iinfo(block.dtype) if kind in "iu" else None
    low, high = (bounds.min, bounds.max) if bounds else (-numpy.inf, numpy.inf) if kind == "f" else (False, True)
    return getattr(numpy, name)(block, axis=axis, keepdims=keepdims, initial=low if name == "max" else high)


def _reduced(name: str, block: Any, **options: Any) -> Any:
    block = unwrapped(block)
    return _function(name, block)(block, **options)


def _function(name: str, block: Any) -> Any:
    """A function of a block's library; NumPy's as its plug-in has them, for the sake of short rows."""
    return _of_numpy(name) if isinstance(block, numpy.ndarray) else attrgetter(name)(array_namespace(block))


@cache
def _of_numpy(name: str) -> Any:
    return backend.functions.get(name) or backend.function(name)


def _cumulative(name: str, function: str, first: int) -> Any:
    """The cumulative sum or product, of which `first` is the one of nothing.

    Dask's own way to go from one block to the next stumbles over empty ones.
    """

    def apply(x: Any, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> da.Array:
        x = as_dask(x)
        if axis is None and x.ndim != 1:
            raise ValueError(f"{name} needs an axis, unless there is only one.")
        along = (axis or 0) % x.ndim
        x = in_rows(x, along)
        dtype = dtype or getattr(numpy, function)(numpy.ones((1,), x.dtype)).dtype
        if x.numblocks[along] == 1:
            labels = tuple(range(x.ndim))
            kernel = partial(_cumulated, function, along, dtype, first if include_initial else None)
            longer = {along: x.shape[along] + include_initial}
            meta = meta_from_array(x, dtype=dtype)
            return da.blockwise(kernel, labels, x, labels, adjust_chunks=longer, meta=meta)
        empty = any(n == 0 or isnan(n) for n in x.chunks[along])
        out = getattr(da, function)(x, axis=along, dtype=dtype, method="blelloch" if empty else "sequential")
        if not include_initial:
            return out
        chunks = tuple((1,) if i == along else c for i, c in enumerate(x.chunks))
        return da.concatenate([da.full(tuple(map(sum, chunks)), first, dtype=dtype, chunks=chunks), out], axis=along)

    apply.__name__ = name
    return apply


def _cumulated(function: str, axis: int, dtype: Any, first: int | None, block: Any) -> Any:
    out = getattr(numpy, function)(block, axis=axis, dtype=dtype)
    if first is None:
        return out
    lead = numpy.full_like(out, first, shape=tuple(1 if i == axis else n for i, n in enumerate(out.shape)))
    return numpy.concatenate([lead, out], axis=axis)


def _var(x: da.Array, *, axis: tuple[int, ...], correction: float = 0.0, keepdims: bool = False) -> da.Array:
    """The variance; where a block may be empty Dask's own way may be to divide by its length."""
    if not any(n == 0 or isnan(n) for i in axis for n in x.chunks[i]):
        return da.var(x, axis=axis, ddof=correction, keepdims=keepdims)
    deviations = da.absolute(x - FUNCTIONS["mean"](x, axis=axis, keepdims=True)) ** 2
    total = FUNCTIONS["sum"](deviations, axis=axis, keepdims=keepdims)
    count = FUNCTIONS["sum"](da.ones_like(deviations), axis=axis, keepdims=keepdims)
    return total / da.maximum(count - correction, 0)


def _std(x: da.Array, **options: Any) -> da.Array:
    """The root of the variance."""
    return da.sqrt(_var(x, **options))


def _norm(x: da.Array, *, axis: tuple[int, ...], keepdims: bool = False, ord: float = 2) -> da.Array:  # noqa: A002  # the standard's name
    """The norm of vectors; Dask's own makes a vector of several axes, for which it must know all lengths."""
    sizes = da.absolute(x)
    options: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
    if ord in (numpy.inf, -numpy.inf):
        return FUNCTIONS["max" if ord > 0 else "min"](sizes, **options)
    if ord == 0:
        return FUNCTIONS["sum"](sizes != 0, dtype=sizes.dtype, **options)
    if ord == 2:
        return da.sqrt(FUNCTIONS["sum"](sizes * sizes, **options))
    return FUNCTIONS["sum"](sizes if ord == 1 else sizes**ord, **options) ** (1 / ord)


FUNCTIONS = {name: _reduction(name) for name in ("max", "mean", "min", "prod", "sum")}
FUNCTIONS |= {"linalg.vector_norm": _reduction("linalg.vector_norm", _norm)}
FUNCTIONS |= {"std": _reduction("std", _std), "var": _reduction("var", _var)}
FUNCTIONS["cumulative_prod"] = _cumulative("cumulative_prod", "cumprod", 1)
FUNCTIONS["cumulative_sum"] = _cumulative("cumulative_sum", "cumsum", 0)


def run_rule(rule: Any, g: Any, *blocks: Any) -> Any:
    """An element-wise rule on the blocks of a cotangent, in which it is linear, and of what it needs."""
    return rule(g, *blocks)
