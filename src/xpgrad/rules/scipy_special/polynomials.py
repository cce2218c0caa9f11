"""Hypergeometric functions (13.3, 15.5, 16.3) and orthogonal polynomials (18.9)."""

from xpgrad.rules.scipy_special.common import elementwise, rules

elementwise("hyp0f1", "b x")
elementwise("hyp1f1 hyperu", "a b x")
elementwise("hyp2f1", "a b c x")

rules("hyp0f1", x=lambda xp, g, b, x: g * (xp.special.hyp0f1(b + 1, x) / b))
rules("hyp1f1", x=lambda xp, g, a, b, x: g * (a / b * xp.special.hyp1f1(a + 1, b + 1, x)))
rules("hyperu", x=lambda xp, g, a, b, x: -g * (a * xp.special.hyperu(a + 1, b + 1, x)))
rules("hyp2f1", x=lambda xp, g, a, b, c, x: g * (a * b / c * xp.special.hyp2f1(a + 1, b + 1, c + 1, x)))

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
