"""Losses that are made of those of blocks of samples: forward and backward of a block in one task."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import partial
from operator import add
from typing import Any

import dask.array as da
import numpy

import xpgrad
from xpgrad import Array
from xpgrad.array import array_of
from xpgrad.tree import leaves, placed_leaves, rebuild, tree_map
from xpgrad_dask.captured import recorded
from xpgrad_dask.local import Place, raw, run, tracked, unified
from xpgrad_dask.shapes import known


def value_and_grad_blocks(f: Callable[..., Any], reduce: str = "sum", at_once: int | None = None) -> Callable[..., Any]:
    """The value and the gradient of a loss that is made of those of blocks of samples, with one task for each block.

    Parameters
    ----------
    f : callable
        ``f(params, *blocks)`` returns the loss of some samples, 0-d, as functions of the array API make it. It is not
        called with none.
    reduce : {"sum", "mean"}
        "sum": the loss is the sum of those of the blocks. "mean": it is their mean, by number of samples.
    at_once : int, optional
        Call `f` with no more samples than this at a time, for a loss that does not depend on how samples are grouped:
        with some thousands, what it makes of large blocks stays in the cache. All arrays must have as many samples.
        By default it gets whole blocks.

    Returns
    -------
    callable
        Takes ``(params, *chunked)``: nested dicts, lists and tuples of arrays, and Dask arrays whose first axis counts
        the samples. Returns (value, gradient), yet to be computed, of which the gradient has the form of `params`; they
        are raw arrays, or Arrays if there was one among the arguments.

    Raises
    ------
    ValueError
        If `reduce` or `at_once` is something else; when called, if no array is chunked, there is nothing to
        differentiate by, or `f` or an argument holds an Array that is being recorded; when computed, if a loss is no
        number; in either case, if arrays of different length are to be cut `at_once`.

    Examples
    --------
    >>> loss = lambda w, x, y: xp.sum(xp.log1p(xp.exp(-y * (x @ w))))
    >>> dask.compute(*value_and_grad_blocks(loss)(w, X, y))
    """
    if reduce not in ("sum", "mean"):
        raise ValueError(f"reduce must be 'sum' or 'mean', not {reduce!r}.")
    if at_once is not None and at_once < 1:
        raise ValueError(f"at_once must be a number of samples, 1 or more, not {at_once!r}.")

    def compute(params: Any, *chunked: Any) -> Any:
        recorded(f, (), {})
        if any(map(tracked, (*leaves(params), *chunked))):
            raise ValueError(
                "the results of value_and_grad_blocks have no history, and would lose that of what they are made of: "
                "call it where nothing is recorded, or with what detach() makes of parameters and samples."
            )
        given = _parameters(params)
        data = [raw(x) for x in chunked]
        if not data or not all(isinstance(x, da.Array) and x.ndim for x in data):
            raise ValueError("value_and_grad_blocks needs Dask arrays, in blocks of samples, after the parameters.")
        if at_once:
            _same([x.shape[0] for x in data if known(x.shape[:1])])
        data = unified(data, [(0, *(None,) * (x.ndim - 1)) for x in data])
        kinds = [Place.of(x) for x in given]
        value = Place(
            (), (), numpy.zeros((), numpy.result_type(*(x.dtype for x in (*given, *data) if _floating(x)))).real
        )
        count = Place((), (), numpy.zeros((), "int64"))
        kernel = partial(
            _in_parts,
            at_once,
            partial(_value_and_grad, f, reduce, value.meta.dtype, tree_map(params, lambda _: 0)),
            len(given),
        )
        places = [*kinds, *(Place.of(x, (0, *(None,) * (x.ndim - 1))) for x in data)]
        total, n, *gradient = run(kernel, [*given, *data], places, [value, count, *kinds])
        found = [x if reduce == "sum" else (x / n).astype(x.dtype) for x in (total, *gradient)]
        if any(isinstance(x, Array) for x in (*chunked, *leaves(params))):
            found = [*map(array_of, found)]
        return found[0], rebuild(params, found[1:])

    return compute


def _in_parts(at_once: int | None, of: Callable[..., Any], count: int, *blocks: Any) -> tuple[Any, ...]:
    """The sums over parts of blocks."""
    params, data = blocks[:count], blocks[count:]
    n = data[0].shape[0]
    if at_once:
        _same([x.shape[0] for x in data])
    parts = [slice(start, start + at_once) for start in range(0, n, at_once)] if at_once and n else [slice(None)]
    found = (of(count, *params, *(x[part] for x in data)) for part in parts)
    return functools.reduce(lambda sums, more: tuple(map(add, sums, more)), found)


def _same(lengths: Sequence[int]) -> None:
    """ValueError if arrays that are to be cut alike have different lengths: some samples would be in no part."""
    if len(set(lengths)) > 1:
        found = ", ".join(map(str, lengths))
        raise ValueError(f"at_once needs as many samples in every array, not {found}.")


def _parameters(params: Any) -> list[Any]:
    """The raw leaves, with arrays of double precision for numbers."""
    found = []
    for place, x in placed_leaves(params):
        number = type(x) in (int, float, complex)
        x = numpy.asarray(x, "complex128" if isinstance(x, complex) else "float64") if number else raw(x)
        if not _floating(x):
            kind = getattr(x, "dtype", None) or f"a {type(x).__name__}"
            raise ValueError(f"params{place} is {kind}: value_and_grad_blocks takes floating-point arrays and numbers.")
        found.append(x)
    if not found:
        raise ValueError("value_and_grad_blocks needs parameters to differentiate by; there are none.")
    return found


def _floating(x: Any) -> bool:
    return getattr(getattr(x, "dtype", None), "kind", None) in ("f", "c")


def _value_and_grad(
    f: Callable[..., Any], reduce: str, dtype: Any, form: Any, count: int, *blocks: Any
) -> tuple[Any, ...]:
    """The loss of some samples, their number, and the gradient by every parameter."""
    n = blocks[count].shape[0]
    if not n:  # what a mask leaves of a block may be nothing, of which many losses are not defined
        zero = numpy.zeros((), dtype)
        return (zero, numpy.asarray(n), *map(numpy.zeros_like, blocks[:count]))
    params, *data = rebuild(form, map(array_of, blocks[:count])), *map(array_of, blocks[count:])
    value, gradient = xpgrad.value_and_grad(f)(params, *data)
    if value.shape:
        name = getattr(f, "__name__", "the loss")
        raise ValueError(f"{name} returned an array of shape {value.shape}, but a loss is one number: sum it up.")
    if value.dtype.kind == "c":
        name = getattr(f, "__name__", "the loss")
        raise ValueError(f"{name} returned {value.dtype}, but a loss is a real number: take its real part, or abs.")
    weight = n if reduce == "mean" else 1
    return ((value.data * weight).astype(dtype), numpy.asarray(n), *(g.data * weight for g in leaves(gradient)))
