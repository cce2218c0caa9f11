"""Random arrays as MXNet 1 draws them: `shape` numbers for each parameter, of which no gradient is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.mxnet.ops import distributions
from xpgrad.mxnet.ops.arrays import as_array, namespace, shape_of
from xpgrad.mxnet.promotion import cast
from xpgrad.mxnet.util import is_np_shape


def _shape(shape: Any) -> tuple[int, ...]:
    return () if shape is None else shape_of(shape)


def _sampled(sample: Callable[..., Any], names: str, defaults: tuple[float, ...], doc: str) -> Callable[..., Any]:
    """A distribution with `shape` in place of NumPy's size."""

    def call(*arguments: Any, shape: Any = None, dtype: Any = None, **keywords: Any) -> Any:
        expected = names.split()
        if len(arguments) > len(expected):
            arguments, (shape, *rest) = arguments[: len(expected)], arguments[len(expected) :]
            dtype = rest[0] if rest else dtype
        given = dict(zip(expected, defaults, strict=True)) | dict(zip(expected, arguments, strict=False)) | keywords
        if unknown := given.keys() - set(expected):
            raise TypeError(
                f"unknown parameters {', '.join(sorted(unknown))}: there are {names}, shape, dtype and ctx."
            )
        parameters = [array_of(x.data) if isinstance(x, Array) else x for x in given.values()]
        own: tuple[int, ...] = next((x.shape for x in parameters if isinstance(x, Array)), ())
        wanted = _shape(shape)
        many = [
            namespace(x).reshape(x, (*x.shape, *(1,) * len(wanted))) if isinstance(x, Array) else x for x in parameters
        ]
        kind = None if dtype in (None, "None") else dtype
        return sample(*many, size=(*own, *wanted) or (() if shape == () and is_np_shape() else (1,)), dtype=kind)

    call.__doc__ = doc
    return call


def _exponential_rate(lam: Any, size: Any, dtype: Any) -> Any:
    return distributions.exponential(1 / lam, size, dtype)


def _generalized_negative_binomial(mu: Any, alpha: Any, size: Any, dtype: Any) -> Any:
    """A Poisson distribution whose mean is gamma distributed with mean mu and variance alpha mu^2."""
    mean = distributions.gamma(1 / alpha, alpha * mu, size)
    return distributions.poisson(mean, size=size, dtype=dtype)


def _negative_binomial(k: Any, p: Any, size: Any, dtype: Any) -> Any:
    return distributions.negative_binomial(k, p, size=size, dtype=dtype)


def _poisson(lam: Any, size: Any, dtype: Any) -> Any:
    return distributions.poisson(lam, size=size, dtype=dtype)


def _binomial(n: Any, p: Any, size: Any, dtype: Any) -> Any:
    return distributions.binomial(n, p, size=size, dtype=dtype)


def _randint(low: Any, high: Any, size: Any, dtype: Any) -> Any:
    return distributions.randint(low, high, size, dtype or "int32")


uniform = _sampled(distributions.uniform, "low high", (0.0, 1.0), "Uniformly distributed between two numbers.")
normal = _sampled(distributions.normal, "loc scale", (0.0, 1.0), "Normally distributed.")
exponential = _sampled(distributions.exponential, "scale", (1.0,), "Exponentially distributed.")
gamma = _sampled(distributions.gamma, "alpha beta", (1.0, 1.0), "Gamma distributed, with shape alpha and scale beta.")
poisson = _sampled(_poisson, "lam", (1.0,), "The number of independent events, with a given mean.")
binomial = _sampled(_binomial, "n p", (1, 0.5), "The number of successes in n attempts of probability p.")
negative_binomial = _sampled(_negative_binomial, "k p", (1, 1.0), "The number of failures before the k-th success.")
generalized_negative_binomial = _sampled(
    _generalized_negative_binomial, "mu alpha", (1.0, 1.0), "The number of failures, with mean mu and dispersion alpha."
)
randint = _sampled(_randint, "low high", (0, 2), "Integers from one number to before another.")
random_exponential = _sampled(_exponential_rate, "lam", (1.0,), "Exponentially distributed, with a rate.")
sample_normal = _sampled(
    distributions.normal, "mu sigma", (0.0, 1.0), "Normally distributed, for every mean and deviation."
)


def randn(*shape: int, loc: Any = 0.0, scale: Any = 1.0, dtype: Any = None) -> Any:
    """Normally distributed."""
    return normal(loc, scale, shape=shape or (1,), dtype=dtype)


def categorical(data: Any, shape: Any = (), get_prob: bool = False, dtype: Any = "int32") -> Any:
    """For each row of probabilities indices of outcomes; with `get_prob`, their log-probabilities, too."""
    return distributions.categorical(data, shape, get_prob, dtype)


def multinomial(
    data: Any = None, shape: Any = (), get_prob: bool = False, dtype: Any = None, n: Any = None, p: Any = None
) -> Any:
    """As `categorical`; with `n` and `p` how often each outcome occurs in n attempts, as in MXNet 2."""
    if n is None:
        return categorical(data, shape, get_prob, dtype or "int32")
    return distributions.multinomial_n(n, p, shape or None)


def shuffle(data: Any) -> Any:
    """The rows of an array in random order."""
    return distributions.permutation(data)


def _like(sample: Callable[..., Any]) -> Callable[..., Any]:
    def call(data: Any, *parameters: Any, **keywords: Any) -> Any:
        data = as_array(data)
        return cast(sample(*parameters, shape=data.shape, **keywords), data.dtype)

    call.__doc__ = f"{sample.__doc__} Of the shape of an array."
    return call


uniform_like, normal_like, exponential_like, gamma_like, poisson_like, negative_binomial_like = map(
    _like, (uniform, normal, random_exponential, gamma, poisson, negative_binomial)
)
