"""The functions of scipy.special that a library must have of its own: here are their derivatives.

Names and inputs are SciPy's. An input without a rule is one by which the function has no derivative in closed form,
such as the order of a Bessel function. Formulas named by number alone are those of the Digital Library of Mathematical
Functions (DLMF). Where a formula divides by what may be 0, a series is taken around that point, so that derivatives of
all orders are right there, or else the limit at it.
"""

from math import factorial, log, pi, sqrt

from xpgrad.primitive import primitive, vjp
from xpgrad.rules.approximations import arrays, polynomial
from xpgrad.rules.elementwise import is_complex, pow_base, pow_exponent, real, zero
from xpgrad.rules.special import quotient
from xpgrad.rules.statistical import times


def elementwise(names, inputs):
    """Register functions that the library itself must have."""
    for name in names.split():
        primitive(f"special.{name}", inputs, elementwise=True)


def rules(names, **by_input):
    """Register the rules of functions."""
    vjp(" ".join(f"special.{name}" for name in names.split()), **by_input)


def made(name, inputs, implementation):
    """Register a function that can be made of the standard's, of arrays only."""
    of_two = len(inputs.split()) == 2
    primitive(
        f"special.{name}",
        inputs,
        elementwise=True,
        implementation=(lambda xp, x, y: implementation(xp, *arrays(xp, x, y))) if of_two else implementation,
    )


def limit(xp, x, at_zero, f):
    """f(x), and its limit where x is 0."""
    nothing = x == 0
    return xp.where(nothing, at_zero, f(xp.where(nothing, 0.5, x)))


def around(xp, x, radius, series, f):
    """f(x), and a series for magnitudes below the radius, where f loses digits."""
    near = xp.abs(x) < radius
    return xp.where(near, series(xp.where(near, x, 0.0)), f(xp.where(near, radius, x)))


def over(xp, f, x, coefficients):
    """f / x, and near 0 the polynomial in the square of x."""
    return around(xp, x, 1.0, lambda y: polynomial(y * y, coefficients), lambda y: f / y)


# Exponentials, logarithms, angles.

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
               y=lambda xp, g, x, out: pow_exponent(xp, g, x, out + 1))  # fmt: skip
rules("sindg", x=lambda xp, g, x: g * (pi / 180 * xp.special.cosdg(x)))
rules("cosdg", x=lambda xp, g, x: -g * (pi / 180 * xp.special.sindg(x)))
rules("tandg", x=lambda g, out: g * (pi / 180 * (1 + out * out)))
rules("cotdg", x=lambda g, out: -g * (pi / 180 * (1 + out * out)))
rules("radian", d=lambda g: g * (pi / 180), m=lambda g: g * (pi / 10800), s=lambda g: g * (pi / 648000))
rules("round", x=zero)
rules("exp1", x=lambda xp, g, x: -g * (xp.exp(-x) / x))
rules("expi", x=lambda xp, g, x: g * (xp.exp(x) / x))
rules("expn", x=expn)
rules("exprel", x=lambda xp, g, x: g * exprel_slope(xp, x))
rules("spence", x=lambda xp, g, x: -g * log_chord(xp, x))
rules("lambertw", x=lambda xp, g, out: times(xp, g, xp.exp(-out) / (1 + out)))
rules("wrightomega", x=lambda g, out: g * (out / (1 + out)))

# Power transformations.

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

# Losses and entropies.

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

# Gamma and beta functions. `digamma` is psi, the logarithmic derivative of `gamma`.

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


def psi_difference(xp, x, y):
    """psi(x) - psi(y); of two poles that move alike the limit, by reflection (5.5.4)."""
    poles = pole(xp, x) & pole(xp, y)
    return psi(xp, xp.where(poles, 1 - x, x)) - psi(xp, xp.where(poles, 1 - y, y))


def rgamma_slope(xp, x):
    """The derivative of 1 / gamma; left of 1/2, where gamma has its poles, by reflection (5.5.3)."""
    left = real(xp, x) < 0.5
    y = xp.where(left, 1 - x, x)
    reflected = xp.special.gamma(y) * (xp.cos(pi * x) - xp.sin(pi * x) * psi(xp, y) / pi)
    return xp.where(left, reflected, -xp.special.rgamma(y) * psi(xp, y))


def ratio_slope(xp, out, rest, x, y):
    """The derivative of out = rest / gamma(y), where gamma(x) is a factor of the rest, and x and y move alike.

    Where y alone is a pole, out is 0, but its derivative is not.
    """
    at_pole = rest * (psi(xp, x) * xp.special.rgamma(y) + rgamma_slope(xp, y))
    return xp.where(pole(xp, y) & ~pole(xp, x), at_pole, out * psi_difference(xp, x, y))


def beta_slope(xp, g, a, b, out):
    """By the first parameter."""
    a, b = arrays(xp, a, b)
    return g * ratio_slope(xp, out, xp.special.gamma(a) * xp.special.gamma(b), a, a + b)


def poch_slope(xp, g, z, m, out):
    z, m = arrays(xp, z, m)
    return g * ratio_slope(xp, out, xp.special.gamma(z + m), z + m, z)


def binom_slope(xp, n, k, out, by_n):
    n, k = arrays(xp, n, k)
    rest = xp.special.gamma(n + 1) * xp.special.rgamma(k + 1)
    return ratio_slope(xp, out, rest, n + 1 if by_n else k + 1, n - k + 1)


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
rules("betaln", a=lambda xp, g, a, b: g * psi_difference(xp, arrays(xp, a, b)[0], a + b),
                b=lambda xp, g, a, b: g * psi_difference(xp, arrays(xp, b, a)[0], a + b))  # fmt: skip
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

# Distributions: their derivative by the argument is the density.

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

# Error functions.

elementwise("dawsn erfcinv erfi ndtri_exp", "x")
primitive("special.wofz", "x")  # complex for real numbers, too, which only the general form restores
elementwise("owens_t", "h a")

rules("dawsn", x=lambda g, x, out: g * (1 - 2 * x * out))
rules("erfcinv", x=lambda xp, g, out: g * (-sqrt(pi) / 2 * xp.exp(out * out)))
rules("erfi", x=lambda xp, g, x: g * (2 / sqrt(pi) * xp.exp(x * x)))
rules("ndtri_exp", x=lambda xp, g, x, out: g * (sqrt(2 * pi) * xp.exp(x + out * out / 2)))
rules("wofz", x=lambda xp, g, x, out: times(xp, g, 2j / sqrt(pi) - 2 * x * out))
rules("owens_t", h=lambda xp, g, h, a: -g * (xp.exp(-h * h / 2) * xp.special.erf(a * h / sqrt(2)) / sqrt(8 * pi)),
                 a=lambda xp, g, h, a: g * (xp.exp(-h * h * (1 + a * a) / 2) / (2 * pi * (1 + a * a))))  # fmt: skip

# Bessel functions (10.6, 10.29) and their kin.

elementwise("i0 i0e i1 i1e j0 j1 k0 k0e k1 k1e y0 y1", "x")
elementwise("hankel1 hankel1e hankel2 hankel2e iv ive jn jv jve kn kv kve modstruve struve yn yv yve", "order x")


#: The coefficients of i1(x) / x; those of j1 have alternating signs.
I1_OVER_X = [1 / (2 * 4**n * factorial(n) * factorial(n + 1)) for n in range(10)]
J1_OVER_X = [(-1) ** n * c for n, c in enumerate(I1_OVER_X)]


def i1e(xp, g, x, out):
    """As i1, and the derivative of the factor exp(-abs(x))."""
    scale = xp.exp(-xp.abs(x))
    over_x = around(xp, x, 1.0, lambda y: scale * polynomial(y * y, I1_OVER_X), lambda y: out / y)
    return g * (xp.special.i0e(x) - xp.sign(x) * out - over_x)


rules("i0", x=lambda xp, g, x: g * xp.special.i1(x))
rules("i1", x=lambda xp, g, x, out: g * (xp.special.i0(x) - over(xp, out, x, I1_OVER_X)))
rules("i0e", x=lambda xp, g, x, out: g * (xp.special.i1e(x) - xp.sign(x) * out))
rules("i1e", x=i1e)
rules("j0", x=lambda xp, g, x: -g * xp.special.j1(x))
rules("j1", x=lambda xp, g, x, out: g * (xp.special.j0(x) - over(xp, out, x, J1_OVER_X)))
rules("y0", x=lambda xp, g, x: -g * xp.special.y1(x))
rules("y1", x=lambda xp, g, x, out: g * (xp.special.y0(x) - out / x))
rules("k0", x=lambda xp, g, x: -g * xp.special.k1(x))
rules("k1", x=lambda xp, g, x, out: -g * (xp.special.k0(x) + out / x))
rules("k0e", x=lambda xp, g, x, out: g * (out - xp.special.k1e(x)))
rules("k1e", x=lambda xp, g, x, out: g * (out - xp.special.k0e(x) - out / x))


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

# Elliptic integrals, of the parameter m = k^2 (19.4).

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

# Hypergeometric functions (13.3, 15.5, 16.3).

elementwise("hyp0f1", "b x")
elementwise("hyp1f1 hyperu", "a b x")
elementwise("hyp2f1", "a b c x")

rules("hyp0f1", x=lambda xp, g, b, x: g * (xp.special.hyp0f1(b + 1, x) / b))
rules("hyp1f1", x=lambda xp, g, a, b, x: g * (a / b * xp.special.hyp1f1(a + 1, b + 1, x)))
rules("hyperu", x=lambda xp, g, a, b, x: -g * (a * xp.special.hyperu(a + 1, b + 1, x)))
rules("hyp2f1", x=lambda xp, g, a, b, c, x: g * (a * b / c * xp.special.hyp2f1(a + 1, b + 1, c + 1, x)))

# Orthogonal polynomials (18.9).

elementwise("eval_chebyt eval_chebyu eval_hermite eval_hermitenorm eval_laguerre eval_legendre", "n x")
elementwise("eval_gegenbauer eval_genlaguerre", "n alpha x")
elementwise("eval_jacobi", "n alpha beta x")


def below(xp, name, factor, n, *arguments):
    """A factor times the polynomial of the next lower degree; that of degree 0 is constant."""
    polynomial = getattr(xp.special, name)(n - 1 + (n == 0), *arguments)
    return xp.where(n != 0, factor * polynomial, 0.0)


def chebyu(xp, g, n, x):
    """Of degree -n - 2 it is the negative of that of degree n."""
    reflected = xp.where(n < -1, -n - 2, n)
    return g * xp.where(n < -1, -1.0, 1.0) * below(xp, "eval_gegenbauer", 2.0, reflected, 2.0, x)


def legendre(xp, g, n, x):
    """Of degree -n - 1 it is that of degree n."""
    n = xp.where(n < 0, -n - 1, n)
    return g * below(xp, "eval_jacobi", (n + 1) / 2, n, 1.0, 1.0, x)


def jacobi(xp, g, n, alpha, beta, x):
    return g * below(xp, "eval_jacobi", (n + alpha + beta + 1) / 2, n, alpha + 1, beta + 1, x)


rules("eval_chebyt", x=lambda xp, g, n, x: g * below(xp, "eval_chebyu", n, n, x))
rules("eval_chebyu", x=chebyu)
rules("eval_hermite", x=lambda xp, g, n, x: g * below(xp, "eval_hermite", 2 * n, n, x))
rules("eval_hermitenorm", x=lambda xp, g, n, x: g * below(xp, "eval_hermitenorm", n, n, x))
rules("eval_laguerre", x=lambda xp, g, n, x: g * below(xp, "eval_genlaguerre", -1.0, n, 1.0, x))
rules("eval_legendre", x=legendre)
rules("eval_gegenbauer", x=lambda xp, g, n, alpha, x: g * below(xp, "eval_gegenbauer", 2 * alpha, n, alpha + 1, x))
rules("eval_genlaguerre", x=lambda xp, g, n, alpha, x: g * below(xp, "eval_genlaguerre", -1.0, n, alpha + 1, x))
rules("eval_jacobi", x=jacobi)

# Of several results: Airy functions, and integrals.


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
