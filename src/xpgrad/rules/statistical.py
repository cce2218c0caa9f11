"""Statistical functions.

Ties of `max` and `min` share the cotangent equally; the gradient of `std` where it is 0 is 0; products may hold zeros.
"""

import math

from xpgrad.axes import along, axes_of
from xpgrad.cotangent import keep_zero
from xpgrad.plan import device_of
from xpgrad.primitive import primitive, required, vjp
from xpgrad.rules.elementwise import ratio

primitive("max mean min", "x", axis=None, keepdims=False)
primitive("prod sum", "x", axis=None, dtype=None, keepdims=False)
primitive("std var", "x", axis=None, correction=0.0, keepdims=False)
primitive("cumulative_prod cumulative_sum", "x", axis=None, dtype=None, include_initial=False)


def reduced(axis, ndim):
    """The axes that a reduction runs over; NumPy reduces an array without axes along axis 0, too."""
    return axes_of(axis, ndim) if ndim else ()


def reinsert(xp, g, x_shape, axis, keepdims):
    """Give a reduced array back the axes it lost, with length 1, so that it broadcasts to x_shape."""
    if keepdims or axis is None:
        return g
    lost = reduced(axis, len(x_shape))
    return xp.reshape(g, tuple(1 if i in lost else n for i, n in enumerate(x_shape)))


def count(x_shape, axis):
    """How many elements each result of a reduction was made from."""
    axes = reduced(axis, len(x_shape))
    total = math.prod(x_shape[i] for i in axes)
    return x_shape.count(axes) if math.isnan(total) else total  # lengths that a lazy library does not know yet


vjp("sum", x=lambda xp, g, x_shape, axis, keepdims: reinsert(xp, g, x_shape, axis, keepdims))


def mean(xp, g, x_shape, axis, keepdims):
    """An equal share for every element."""
    share = g if 0 in x_shape else g / count(x_shape, axis)
    return reinsert(xp, share, x_shape, axis, keepdims)


vjp("mean", x=mean)


def extreme(xp, g, x, out, x_shape, axis, keepdims):
    """An equal share for every element that is as large (or small) as the result, or NaN."""
    hit = xp.astype((x == reinsert(xp, out, x_shape, axis, keepdims)) | xp.isnan(x), g.dtype)
    return reinsert(xp, g, x_shape, axis, keepdims) / xp.sum(hit, axis=axis, keepdims=True) * hit


vjp("max min", x=extreme)


def times(xp, g, slope):
    """g * slope; what was masked out stays zero, as the engine sees to for element-wise functions."""
    return keep_zero(xp, g, g * slope)


def centered(xp, x, axis):
    return x - xp.mean(x, axis=axis, keepdims=True)


def var(xp, g, x, x_shape, axis, correction, keepdims):
    """2 (x - mean) / (n - correction)."""
    slope = 2 * centered(xp, x, axis) / (count(x_shape, axis) - correction)
    return times(xp, reinsert(xp, g, x_shape, axis, keepdims), slope)


def std(xp, g, x, out, x_shape, axis, correction, keepdims):
    """(x - mean) / ((n - correction) std), and 0 where std is 0."""
    slope = ratio(xp, centered(xp, x, axis), reinsert(xp, out, x_shape, axis, keepdims))
    return times(xp, reinsert(xp, g, x_shape, axis, keepdims), slope / (count(x_shape, axis) - correction))


vjp("var", x=var)
vjp("std", x=std)


def prod(xp, g, x, x_shape, axis, keepdims):
    """The product of all other elements: those before times those after, so that zeros do no harm."""
    if 0 in x_shape:
        return xp.zeros(x_shape, dtype=g.dtype, device=device_of(g))
    axes = reduced(axis, len(x_shape))
    if not axes:
        return g
    return times(xp, reinsert(xp, g, x_shape, axis, keepdims), others(xp, xp.astype(x, g.dtype, copy=False), axes))


def others(xp, x, axes):
    """The product of all other elements along some axes: those of the same row, times those of all other rows."""
    *between, axis = axes
    after = xp.flip(xp.cumulative_prod(xp.flip(x, axis=axis), axis=axis), axis=axis)
    product = preceding(xp, xp.cumulative_prod(x, axis=axis), axis, 1.0) * xp.following(after, axis, last=1.0)
    return product * others(xp, xp.prod(x, axis=axis, keepdims=True), between) if between else product


vjp("prod", x=prod)


def from_end(xp, g, axis):
    """The sums of all that follows, each element included."""
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


def cumulative_sum(xp, g, x_shape, axis, include_initial):
    """Every element is in all sums that follow."""
    axis = 0 if axis is None else axis
    if include_initial:
        g = g[along(axis % len(x_shape), slice(1, None))]
    return from_end(xp, g, axis)


def recurrence(xp, x, factor, axis):
    """s[i] = x[i] + factor[i] s[i+1] along an axis, by doubling: in log2(n) steps, and without a division."""
    total, step = x, 1
    while step < x.shape[axis]:
        total = total + times(xp, following(xp, total, axis, step=step), factor)
        factor = factor * following(xp, factor, axis, step=step)
        step *= 2
    return total


def following(xp, x, axis, last=0.0, step=1):
    """What is `step` places further along an axis; `last` at the end."""
    axis %= x.ndim
    step = min(step, x.shape[axis])
    parts = (slice(step, None), slice(0, step))
    left, first = (x[along(axis, part)] for part in parts)
    return xp.concat([left, xp.full(first.shape, last, dtype=x.dtype, device=device_of(x))], axis=axis)


def preceding(xp, x, axis, first=0.0):
    """What is one place before along an axis; `first` at the beginning."""
    return xp.flip(xp.following(xp.flip(x, axis=axis), axis, last=first), axis=axis)


primitive("following", "x", public=False, axis=required, last=0.0, implementation=following)
vjp("following", x=lambda xp, g, axis: preceding(xp, g, axis))


def recurrence_x(xp, g, factor, axis):
    """The recurrence backwards."""
    back = xp.following(xp.flip(factor, axis=axis), axis)
    return xp.flip(xp.recurrence(xp.flip(g, axis=axis), back, axis), axis=axis)


def recurrence_factor(xp, g, factor, out, axis):
    return times(xp, recurrence_x(xp, g, factor, axis), xp.following(out, axis))


primitive("recurrence", "x factor", public=False, axis=required, implementation=recurrence)
vjp("recurrence", x=recurrence_x, factor=recurrence_factor)


def cumulative_prod(xp, g, x, out, x_shape, axis, include_initial):
    """With s[i] = g[i] + x[i+1] s[i+1], the cotangent is s[i] times the product of all before i: zeros do no harm."""
    if not x_shape:
        return g
    axis = 0 if axis is None else axis
    if x_shape[axis] == 0:
        return xp.zeros_like(x)
    if include_initial:
        but_first, but_last = (along(axis % len(x_shape), part) for part in (slice(1, None), slice(0, -1)))
        g, before = g[but_first], out[but_last]
    else:
        before = preceding(xp, out, axis, 1.0)
    return times(xp, xp.recurrence(g, xp.following(x, axis), axis), before)


vjp("cumulative_sum", x=cumulative_sum)
vjp("cumulative_prod", x=cumulative_prod)
