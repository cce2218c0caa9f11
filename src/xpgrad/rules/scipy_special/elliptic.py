"""Elliptic integrals, of the parameter m = k^2 (19.4)."""

from math import pi

from xpgrad.rules.approximations import arrays
from xpgrad.rules.scipy_special.common import around, elementwise, rules

elementwise("ellipe ellipk", "m")
elementwise("ellipkm1", "p")
elementwise("ellipeinc ellipkinc", "phi m")


def sine_integral(xp, phi, m, a):
    """The integral of sin^2 (1 - m sin^2)^-a from 0 to phi, as a series in m for magnitudes below 0.1."""
    sine, cosine = xp.sin(phi), xp.cos(phi)
    total, factor, integral, power = 0.0, 1.0, phi, sine
    for n in range(16):
        integral = ((2 * n + 1) * integral - cosine * power) / (2 * n + 2)
        total = total + factor * integral
        factor, power = factor * m * ((a + n) / (n + 1)), power * sine * sine
    return total


def by_parameter(xp, phi, m, a, f):
    """Half that integral, as f(m) where m is not near 0: up to a sign, all derivatives by m are such."""
    return around(xp, m, 0.1, lambda m: sine_integral(xp, phi + 0 * m, m, a) / 2, f)


def ellipe_slope(xp, m, out):
    return -by_parameter(xp, pi / 2, m, 0.5, lambda m: (xp.special.ellipk(m) - out) / (2 * m))


def ellipk_slope(xp, m, rest, out):
    """`rest` is 1 - m, which may be known better."""
    return by_parameter(xp, pi / 2, m, 1.5, lambda m: (xp.special.ellipe(m) / rest - out) / (2 * m))


def ellipeinc_slope(xp, phi, m, out):
    """By the parameter."""
    phi, m = arrays(xp, phi, m)
    return -by_parameter(xp, phi, m, 0.5, lambda m: (xp.special.ellipkinc(phi, m) - out) / (2 * m))


def ellipkinc_slope(xp, phi, m, out):
    """As above."""
    phi, m = arrays(xp, phi, m)

    def far(m):
        sine = xp.sin(phi)
        rest = xp.sin(2 * phi) / (4 * (1 - m) * xp.sqrt(1 - m * sine * sine))
        return (xp.special.ellipeinc(phi, m) / (1 - m) - out) / (2 * m) - rest

    return by_parameter(xp, phi, m, 1.5, far)


rules("ellipe", m=lambda xp, g, m, out: g * ellipe_slope(xp, m, out))
rules("ellipk", m=lambda xp, g, m, out: g * ellipk_slope(xp, m, 1 - m, out))
rules("ellipkm1", p=lambda xp, g, p, out: -g * ellipk_slope(xp, 1 - p, p, out))
rules("ellipeinc", phi=lambda xp, g, phi, m: g * xp.sqrt(1 - m * xp.sin(phi) ** 2),
                   m=lambda xp, g, phi, m, out: g * ellipeinc_slope(xp, phi, m, out))  # fmt: skip
rules("ellipkinc", phi=lambda xp, g, phi, m: g / xp.sqrt(1 - m * xp.sin(phi) ** 2),
                   m=lambda xp, g, phi, m, out: g * ellipkinc_slope(xp, phi, m, out))  # fmt: skip
