"""Gamma and beta functions. `digamma` is psi, the logarithmic derivative of `gamma`."""

from math import pi

from xpgrad.rules.approximations import BERNOULLI, FAR, arrays
from xpgrad.rules.elementwise import real, zero
from xpgrad.rules.scipy_special.common import elementwise, made, rules

made("gammasgn", "x", lambda xp, x: xp.where((x < 0) & (xp.remainder(xp.floor(x), 2.0) == 1), -1.0, 1.0 + 0 * x))
made("gamma", "x", lambda xp, x: xp.special.gammasgn(x) * xp.exp(xp.special.gammaln(x)))
made("rgamma", "x", lambda xp, x: xp.special.gammasgn(x) * xp.exp(-xp.special.gammaln(x)))
made("loggamma", "x", lambda xp, x: xp.special.gammaln(x))
made("betaln", "a b", lambda xp, a, b: xp.special.gammaln(a) + xp.special.gammaln(b) - xp.special.gammaln(a + b))
made("beta", "a b", lambda xp, a, b: xp.special.gamma(a) * xp.special.gamma(b) * xp.special.rgamma(a + b))
made("poch", "z m", lambda xp, z, m: xp.special.gamma(z + m) * xp.special.rgamma(z))
made("binom", "n k", lambda xp, n, k: 1 / ((n + 1) * xp.special.beta(n - k + 1, k + 1)))
elementwise("gammainc gammaincc gammaincinv gammainccinv", "a x")
elementwise("betainc betaincc betaincinv betainccinv", "a b x")


def psi(xp, x):
    return xp.special.digamma(x)


def pole(xp, x):
    """Where gamma has its poles."""
    return (x <= 0) & (x == xp.floor(x))


def psi_step(xp, x, d):
    """psi(x + d) - psi(x) of positive numbers, without cancellation: recurrence (5.5.2) and series (5.11.2)."""
    y = x + d
    total = 0.0
    for k in range(FAR):
        total = total + d / (y + k) / (x + k)
    p, q = 1 / (x + FAR), 1 / (y + FAR)
    # p^2n - q^2n is p^2 - q^2 times the sum of p^2j q^(2n-2-2j).
    series, powers, q_power = 0.0, 1.0, 1.0
    for n, b in enumerate(BERNOULLI, 1):
        series = series + b / (2 * n) * powers
        q_power = q_power * q * q
        powers = powers * p * p + q_power
    return total + xp.log1p(d * p) + d * p * q * (0.5 + (p + q) * series)


def psi_difference(xp, x, y, d):
    """psi(x) - psi(y), where d is x - y, but may be known better; of two poles that move alike the limit (5.5.4)."""
    right, back = (x > 0) & (y > 0), d < 0
    low, size = xp.where(right, xp.where(back, x, y), 1.0), xp.where(right, xp.where(back, -d, d), 0.0)
    step = psi_step(xp, low, size)
    poles = pole(xp, x) & pole(xp, y)
    x, y = (xp.where(right, 1.0, xp.where(poles, 1 - z, z)) for z in (x, y))
    return xp.where(right, xp.where(back, -step, step), psi(xp, x) - psi(xp, y))


def rgamma_slope(xp, x):
    """The derivative of 1 / gamma; left of 1/2, where gamma has its poles, by reflection (5.5.3)."""
    left = real(xp, x) < 0.5
    y = xp.where(left, 1 - x, x)
    reflected = xp.special.gamma(y) * (xp.cos(pi * x) - xp.sin(pi * x) * psi(xp, y) / pi)
    return xp.where(left, reflected, -xp.special.rgamma(y) * psi(xp, y))


def ratio_slope(xp, out, rest, x, y, d):
    """The derivative of out = rest / gamma(y), where gamma(x) is a factor of the rest, and x and y = x - d move alike.

    Where y alone is a pole, out is 0, but its derivative is not.
    """
    at_pole = rest * (psi(xp, x) * xp.special.rgamma(y) + rgamma_slope(xp, y))
    return xp.where(pole(xp, y) & ~pole(xp, x), at_pole, out * psi_difference(xp, x, y, d))


def betaln_slope(xp, g, a, b):
    """By the first parameter."""
    a, b = arrays(xp, a, b)
    return g * psi_difference(xp, a, a + b, -b)


def beta_slope(xp, g, a, b, out):
    """By the first parameter."""
    a, b = arrays(xp, a, b)
    return g * ratio_slope(xp, out, xp.special.gamma(a) * xp.special.gamma(b), a, a + b, -b)


def poch_slope(xp, g, z, m, out):
    z, m = arrays(xp, z, m)
    return g * ratio_slope(xp, out, xp.special.gamma(z + m), z + m, z, m)


def binom_slope(xp, n, k, out, by_n):
    n, k = arrays(xp, n, k)
    rest = xp.special.gamma(n + 1) * xp.special.rgamma(k + 1)
    x, d = (n + 1, k) if by_n else (k + 1, 2 * k - n)
    return ratio_slope(xp, out, rest, x, n - k + 1, d)


def gamma_density(xp, a, x):
    """x**(a - 1) exp(-x) / gamma(a)."""
    a, x = arrays(xp, a, x)
    return xp.exp(xp.special.xlogy(a - 1, x) - x - xp.special.gammaln(a))


def beta_density(xp, a, b, x):
    """x**(a - 1) (1 - x)**(b - 1) / beta(a, b)."""
    a, b = (arrays(xp, parameter, x)[0] for parameter in (a, b))
    return xp.exp(xp.special.xlogy(a - 1, x) + xp.special.xlog1py(b - 1, -x) - xp.special.betaln(a, b))


rules("gammasgn", x=zero)
rules("gamma", x=lambda xp, g, x, out: g * (out * psi(xp, x)))
rules("rgamma", x=lambda xp, g, x: g * rgamma_slope(xp, x))
rules("loggamma", x=lambda xp, g, x: g * psi(xp, x))
rules("betaln", a=betaln_slope,
                b=lambda xp, g, a, b: betaln_slope(xp, g, b, a))  # fmt: skip
rules("beta", a=beta_slope,
              b=lambda xp, g, a, b, out: beta_slope(xp, g, b, a, out))  # fmt: skip
rules("poch", z=poch_slope,
              m=lambda xp, g, z, m, out: g * (out * psi(xp, z + m)))  # fmt: skip
rules("binom", n=lambda xp, g, n, k, out: g * binom_slope(xp, n, k, out, by_n=True),
               k=lambda xp, g, n, k, out: -g * binom_slope(xp, n, k, out, by_n=False))  # fmt: skip
rules("gammainc", x=lambda xp, g, a, x: g * gamma_density(xp, a, x))
rules("gammaincc", x=lambda xp, g, a, x: -g * gamma_density(xp, a, x))
rules("gammaincinv", x=lambda xp, g, a, out: g / gamma_density(xp, a, out))
rules("gammainccinv", x=lambda xp, g, a, out: -g / gamma_density(xp, a, out))
rules("betainc", x=lambda xp, g, a, b, x: g * beta_density(xp, a, b, x))
rules("betaincc", x=lambda xp, g, a, b, x: -g * beta_density(xp, a, b, x))
rules("betaincinv", x=lambda xp, g, a, b, out: g / beta_density(xp, a, b, out))
rules("betainccinv", x=lambda xp, g, a, b, out: -g / beta_density(xp, a, b, out))
