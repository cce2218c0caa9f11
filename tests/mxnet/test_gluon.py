"""Parameters and blocks: names, shapes found late, sharing, files, hooks, and the forms of both versions."""

import warnings

import numpy
import pytest

import xpgrad.mxnet as mx
from xpgrad.mxnet import autograd, gluon, init, nd, np, npx
from xpgrad.mxnet.gluon import nn


@pytest.fixture(params=["np", "nd"])
def style(request):
    """Both styles: what makes arrays, and their class."""
    if request.param == "np":
        npx.set_np()
        return np
    npx.reset_np()
    return nd


def mlp(prefix=None):
    net = nn.Sequential(prefix=prefix)
    net.add(nn.Dense(8, activation="relu"), nn.Dense(3))
    return net


def test_arrays_are_of_the_style(style):
    net = mlp()
    net.initialize()
    x = style.ones((2, 4))
    kind = np.ndarray if style is np else nd.NDArray
    assert type(net(x)) is kind
    assert type(net[0].weight.data()) is kind
    assert type(gluon.loss.L2Loss()(net(x), style.zeros((2, 3)))) is kind


def test_shapes_are_found_in_the_first_forward_pass(style):
    net = mlp()
    net.initialize(init.Normal(0.01))
    assert repr(net[0]) == f"Dense({-1 if style is np else None} -> 8, Activation(relu))"
    with pytest.raises(gluon.DeferredInitializationError, match="run one batch"):
        net[0].weight.data()
    net(style.ones((2, 4)))
    assert net[0].weight.shape == (8, 4)
    assert repr(net) == "Sequential(\n  (0): Dense(4 -> 8, Activation(relu))\n  (1): Dense(8 -> 3, linear)\n)"
    assert 0.001 < float(abs(net[0].weight.data().asnumpy()).mean()) < 0.03
    assert not net[0].bias.data().asnumpy().any()


def test_what_was_not_initialized_says_so():
    with pytest.raises(RuntimeError, match="has not been initialized"):
        mlp()(np.ones((2, 4)))
    dense = nn.Dense(2, in_units=3)
    dense.initialize()
    with pytest.warns(UserWarning, match="force_reinit"):
        dense.initialize()
    before = dense.weight.data().asnumpy()
    dense.initialize(init.One(), force_reinit=True)
    assert (dense.weight.data().asnumpy() == 1).all()
    assert (before != 1).all()
    with pytest.raises(ValueError, match="all its lengths"):
        gluon.Parameter("w", shape=(0, 2)).initialize()
    with pytest.raises(ValueError, match="does not fit"):
        dense.weight.set_data(np.ones((3, 3)))


def test_names_of_both_versions():
    net = mlp(prefix="net_")
    net.initialize()
    params = net.collect_params()
    assert list(params) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert isinstance(params, gluon.ParameterDict)
    assert repr(params["1.bias"]) == "Parameter (shape=(3,), dtype=float32)"
    assert params[f"{net[1].prefix}bias"] is params["1.bias"] is net[1].bias
    assert list(net.collect_params(".*bias")) == ["0.bias", "1.bias"]
    assert list(net.collect_params(f"{net[0].prefix}weight|1.bias")) == ["0.weight", "1.bias"]
    assert list(net[1].params) == ["weight", "bias"]
    assert net[1].weight.name == "weight"
    with pytest.raises(KeyError, match=r"0\.weight"):
        params["2.weight"]


def test_names_within_a_scope():
    class Model(nn.Block):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            with self.name_scope():
                self.first, self.second = nn.Dense(2), nn.Dense(2)

    model = Model(prefix="model_")
    assert (model.name, model.first.prefix, model.second.prefix) == ("model", "model_dense0_", "model_dense1_")
    assert set(model.collect_params().aliases) >= {"model_dense0_weight", "model_dense1_bias"}


def test_blocks_as_in_mxnet_1():
    """Parameters made by `params.get`, and `hybrid_forward` with the functions of both styles."""

    class Layer(nn.HybridBlock):
        def __init__(self, units, in_units, **kwargs):
            super().__init__(**kwargs)
            self.weight = self.params.get("weight", shape=(in_units, units))
            self.scale = self.params.get_constant("scale", [2.0])

        def hybrid_forward(self, F, x, weight, scale):  # noqa: N803  # as MXNet 1 has it
            if isinstance(x, np.ndarray):
                return F.npx.relu(F.np.dot(x, weight)) * scale
            return F.broadcast_mul(F.relu(F.dot(x, weight)), scale)

    for module in (nd, np):
        layer = Layer(2, 3)
        layer.initialize(init.One())
        layer.hybridize()
        assert layer(module.ones((1, 3))).asnumpy().tolist() == [[6, 6]]
        assert list(layer.collect_params()) == ["weight", "scale"]
        assert layer.scale.grad_req == "null"


def test_a_block_finds_its_own_shapes():
    class Scale(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.gamma = gluon.Parameter("gamma", shape=(-1,), init="ones", allow_deferred_init=True)

        def forward(self, x):
            return x * self.gamma.data(x.ctx)

        def infer_shape(self, x, *args):
            self.gamma.shape = (x.shape[-1],)

    class Lazy(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.weight = self.params.get("weight", shape=(2, 0), allow_deferred_init=True)

        def forward(self, x):
            return np.dot(self.weight.data(), x)

    scale, lazy = Scale(), Lazy()
    scale.initialize()
    assert scale(np.ones((2, 5))).shape == (2, 5)
    lazy.initialize()
    with pytest.raises(gluon.DeferredInitializationError, match="infer_shape"):
        lazy(np.ones(3))


def test_children_and_parameters_are_found():
    class Model(nn.Block):
        def __init__(self):
            super().__init__()
            self.dense = nn.Dense(2, in_units=2)
            self.free = gluon.Parameter("free", shape=3, init="ones")
            self.plain = 5

        def forward(self, x):
            return self.dense(x) + self.plain

    model = Model()
    model.initialize()
    assert list(model.collect_params()) == ["free", "dense.weight", "dense.bias"]
    seen = []
    model.apply(lambda block: seen.append(type(block).__name__))
    assert seen == ["Dense", "Model"]
    assert repr(model) == "Model(\n  (dense): Dense(2 -> 2, linear)\n)"


@pytest.mark.parametrize("how", ["params", "share_parameters"])
def test_shared_parameters(how):
    first = nn.Dense(4, in_units=4)
    if how == "params":
        second = nn.Dense(4, in_units=4, params=first.params)
    else:
        second = nn.Dense(4, in_units=4).share_parameters(first.collect_params())
    net = nn.Sequential()
    net.add(first, second)
    net.initialize()
    assert second.weight is first.weight
    net[0].weight.data()[0, 0] = 100
    assert net[1].weight.data().asnumpy()[0, 0] == 100
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    assert len(trainer._params) == 2
    with autograd.record():
        loss = net(np.ones((1, 4))).sum()
    loss.backward()
    assert first.weight.grad().asnumpy().any()


@pytest.mark.parametrize("deduplicate", [False, True])
def test_files(tmp_path, style, deduplicate):
    net, other = mlp(), mlp()
    net.initialize()
    x = style.array([[1.0, 2.0, -3.0]])
    expected = net(x).asnumpy()
    file = tmp_path / "net.params"
    net.save_parameters(str(file), deduplicate)
    numpy.load(file, allow_pickle=False).close()
    other.load_parameters(file)
    assert (other(x).asnumpy() == expected).all()
    assert type(other[0].weight.data()) is type(x)


def test_files_that_do_not_fit(tmp_path):
    net, larger = mlp(), mlp()
    net.initialize()
    net(np.ones((1, 2)))
    larger.add(nn.Dense(1, in_units=3))
    larger.initialize()
    larger(np.ones((1, 2)))
    net.save_parameters(tmp_path / "small")
    larger.save_parameters(tmp_path / "large")
    with pytest.raises(ValueError, match=r"lacks '2.weight'.*allow_missing"):
        larger.load_parameters(tmp_path / "small")
    larger.load_parameters(tmp_path / "small", allow_missing=True)
    with pytest.raises(ValueError, match=r"'2.weight'.*ignore_extra"):
        net.load_parameters(tmp_path / "large")
    net.load_parameters(tmp_path / "large", ignore_extra=True)
    wrong = mlp()
    wrong.initialize()
    wrong(np.ones((1, 5)))
    with pytest.raises(ValueError, match="does not fit"):
        wrong.load_parameters(tmp_path / "small")
    net.cast("float64")
    net.save_parameters(tmp_path / "double")
    with pytest.raises(ValueError, match="cast_dtype"):
        mlp().load_parameters(tmp_path / "double")
    converted = mlp()
    converted.load_parameters(tmp_path / "double", cast_dtype=True)
    assert str(converted[0].weight.data().dtype) == "float32"
    converted.load_parameters(tmp_path / "double", cast_dtype=True, dtype_source="saved")
    assert str(converted[0].weight.data().dtype) == "float64"
    numpy.savez(tmp_path / "pickled.npz", **{"0.weight": numpy.asarray([{}], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        net.load_parameters(tmp_path / "pickled.npz")


def test_gradients_of_parameters():
    dense = nn.Dense(1, in_units=2, use_bias=False)
    dense.initialize(init.One())
    x = np.array([[1.0, 2.0]])

    def backward():
        with autograd.record():
            y = dense(x)
        y.backward()
        return dense.weight.grad().asnumpy().tolist()

    assert backward() == backward() == [[1, 2]]
    dense.collect_params().setattr("grad_req", "add")
    assert [backward(), backward()] == [[[1, 2]], [[2, 4]]]
    dense.zero_grad()
    assert dense.weight.grad().asnumpy().tolist() == [[0, 0]]
    dense.weight.grad_req = "null"
    with pytest.raises(RuntimeError, match="grad_req is 'null'"):
        dense.weight.grad()
    with pytest.raises(ValueError, match="grad_req is"):
        dense.weight.grad_req = "often"
    assert dense.weight.data() is dense.weight.list_data()[0]
    assert dense.weight.list_ctx() == [mx.cpu()]


def test_contexts():
    net = mlp()
    net.initialize(ctx=mx.cpu())
    net(np.ones((1, 2)))
    assert net[0].weight.data(mx.cpu()).ctx == mx.cpu()
    net.collect_params().reset_ctx(mx.cpu())
    assert net.collect_params().list_ctx() == [mx.cpu()]
    with pytest.raises(RuntimeError, match="not on gpu"):
        net[0].weight.data(mx.gpu(0))
    with pytest.raises(mx.MXNetError, match="same memory"):
        mlp().initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    with pytest.raises(mx.MXNetError, match="only cpu"):
        net.initialize(ctx=mx.gpu(0), force_reinit=True)


def test_hooks(capsys):
    net = mlp()
    net.initialize()
    calls = []
    handle = net[0].register_forward_hook(lambda block, inputs, out: calls.append((inputs[0].shape, out.shape)))
    net.register_forward_pre_hook(lambda block, inputs: calls.append("before"))
    net(np.ones((2, 4)))
    handle.detach()
    net(np.ones((2, 4)))
    assert calls == ["before", ((2, 4), (2, 8)), "before"]
    net.summary(np.ones((2, 4)))
    assert "(2, 8)" in capsys.readouterr().out


def test_containers():
    net = nn.HybridSequential()
    net.add(nn.Dense(2, in_units=2), nn.Lambda("tanh"), nn.HybridLambda(lambda x: x + 1), nn.Identity())
    net.initialize(init.Zero())
    net.hybridize(static_alloc=True)
    assert net(np.ones((1, 2))).asnumpy().tolist() == [[1, 1]]
    assert (len(net), len(net[:2]), type(net[1:])) == (4, 2, nn.HybridSequential)
    assert repr(net[1]) == "Lambda(tanh)"
    both = nn.HybridConcatenate(axis=1)
    both.add(nn.Identity(), nn.HybridLambda(lambda F, x: F.square(x)))  # noqa: N803  # as above
    assert both(nd.array([[3.0]])).asnumpy().tolist() == [[3, 9]]
    with pytest.raises(ValueError, match="nonsense"):
        nn.Lambda("nonsense")


def test_what_is_not_provided_says_so():
    with pytest.raises(AttributeError, match=r"nearest.*Dense"):
        nn.Dence  # noqa: B018  # asking for it raises
    for name in ("sym", "mod", "io", "kv", "onnx", "symbol", "rnn"):
        with pytest.raises(AttributeError, match=f"{name} is not provided: "):
            getattr(mx, name)
    with pytest.raises(AttributeError, match="dense"):
        nd.sparse  # noqa: B018  # as above
    with pytest.raises(mx.MXNetError, match="save_parameters"):
        nn.Dense(1).export("x")
    with pytest.raises(NotImplementedError, match=r"no forward"):
        nn.Block()(1)


def test_initializers():
    mx.random.seed(0)

    def drawn(initializer, shape):
        x = np.zeros(shape)
        init.create(initializer)._init_weight("weight", x)
        return x.asnumpy()

    assert (drawn("zeros", (2, 2)) == 0).all()
    assert (drawn(init.Constant(3), (2, 2)) == 3).all()
    assert (drawn(init.Constant(np.array([1.0, 2.0])), (2, 2)) == [1, 2]).all()
    uniform = drawn(init.Uniform(0.5), (100, 100))
    assert 0.45 < abs(uniform).max() <= 0.5
    numpy.testing.assert_allclose(drawn(init.Normal(2), (100, 100)).std(), 2, rtol=0.03)
    numpy.testing.assert_allclose(drawn(init.Xavier(), (100, 300)).std(), (2 / 400) ** 0.5, rtol=0.03)
    gaussian = init.Xavier("gaussian", "in", 2)
    numpy.testing.assert_allclose(drawn(gaussian, (100, 30, 3, 3)).std(), (2 / 270) ** 0.5, rtol=0.03)
    orthogonal = drawn(init.Orthogonal(scale=1.0), (4, 6))
    numpy.testing.assert_allclose(orthogonal @ orthogonal.T, numpy.eye(4), atol=1e-5)
    assert drawn(init.LSTMBias(2.0), (8,)).tolist() == [0, 0, 2, 2, 0, 0, 0, 0]
    numpy.testing.assert_allclose(drawn(init.Bilinear(), (1, 1, 4, 4))[0, 0, 1], [0.1875, 0.5625, 0.5625, 0.1875])
    with pytest.raises(ValueError, match="two axes"):
        drawn("xavier", (3,))
    with pytest.raises(ValueError, match="normal"):
        init.create("norml")

    @init.register
    class Ramp(init.Initializer):
        def _init_weight(self, name, data):
            data[:] = np.arange(data.size).reshape(data.shape)

    dense = nn.Dense(2, in_units=2, weight_initializer="ramp")
    dense.initialize()
    assert dense.weight.data().asnumpy().tolist() == [[0, 1], [2, 3]]
    mixed = init.Mixed([".*bias", ".*"], [init.Zero(), init.One()])
    x = np.zeros(2)
    mixed("some_weight", x)
    assert x.asnumpy().tolist() == [1, 1]


def test_nothing_warns_where_a_network_is_trained():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = mlp()
        net.initialize()
        trainer = gluon.Trainer(net.collect_params(), "adam")
        with autograd.record():
            loss = gluon.loss.SoftmaxCrossEntropyLoss()(net(np.ones((2, 4))), np.array([0, 1]))
        loss.backward()
        trainer.step(2)
