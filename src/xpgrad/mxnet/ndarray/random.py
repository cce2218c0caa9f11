"""mx.nd.random: random arrays in the style of MXNet 1."""

from __future__ import annotations

from xpgrad.mxnet.arrays import NDArray
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.ops import sampling
from xpgrad.mxnet.provide import named, provide_all

_FUNCTIONS = named(
    sampling,
    "uniform normal randn exponential gamma poisson binomial negative_binomial generalized_negative_binomial randint "
    "multinomial categorical shuffle uniform_like normal_like exponential_like gamma_like poisson_like "
    "negative_binomial_like",
)

globals().update(provide_all(_FUNCTIONS, NDArray))

__getattr__ = lacking("mx.nd.random", globals())
