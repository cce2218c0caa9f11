"""Losses and entropies."""

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
    out = x * xp.log(xp.where(inside, x, 1.0) / xp.where(inside, y, 1.0))
    return xp.where(inside, out, xp.where((x == 0) & (y >= 0), 0.0, xp.where(xp.isnan(x + y), x + y, float("inf"))))


def pseudo_huber_delta(xp, delta, r):
    """delta u^4 / (v (1 + v)^2) with u = r / delta, v = sqrt(1 + u^2)."""
    u = r / delta
    v = xp.hypot(1.0, u)
    return delta * u**4 / (v * (1 + v) ** 2)


rules("huber", delta=lambda xp, g, delta, r: g * xp.clip(abs(r) - delta, 0.0, None),
               r=lambda xp, g, delta, r: g * xp.clip(r, -delta, delta))  # fmt: skip
rules("pseudo_huber", delta=lambda xp, g, delta, r: g * pseudo_huber_delta(xp, delta, r),
                      r=lambda xp, g, delta, r: g * (r / xp.hypot(1.0, r / delta)))  # fmt: skip
rules("kl_div", x=lambda xp, g, x, y: g * xp.log(x / y),
                y=lambda xp, g, x, y: g - quotient(xp, g, x, y))  # fmt: skip
rules("rel_entr", x=lambda xp, g, x, y: g * (xp.log(x / y) + 1),
                  y=lambda xp, g, x, y: -quotient(xp, g, x, y))  # fmt: skip
