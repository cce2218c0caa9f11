"""The densities of distributions, or their logarithms: every sample beside the parameters of its distribution."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from math import log, pi
from typing import Any

from xpgrad.mxnet.ops.arrays import as_array, namespace

Function = Callable[..., Any]


def _density(logarithm: Function, doc: str) -> Function:
    """The density whose logarithm is given as a function of namespace, samples and parameters."""
    names = list(signature(logarithm).parameters)[2:]

    def call(sample: Any, *parameters: Any, is_log: bool = False, **named: Any) -> Any:
        x = as_array(sample)
        xp = namespace(x)
        shaped = [as_array(p, x.dtype) for p in (*parameters, *(named[n] for n in names if n in named))]
        for p in shaped:
            if x.shape[: p.ndim] != p.shape:
                raise ValueError(f"samples of shape {x.shape} do not belong to parameters of shape {p.shape}.")
        extra = (1,) * (x.ndim - max((p.ndim for p in shaped), default=0))
        found = logarithm(xp, x, *(xp.reshape(p, (*p.shape, *extra)) for p in shaped))
        return found if is_log else xp.exp(found)

    call.__doc__ = doc
    return call


def _uniform(xp: Any, x: Any, low: Any, high: Any) -> Any:
    return xp.where((x >= low) & (x <= high), -xp.log(high - low), -float("inf"))


def _normal(xp: Any, x: Any, mu: Any, sigma: Any) -> Any:
    return -0.5 * ((x - mu) / sigma) ** 2 - xp.log(sigma) - 0.5 * log(2 * pi)


def _gamma(xp: Any, x: Any, alpha: Any, beta: Any) -> Any:
    return alpha * xp.log(beta) + (alpha - 1) * xp.log(x) - beta * x - xp.special.gammaln(alpha)


def _exponential(xp: Any, x: Any, lam: Any) -> Any:
    return xp.log(lam) - lam * x


def _poisson(xp: Any, x: Any, lam: Any) -> Any:
    return x * xp.log(lam) - lam - xp.special.gammaln(x + 1)


def _negative_binomial(xp: Any, x: Any, k: Any, p: Any) -> Any:
    ways = xp.special.gammaln(x + k) - xp.special.gammaln(x + 1) - xp.special.gammaln(k)
    return ways + k * xp.log(p) + x * xp.log(1 - p)


def _generalized_negative_binomial(xp: Any, x: Any, mu: Any, alpha: Any) -> Any:
    return _negative_binomial(xp, x, 1 / alpha, 1 / (mu * alpha + 1))


def pdf_dirichlet(sample: Any, alpha: Any, is_log: bool = False) -> Any:
    """The density of vectors of probabilities, which lie along the last axis."""
    x = as_array(sample)
    xp = namespace(x)
    a = as_array(alpha, x.dtype)
    if a.shape[-1] != x.shape[-1] or x.shape[: a.ndim - 1] != a.shape[:-1]:
        raise ValueError(f"samples of shape {x.shape} do not belong to parameters of shape {a.shape}.")
    a = xp.reshape(a, (*a.shape[:-1], *(1,) * (x.ndim - a.ndim), a.shape[-1]))
    constant = xp.special.gammaln(xp.sum(a, axis=-1)) - xp.sum(xp.special.gammaln(a), axis=-1)
    found = constant + xp.sum((a - 1) * xp.log(x), axis=-1)
    return found if is_log else xp.exp(found)


pdf_uniform = _density(_uniform, "The density between two numbers.")
pdf_normal = _density(_normal, "The density of a mean and a deviation.")
pdf_gamma = _density(_gamma, "The density of a shape and a rate.")
pdf_exponential = _density(_exponential, "The density of a rate.")
pdf_poisson = _density(_poisson, "The probability of a number of events with a given mean.")
pdf_negative_binomial = _density(_negative_binomial, "The probability of a number of failures before the k-th success.")
pdf_generalized_negative_binomial = _density(
    _generalized_negative_binomial, "The probability of a number of failures with a given mean and dispersion."
)

NAMES = "uniform normal gamma exponential poisson negative_binomial generalized_negative_binomial dirichlet".split()
