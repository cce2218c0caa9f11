"""Products that sum over an axis: one task for each pair of blocks, and a tree of sums where that axis is chunked.

Dask's own `matmul` always adds a step for that sum, and its tree joins four at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import isnan
from string import ascii_letters
from typing import Any

import dask.array as da
import numpy
from dask.array.core import unify_chunks
from dask.array.utils import meta_from_array

from xpgrad.array import array_of
from xpgrad_dask.known import as_dask
from xpgrad_dask.sums import FUNCTIONS as REDUCTIONS
from xpgrad_dask.sums import add_up, unwrapped
from xpgrad_numpy import product


def matmul(x1: Any, x2: Any) -> da.Array:
    """The matrix product, over batches if there are more than two dimensions."""
    if not (x1.ndim and x2.ndim):
        raise ValueError("matmul needs arrays of at least one dimension.")
    n = max(x1.ndim, x2.ndim)
    batch, rows, columns, summed = range(n - 2), (n,) * (x1.ndim > 1), (n + 1,) * (x2.ndim > 1), (n + 2,)
    first = (*batch[len(batch) - max(x1.ndim - 2, 0) :], *rows, *summed)
    second = (*batch[len(batch) - max(x2.ndim - 2, 0) :], *summed, *columns)
    return _over_pairs("matmul", _matmul, x1, first, x2, second, (*batch, *rows, *columns), summed)


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> da.Array:
    """The sum of products over pairs of axes."""
    if isinstance(axes, int):
        axes = range(x1.ndim - axes, x1.ndim), range(axes)
    pairs = [(a % x1.ndim, b % x2.ndim) for a, b in zip(*axes, strict=True)]
    first = tuple(range(x1.ndim))
    matching = {b: a for a, b in pairs}
    second = tuple(matching.get(i, x1.ndim + i) for i in range(x2.ndim))
    summed = tuple(a for a, _ in pairs)
    free = tuple(i for i in first + second if i not in summed)
    kernel = partial(_tensordot, axes=tuple(zip(*pairs, strict=True)) or ((), ()))
    return _over_pairs("tensordot", kernel, x1, first, x2, second, free, summed)


def vecdot(x1: Any, x2: Any, axis: int = -1) -> da.Array:
    """The dot product of the vectors along an axis."""
    _check("vecdot", x1.shape[axis], x2.shape[axis])
    found: da.Array = REDUCTIONS["sum"](da.conj(x1) * x2, axis=axis, dtype=da.result_type(x1.dtype, x2.dtype))
    return found


def contract(x1: Any, x2: Any, subscripts: str) -> da.Array:
    """A step of `einsum`: its subscripts name each axis once in an array, and again in the other or in the result."""
    arrays, _, free = subscripts.partition("->")
    first, second = arrays.split(",")
    summed = tuple(i for i in first if i not in free)
    # The axes of an ellipsis have names that are no letters.
    letters = str.maketrans(dict(zip(dict.fromkeys(first + second), ascii_letters, strict=False)))
    return _over_pairs(
        "contract", partial(_einsum, subscripts.translate(letters)), x1, first, x2, second, tuple(free), summed
    )


def _over_pairs(
    name: str,
    kernel: Callable[..., Any],
    x1: Any,
    first: Sequence[Any],
    x2: Any,
    second: Sequence[Any],
    free: tuple[Any, ...],
    summed: tuple[Any, ...],
) -> da.Array:
    """Apply a kernel to all pairs of blocks, and add up what belongs to the same block of the result.

    Parameters
    ----------
    name, kernel : str, callable
        The product of two blocks, and what to call it.
    first, second : sequence
        A label for each axis of the two arrays.
    free, summed : tuple
        The labels of the result's axes, and those that are summed over.
    """
    for label in summed:
        _check(name, x1.shape[first.index(label)], x2.shape[second.index(label)])
    chunks, (x1, x2) = unify_chunks(as_dask(x1), first, as_dask(x2), second, warn=False)
    options = {"dtype": da.result_type(x1.dtype, x2.dtype), "token": name}
    if all(len(chunks[i]) == 1 for i in summed):
        options["meta"] = meta_from_array(x1, ndim=len(free), dtype=options["dtype"])
        return da.blockwise(partial(_whole, kernel), free, x1, first, x2, second, **options)
    options["meta"] = meta_from_array(x1, ndim=len(free) + len(summed), dtype=options["dtype"])
    parts = da.blockwise(
        partial(_part, kernel, len(summed)),
        free + summed,
        x1,
        first,
        x2,
        second,
        adjust_chunks=dict.fromkeys(summed, 1),
        **options,
    )
    return add_up(parts, tuple(range(len(free), len(free) + len(summed))))


def _check(name: str, n: float, m: float) -> None:
    """Refuse what Dask would broadcast."""
    if n != m and not (isnan(n) or isnan(m)):
        raise ValueError(f"{name} sums over axes of one length, not of {n} and {m}.")


def _whole(kernel: Callable[..., Any], a: Any, b: Any) -> Any:
    """The product where each axis that is summed over has one block."""
    return kernel(aligned(unwrapped(a)), aligned(unwrapped(b)))


def _part(kernel: Callable[..., Any], summed: int, a: Any, b: Any) -> Any:
    """The product, with an axis of length 1 for each that is summed over."""
    return kernel(aligned(a), aligned(b))[(..., *(None,) * summed)]


def aligned(block: Any) -> Any:
    """A block that BLAS can read directly: one that came over the network may not be, and costs it 20 times more."""
    return block if getattr(getattr(block, "flags", None), "aligned", True) else block.copy()


def _matmul(a: Any, b: Any) -> Any:
    return product(a, b) if type(a) is type(b) is numpy.ndarray else a @ b


def _tensordot(a: Any, b: Any, axes: Any) -> Any:
    return a.__array_namespace__().tensordot(a, b, axes=axes)


def _einsum(subscripts: str, a: Any, b: Any) -> Any:
    blocks = array_of(a), array_of(b)
    return blocks[0].__array_namespace__().einsum(subscripts, *blocks).data


FUNCTIONS = {"contract": contract, "matmul": matmul, "tensordot": tensordot, "vecdot": vecdot}
