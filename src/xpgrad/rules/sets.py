"""Set functions: the distinct values pass a gradient on, to the first occurrence of each."""

from math import prod

from xpgrad.primitive import primitive, vjp
from xpgrad.rules.elementwise import is_complex

primitive("unique_values", "x")
primitive("unique_counts unique_inverse", "x", outputs=2)
primitive("unique_all", "x", outputs=4)


def unique(xp, g, x, x_shape, out):
    """Back to the first occurrence of every value, in whatever order a library returns them."""
    if isinstance(out, tuple):
        g, out = g[0], out[0]
    flat = xp.reshape(x, (-1,))
    if is_complex(xp, x):  # these have no order to search in
        same = xp.expand_dims(out, axis=1) == flat
        first = same & (xp.cumulative_sum(xp.astype(same, xp.int64), axis=1) == 1)
        return xp.reshape(xp.sum(xp.where(first, xp.expand_dims(g, axis=1), 0.0), axis=0), x_shape)
    order = xp.argsort(flat)
    first = xp.take(order, xp.searchsorted(xp.take(flat, order, axis=0), out), axis=0)
    return xp.reshape(xp.scatter(g, first, (prod(x_shape),)), x_shape)


vjp("unique_values unique_counts unique_inverse unique_all", x=unique)
