"""The methods of NumPy's ufuncs that combine the elements of one array: reductions, accumulations, updates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from xpgrad.array import Array
from xpgrad.axes import along, axes_of
from xpgrad.errors import NoCounterpartError
from xpgrad.inplace import setitem
from xpgrad.protocols import calculus, reductions
from xpgrad.protocols.conventions import array, dtype_of, flat

#: The ufuncs that have a reduction of their own.
_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "add": reductions.sum_,
    "maximum": reductions.max_,
    "minimum": reductions.min_,
    "fmax": reductions.nanmax,
    "fmin": reductions.nanmin,
    "multiply": reductions.prod,
}

#: Those that have one with an axis and `keepdims` alone.
_SHORT = {"logaddexp": "logsumexp", "logical_and": "all", "logical_or": "any"}

_ACCUMULATIONS: dict[str, Callable[..., Any]] = {"add": calculus.cumsum, "multiply": calculus.cumprod}

#: The ufuncs of which stretches may be joined in any order.
_ASSOCIATIVE = frozenset("fmax fmin hypot logaddexp logaddexp2 maximum minimum".split())


def reduce(xp: Any, name: str, function: Callable[..., Any], a: Any, axis: Any = 0, **options: Any) -> Any:
    """All elements along axes, combined from the first to the last."""
    if name in _REDUCTIONS:
        return _REDUCTIONS[name](xp, a, axis=axis, **options)
    keepdims = bool(options.pop("keepdims", False))
    a = _operand(xp, name, a, options.pop("dtype", None))
    axes = axes_of(axis, a.ndim)
    if options or (len(axes) > 1 and name not in (*_ASSOCIATIVE, *_SHORT)):
        raise NoCounterpartError(f"numpy.{name}.reduce with {', '.join(options) or 'several axes'}")
    if name in _SHORT:
        return getattr(xp, _SHORT[name])(a, axis=axes, keepdims=keepdims)
    for i in axes:
        if not a.shape[i]:
            raise ValueError(f"numpy.{name}.reduce of no elements has no value.")
        out = a[along(i, slice(0, 1))]
        for j in range(1, a.shape[i]):
            out = function(xp, out, a[along(i, slice(j, j + 1))])
        a = out
    return a if keepdims else xp.squeeze(a, axes)


def _operand(xp: Any, name: str, a: Any, dtype: Any) -> Any:
    """The elements in the dtype that they are combined in; what is logical is combined as booleans."""
    dtype = "bool" if dtype is None and name.startswith("logical_") else dtype
    return array(xp, a) if dtype is None else xp.astype(array(xp, a), dtype_of(xp, dtype))


def accumulate(xp: Any, name: str, function: Callable[..., Any], a: Any, axis: int = 0, dtype: Any = None) -> Any:
    """The running results of a reduction."""
    a = _operand(xp, name, a, dtype)
    axis = axes_of(axis, a.ndim)[0]
    if name in _ACCUMULATIONS:
        return _ACCUMULATIONS[name](xp, a, axis=axis)
    if name in _ASSOCIATIVE:
        return _doubled(xp, a, axis, function)
    parts = [a[along(axis, slice(0, 1))]]
    for j in range(1, a.shape[axis]):
        parts.append(function(xp, parts[-1], a[along(axis, slice(j, j + 1))]))
    return xp.concat(parts, axis=axis)


def _doubled(xp: Any, a: Any, axis: int, function: Callable[..., Any]) -> Any:
    """Running results by doubling: each step joins neighbouring stretches."""
    step = 1
    while step < a.shape[axis]:
        later, earlier = a[along(axis, slice(step, None))], a[along(axis, slice(None, -step))]
        a = xp.concat([a[along(axis, slice(None, step))], function(xp, earlier, later)], axis=axis)
        step *= 2
    return a


def reduceat(
    xp: Any, name: str, function: Callable[..., Any], a: Any, indices: Any, axis: int = 0, dtype: Any = None
) -> Any:
    """Reductions from every index to the next one, or the element there where the next one is not larger."""
    a = _operand(xp, name, a, dtype)
    axis = axes_of(axis, a.ndim)[0]
    starts = [int(i) for i in flat(xp, indices)]
    if any(not 0 <= i < a.shape[axis] for i in starts):
        raise IndexError(f"an index of numpy.{name}.reduceat is out of bounds for an axis of {a.shape[axis]} elements.")
    ends = [*starts[1:], a.shape[axis]]
    parts = [a[along(axis, slice(i, max(i + 1, j)))] for i, j in zip(starts, ends, strict=True)]
    return xp.stack([reduce(xp, name, function, part, axis) for part in parts], axis=axis)


def at(xp: Any, name: str, function: Callable[..., Any], a: Any, indices: Any, *values: Any) -> None:
    """Update elements one after the other; one that is named more than once, as often."""
    if not isinstance(a, Array):
        raise NoCounterpartError(f"numpy.{name}.at of a NumPy array", f"numpy.{name}.at of an Array")
    key = tuple(indices) if isinstance(indices, tuple) else indices
    places = xp.reshape(xp.arange(a.size, device=a.device), a.shape)[key]
    operands = [flat(xp, xp.broadcast_to(xp.astype(array(xp, x), a.dtype), places.shape)) for x in values]
    if name in ("add", "subtract"):
        (value,) = operands
        added = xp.scatter(xp.reshape(value, places.shape), key=key, shape=a.shape)
        setitem(a, ..., a + added if name == "add" else a - added)
        return
    row = xp.copy(flat(xp, a))
    for turn in _turns(flat(xp, places)):
        chosen, which = (xp.asarray(part, device=a.device) for part in zip(*turn, strict=True))
        update = function(xp, xp.take(row, chosen, axis=0), *(xp.take(x, which, axis=0) for x in operands))
        setitem(row, chosen, xp.astype(update, a.dtype))
    setitem(a, ..., xp.reshape(row, a.shape))


def _turns(places: Array) -> list[list[tuple[int, int]]]:
    """Places, each with its position in the list, so that no turn has a place twice."""
    turns: list[list[tuple[int, int]]] = []
    seen: Counter[int] = Counter()
    for position, place in enumerate(map(int, places)):
        if seen[place] == len(turns):
            turns.append([])
        turns[seen[place]].append((place, position))
        seen[place] += 1
    return turns


METHODS: dict[str, Callable[..., Any]] = {"accumulate": accumulate, "at": at, "reduce": reduce, "reduceat": reduceat}
