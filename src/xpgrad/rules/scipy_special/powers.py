"""Power transformations."""

from xpgrad.rules.approximations import arrays
from xpgrad.rules.scipy_special.common import made, rules
from xpgrad.rules.scipy_special.exponentials import exprel_slope

made("boxcox", "x lmbda", lambda xp, x, lmbda: power_transform(xp, xp.log(x), lmbda))
made("boxcox1p", "x lmbda", lambda xp, x, lmbda: power_transform(xp, xp.log1p(x), lmbda))
made("inv_boxcox", "y lmbda", lambda xp, y, lmbda: xp.exp(power_transformed(xp, y, lmbda)))
made("inv_boxcox1p", "y lmbda", lambda xp, y, lmbda: xp.expm1(power_transformed(xp, y, lmbda)))


def power_transform(xp, log_x, lmbda):
    """(x**lmbda - 1) / lmbda, and log(x) where lmbda is 0."""
    nothing = lmbda == 0
    return xp.where(nothing, log_x, xp.expm1(lmbda * log_x) / xp.where(nothing, 1.0, lmbda))


def power_transformed(xp, y, lmbda):
    """The logarithm of what has been transformed to y."""
    nothing = lmbda == 0
    return xp.where(nothing, y, xp.log1p(lmbda * y) / xp.where(nothing, 1.0, lmbda))


def by_exponent(xp, log_x, lmbda):
    """The derivative of a power transform by its exponent; the logarithm of 0 is as good as any that is large."""
    log_x = xp.maximum(log_x, -1e9)
    return log_x * log_x * exprel_slope(xp, lmbda * log_x)


def boxcox1p_exponent(xp, g, x, lmbda):
    return g * by_exponent(xp, xp.log1p(arrays(xp, x, lmbda)[0]), lmbda)


def inv_boxcox_exponent(xp, g, lmbda, out):
    return -g * out ** (1 - lmbda) * by_exponent(xp, xp.log(out), lmbda)


def inv_boxcox1p_exponent(xp, g, lmbda, out):
    return -g * (1 + out) ** (1 - lmbda) * by_exponent(xp, xp.log1p(out), lmbda)


rules("boxcox", x=lambda g, x, lmbda: g * x ** (lmbda - 1),
                lmbda=lambda xp, g, x, lmbda: g * by_exponent(xp, xp.log(arrays(xp, x, lmbda)[0]), lmbda))  # fmt: skip
rules("boxcox1p", x=lambda g, x, lmbda: g * (1 + x) ** (lmbda - 1),
                  lmbda=boxcox1p_exponent)  # fmt: skip
rules("inv_boxcox", y=lambda g, lmbda, out: g * out ** (1 - lmbda),
                    lmbda=inv_boxcox_exponent)  # fmt: skip
rules("inv_boxcox1p", y=lambda g, lmbda, out: g * (1 + out) ** (1 - lmbda),
                      lmbda=inv_boxcox1p_exponent)  # fmt: skip
