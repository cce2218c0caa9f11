"""The names of the layer, files, contexts, operators of one's own, and other backends."""

import inspect

import numpy
import pytest

import xpgrad
import xpgrad.mxnet as mx
from xpgrad.mxnet import autograd, nd, np, npx, test_utils


def test_modules_under_all_their_names():
    import xpgrad.mxnet.ndarray
    import xpgrad.mxnet.numpy

    assert mx.nd is mx.ndarray is xpgrad.mxnet.ndarray
    assert mx.np is mx.numpy is xpgrad.mxnet.numpy
    assert mx.npx is mx.numpy_extension
    assert mx.nd.op is mx.nd


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("np.softmaxx", "nearest"),
        ("np.arcsine", "arcsin"),
        ("npx.fully_conected", "fully_connected"),
        ("nd.BatchNormalization", "BatchNorm"),
        ("np.random.unifrom", "uniform"),
        ("np.linalg.slog", "slogdet"),
        ("nd.random.gama", "gamma"),
        ("nd.linalg.gem", "gemm"),
        ("nd.contrib.while_lop", "while_loop"),
        ("npx.random.bernouli", "bernoulli"),
        ("test_utils.assert_almost_equals", "assert_almost_equal"),
        ("np.qqqqqq", "dir()"),
    ],
)
def test_a_name_that_is_not_provided(name, nearest):
    with pytest.raises(AttributeError, match="does not provide") as caught:
        eval(f"mx.{name}", {"mx": mx})
    assert nearest in str(caught.value)
    assert not hasattr(mx.np, "softmaxx")


def test_methods_that_mxnet_2_does_not_have():
    x = np.ones(2)
    for name in ("asscalar", "norm", "exp", "relu", "expand_dims"):
        assert not hasattr(x, name)
    with pytest.raises(AttributeError, match=r"np\.exp\(x\)"):
        x.exp()


#: What programs use most: functions by namespace, and methods of arrays.
USED = """
    nd.array nd.zeros nd.ones nd.dot nd.empty nd.sum nd.arange nd.concat nd.waitall nd.transpose nd.relu nd.norm
    nd.save nd.load nd.log nd.mean nd.exp nd.Activation nd.NDArray nd.argmax nd.split nd.full nd.clip nd.square
    nd.one_hot nd.tanh nd.expand_dims nd.swapaxes nd.Custom nd.ones_like nd.max nd.random_uniform nd.random_normal
    nd.sqrt nd.stack nd.nansum nd.min nd.abs nd.batch_dot nd.sigmoid nd.Pooling nd.concatenate nd.zeros_like
    nd.onehot_encode nd.choose_element_0index nd.add_n nd.softmax nd.tile nd.argmax_channel nd.power nd.topk
    nd.Convolution nd.broadcast_to nd.reshape nd.uniform nd.cast nd.elemwise_add nd.pad nd.pick nd.maximum nd.flatten
    nd.normal nd.flip nd.L2Normalization nd.FullyConnected nd.random.uniform nd.random.normal nd.random.multinomial
    nd.random.shuffle nd.random.randint nd.linalg.gemm nd.linalg.gemm2 np.array np.zeros np.arange np.dot
    np.expand_dims np.ones np.concatenate np.sqrt np.exp np.sum np.float32 np.log np.mean np.stack np.int32 np.abs
    np.sin np.square np.pi np.cos np.tanh np.squeeze np.argmax np.tile np.full np.max np.transpose np.linspace np.min
    np.meshgrid np.log2 np.nonzero np.maximum np.sign np.ndarray np.zeros_like np.eye np.ones_like np.int64 np.cosh
    np.power np.reshape np.clip np.array_equiv np.sinh np.genfromtxt np.repeat np.minimum np.unique np.cumsum np.split
    np.empty np.multiply np.random np.sort np.arccos np.float64 np.floor np.set_printoptions np.broadcast_to
    np.subtract np.add np.divide np.copy np.ceil np.matmul np.random.uniform np.random.normal np.random.randn
    np.random.seed np.random.rand np.random.multinomial np.random.randint np.random.shuffle np.linalg.norm npx.set_np
    npx.relu npx.waitall npx.sigmoid npx.gpu npx.softmax npx.batch_dot npx.cpu npx.num_gpus npx.one_hot npx.load
    npx.sequence_mask npx.save npx.topk npx.savez npx.convolution npx.pooling npx.norm npx.batch_flatten npx.smooth_l1
    npx.reset_np npx.fully_connected npx.reshape npx.embedding autograd.record autograd.is_training autograd.backward
    autograd.predict_mode autograd.Function autograd.pause autograd.grad autograd.mark_variables autograd.get_symbol
    cpu gpu Context current_context current_device num_gpus random.seed random.uniform random.normal
    test_utils.assert_almost_equal test_utils.same test_utils.rand_shape_nd test_utils.random_arrays test_utils.use_np
    test_utils.default_context test_utils.rand_ndarray base.MXNetError base.numeric_types base.integer_types
    util.use_np util.is_np_array context.num_gpus operator.CustomOp
"""
METHODS = """
    shape asnumpy reshape split backward astype sum size as_in_context mean asscalar T grad ctx dtype copyto transpose
    attach_grad wait_to_read argmax pad item tolist copy expand_dims context stype as_in_ctx flatten max take relu
    ndim squeeze tostype device sqrt sort exp log swapaxes norm detach clip square sigmoid repeat argsort abs softmax
    min as_nd_ndarray tanh one_hot topk tile zeros_like broadcast_to as_np_ndarray log1p prod ones_like argmin
    log_softmax slice expm1 flip
"""
NUMPY_METHODS = "dot to_device std var all any cumsum nonzero item tolist drop_grad mT diagonal"


@pytest.mark.parametrize("name", USED.split())
def test_names_that_programs_use(name):
    found = eval(f"mx.{name}", {"mx": mx})
    if inspect.isfunction(found):
        assert found.__doc__


@pytest.mark.parametrize("name", METHODS.split())
def test_methods_that_programs_use(name):
    assert hasattr(nd.NDArray, name)


@pytest.mark.parametrize("name", NUMPY_METHODS.split())
def test_methods_in_numpy_style(name):
    assert hasattr(np.ndarray, name)


def test_dtypes():
    assert np.float32 == numpy.float32
    assert np.ones(2).dtype == np.float32
    assert np.bool_ == np.bool
    assert np.int32 in np.integer_dtypes
    assert np.finfo("float32").eps == numpy.finfo("float32").eps
    assert np.iinfo(np.int8).max == 127
    assert np.result_type(np.ones(2), "float64") == numpy.float64
    assert np.can_cast("int32", "int64")


def test_memory():
    x = np.zeros((3, 3))
    assert np.shares_memory(x, x[1:])
    assert not np.shares_memory(x, x.copy())
    np.fill_diagonal(x, 2)
    assert x.asnumpy().tolist() == [[2, 0, 0], [0, 2, 0], [0, 0, 2]]


def test_files(tmp_path):
    for style, save, load in ((nd, nd.save, nd.load), (np, npx.save, npx.load)):
        x, y = style.ones((2, 2)), style.array([1, 2], dtype="int32")
        save(tmp_path / "list", [x, y])
        first, second = load(tmp_path / "list")
        assert type(first) is type(x)
        assert (first.asnumpy() == 1).all()
        assert second.dtype == y.dtype
        save(str(tmp_path / "dict"), {"w": x, "b": y})
        assert sorted(load(str(tmp_path / "dict"))) == ["b", "w"]
        save(tmp_path / "single", x)
        assert load(tmp_path / "single")[0].shape == (2, 2)
    npx.savez(tmp_path / "named", np.zeros(2), w=np.ones(3))
    assert sorted(npx.load(tmp_path / "named")) == ["arr_0", "w"]
    numpy.save(tmp_path / "plain.npy", numpy.asarray([1.5], "float64"))
    assert str(npx.load(tmp_path / "plain.npy").dtype) == "float64"


def test_text_files(tmp_path):
    (tmp_path / "table").write_text("1,2\n3,4\n")
    for options, dtype in (({}, "float32"), ({"dtype": np.float32}, "float32"), ({"dtype": "int64"}, "int64")):
        found = np.genfromtxt(tmp_path / "table", delimiter=",", **options).asnumpy()
        assert (found.tolist(), str(found.dtype)) == ([[1, 2], [3, 4]], dtype)


def test_contexts():
    assert (mx.cpu() == mx.Context("cpu", 0), mx.gpu(1) == mx.gpu(0)) == (True, False)
    assert len({mx.cpu(), mx.cpu(0), mx.Context(mx.cpu())}) == 1
    assert (repr(mx.gpu(2)), mx.gpu(2).device_type, mx.gpu(2).device_id) == ("gpu(2)", "gpu", 2)
    assert mx.current_context() == mx.cpu()
    with mx.gpu(1) as context:
        assert mx.current_context() == context == mx.gpu(1)
    assert mx.num_gpus() == npx.num_gpus() == 0
    assert mx.nd.zeros((2,), mx.cpu()).context == mx.cpu()
    assert np.zeros((2,), ctx=mx.cpu()).ctx == np.ones(2, device=mx.cpu()).device == mx.cpu()
    with pytest.raises(mx.MXNetError, match="cpu_shared"):
        mx.Context("tpu")
    mx.nd.waitall()


class Sigmoid(mx.operator.CustomOp):
    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], 1 / (1 + nd.exp(-in_data[0])))
        self.trained = is_train

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        y = out_data[0]
        self.assign(in_grad[0], req[0], out_grad[0] * y * (1 - y))


@mx.operator.register("sigmoid of the tests")
class SigmoidProp(mx.operator.CustomOpProp):
    def __init__(self, scale="1"):
        super().__init__(need_top_grad=True)
        self.scale = float(scale)

    def list_arguments(self):
        return ["data"]

    def infer_shape(self, in_shape):
        return in_shape, [in_shape[0]], []

    def create_operator(self, ctx, shapes, dtypes):
        assert self.scale == 2
        return Sigmoid()


def test_custom_operator():
    x = nd.array([-2.0, 0.0, 1.0])
    x.attach_grad()
    with autograd.record():
        y = nd.Custom(x, op_type="sigmoid of the tests", scale=2)
    y.backward(nd.array([10.0, 20.0, 30.0]))
    numpy.testing.assert_allclose(x.grad.asnumpy(), [1.0499359, 5.0, 5.898358], rtol=1e-6)
    with pytest.raises(mx.MXNetError, match="register"):
        nd.Custom(x, op_type="unknown")


def test_comparisons_of_arrays():
    a, b = np.array([1.0, 2.0]), numpy.asarray([1.0, 2.0 + 1e-7], "float32")
    test_utils.assert_almost_equal(a, b)
    assert test_utils.almost_equal(a, b)
    assert test_utils.same(a, numpy.asarray([1.0, 2.0]))
    assert not test_utils.same(a, numpy.asarray([1.0, 2.1]))
    with pytest.raises(AssertionError, match="rtol"):
        test_utils.assert_almost_equal(a, numpy.asarray([1.0, 2.1]))
    with pytest.raises(AssertionError, match="shape"):
        test_utils.assert_almost_equal(a, numpy.asarray([[1.0, 2.0]]), use_broadcast=False)
    with pytest.raises(AssertionError):
        test_utils.assert_allclose(numpy.asarray([1.0]), numpy.asarray([1.0 + 1e-6]))
    test_utils.assert_exception(lambda: a[5], IndexError)
    with pytest.raises(AssertionError, match="IndexError"):
        test_utils.assert_exception(lambda: a[1], IndexError)
    test_utils.check_numeric_gradient(lambda x: np.sum(np.sin(x)), [np.array([0.1, 0.2], dtype="float64")])


def test_helpers_of_tests(monkeypatch):
    assert all(1 <= n <= 4 for n in test_utils.rand_shape_nd(50, 4))
    assert len(test_utils.rand_shape_2d()) == 2
    assert len(test_utils.rand_shape_3d()) == 3
    a, b = test_utils.random_arrays((2, 3), ())
    assert (a.shape, b.shape) == ((2, 3), ())
    assert test_utils.random_uniform_arrays((2,), low=3, high=4)[0].min() >= 3
    assert test_utils.rand_ndarray((2, 3)).shape == (2, 3)
    assert test_utils.np_reduce(numpy.ones((2, 3)), (0, 1), True, numpy.sum).tolist() == [[6]]
    assert sorted(test_utils.random_sample([1, 2, 3], 3)) == [1, 2, 3]
    with test_utils.environment("XPGRAD_TEST_VARIABLE", "1"):
        assert mx.util.getenv("XPGRAD_TEST_VARIABLE") == "1"
    assert mx.util.getenv("XPGRAD_TEST_VARIABLE") is None


@pytest.mark.parametrize("backend", ["numpy", "array_api_strict"])
def test_arrays_hold_those_of_the_active_backend(backend):
    library = backend if backend != "numpy" else "numpy"
    with xpgrad.use_backend(backend):
        made = [
            np.array([1, 2]),
            np.array(numpy.asarray([1, 2])),
            nd.array([1, 2]),
            np.zeros(2),
            nd.arange(3),
            np.ones(2) + numpy.asarray([1.0, 2.0], "float32") if backend == "numpy" else np.ones(2) + 1,
            npx.one_hot(np.array([0, 1]), 2),
        ]
        assert {type(x.data).__module__.partition(".")[0] for x in made} == {library}
        assert repr(np.array([1, 2])) == "array([1., 2.])"
        assert repr(nd.array([1, 2])) == "\n[1. 2.]\n<NDArray 2 @cpu(0)>"


def test_a_convolutional_network_on_another_backend():
    numbers = numpy.random.default_rng(0)
    image, kernel = numbers.normal(size=(2, 1, 6, 6)), numbers.normal(size=(3, 1, 3, 3))

    def gradient():
        x, w = np.array(image), np.array(kernel)
        w.attach_grad()
        with autograd.record():
            h = npx.pooling(npx.relu(npx.convolution(x, w, pad=(1, 1), num_filter=3)), (2, 2), stride=(2, 2))
            mean, var = np.zeros(3), np.ones(3)
            h = npx.batch_norm(h, np.ones(3), np.zeros(3), mean, var, fix_gamma=False)
            loss = -npx.pick(npx.log_softmax(npx.batch_flatten(h)), np.array([0, 3])).mean()
        loss.backward()
        return w.grad.asnumpy(), mean.asnumpy()

    expected = gradient()
    with xpgrad.use_backend("array_api_strict"):
        for actual, wanted in zip(gradient(), expected, strict=True):
            numpy.testing.assert_allclose(actual, wanted, rtol=1e-4, atol=1e-6)
            assert wanted.any()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("from xpgrad.mxnet import sym", "there are no symbols"),
        ("import xpgrad.mxnet.module", "there are no symbols"),
        ("from xpgrad.mxnet.io import NDArrayIter", "DataLoader"),
        ("from xpgrad.mxnet.gluon.model_zoo import vision", "no trained networks"),
        ("import xpgrad.mxnet.optimizr", "The nearest names it has: optimizer"),
    ],
)
def test_modules_that_are_not_provided(statement, reason):
    with pytest.raises(ModuleNotFoundError, match=reason):
        exec(statement)


def test_short_names_are_modules():
    names = {}
    exec("from xpgrad.mxnet.nd import array\nfrom xpgrad.mxnet.init import Xavier\nimport xpgrad.mxnet.np as np", names)
    assert (names["array"], names["Xavier"], names["np"]) == (mx.nd.array, mx.init.Xavier, mx.np)


@pytest.mark.parametrize("module", [nd, np, npx], ids=lambda module: module.__name__)
def test_modules_show_public_names_only(module):
    shown = set(dir(module))
    assert not {name for name in shown if name.startswith("_")}
    assert not shown & {"Any", "Callable", "FUNCTIONS", "METHODS", "annotations", "attach", "elementwise", "function"}
    assert all(hasattr(module, name) for name in shown)
    assert len(shown) > 90
    assert {"random", "relu" if module is not np else "float32"} <= shown
