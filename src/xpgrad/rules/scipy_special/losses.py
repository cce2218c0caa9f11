"""Losses and entropies."""

from xpgrad.rules.approximations import arrays
from xpgrad.rules.scipy_special.common import made, rules
from xpgrad.rules.special import quotient

made("huber", "delta r", lambda xp, delta, r: huber(xp, delta, xp.abs(r)))
made("pseudo_huber", "delta r", lambda xp, delta, r: delta * delta * (xp.hypot(1.0, r / delta) - 1))
made("kl_div", "x y", lambda xp, x, y: relative_entropy(xp, x, y) + (y - x))
made("rel_entr", "x y", lambda xp, x, y: relative_entropy(xp, x, y))


def huber(xp, delta, size):
    return xp.where(size <= delta, size * size / 2, delta * (size - delta / 2))


def relative_entropy(xp, x, y):
    """x log(x / y); 0 where x is 0, infinite where it is not and y is 0, or where one is negative."""
    inside = (x > 0) & (y > 0)
    out = x * log_ratio(xp, xp.where(inside, x, 1.0), xp.where(inside, y, 1.0))
    return xp.where(inside, out, xp.where((x == 0) & (y >= 0), 0.0, xp.where(xp.isnan(x + y), x + y, float("inf"))))


def log_ratio(xp, x, y):
    """log(x / y), also where the quotient is out of range; the logarithms' difference is inexact where it is small."""
    difference = xp.log(x) - xp.log(y)
    near = xp.abs(difference) < 80  # so that the quotient is within the range of single precision
    return xp.where(near, xp.log(xp.where(near, x, 1.0) / xp.where(near, y, 1.0)), difference)


def pseudo_huber_delta(xp, delta, r):
    """r^4 / (h (delta + h)^2) with h = hypot(delta, r), as factors that are in range where the product is."""
    h = xp.hypot(delta, r)
    share = r / (delta + h)
    return r * (r / h) * share * share


def pseudo_huber_residual(xp, delta, r):
    """delta r / h, of which the larger factor is divided by h."""
    h = xp.hypot(delta, r)
    return xp.where(xp.abs(r) > delta, delta * (r / h), r * (delta / h))


rules("huber", delta=lambda xp, g, delta, r: g * xp.clip(abs(r) - delta, 0.0, None),
               r=lambda xp, g, delta, r: g * xp.clip(r, -delta, delta))  # fmt: skip
rules("pseudo_huber", delta=lambda xp, g, delta, r: g * pseudo_huber_delta(xp, delta, r),
                      r=lambda xp, g, delta, r: g * pseudo_huber_residual(xp, delta, r))  # fmt: skip
rules("kl_div", x=lambda xp, g, x, y: g * log_ratio(xp, *arrays(xp, x, y)),
                y=lambda xp, g, x, y: g - quotient(xp, g, x, y))  # fmt: skip
rules("rel_entr", x=lambda xp, g, x, y: g * (log_ratio(xp, *arrays(xp, x, y)) + 1),
                  y=lambda xp, g, x, y: -quotient(xp, g, x, y))  # fmt: skip
