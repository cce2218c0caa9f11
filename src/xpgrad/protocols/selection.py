"""Choosing, sorting, clipping, and the parts of complex numbers."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, pi
from operator import index
from typing import Any

from xpgrad.axes import axes_of
from xpgrad.discovery import get_named
from xpgrad.errors import NoCounterpartError
from xpgrad.protocols.conventions import alike, array, flat, floating
from xpgrad.protocols.outputs import into
from xpgrad.rules.elementwise import is_complex


def where(xp: Any, condition: Any, *choices: Any) -> Any:
    condition = array(xp, condition)
    if not choices:
        return xp.nonzero(condition)
    condition = condition if xp.isdtype(condition.dtype, "bool") else condition != 0
    if all(isinstance(x, int | float | complex) for x in choices):  # the standard wants an array among them
        choices = xp.unstack(xp.asarray(choices, device=condition.device))
    return xp.where(condition, *(array(xp, x) if isinstance(x, list | tuple) else x for x in choices))


def within(xp: Any, indices: Any, n: int, mode: str) -> Any:
    """Indices as the mode makes them valid.

    Raises
    ------
    IndexError
        If one is out of bounds, and the mode is "raise".
    """
    indices = xp.astype(array(xp, indices), xp.int64, copy=False)
    if mode == "clip":
        return xp.clip(indices, 0, n - 1)
    if mode == "raise" and xp.any((indices < -n) | (indices >= n)):
        raise IndexError(f"an index is out of bounds for {n} elements.")
    return xp.remainder(indices, n) if mode == "wrap" or xp.any(indices < 0) else indices


def take(xp: Any, a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """As NumPy's: the indices may have any shape, which takes the place of the axis."""
    a, axis = (flat(xp, a), 0) if axis is None else (array(xp, a), axes_of(axis, array(xp, a).ndim)[0])
    places = within(xp, indices, a.shape[axis], mode)
    out = xp.take(a, xp.reshape(places, (-1,)), axis=axis)
    return xp.reshape(out, (*a.shape[:axis], *places.shape, *a.shape[axis + 1 :]))


def take_along_axis(xp: Any, arr: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        arr, axis = flat(xp, arr), 0
    return xp.take_along_axis(array(xp, arr), array(xp, indices), axis=axis)


def compress(xp: Any, condition: Any, a: Any, axis: int | None = None) -> Any:
    a, axis = (flat(xp, a), 0) if axis is None else (array(xp, a), axis)
    places = xp.nonzero(array(xp, condition))[0]
    return xp.take(a, places, axis=axis)


def extract(xp: Any, condition: Any, arr: Any) -> Any:
    return compress(xp, flat(xp, condition), flat(xp, arr))


def choose(xp: Any, a: Any, choices: Any, mode: str = "raise") -> Any:
    choices = [array(xp, x) for x in (list(choices) if isinstance(choices, list | tuple) else xp.unstack(choices))]
    a = array(xp, a)
    if mode == "raise" and xp.any((a < 0) | (a >= len(choices))):
        raise ValueError(f"a choice is none of 0 to {len(choices) - 1}.")
    a = within(xp, a, len(choices), mode)
    out = choices[-1]
    for i, choice in reversed(list(enumerate(choices[:-1]))):
        out = xp.where(a == i, choice, out)
    return out


def select(xp: Any, condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    *choices, out = alike(xp, *choicelist, default)
    for condition, choice in reversed(list(zip(condlist, choices, strict=True))):
        out = xp.where(array(xp, condition), choice, out)
    return out


def piecewise(xp: Any, x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Every function sees the whole array: what it gives elsewhere is left out, with its gradient."""
    x = array(xp, x)
    conditions = [array(xp, c) for c in (condlist if isinstance(condlist, list | tuple) else [condlist])]
    values = [f(x, *args, **kw) if callable(f) else f for f in funclist]
    default = values.pop() if len(values) > len(conditions) else 0
    out = xp.broadcast_to(array(xp, default), x.shape)
    for condition, value in zip(conditions, values, strict=True):
        out = xp.where(condition, value, out)
    return xp.astype(out, x.dtype)


def clip(
    xp: Any, a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None, dtype: Any = None
) -> Any:
    low, high = (bound if other is None else other for bound, other in ((a_min, min), (a_max, max)))
    bounds = [array(xp, x) if hasattr(x, "__len__") else x for x in (low, high)]
    a = array(xp, a)
    out = xp.clip(xp.astype(a, xp.result_type(a, *(x for x in bounds if x is not None)), copy=False), *bounds)
    return out if dtype is None else xp.astype(out, dtype)


def nan_to_num(xp: Any, x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    x = array(xp, x)
    if not copy:
        return into(x, nan_to_num(xp, x, True, nan, posinf, neginf))
    if is_complex(xp, x):
        real, imag = (nan_to_num(xp, part, True, nan, posinf, neginf) for part in (xp.real(x), xp.imag(x)))
        return real + 1j * imag
    if not xp.isdtype(x.dtype, "real floating"):
        return xp.copy(x)
    limits = xp.finfo(x.dtype)
    x = xp.where(xp.isnan(x), nan, x)
    x = xp.where(x == inf, float(limits.max) if posinf is None else posinf, x)
    return xp.where(x == -inf, float(limits.min) if neginf is None else neginf, x)


def sort(xp: Any, a: Any, axis: int | None = -1, kind: Any = None, *, stable: Any = None) -> Any:
    a, axis = (flat(xp, a), 0) if axis is None else (array(xp, a), axis)
    return xp.sort(a, axis=axis)


def sort_complex(xp: Any, a: Any) -> Any:
    out = sort(xp, a)
    return xp.astype(out, xp.result_type(out, xp.complex64), copy=False)


def partition(xp: Any, a: Any, kth: Any, axis: int | None = -1, kind: Any = None) -> Any:
    out = sort(xp, a, axis)
    n = out.shape[-1 if axis is None else axis]
    if xp.any((array(xp, kth) < -n) | (array(xp, kth) >= n)):
        raise ValueError(f"kth {kth} is out of bounds for {n} elements.")
    return out


def unique(
    xp: Any,
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    ar = array(xp, ar)
    asked = (return_index, return_inverse, return_counts)
    if axis is not None:
        return _unique_along(xp, ar, axis, equal_nan, *asked)
    as_one = equal_nan and xp.isdtype(ar.dtype, ("real floating", "complex floating"))
    if not any(asked):
        values = xp.unique_values(ar)
        return values[_with_first(xp, xp.isnan(values))] if as_one else values
    found = xp.unique_all(ar)
    values, *further = _nans_as_one(xp, *found) if as_one else found
    return (values, *(part for part, wanted in zip(further, asked, strict=True) if wanted))


def _with_first(xp: Any, missing: Any) -> Any:
    """Where nothing is missing, and the first place where something is."""
    return ~missing | (xp.cumulative_sum(xp.astype(missing, xp.int64)) == 1)


def _nans_as_one(xp: Any, values: Any, places: Any, inverse: Any, counts: Any) -> tuple[Any, Any, Any, Any]:
    """What `unique_all` gives, as if all NaN were equal: they stand at the end."""
    missing = xp.isnan(values)
    stay = _with_first(xp, missing)
    moved = xp.take(xp.cumulative_sum(xp.astype(stay, xp.int64)) - 1, flat(xp, inverse), axis=0)
    counts = xp.where(missing, xp.sum(xp.where(missing, counts, 0)), counts)
    return values[stay], places[stay], xp.reshape(moved, inverse.shape), counts[stay]


def _unique_along(xp: Any, a: Any, axis: int, equal_nan: bool, *asked: bool) -> Any:
    """The distinct parts of an array along an axis, in NumPy's order."""
    if xp.__name__ != "xpgrad.numpy":
        raise NoCounterpartError(f"numpy.unique with axis= on {xp.__name__}")
    found = get_named("numpy").namespace.unique(a.data, True, True, True, axis=axis, equal_nan=equal_nan)
    values = xp.take(a, xp.asarray(found[1]), axis=axis)
    further = tuple(xp.asarray(part) for part, wanted in zip(found[1:], asked, strict=True) if wanted)
    return (values, *further) if further else values


def intersect1d(xp: Any, ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """The values that both have, in order, and where they are first."""
    if not return_indices:
        values = unique(xp, ar1)
        return values[xp.isin(values, flat(xp, ar2))]
    (values, places), (others, other_places) = (unique(xp, x, return_index=True) for x in (ar1, ar2))
    both = xp.isin(values, others)
    return values[both], places[both], other_places[xp.isin(others, values)]


def setdiff1d(xp: Any, ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The values that the first has alone: in order, or as they stand if they are known to be distinct."""
    values = flat(xp, ar1) if assume_unique else unique(xp, ar1)
    return values[xp.isin(values, flat(xp, ar2), invert=True)]


def setxor1d(xp: Any, ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    return xp.sort(xp.concat([setdiff1d(xp, ar1, ar2), setdiff1d(xp, ar2, ar1)]))


def union1d(xp: Any, ar1: Any, ar2: Any) -> Any:
    return unique(xp, xp.concat([flat(xp, ar1), flat(xp, ar2)]))


def round_(xp: Any, a: Any, decimals: int = 0) -> Any:
    a = array(xp, a)
    if not index(decimals):
        return xp.round(a)
    scale = 10.0 ** abs(decimals)
    out = xp.round(a * scale) / scale if decimals > 0 else xp.round(a / scale) * scale
    return xp.astype(out, a.dtype, copy=False)


def angle(xp: Any, z: Any, deg: bool = False) -> Any:
    z = floating(xp, z)
    out = xp.atan2(xp.imag(z), xp.real(z)) if is_complex(xp, z) else xp.atan2(xp.zeros_like(z), z)
    return out * (180 / pi) if deg else out


def _part(name: str) -> Callable[..., Any]:
    def part(xp: Any, val: Any) -> Any:
        val = array(xp, val)
        if is_complex(xp, val):
            return getattr(xp, name)(val)
        return val if name == "real" else xp.zeros_like(val)

    return part


def real_if_close(xp: Any, a: Any, tol: float = 100) -> Any:
    a = array(xp, a)
    if not is_complex(xp, a):
        return a
    limit = tol * float(xp.finfo(a.dtype).eps) if tol > 1 else tol
    return xp.real(a) if xp.all(xp.abs(xp.imag(a)) < limit) else a


TABLE: dict[str, Callable[..., Any]] = {
    "angle": angle,
    "around": round_,
    "choose": choose,
    "clip": clip,
    "compress": compress,
    "extract": extract,
    "fix": lambda xp, x: xp.trunc(array(xp, x)),
    "imag": _part("imag"),
    "intersect1d": intersect1d,
    "nan_to_num": nan_to_num,
    "partition": partition,
    "piecewise": piecewise,
    "real": _part("real"),
    "real_if_close": real_if_close,
    "round": round_,
    "select": select,
    "setdiff1d": setdiff1d,
    "setxor1d": setxor1d,
    "sort": sort,
    "sort_complex": sort_complex,
    "take": take,
    "take_along_axis": take_along_axis,
    "union1d": union1d,
    "unique": unique,
    "unique_all": lambda xp, x: xp.unique_all(x),
    "unique_counts": lambda xp, x: xp.unique_counts(x),
    "unique_inverse": lambda xp, x: xp.unique_inverse(x),
    "unique_values": lambda xp, x: xp.unique_values(x),
    "where": where,
}
