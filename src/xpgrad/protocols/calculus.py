"""Running sums, differences, integrals, interpolation, polynomials, and grids between two values."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any, NamedTuple

from xpgrad.axes import along, axes_of
from xpgrad.errors import NoCounterpartError
from xpgrad.protocols.conventions import alike, array, cast, check_lengths, flat, floating
from xpgrad.protocols.outputs import is_recorded
from xpgrad.protocols.products import convolve
from xpgrad.rules.elementwise import is_complex


def _running(name: str, nan: float | None = None) -> Callable[..., Any]:
    """A running sum or product; of all elements in a row without an axis; with something in place of NaN if given."""

    def run(xp: Any, a: Any, axis: int | None = None, dtype: Any = None) -> Any:
        a, axis = (flat(xp, a), 0) if axis is None else (array(xp, a), axes_of(axis, array(xp, a).ndim)[0])
        if nan is not None and xp.isdtype(a.dtype, ("real floating", "complex floating")):
            a = xp.where(xp.isnan(a), nan, a)
        return getattr(xp, name)(a, axis=axis, dtype=dtype)

    return run


cumsum = _running("cumulative_sum")
cumprod = _running("cumulative_prod")


def _cumulative(name: str) -> Callable[..., Any]:
    return lambda xp, x, *, axis=None, **options: getattr(xp, name)(array(xp, x), axis=axis, **options)


def diff(xp: Any, a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    a = array(xp, a)
    ends = (x if x is None else _end(xp, x, a, axis) for x in (prepend, append))
    return xp.diff(a, axis=axis, n=n, **dict(zip(("prepend", "append"), ends, strict=True)))


def _end(xp: Any, x: Any, a: Any, axis: int) -> Any:
    """What is put at an end; a number stands for a whole layer."""
    if hasattr(x, "__len__") and array(xp, x).ndim:
        return array(xp, x)
    layer = xp.astype(array(xp, x), xp.result_type(a, x))
    (axis,) = axes_of(axis, a.ndim)
    return xp.broadcast_to(layer, (*a.shape[:axis], 1, *a.shape[axis + 1 :]))


def ediff1d(xp: Any, ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    a = flat(xp, ary)
    parts = [to_begin, a[1:] - a[:-1], to_end]
    return xp.concat([cast(xp, flat(xp, part), a.dtype) for part in parts if part is not None])


def _spacing(xp: Any, x: Any, n: int, axis: int, ndim: int) -> Any:
    """The distances between n points along an axis, so that they broadcast; a number where they are all the same."""
    x = array(xp, x)
    if x.ndim == 0:
        return x
    steps = xp.diff(x, axis=axis if x.ndim > 1 else 0)
    return xp.reshape(steps, tuple(n - 1 if i == axis else 1 for i in range(ndim))) if x.ndim == 1 else steps


def trapezoid(xp: Any, y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = floating(xp, y)
    axis = axes_of(axis, y.ndim)[0]
    steps = dx if x is None else _spacing(xp, x, y.shape[axis], axis, y.ndim)
    return xp.sum(steps * (y[along(axis, slice(1, None))] + y[along(axis, slice(None, -1))]) / 2, axis=axis)


def gradient(xp: Any, f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Differences of the second order inside, of the order asked for at the edges; one array for each axis."""
    if edge_order not in (1, 2):
        raise ValueError(f"edge_order must be 1 or 2, not {edge_order}.")
    f = floating(xp, f)
    axes = axes_of(axis, f.ndim)
    spacings = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    if len(spacings) != len(axes):
        raise TypeError(f"gradient takes one spacing, or one for each of {len(axes)} axes, not {len(varargs)}.")
    out = [_slope(xp, f, h, axis, edge_order) for h, axis in zip(spacings, axes, strict=True)]
    return out[0] if len(out) == 1 else tuple(out)


def _slope(xp: Any, f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(f"axis {axis} is too short: at least edge_order + 1 = {edge_order + 1} elements are needed.")
    steps = _spacing(xp, spacing, n, axis, f.ndim)
    shape = tuple(n - 1 if i == axis else 1 for i in range(f.ndim))
    steps = xp.broadcast_to(xp.astype(steps, f.dtype), shape if steps.ndim == 0 else steps.shape)

    def at(x: Any, start: int, stop: int | None) -> Any:
        return x[along(axis, slice(start, stop))]

    slopes = (at(f, 1, None) - at(f, 0, -1)) / steps
    before, after = at(steps, 0, -1), at(steps, 1, None)
    inside = (after * at(slopes, 0, -1) + before * at(slopes, 1, None)) / (before + after)
    first, last = at(slopes, 0, 1), at(slopes, -1, None)
    if edge_order == 2:
        first = first + (first - at(slopes, 1, 2)) * at(steps, 0, 1) / (at(steps, 0, 1) + at(steps, 1, 2))
        last = last + (last - at(slopes, -2, -1)) * at(steps, -1, None) / (at(steps, -1, None) + at(steps, -2, -1))
    return xp.concat([first, inside, last], axis=axis)


def interp(xp: Any, x: Any, points: Any, values: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """Linear between points, constant outside; differentiable by x, the points and the values."""
    scalar = not hasattr(x, "__len__")
    x, points, values = floating(xp, x), floating(xp, points), floating(xp, values)
    if points.shape != values.shape or period == 0:
        raise ValueError("interp wants as many values as points, and a period that is not 0.")
    if period is not None:
        x, points = xp.remainder(x, abs(period)), xp.remainder(points, abs(period))
        order = xp.argsort(points)
        points, values = xp.take(points, order, axis=0), xp.take(values, order, axis=0)
        points = xp.concat([points[-1:] - abs(period), points, points[:1] + abs(period)])
        values = xp.concat([values[-1:], values, values[:1]])
    n = points.shape[0]
    row = xp.reshape(x, (-1,))
    if n == 1:
        out = xp.broadcast_to(values, row.shape)
    else:
        place = xp.clip(xp.searchsorted(points, row, side="right"), 1, n - 1)
        x0, x1 = xp.take(points, place - 1, axis=0), xp.take(points, place, axis=0)
        y0, y1 = xp.take(values, place - 1, axis=0), xp.take(values, place, axis=0)
        share = (xp.clip(row, points[0], points[-1]) - x0) / xp.where(x1 == x0, 1.0, x1 - x0)
        out = y0 + share * (y1 - y0)
        out = xp.where(xp.isnan(out), xp.where(share == 0, y0, xp.where(share == 1, y1, out)), out)
    if period is None:
        out = xp.where(row < points[0], values[0] if left is None else left, out)
        out = xp.where(row > points[-1], values[-1] if right is None else right, out)
    return xp.reshape(out, () if scalar else x.shape)


def unwrap(xp: Any, p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * pi) -> Any:
    p = floating(xp, p)
    axis = axes_of(axis, p.ndim)[0]
    steps = xp.diff(p, axis=axis).detach()  # whole periods are added, which have no gradient
    wrapped = xp.remainder(steps + period / 2, period) - period / 2
    wrapped = xp.where((wrapped == -period / 2) & (steps > 0), period / 2, wrapped)
    jump = period / 2 if discont is None else max(discont, period / 2)
    correction = xp.where(xp.abs(steps) < jump, 0.0, wrapped - steps)
    nothing = xp.zeros_like(p[along(axis, slice(0, 1))])
    return p + xp.concat([nothing, xp.cumulative_sum(correction, axis=axis)], axis=axis)


# Grids.


def linspace(
    xp: Any,
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    if num < 0:
        raise ValueError(f"the number of samples cannot be negative: {num}.")
    start, stop = xp.broadcast_arrays(*(floating(xp, x) for x in alike(xp, start, stop)))
    gaps = num - 1 if endpoint else num
    share = xp.reshape(xp.arange(num, dtype=xp.float64, device=start.device) / max(gaps, 1), (num, *(1,) * start.ndim))
    step = (stop - start) / gaps if gaps else (stop - start) * float("nan")
    out = xp.astype(start + (stop - start) * share, xp.result_type(start, stop), copy=False)
    out = xp.moveaxis(out, 0, axis)
    if dtype is not None:
        out = xp.astype(xp.floor(out) if xp.isdtype(dtype, "integral") else out, dtype)
    return (out, step) if retstep else out


def logspace(
    xp: Any,
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    out = xp.pow(base, linspace(xp, start, stop, num, endpoint, axis=axis))
    return out if dtype is None else xp.astype(out, dtype)


def geomspace(
    xp: Any, start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    start, stop = (floating(xp, x) for x in alike(xp, start, stop))
    sign = xp.sign(start).detach()  # what it contributes to the gradient cancels
    out = sign * xp.exp(linspace(xp, xp.log(start / sign), xp.log(stop / sign), num, endpoint))
    out = xp.moveaxis(out, 0, axis)
    return out if dtype is None else xp.astype(out, dtype)


# Polynomials, the coefficient of the highest power first.


def polyval(xp: Any, p: Any, x: Any) -> Any:
    p, x = array(xp, p), array(xp, x)
    out = xp.zeros_like(x)
    for i in range(p.shape[0]):
        out = out * x + p[i]
    return out


def polyder(xp: Any, p: Any, m: int = 1) -> Any:
    if m < 0:
        raise ValueError("the order of a derivative cannot be negative: see polyint.")
    p = array(xp, p)
    for _ in range(m):
        n = p.shape[0] - 1
        p = p[:-1] * xp.asarray(list(range(n, 0, -1)), dtype=p.dtype, device=p.device)
    return p


def polyint(xp: Any, p: Any, m: int = 1, k: Any = None) -> Any:
    if m < 0:
        raise ValueError("the order of an integral cannot be negative: see polyder.")
    p, constants = floating(xp, p), flat(xp, 0.0 if k is None else k)
    if constants.shape[0] == 1:
        constants = xp.broadcast_to(constants, (m,))
    if constants.shape[0] < m:
        raise ValueError(f"k must be one constant, or one for each of {m} integrals.")
    constants = constants if is_complex(xp, constants) else xp.astype(constants, p.dtype)
    for i in range(m):
        n = p.shape[0]
        raised = p / xp.asarray(list(range(n, 0, -1)), dtype=p.dtype, device=p.device)
        p = xp.concat([raised, constants[i : i + 1]])
    return p


def _aligned(xp: Any, a1: Any, a2: Any) -> Any:
    """Two polynomials with as many coefficients."""
    a1, a2 = array(xp, a1), array(xp, a2)
    if max(a1.ndim, a2.ndim) > 1:
        raise ValueError("the coefficients of a polynomial are one-dimensional.")
    a1, a2 = xp.reshape(a1, (-1,)), xp.reshape(a2, (-1,))
    n = max(a1.shape[0], a2.shape[0])
    return (xp.pad(a, ((n - a.shape[0], 0),)) for a in (a1, a2))


def polyadd(xp: Any, a1: Any, a2: Any) -> Any:
    first, second = _aligned(xp, a1, a2)
    return first + second


def polysub(xp: Any, a1: Any, a2: Any) -> Any:
    first, second = _aligned(xp, a1, a2)
    return first - second


def polymul(xp: Any, a1: Any, a2: Any) -> Any:
    return convolve(xp, xp.reshape(array(xp, a1), (-1,)), xp.reshape(array(xp, a2), (-1,)))


def poly(xp: Any, seq_of_zeros: Any) -> Any:
    """The coefficients of the polynomial with these zeros, or of the characteristic one of a matrix."""
    zeros = array(xp, seq_of_zeros)
    zeros = xp.linalg.eigvals(zeros) if zeros.ndim == 2 else xp.reshape(zeros, (-1,))
    one = xp.ones((1,), dtype=zeros.dtype, device=zeros.device)
    out = one
    for i in range(zeros.shape[0]):
        out = convolve(xp, out, xp.concat([one, -zeros[i : i + 1]]))
    return out


def roots(xp: Any, p: Any) -> Any:
    """The eigenvalues of the companion matrix, those that are 0 last.

    Raises
    ------
    NoCounterpartError
        If leading zeros are to be left out that have a history: the roots depend on them.
    """
    p = floating(xp, p)
    places = xp.nonzero(p)[0].tolist()
    if places and places[0]:
        if is_recorded(p):
            raise NoCounterpartError("numpy.roots of a recorded first coefficient 0", "the coefficients after it")
        p = p[places[0] :]
    n = p.shape[0] - 1
    if n < 1 or not places:
        return p[:0]
    below = xp.eye(n - 1, n, dtype=p.dtype, device=p.device)
    found = xp.linalg.eigvals(xp.concat([-p[1:][None, :] / p[0], below], axis=0))
    return xp.take(found, xp.argsort(xp.astype(found == 0, xp.int64), stable=True), axis=0)


def vander(xp: Any, x: Any, N: int | None = None, increasing: bool = False) -> Any:
    x = array(xp, x)
    powers = xp.arange(x.shape[0] if N is None else N, device=x.device)
    out = x[:, None] ** xp.astype(powers, x.dtype)
    return out if increasing else xp.flip(out, axis=1)


def polydiv(xp: Any, u: Any, v: Any) -> Any:
    """The quotient and the remainder, which has no leading zeros."""
    u, v = xp.reshape(floating(xp, u), (-1,)), xp.reshape(floating(xp, v), (-1,))
    quotient: list[Any] = []
    while u.shape[0] - len(quotient) >= v.shape[0]:
        start = len(quotient)
        quotient.append(u[start] / v[0])
        u = u - quotient[-1] * xp.pad(v, ((start, u.shape[0] - start - v.shape[0]),))
    rest = u[len(quotient) :]
    while rest.shape[0] > 1 and xp.abs(rest[0]) <= 1e-8:
        rest = rest[1:]
    return (xp.stack(quotient) if quotient else xp.zeros_like(u[:1])), rest if rest.shape[0] else xp.zeros_like(u[:1])


class Fit(NamedTuple):
    """What `polyfit` gives with ``full=True``; NumPy's is a plain tuple."""

    coefficients: Any
    residuals: Any
    rank: Any
    singular_values: Any
    rcond: Any


def polyfit(
    xp: Any, x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    """Least squares by a QR decomposition of the powers of x, in columns of unit length."""
    if rcond is not None:
        raise NoCounterpartError("numpy.polyfit with rcond=")
    if deg < 0:
        raise ValueError(f"the degree of a polynomial cannot be negative: {deg}.")
    x, y = floating(xp, x), floating(xp, y)
    powers = vander(xp, x, int(deg) + 1)
    if w is not None:
        weights = array(xp, w)
        powers, y = powers * weights[:, None], y * (weights if y.ndim == 1 else weights[:, None])
    lengths = xp.sqrt(xp.sum(powers * powers, axis=0))
    q, r = xp.linalg.qr(powers / lengths)
    out = xp.linalg.solve(r, xp.matrix_transpose(q) @ y)
    out = out / (lengths if y.ndim == 1 else lengths[:, None])
    if not (full or cov):
        return out
    off = y - powers @ out
    squares = xp.sum(off * off, axis=0, keepdims=y.ndim == 1)
    if full:
        scaled = powers / lengths
        rank = xp.linalg.matrix_rank(scaled)
        squares = squares if x.shape[0] > powers.shape[1] and int(rank) == powers.shape[1] else squares[:0]
        return Fit(out, squares, rank, xp.linalg.svdvals(scaled), x.shape[0] * float(xp.finfo(x.dtype).eps))
    if cov != "unscaled" and x.shape[0] <= powers.shape[1]:
        raise ValueError("there must be more points than coefficients for a covariance.")
    inverse = xp.linalg.inv(xp.matrix_transpose(r) @ r) / (lengths[:, None] * lengths)
    factor = 1.0 if isinstance(cov, str) else squares / (x.shape[0] - int(deg) - 1)  # the string is "unscaled"
    return out, inverse * factor if y.ndim == 1 else inverse[:, :, None] * factor


# Functions of slices.


def apply_along_axis(xp: Any, func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    a = xp.moveaxis(array(xp, arr), axis, -1)
    rows = xp.reshape(a, (-1, a.shape[-1]))
    check_lengths("apply_along_axis", rows.shape[0])
    results = [array(xp, func1d(rows[i, ...], *args, **kwargs)) for i in range(rows.shape[0])]
    out = xp.reshape(xp.stack(results), (*a.shape[:-1], *results[0].shape))
    place = axes_of(axis, a.ndim)[0]
    made = tuple(range(a.ndim - 1, out.ndim))
    return xp.moveaxis(out, made, tuple(range(place, place + len(made)))) if made else out


def apply_over_axes(xp: Any, func: Any, a: Any, axes: Any) -> Any:
    a = array(xp, a)
    for axis in axes_of(axes, a.ndim):
        out = func(a, axis)
        a = out if out.ndim == a.ndim else xp.expand_dims(out, axis=axis)
    return a


def bincount(xp: Any, x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """The sum of the weights of every integer; how often each occurs without weights."""
    x = array(xp, x)
    if not xp.isdtype(x.dtype, ("integral", "bool")) or minlength < 0 or xp.any(x < 0):
        raise ValueError("bincount wants integers that are not negative.")
    n = max(int(xp.max(x)) + 1 if x.shape[0] else 0, minlength)
    if weights is None:
        return xp.sum(xp.astype(x[:, None] == xp.arange(n, device=x.device), xp.int64), axis=0)
    return xp.scatter(floating(xp, weights), key=x, shape=(n,))


def i0(xp: Any, x: Any) -> Any:
    return xp.special.i0(floating(xp, x))


TABLE: dict[str, Callable[..., Any]] = {
    "apply_along_axis": apply_along_axis,
    "apply_over_axes": apply_over_axes,
    "bincount": bincount,
    "cumprod": cumprod,
    "cumsum": cumsum,
    "cumulative_prod": _cumulative("cumulative_prod"),
    "cumulative_sum": _cumulative("cumulative_sum"),
    "diff": diff,
    "ediff1d": ediff1d,
    "geomspace": geomspace,
    "gradient": gradient,
    "i0": i0,
    "interp": interp,
    "linspace": linspace,
    "logspace": logspace,
    "nancumprod": _running("cumulative_prod", 1.0),
    "nancumsum": _running("cumulative_sum", 0.0),
    "poly": poly,
    "polyadd": polyadd,
    "polydiv": polydiv,
    "polyder": polyder,
    "polyfit": polyfit,
    "polyint": polyint,
    "polymul": polymul,
    "polysub": polysub,
    "polyval": polyval,
    "roots": roots,
    "sinc": lambda xp, x: xp.special.sinc(x),
    "trapezoid": trapezoid,
    "unwrap": unwrap,
    "vander": vander,
}
