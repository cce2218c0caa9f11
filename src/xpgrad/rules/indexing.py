"""Indexing: `getitem` and `scatter` are each other's transpose, and `take` is an index along one axis."""

from xpgrad.primitive import primitive, required, vjp
from xpgrad.rules.manipulation import size


def setitem(xp, x, value, key):
    """A copy of x with value written at key."""
    out = xp.asarray(x, copy=True)
    out[key] = value
    return out


def scatter(xp, values, key, shape):
    """Zeros of a shape with the values added at key; repeated indices add up."""
    out = xp.zeros(shape, dtype=values.dtype, device=values.device)
    parts = key if isinstance(key, tuple) else (key,)
    if not any(hasattr(part, "dtype") and not xp.isdtype(part.dtype, "bool") for part in parts):
        out[key] = values
        return out
    places = xp.reshape(xp.arange(size(shape), device=values.device), shape)[key]
    flat = xp.reshape(xp.broadcast_to(values, places.shape), (-1,))
    places = xp.reshape(places, (-1,))
    order = xp.argsort(places)
    places, flat = places[order], flat[order]
    # The standard has no scatter-add: differences of the running sums give the total for every repeated index,
    # and writing the same total more than once does no harm.
    sums = xp.cumulative_sum(flat, include_initial=True)
    first, last = xp.searchsorted(places, places), xp.searchsorted(places, places, side="right")
    out = xp.reshape(out, (-1,))
    out[places] = sums[last] - sums[first]
    return xp.reshape(out, shape)


GETITEM = primitive("getitem", "x", key=required, implementation=lambda xp, x, key: x[key])
SETITEM = primitive("setitem", "x value", key=required, implementation=setitem)
primitive("scatter", "values", key=required, shape=required, implementation=scatter)
primitive("take", "x indices", axis=None)
primitive("take_along_axis", "x indices", axis=-1)

vjp("getitem", x=lambda xp, g, x_shape, key: xp.scatter(g, key, x_shape))
vjp("scatter", values=lambda g, key: g[key])
vjp("setitem", x=lambda xp, g, key: xp.setitem(g, 0.0, key),
               value=lambda g, key: g[key])  # fmt: skip


def take(xp, g, indices, x_shape, axis):
    """Scatter along the axis."""
    axis = 0 if axis is None else axis % len(x_shape)
    return xp.scatter(g, (slice(None),) * axis + (indices,), x_shape)


def take_along_axis(xp, g, indices, x_shape, axis):
    """Scatter to the same places, with the positions along all other axes written out."""
    axis %= len(x_shape)
    key = []
    for i, n in enumerate(x_shape):
        if i == axis:
            key.append(indices)
        else:
            place = xp.arange(n, device=g.device)
            key.append(xp.reshape(place, tuple(n if j == i else 1 for j in range(len(x_shape)))))
    return xp.scatter(g, tuple(key), x_shape)


vjp("take", x=take)
vjp("take_along_axis", x=take_along_axis)
