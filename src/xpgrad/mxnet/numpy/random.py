"""mx.np.random: random arrays in NumPy's style."""

from __future__ import annotations

from xpgrad.mxnet.arrays import ndarray
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.generator import seed as seed
from xpgrad.mxnet.ops import distributions
from xpgrad.mxnet.provide import named, provide_all

FUNCTIONS = named(
    distributions,
    "uniform normal rand randn randint laplace gumbel logistic rayleigh weibull pareto power exponential lognormal "
    "beta chisquare f poisson binomial negative_binomial gamma multinomial permutation shuffle choice "
    "multivariate_normal",
)

globals().update(provide_all(FUNCTIONS, ndarray))

__getattr__ = lacking("mx.np.random", globals())
