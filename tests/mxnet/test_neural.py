"""Functions of neural networks, against sums written out in NumPy; their gradients, against finite differences."""

from itertools import product
from math import erf, gamma, lgamma

import numpy
import pytest

import xpgrad
from xpgrad.mxnet import MXNetError, autograd, nd, np, npx

RANDOM = numpy.random.default_rng(0)


def random(*shape):
    return RANDOM.normal(size=shape)


def array(x):
    return np.array(x, dtype=x.dtype)


def assert_close(actual, expected):
    numpy.testing.assert_allclose(actual.asnumpy(), expected, rtol=1e-10, atol=1e-12)


def check_gradients(f, *arrays, order=1):
    xpgrad.check_grads(f, [xpgrad.asarray(x) for x in arrays], order=order, modes=["reverse"])


def windows(x, kernel, stride, dilate, pad, fill=0.0):
    """For every window its place and its elements."""
    widths = [(0, 0), (0, 0), *((p, p) for p in pad)]
    x = numpy.pad(x, widths, constant_values=fill)
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilate, strict=True)]
    for place in product(*map(range, counts)):
        spatial = [
            slice(p * s, p * s + d * (k - 1) + 1, d) for p, s, d, k in zip(place, stride, dilate, kernel, strict=True)
        ]
        yield place, counts, x[(slice(None), slice(None), *spatial)]


def convolution(x, w, stride, dilate, pad, groups):
    """Window by window, group by group."""
    filters, channels = w.shape[0] // groups, w.shape[1]
    out = None
    for place, counts, window in windows(x, w.shape[2:], stride, dilate, pad):
        if out is None:
            out = numpy.zeros((x.shape[0], w.shape[0], *counts))
        for g in range(groups):
            part = window[:, g * channels : (g + 1) * channels]
            mine = w[g * filters : (g + 1) * filters]
            axes = list(range(1, part.ndim))
            out[(slice(None), slice(g * filters, (g + 1) * filters), *place)] = numpy.tensordot(
                part, mine, (axes, axes)
            )
    return out


CONVOLUTIONS = [
    pytest.param((2, 3, 7), (4, 3, 3), (2,), (1,), (1,), 1, id="1d, stride"),
    pytest.param((2, 3, 6, 5), (4, 3, 3, 2), (1, 1), (1, 1), (0, 0), 1, id="2d"),
    pytest.param((2, 4, 6, 5), (6, 2, 3, 3), (2, 1), (1, 2), (1, 2), 2, id="2d, all at once"),
    pytest.param((1, 4, 4, 4), (4, 1, 2, 2), (1, 1), (1, 1), (0, 0), 4, id="2d, by channel"),
    pytest.param((2, 3, 4, 4), (5, 3, 1, 1), (1, 1), (1, 1), (0, 0), 1, id="2d, single elements"),
    pytest.param((1, 2, 4, 3, 4), (3, 2, 2, 2, 2), (1, 1, 2), (1, 1, 1), (0, 1, 0), 1, id="3d"),
]


@pytest.mark.parametrize(("shape", "kernel", "stride", "dilate", "pad", "groups"), CONVOLUTIONS)
def test_convolution(shape, kernel, stride, dilate, pad, groups):
    x, w, b = random(*shape), random(*kernel), random(kernel[0])
    options = {"stride": stride, "dilate": dilate, "pad": pad, "num_group": groups, "kernel": kernel[2:]}

    def f(x, w, b):
        return npx.convolution(x, w, b, num_filter=kernel[0], **options)

    bias = b.reshape(-1, *[1] * (len(shape) - 2))
    assert_close(f(array(x), array(w), array(b)), convolution(x, w, stride, dilate, pad, groups) + bias)
    check_gradients(f, x, w, b)


@pytest.mark.parametrize(("shape", "kernel", "stride", "dilate", "pad", "groups"), CONVOLUTIONS)
def test_deconvolution_is_the_transpose(shape, kernel, stride, dilate, pad, groups):
    x, w = array(random(*shape)), array(random(*kernel))
    options = {"stride": stride, "dilate": dilate, "pad": pad, "num_group": groups}
    x.attach_grad()
    with autograd.record():
        y = npx.convolution(x, w, no_bias=True, **options)
    g = array(random(*y.shape))
    y.backward(g)
    left_over = zip(shape[2:], pad, dilate, kernel[2:], stride, strict=True)
    adj = tuple((n + 2 * p - d * (k - 1) - 1) % s for n, p, d, k, s in left_over)
    assert_close(npx.deconvolution(g, w, adj=adj, no_bias=True, **options), x.grad.asnumpy())
    by_shape = npx.deconvolution(g, w, target_shape=shape[2:], stride=stride, dilate=dilate, num_group=groups)
    assert by_shape.shape == shape


def test_deconvolution_gradients_and_adj():
    x, w, b = random(2, 3, 3, 2), random(3, 4, 3, 3), random(4)

    def f(x, w, b):
        return npx.deconvolution(x, w, b, stride=(2, 2), pad=(1, 1), adj=(1, 0), num_filter=4)

    y = f(array(x), array(w), array(b))
    assert y.shape == (2, 4, 6, 3)
    check_gradients(f, x, w, b)


def test_second_gradient_of_a_convolution():
    check_gradients(lambda x, w: npx.convolution(x, w, pad=1) ** 2, random(1, 2, 3, 3), random(2, 2, 2, 2), order=2)


def test_layouts_with_the_channels_last():
    x, w = random(2, 5, 6, 3), random(4, 3, 3, 3)
    last = npx.convolution(array(x), array(w), layout="NHWC", no_bias=True)
    first = npx.convolution(array(x.transpose(0, 3, 1, 2)), array(w.transpose(0, 3, 1, 2)), no_bias=True)
    assert_close(last, first.asnumpy().transpose(0, 2, 3, 1))
    pooled = npx.pooling(array(x), (2, 2), layout="NHWC")
    assert_close(pooled, npx.pooling(array(x.transpose(0, 3, 1, 2)), (2, 2)).asnumpy().transpose(0, 2, 3, 1))


def test_channels_that_do_not_fit():
    with pytest.raises(MXNetError, match="channels"):
        npx.convolution(np.ones((1, 3, 4, 4)), np.ones((2, 2, 3, 3)))


REDUCED = {"max": numpy.max, "avg": numpy.mean, "sum": numpy.sum}


@pytest.mark.parametrize("kind", REDUCED)
@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "pad"),
    [
        ((2, 3, 7), (3,), (2,), (1,)),
        ((2, 3, 6, 5), (2, 3), (1, 2), (1, 0)),
        ((1, 2, 4, 4, 4), (2, 2, 2), (2, 2, 2), (0, 0, 0)),
    ],
)
def test_pooling(kind, shape, kernel, stride, pad):
    x = random(*shape)
    fill = -numpy.inf if kind == "max" else 0.0
    axes = tuple(range(2, len(shape)))
    expected = None
    for place, counts, window in windows(x, kernel, stride, (1,) * len(kernel), pad, fill):
        if expected is None:
            expected = numpy.zeros((*shape[:2], *counts))
        expected[(slice(None), slice(None), *place)] = REDUCED[kind](window, axis=axes)

    def f(x):
        return npx.pooling(x, kernel=kernel, stride=stride, pad=pad, pool_type=kind)

    assert_close(f(array(x)), expected)
    check_gradients(f, x)


def test_pooling_of_everything():
    x = random(2, 3, 4, 5)
    assert_close(npx.pooling(array(x), global_pool=True), x.max((2, 3), keepdims=True))
    assert_close(npx.pooling(array(x), global_pool=True, pool_type="avg"), x.mean((2, 3), keepdims=True))


def test_means_that_leave_out_the_padding():
    y = npx.pooling(np.ones((1, 1, 3, 3)), (2, 2), pad=(1, 1), pool_type="avg", count_include_pad=False)
    assert (y == 1).all()
    y = npx.pooling(np.ones((1, 1, 3)), (2,), pad=(1,), pool_type="avg")
    assert y.asnumpy().tolist() == [[[0.5, 1, 1, 0.5]]]


def test_a_last_window_that_does_not_fit():
    x = array(numpy.arange(5.0).reshape(1, 1, 5))
    options = {"kernel": (2,), "stride": (2,)}
    assert npx.pooling(x, **options).asnumpy().tolist() == [[[1, 3]]]
    assert npx.pooling(x, pooling_convention="full", **options).asnumpy().tolist() == [[[1, 3, 4]]]
    means = npx.pooling(x, pooling_convention="full", pool_type="avg", **options)
    assert means.asnumpy().tolist() == [[[0.5, 2.5, 4]]]


def test_powers():
    x = numpy.abs(random(1, 2, 4)) + 0.1
    y = npx.pooling(array(x), (2,), pool_type="lp", p_value=3)
    assert_close(y, (x[..., :-1] ** 3 + x[..., 1:] ** 3) ** (1 / 3))


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


ACTIVATIONS = {
    "relu": lambda x: numpy.maximum(x, 0),
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: numpy.log(sigmoid(x)),
    "softrelu": lambda x: numpy.log1p(numpy.exp(x)),
    "softsign": lambda x: x / (1 + numpy.abs(x)),
    "tanh": numpy.tanh,
    "mish": lambda x: x * numpy.tanh(numpy.log1p(numpy.exp(x))),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name):
    x = random(3, 4)
    assert_close(npx.activation(array(x), act_type=name), ACTIVATIONS[name](x))
    check_gradients(lambda x: npx.activation(x, act_type=name), x)


def test_unknown_activation():
    with pytest.raises(ValueError, match="softsign"):
        npx.activation(np.ones(2), act_type="swish")


def elu(x, slope):
    return numpy.where(x > 0, x, slope * numpy.expm1(x))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"act_type": "leaky", "slope": 0.1}, lambda x: numpy.where(x > 0, x, 0.1 * x)),
        ({"act_type": "elu", "slope": 0.5}, lambda x: elu(x, 0.5)),
        ({"act_type": "selu"}, lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772)),
        ({"act_type": "rrelu", "lower_bound": 0.1, "upper_bound": 0.3}, lambda x: numpy.where(x > 0, x, 0.2 * x)),
    ],
)
def test_leaky_relu(options, expected):
    x = random(3, 4)
    assert_close(npx.leaky_relu(array(x), **options), expected(x))
    check_gradients(lambda x: npx.leaky_relu(x, **options), x)


def test_leaky_relu_with_slopes():
    x, slopes = random(2, 3, 4), random(3)
    expected = numpy.where(x > 0, x, slopes[:, None] * x)
    assert_close(npx.leaky_relu(array(x), array(slopes), act_type="prelu"), expected)
    check_gradients(lambda x, s: npx.leaky_relu(x, s, act_type="prelu"), x, slopes)
    with autograd.record():
        y = npx.leaky_relu(np.full((1000,), -1.0), act_type="rrelu", lower_bound=0.1, upper_bound=0.3)
    assert ((y < -0.1) & (y > -0.3)).all()
    assert len(numpy.unique(y.asnumpy())) > 500


def test_gelu():
    x = random(5)
    assert_close(npx.gelu(array(x)), [v * (1 + erf(v / 2**0.5)) / 2 for v in x])


def softmax(x, axis=-1):
    e = numpy.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_softmax(axis):
    x = random(2, 3, 4)
    assert_close(npx.softmax(array(x), axis=axis), softmax(x, axis))
    assert_close(npx.softmax(array(x), axis=axis, temperature=2.0), softmax(x / 2, axis))
    assert_close(npx.log_softmax(array(x), axis=axis), numpy.log(softmax(x, axis)))
    assert_close(npx.softmin(array(x), axis=axis), softmax(-x, axis))
    check_gradients(lambda x: npx.softmax(x, axis=axis), x)
    check_gradients(lambda x: npx.log_softmax(x, axis=axis), x)


def test_softmax_of_large_numbers():
    x = np.array([1000.0, 1001.0, -1000.0])
    numpy.testing.assert_allclose(npx.softmax(x).asnumpy(), [0.26894143, 0.73105854, 0], rtol=1e-6)
    numpy.testing.assert_allclose(npx.log_softmax(x).asnumpy(), [-1.3132616, -0.31326166, -2001.3132], rtol=1e-6)


def test_softmax_of_the_first_elements():
    x, length = random(2, 4), np.array([2, 3], dtype="int32")
    y = npx.softmax(array(x), length, use_length=True)
    for row, values, n in zip(y.asnumpy(), x, (2, 3), strict=True):
        numpy.testing.assert_allclose(row[:n], softmax(values[:n]), rtol=1e-10)
        assert not row[n:].any()
    z = npx.log_softmax(array(x), length=length, use_length=True)
    numpy.testing.assert_allclose(numpy.exp(z.asnumpy()), y.asnumpy(), rtol=1e-10)
    assert_close(nd.softmax(nd.array(x, dtype="float64"), nd.array([2, 3]), use_length=True), y.asnumpy())


def test_softmax_with_a_mask():
    x, mask = random(2, 3), np.array([[1, 0, 1], [0, 0, 0]], dtype="bool")
    y = npx.masked_softmax(array(x), mask)
    numpy.testing.assert_allclose(y.asnumpy()[0, [0, 2]], softmax(x[0, [0, 2]]), rtol=1e-10)
    assert y.asnumpy()[0, 1] == 0
    assert not y.asnumpy()[1].any()
    check_gradients(lambda x: npx.masked_softmax(x, mask), x)


def test_fully_connected():
    x, w, b = random(2, 3, 4), random(5, 12), random(5)
    assert_close(npx.fully_connected(array(x), array(w), array(b), num_hidden=5), x.reshape(2, 12) @ w.T + b)
    w = random(5, 4)
    y = npx.fully_connected(array(x), array(w), num_hidden=5, no_bias=True, flatten=False)
    assert_close(y, x @ w.T)
    y = nd.FullyConnected(data=nd.array(x), weight=nd.array(random(5, 12)), bias=nd.zeros(5), num_hidden=5)
    assert y.shape == (2, 5)


def test_batch_norm_in_training():
    x, gamma, beta = random(4, 3, 2), random(3), random(3)
    mean, var = np.zeros(3, dtype="float64"), np.ones(3, dtype="float64")
    with autograd.record():
        y = npx.batch_norm(array(x), array(gamma), array(beta), mean, var, eps=1e-5, momentum=0.9, fix_gamma=False)
    m, v = x.mean((0, 2), keepdims=True), x.var((0, 2), keepdims=True)
    expected = (x - m) / numpy.sqrt(v + 1e-5) * gamma[:, None] + beta[:, None]
    assert_close(y, expected)
    assert_close(mean, 0.1 * m.ravel())
    assert_close(var, 0.9 + 0.1 * v.ravel())


def test_batch_norm_in_prediction():
    x, gamma, beta = random(4, 3, 2), random(3), random(3)
    m, v = random(3), numpy.abs(random(3))
    mean, var = array(m), array(v)
    y = npx.batch_norm(array(x), array(gamma), array(beta), mean, var, eps=1e-5, fix_gamma=False)
    expected = (x - m[:, None]) / numpy.sqrt(v[:, None] + 1e-5) * gamma[:, None] + beta[:, None]
    assert_close(y, expected)
    assert_close(mean, m)
    with autograd.record():
        y = npx.batch_norm(
            array(x), array(gamma), array(beta), mean, var, eps=1e-5, fix_gamma=False, use_global_stats=True
        )
    assert_close(y, expected)
    assert_close(mean, m)


def test_batch_norm_gradients():
    def f(x, gamma, beta):
        with autograd.train_mode():
            mean, var = np.zeros(3, dtype="float64"), np.ones(3, dtype="float64")
            return npx.batch_norm(x, gamma, beta, mean, var, fix_gamma=False)

    check_gradients(f, random(4, 3), random(3), random(3))


def test_batch_norm_takes_one_for_gamma_by_default():
    gamma = np.full((3,), 5.0)
    gamma.attach_grad()
    x = np.array(random(4, 3))
    x.attach_grad()
    with autograd.record():
        y, mean, var = npx.batch_norm(x, gamma, np.zeros(3), np.zeros(3), np.ones(3), output_mean_var=True)
    y.backward(x)
    assert abs(y.asnumpy()).max() < 5
    assert (mean.shape, var.shape) == ((3,), (3,))
    assert not gamma.grad.any()


def test_layer_norm():
    x, gamma, beta = random(2, 3, 4), random(4), random(4)
    expected = (x - x.mean(-1, keepdims=True)) / numpy.sqrt(x.var(-1, keepdims=True) + 1e-5) * gamma + beta
    assert_close(npx.layer_norm(array(x), array(gamma), array(beta), axis=-1, eps=1e-5), expected)
    check_gradients(lambda *a: npx.layer_norm(*a, axis=-1, eps=1e-5), x, gamma, beta)
    gamma, beta = random(3), random(3)
    y, mean, std = npx.layer_norm(array(x), array(gamma), array(beta), axis=1, eps=1e-5, output_mean_var=True)
    assert_close(mean, x.mean(1))
    assert_close(std, numpy.sqrt(x.var(1) + 1e-5))
    assert_close(
        y, (x - x.mean(1, keepdims=True)) / numpy.sqrt(x.var(1, keepdims=True) + 1e-5) * gamma[:, None] + beta[:, None]
    )


def test_group_norm_and_instance_norm():
    x, gamma, beta = random(2, 4, 3), random(4), random(4)
    grouped = x.reshape(2, 2, 6)
    normal = (grouped - grouped.mean(-1, keepdims=True)) / numpy.sqrt(grouped.var(-1, keepdims=True) + 1e-5)
    expected = normal.reshape(x.shape) * gamma[:, None] + beta[:, None]
    assert_close(npx.group_norm(array(x), array(gamma), array(beta), num_groups=2, eps=1e-5), expected)
    check_gradients(lambda *a: npx.group_norm(*a, num_groups=2, eps=1e-5), x, gamma, beta)
    normal = (x - x.mean(-1, keepdims=True)) / numpy.sqrt(x.var(-1, keepdims=True) + 1e-5)
    assert_close(
        npx.instance_norm(array(x), array(gamma), array(beta), eps=1e-5), normal * gamma[:, None] + beta[:, None]
    )


@pytest.mark.parametrize(("normalize", "eps"), [(nd.GroupNorm, 1e-5), (npx.group_norm, 1e-3)])
def test_group_norm_adds_by_default_what_mxnet_adds(normalize, eps):
    x = numpy.asarray([[[0.01, -0.01]]])
    assert_close(normalize(array(x), array(numpy.ones(1)), array(numpy.zeros(1))), x / numpy.sqrt(1e-4 + eps))


def test_allclose_takes_nan_for_equal_in_nd_only():
    x = numpy.asarray([1.0, numpy.nan])
    assert nd.contrib.allclose(nd.array(x), nd.array(x))
    assert not np.allclose(array(x), array(x))


@pytest.mark.parametrize(("mode", "axes"), [("instance", (1, 2)), ("channel", (1,)), ("spatial", (2,))])
def test_l2_normalization(mode, axes):
    x = random(2, 3, 4)
    assert_close(npx.l2_normalization(array(x), mode=mode), x / numpy.sqrt((x * x).sum(axes, keepdims=True) + 1e-10))


def test_local_response_normalization():
    x = random(1, 4, 2)
    squares = numpy.stack([(x[:, max(i - 1, 0) : i + 2] ** 2).sum(1) for i in range(4)], 1)
    assert_close(npx.lrn(array(x), alpha=0.3, nsize=3), x / (2 + 0.1 * squares) ** 0.75)


def test_embedding():
    w = random(5, 3)
    weight = array(w)
    weight.attach_grad()
    with autograd.record():
        y = npx.embedding(np.array([[0, 4], [4, 4]]), weight, input_dim=5, output_dim=3)
    y.backward()
    assert_close(y, w[[[0, 4], [4, 4]]])
    assert weight.grad.asnumpy()[:, 0].tolist() == [1, 0, 0, 0, 3]


def test_smooth_l1_and_hard_sigmoid():
    x = random(10) * 2
    assert_close(npx.smooth_l1(array(x), scalar=1.0), numpy.where(abs(x) < 1, x * x / 2, abs(x) - 0.5))
    assert_close(npx.hard_sigmoid(array(x)), numpy.clip(0.2 * x + 0.5, 0, 1))


def test_sequences():
    x, lengths = random(4, 2, 3), np.array([2, 4])
    masked = x.copy()
    masked[2:, 0] = -1
    assert_close(npx.sequence_mask(array(x), lengths, use_sequence_length=True, value=-1), masked)
    by_batch = npx.sequence_mask(array(x.swapaxes(0, 1)), lengths, use_sequence_length=True, value=-1, axis=1)
    assert_close(by_batch, masked.swapaxes(0, 1))
    assert_close(npx.sequence_mask(array(x)), x)
    assert_close(npx.sequence_last(array(x), lengths, use_sequence_length=True), x[[1, 3], [0, 1]])
    assert_close(npx.sequence_last(array(x)), x[-1])
    turned = x.copy()
    turned[:2, 0], turned[:, 1] = x[:2, 0][::-1], x[::-1, 1]
    assert_close(npx.sequence_reverse(array(x), lengths, use_sequence_length=True), turned)
    check_gradients(lambda x: npx.sequence_last(x, lengths, use_sequence_length=True), x)


def test_pick_and_one_hot():
    x = random(2, 3)
    index = np.array([0, 2])
    assert_close(npx.pick(array(x), index), x[[0, 1], [0, 2]])
    assert_close(npx.pick(array(x), np.array([1, 0, 1]), axis=0, keepdims=True), x[[1, 0, 1], [0, 1, 2]][None])
    assert_close(npx.pick(array(x), np.array([5, -1])), x[[0, 1], [2, 0]])
    assert_close(npx.pick(array(x), np.array([5, -1]), mode="wrap"), x[[0, 1], [2, 2]])
    assert npx.one_hot(index, 3).asnumpy().tolist() == [[1, 0, 0], [0, 0, 1]]
    assert npx.one_hot(index, 3, on_value=5, off_value=-1, dtype="int32").asnumpy().tolist() == [
        [5, -1, -1],
        [-1, -1, 5],
    ]


def test_topk():
    x = np.array([[1.0, 3.0, 2.0], [9.0, 7.0, 8.0]])
    assert npx.topk(x, k=2).asnumpy().tolist() == [[1, 2], [0, 2]]
    assert npx.topk(x, k=2).dtype == numpy.float32
    assert npx.topk(x, k=1, is_ascend=True, dtype="int32").asnumpy().tolist() == [[0], [1]]
    assert npx.topk(x, k=2, ret_typ="value").asnumpy().tolist() == [[3, 2], [9, 8]]
    assert npx.topk(x, k=2, ret_typ="mask").asnumpy().tolist() == [[0, 1, 1], [1, 0, 1]]
    values, indices = npx.topk(x, k=1, ret_typ="both", axis=0)
    assert (values.asnumpy().tolist(), indices.asnumpy().tolist()) == ([[9, 7, 8]], [[1, 1, 1]])
    assert npx.topk(x, k=1, axis=None).asnumpy().tolist() == [3]
    x.attach_grad()
    with autograd.record():
        y = npx.topk(x, k=2, ret_typ="value") * np.array([1.0, 10.0])
    y.backward()
    assert x.grad.asnumpy().tolist() == [[0, 1, 10], [1, 0, 10]]


def test_places_in_several_axes():
    x = random(2, 3, 4)
    places = np.array([[0, 1, 1], [2, 0, -1]], dtype="int32")
    assert_close(npx.gather_nd(array(x), places), x[[0, 1, 1], [2, 0, 2]])
    check_gradients(lambda x: npx.gather_nd(x, places), x)
    y = npx.scatter_nd(np.array([1.0, 2.0, 3.0]), np.array([[0, 1, 1], [1, 0, 0]], dtype="int32"), shape=(2, 2))
    assert y.asnumpy().tolist() == [[0, 1], [5, 0]]
    a, where = np.zeros((2, 3)), np.array([[0, 1, 1], [2, 0, 0]], dtype="int32")
    assert npx.index_add(a, where, np.array([1.0, 2.0, 3.0])).asnumpy().tolist() == [[0, 0, 1], [5, 0, 0]]
    assert npx.index_add(a, np.array([1]), 2).asnumpy().tolist() == [[0, 0, 0], [2, 2, 2]]
    assert npx.index_update(a, where[:, :2], np.array([1.0, 2.0])).asnumpy().tolist() == [[0, 0, 1], [2, 0, 0]]
    assert not a.any()
    check_gradients(lambda a, v: npx.index_update(a, where[:, :2], v) ** 2, random(2, 3), random(2))


@pytest.mark.parametrize(
    ("shape", "reverse", "expected"),
    [
        ((-2, -1), False, (2, 12)),
        ((-2, -2, -1), False, (2, 3, 4)),
        ((-4,), False, (2, 3, 4)),
        ((-5, -2), False, (6, 4)),
        ((-2, -6, 3, 1, -2), False, (2, 3, 1, 4)),
        ((-2, -2, -6, -1, 2), False, (2, 3, 2, 2)),
        ((6, -1), False, (6, 4)),
        ((-1, -2), True, (6, 4)),
        ((-5, -2), True, (6, 4)),
    ],
)
def test_commands_of_npx_reshape(shape, reverse, expected):
    x = np.ones((2, 3, 4))
    assert npx.reshape(x, shape, reverse=reverse).shape == expected


def test_npx_reshape_skips_ones():
    assert npx.reshape(np.ones((8, 1, 3)), (-2, -3, -2)).shape == (8, 3)


@pytest.mark.parametrize(
    ("shape", "reverse", "expected"),
    [
        ((0, -1), False, (2, 12)),
        ((-2,), False, (2, 3, 4)),
        ((0, -3), False, (2, 12)),
        ((-3, 0), False, (6, 4)),
        ((0, -4, 3, 1, 0), False, (2, 3, 1, 4)),
        ((-4, -1, 1, -2), False, (2, 1, 3, 4)),
        ((-1, 0), True, (6, 4)),
        ((4, 0, 2), False, (4, 3, 2)),
    ],
)
def test_commands_of_nd_reshape(shape, reverse, expected):
    x = nd.ones((2, 3, 4))
    assert nd.reshape(x, shape=shape, reverse=reverse).shape == expected
    assert x.reshape(shape, reverse=reverse).shape == x.reshape(shape=shape, reverse=reverse).shape == expected


def test_likes_and_slices():
    x = array(random(2, 3, 4))
    assert npx.arange_like(x).shape == (2, 3, 4)
    assert npx.arange_like(x, start=1, step=2, axis=1).asnumpy().tolist() == [1, 3, 5]
    assert npx.arange_like(x, repeat=2, axis=2).asnumpy().tolist() == [0, 0, 1, 1]
    assert npx.broadcast_like(np.ones((1, 3)), np.ones((5, 3))).shape == (5, 3)
    assert npx.broadcast_like(np.ones((1, 3)), np.ones((5, 7)), lhs_axes=(0,), rhs_axes=(1,)).shape == (7, 3)
    assert npx.reshape_like(x, np.ones((6, 4))).shape == (6, 4)
    assert npx.reshape_like(x, np.ones((5, 6)), lhs_begin=0, lhs_end=2, rhs_begin=1, rhs_end=2).shape == (6, 4)
    assert_close(npx.slice(x, begin=(0, 1), end=(1, None)), x.asnumpy()[0:1, 1:])
    assert_close(npx.slice(x, begin=(None, 2), end=(None, 0), step=(1, -1)), x.asnumpy()[:, 2:0:-1])
    assert npx.slice_like(x, np.ones((1, 2, 2)), axes=(0, 2)).shape == (1, 3, 2)
    assert npx.batch_flatten(x).shape == (2, 12)
    assert_close(npx.batch_dot(x, x, transpose_b=True), x.asnumpy() @ x.asnumpy().swapaxes(1, 2))


def test_dropout_scales_what_it_keeps():
    x = np.ones((200, 200))
    with autograd.record():
        y = npx.dropout(x, p=0.3)
    assert set(numpy.unique(y.asnumpy())) == {0, numpy.float32(1 / 0.7)}
    assert abs(y.mean().item() - 1) < 0.01
    with autograd.record():
        assert not npx.dropout(x, p=1.0).any()


def test_norm():
    x = random(2, 3)
    assert_close(npx.norm(array(x)), [numpy.linalg.norm(x)])
    assert_close(npx.norm(array(x), axis=1, keepdims=True), numpy.linalg.norm(x, axis=1, keepdims=True))
    assert_close(nd.norm(nd.array(x, dtype="float64"), ord=1, axis=0), abs(x).sum(0))


def test_special_functions():
    x = numpy.asarray([0.3, 1.7, 4.0])
    assert_close(npx.erf(array(x)), list(map(erf, x)))
    assert_close(npx.gamma(array(x)), list(map(gamma, x)))
    assert_close(npx.gammaln(array(x)), list(map(lgamma, x)))
    assert_close(npx.erf(npx.erfinv(array(x / 5))), x / 5)
    assert_close(npx.gamma(np.array([-0.5, -1.5], dtype="float64")), [gamma(-0.5), gamma(-1.5)])


def test_loops_and_branches():
    x = np.arange(3)
    x.attach_grad()
    with autograd.record():
        outputs, state = npx.foreach(lambda x, s: (x * s, s + x), x, np.ones(()))
        (outputs.sum() + state).backward()
    assert outputs.asnumpy().tolist() == [0, 1, 4]
    assert x.grad.asnumpy().tolist() == [5, 4, 3]
    outputs, (_, total) = npx.while_loop(
        lambda i, s: i < 4, lambda i, s: (i * 10, (i + 1, s + i)), (np.zeros(()), np.zeros(())), max_iterations=10
    )
    assert (outputs.asnumpy().tolist(), total.item()) == ([0, 10, 20, 30], 6)
    assert npx.cond(lambda a: a > 1, lambda a: a * 2, lambda a: a * 3, np.array(2.0)).item() == 4
    assert nd.contrib.cond(nd.array([0]), lambda: 1, lambda: 2) == 2


def test_a_dense_layer_of_matrices_is_one_operation():
    x, weight = (xpgrad.asarray(numpy.random.default_rng(0).normal(size=shape)) for shape in ((4, 3), (2, 3)))
    xpgrad.check_grads(lambda x, w: npx.fully_connected(x, w, num_hidden=2), [x, weight], order=2, modes=["reverse"])
    found = xpgrad.jacobian(lambda w: npx.fully_connected(x, w, num_hidden=2))(weight)
    numpy.testing.assert_allclose(found.asnumpy(), numpy.einsum("ni,jk->njki", x.asnumpy(), numpy.eye(2)))
    w = np.array(weight.asnumpy())
    w.attach_grad()
    with autograd.record():
        y = npx.fully_connected(np.array(x.asnumpy()), w, num_hidden=2)
    y.backward()
    assert w.grad.data.flags.c_contiguous
