"""Random arrays. What is drawn is uniform, normal or of a distribution that NumPy's generators know.

Everything else is a function of such draws, so gradients flow to the parameters where MXNet 2 has them.
"""

from __future__ import annotations

from math import prod
from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.custom import custom_vjp
from xpgrad.discovery import backend_of
from xpgrad.mxnet.dtypes import default_float, dtype_of
from xpgrad.mxnet.generator import draw
from xpgrad.mxnet.ops.arrays import as_array, namespace, shape_of
from xpgrad.mxnet.ops.indexing import integers
from xpgrad.mxnet.promotion import cast
from xpgrad.mxnet.provide import writes
from xpgrad.namespace import active


def _size(size: Any, *parameters: Any) -> tuple[int, ...]:
    """The shape to draw: as asked for, or that of the parameters."""
    if size is not None:
        return shape_of(size)
    shapes = [p.shape for p in map(_array_or_number, parameters) if isinstance(p, Array)]
    return active().broadcast_shapes(*shapes) if shapes else ()


def _array_or_number(x: Any) -> Any:
    return x if isinstance(x, int | float) else as_array(x)


def _required(name: str, x: Any, zero_too: bool = False) -> Any:
    """A parameter, which must be positive, or with `zero_too` not negative; arrays on a device are not waited for.

    Raises
    ------
    ValueError
        If it is not.
    """
    x = _array_or_number(x)
    if isinstance(x, Array) and backend_of(x.data).count_nonzero is None:
        return x
    values = array_of(x.data) if isinstance(x, Array) else x
    holds = values >= 0 if zero_too else values > 0
    if not bool(namespace(holds).all(holds) if isinstance(holds, Array) else holds):
        raise ValueError(f"{name} must {'not be negative' if zero_too else 'be positive'}.")
    return x


def _dtype(dtype: Any) -> Any:
    return default_float() if dtype is None else dtype_of(dtype)


def uniform(low: Any = 0.0, high: Any = 1.0, size: Any = None, dtype: Any = None) -> Any:
    """Uniformly distributed between two numbers."""
    low, high = map(_array_or_number, (low, high))
    return low + (high - low) * draw("random", size=_size(size, low, high), dtype=dtype)


def normal(loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Any:
    """Normally distributed."""
    loc, scale = map(_array_or_number, (loc, scale))
    return loc + scale * draw("standard_normal", size=_size(size, loc, scale), dtype=dtype)


def uniform_n(low: Any = 0.0, high: Any = 1.0, batch_shape: Any = None, dtype: Any = None) -> Any:
    """For each pair of parameters so many numbers, uniformly distributed; their axes come first."""
    return uniform(low, high, (*shape_of(batch_shape or ()), *_size(None, low, high)), dtype)


def normal_n(loc: Any = 0.0, scale: Any = 1.0, batch_shape: Any = None, dtype: Any = None) -> Any:
    """For each pair of parameters so many numbers, normally distributed; their axes come first."""
    return normal(loc, scale, (*shape_of(batch_shape or ()), *_size(None, loc, scale)), dtype)


def rand(*size: int, dtype: Any = None) -> Any:
    """Uniformly distributed between 0 and 1."""
    return uniform(size=size, dtype=dtype)


def randn(*size: int, dtype: Any = None) -> Any:
    """Normally distributed with mean 0 and variance 1."""
    return normal(size=size, dtype=dtype)


def randint(low: Any, high: Any = None, size: Any = None, dtype: Any = None) -> Any:
    """Integers from `low` to before `high`; from 0 to before `low` where that is all."""
    if high is None:
        low, high = 0, low
    return draw("integers", low, high, size=_size(size), dtype=dtype or "int64")


def _of_uniform(transform: Any, doc: str) -> Any:
    """A distribution with a location and a scale that is a function of a uniformly distributed number."""

    def call(loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Any:
        loc, scale = map(_array_or_number, (loc, scale))
        u = draw("random", size=_size(size, loc, scale), dtype=dtype)
        return loc + scale * transform(namespace(u), u)

    call.__doc__ = doc
    return call


def _laplace(xp: Any, u: Array) -> Any:
    return -xp.sign(u - 0.5) * xp.log1p(-2 * xp.abs(u - 0.5))


laplace = _of_uniform(_laplace, "Distributed as the difference of two exponentially distributed numbers.")
gumbel = _of_uniform(lambda xp, u: -xp.log(-xp.log(1 - u)), "Distributed as the largest of many numbers.")
logistic = _of_uniform(lambda xp, u: xp.log(u) - xp.log1p(-u), "Distributed as the logarithm of odds.")


def _of_exponential(transform: Any, doc: str, name: str = "a") -> Any:
    """A distribution with one parameter that is a function of an exponentially distributed number."""

    def call(a: Any = 1.0, size: Any = None, dtype: Any = None, **named: Any) -> Any:
        a = _required(name, named.pop(name, a), zero_too=name == "scale")
        if named:
            raise TypeError(f"unknown parameters {', '.join(named)}: there are {name}, size, dtype and ctx.")
        e = -active().log1p(-draw("random", size=_size(size, a), dtype=dtype))
        return transform(active(), a, e)

    call.__doc__ = doc
    return call


rayleigh = _of_exponential(
    lambda xp, a, e: a * xp.sqrt(2 * e), "The length of a normally distributed vector in the plane.", "scale"
)
weibull = _of_exponential(lambda xp, a, e: e ** (1 / a), "A power of an exponentially distributed number.")
pareto = _of_exponential(lambda xp, a, e: xp.expm1(e / a), "Distributed with a tail that falls as a power.")
power = _of_exponential(lambda xp, a, e: xp.exp(-e / a), "Distributed as a power between 0 and 1.")


def exponential(scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Any:
    """Exponentially distributed."""
    scale = _required("scale", scale, zero_too=True)
    return scale * -active().log1p(-draw("random", size=_size(size, scale), dtype=dtype))


def lognormal(mean: Any = 0.0, sigma: Any = 1.0, size: Any = None, dtype: Any = None) -> Any:
    """The exponential of a normally distributed number."""
    return active().exp(as_array(normal(mean, _required("sigma", sigma, zero_too=True), size, dtype)))


def _known(name: str, count: int, doc: str) -> Any:
    """A distribution that generators know by name, with so many parameters."""

    def call(*parameters: Any, size: Any = None, dtype: Any = None) -> Any:
        if len(parameters) > count:
            *parameters, size = parameters  # type: ignore[assignment]  # a list serves as well
        parameters = tuple(map(_array_or_number, parameters))
        return draw(name, *parameters, size=_size(size, *parameters), dtype=dtype)

    call.__doc__ = doc
    return call


beta = _known("beta", 2, "Distributed as a probability of which successes and failures are known.")
chisquare = _known("chisquare", 1, "Distributed as a sum of squares of normally distributed numbers.")
f = _known("f", 2, "Distributed as the quotient of two variances.")
poisson = _known("poisson", 1, "The number of independent events, with a given mean.")
binomial = _known("binomial", 2, "The number of successes in n attempts of probability p.")


def negative_binomial(n: Any, p: Any, size: Any = None, dtype: Any = None) -> Any:
    """The number of failures before the n-th success: Poisson distributed with a mean that is gamma distributed."""
    n, p = map(_array_or_number, (n, p))
    mean = draw("standard_gamma", n, size=_size(size, n, p)) * ((1 - p) / p)
    return draw("poisson", mean, size=mean.shape, dtype=dtype)


def _gamma_slope(shape: Array, z: Array) -> Any:
    """How a gamma distributed number changes with the shape, at the same place of the distribution.

    The implicit gradient of M. Figurnov, S. Mohamed and A. Mnih, "Implicit Reparameterization Gradients" (2018); the
    derivative of the distribution function by its shape is a central difference, on the side of the smaller tail.
    """
    double = dtype_of("float64")
    a, x = cast(shape, double), cast(z, double)
    xp = namespace(a)
    step = 1e-4 * a
    lower, upper = ((f(a + step, x) - f(a - step, x)) / (2 * step) for f in (xp.special.gammainc, xp.special.gammaincc))
    density = xp.exp((a - 1) * xp.log(x) - x - xp.special.gammaln(a))
    return cast(xp.where(x < a, -lower, upper) / density, z.dtype)


_of_shape = custom_vjp(lambda shape, z: z)
_of_shape.defvjp(
    lambda shape, z: (z, (shape.detach(), z.detach())),
    lambda kept, g: (g * _gamma_slope(*kept), g),
)


def gamma(shape: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None) -> Any:
    """Gamma distributed."""
    shape, scale = _required("shape", shape), _required("scale", scale)
    z = draw("standard_gamma", shape, size=_size(size, shape, scale), dtype=dtype)
    if isinstance(shape, Array) and shape._node is not None:
        z = _of_shape(namespace(z).broadcast_to(shape, z.shape), z)
    return scale * z


def bernoulli(prob: Any = None, logit: Any = None, size: Any = None, dtype: Any = None) -> Any:
    """1 with a probability, otherwise 0; the probability may be given by its logit."""
    if (prob is None) == (logit is None):
        raise ValueError("bernoulli takes either prob or logit.")
    if prob is not None:
        _required("prob", prob, zero_too=True)
        _required("1 - prob", 1 - _array_or_number(prob), zero_too=True)
    else:
        prob = active().special.expit(as_array(logit))
    prob = _array_or_number(prob)
    return cast(draw("random", size=_size(size, prob)) < prob, _dtype(dtype))


def multinomial_n(n: Any, prob: Any, shape: Any = None) -> Any:
    """For each row of probabilities how often each of several outcomes occurs in n attempts; or so many times that."""
    counts, probabilities = as_array(n), as_array(prob)
    xp = namespace(probabilities)
    axes = () if shape is None else shape_of(shape)
    flat = [int(k) for k in xp.reshape(counts, (-1,)).tolist()]
    rows = xp.reshape(probabilities, (-1, probabilities.shape[-1]))
    found = [multinomial(k, rows[i], axes) for i, k in enumerate(flat)]
    return xp.reshape(xp.stack(found), (*counts.shape, *axes, probabilities.shape[-1]))


def multinomial(n: int, pvals: Any, size: Any = None) -> Any:
    """How often each of several outcomes occurs in n attempts."""
    probabilities = as_array(pvals)
    shape = () if size is None else shape_of(size)
    xp = namespace(probabilities)
    if not probabilities.size:
        return xp.zeros((*shape, *probabilities.shape), dtype=xp.int64)
    found = _categories(probabilities, (*shape, n))
    hits = xp.expand_dims(found, axis=-1) == xp.arange(probabilities.shape[-1], dtype=found.dtype)
    return xp.sum(cast(hits, xp.int64), axis=-2)


def _categories(probabilities: Array, shape: tuple[int, ...]) -> Any:
    """For each row of probabilities so many indices of outcomes."""
    xp = namespace(probabilities)
    bounds = xp.cumulative_sum(array_of(probabilities.data), axis=-1)
    bounds = xp.reshape(bounds, (*bounds.shape[:-1], *(1,) * len(shape), bounds.shape[-1]))
    u = draw("random", size=(*probabilities.shape[:-1], *shape), dtype=probabilities.dtype) * bounds[..., -1]
    return xp.sum(cast(xp.expand_dims(u, axis=-1) >= bounds[..., :-1], xp.int64), axis=-1)


def categorical(data: Any, shape: Any = (), get_prob: bool = False, dtype: Any = "int32") -> Any:
    """For each row of probabilities indices of outcomes; with `get_prob`, their log-probabilities, too."""
    data = as_array(data)
    xp = namespace(data)
    shape = () if shape in (None, ()) else shape_of(shape)
    found = _categories(data, shape)
    out = cast(found, dtype_of(dtype))
    if not get_prob:
        return out
    flat = xp.reshape(found, (*data.shape[:-1], -1))
    chosen = xp.take_along_axis(data, flat, axis=-1)
    return [out, xp.log(xp.reshape(chosen, out.shape))]


def permutation(x: Any) -> Any:
    """The rows of an array, or the numbers before an integer, in random order."""
    x = integers(active().arange(x)) if isinstance(x, int) else as_array(x)
    order = active().argsort(draw("random", size=(x.shape[0],)))
    return namespace(x).take(x, order, axis=0)


@writes("x")
def shuffle(x: Any) -> None:
    """Put the rows of an array into random order, in place."""
    x[...] = permutation(array_of(x.data))


def choice(a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
    """Elements of a vector, or numbers before an integer, at random."""
    values = active().arange(a) if isinstance(a, int) else as_array(a)
    shape = () if size is None else shape_of(size)
    n = values.shape[0]
    count = prod(shape)
    xp = namespace(values)
    if replace:
        weights = xp.ones((n,)) / n if p is None else as_array(p)
        places = _categories(weights, (count,))
    else:
        keys = draw("random", size=(n,))
        if p is not None:  # the largest of u^(1/p) (Efraimidis and Spirakis, 2006)
            weights = as_array(p, keys.dtype)
            keys = xp.where(weights > 0, keys ** (1 / xp.where(weights > 0, weights, 1.0)), -1.0)
        places = xp.argsort(keys, descending=True)[:count]
    return xp.reshape(xp.take(values, places, axis=0), shape)


def multivariate_normal(mean: Any, cov: Any, size: Any = None, check_valid: Any = None, tol: Any = None) -> Any:
    """Normally distributed vectors with a mean and a covariance matrix."""
    mean, cov = as_array(mean), as_array(cov)
    xp = namespace(mean)
    dtype = xp.result_type(mean, cov)
    wide = dtype if dtype in (xp.float32, xp.float64) else xp.float32  # of which libraries have factors
    mean, cov = xp.astype(mean, wide), xp.astype(cov, wide)
    lower = xp.linalg.cholesky(cov)
    batch = xp.broadcast_shapes(mean.shape[:-1], cov.shape[:-2])
    shape = (*(() if size is None else shape_of(size)), *batch)
    z = draw("standard_normal", size=(*shape, mean.shape[-1]), dtype=wide)
    return xp.astype(mean + xp.squeeze(xp.matmul(lower, xp.expand_dims(z, axis=-1)), -1), dtype, copy=False)
