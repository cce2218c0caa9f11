"""mx.test_utils: comparing arrays, and checking gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from math import erfc, prod
from typing import Any

import xpgrad.mxnet as mx  # noqa: F401  # MXNet's tests take the name from here
from xpgrad.check import check_grads
from xpgrad.discovery import get_named
from xpgrad.mxnet.arrays import NDArray
from xpgrad.mxnet.base import lacking, numpys
from xpgrad.mxnet.context import Context, current_context, num_gpus, set_default
from xpgrad.mxnet.ndarray import array as _array
from xpgrad.mxnet.ndarray import random as _random
from xpgrad.mxnet.util import getenv, setenv
from xpgrad.mxnet.util import use_np as use_np
from xpgrad.mxnet.util import use_np_default_dtype as use_np_default_dtype

#: What MXNet's tests allow by dtype, relative and absolute.
_TOLERANCES = {"float16": (1e-2, 1e-2), "float32": (1e-4, 1e-6), "float64": (1e-5, 1e-20)}


def _values(x: Any) -> Any:
    """A NumPy array of the values."""
    return x.asnumpy() if isinstance(x, NDArray) else numpys("asarray")(x)


def _tolerances(a: Any, b: Any, rtol: float | None, atol: float | None) -> tuple[float, float]:
    """The tolerances of the less precise of two arrays, where none are given."""
    known = [_TOLERANCES.get(str(x.dtype), (0.0, 0.0)) for x in (a, b)]
    widest = max(known)
    return (widest[0] if rtol is None else rtol), (widest[1] if atol is None else atol)


def default_context() -> Context:
    """The context that tests run in."""
    return current_context()


default_device = default_context
set_default_context = set_default_device = set_default


def default_dtype() -> Any:
    """The dtype that tests use."""
    return numpys("float32")


def same(a: Any, b: Any) -> bool:
    """Whether two arrays have the same elements."""
    return bool(numpys("array_equal")(_values(a), _values(b)))


def almost_equal(
    a: Any,
    b: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    use_broadcast: bool = True,
) -> bool:
    """Whether two arrays agree within tolerances that fit their dtype."""
    a, b = _values(a), _values(b)
    rtol, atol = _tolerances(a, b, rtol, atol)
    if not use_broadcast and a.shape != b.shape:
        return False
    return bool(numpys("allclose")(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan))


def assert_almost_equal(
    a: Any,
    b: Any,
    rtol: float | None = None,
    atol: float | None = None,
    names: tuple[str, str] = ("a", "b"),
    equal_nan: bool = False,
    use_broadcast: bool = True,
    mismatches: Any = None,
) -> None:
    """Raise AssertionError where two arrays do not agree within tolerances that fit their dtype."""
    a, b = _values(a), _values(b)
    rtol, atol = _tolerances(a, b, rtol, atol)
    if not use_broadcast and a.shape != b.shape:
        raise AssertionError(f"{names[0]} has the shape {a.shape}, {names[1]} {b.shape}.")
    if not numpys("allclose")(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan):
        raise AssertionError(f"not equal within rtol={rtol}, atol={atol}:\n{names[0]} = {a}\n{names[1]} = {b}")


def assert_allclose(a: Any, b: Any, rtol: float = 1e-7, atol: float = 0, equal_nan: bool = True) -> None:
    """Raise AssertionError where two arrays do not agree within given tolerances."""
    assert_almost_equal(a, b, rtol, atol, equal_nan=equal_nan)


def assert_exception(f: Callable[..., Any], exception_type: type[Exception], *args: Any, **kwargs: Any) -> None:
    """Raise AssertionError unless a function raises an exception of a type."""
    try:
        f(*args, **kwargs)
    except exception_type:
        return
    raise AssertionError(f"{f} raised no {exception_type.__name__}.")


def check_numeric_gradient(
    f: Callable[..., Any], location: Any, rtol: float | None = None, atol: float | None = None
) -> None:
    """Hold the gradient of a function of arrays against finite differences.

    Parameters
    ----------
    f : callable
        MXNet takes a Symbol here; this takes a function.
    location : list of NDArray
        Where to differentiate.
    rtol, atol : float, optional
        What to allow.

    Raises
    ------
    GradientCheckError
        If they disagree; it is an AssertionError.
    """
    options: dict[str, Any] = {"rtol": rtol, "atol": atol}
    check_grads(f, list(location), **{name: value for name, value in options.items() if value is not None})


def effective_dtype(dat: Any) -> Any:
    """The dtype that decides what to allow: that of the array."""
    return numpys("dtype")(dat.dtype)


def get_tolerance(dat: Any, tol: Any, default_tol: Any) -> float:
    """What to allow for an array: a number, or what a dict has for its dtype."""
    return float(tol if isinstance(tol, int | float) else (tol or default_tol)[effective_dtype(dat)])


def collapse_sum_like(a: Any, shape: tuple[int, ...]) -> Any:
    """A NumPy array summed to a shape that broadcasts to its own."""
    extra = a.ndim - len(shape)
    axes = tuple(i for i, n in enumerate(a.shape) if i < extra or n != shape[i - extra])
    return a.sum(axis=axes).reshape(shape)


def _stacked_matrices(make: Callable[[int], Any], shape: tuple[int, ...]) -> Any:
    """Matrices of a given size, side by side."""
    *batch, n, _ = shape
    return numpys("stack")([make(n) for _ in range(prod(batch))]).reshape(shape)


def _between(low: float, high: float, *shape: int) -> Any:
    return _random.uniform(low, high, shape=shape, dtype="float64").asnumpy()


def _with_real_eigenvalues(n: int) -> Any:
    """A matrix similar to a diagonal one, by a matrix that is far from singular."""
    similar = numpys("eye")(n) + _between(-0.4, 0.4, n, n) / n
    return numpys("linalg.inv")(similar) @ (_between(-10, 10, n)[:, None] * similar)


def _symmetric(n: int) -> Any:
    orthogonal = numpys("linalg.qr")(_between(-1, 1, n, n))[0]
    return orthogonal.T @ (_between(-10, 10, n)[:, None] * orthogonal)


def new_matrix_with_real_eigvals_nd(shape: tuple[int, ...]) -> Any:
    """Random matrices with real eigenvalues."""
    return _stacked_matrices(_with_real_eigenvalues, shape)


def new_sym_matrix_with_real_eigvals_nd(shape: tuple[int, ...]) -> Any:
    """Random symmetric matrices."""
    return _stacked_matrices(_symmetric, shape)


def check_gluon_hybridize_consistency(
    net_builder: Callable[[], Any],
    data_l: list[Any],
    numpy_func: Callable[..., Any] | None = None,
    test_grad: bool = True,
    rtol: float = 1e-4,
    atol: float = 1e-4,
) -> None:
    """Raise AssertionError where a network and its hybridized form, or a function of NumPy's arrays, disagree."""
    net, other = net_builder(), net_builder()
    net.initialize()
    out = net(*data_l)
    other.load_dict({name: p.data() for name, p in net.collect_params().items()})
    other.hybridize()
    assert_almost_equal(other(*data_l), out, rtol, atol)
    if numpy_func is not None:
        assert_almost_equal(out, numpy_func(*(x.asnumpy() for x in data_l)), rtol, atol)


def list_gpus() -> range:
    """The numbers of the GPUs."""
    return range(num_gpus())


def has_tvm_ops() -> bool:
    """Whether operators made by TVM are there, which they are not."""
    return False


def is_op_runnable() -> bool:
    """Whether operators run here, which they do."""
    return True


def gen_buckets_probs_with_ppf(ppf: Callable[[float], float], nbuckets: int) -> tuple[list[Any], list[float]]:
    """Intervals of equal probability, from the inverse of a distribution function, and their probabilities."""
    share = 1.0 / nbuckets
    return [(ppf(share * i), ppf(share * (i + 1))) for i in range(nbuckets)], [share] * nbuckets


def mean_check(generator: Callable[[int], Any], mu: float, sigma: float, nsamples: int = 1000000) -> bool:
    """Whether the mean of random numbers lies within three standard errors."""
    return bool(abs(float(_values(generator(nsamples)).mean()) - mu) < 3 * sigma / nsamples**0.5)


def var_check(generator: Callable[[int], Any], sigma: float, nsamples: int = 1000000) -> bool:
    """Whether the variance of normally distributed numbers lies within three standard errors."""
    error = (2 / (nsamples - 1)) ** 0.5 * sigma**2
    return bool(abs(float(_values(generator(nsamples)).var()) - sigma**2) < 3 * error)


def chi_square_check(
    generator: Callable[[int], Any], buckets: list[Any], probs: list[float], nsamples: int = 1000000
) -> tuple[float, list[int], list[int]]:
    """How probable it is that random numbers fall into intervals, or on values, as unevenly as they do.

    Returns
    -------
    tuple
        The probability (E. Wilson and M. Hilferty, "The distribution of chi-square", 1931), and how many numbers were
        found and expected in each bucket.
    """
    samples = _values(generator(nsamples)).ravel()
    inside = [((samples >= b[0]) & (samples < b[1])) if isinstance(b, list | tuple) else samples == b for b in buckets]
    found = [int(hits.sum()) for hits in inside]
    expected = [int(p * samples.size) for p in probs]
    chi_square = sum((f - e) ** 2 / e for f, e in zip(found, expected, strict=True) if e)
    spread = 2 / (9 * max(len(buckets) - 1, 1))
    z = ((chi_square / max(len(buckets) - 1, 1)) ** (1 / 3) - (1 - spread)) / spread**0.5
    return erfc(z / 2**0.5) / 2, found, expected


def verify_generator(
    generator: Callable[[int], Any],
    buckets: list[Any],
    probs: list[float],
    nsamples: int = 1000000,
    nrepeat: int = 5,
    success_rate: float = 0.2,
    alpha: float = 0.05,
) -> list[float]:
    """Raise AssertionError unless random numbers pass the chi-square test often enough; the probabilities found."""
    found = [chi_square_check(generator, buckets, probs, nsamples)[0] for _ in range(nrepeat)]
    if sum(p > alpha for p in found) < nrepeat * success_rate:
        raise AssertionError(f"the distribution is not the expected one: the probabilities found are {found}.")
    return found


def rand_shape_nd(num_dim: int, dim: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """A random shape of so many axes, each at most `dim` long."""
    low = 0 if allow_zero_size else 1
    found = _random.randint(low, dim + 1, shape=(num_dim,))
    return tuple(int(n) for n in found.asnumpy())


def rand_shape_2d(dim0: int = 10, dim1: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """A random shape of two axes."""
    return rand_shape_nd(1, dim0, allow_zero_size) + rand_shape_nd(1, dim1, allow_zero_size)


def rand_shape_3d(dim0: int = 10, dim1: int = 10, dim2: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """A random shape of three axes."""
    return rand_shape_2d(dim0, dim1, allow_zero_size) + rand_shape_nd(1, dim2, allow_zero_size)


def random_arrays(*shapes: tuple[int, ...]) -> Any:
    """Normally distributed NumPy arrays; a single one for a single shape."""
    found = [
        numpys("asarray")(_random.normal(shape=shape or (1,), dtype="float64").asnumpy()).reshape(shape)
        for shape in shapes
    ]
    return found[0] if len(found) == 1 else found


def random_uniform_arrays(*shapes: tuple[int, ...], low: float = 0.0, high: float = 1.0, dtype: Any = "float32") -> Any:
    """Uniformly distributed NumPy arrays."""
    return [_random.uniform(low, high, shape=shape, dtype=dtype).asnumpy() for shape in shapes]


def rand_ndarray(shape: tuple[int, ...], stype: str = "default", density: Any = None, dtype: Any = None) -> NDArray:
    """A random array."""
    drawn = _random.uniform(-1, 1, shape=shape)
    return (drawn if dtype is None else drawn.astype(dtype)).tostype(stype)


def np_reduce(dat: Any, axis: Any, keepdims: bool, numpy_reduce_func: Callable[..., Any]) -> Any:
    """Reduce a NumPy array over axes, one after the other."""
    axes = range(dat.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    shape = list(dat.shape)
    for i in sorted((i % dat.ndim for i in axes), reverse=True):
        dat = numpy_reduce_func(dat, axis=i)
        shape[i] = 1
    return dat.reshape(shape) if keepdims else dat


@contextmanager
def environment(*args: Any) -> Iterator[None]:
    """Scope with environment variables set, from one name and value or a dict; None removes one."""
    wanted = dict(args[0]) if len(args) == 1 else {args[0]: args[1]}
    before = {name: getenv(name) for name in wanted}
    try:
        for name, value in wanted.items():
            setenv(name, None if value is None else str(value))
        yield
    finally:
        for name, value in before.items():
            setenv(name, value)


@contextmanager
def discard_stderr() -> Iterator[None]:
    """Scope in which Python writes no errors to the terminal."""
    with redirect_stderr(StringIO()):
        yield


def random_sample(population: Sequence[Any], k: int) -> list[Any]:
    """`k` elements of a sequence at random, in their order."""
    chosen = _random.shuffle(_array(list(range(len(population))))).asnumpy()[:k]
    return [population[int(i)] for i in sorted(chosen)]


array = _array

#: MXNet's tests take these names from here, by ``from mxnet.test_utils import *``.
np = get_named("numpy").namespace

__getattr__ = lacking("mx.test_utils", globals())
