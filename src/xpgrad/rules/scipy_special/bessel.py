"""Bessel functions (10.6, 10.29) and their kin."""

from math import factorial, pi, prod, sqrt

from xpgrad.rules.approximations import arrays, polynomial
from xpgrad.rules.elementwise import is_complex
from xpgrad.rules.scipy_special.common import around, elementwise, far_out, limit, over, rules

elementwise("i0 i0e i1 i1e j0 j1 k0 k0e k1 k1e y0 y1", "x")
elementwise("hankel1 hankel1e hankel2 hankel2e iv ive jn jv jve kn kv kve modstruve struve yn yv yve", "order x")


#: The coefficients of i1(x) / x; those of j1 have alternating signs.
I1_OVER_X = [1 / (2 * 4**n * factorial(n) * factorial(n + 1)) for n in range(10)]
J1_OVER_X = [(-1) ** n * c for n, c in enumerate(I1_OVER_X)]


def far_slope(order, sign):
    """The derivative of a scaled function of positive numbers, as a series in u = 1 / x (10.40.1, 10.40.2).

    `sign` is -1 for those of the first kind, 1 for those of the second.
    """
    squares = [4 * order**2 - (2 * k - 1) ** 2 for k in range(1, 12)]
    terms = [(sign / 8) ** k * prod(squares[:k]) / factorial(k) for k in range(12)]
    scale = sqrt(pi / 2) if sign == 1 else 1 / sqrt(2 * pi)
    coefficients = [-scale * (k + 0.5) * c for k, c in enumerate(terms)]
    return lambda u: u**1.5 * polynomial(u, coefficients)


def scaled(order, sign, slope):
    """The rule of a scaled function: its slope, and far out, where the terms of that cancel, a series."""
    series = far_slope(order, sign)

    def far(xp, u):
        """What is even has an odd derivative, and the other way round; those of the second kind have positive u."""
        return xp.sign(u) * series(xp.abs(u)) if (order, sign) == (0, -1) else series(xp.abs(u))

    return lambda xp, g, x, out: g * far_out(xp, x, 100.0, lambda u: far(xp, u), lambda y: slope(xp, x, out))


def i1e_slope(xp, x, out):
    """As i1, and the derivative of the factor exp(-abs(x))."""
    scale = xp.exp(-xp.abs(x))
    over_x = around(xp, x, 1.0, lambda y: scale * polynomial(y * y, I1_OVER_X), lambda y: out / y)
    return xp.special.i0e(x) - xp.sign(x) * out - over_x


rules("i0", x=lambda xp, g, x: g * xp.special.i1(x))
rules("i1", x=lambda xp, g, x, out: g * (xp.special.i0(x) - over(xp, out, x, I1_OVER_X)))
rules("i0e", x=scaled(0, -1, lambda xp, x, out: xp.special.i1e(x) - xp.sign(x) * out))
rules("i1e", x=scaled(1, -1, i1e_slope))
rules("j0", x=lambda xp, g, x: -g * xp.special.j1(x))
rules("j1", x=lambda xp, g, x, out: g * (xp.special.j0(x) - over(xp, out, x, J1_OVER_X)))
rules("y0", x=lambda xp, g, x: -g * xp.special.y1(x))
rules("y1", x=lambda xp, g, x, out: g * (xp.special.y0(x) - out / x))
rules("k0", x=lambda xp, g, x: -g * xp.special.k1(x))
rules("k1", x=lambda xp, g, x, out: -g * (xp.special.k0(x) + out / x))
rules("k0e", x=scaled(0, 1, lambda xp, x, out: out - xp.special.k1e(x)))
rules("k1e", x=scaled(1, 1, lambda xp, x, out: out - xp.special.k0e(x) - out / x))


def neighbours(xp, name, sign, order, x):
    """Half the function of the order below, with a sign that of the order above."""
    f = getattr(xp.special, name)
    return (f(order - 1, x) + sign * f(order + 1, x)) / 2


def by_neighbours(name, sign, factor=1, own=0):
    """A rule: a factor times the neighbours, and a multiple of the function itself."""
    if name in ("kn", "yn"):  # SciPy cuts their orders
        return lambda xp, g, order, x: g * (factor * neighbours(xp, name, sign, order // 1, x))
    if own == 0:
        return lambda xp, g, order, x: g * (factor * neighbours(xp, name, sign, order, x))
    return lambda xp, g, order, x, out: g * (factor * neighbours(xp, name, sign, order, x) + own * out)


def scaled_by_imaginary(name):
    """As `by_neighbours`, and the part of a factor exp(-abs(imag(x))), which has no complex derivative."""

    def rule(xp, g, order, x, out):
        main = g * neighbours(xp, name, -1, order, x)
        return main + 1j * xp.sign(xp.imag(x)) * xp.real(g * out) if is_complex(xp, x) else main

    return rule


def ive(xp, g, order, x, out):
    """The same, of exp(-abs(real(x)))."""
    main = g * neighbours(xp, "ive", 1, order, x)
    return main - (xp.sign(xp.real(x)) * xp.real(g * out) if is_complex(xp, x) else xp.sign(x) * g * out)


def struve_rest(xp, order, x):
    """(x / 2)**order / (sqrt(pi) gamma(order + 3/2)) (11.4.29)."""
    return (x / 2) ** order * xp.special.rgamma(order + 1.5) / sqrt(pi)


def struve_slope(name, sign):
    """By the neighbours; that of order -1 is, up to a constant and the sign, that of order 1 (11.4.23, 11.4.25)."""

    def rule(xp, g, order, x):
        order = arrays(xp, order, x)[0]
        turned = order == -1
        order = xp.where(turned, -order, order)
        slope = neighbours(xp, name, sign, order, x) + struve_rest(xp, order, x) / 2
        return g * xp.where(turned, sign * slope, slope)

    return rule


for name in ("hankel1", "hankel2", "jn", "jv", "yn", "yv"):
    rules(name, x=by_neighbours(name, -1))
for name, own in (("hankel1e", -1j), ("hankel2e", 1j)):
    rules(name, x=by_neighbours(name, -1, own=own))
for name in ("jve", "yve"):
    rules(name, x=scaled_by_imaginary(name))
for name in ("kn", "kv"):
    rules(name, x=by_neighbours(name, 1, -1))
rules("kve", x=by_neighbours("kve", 1, -1, own=1))
rules("iv", x=by_neighbours("iv", 1))
rules("ive", x=ive)
rules("struve", x=struve_slope("struve", -1))
rules("modstruve", x=struve_slope("modstruve", 1))

elementwise("bei beip ber berp kei keip ker kerp", "x")


def kelvin(name):
    return lambda xp, g, x: g * getattr(xp.special, name)(x)


def kelvin_slope(other, sign, over_x):
    return lambda xp, g, x, out: g * (sign * getattr(xp.special, other)(x) - over_x(xp, out, x))


#: Of (ber' + i bei') / x, as a series in the square of x.
_KELVIN = [2 * (0.25j) ** n / (factorial(n) * factorial(n - 1)) for n in range(1, 12)]
_OVER_X = {
    "ber": lambda xp, out, x: over(xp, out, x, [c.real for c in _KELVIN]),
    "bei": lambda xp, out, x: over(xp, out, x, [c.imag for c in _KELVIN]),
    "ker": lambda xp, out, x: out / x,
    "kei": lambda xp, out, x: limit(xp, x, 0.0, lambda y: out / y),
}

for name, other, sign in (
    ("ber", "bei", -1),
    ("bei", "ber", 1),
    ("ker", "kei", -1),
    ("kei", "ker", 1),
):  # the parts of a solution of x^2 y'' + x y' = i x^2 y (10.61.3)
    rules(name, x=kelvin(f"{name}p"))
    rules(f"{name}p", x=kelvin_slope(other, sign, _OVER_X[name]))
