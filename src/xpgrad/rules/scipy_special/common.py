"""What the chapters share: how functions are registered, and formulas around points where they divide by 0."""

from xpgrad.primitive import primitive, vjp
from xpgrad.rules.approximations import arrays, polynomial


def elementwise(names, inputs):
    """Register functions that the library itself must have."""
    for name in names.split():
        primitive(f"special.{name}", inputs, elementwise=True)


def rules(names, **by_input):
    """Register the rules of functions."""
    vjp(" ".join(f"special.{name}" for name in names.split()), **by_input)


def made(name, inputs, implementation):
    """Register a function that can be made of the standard's, of arrays only."""
    of_two = len(inputs.split()) == 2
    primitive(
        f"special.{name}",
        inputs,
        elementwise=True,
        implementation=(lambda xp, x, y: implementation(xp, *arrays(xp, x, y))) if of_two else implementation,
    )


def limit(xp, x, at_zero, f):
    """f(x), and its limit where x is 0."""
    nothing = x == 0
    return xp.where(nothing, at_zero, f(xp.where(nothing, 0.5, x)))


def around(xp, x, radius, series, f):
    """f(x), and a series for magnitudes below the radius, where f loses digits."""
    near = xp.abs(x) < radius
    return xp.where(near, series(xp.where(near, x, 0.0)), f(xp.where(near, radius, x)))


def far_out(xp, x, radius, series, f):
    """f(x), and a series in 1 / x for magnitudes above the radius, where f loses digits."""
    far = xp.abs(x) > radius
    return xp.where(far, series(1 / xp.where(far, x, radius)), f(xp.where(far, radius, x)))


def over(xp, f, x, coefficients):
    """f / x, and near 0 the polynomial in the square of x."""
    return around(xp, x, 1.0, lambda y: polynomial(y * y, coefficients), lambda y: f / y)
