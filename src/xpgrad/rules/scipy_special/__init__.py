"""The functions of scipy.special that a library must have of its own: here are their derivatives.

Names and inputs are SciPy's. An input without a rule is one by which the function has no derivative in closed form,
such as the order of a Bessel function. Formulas named by number alone are those of the Digital Library of Mathematical
Functions (DLMF). Where a formula divides by what may be 0, a series is taken around that point, so that derivatives of
all orders are right there, or else the limit at it.
"""

from xpgrad.rules.scipy_special import (
    bessel,
    distributions,
    elliptic,
    exponentials,
    gamma,
    integrals,
    losses,
    polynomials,
    powers,
)

__all__ = [
    "bessel",
    "distributions",
    "elliptic",
    "exponentials",
    "gamma",
    "integrals",
    "losses",
    "polynomials",
    "powers",
]
