"""Indexing: `getitem` and `scatter` are each other's transpose, and `take` is an index along one axis."""

from math import prod

from xpgrad.discovery import backend_of
from xpgrad.keys import lists_places, parts_of
from xpgrad.plan import device_of
from xpgrad.primitive import primitive, required, vjp


def getitem(xp, x, key):
    """x[key]; integers along one axis, which the standard only knows as `take`, included."""
    *before, last = parts_of(key) or (...,)
    whole = all(isinstance(part, slice) and part == slice(None) for part in before)
    if whole and getattr(last, "ndim", 0) == 1 and lists_places(xp, last):
        return xp.take(x, last, axis=len(before))
    return x[key]


def setitem(xp, x, value, key):
    """A copy of x with value written at key."""
    return backend_of(x).write(xp.asarray(x, copy=True), key, value)


def scatter(xp, values, key, shape):
    """Zeros of a shape with the values added at key; repeated indices add up."""
    if any(lists_places(xp, part) for part in parts_of(key)):
        places = xp.reshape(xp.arange(prod(shape), device=device_of(values)), shape)
        places = xp.reshape(getitem(xp, places, key), (-1,))
        return xp.reshape(sums_at(xp, xp.reshape(values, (-1,)), places, prod(shape)), shape)
    out = xp.zeros(shape, dtype=values.dtype, device=device_of(values))
    return backend_of(out).write(out, key, values)


def sums_at(xp, values, places, n):
    """For each of n places the sum of the values that go there: the standard has no scatter-add.

    Sorted by place, every value takes over the sum of those that follow at the same place, twice as many in each step.
    Differences of running sums would be shorter, but lose digits and spread an infinity to all other places.
    """
    count = places.shape[0]
    if count == 0:
        return xp.zeros((n,), dtype=values.dtype, device=device_of(values))
    order = xp.argsort(places)
    places, values = xp.take(places, order, axis=0), xp.take(values, order, axis=0)
    step = 1
    while step < count:
        follows = places[step:] == places[:-step]
        values = xp.concat([values[:-step] + xp.where(follows, values[step:], 0.0), values[-step:]])
        step *= 2
    every = xp.arange(n, device=device_of(values))
    first = xp.searchsorted(places, every)
    first = xp.where(first < count, first, 0)
    return xp.where(xp.take(places, first, axis=0) == every, xp.take(values, first, axis=0), 0.0)


def scatter_along_axis(xp, values, indices, shape, axis=-1):
    """Scatter to places along an axis, with the positions along all other axes written out."""
    ndim = len(shape)
    key = [
        xp.reshape(xp.arange(n, device=device_of(values)), tuple(n if j == i else 1 for j in range(ndim)))
        for i, n in enumerate(shape)
    ]
    key[axis] = indices
    return xp.scatter(values, tuple(key), shape)


GETITEM = primitive("getitem", "x", public=False, key=required, selects=True, implementation=getitem)
SETITEM = primitive("setitem", "x value", public=False, key=required, implementation=setitem)
primitive("scatter", "values", public=False, key=required, shape=required, implementation=scatter)
primitive("take", "x indices", axis=None)
primitive("take_along_axis", "x indices", axis=-1)
primitive(
    "scatter_along_axis",
    "values",
    public=False,
    indices=required,
    shape=required,
    axis=-1,
    implementation=scatter_along_axis,
)


def written(xp, g, key):
    """The cotangent of a written value; where the key names a place more than once, the last write counts."""
    r = xp.getitem(g, key)
    if not any(lists_places(xp, part) for part in parts_of(key)):
        return r
    writes = xp.reshape(xp.arange(prod(r.shape), device=device_of(g)), r.shape)
    last = xp.setitem(xp.zeros(g.shape, dtype=writes.dtype, device=device_of(g)), writes, key)
    return xp.where(xp.getitem(last, key) == writes, r, 0.0)


vjp("getitem", x=lambda xp, g, x_shape, key: xp.scatter(g, key, x_shape))
vjp("scatter", values=lambda xp, g, key: xp.getitem(g, key))
vjp("setitem", x=lambda xp, g, key: xp.setitem(g, 0.0, key), value=written)


def take(xp, g, indices, x_shape, axis):
    """Scatter along the axis; without one, into the flat array."""
    if axis is None or not x_shape:  # NumPy takes from an array without axes as from one of length 1
        return xp.reshape(xp.scatter(g, indices, (prod(x_shape),)), x_shape)
    return xp.scatter(g, (*(slice(None),) * (axis % len(x_shape)), indices), x_shape)


vjp("take", x=take)
vjp("take_along_axis", x=lambda xp, g, indices, x_shape, axis: xp.scatter_along_axis(g, indices, x_shape, axis=axis))
vjp("scatter_along_axis", values=lambda xp, g, indices, axis: xp.take_along_axis(g, indices, axis=axis))
