"""Element-wise functions.

Sub-gradients where there is no derivative: 0 for `abs`, `hypot` and `atan2` at the origin and for `pow` by the exponent
of a zero base; equal shares for ties of `maximum` and `minimum`; 1 for `clip` on its bounds; 0 for all functions that
are piecewise constant. Where a derivative is infinite, as that of `sqrt` at 0, so is the gradient.
"""

import cmath
from math import copysign, inf, log, nan
from typing import Any

from xpgrad.primitive import primitive, vjp

primitive(
    "abs acos acosh asin asinh atan atanh ceil conj cos cosh exp expm1 floor log log10 log1p log2 negative positive "
    "reciprocal round sign sin sinh sqrt square tan tanh trunc",
    "x",
    elementwise=True,
)
primitive(
    "add atan2 copysign divide floor_divide hypot logaddexp maximum minimum multiply nextafter pow remainder subtract",
    "x1 x2",
    elementwise=True,
)
primitive("clip", "x min max", elementwise=True, min=None, max=None)
# Their results have another dtype than their inputs, which only the general form restores.
primitive("imag real", "x")


NUMBERS = (int, float, complex)  # what is no array


def zero(xp, g):
    """The gradient of what is piecewise constant."""
    return xp.zeros_like(g)


def ratio(xp, a, b):
    """a / b, and 0 where b is 0."""
    nothing = b == 0
    return xp.where(nothing, 0.0, a / xp.where(nothing, 1.0, b))


def over_squares(xp, a, x1, x2):
    """a / (x1^2 + x2^2), without the squares, which are out of range too soon, and 0 at the origin."""
    size = xp.hypot(x1, x2)
    size = xp.where(size == 0, inf, size)
    return a / size / size


def conj(xp, x):
    """The conjugate; x itself where it is real."""
    return xp.conj(x) if is_complex(xp, x) else x


def is_complex(xp: Any, x: Any) -> bool:
    """Whether an array holds complex numbers."""
    return bool(xp.isdtype(x.dtype, "complex floating"))


def real(xp, x):
    """The real part; x itself where it is real."""
    return xp.real(x) if is_complex(xp, x) else x


def sign(xp, g, x):
    """0 for real numbers; a complex one turns as its angle does."""
    if not is_complex(xp, x):
        return zero(xp, g)
    out = xp.sign(x)
    return 1j * xp.conj(out) * ratio(xp, xp.imag(g * out), xp.abs(x))


vjp("abs", x=lambda xp, g, x: g * conj(xp, xp.sign(x)))
vjp("acos", x=lambda xp, g, x: -g / xp.sqrt((1 - x) * (1 + x)))
vjp("acosh", x=lambda xp, g, x: g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)))
vjp("asin", x=lambda xp, g, x: g / xp.sqrt((1 - x) * (1 + x)))
vjp("asinh", x=lambda xp, g, x: g / (xp.sqrt(x * x + 1) if is_complex(xp, x) else xp.hypot(1.0, x)))
vjp("atan", x=lambda g, x: g / (1 + x * x))
vjp("atanh", x=lambda g, x: g / ((1 - x) * (1 + x)))
vjp("ceil floor round trunc", x=zero)
vjp("conj", x=lambda xp, g: xp.conj(g))
vjp("cos", x=lambda xp, g, x: -g * xp.sin(x))
vjp("cosh", x=lambda xp, g, x: g * xp.sinh(x))
vjp("exp", x=lambda g, out: g * out)
vjp("expm1", x=lambda xp, g, x: g * xp.exp(x))
vjp("imag", x=lambda xp, g: -1j * xp.astype(g, xp.result_type(g.dtype, xp.complex64)))
vjp("log", x=lambda g, x: g / x)
vjp("log10", x=lambda g, x: g / (x * log(10)))
vjp("log1p", x=lambda g, x: g / (1 + x))
vjp("log2", x=lambda g, x: g / (x * log(2)))
vjp("negative", x=lambda g: -g)
vjp("positive", x=lambda g: g)
vjp("real", x=lambda g: g)
vjp("reciprocal", x=lambda g, out: -g * (out * out))
vjp("sign", x=sign)
vjp("sin", x=lambda xp, g, x: g * xp.cos(x))
vjp("sinh", x=lambda xp, g, x: g * xp.cosh(x))
vjp("sqrt", x=lambda g, out: g * 0.5 / out)
vjp("square", x=lambda g, x: (g + g) * x)
vjp("tan", x=lambda g, out: g * (1 + out * out))
vjp("tanh", x=lambda g, out: g * (out * -out + 1))  # 1 - out**2, for which NumPy makes one array instead of two

vjp("add", x1=lambda g: g,
           x2=lambda g: g)  # fmt: skip
vjp("subtract", x1=lambda g: g,
                x2=lambda g: -g)  # fmt: skip
vjp("multiply", x1=lambda g, x2: g * x2,
                x2=lambda g, x1: g * x1)  # fmt: skip
vjp("divide", x1=lambda g, x2: g / x2,
              x2=lambda g, x2, out: -g * (out / x2))  # fmt: skip
vjp("atan2", x1=lambda xp, g, x1, x2: g * over_squares(xp, x2, x1, x2),
             x2=lambda xp, g, x1, x2: -g * over_squares(xp, x1, x1, x2))  # fmt: skip
vjp("hypot", x1=lambda xp, g, x1, out: g * ratio(xp, x1, out),
             x2=lambda xp, g, x2, out: g * ratio(xp, x2, out))  # fmt: skip
vjp("floor_divide", x1=zero, x2=zero)
vjp("nextafter", x1=lambda g: g, x2=zero)
vjp("remainder", x1=lambda g: g,
                 x2=lambda g, x1, x2: -g * (x1 // x2))  # fmt: skip


def pow_base(xp, g, x1, x2):
    """x2 * x1**(x2 - 1), and 0 where both are 0."""
    if isinstance(x2, NUMBERS):
        if x2 == 2:
            return (g + g) * x1  # a cotangent is often one number; half the time of 2 * g on small arrays
        return g * (x2 * x1 ** (x2 - 1)) if x2 else xp.zeros_like(g)
    constant = (x1 == 0) & (x2 == 0)
    return g * (x2 * x1 ** xp.where(constant, 0.0, x2 - 1.0))


def pow_exponent(xp, g, x1, out):
    """out * log(x1), and 0 for a zero base."""
    if isinstance(x1, NUMBERS):
        slope = 0.0 if x1 == 0 else cmath.log(x1) if is_complex(xp, out) else log(x1) if x1 > 0 else nan
        return g * (out * slope)
    return g * (out * xp.log(xp.where(x1 == 0, 1.0, x1)))


vjp("pow", x1=pow_base, x2=pow_exponent)


def logaddexp_share(xp, g, x, other):
    """exp(x) / (exp(x) + exp(other)); two infinite inputs of the same sign share equally."""
    difference = other - x
    return g / (1 + xp.exp(xp.where(xp.isnan(difference) & (x == other), 0.0, difference)))


vjp("logaddexp", x1=lambda xp, g, x1, x2: logaddexp_share(xp, g, x1, x2),
                 x2=lambda xp, g, x1, x2: logaddexp_share(xp, g, x2, x1))  # fmt: skip


def share(xp, x, alone, chosen):
    """All of x where something was chosen alone, half of it in a tie, 0 elsewhere."""
    half = 0.5 * x
    return xp.where(alone, half, 0.0) + xp.where(chosen, half, 0.0)


primitive("share", "x alone chosen", elementwise=True, public=False, implementation=share)

vjp("maximum", x1=lambda xp, g, x1, x2: xp.share(g, x1 > x2, x1 >= x2),
               x2=lambda xp, g, x1, x2: xp.share(g, x2 > x1, x2 >= x1))  # fmt: skip
vjp("minimum", x1=lambda xp, g, x1, x2: xp.share(g, x1 < x2, x1 <= x2),
               x2=lambda xp, g, x1, x2: xp.share(g, x2 < x1, x2 <= x1))  # fmt: skip
vjp("share", x=lambda xp, g, alone, chosen: xp.share(g, alone, chosen))


def copysign_magnitude(xp, g, x1, x2):
    """sign(x1), turned over where x2 is negative; -0.0 is negative."""
    sign = xp.sign(x1)
    if isinstance(x2, int | float):
        return g * (sign * copysign(1.0, x2))
    return g * xp.where(xp.signbit(x2), -sign, sign)


vjp("copysign", x1=copysign_magnitude, x2=zero)


def clip_x(xp, g, x, min, max):
    """The cotangent where x was within the bounds."""
    if min is not None:
        g = xp.where(x >= min, g, 0.0)
    if max is not None:
        g = xp.where(x <= max, g, 0.0)
    return g


def clip_min(xp, g, x, min, max):
    """The cotangent where the lower bound was taken; the upper bound wins where they cross."""
    taken = xp.where(x < min, g, 0.0)
    return taken if max is None else xp.where(max < min, 0.0, taken)


def clip_max(xp, g, x, min, max):
    """The cotangent where the upper bound was taken."""
    taken = x > max
    return xp.where(taken if min is None else taken | (min > max), g, 0.0)


vjp("clip", x=clip_x, min=clip_min, max=clip_max)
