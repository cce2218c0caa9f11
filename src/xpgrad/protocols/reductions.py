"""Sums, extremes, means, spreads, order statistics: with NumPy's `where`, `initial`, `dtype`, and without NaN."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from math import prod as product
from typing import Any

from xpgrad.array import Array
from xpgrad.axes import axes_of
from xpgrad.cotangent import unlike
from xpgrad.discovery import backend_of, get_named
from xpgrad.errors import NoCounterpartError
from xpgrad.functions import as_array
from xpgrad.protocols.conventions import array, check_lengths, floating, stays
from xpgrad.rules.elementwise import is_complex


def _chosen(xp: Any, a: Any, dtype: Any, where: Any, instead: Any) -> Any:
    """What is to be reduced, with something harmless in place of what is left out."""
    a = array(xp, a) if dtype is None else xp.astype(array(xp, a), dtype)
    return a if where is True else xp.where(array(xp, where), a, xp.asarray(instead, dtype=a.dtype, device=a.device))


def _like(xp: Any, initial: Any, out: Any) -> Any:
    """What a reduction starts from, in the dtype of the reduction."""
    return xp.asarray(initial, dtype=out.dtype, device=out.device)


def _axis(axis: Any, ndim: int) -> Any:
    """An axis in the standard's form."""
    return None if axis is None else axes_of(axis, ndim)


def sum_(
    xp: Any, a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    a = _chosen(xp, a, dtype, where, 0)
    out = xp.sum(a, axis=_axis(axis, a.ndim), dtype=dtype, keepdims=bool(keepdims))
    return out if initial is None else out + _like(xp, initial, out)


def prod(
    xp: Any, a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    a = _chosen(xp, a, dtype, where, 1)
    out = xp.prod(a, axis=_axis(axis, a.ndim), dtype=dtype, keepdims=bool(keepdims))
    return out if initial is None else out * _like(xp, initial, out)


def _extreme(name: str, between: str) -> Callable[..., Any]:
    def reduction(
        xp: Any, a: Any, axis: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
    ) -> Any:
        if where is not True and initial is None:
            raise ValueError(f"{name} with where= needs initial=.")
        a = _chosen(xp, a, None, where, initial)
        axis = _axis(axis, a.ndim)
        if initial is not None and any(a.shape[i] == 0 for i in axes_of(axis, a.ndim)):
            return xp.sum(a, axis=axis, keepdims=bool(keepdims)) + initial
        out = getattr(xp, name)(a, axis=axis, keepdims=bool(keepdims))
        return out if initial is None else getattr(xp, between)(out, _like(xp, initial, out))

    return reduction


max_ = _extreme("max", "maximum")
min_ = _extreme("min", "minimum")


def _count(xp: Any, a: Any, axis: Any, keepdims: Any, where: Any) -> Any:
    """How many elements count."""
    if where is True:
        return product(a.shape[i] for i in axes_of(axis, a.ndim))
    seen = xp.broadcast_to(array(xp, where), a.shape)
    return xp.sum(xp.astype(seen, xp.float64), axis=_axis(axis, a.ndim), keepdims=bool(keepdims))


def mean(xp: Any, a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, where: Any = True) -> Any:
    a = floating(xp, a) if dtype is None else xp.astype(array(xp, a), dtype)
    if where is True:
        return xp.astype(xp.mean(a, axis=_axis(axis, a.ndim), keepdims=bool(keepdims)), a.dtype, copy=False)
    count = _count(xp, a, axis, keepdims, where)
    return xp.astype(sum_(xp, a, axis, None, keepdims, None, where) / count, a.dtype)


def var(
    xp: Any,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    a = floating(xp, a) if dtype is None else xp.astype(array(xp, a), dtype)
    ddof = ddof if correction is None else correction
    if where is True and mean is None and not is_complex(xp, a):
        return xp.var(a, axis=_axis(axis, a.ndim), correction=ddof, keepdims=bool(keepdims))
    center = _mean(xp, a, axis, None, True, where) if mean is None else mean
    off = a - center
    squares = xp.real(off * xp.conj(off)) if is_complex(xp, off) else off * off
    total = sum_(xp, squares, axis, None, keepdims, None, where)
    return xp.astype(total / (_count(xp, a, axis, keepdims, where) - ddof), total.dtype, copy=False)


_mean = mean


def std(
    xp: Any, a: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False, **options: Any
) -> Any:
    a = floating(xp, a) if dtype is None else xp.astype(array(xp, a), dtype)
    if options or is_complex(xp, a):
        return xp.sqrt(var(xp, a, axis, None, ddof, keepdims, **options))
    return xp.std(a, axis=_axis(axis, a.ndim), correction=ddof, keepdims=bool(keepdims))  # its gradient at 0 is 0


def ptp(xp: Any, a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    return max_(xp, a, axis, keepdims) - min_(xp, a, axis, keepdims)


def average(
    xp: Any, a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    a = floating(xp, a)
    if weights is None:
        out = mean(xp, a, axis, None, keepdims)
        return (out, xp.sum(xp.ones_like(a), axis=_axis(axis, a.ndim), keepdims=bool(keepdims))) if returned else out
    weights = array(xp, weights)
    axes = axes_of(axis, a.ndim)
    if unlike(weights.shape, a.shape):
        if unlike(weights.shape, tuple(a.shape[i] for i in axes)):
            raise ValueError("weights must have the shape of the array, or that of the axes to be averaged over.")
        weights = xp.permute_dims(weights, sorted(range(len(axes)), key=axes.__getitem__))
        weights = xp.reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))
    total = sum_(xp, weights, axes, None, keepdims)
    out = sum_(xp, a * weights, axis, None, keepdims) / total
    return (out, xp.broadcast_to(total, out.shape)) if returned else out


# Without NaN.


def _without_nan(xp: Any, a: Any, instead: float) -> tuple[Any, Any]:
    """The numbers with something in place of NaN, and where they are no NaN; True for integers, which have none."""
    a = array(xp, a)
    if not xp.isdtype(a.dtype, ("real floating", "complex floating")):
        return a, True
    seen = ~xp.isnan(a)
    return xp.where(seen, a, instead), seen


def nansum(xp: Any, a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, **options: Any) -> Any:
    return sum_(xp, _without_nan(xp, a, 0.0)[0], axis, dtype, keepdims, **options)


def nanprod(xp: Any, a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, **options: Any) -> Any:
    return prod(xp, _without_nan(xp, a, 1.0)[0], axis, dtype, keepdims, **options)


def _nan_extreme(of: Callable[..., Any], instead: float) -> Callable[..., Any]:
    def reduction(xp: Any, a: Any, axis: Any = None, keepdims: Any = False, **options: Any) -> Any:
        a, seen = _without_nan(xp, a, instead)
        out = of(xp, a, axis, keepdims, **options)
        if seen is True or options.get("initial") is not None:
            return out
        return xp.where(xp.any(seen, axis=_axis(axis, a.ndim), keepdims=bool(keepdims)), out, nan)

    return reduction


nanmax = _nan_extreme(max_, -inf)
nanmin = _nan_extreme(min_, inf)


def _seen(of: Callable[..., Any]) -> Callable[..., Any]:
    """A statistic of what is not NaN."""

    def statistic(
        xp: Any, a: Any, axis: Any = None, dtype: Any = None, *arguments: Any, where: Any = True, **options: Any
    ) -> Any:
        a, seen = _without_nan(xp, a, 0.0)
        return of(xp, a, axis, dtype, *arguments, where=seen if where is True else array(xp, where) & seen, **options)

    return statistic


# Order statistics.

#: alpha and beta: the q-quantile of n numbers lies at n q + alpha + q (1 - alpha - beta) - 1 (Hyndman and Fan, 1996).
_PLACES = {
    "hazen": (0.5, 0.5),
    "interpolated_inverted_cdf": (0.0, 1.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
    "weibull": (0.0, 0.0),
}

#: How the methods that do not interpolate come to a place.
_ROUNDED = {"higher": "ceil", "lower": "floor", "nearest": "round"}

#: The methods that choose among the numbers by a rule of their own.
_STEPS = ("averaged_inverted_cdf", "closest_observation", "inverted_cdf")


def _stepped(xp: Any, place: Any, method: str) -> Any:
    """The place that n q - 1 becomes, where it does not lie outside."""
    if method == "inverted_cdf":
        return xp.ceil(place)
    if method == "averaged_inverted_cdf":  # in the middle of two where it meets a number
        return xp.where(place == xp.floor(place), xp.where(place >= 0, place + 0.5, place), xp.ceil(place))
    below = xp.floor(place - 0.5)  # of two that are as near, the one that is even, counted from 1
    return xp.where((place - 0.5 == below) & (xp.remainder(below, 2.0) == 1), below, below + 1)


def _numbers(q: Any) -> Any:
    """Shares of the elements, in memory unless they are yet to be computed, so that they can be looked at."""
    return as_array(q) if stays(q) else get_named("numpy").namespace.asarray(q)


def quantile(
    xp: Any,
    a: Any,
    q: Any,
    axis: Any = None,
    method: str = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
    skip_nan: bool = False,
) -> Any:
    """Quantiles by sorting; the axes of q come first in the result."""
    if weights is not None:
        raise NoCounterpartError("numpy.quantile with weights=")
    q = _numbers(q)
    if not (isinstance(q, Array) and backend_of(q.data).lazy) and not ((q >= 0) & (q <= 1)).all():
        raise ValueError("quantiles lie between 0 and 1, percentiles between 0 and 100.")
    known = (*_PLACES, *_ROUNDED, *_STEPS, "midpoint")
    if method not in known:
        raise NoCounterpartError(f"numpy.quantile with method={method!r}", f"one of {', '.join(known)}")
    a, q = floating(xp, a), xp.astype(array(xp, q), xp.float64, copy=False)
    axes = axes_of(axis, a.ndim)
    rest = tuple(i for i in range(a.ndim) if i not in axes)
    shape = tuple(a.shape[i] for i in rest)
    rows = xp.sort(xp.reshape(xp.permute_dims(a, rest + axes), (*shape, -1)), axis=-1)
    n = rows.shape[-1]
    check_lengths("quantiles", n)
    missing = xp.isnan(rows)
    counts = xp.sum(xp.astype(~missing, xp.float64), axis=-1, keepdims=True) if skip_nan else float(n)
    q_row = xp.reshape(q, (-1,))
    alpha, beta = _PLACES.get(method, (0.0, 1.0) if method in _STEPS else (1.0, 1.0))
    place = counts * q_row + (alpha + q_row * (1 - alpha - beta)) - 1
    if method in _STEPS:
        place = _stepped(xp, place, method)
    place = xp.maximum(xp.minimum(place, counts - 1), 0.0)
    if method in _ROUNDED:
        place = getattr(xp, _ROUNDED[method])(place)
    below = xp.floor(place).detach()
    between = xp.where(place > below, 0.5, 0.0) if method == "midpoint" else place - below
    same = xp.zeros_like(rows[..., :1])  # the place is that of every row
    first = xp.astype(below + same, xp.int64)
    last = xp.minimum(first + 1, n - 1)
    low, high = xp.take_along_axis(rows, first, axis=-1), xp.take_along_axis(rows, last, axis=-1)
    between = xp.astype(between, a.dtype)
    out = xp.where(between == 0, low, low + (xp.where(between == 0, 0.0, high) - low) * between)
    if not skip_nan:
        out = xp.where(xp.any(missing, axis=-1, keepdims=True), nan, out)
    out = xp.reshape(xp.moveaxis(out, -1, 0), (*q.shape, *shape))
    if keepdims:
        out = xp.reshape(out, (*q.shape, *(1 if i in axes else a.shape[i] for i in range(a.ndim))))
    return out


def percentile(xp: Any, a: Any, q: Any, *arguments: Any, **options: Any) -> Any:
    return quantile(xp, a, _numbers(q) / 100, *arguments, **options)


def median(xp: Any, a: Any, axis: Any = None, keepdims: Any = False, **options: Any) -> Any:
    return quantile(xp, a, 0.5, axis, keepdims=keepdims, **options)


def _skipping_nan(of: Callable[..., Any]) -> Callable[..., Any]:
    return lambda xp, a, *arguments, **options: of(xp, a, *arguments, skip_nan=True, **options)


TABLE: dict[str, Callable[..., Any]] = {
    "amax": max_,
    "amin": min_,
    "average": average,
    "max": max_,
    "mean": mean,
    "median": median,
    "min": min_,
    "nanmax": nanmax,
    "nanmean": _seen(mean),
    "nanmedian": _skipping_nan(median),
    "nanmin": nanmin,
    "nanpercentile": _skipping_nan(percentile),
    "nanprod": nanprod,
    "nanquantile": _skipping_nan(quantile),
    "nanstd": _seen(std),
    "nansum": nansum,
    "nanvar": _seen(var),
    "percentile": percentile,
    "prod": prod,
    "ptp": ptp,
    "quantile": quantile,
    "std": std,
    "sum": sum_,
    "var": var,
}
