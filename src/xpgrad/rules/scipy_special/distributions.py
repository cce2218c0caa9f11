"""Distributions, whose derivative by the argument is the density, and error functions."""

from math import pi, prod, sqrt

from xpgrad.primitive import primitive
from xpgrad.rules.approximations import arrays, polynomial
from xpgrad.rules.elementwise import is_complex
from xpgrad.rules.scipy_special.common import elementwise, far_out, limit, rules
from xpgrad.rules.scipy_special.gamma import beta_density, gamma_density
from xpgrad.rules.statistical import times

elementwise("chdtr chdtrc chdtri", "v x")
elementwise("fdtr fdtrc fdtri", "dfn dfd x")
elementwise("gdtr gdtrc", "a b x")
elementwise("stdtr stdtrit", "df x")
elementwise("pdtr pdtrc", "k x")
elementwise("bdtr bdtrc", "k n x")
elementwise("nbdtr nbdtrc", "k n x")


def student_density(xp, df, t):
    df, t = arrays(xp, df, t)
    half = xp.special.betaln(df / 2, 0.5 + 0 * df)
    return xp.exp(-half - xp.log(df) / 2 - (df + 1) / 2 * xp.log1p(t * t / df))


def fisher_density(xp, dfn, dfd, x):
    """That of the beta distribution at dfn x / (dfn x + dfd)."""
    whole = dfn * x + dfd
    return beta_density(xp, dfn / 2, dfd / 2, dfn * x / whole) * dfn * dfd / (whole * whole)


def gdtr_rate(xp, a, b, x):
    """By the rate of a gamma distribution: x times the density at a x."""
    return limit(xp, arrays(xp, x, a)[0], 0.0, lambda x: x * gamma_density(xp, b, a * x))


def poisson_density(xp, k, x):
    return gamma_density(xp, k // 1 + 1, x)


def binomial_density(xp, k, n, p):
    k, n = k // 1, n // 1
    return beta_density(xp, k + 1, n - k, p)


rules("chdtr", x=lambda xp, g, v, x: g * (gamma_density(xp, v / 2, x / 2) / 2))
rules("chdtrc", x=lambda xp, g, v, x: -g * (gamma_density(xp, v / 2, x / 2) / 2))
rules("chdtri", x=lambda xp, g, v, out: -g / (gamma_density(xp, v / 2, out / 2) / 2))
rules("fdtr", x=lambda xp, g, dfn, dfd, x: g * fisher_density(xp, dfn, dfd, x))
rules("fdtrc", x=lambda xp, g, dfn, dfd, x: -g * fisher_density(xp, dfn, dfd, x))
rules("fdtri", x=lambda xp, g, dfn, dfd, out: g / fisher_density(xp, dfn, dfd, out))
rules("gdtr", x=lambda xp, g, a, b, x: g * (a * gamma_density(xp, b, a * x)),
              a=lambda xp, g, a, b, x: g * gdtr_rate(xp, a, b, x))  # fmt: skip
rules("gdtrc", x=lambda xp, g, a, b, x: -g * (a * gamma_density(xp, b, a * x)),
               a=lambda xp, g, a, b, x: -g * gdtr_rate(xp, a, b, x))  # fmt: skip
rules("stdtr", x=lambda xp, g, df, x: g * student_density(xp, df, x))
rules("stdtrit", x=lambda xp, g, df, out: g / student_density(xp, df, out))
rules("pdtr", x=lambda xp, g, k, x: -g * poisson_density(xp, k, x))
rules("pdtrc", x=lambda xp, g, k, x: g * poisson_density(xp, k, x))
rules("bdtr", x=lambda xp, g, k, n, x: -g * binomial_density(xp, k, n, x))
rules("bdtrc", x=lambda xp, g, k, n, x: g * binomial_density(xp, k, n, x))
rules("nbdtr", x=lambda xp, g, k, n, x: g * beta_density(xp, n // 1, k // 1 + 1, x))
rules("nbdtrc", x=lambda xp, g, k, n, x: -g * beta_density(xp, n // 1, k // 1 + 1, x))

elementwise("dawsn erfcinv erfi ndtri_exp", "x")
primitive("special.wofz", "x")  # complex for real numbers, too, which only the general form restores
elementwise("owens_t", "h a")


#: Of Dawson's integral F, the coefficients of 1 - 2 x F(x), the derivative, in the powers of 1 / x^2 (7.12.1).
DAWSON = [0.0] + [-prod(range(1, 2 * n, 2)) / 2**n for n in range(1, 16)]


def dawsn_slope(xp, x, out):
    """1 - 2 x out, and far out on the real line, where that cancels, its asymptotic series."""
    slope = 1 - 2 * x * out
    return slope if is_complex(xp, x) else far_out(xp, x, 10.0, lambda u: polynomial(u * u, DAWSON), lambda y: slope)


rules("dawsn", x=lambda xp, g, x, out: g * dawsn_slope(xp, x, out))
rules("erfcinv", x=lambda xp, g, out: g * (-sqrt(pi) / 2 * xp.exp(out * out)))
rules("erfi", x=lambda xp, g, x: g * (2 / sqrt(pi) * xp.exp(x * x)))
rules("ndtri_exp", x=lambda xp, g, out: g * (sqrt(pi / 2) * xp.special.erfcx(-out / sqrt(2))))
rules("wofz", x=lambda xp, g, x, out: times(xp, g, 2j / sqrt(pi) - 2 * x * out))
rules("owens_t", h=lambda xp, g, h, a: -g * (xp.exp(-h * h / 2) * xp.special.erf(a * h / sqrt(2)) / sqrt(8 * pi)),
                 a=lambda xp, g, h, a: g * (xp.exp(-h * h * (1 + a * a) / 2) / (2 * pi * (1 + a * a))))  # fmt: skip
