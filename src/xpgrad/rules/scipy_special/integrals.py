"""Functions of several results: Airy functions, and integrals."""

from math import factorial, pi

from xpgrad.primitive import primitive
from xpgrad.rules.scipy_special.common import elementwise, over, rules
from xpgrad.rules.statistical import times


def several(names, inputs, outputs):
    """Register functions of so many results."""
    for name in names.split():
        primitive(f"special.{name}", inputs, outputs=outputs)


def integrals(*integrands):
    """The rule of a tuple of integrals from 0 to x, or from x on."""
    return lambda xp, g, x: sum(times(xp, part, f(xp, x)) for part, f in zip(g, integrands, strict=True))


several("airy", "x", 4)
several("fresnel iti0k0 itj0y0 shichi sici", "x", 2)
elementwise("itmodstruve0 itstruve0", "x")


def airy(xp, g, x, out):
    """y'' = x y."""
    ai, ai_slope, bi, bi_slope = out
    slopes = (ai_slope, x * ai, bi_slope, x * bi)
    return sum(times(xp, part, slope) for part, slope in zip(g, slopes, strict=True))


SINH_OVER_X = [1 / factorial(2 * n + 1) for n in range(10)]
SIN_OVER_X = [(-1) ** n * c for n, c in enumerate(SINH_OVER_X)]

rules("airy", x=airy)
rules("fresnel", x=integrals(lambda xp, x: xp.sin(pi / 2 * x * x), lambda xp, x: xp.cos(pi / 2 * x * x)))
rules("sici", x=integrals(lambda xp, x: over(xp, xp.sin(x), x, SIN_OVER_X), lambda xp, x: xp.cos(x) / x))
rules("shichi", x=integrals(lambda xp, x: over(xp, xp.sinh(x), x, SINH_OVER_X), lambda xp, x: xp.cosh(x) / x))
rules("iti0k0", x=integrals(lambda xp, x: xp.special.i0(x), lambda xp, x: xp.special.k0(x)))
rules("itj0y0", x=integrals(lambda xp, x: xp.special.j0(x), lambda xp, x: xp.special.y0(x)))
rules("itmodstruve0", x=lambda xp, g, x: g * xp.special.modstruve(0.0, x))
rules("itstruve0", x=lambda xp, g, x: g * xp.special.struve(0.0, x))
