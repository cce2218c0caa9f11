"""Exponentials, logarithms, angles."""

from math import factorial, log, pi

from xpgrad.primitive import primitive
from xpgrad.rules.approximations import arrays, polynomial
from xpgrad.rules.elementwise import pow_base, pow_exponent, zero
from xpgrad.rules.scipy_special.common import around, elementwise, limit, made, rules
from xpgrad.rules.statistical import times

made("exp2", "x", lambda xp, x: xp.exp(log(2) * x))
made("exp10", "x", lambda xp, x: xp.exp(log(10) * x))
made("cosm1", "x", lambda xp, x: -2 * xp.sin(x / 2) * xp.sin(x / 2))
made("powm1", "x y", lambda xp, x, y: xp.expm1(y * xp.log(x)))
made("sindg", "x", lambda xp, x: xp.sin(pi / 180 * x))
made("cosdg", "x", lambda xp, x: xp.cos(pi / 180 * x))
made("tandg", "x", lambda xp, x: xp.tan(pi / 180 * x))
made("cotdg", "x", lambda xp, x: 1 / xp.tan(pi / 180 * x))
made("radian", "d m s", lambda xp, d, m, s: pi / 180 * (d + m / 60 + s / 3600))
made("round", "x", lambda xp, x: xp.round(x))
made("exprel", "x", lambda xp, x: limit(xp, x, 1.0, lambda x: xp.expm1(x) / x))
elementwise("exp1 expi spence wrightomega", "x")
primitive("special.lambertw", "x", k=0, tol=1e-8)  # complex for real numbers, too
elementwise("expn", "n x")


def expn(xp, g, n, x, out):
    """-E_{n-1}(x) (8.19.13); of order 0 by the recurrence."""
    n, x = arrays(xp, n, x)
    return -g * xp.where(n >= 1, xp.special.expn(xp.maximum(n - 1, 0 * n), x), (xp.exp(-x) + out) / x)


def cotdg(xp, g, x):
    """By the sine, because near 0 SciPy's cotangent itself is inexact, and then infinite."""
    sine = xp.special.sindg(x)
    return -g * (pi / 180 / sine / sine)


def exprel_slope(xp, t):
    """The derivative of (exp(t) - 1) / t; near 0 the sum of t^n / (n! (n + 2))."""
    coefficients = [1 / (factorial(n) * (n + 2)) for n in range(20)]
    return around(xp, t, 1.0, lambda t: polynomial(t, coefficients), lambda t: ((t - 1) * xp.exp(t) + 1) / (t * t))


def log_chord(xp, x):
    """log(x) / (x - 1); near 1 by the series of 2 artanh(z), which is log(x), with z = t / (2 + t) and t = x - 1."""
    coefficients = [1 / (2 * n + 1) for n in range(17)]
    return around(
        xp,
        x - 1,
        0.5,
        lambda t: 2 / (2 + t) * polynomial((t / (2 + t)) ** 2, coefficients),
        lambda t: xp.log(x) / t,
    )


rules("exp2", x=lambda g, out: g * (log(2) * out))
rules("exp10", x=lambda g, out: g * (log(10) * out))
rules("cosm1", x=lambda xp, g, x: -g * xp.sin(x))
rules("powm1", x=lambda xp, g, x, y: pow_base(xp, g, x, y),
               y=lambda xp, g, x, y: pow_exponent(xp, g, x, x**y))  # fmt: skip
rules("sindg", x=lambda xp, g, x: g * (pi / 180 * xp.special.cosdg(x)))
rules("cosdg", x=lambda xp, g, x: -g * (pi / 180 * xp.special.sindg(x)))
rules("tandg", x=lambda g, out: g * (pi / 180 * (1 + out * out)))
rules("cotdg", x=cotdg)
rules("radian", d=lambda g: g * (pi / 180), m=lambda g: g * (pi / 10800), s=lambda g: g * (pi / 648000))
rules("round", x=zero)
rules("exp1", x=lambda xp, g, x: -g * (xp.exp(-x) / x))
rules("expi", x=lambda xp, g, x: g * (xp.exp(x) / x))
rules("expn", x=expn)
rules("exprel", x=lambda xp, g, x: g * exprel_slope(xp, x))
rules("spence", x=lambda xp, g, x: -g * log_chord(xp, x))
rules("lambertw", x=lambda xp, g, out: times(xp, g, xp.exp(-out) / (1 + out)))
rules("wrightomega", x=lambda g, out: g * (out / (1 + out)))
