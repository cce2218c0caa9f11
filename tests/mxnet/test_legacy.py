"""The functions of mx.nd that differ from NumPy's, or that NumPy does not have."""

import math

import numpy
import pytest

import xpgrad
from xpgrad.mxnet import MXNetError, autograd, nd

RANDOM = numpy.random.default_rng(0)
X = RANDOM.normal(size=(2, 3, 4))
M = RANDOM.uniform(0.5, 1.5, (3, 3)) + 2 * numpy.eye(3)


def array(x):
    return nd.array(x, dtype=x.dtype)


def check(expression, expected, **names):
    actual = eval(expression, {"nd": nd, "x": array(X), "m": array(M), **names})
    expected = numpy.asarray(expected)
    assert isinstance(actual, nd.NDArray)
    assert actual.shape == (expected.shape or (1,))
    tolerance = 1e-12 if actual.dtype == numpy.float64 else 1e-6
    numpy.testing.assert_allclose(actual.asnumpy(), expected.reshape(actual.shape), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("nd.sum(x)", X.sum()),
        ("nd.sum(x, axis=1)", X.sum(1)),
        ("nd.sum(x, axis=(0, 2), keepdims=True)", X.sum((0, 2), keepdims=True)),
        ("nd.sum(x, axis=1, exclude=True)", X.sum((0, 2))),
        ("nd.sum(x, axis=())", X.sum()),
        ("nd.sum(data=x, axis=-1)", X.sum(-1)),
        ("x.mean(axis=0)", X.mean(0)),
        ("x.prod(axis=2)", X.prod(2)),
        ("x.max(axis=(0, 1))", X.max((0, 1))),
        ("nd.min(x, axis=0, exclude=True)", X.min((1, 2))),
        ("nd.nansum(nd.array([1, float('nan')]))", 1),
        ("nd.nanprod(nd.array([[2, float('nan')]]), axis=1)", [2]),
        ("x.argmax(axis=1)", X.argmax(1)),
        ("nd.argmin(x)", X.argmin()),
        ("nd.argmax_channel(x[:, :, 0])", X[:, :, 0].argmax(1)),
        ("x.sort(axis=1)", numpy.sort(X, 1)),
        ("nd.sort(x, is_ascend=False)", numpy.sort(X)[..., ::-1]),
        ("x.argsort(axis=0)", X.argsort(0)),
        ("nd.argsort(x, is_ascend=False, dtype='int32')", (-X).argsort()),
        ("x.norm()", numpy.linalg.norm(X)),
        ("nd.moments(x, axes=(0, 1))[0]", X.mean((0, 1))),
        ("nd.moments(x, axes=(0, 1))[1]", X.var((0, 1))),
        ("nd.transpose(x, axes=(1, 0, 2))", X.transpose(1, 0, 2)),
        ("x.transpose((2, 0, 1))", X.transpose(2, 0, 1)),
        ("nd.swapaxes(x, dim1=0, dim2=2)", X.swapaxes(0, 2)),
        ("nd.SwapAxis(x, 0, 1)", X.swapaxes(0, 1)),
        ("nd.concat(x, x * 2, dim=1)", numpy.concatenate([X, 2 * X], 1)),
        ("nd.Concat(x, x)", numpy.concatenate([X, X], 1)),
        ("nd.concat(x, x, x, dim=0)", numpy.concatenate([X, X, X])),
        ("nd.concatenate([x, x], axis=2)", numpy.concatenate([X, X], 2)),
        ("nd.stack(x, x, axis=1)", numpy.stack([X, X], 1)),
        ("nd.split(x, num_outputs=2, axis=2)[1]", X[..., 2:]),
        ("nd.split(x, 3)[2]", X[:, 2:]),
        ("nd.SliceChannel(x, num_outputs=3, axis=1, squeeze_axis=True)[1]", X[:, 1]),
        ("x.split_v2((1, 3), axis=2)[1]", X[..., 1:3]),
        ("nd.tile(x, reps=(2, 1))", numpy.tile(X, (2, 1))),
        ("x.repeat(2, axis=1)", X.repeat(2, 1)),
        ("nd.flip(x, axis=1)", X[:, ::-1]),
        ("nd.reverse(x, axis=(0, 2))", X[::-1, :, ::-1]),
        ("x.expand_dims(1)", X[:, None]),
        ("x[:, :, :1].squeeze(axis=2)", X[..., 0]),
        ("x.flatten()", X.reshape(2, 12)),
        ("x.clip(-0.5, 0.5)", X.clip(-0.5, 0.5)),
        ("nd.dot(m, m, transpose_b=True)", M @ M.T),
        ("nd.dot(m, m, transpose_a=True)", M.T @ M),
        ("nd.dot(x, x[0].T)", numpy.tensordot(X, X[0].T, (2, 0))),
        ("nd.dot(m[0], m[1])", M[0] @ M[1]),
        ("nd.batch_dot(x, x, transpose_b=True)", X @ X.swapaxes(1, 2)),
        ("nd.batch_dot(lhs=x, rhs=x, transpose_a=True)", X.swapaxes(1, 2) @ X),
        ("nd.broadcast_to(x[:, :1], shape=(0, 5, 0))", X[:, :1].repeat(5, 1)),
        ("nd.broadcast_axis(x[:, :1], axis=1, size=5)", X[:, :1].repeat(5, 1)),
        ("x[:, :1].broadcast_like(x)", X[:, :1].repeat(3, 1)),
        ("nd.broadcast_add(x, x[:, :1])", X + X[:, :1]),
        ("nd.elemwise_mul(x, x)", X * X),
        ("nd.broadcast_power(nd.abs(x), x)", abs(X) ** X),
        ("nd.subtract(x, 1)", X - 1),
        ("nd.divide(1, x)", 1 / X),
        ("nd.modulo(x, 0.7)", X % 0.7),
        ("nd.power(2, x)", 2**X),
        ("nd.maximum(x, 0)", numpy.maximum(X, 0)),
        ("nd.broadcast_hypot(x, x)", numpy.hypot(X, X)),
        ("nd.broadcast_greater(x, x * 0)", X > 0),
        ("nd.lesser_equal(x, 0)", X <= 0),
        ("nd.equal(x, x)", numpy.ones_like(X)),
        ("nd.logical_and(x, x > 0)", X > 0),
        ("nd.logical_not(x > 0)", X <= 0),
        ("nd.add_n(x, x, x)", 3 * X),
        ("nd.ElementWiseSum(x, x)", 2 * X),
        ("nd.take(x, nd.array([0, 5]), axis=1)", X[:, [0, 2]]),
        ("nd.take(x, nd.array([-1, 4]), axis=1, mode='wrap')", X[:, [2, 1]]),
        ("x.take(nd.array([1]))", X[[1]]),
        ("nd.batch_take(m, nd.array([0, 2, 1]))", M[[0, 1, 2], [0, 2, 1]]),
        ("nd.choose_element_0index(m, nd.array([0, 2, 1]))", M[[0, 1, 2], [0, 2, 1]]),
        ("nd.fill_element_0index(nd.zeros((2, 3)), nd.array([5, 6]), nd.array([2, 0]))", [[0, 0, 5], [6, 0, 0]]),
        ("nd.where(x > 0, x, -x)", abs(X)),
        ("nd.pick(m, nd.array([0, 2, 1]))", M[[0, 1, 2], [0, 2, 1]]),
        ("nd.one_hot(nd.array([0, 2]), 3)", numpy.eye(3)[[0, 2]]),
        ("nd.Embedding(nd.array([0, 2]), m, input_dim=3, output_dim=3)", M[[0, 2]]),
        ("nd.gather_nd(m, nd.array([[0, 1], [2, 0]]))", M[[0, 1], [2, 0]]),
        ("nd.scatter_nd(nd.array([2, 3]), nd.array([[0, 1], [1, 0]]), shape=(2, 2))", [[0, 2], [3, 0]]),
        ("nd.slice(x, begin=(0, 1), end=(1, 3))", X[0:1, 1:3]),
        ("x.slice(begin=(None, None, 3), end=(None, None, 0), step=(None, None, -2))", X[:, :, 3:0:-2]),
        ("x.slice_axis(axis=1, begin=0, end=2)", X[:, :2]),
        ("x.slice_like(m[:1, :2], axes=(0, 1))", X[:1, :2]),
        ("nd.pad(x[None], mode='constant', pad_width=(0, 0, 0, 0, 1, 0, 0, 2), constant_value=7)",
         numpy.pad(X[None], ((0, 0), (0, 0), (1, 0), (0, 2)), constant_values=7)),
        ("nd.pad(x[None], mode='edge', pad_width=(0, 0, 0, 0, 1, 1, 2, 2))",
         numpy.pad(X[None], ((0, 0), (0, 0), (1, 1), (2, 2)), mode="edge")),
        ("nd.diag(m, k=1)", numpy.diag(M, 1)),
        ("nd.diag(nd.array([1, 2]), k=-1)", numpy.diag([1, 2], -1)),
        ("nd.depth_to_space(nd.arange(16).reshape((1, 4, 2, 2)), 2)[0, 0, 0]", [0, 4, 1, 5]),
        ("nd.space_to_depth(nd.depth_to_space(nd.arange(16).reshape((1, 4, 2, 2)), 2), 2)",
         numpy.arange(16).reshape(1, 4, 2, 2)),
        ("nd.ravel_multi_index(nd.array([[1, 0], [2, 3]]), shape=(2, 4))", [6, 3]),
        ("nd.unravel_index(nd.array([6, 3]), shape=(2, 4))", [[1, 0], [2, 3]]),
        ("nd.khatri_rao(nd.array([[1, 2]]), nd.array([[3, 4], [5, 6]]))", [[3, 8], [5, 12]]),
        ("nd.shape_array(x)", [2, 3, 4]),
        ("nd.size_array(x)", [24]),
        ("nd.cast(x, dtype='float32')", X.astype("float32")),
        ("nd.rcbrt(nd.abs(x))", abs(X) ** (-1 / 3)),
        ("nd.rsqrt(nd.abs(x))", abs(X) ** -0.5),
        ("nd.cbrt(x)", numpy.cbrt(X)),
        ("nd.radians(x)", numpy.radians(X)),
        ("nd.softsign(x)", X / (1 + abs(X))),
        ("nd.SoftmaxActivation(x, mode='channel').sum(axis=1)", numpy.ones((2, 4))),
        ("nd.SoftmaxActivation(m).sum(axis=1)", numpy.ones(3)),
        ("nd.LeakyReLU(x, slope=0.1)", numpy.where(X > 0, X, 0.1 * X)),
        ("nd.Activation(x, act_type='tanh')", numpy.tanh(X)),
        ("nd.identity(x)", X),
        ("nd.BlockGrad(x)", X),
        ("nd.contrib.div_sqrt_dim(x)", X / 2),
        ("nd.contrib.boolean_mask(m, nd.array([1, 0, 1]))", M[[0, 2]]),
        ("nd.contrib.arange_like(x, axis=2)", numpy.arange(4)),
        ("nd.arange(2, repeat=2)", [0, 0, 1, 1]),
        ("nd.arange(1, 2, 0.5)", [1, 1.5]),
        ("nd.full((2,), 3, dtype='int32')", [3, 3]),
        ("nd.eye(2, 3, 1)", numpy.eye(2, 3, 1)),
        ("nd.moveaxis(x, 0, 2)", numpy.moveaxis(X, 0, 2)),
        ("nd.cumsum(x, axis=1)", X.cumsum(1)),
        ("nd.histogram(nd.array([1, 2, 2, 5]), bins=2, range=(1, 5))[0]", [3, 1]),
        ("nd.UpSampling(x[None], scale=2, sample_type='nearest')", X[None].repeat(2, 2).repeat(2, 3)),
        ("nd.im2col(nd.arange(4).reshape((1, 1, 2, 2)), kernel=(2, 2))", [[[0], [1], [2], [3]]]),
        ("nd.softmax_cross_entropy(nd.zeros((2, 4)), nd.array([0, 3]))", 2 * math.log(4)),
        ("nd.linalg.gemm(m, m, m, transpose_a=True, alpha=2.0, beta=3.0)", 2 * M.T @ M + 3 * M),
        ("nd.linalg.gemm2(m, m, transpose_b=True, alpha=2.0)", 2 * M @ M.T),
        ("nd.linalg.potrf(nd.dot(m, m.T))", numpy.linalg.cholesky(M @ M.T)),
        ("nd.linalg.potri(nd.linalg.potrf(nd.dot(m, m.T)))", numpy.linalg.inv(M @ M.T)),
        ("nd.linalg.trmm(m, m)", numpy.tril(M) @ M),
        ("nd.linalg.trmm(m, m, rightside=True, transpose=True, lower=False)", M @ numpy.triu(M).T),
        ("nd.linalg.trsm(m, m)", numpy.linalg.solve(numpy.tril(M), M)),
        ("nd.linalg.trsm(m, m, rightside=True, alpha=2.0)", 2 * M @ numpy.linalg.inv(numpy.tril(M))),
        ("nd.linalg.syrk(m)", M @ M.T),
        ("nd.linalg.syrk(m, transpose=True)", M.T @ M),
        ("nd.linalg.extracttrian(m)", M[numpy.tril_indices(3)]),
        ("nd.linalg.extracttrian(m, lower=False)", M[numpy.triu_indices(3)]),
        ("nd.linalg.extracttrian(m, offset=1)", M[numpy.triu_indices(3, 1)]),
        ("nd.linalg.maketrian(nd.linalg.extracttrian(m))", numpy.tril(M)),
        ("nd.linalg.maketrian(nd.linalg.extracttrian(m, offset=-1), offset=-1)", numpy.tril(M, -1)),
        ("nd.linalg.sumlogdiag(m)", numpy.log(numpy.diag(M)).sum()),
        ("nd.linalg.extractdiag(m, offset=1)", numpy.diag(M, 1)),
        ("nd.linalg.makediag(m)[1]", numpy.diag(M[1])),
        ("nd.linalg.makediag(m, offset=-1)[1]", numpy.diag(M[1], -1)),
        ("nd.linalg.inverse(m)", numpy.linalg.inv(M)),
        ("nd.linalg.det(m)", numpy.linalg.det(M)),
        ("nd.linalg_gemm2(m, m)", M @ M),
        ("nd.linalg.syevd(m + m.T)[1]", numpy.linalg.eigvalsh(M + M.T)),
        ("nd.dot(*nd.linalg.gelqf(m)[::-1])", M),
    ],
)  # fmt: skip
def test_values(expression, expected):
    check(expression, expected)


def test_onehot_encode():
    out = nd.zeros((2, 3))
    assert nd.onehot_encode(nd.array([0, 2]), out) is out
    assert out.asnumpy().tolist() == [[1, 0, 0], [0, 0, 1]]


def test_keywords_and_names():
    x = nd.ones((2, 3))
    assert nd.FullyConnected(data=x, weight=nd.ones((4, 3)), no_bias=True, num_hidden=4, name="fc").shape == (2, 4)
    assert nd.broadcast_add(lhs=x, rhs=x).sum().asscalar() == 12
    assert nd.transpose(data=x).shape == (3, 2)


def test_gradients_of_what_is_only_here():
    def check_gradients(f, *arrays):
        xpgrad.check_grads(f, [xpgrad.asarray(x) for x in arrays], order=1, modes=["reverse"])

    check_gradients(lambda m: nd.linalg.potri(nd.linalg.potrf(nd.dot(m, m.mT))), M)
    check_gradients(lambda m: nd.linalg.trsm(m, m), M)
    check_gradients(lambda m: nd.linalg.makediag(m, offset=1), M)
    check_gradients(lambda m: nd.linalg.maketrian(nd.linalg.extracttrian(m)), M)
    check_gradients(lambda m: nd.linalg.potrf(m), M @ M.T)
    check_gradients(lambda m: nd.linalg.syevd(m)[1], M @ M.T)
    check_gradients(lambda x: nd.depth_to_space(nd.reshape(x, (1, 4, 2, 3)), 2), X)
    check_gradients(lambda x: nd.norm(x, axis=1), X)
    check_gradients(lambda x: nd.rcbrt(x), M)


def gradient(f, *arrays):
    """The gradients of a function for a head gradient of 10."""
    for x in arrays:
        x.attach_grad()
    with autograd.record():
        y = f(*arrays)
    y.backward(y * 0 + 10)
    return [x.grad.asnumpy() for x in arrays]


def softmax(x):
    e = numpy.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_softmax_output():
    """Its gradient is that of the cross entropy, whatever the head gradient."""
    x, label = RANDOM.normal(size=(3, 4)), numpy.asarray([1, 0, 3])
    expected = softmax(x) - numpy.eye(4)[label]
    data, labels = array(x), nd.array(label)
    numpy.testing.assert_allclose(nd.SoftmaxOutput(data, labels).asnumpy(), softmax(x), rtol=1e-12)

    def found(**options):
        return gradient(lambda d: nd.SoftmaxOutput(d, labels, **options), data)[0]

    numpy.testing.assert_allclose(found(), expected, rtol=1e-12)
    numpy.testing.assert_allclose(found(grad_scale=2.0, normalization="batch"), expected * 2 / 3, rtol=1e-12)
    numpy.testing.assert_allclose(found(use_ignore=True, ignore_label=0)[1], numpy.zeros(4))
    valid = found(use_ignore=True, ignore_label=0, normalization="valid")
    numpy.testing.assert_allclose(valid[0], expected[0] / 2, rtol=1e-12)
    smooth = found(smooth_alpha=0.3)
    numpy.testing.assert_allclose(smooth[0], softmax(x)[0] - [0.1, 0.7, 0.1, 0.1], rtol=1e-12)
    by_probability = nd.array(numpy.eye(4)[label], dtype="float64")
    numpy.testing.assert_allclose(
        gradient(lambda d: nd.SoftmaxOutput(d, by_probability), data)[0], expected, rtol=1e-12
    )


def test_softmax_output_over_channels():
    x, label = RANDOM.normal(size=(2, 3, 4)), RANDOM.integers(0, 3, (2, 4))
    found = gradient(lambda d: nd.SoftmaxOutput(d, nd.array(label), multi_output=True), array(x))[0]
    expected = numpy.moveaxis(softmax(numpy.moveaxis(x, 1, -1)) - numpy.eye(3)[label], -1, 1)
    numpy.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_regression_outputs():
    x, label = numpy.asarray([[1.0, 2.0], [3.0, 4.0]]), numpy.asarray([[0.0, 2.0], [5.0, 1.0]])
    labels = array(label)
    found = gradient(lambda d: nd.LinearRegressionOutput(d, labels), array(x))[0]
    numpy.testing.assert_allclose(found, (x - label) / 2)
    found = gradient(lambda d: nd.MAERegressionOutput(d, labels), array(x))[0]
    numpy.testing.assert_allclose(found, numpy.sign(x - label) / 2)
    found = gradient(lambda d: nd.LogisticRegressionOutput(d, labels, grad_scale=3.0), array(x))[0]
    numpy.testing.assert_allclose(found, (1 / (1 + numpy.exp(-x)) - label) * 3 / 2)
    assert nd.LinearRegressionOutput(array(x), labels).asnumpy().tolist() == x.tolist()


def test_make_loss_and_stop_gradient():
    x = nd.array([1.0, 2.0])
    assert gradient(lambda d: nd.MakeLoss(d * d, grad_scale=3.0), x)[0].tolist() == [6, 12]
    assert gradient(lambda d: nd.stop_gradient(d) * d, x)[0].tolist() == [10, 20]


@pytest.mark.parametrize(
    ("name", "states", "options", "expected"),
    [
        ("sgd_update", 0, {"lr": 0.1, "wd": 0.5}, 1 - 0.1 * 2.5),
        ("sgd_update", 0, {"lr": 0.1, "rescale_grad": 10.0, "clip_gradient": 3.0}, 0.7),
        ("sgd_mom_update", 1, {"lr": 0.1, "momentum": 0.9}, 1 - 0.1 * 2),
        ("nag_mom_update", 1, {"lr": 0.1, "momentum": 0.5}, 1 - 0.1 * (2 + 0.5 * 2)),
        ("signsgd_update", 0, {"lr": 0.1}, 0.9),
        ("signum_update", 1, {"lr": 0.1, "momentum": 0.9}, 0.9),
        ("adam_update", 2, {"lr": 0.1}, 1 - 0.1 * 0.2 / math.sqrt(0.004)),
        ("rmsprop_update", 1, {"lr": 0.1, "rho": 0.9}, 1 - 0.1 * 2 / math.sqrt(0.4)),
        ("rmspropalex_update", 3, {"lr": 0.1, "rho": 0.9}, 1 - 0.1 * 2 / math.sqrt(0.4 - 0.04)),
        ("ftrl_update", 2, {"lr": 0.1, "lamda1": 0.5}, 17.5 / 30),
        ("ftml_update", 3, {"lr": 0.1, "t": 1}, 0.9),
    ],
)
def test_steps_of_optimisers(name, states, options, expected):
    """The first step for weight 1 and gradient 2, from states that are 0; the states are written to."""
    weight, grad = nd.ones((3,)), nd.full((3,), 2.0)
    memory = [nd.zeros((3,)) for _ in range(states)]
    assert getattr(nd, name)(weight, grad, *memory, out=weight, **options) is weight
    numpy.testing.assert_allclose(weight.asnumpy(), expected, rtol=1e-5)
    assert all(state.asnumpy().any() for state in memory)
    before = weight.asnumpy()
    getattr(nd, name)(weight, grad, *memory, **options)
    assert (weight.asnumpy() == before).all()


def test_sparse_arrays_are_refused():
    x = nd.ones((2,))
    assert x.tostype("default") is x
    for call in (lambda: x.tostype("csr"), lambda: x.attach_grad(stype="row_sparse")):
        with pytest.raises(MXNetError, match="dense"):
            call()
