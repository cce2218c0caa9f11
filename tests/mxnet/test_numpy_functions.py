"""The functions of mx.np, against NumPy's own; their gradients, against finite differences."""

from operator import attrgetter

import numpy
import pytest

import xpgrad
import xpgrad.mxnet as mx
from xpgrad.mxnet import autograd, np

RANDOM = numpy.random.default_rng(0)
INPUTS = {
    "a": RANDOM.uniform(0.2, 0.9, (3, 4)),
    "b": RANDOM.uniform(0.2, 0.9, (3, 4)),
    "v": RANDOM.uniform(0.2, 0.9, 4),
    "w": RANDOM.uniform(1.2, 1.9, 4),
    "m": RANDOM.uniform(0.2, 0.9, (4, 4)) + 2 * numpy.eye(4),
    "t": RANDOM.uniform(0.2, 0.9, (2, 3, 4)),
    "n": numpy.asarray([[2, 0, 1], [1, 3, 2]]),
    "k": numpy.asarray([12, 18, 7]),
}

#: Expressions that NumPy computes, too, and whose gradient is that of finite differences.
DIFFERENTIABLE = """
    np.abs(a) np.exp(a) np.log1p(a) np.cbrt(a) np.square(a) np.reciprocal(a) np.degrees(a) np.deg2rad(a) np.add(a, b)
    np.subtract(a, v) np.multiply(a, 2) np.divide(1, a) np.power(a, b) np.power(2.0, a) np.mod(w, v) np.maximum(a, b)
    np.minimum(a, 0.5) np.fmax(a, b) np.fmin(a, b) np.fmod(w, v) np.hypot(a, b) np.arctan2(a, b) np.logaddexp(a, b)
    np.copysign(a, b) np.float_power(a, b) np.heaviside(a, b) np.sum(a) np.sum(a, axis=0)
    np.sum(t, axis=(0, 2), keepdims=True) np.prod(a, axis=1) np.mean(t, axis=(0, 1)) np.std(a)
    np.std(a, axis=1, ddof=1) np.var(a, axis=0) np.max(a, axis=1) np.min(a) np.ptp(a, axis=0)
    np.average(a, axis=0, weights=np.array([0.2, 0.5, 0.4], dtype="float64")) np.cumsum(a) np.cumsum(a, axis=1)
    np.cumprod(a, axis=0) np.median(a) np.median(a, axis=1) np.percentile(a, 30, axis=0) np.quantile(a, 0.7)
    np.quantile(a, np.array([0.1, 0.6], dtype="float64"), axis=1) np.nansum(a) np.nanmax(a, axis=0) np.diff(a)
    np.diff(a, n=2, axis=1) np.ediff1d(v) np.trapezoid(a) np.reshape(a, (4, 3)) np.reshape(a, -1) np.ravel(t)
    np.transpose(t) np.transpose(t, (1, 0, 2)) np.swapaxes(t, 0, 2) np.moveaxis(t, 0, -1) np.rollaxis(t, 2)
    np.rollaxis(t, 0, 2) np.expand_dims(a, 1) np.expand_dims(a, (0, 2)) np.squeeze(a[:, :1])
    np.broadcast_to(v, (2, 4)) np.tile(a, (2, 1)) np.tile(v, 3) np.repeat(a, 2, axis=0)
    np.repeat(v, np.array([1, 0, 2, 3], dtype="int64")) np.flip(a) np.flip(a, 1) np.fliplr(a) np.flipud(a)
    np.roll(a, 1) np.roll(a, 2, axis=1) np.rot90(a) np.rot90(a, 2) np.rot90(a, 3) np.rot90(t, 1, (1, 2))
    np.concatenate([a, b]) np.concatenate([a, b], axis=1) np.stack([a, b], axis=1) np.vstack([v, w]) np.hstack([a, b])
    np.hstack([v, w]) np.dstack([a, b]) np.column_stack([v, w]) np.append(a, b) np.append(a, b, axis=0)
    np.split(a, 2, axis=1)[1] np.array_split(v, 3)[0] np.hsplit(a, 2)[0] np.vsplit(a, 3)[2] np.dsplit(t, [1])[1]
    np.atleast_1d(a) np.atleast_2d(v) np.atleast_3d(a) np.diag(v) np.diag(v, -1) np.diag(m, 1) np.diagflat(v, 2)
    np.diagonal(t, 1, 1, 2) np.diagonal(m) np.trace(m) np.trace(t, 1, 1, 2) np.tril(m, -1) np.triu(m, 1)
    np.resize(v, (2, 3)) np.pad(a, 1) np.pad(a, ((0, 1), (2, 0)), constant_values=3) np.pad(v, 2, mode="edge")
    np.pad(v, 2, mode="reflect") np.pad(a, 1, mode="symmetric") np.insert(v, 1, 5.0) np.delete(v, 2)
    np.delete(a, [0, 2], axis=1) np.dot(a, v) np.dot(a, m) np.dot(t, m) np.dot(v, w) np.matmul(t, m) np.inner(a, b)
    np.outer(v, w) np.vdot(a, b) np.tensordot(a, b, axes=([0, 1], [0, 1])) np.tensordot(t, m, axes=1)
    np.einsum("ij,kj->ik", a, b) np.einsum("ijk,k->ij", t, v) np.kron(v, a) np.cross(a[:, :3], b[:, :3])
    np.polyval(v, w) np.vander(v, 3) np.cov(a) np.corrcoef(a) np.take(v, n) np.take(a, n, axis=1)
    np.take(v, np.array([5, -1], dtype="int64"), mode="wrap") np.take_along_axis(a, n[:1], 1) np.where(a > 0.5, a, b)
    np.where(a > 0.5, a, 0.0) np.where(a > 0.5, 1.0, a) np.select([a > 0.7, a > 0.4], [a, b])
    np.choose(n[:, :2], [a[:2, :2], b[:2, :2], m[:2, :2], m[2:, 2:]]) np.extract(a > 0.5, a)
    np.compress(np.array([1, 0, 1], dtype="bool"), a, axis=0) np.sort(a) np.sort(a, axis=0) np.sort(a, axis=None)
    np.interp(v, np.sort(w) - 1, v) np.clip(a, 0.3, 0.7) np.clip(a, None, v) np.nan_to_num(a)
    np.bincount(np.array([0, 2, 2, 1], dtype="int64"), weights=v) np.unique(a) np.linalg.norm(a) np.linalg.norm(v, 1)
    np.linalg.norm(m, "fro") np.linalg.norm(m, "nuc") np.linalg.norm(t, axis=1) np.linalg.norm(m, 2)
    np.linalg.norm(t, axis=(1, 2)) np.linalg.norm(a, axis=0, keepdims=True) np.linalg.inv(m) np.linalg.det(m)
    np.linalg.slogdet(m)[1] np.linalg.solve(m, v[:, None]) np.linalg.solve(m, v)
    np.sort(a, kind="stable") np.pad(a, 1, mode="reflect", reflect_type="even") np.linalg.pinv(a)
    np.linalg.cholesky(np.dot(m, m.T)) np.linalg.cholesky(m + m.T)
    np.linalg.svd(a, full_matrices=False)[1] np.linalg.eigvalsh(m) np.linalg.eigh(m)[0] np.linalg.matrix_power(m, 3)
    np.linalg.multi_dot([a, m, v]) np.linalg.lstsq(m, v, rcond=None)[0] np.linalg.cond(m)
    np.linalg.tensorsolve(np.reshape(m, (2, 2, 4)), np.reshape(v, (2, 2)))
    np.linalg.tensorinv(np.reshape(m, (2, 2, 4))) np.correlate(v, w) np.frexp(a)[0] np.modf(w)[0] np.i0(v) np.poly(v)
    np.polyadd(v, w) np.polysub(v, w[:2]) np.polymul(v, w) np.polydiv(w, v[:2])[0] np.polyfit(v, w, 1) np.polyint(v)
    np.real(v) np.unwrap(10 * v) np.trim_zeros(v) np.nancumprod(v) np.nanmedian(a, axis=0) np.nanquantile(a, 0.3)
    np.nanpercentile(a, 30, axis=1) np.piecewise(v, [v > 0.5, v < 0.4], [lambda x: x * x, 1.0, np.sin])
    np.apply_over_axes(np.sum, t, [0, 2]) np.apply_along_axis(np.diag, 1, a) np.apply_along_axis(np.sum, 0, a)
    np.histogram2d(n[0], n[1], bins=2, weights=v[:3])[0] np.kron(a, v) np.cov(a, b, rowvar=False) np.cov(v, w)
"""

#: Expressions whose result has no gradient.
CONSTANT = """
    np.zeros((2, 3)) np.ones(3) np.full((2, 2), 0.5) np.arange(5) np.arange(1, 2, 0.25) np.linspace(0, 1, 5)
    np.eye(2, 3, 1) np.linspace(0, 1, 5, endpoint=False) np.logspace(0, 2, 3) np.identity(3) np.tri(3, 4, 1)
    np.indices((2, 3)) np.hanning(5) np.hamming(4) np.blackman(6) np.tril_indices(3) np.triu_indices(3, 1)
    np.zeros_like(a) np.ones_like(n) np.full_like(a, 3) np.meshgrid(v, w) np.meshgrid(v, w, indexing="ij")
    np.equal(a, b) np.not_equal(n, 2) np.greater(a, b) np.less_equal(a, 0.5) np.logical_and(a > 0.5, b > 0.5)
    np.logical_not(n) np.logical_xor(n, n > 1) np.isnan(a) np.isinf(a) np.isfinite(a) np.signbit(a) np.isposinf(a)
    np.bitwise_and(n, 1) np.bitwise_or(n, 4) np.bitwise_xor(n, 3) np.invert(n) np.bitwise_not(n) np.gcd(k, 12)
    np.lcm(k, 12) np.all(a > 0) np.any(a > 0.8, axis=0) np.argmax(a) np.argmax(a, axis=1) np.argmin(a, axis=0)
    np.count_nonzero(n) np.argsort(a, axis=1) np.argsort(v) np.nonzero(n) np.argwhere(n) np.flatnonzero(n)
    np.searchsorted(np.sort(v), w) np.searchsorted(np.sort(v), v, side="right") np.digitize(v, np.sort(w - 1))
    np.unique(n, return_counts=True) np.unique(n, return_index=True, return_inverse=True)[0] np.bincount(np.ravel(n))
    np.bincount(np.ravel(n), minlength=7) np.histogram(v, bins=3, range=(0.2, 0.9))
    np.isin(n, np.array([1, 3], dtype="int64")) np.allclose(a, a) np.isclose(a, b, atol=0.2) np.array_equal(a, b)
    np.array_equiv(v, a) np.unravel_index(n, (2, 2)) np.diag_indices_from(m) np.rint(w) np.ceil(w) np.floor(w)
    np.trunc(w) np.fix(w) np.around(w, 1) np.sign(a - 0.5) np.union1d(n, k) np.intersect1d(n, k - 5)
    np.setdiff1d(n, np.array([1], dtype="int64")) np.setxor1d(n, np.array([1, 9], dtype="int64")) np.sum(n) np.prod(n)
    np.sum(n > 1) np.mean(n) np.shape(a) np.ndim(t) np.size(a) np.size(a, 1) np.floor_divide(k, 5) np.remainder(k, 5)
    np.divmod(k, 5) np.unique(n, axis=0) np.unique(n, True, True, True, 1) np.unique(np.ravel(n), return_inverse=True)
    np.fmod(k, 5) np.fmod(-k, 5) np.frexp(a) np.modf(w) np.lexsort([v, w]) np.roots(v) np.histogram2d(v, w, bins=2)
    np.spacing(v) np.trim_zeros(np.array([0, 2, 0], dtype="int64")) np.ix_(v, w)
    np.linalg.matrix_rank(m) np.partition(v, 2)[2] np.nanargmax(a)
"""


def entries(text):
    """Expressions, which are separated by a space outside of all brackets and after one."""
    found, depth, start = [], 0, 0
    text = " ".join(text.split()) + " "
    for i, character in enumerate(text):
        depth += character in "([{"
        depth -= character in ")]}"
        if character == " " and depth == 0 and text[i + 1 : i + 4] in ("np.", ""):
            found.append(text[start:i])
            start = i + 1
    return found


def as_list(x):
    return list(x) if isinstance(x, list | tuple) else [x]


def with_numpy(expression):
    return as_list(eval(expression, {"np": numpy}, dict(INPUTS)))


def with_mxnet(expression):
    inputs = {name: np.array(x, dtype=x.dtype) for name, x in INPUTS.items()}
    return as_list(eval(expression, {"np": np}, inputs))


def values(x):
    return x.asnumpy() if isinstance(x, np.ndarray) else numpy.asarray(x)


def check_values(expression, mxnet_spelling=None):
    expected = with_numpy(expression)
    actual = with_mxnet(mxnet_spelling or expression)
    assert len(actual) == len(expected)
    for mine, theirs in zip(actual, expected, strict=True):
        theirs = numpy.asarray(theirs)
        assert values(mine).shape == theirs.shape
        # What is made out of nothing is float32, so it is as exact as that.
        tolerance = 1e-12 if values(mine).dtype == numpy.float64 else 1e-6
        numpy.testing.assert_allclose(values(mine), theirs, rtol=tolerance, atol=tolerance)


#: Where MXNet has another name or fewer parameters than today's NumPy.
SPELLED = {
    "np.trapezoid(a)": "np.trapz(a)",
    "np.linalg.svd(a, full_matrices=False)[1]": "np.linalg.svd(a)[1]",
}


@pytest.mark.parametrize("expression", entries(DIFFERENTIABLE))
def test_differentiable(expression):
    spelled = SPELLED.get(expression, expression)
    check_values(expression, spelled)
    names = [name for name in INPUTS if INPUTS[name].dtype == float and name in compile(spelled, "", "eval").co_names]

    def function(*arrays):
        return eval(spelled, {"np": np}, INPUTS | dict(zip(names, arrays, strict=True)))

    xpgrad.check_grads(function, [xpgrad.asarray(INPUTS[name]) for name in names], order=1, modes=["reverse"])


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning")  # since NumPy 2.5, which still has it
@pytest.mark.parametrize("expression", entries(CONSTANT))
def test_constant(expression):
    check_values(expression)


def test_solving_for_a_stack_of_vectors():
    a, b = INPUTS["m"] * numpy.asarray([1.0, 2.0])[:, None, None], INPUTS["a"][:2]
    x = np.linalg.solve(np.array(a), np.array(b))
    numpy.testing.assert_allclose(numpy.einsum("nij,nj->ni", a, x.asnumpy()), b, rtol=1e-5)


@pytest.mark.parametrize("name", ["spacing", "histogram_bin_edges"])
def test_functions_without_a_gradient_refuse_to_lose_one(name):
    x = np.array([1.0, 2.0])
    x.attach_grad()
    assert getattr(np, name)(x).size
    with autograd.record(), pytest.raises(mx.MXNetError, match=r"detach\(\)"):
        getattr(np, name)(x)


def test_conditions_on_a_recorded_array_are_taken():
    x = np.array([1.0, 3.0, -2.0])
    x.attach_grad()
    with autograd.record():
        y = np.piecewise(x, [x > 2, x < 0], [lambda x: x * x, lambda x: -x])
    y.backward()
    assert type(y) is np.ndarray
    assert (y.asnumpy().tolist(), x.grad.asnumpy().tolist()) == ([0, 9, 2], [0, 6, -1])


def test_nan_to_num_without_a_copy_writes():
    x = np.array([1.0, float("nan")])
    assert np.nan_to_num(x, copy=False, nan=2.0) is x
    assert x.asnumpy().tolist() == [1, 2]
    assert np.nan_to_num([1.0, float("nan")]).asnumpy().tolist() == [1, 0]


def test_a_choice_that_there_is_not_raises():
    with pytest.raises(ValueError, match="choice"):
        np.choose(np.array([0, 2], dtype="int64"), [np.zeros(2), np.ones(2)])


def test_results_in_their_places():
    out = np.zeros(4)
    assert np.percentile(np.array(INPUTS["a"]), 50, 0, out) is out
    numpy.testing.assert_allclose(out.asnumpy(), numpy.percentile(INPUTS["a"], 50, 0), rtol=1e-6)
    numpy.testing.assert_allclose(
        np.percentile(np.array(INPUTS["a"]), 50, 0, None, None, "lower").asnumpy(),
        numpy.percentile(INPUTS["a"], 50, 0, method="lower"),
        rtol=1e-6,
    )


@pytest.mark.parametrize("name", ["eig", "eigh", "qr", "slogdet", "svd"])
def test_several_results_are_a_plain_tuple(name):
    assert type(getattr(np.linalg, name)(np.array(INPUTS["m"]))) is tuple


@pytest.mark.parametrize(
    ("axis", "shape"), [((0, 2), (1, 3)), (None, (1,)), (1, (2, 1, 4)), ((2,), (1, 2, 3)), ((0, 1, 2), (1,))]
)
def test_axes_of_a_vector_norm_are_joined(axis, shape):
    assert np.linalg.vector_norm(np.array(INPUTS["t"]), axis=axis, keepdims=True).shape == shape


def test_interpolation_beyond_infinite_values():
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, numpy.inf, 4.0])
    with numpy.errstate(invalid="ignore"):
        assert np.interp(x, x, y).asnumpy().tolist() == [1, 2, numpy.inf, 4]


@pytest.mark.parametrize(
    ("module", "call"),
    [
        ("nd", "exp(data=x)"),
        ("nd", "relu(data=x)"),
        ("nd", "power(base=x, exp=x)"),
        ("nd", "one_hot(indices=x, depth=4)"),
        ("nd", "moveaxis(tensor=x, source=0, destination=1)"),
        ("nd", "broadcast_add(lhs=x, rhs=x)"),
        ("npx", "sigmoid(data=x)"),
        ("np", "in1d(ar1=x, ar2=x)"),
        ("np", "linalg.inv(a=x)"),
        ("np", "empty_like(prototype=x)"),
    ],
)
def test_arrays_by_the_names_that_mxnet_gives_them(module, call):
    make = mx.nd.array if module == "nd" else np.array
    out = eval(f"{module}.{call}", {"nd": mx.nd, "np": np, "npx": mx.npx, "x": make([[1.0, 2.0], [3.0, 1.0]])})
    assert out.shape[0] in (2, 4)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("squeeze", {"axis": 5}),
        ("expand_dims", {"axis": 7}),
        ("transpose", {"axes": (0, 1, 5)}),
        ("rot90", {"axes": (0, 4)}),
        ("linalg.norm", {"axis": 8}),
    ],
)
def test_an_axis_that_is_not_there_raises(name, options):
    with pytest.raises(ValueError, match="out of bounds"):
        attrgetter(name)(np)(np.zeros((2, 3, 1)), **options)
