"""`apply_gufunc`, differentiable: functions of the last axes of arrays, block by block of the others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from numbers import Number
from typing import Any

import dask.array as da
import numpy
from dask.array.gufunc import _parse_gufunc_signature, _validate_normalize_axes

from xpgrad import Array
from xpgrad.array import array_of
from xpgrad_dask.blocks import over_blocks, rechunk
from xpgrad_dask.captured import recorded
from xpgrad_dask.known import as_dask
from xpgrad_dask.local import detached_leaves, raw, raw_leaves

Dims = Sequence[tuple[str, ...]]


def apply_gufunc(
    func: Callable[..., Any],
    signature: str,
    *args: Any,
    axes: Any = None,
    axis: int | None = None,
    keepdims: bool = False,
    **options: Any,
) -> Any:
    """``dask.array.apply_gufunc``, differentiable by the arrays among its arguments.

    Parameters
    ----------
    func : callable
        As for `map_blocks`; its core dimensions come last.
    signature : str
        As NumPy has them: ``"(i,j),(j)->(i)"``.
    *args
        Arrays and raw arrays.
    axes : list of tuple of int, optional
        Where the core dimensions of each argument are, and of each result.
    axis : int, optional
        The same for all, if each has one or none.
    keepdims : bool
        Whether results that have none keep those of the arguments, with length 1.
    **options
        As Dask has them (``output_dtypes``, ``output_sizes``, ``vectorize``, ``allow_rechunk``, …), and keywords of
        `func`.

    Returns
    -------
    Array, or tuple of Array

    Raises
    ------
    ValueError
        As for `map_blocks`.
    """
    if not recorded(func, args, options):
        options = raw_leaves(options) | {"axes": axes, "axis": axis, "keepdims": keepdims}
        found = da.apply_gufunc(func, signature, *map(raw_leaves, args), **options)
        return tuple(map(array_of, found)) if isinstance(found, tuple) else array_of(found)
    if not all(isinstance(x, Array) or hasattr(x, "dtype") or isinstance(x, Number) for x in args):
        raise ValueError("apply_gufunc takes arrays and numbers; give what a dict, list or tuple holds one by one.")
    cores, results = _parse_gufunc_signature(signature)
    several = isinstance(results, list)
    outs: Dims = results if several else [results]
    own_axes, out_axes = _validate_normalize_axes(axes, axis, keepdims, cores, results)
    given = [x if isinstance(x, Array) else array_of(as_dask(x)) for x in args]
    given = [_moved(x, places, range(-len(places), 0)) for x, places in zip(given, own_axes, strict=True)]
    if options.get("allow_rechunk"):
        given = [_joined(x, len(core)) for x, core in zip(given, cores, strict=True)]
    found = []
    made = _in_blocks(func, signature, given, options, cores, outs, several)
    for out, core, places in zip(made, outs, out_axes, strict=True):
        if len(places) > len(core):  # keepdims
            out = out[(..., *(None,) * len(places))]
        found.append(_moved(out, range(-len(places), 0), places))
    return tuple(found) if several else found[0]


def _moved(x: Array, source: Sequence[int], target: Sequence[int]) -> Array:
    """Axes in other places; the array itself where they are there."""
    same = [a % x.ndim for a in source] == [a % x.ndim for a in target]
    return x if same else x.__array_namespace__().moveaxis(x, tuple(source), tuple(target))


def _joined(x: Array, core: int) -> Array:
    """An array whose last axes, so many, have one block each."""
    split = [i for i in range(x.ndim - core, x.ndim) if isinstance(raw(x), da.Array) and x.data.numblocks[i] > 1]
    return rechunk(x, dict.fromkeys(split, -1)) if split else x


def _in_blocks(
    func: Callable[..., Any],
    signature: str,
    args: Sequence[Array],
    options: dict[str, Any],
    cores: Dims,
    outs: Dims,
    several: bool,
) -> tuple[Array, ...]:
    """The results, recorded, with the core dimensions last."""
    of_dask = frozenset(inspect.signature(da.apply_gufunc).parameters)
    options = detached_leaves(options)
    own = {name: value for name, value in options.items() if name not in of_dask}
    depth = max(x.ndim - len(core) for x, core in zip(args, cores, strict=True))
    loop = [*range(depth)][::-1]
    operands = [
        (x, [*loop[depth - x.ndim + len(core) :], *(None for _ in core)]) for x, core in zip(args, cores, strict=True)
    ]

    def forward(function: Callable[..., Any], given: Sequence[Any]) -> list[da.Array]:
        found = da.apply_gufunc(function, signature, *given, **options)
        return [*found] if isinstance(found, tuple) else [found]

    inner = partial(func, **own) if own else func
    if options.get("vectorize"):
        inner = partial(_one_by_one, inner, cores, outs, several, options.get("output_sizes") or {})
    results = [[*loop, *(None for _ in core)] for core in outs]
    return over_blocks(inner, func, operands, results, forward, several)


def _one_by_one(
    func: Callable[..., Any], cores: Dims, outs: Dims, several: bool, sizes: dict[str, int], *blocks: Array
) -> Any:
    """A function of core dimensions alone, called for every place along the others."""
    xp: Any = blocks[0].__array_namespace__()
    depths = [x.ndim - len(core) for x, core in zip(blocks, cores, strict=True)]
    lead = numpy.broadcast_shapes(*(x.shape[:n] for x, n in zip(blocks, depths, strict=True)))
    full = [xp.broadcast_to(x, (*lead, *x.shape[n:])) for x, n in zip(blocks, depths, strict=True)]
    found = [func(*(x[place] for x in full)) for place in product(*map(range, lead))]
    if found:
        columns = zip(*found, strict=True) if several else [found]
        stacked = [xp.stack([xp.asarray(x) for x in own]) for own in columns]
        results = [xp.reshape(x, (*lead, *x.shape[1:])) for x in stacked]
    else:
        for x, n, core in zip(blocks, depths, cores, strict=True):
            sizes = sizes | dict(zip(core, x.shape[n:], strict=True))
        results = [xp.zeros((*lead, *(sizes[dim] for dim in core))) for core in outs]
    return tuple(results) if several else results[0]
