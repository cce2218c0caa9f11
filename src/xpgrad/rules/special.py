"""Functions beyond the standard: special functions, under the names that SciPy gives them, and normalised exponentials.

A library's own functions compute the special ones, where it has them, and `approximations` does elsewhere. Without an
`implementation`, a function is there for the libraries that have it: `scipy_special` has most of those.

Sub-gradients: 0 for `logsumexp` where all numbers are -inf, and 1 for each that is inf; 0 for `xlogy` and `xlog1py` by
a factor that is 0 where the logarithm is not finite, and by the argument where both are 0.
"""

from math import exp, factorial, inf, pi, sqrt

from xpgrad.primitive import primitive, vjp
from xpgrad.rules import approximations
from xpgrad.rules.elementwise import real
from xpgrad.rules.statistical import reduced, reinsert, times

for name in (
    "digamma erf erfc erfcx erfinv entr expit gammaln log_expit log_ndtr logit ndtr ndtri psi xlog1py xlogy zeta"
).split():
    inputs = {"xlog1py": "x y", "xlogy": "x y", "zeta": "order q"}.get(name, "x")
    primitive(f"special.{name}", inputs, elementwise=True, implementation=getattr(approximations, name))
primitive("sigmoid", "x", elementwise=True, implementation=approximations.expit)


def polygamma(xp, order, x):
    """The derivatives of `digamma`; SciPy's own turns float32 into float64."""
    if hasattr(order, "dtype"):
        n = xp.astype(order, x.dtype) + 1
        factor = xp.where(xp.remainder(n, 2.0) == 0, 1.0, -1.0) * xp.special.gamma(n)
        return xp.where(order == 0, xp.special.digamma(x), factor * xp.special.zeta(n, x))
    if order == 0:
        return xp.special.digamma(x)
    return (-1) ** (order + 1) * float(factorial(order)) * xp.special.zeta(order + 1.0, x)


primitive("special.cbrt", "x", elementwise=True, implementation=lambda xp, x: xp.sign(x) * xp.abs(x) ** (1 / 3))
primitive("special.polygamma", "order x", implementation=polygamma)


def erfcx_slope(xp, x, out):
    """2 x out - 2 / sqrt(pi); right of 3, lest that cancel, minus 2 / pi the integral of t^2 exp(-t^2) / (x^2 + t^2).

    The integral is by the trapezoidal rule with step 2/5, as in `approximations.erfcx_far`.
    """
    right = real(xp, x) > 3
    far = xp.where(right, x, 3.0)
    squares = [(0.4 * k) ** 2 for k in range(1, 16)]
    integral = 0.8 * sum(t2 * exp(-t2) / (far + t2 / far) for t2 in squares) / far
    return xp.where(right, -2 / pi * integral, 2 * x * out - 2 / sqrt(pi))


vjp("special.cbrt", x=lambda g, out: g / (3 * out * out))
vjp("special.digamma special.psi", x=lambda xp, g, x: g * xp.special.zeta(2.0, x))
vjp("special.entr", x=lambda xp, g, x: -g * (xp.log(x) + 1))
vjp("special.erf", x=lambda xp, g, x: g * (2 / sqrt(pi) * xp.exp(-x * x)))
vjp("special.erfc", x=lambda xp, g, x: g * (-2 / sqrt(pi) * xp.exp(-x * x)))
vjp("special.erfcx", x=lambda xp, g, x, out: g * erfcx_slope(xp, x, out))
vjp("special.erfinv", x=lambda xp, g, out: g * (sqrt(pi) / 2 * xp.exp(out * out)))
vjp("special.expit sigmoid", x=lambda g, out: g * (out * (1 - out)))
vjp("special.gammaln", x=lambda xp, g, x: g * xp.special.digamma(x))
vjp("special.log_expit", x=lambda xp, g, x: g * xp.special.expit(-x))
vjp("special.log_ndtr", x=lambda xp, g, x: g * (sqrt(2 / pi) / xp.special.erfcx(-x / sqrt(2))))
vjp("special.logit", x=lambda g, x: g / (x * (1 - x)))
vjp("special.ndtr", x=lambda xp, g, x: g * (xp.exp(-x * x / 2) / sqrt(2 * pi)))
vjp("special.ndtri", x=lambda xp, g, out: g * (sqrt(2 * pi) * xp.exp(out * out / 2)))
vjp("special.polygamma", x=lambda xp, g, order, x: times(xp, g, xp.special.polygamma(order + 1, x)))
vjp("special.zeta", q=lambda xp, g, order, q: g * (-order * xp.special.zeta(order + 1, q)))


def log_or_zero(xp, g_log, x, argument):
    """The cotangent g times a logarithm, and 0 where the factor of that logarithm is 0 and it has no finite value."""
    return xp.where((x == 0) & (argument <= 0), 0.0, g_log)


def quotient(xp, g, x, argument):
    """g * x / argument, and 0 where both are 0."""
    nothing = (x == 0) & (argument == 0)
    return g * xp.where(nothing, 0.0, x / xp.where(nothing, 1.0, argument))


vjp("special.xlogy", x=lambda xp, g, x, y: log_or_zero(xp, xp.special.xlogy(g, y), x, y),
                     y=lambda xp, g, x, y: quotient(xp, g, x, y))  # fmt: skip
vjp("special.xlog1py", x=lambda xp, g, x, y: log_or_zero(xp, xp.special.xlog1py(g, y), x, 1 + y),
                       y=lambda xp, g, x, y: quotient(xp, g, x, 1 + y))  # fmt: skip


def logsumexp(xp, x, axis=None, keepdims=False):
    """The logarithm of a sum of exponentials, of which the largest is taken out so that none overflows."""
    if 0 in x.shape:
        return xp.sum(x, axis=axis, keepdims=keepdims) - inf
    top = xp.max(x, axis=axis, keepdims=True)
    finite = xp.isfinite(top)
    total = xp.sum(xp.exp(x - xp.where(finite, top, 0.0)), axis=axis, keepdims=True)
    out = xp.log(xp.where(finite, total, 1.0)) + top
    lost = () if keepdims else reduced(axis, x.ndim)
    return xp.reshape(out, tuple(n for i, n in enumerate(out.shape) if i not in lost))


def softmax(xp, x, axis=-1):
    """Exponentials divided by their sum."""
    if 0 in x.shape:
        return xp.exp(x)
    e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return e / xp.sum(e, axis=axis, keepdims=True)


def log_softmax(xp, x, axis=-1):
    """Its logarithm, which stays finite where it is 0 to rounding."""
    if 0 in x.shape:
        return xp.exp(x)
    low = x - xp.max(x, axis=axis, keepdims=True)
    return low - xp.log(xp.sum(xp.exp(low), axis=axis, keepdims=True))


primitive("logsumexp", "x", axis=None, keepdims=False, implementation=logsumexp)
primitive("log_softmax", "x", axis=-1, implementation=log_softmax)
primitive("softmax", "x", axis=-1, implementation=softmax)
# SciPy's run over all axes by default.
primitive("special.log_softmax", "x", axis=None, implementation=lambda xp, x, axis=None: log_softmax(xp, x, axis))
primitive("special.softmax", "x", axis=None, implementation=lambda xp, x, axis=None: softmax(xp, x, axis))


def shares(xp, g, x, out, x_shape, axis, keepdims):
    """Every number's share in the sum of exponentials."""
    out = reinsert(xp, out, x_shape, axis, keepdims)
    log_share = xp.where(x == inf, 0.0, x - xp.where(out == -inf, 0.0, out))
    return times(xp, reinsert(xp, g, x_shape, axis, keepdims), xp.exp(log_share))


def softmax_x(xp, g, out, axis):
    """out (g - sum of g * out)."""
    g_out = times(xp, g, out)
    return g_out - times(xp, xp.sum(g_out, axis=axis, keepdims=True), out)


def log_softmax_x(xp, g, out, axis):
    """g - exp(out) times the sum of g."""
    return g - times(xp, xp.sum(g, axis=axis, keepdims=True), xp.exp(out))


vjp("logsumexp", x=shares)
vjp("softmax special.softmax", x=softmax_x)
vjp("log_softmax special.log_softmax", x=log_softmax_x)
