"""Random numbers: reproducible, of the right distributions, on every backend."""

import math

import numpy
import pytest

import xpgrad
import xpgrad.mxnet as mx
from xpgrad.mxnet import autograd, nd, np, npx
from xpgrad.mxnet.test_utils import (
    chi_square_check,
    gen_buckets_probs_with_ppf,
    mean_check,
    var_check,
    verify_generator,
)


@pytest.mark.parametrize("backend", ["numpy", "array_api_strict"])
@pytest.mark.parametrize("seed", [mx.random.seed, np.random.seed, npx.random.seed])
def test_a_seed_starts_the_numbers_anew(backend, seed):
    with xpgrad.use_backend(backend):
        draws = []
        for _ in range(2):
            seed(42)
            draws.append(
                [f().asnumpy().tolist() for f in (lambda: np.random.normal(size=3), lambda: nd.uniform(shape=2))]
            )
        assert draws[0] == draws[1]
        assert np.random.normal(size=3).asnumpy().tolist() != draws[0][0]
        seed(43)
        assert np.random.normal(size=3).asnumpy().tolist() != draws[0][0]


def test_arrays_are_the_backends():
    with xpgrad.use_backend("array_api_strict"):
        assert type(np.random.uniform(size=2).data).__module__.startswith("array_api_strict")
        assert type(nd.random.poisson(3, shape=2).data).__module__.startswith("array_api_strict")


#: The mean and the variance of distributions, of which many are drawn.
DISTRIBUTIONS = {
    "np.random.uniform(-1, 3, n)": (1, 16 / 12),
    "np.random.normal(2, 3, n)": (2, 9),
    "np.random.rand(*n)": (0.5, 1 / 12),
    "np.random.randn(*n)": (0, 1),
    "np.random.randint(0, 10, n)": (4.5, 99 / 12),
    "np.random.randint(10, size=n)": (4.5, 99 / 12),
    "np.random.exponential(2.0, n)": (2, 4),
    "np.random.laplace(1, 2, n)": (1, 8),
    "np.random.gumbel(0, 1, n)": (0.5772156649, math.pi**2 / 6),
    "np.random.logistic(0, 1, n)": (0, math.pi**2 / 3),
    "np.random.rayleigh(2.0, n)": (2 * math.sqrt(math.pi / 2), (4 - math.pi) / 2 * 4),
    "np.random.weibull(2.0, n)": (math.gamma(1.5), math.gamma(2) - math.gamma(1.5) ** 2),
    "np.random.pareto(5.0, n)": (1 / 4, 5 / (16 * 3)),
    "np.random.power(2.0, n)": (2 / 3, 2 / (9 * 4)),
    "np.random.lognormal(0.0, 0.5, n)": (math.exp(0.125), (math.exp(0.25) - 1) * math.exp(0.25)),
    "np.random.gamma(3.0, 2.0, n)": (6, 12),
    "np.random.beta(2.0, 3.0, n)": (0.4, 0.04),
    "np.random.chisquare(4.0, n)": (4, 8),
    "np.random.f(6.0, 12.0, size=n)": (1.2, 2 * 144 * 16 / (6 * 100 * 8)),
    "np.random.poisson(3.0, n)": (3, 3),
    "np.random.binomial(5, 0.3, n)": (1.5, 1.05),
    "np.random.negative_binomial(3, 0.5, n)": (3, 6),
    "npx.random.bernoulli(0.3, size=n)": (0.3, 0.21),
    "npx.random.bernoulli(logit=0.0, size=n)": (0.5, 0.25),
    "nd.random.uniform(-1, 3, n)": (1, 16 / 12),
    "nd.random.uniform(low=0, high=1, shape=n)": (0.5, 1 / 12),
    "nd.random.normal(2, 3, shape=n)": (2, 9),
    "nd.random.randn(*n, loc=2.0, scale=3.0)": (2, 9),
    "nd.random.exponential(2.0, shape=n)": (2, 4),
    "nd.random.gamma(3.0, 2.0, shape=n)": (6, 12),
    "nd.random.poisson(3.0, shape=n)": (3, 3),
    "nd.random.negative_binomial(3, 0.5, shape=n)": (3, 6),
    "nd.random.generalized_negative_binomial(2.0, 0.5, shape=n)": (2, 4),
    "nd.random.binomial(5, 0.3, shape=n)": (1.5, 1.05),
    "nd.random.randint(0, 10, shape=n)": (4.5, 99 / 12),
    "nd.random_exponential(lam=0.5, shape=n)": (2, 4),
    "mx.random.normal(2, 3, n)": (2, 9),
}


@pytest.mark.parametrize("expression", DISTRIBUTIONS)
def test_moments(expression):
    mean, variance = DISTRIBUTIONS[expression]
    n = (40_000,)
    x = eval(expression, {"np": np, "nd": nd, "npx": npx, "mx": mx, "n": n}).asnumpy().astype("float64")
    assert x.shape == n
    assert abs(x.mean() - mean) < 5 * math.sqrt(variance / n[0])
    assert abs(x.var() / variance - 1) < 0.15


def test_shapes_and_dtypes():
    assert np.random.uniform().shape == np.random.normal().shape == ()
    assert nd.random.uniform().shape == nd.random.normal().shape == (1,)
    assert str(np.random.uniform(size=2, dtype="float64").dtype) == "float64"
    assert str(nd.random.normal(shape=2, dtype="float64").dtype) == "float64"
    assert str(np.random.randint(0, 5, 2).dtype) == "int64"
    assert str(nd.random.randint(0, 5, shape=2).dtype) == "int32"
    assert np.random.normal(np.zeros((2, 1)), np.ones(3)).shape == (2, 3)
    assert nd.random.normal(nd.zeros(2), nd.ones(2), shape=(3, 4)).shape == (2, 3, 4)
    assert nd.random.uniform_like(nd.zeros((2, 3))).shape == (2, 3)
    assert npx.random.normal_n(np.zeros(3), np.ones(3), batch_shape=(2,)).shape == (2, 3)
    assert npx.random.uniform_n(0.0, np.ones(3), batch_shape=(2, 4)).shape == (2, 4, 3)
    assert nd.sample_normal(nd.array([0, 100]), nd.array([1, 1]), shape=4).mean(axis=1).asnumpy()[1] > 90
    with pytest.raises(TypeError, match="size"):
        nd.random.uniform(size=2)


def test_gradients_of_parameters():
    """MXNet 2 has them, MXNet 1 has not."""
    mu, sigma = np.array([1.0]), np.array([2.0])
    mu.attach_grad()
    sigma.attach_grad()
    with autograd.record():
        z = np.random.normal(mu, sigma)
    z.backward()
    assert mu.grad.item() == 1
    assert abs(sigma.grad.item() - (z.item() - 1) / 2) < 1e-6
    loc = nd.array([1.0])
    loc.attach_grad()
    with autograd.record():
        y = nd.random.normal(loc, nd.array([2.0])) + loc
    y.backward()
    assert loc.grad.asscalar() == 1


def test_choices():
    p = np.array([[0.1, 0.9], [1.0, 0.0]])
    found = npx.random.categorical(p, shape=2000).asnumpy()
    assert found.shape == (2, 2000)
    assert abs(found[0].mean() - 0.9) < 0.04
    assert not found[1].any()
    sample, logarithm = nd.random.multinomial(nd.array([0.25, 0.75]), shape=3, get_prob=True)
    expected = numpy.log(numpy.asarray([0.25, 0.75])[sample.asnumpy()])
    numpy.testing.assert_allclose(logarithm.asnumpy(), expected, rtol=1e-6)
    counts = np.random.multinomial(600, [1 / 6] * 6).asnumpy()
    assert (counts.shape, counts.sum()) == ((6,), 600)
    assert np.random.multinomial(10, [0.5, 0.5], size=3).shape == (3, 2)
    assert sorted(np.random.choice(5, 5, replace=False).asnumpy().tolist()) == [0, 1, 2, 3, 4]
    assert set(np.random.choice(np.array([7.0, 8.0]), 50).asnumpy()) == {7, 8}
    assert set(np.random.choice(3, 50, p=[0.0, 1.0, 0.0]).asnumpy()) == {1}
    assert 0 not in np.random.choice(3, 2, replace=False, p=[0.0, 0.5, 0.5]).asnumpy()


def test_shuffles():
    x = np.arange(10).reshape(5, 2)
    same = x
    np.random.shuffle(x)
    assert x is same
    assert sorted(x.asnumpy().tolist()) == np.arange(10).reshape(5, 2).asnumpy().tolist()
    y = nd.arange(100)
    assert (y == nd.arange(100)).asnumpy().all()
    shuffled = nd.random.shuffle(y)
    assert (y == nd.arange(100)).asnumpy().all()
    assert shuffled.asnumpy().tolist() != y.asnumpy().tolist()
    assert sorted(shuffled.asnumpy()) == y.asnumpy().tolist()
    assert sorted(np.random.permutation(4).asnumpy().tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_multivariate_normal_keeps_the_dtype(dtype):
    mean, cov = np.zeros((3, 2), dtype=dtype), np.array([[1.0, 0.2], [0.2, 2.0]]).astype(dtype)
    x = np.random.multivariate_normal(mean, cov, (4, 0))
    assert (x.shape, x.dtype) == ((4, 0, 3, 2), dtype)


def test_empty_like_takes_all_of_numpys_arguments():
    x = np.empty_like(np.ones((3, 4), dtype="float64"), "float16", "C", False)
    assert (x.shape, x.dtype, np.empty_like(x, shape=(2,)).shape) == ((3, 4), "float16", (2,))


def test_multivariate_normal():
    cov = numpy.asarray([[2.0, 0.5], [0.5, 1.0]])
    x = np.random.multivariate_normal(np.array([1.0, -1.0]), np.array(cov), 20_000).asnumpy()
    numpy.testing.assert_allclose(x.mean(0), [1, -1], atol=0.05)
    numpy.testing.assert_allclose(numpy.cov(x.T), cov, atol=0.07)


def test_checks_of_generators():
    buckets, shares = gen_buckets_probs_with_ppf(lambda p: -math.log1p(-p) if p < 1 else math.inf, 5)
    verify_generator(lambda n: nd.random.exponential(1.0, shape=n), buckets, shares, nsamples=20_000)
    with pytest.raises(AssertionError, match="distribution"):
        verify_generator(lambda n: nd.random.uniform(0, 2, shape=n), buckets, shares, nsamples=20_000)
    assert chi_square_check(lambda n: [0, 1] * (n // 2), [0, 1], [0.5, 0.5], 1000)[1:] == ([500, 500], [500, 500])
    assert mean_check(lambda n: np.random.normal(1, 2, n), 1, 2, 10_000)
    assert not mean_check(lambda n: np.random.normal(2, 2, n), 1, 2, 10_000)
    assert var_check(lambda n: np.random.normal(1, 2, n), 2, 10_000)
    assert not var_check(lambda n: np.random.normal(1, 3, n), 2, 10_000)


@pytest.mark.parametrize("shape", [0.3, 2.0, 40.0])
def test_gradient_of_gamma_distributed_numbers_by_their_shape(shape):
    stats = pytest.importorskip("scipy.stats")
    a = np.full((50,), shape, dtype="float64")
    a.attach_grad()
    with mx.autograd.record():
        x = np.random.gamma(a, 2.0)
    x.backward()
    z, step = x.asnumpy() / 2, 1e-3 * shape
    near = [stats.gamma.ppf(stats.gamma.cdf(z, shape), shape + sign * step) for sign in (1, -1)]
    inside = stats.gamma.sf(z, shape) > 1e-4
    expected = 2 * (near[0] - near[1]) / (2 * step)
    numpy.testing.assert_allclose(a.grad.asnumpy()[inside], expected[inside], rtol=2e-3)
