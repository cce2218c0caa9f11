"""Reductions and cumulative sums, as NumPy and MXNet 2 define them; MXNet 1's own are in `legacy`."""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array
from xpgrad.axes import along, axes_of
from xpgrad.discovery import floating
from xpgrad.mxnet.dtypes import dtype_named, dtype_of
from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.promotion import cast, common, in_floating, rank


def _axis(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def _to_add(a: Any, dtype: Any) -> tuple[Array, Any]:
    """What is summed or multiplied, and the dtype for that: that of the array, int64 for booleans."""
    a = as_array(a)
    if dtype is not None:
        added = cast(a, dtype_of(dtype))  # the gradient passes through it, also from and to integers
        return (a, added.dtype) if floating(a.data) and floating(added.data) else (added, added.dtype)
    if floating(a.data):
        return a, None  # the library's own choice
    return a, dtype_named("int64") if rank(a) == 0 else a.dtype


def sum(
    a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, initial: Any = None, where: Any = None
) -> Any:
    """The sum along axes."""
    a, dtype = _to_add(a, dtype)
    if where is not None:
        a = namespace(a).where(where, a, 0)
    out = namespace(a).sum(a, axis=_axis(axis), dtype=dtype, keepdims=bool(keepdims))
    return out if initial is None else out + initial


def prod(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """The product along axes."""
    a, dtype = _to_add(a, dtype)
    return namespace(a).prod(a, axis=_axis(axis), dtype=dtype, keepdims=bool(keepdims))


def mean(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """The mean along axes."""
    a = as_array(a)
    a = in_floating(a if dtype is None else cast(a, dtype_of(dtype)))
    out = namespace(a).mean(a, axis=_axis(axis), keepdims=bool(keepdims))
    return out if dtype is None else cast(out, dtype_of(dtype))


def var(
    a: Any, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: Any = False, correction: float | None = None
) -> Any:
    """The variance along axes."""
    a = as_array(a)
    a = in_floating(a) if dtype is None else cast(a, dtype_of(dtype))
    correction = ddof if correction is None else correction
    return namespace(a).var(a, axis=_axis(axis), correction=float(correction), keepdims=bool(keepdims))


def std(
    a: Any, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: Any = False, correction: float | None = None
) -> Any:
    """The standard deviation along axes."""
    a = as_array(a)
    a = in_floating(a) if dtype is None else cast(a, dtype_of(dtype))
    correction = ddof if correction is None else correction
    return namespace(a).std(a, axis=_axis(axis), correction=float(correction), keepdims=bool(keepdims))


def max(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The largest element along axes; ties share the gradient."""
    a = as_array(a)
    return namespace(a).max(a, axis=_axis(axis), keepdims=bool(keepdims))


def min(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The smallest element along axes; ties share the gradient."""
    a = as_array(a)
    return namespace(a).min(a, axis=_axis(axis), keepdims=bool(keepdims))


def ptp(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The largest element less the smallest."""
    return max(a, axis, keepdims) - min(a, axis, keepdims)


def all(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Whether all elements are true."""
    a = as_array(a)
    return namespace(a).all(a, axis=_axis(axis), keepdims=bool(keepdims))


def any(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Whether some element is true."""
    a = as_array(a)
    return namespace(a).any(a, axis=_axis(axis), keepdims=bool(keepdims))


def argmax(a: Any, axis: int | None = None, keepdims: Any = False) -> Any:
    """Where the largest element is."""
    a = as_array(a)
    return namespace(a).argmax(a, axis=axis, keepdims=bool(keepdims))


def argmin(a: Any, axis: int | None = None, keepdims: Any = False) -> Any:
    """Where the smallest element is."""
    a = as_array(a)
    return namespace(a).argmin(a, axis=axis, keepdims=bool(keepdims))


def count_nonzero(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """How many elements are not zero."""
    a = as_array(a)
    return namespace(a).count_nonzero(a, axis=_axis(axis), keepdims=bool(keepdims))


def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False) -> Any:
    """The weighted mean; with `returned` also the sum of the weights."""
    a = as_array(a)
    xp = namespace(a)
    weights = xp.ones_like(a) if weights is None else as_array(weights)
    if weights.ndim < a.ndim:
        weights = xp.reshape(weights, tuple(n if i == axis % a.ndim else 1 for i, n in enumerate(a.shape)))
    a, weights = common(in_floating(a), weights)
    weights = xp.broadcast_to(weights, a.shape)
    total = xp.sum(weights, axis=_axis(axis))
    out = xp.sum(a * weights, axis=_axis(axis)) / total
    return (out, total) if returned else out


def cumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sums of all elements up to each."""
    return _cumulative("cumulative_sum", a, axis, dtype)


def cumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The products of all elements up to each."""
    return _cumulative("cumulative_prod", a, axis, dtype)


def _cumulative(name: str, a: Any, axis: int | None, dtype: Any) -> Any:
    a, dtype = _to_add(a, dtype)
    xp = namespace(a)
    if axis is None:
        a, axis = xp.reshape(a, (-1,)), 0
    return getattr(xp, name)(a, axis=axis, dtype=dtype)


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: Any = None,
    interpolation: str | None = "linear",
    keepdims: Any = False,
) -> Any:
    """The value below which a share of the elements lies.

    Parameters
    ----------
    a : Array
    q : float or Array of one axis or none
        The shares, from 0 to 1.
    axis : int or tuple of int, optional
        What to sort along; all by default.
    interpolation : {"linear", "lower", "higher", "midpoint", "nearest"}
        What to take between two elements.
    out, overwrite_input
        In their places only.
    keepdims : bool
        Keep the axes with length 1.
    """
    a = in_floating(as_array(a))
    xp = namespace(a)
    if a.dtype == dtype_named("float16"):  # differences of its numbers are too coarse
        return cast(quantile(cast(a, dtype_named("float32")), q, axis, None, None, interpolation, keepdims), a.dtype)
    axes = axes_of(axis, a.ndim)
    rest = [i for i in range(a.ndim) if i not in axes]
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    shape = tuple(a.shape[i] for i in rest)
    row = xp.sort(xp.reshape(xp.permute_dims(a, (*rest, *axes)), (*shape, -1)), axis=-1)
    shares = as_array(q, dtype_named("float64"))
    place = xp.reshape(shares, (-1,)) * (row.shape[-1] - 1)
    below, above = xp.floor(place), xp.ceil(place)
    weight = {
        "linear": place - below,
        "lower": 0 * place,
        "higher": 0 * place + 1,
        "midpoint": 0 * place + 0.5,
        "nearest": xp.round(place) - below,
    }[interpolation or "linear"]
    weight = cast(weight, a.dtype)
    first, second = (xp.take(row, cast(i, dtype_named("int64")), axis=-1) for i in (below, above))
    out = xp.moveaxis(first + weight * (second - first), -1, 0)
    return xp.reshape(out, (*shares.shape, *(kept if keepdims else shape)))


def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: Any = None,
    interpolation: str | None = "linear",
    keepdims: Any = False,
) -> Any:
    """As `quantile`, with shares from 0 to 100."""
    return quantile(a, as_array(q, dtype_named("float64")) / 100, axis, None, None, interpolation, keepdims)


def median(a: Any, axis: Any = None, overwrite_input: Any = None, keepdims: Any = False) -> Any:
    """The value in the middle."""
    return quantile(a, 0.5, axis, keepdims=keepdims)


def without_nan(a: Any, instead: float) -> Any:
    """`a` with a number in place of every NaN."""
    a = as_array(a)
    xp = namespace(a)
    return xp.where(xp.isnan(a), instead, a) if floating(a.data) else a


def nansum(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """The sum of all elements but NaN."""
    return sum(without_nan(a, 0.0), axis, dtype, keepdims)


def nanprod(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """The product of all elements but NaN."""
    return prod(without_nan(a, 1.0), axis, dtype, keepdims)


def nanmax(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The largest element but NaN."""
    return max(without_nan(a, -float("inf")), axis, keepdims)


def nanmin(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The smallest element but NaN."""
    return min(without_nan(a, float("inf")), axis, keepdims)


def nanmean(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """The mean of all elements but NaN."""
    a = as_array(a)
    present = cast(~namespace(a).isnan(a), a.dtype)
    return nansum(a, axis, dtype, keepdims) / sum(present, axis, dtype, keepdims)


def nancumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sums of all elements up to each, NaN counting as 0."""
    return cumsum(without_nan(a, 0.0), axis, dtype)


def nanvar(a: Any, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: Any = False) -> Any:
    """The variance of all elements but NaN."""
    a = as_array(a)
    present = cast(~namespace(a).isnan(a), a.dtype)
    distance = a - nanmean(a, axis, dtype, True)
    return nansum(distance * distance, axis, dtype, keepdims) / (sum(present, axis, dtype, keepdims) - ddof)


def nanstd(a: Any, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: Any = False) -> Any:
    """The standard deviation of all elements but NaN."""
    return nanvar(a, axis, dtype, ddof, keepdims) ** 0.5


def nanargmax(a: Any, axis: int | None = None, keepdims: Any = False) -> Any:
    """Where the largest element is, but NaN."""
    return argmax(without_nan(a, -float("inf")), axis, keepdims)


def nanargmin(a: Any, axis: int | None = None, keepdims: Any = False) -> Any:
    """Where the smallest element is, but NaN."""
    return argmin(without_nan(a, float("inf")), axis, keepdims)


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The n-th differences of neighbouring elements."""
    a = as_array(a)
    ends = {name: as_array(x) for name, x in (("prepend", prepend), ("append", append)) if x is not None}
    return namespace(a).diff(a, axis=axis, n=n, **ends)


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """The differences of neighbouring elements of the flat array, with something before and after them."""
    a = as_array(ary)
    xp = namespace(a)
    flat = xp.reshape(a, (-1,))
    parts = [to_begin, flat[1:] - flat[:-1], to_end]
    return xp.concat([xp.reshape(cast(as_array(p), a.dtype), (-1,)) for p in parts if p is not None])


def trapz(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The integral by the trapezoidal rule."""
    y = as_array(y)
    xp = namespace(y)
    step: Any = dx
    if x is not None:
        step = diff(x, axis=-1)
        if step.ndim == 1:
            step = xp.reshape(step, tuple(-1 if i == axis % y.ndim else 1 for i in range(y.ndim)))
    middle = y[along(axis % y.ndim, slice(1, None))] + y[along(axis % y.ndim, slice(None, -1))]
    return xp.sum(middle * step / 2, axis=axis)
