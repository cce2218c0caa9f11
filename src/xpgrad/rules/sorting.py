"""Sorting functions that pass a gradient on."""

from xpgrad.primitive import primitive, vjp

primitive("sort", "x", axis=-1, descending=False, stable=True)


def sort(xp, g, x, axis, descending):
    """Every cotangent goes back to where its element came from."""
    order = xp.argsort(x, axis=axis, descending=descending, stable=True)
    return xp.take_along_axis(g, xp.argsort(order, axis=axis), axis=axis)


vjp("sort", x=sort)
