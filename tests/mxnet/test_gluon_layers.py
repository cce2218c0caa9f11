"""Layers, losses and optimisers against PyTorch's on the CPU, and gradients against finite differences."""

import numpy
import pytest

import xpgrad
import xpgrad.mxnet as mx
from xpgrad.mxnet import autograd, gluon, init, nd, np, npx
from xpgrad.mxnet.gluon import loss as losses
from xpgrad.mxnet.gluon import nn, rnn

numbers = numpy.random.default_rng(0)


def normal(*shape):
    return numbers.normal(size=shape).astype("float32")


@pytest.fixture(autouse=True)
def numpy_style():
    npx.set_np()


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="the layers are compared with those of PyTorch, which is not installed")


def agree(actual, expected, rtol=1e-4, atol=1e-5):
    expected = expected.detach().numpy() if hasattr(expected, "detach") else expected
    numpy.testing.assert_allclose(actual.asnumpy(), expected, rtol=rtol, atol=atol)


def same_parameters(layer, model, names):
    """Give PyTorch's model the parameters of a layer, by name."""
    import torch

    with torch.no_grad():
        for ours, theirs in names.items():
            target = model.get_parameter(theirs)
            target.copy_(torch.tensor(layer.collect_params()[ours].data().asnumpy()).reshape(target.shape))


def check_layer(torch, layer, model, names, *shape):
    """Output, gradient of the input, and gradients of the parameters."""
    layer.initialize(init.Normal(0.5))
    x = normal(*shape)
    ours, theirs = np.array(x), torch.tensor(x, requires_grad=True)
    layer(ours)
    same_parameters(layer, model, names)
    ours.attach_grad()
    with autograd.record():
        y = layer(ours)
        total = (y * y).sum()
    total.backward()
    expected = model(theirs)
    (expected * expected).sum().backward()
    agree(y, expected)
    agree(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4)
    for own, other in names.items():
        gradient = layer.collect_params()[own].grad().asnumpy()
        reference = model.get_parameter(other).grad.numpy().reshape(gradient.shape)
        numpy.testing.assert_allclose(gradient, reference, rtol=1e-3, atol=1e-3, err_msg=own)


WEIGHTS = {"weight": "weight", "bias": "bias"}
NORMS = {"gamma": "weight", "beta": "bias"}


@pytest.mark.parametrize(
    ("layer", "model", "names", "shape"),
    [
        (lambda: nn.Dense(3), lambda t: t.nn.Linear(4, 3), WEIGHTS, (2, 4)),
        (lambda: nn.Dense(3, flatten=False), lambda t: t.nn.Linear(4, 3), WEIGHTS, (2, 5, 4)),
        (lambda: nn.Dense(3, use_bias=False), lambda t: t.nn.Linear(4, 3, bias=False), {"weight": "weight"}, (2, 4)),
        (lambda: nn.Conv1D(3, 3, 2, 1), lambda t: t.nn.Conv1d(2, 3, 3, 2, 1), WEIGHTS, (2, 2, 9)),
        (lambda: nn.Conv2D(4, (3, 2), 2, 1), lambda t: t.nn.Conv2d(2, 4, (3, 2), 2, 1), WEIGHTS, (2, 2, 7, 8)),
        (lambda: nn.Conv2D(4, 3, groups=2), lambda t: t.nn.Conv2d(2, 4, 3, groups=2), WEIGHTS, (2, 2, 7, 8)),
        (lambda: nn.Conv2D(4, 3, dilation=2), lambda t: t.nn.Conv2d(2, 4, 3, dilation=2), WEIGHTS, (2, 2, 7, 8)),
        (lambda: nn.Conv3D(2, 2), lambda t: t.nn.Conv3d(2, 2, 2), WEIGHTS, (1, 2, 3, 4, 3)),
        (
            lambda: nn.Conv1DTranspose(3, 3, 2, 1, 1),
            lambda t: t.nn.ConvTranspose1d(2, 3, 3, 2, 1, 1),
            WEIGHTS,
            (2, 2, 5),
        ),
        (
            lambda: nn.Conv2DTranspose(4, 3, 2, 1, groups=2),
            lambda t: t.nn.ConvTranspose2d(2, 4, 3, 2, 1, groups=2),
            WEIGHTS,
            (2, 2, 4, 5),
        ),
        (lambda: nn.LayerNorm(), lambda t: t.nn.LayerNorm(6), NORMS, (3, 6)),
        (lambda: nn.GroupNorm(2), lambda t: t.nn.GroupNorm(2, 4), NORMS, (3, 4, 5)),
        (lambda: nn.InstanceNorm(scale=True), lambda t: t.nn.InstanceNorm1d(4, affine=True), NORMS, (3, 4, 5)),
        (lambda: nn.MaxPool2D(2, 1), lambda t: t.nn.MaxPool2d(2, 1), {}, (2, 3, 5, 6)),
        (lambda: nn.MaxPool1D(3, ceil_mode=True), lambda t: t.nn.MaxPool1d(3, ceil_mode=True), {}, (2, 3, 8)),
        (lambda: nn.AvgPool2D(3, 2, 1), lambda t: t.nn.AvgPool2d(3, 2, 1), {}, (2, 3, 5, 6)),
        (
            lambda: nn.AvgPool2D(3, 2, 1, count_include_pad=False),
            lambda t: t.nn.AvgPool2d(3, 2, 1, count_include_pad=False),
            {},
            (2, 3, 5, 6),
        ),
        (lambda: nn.AvgPool3D(2), lambda t: t.nn.AvgPool3d(2), {}, (1, 2, 4, 4, 4)),
        (lambda: nn.GlobalAvgPool2D(), lambda t: t.nn.AdaptiveAvgPool2d(1), {}, (2, 3, 5, 6)),
        (lambda: nn.GlobalMaxPool1D(), lambda t: t.nn.AdaptiveMaxPool1d(1), {}, (2, 3, 5)),
        (lambda: nn.ReflectionPad2D(2), lambda t: t.nn.ReflectionPad2d(2), {}, (2, 3, 5, 6)),
        (lambda: nn.PixelShuffle2D(2), lambda t: t.nn.PixelShuffle(2), {}, (2, 8, 3, 4)),
        (lambda: nn.Flatten(), lambda t: t.nn.Flatten(), {}, (2, 3, 4)),
        (lambda: nn.Activation("relu"), lambda t: t.nn.ReLU(), {}, (3, 4)),
        (lambda: nn.Activation("softrelu"), lambda t: t.nn.Softplus(), {}, (3, 4)),
        (lambda: nn.Activation("tanh"), lambda t: t.nn.Tanh(), {}, (3, 4)),
        (lambda: nn.LeakyReLU(0.2), lambda t: t.nn.LeakyReLU(0.2), {}, (3, 4)),
        (lambda: nn.PReLU(), lambda t: t.nn.PReLU(), {"alpha": "weight"}, (3, 4)),
        (lambda: nn.ELU(0.7), lambda t: t.nn.ELU(0.7), {}, (3, 4)),
        (lambda: nn.SELU(), lambda t: t.nn.SELU(), {}, (3, 4)),
        (lambda: nn.GELU(), lambda t: t.nn.GELU(), {}, (3, 4)),
        (lambda: nn.GELU("tanh"), lambda t: t.nn.GELU("tanh"), {}, (3, 4)),
        (lambda: nn.SiLU(), lambda t: t.nn.SiLU(), {}, (3, 4)),
    ],
)
def test_layers(torch, layer, model, names, shape):
    check_layer(torch, layer(), model(torch), names, *shape)


def test_batch_norm_in_training_and_after(torch):
    ours, theirs = nn.BatchNorm(), torch.nn.BatchNorm2d(3, momentum=0.1)
    ours.initialize()
    for _ in range(3):
        x = normal(4, 3, 5, 5) * 2 + 1
        with autograd.record():
            y = ours(np.array(x))
        agree(y, theirs(torch.tensor(x)))
    agree(ours.running_mean.data(), theirs.running_mean)
    variance = theirs.running_var.numpy()  # PyTorch divides by n - 1 here
    numpy.testing.assert_allclose(ours.running_var.data().asnumpy(), variance, rtol=0.02)
    theirs.eval()
    agree(ours(np.array(x)), theirs(torch.tensor(x)), rtol=0.02, atol=0.01)
    assert [ours.running_mean.grad_req, ours.gamma.grad_req] == ["null", "write"]
    assert nn.BatchNorm(scale=False, center=False).gamma.grad_req == "null"
    assert repr(ours).startswith("BatchNorm(axis=1, eps=1e-05, momentum=0.9, fix_gamma=False")


def test_dropout_follows_the_mode():
    layer = nn.Dropout(0.5)
    x = np.ones((100, 100))
    assert (layer(x).asnumpy() == 1).all()
    with autograd.record():
        dropped = layer(x).asnumpy()
    assert set(numpy.unique(dropped)) == {0.0, 2.0}
    assert 0.45 < (dropped == 0).mean() < 0.55
    with autograd.record(train_mode=False):
        assert (layer(x).asnumpy() == 1).all()


def test_embedding(torch):
    layer, model = nn.Embedding(5, 3), torch.nn.Embedding(5, 3)
    layer.initialize(init.Normal(1))
    same_parameters(layer, model, {"weight": "weight"})
    indices = numpy.asarray([[0, 3], [3, 4]])
    with autograd.record():
        y = layer(np.array(indices))
        loss = (y**2).sum()
    loss.backward()
    expected = model(torch.tensor(indices))
    (expected**2).sum().backward()
    agree(y, expected)
    agree(layer.weight.grad(), model.weight.grad)


def recurrent_names(layers, directions):
    parts = {"i2h_weight": "weight_ih", "h2h_weight": "weight_hh", "i2h_bias": "bias_ih", "h2h_bias": "bias_hh"}
    return {
        f"{side}{i}_{ours}": f"{theirs}_l{i}{'_reverse' if side == 'r' else ''}"
        for i in range(layers)
        for side in "lr"[:directions]
        for ours, theirs in parts.items()
    }


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, True)])
def test_recurrent_layers(torch, kind, layers, bidirectional):
    options = {"activation": "tanh"} if kind == "RNN" else {}
    layer = getattr(rnn, kind)(5, layers, bidirectional=bidirectional, **options)
    model = getattr(torch.nn, kind)(3, 5, layers, bidirectional=bidirectional)
    layer.initialize(init.Normal(0.5))
    names = recurrent_names(layers, 1 + bidirectional)
    x = normal(4, 2, 3)
    layer(np.array(x))
    for name in names:
        if name.endswith("bias"):
            layer.collect_params()[name].set_data(np.array(normal(*layer.collect_params()[name].shape)))
    same_parameters(layer, model, names)
    first = [normal(layers * (1 + bidirectional), 2, 5) for _ in layer.begin_state(2)]
    ours = np.array(x)
    ours.attach_grad()
    with autograd.record():
        out, states = layer(ours, [np.array(s) for s in first])
        total = (out**2).sum() + sum((s**2).sum() for s in states)
    total.backward()
    theirs = torch.tensor(x, requires_grad=True)
    given = tuple(map(torch.tensor, first))
    expected, last = model(theirs, given if kind == "LSTM" else given[0])
    last = last if kind == "LSTM" else (last,)
    ((expected**2).sum() + sum((s**2).sum() for s in last)).backward()
    agree(out, expected)
    for s, e in zip(states, last, strict=True):
        agree(s, e)
    agree(ours.grad, theirs.grad, rtol=1e-3, atol=1e-3)
    for own, other in names.items():
        gradient = model.get_parameter(other).grad
        agree(layer.collect_params()[own].grad(), gradient, rtol=1e-3, atol=1e-3)


def test_recurrent_layers_with_lengths():
    layer = rnn.LSTM(3, bidirectional=True, use_sequence_length=True)
    layer.initialize(init.Normal(0.5))
    x = np.array(normal(4, 2, 3))
    out, (hidden, _) = layer(x, layer.begin_state(2), np.array([2, 4]))
    alone = layer(x[:2, :1], layer.begin_state(1), np.array([2]))
    agree(out[:2, :1], alone[0].asnumpy())
    assert (out.asnumpy()[2:, 0] == 0).all()
    agree(hidden[:, :1], alone[1][0].asnumpy())


def test_layouts():
    steps_first, batch_first = rnn.GRU(3, layout="TNC", input_size=2), rnn.GRU(3, layout="NTC", input_size=2)
    steps_first.initialize(init.Normal(0.5))
    batch_first.share_parameters(steps_first.collect_params())
    x = np.array(normal(4, 2, 2))
    agree(batch_first(x.swapaxes(0, 1)).swapaxes(0, 1), steps_first(x).asnumpy())
    channels_last = nn.Conv2D(3, 2, layout="NHWC")
    channels_last.initialize(init.Normal(0.5))
    image = np.array(normal(2, 5, 6, 4))
    out = channels_last(image)
    channels_first = nn.Conv2D(3, 2)
    channels_first.initialize()
    channels_first(image.transpose(0, 3, 1, 2))
    channels_first.weight.set_data(channels_last.weight.data().transpose(0, 3, 1, 2))
    agree(out.transpose(0, 3, 1, 2), channels_first(image.transpose(0, 3, 1, 2)).asnumpy())


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_cells_compute_what_layers_compute(kind):
    layer = getattr(rnn, kind)(5, input_size=3, **({"activation": "tanh"} if kind == "RNN" else {}))
    cell = getattr(rnn, f"{kind}Cell")(5)
    layer.initialize(init.Normal(0.5))
    cell.initialize()
    x = np.array(normal(4, 2, 3))
    cell(x[0], cell.begin_state(2))
    for name, parameter in cell.collect_params().items():
        parameter.set_data(layer.collect_params()[f"l0_{name}"].data())
    out, states = cell.unroll(4, x, layout="TNC")
    expected, last = layer(x, layer.begin_state(2))
    agree(out, expected.asnumpy())
    for s, e in zip(states, last, strict=True):
        agree(s, e.asnumpy()[0])


def test_cells_upon_and_beside_each_other():
    cells = rnn.SequentialRNNCell()
    cells.add(rnn.LSTMCell(4))
    cells.add(rnn.DropoutCell(0.5))
    cells.add(rnn.ResidualCell(rnn.GRUCell(4)))
    cells.add(rnn.ZoneoutCell(rnn.RNNCell(3), 0.5, 0.5))
    cells.initialize()
    x = nd.array(normal(2, 5, 4))
    outputs, states = cells.unroll(5, x, merge_outputs=False)
    assert [o.shape for o in outputs] == [(2, 3)] * 5
    assert [s.shape for s in states] == [(2, 4), (2, 4), (2, 4), (2, 3)]
    both = rnn.BidirectionalCell(rnn.RNNCell(3), rnn.RNNCell(2))
    both.initialize()
    out, _ = both.unroll(5, x, valid_length=nd.array([3, 5]))
    assert out.shape == (2, 5, 5)
    assert (out.asnumpy()[0, 3:] == 0).all()
    short, _ = both.unroll(3, x[:1, :3])
    numpy.testing.assert_allclose(out.asnumpy()[0, :3], short.asnumpy()[0], rtol=1e-5)


def test_losses(torch):
    functional = torch.nn.functional
    pred, other, weights = normal(4, 5), normal(4, 5), abs(normal(4, 1))
    labels, signs = numpy.asarray([0, 2, 4, 1]), numpy.sign(other)
    probabilities = numpy.exp(other) / numpy.exp(other).sum(1, keepdims=True)
    p, o = torch.tensor(pred), torch.tensor(other)

    def each(loss):
        return loss.mean(1)

    cases = [
        (losses.L2Loss(), (pred, other), each((p - o) ** 2) / 2),
        (losses.L1Loss(weight=3), (pred, other), 3 * each(abs(p - o))),
        (
            losses.SoftmaxCrossEntropyLoss(),
            (pred, labels),
            functional.cross_entropy(p, torch.tensor(labels), reduction="none"),
        ),
        (
            losses.SoftmaxCELoss(sparse_label=False),
            (pred, probabilities),
            functional.cross_entropy(p, torch.tensor(probabilities), reduction="none"),
        ),
        (
            losses.SigmoidBCELoss(),
            (pred, probabilities),
            each(functional.binary_cross_entropy_with_logits(p, torch.tensor(probabilities), reduction="none")),
        ),
        (
            losses.KLDivLoss(from_logits=False),
            (pred, probabilities),
            each(functional.kl_div(functional.log_softmax(p, 1), torch.tensor(probabilities), reduction="none")),
        ),
        (
            losses.HuberLoss(rho=0.5),
            (pred, other),
            each(functional.huber_loss(p, o, reduction="none", delta=0.5)) / 0.5,
        ),
        (losses.HingeLoss(), (pred, signs), each(functional.relu(1 - p * torch.tensor(signs)))),
        (losses.SquaredHingeLoss(), (pred, signs), each(functional.relu(1 - p * torch.tensor(signs)) ** 2)),
        (losses.LogisticLoss(), (pred, signs), each(functional.softplus(-p * torch.tensor(signs)))),
        (
            losses.PoissonNLLLoss(),
            (pred, abs(other)),
            each(functional.poisson_nll_loss(p, abs(o), reduction="none")),
        ),
        (losses.L2Loss(), (pred, other, weights), each((p - o) ** 2 * torch.tensor(weights)) / 2),
    ]
    for loss, given, expected in cases:
        agree(loss(*map(np.array, given)), expected)
        assert loss(*map(nd.array, given)).shape == (4,)
    triplet = losses.TripletLoss()(np.array(pred), np.array(other), np.array(pred + 1))
    agree(triplet, functional.relu(((o - p) ** 2).sum(1) - 5 + 1))
    cosine = losses.CosineEmbeddingLoss(margin=0.1)(np.array(pred), np.array(other), np.array([1, -1, 1, -1]))
    reference = functional.cosine_embedding_loss(p, o, torch.tensor([1, -1, 1, -1]), 0.1, reduction="none")
    agree(cosine, reference)


def test_loss_of_alignments(torch):
    steps, batch, classes = 8, 3, 5
    pred = normal(batch, steps, classes)
    label = numpy.asarray([[1, 2, -1, -1], [3, 3, 0, -1], [2, 0, 1, 2]])
    counts = torch.tensor([2, 3, 4])
    ours = np.array(pred)
    ours.attach_grad()
    with autograd.record():
        loss = losses.CTCLoss()(ours, np.array(label))
    loss.backward()
    theirs = torch.tensor(pred, requires_grad=True)
    logits = theirs.transpose(0, 1).log_softmax(2)
    targets = torch.tensor(numpy.where(label < 0, 0, label))
    lengths = torch.full((batch,), steps)
    expected = torch.nn.functional.ctc_loss(logits, targets, lengths, counts, blank=classes - 1, reduction="none")
    expected.sum().backward()
    agree(loss, expected)
    agree(ours.grad, theirs.grad)


OPTIMIZERS = [
    ("sgd", {"learning_rate": 0.1}, "SGD", {"lr": 0.1}),
    (
        "sgd",
        {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.01},
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
    ),
    ("nag", {"learning_rate": 0.1, "momentum": 0.9}, "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("adam", {"learning_rate": 0.1}, "Adam", {"lr": 0.1}),
    ("adamw", {"learning_rate": 0.1, "epsilon": 1e-8}, "AdamW", {"lr": 0.1, "weight_decay": 0.0}),
    ("adamax", {"learning_rate": 0.1}, "Adamax", {"lr": 0.1}),
    ("adagrad", {"learning_rate": 0.1, "epsilon": 1e-10}, "Adagrad", {"lr": 0.1}),
    ("adadelta", {"rho": 0.9, "epsilon": 1e-6}, "Adadelta", {"lr": 1.0, "rho": 0.9, "eps": 1e-6}),
    ("rmsprop", {"learning_rate": 0.1, "rho": 0.9}, "RMSprop", {"lr": 0.1, "alpha": 0.9}),
    ("rmsprop", {"learning_rate": 0.1, "gamma1": 0.9}, "RMSprop", {"lr": 0.1, "alpha": 0.9}),
    ("nadam", {"learning_rate": 0.1}, "NAdam", {"lr": 0.1}),
]


@pytest.mark.parametrize(("name", "options", "reference", "theirs"), OPTIMIZERS)
def test_optimizers(torch, name, options, reference, theirs):
    start = normal(4)
    parameter = gluon.Parameter("w", shape=4)
    parameter.initialize(init.Constant(np.array(start)))
    trainer = gluon.Trainer([parameter], name, options)
    variable = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, reference)([variable], **theirs)
    for _ in range(5):
        with autograd.record():
            loss = ((parameter.data() - 1) ** 2).sum()
        loss.backward()
        trainer.step(1)
        optimizer.zero_grad()
        ((variable - 1) ** 2).sum().backward()
        optimizer.step()
    agree(parameter.data(), variable, rtol=1e-4)


@pytest.mark.parametrize("name", ["signum", "ftrl", "ftml", "dcasgd"])
def test_optimizers_that_pytorch_does_not_have(name):
    mx.random.seed(0)
    parameter = gluon.Parameter("w", shape=4)
    parameter.initialize(init.Constant(3.0))
    trainer = gluon.Trainer([parameter], name, {"learning_rate": 0.1})

    def distance():
        return float(abs(parameter.data() - 1).max())

    before = distance()
    for _ in range(60):
        with autograd.record():
            loss = ((parameter.data() - 1) ** 2).sum()
        loss.backward()
        trainer.step(1)
    assert distance() < before / 2


def test_sampling_with_noisy_gradients():
    """Langevin dynamics: after many steps the weights are distributed as exp(-loss)."""
    mx.random.seed(0)
    parameter = gluon.Parameter("w", shape=1000)
    parameter.initialize(init.Constant(3.0))
    trainer = gluon.Trainer([parameter], "sgld", {"learning_rate": 0.05})
    for _ in range(150):
        with autograd.record():
            loss = ((parameter.data() - 1) ** 2).sum()
        loss.backward()
        trainer.step(1)
    weights = parameter.data().asnumpy()
    numpy.testing.assert_allclose([weights.mean(), weights.std()], [1, 0.5**0.5], rtol=0.1)


def test_trainer():
    dense = nn.Dense(1, in_units=2)
    dense.initialize(init.One())
    trainer = gluon.Trainer(dense.collect_params(), "sgd", {"learning_rate": 0.5})
    x = np.array([[1.0, 2.0], [3.0, 4.0]])

    def backward():
        with autograd.record():
            loss = dense(x)
        loss.backward()

    with pytest.raises(UserWarning, match="ignore_stale_grad"):
        trainer.step(1)
    backward()
    trainer.step(2)
    assert dense.weight.data().asnumpy().tolist() == [[0, -0.5]]
    with pytest.raises(UserWarning, match="ignore_stale_grad"):
        trainer.step(2)
    trainer.step(2, ignore_stale_grad=True)
    assert dense.weight.data().asnumpy().tolist() == [[0, -0.5]]
    trainer.set_learning_rate(0.25)
    assert trainer.learning_rate == 0.25
    dense.bias.grad_req = "null"
    dense.weight.lr_mult = 2.0
    backward()
    trainer.step(2)
    assert dense.weight.data().asnumpy().tolist() == [[-1, -2]]
    with pytest.raises(ValueError, match="parameters"):
        gluon.Trainer([x], "sgd")
    with pytest.raises(ValueError, match="adam"):
        gluon.Trainer(dense.collect_params(), "adm")


def test_weight_decay_of_weights_only():
    dense = nn.Dense(1, in_units=2)
    dense.initialize(init.One())
    dense.bias.set_data(np.ones(1))
    dense.collect_params(".*bias").setattr("wd_mult", 0)
    trainer = gluon.Trainer(dense.collect_params(), "sgd", {"learning_rate": 1.0, "wd": 0.5})
    with autograd.record():
        loss = 0 * dense(np.ones((1, 2)))
    loss.backward()
    trainer.step(1)
    assert dense.weight.data().asnumpy().tolist() == [[0.5, 0.5]]
    assert dense.bias.data().asnumpy().tolist() == [1]


def test_states_of_an_optimizer(tmp_path):
    def trained(steps, load=None):
        parameter = gluon.Parameter("w", shape=2)
        parameter.initialize(init.Constant(3.0) if load is None else init.Constant(load[0]))
        trainer = gluon.Trainer([parameter], "adam", {"learning_rate": 0.1})
        if load is not None:
            trainer.load_states(load[1])
        for _ in range(steps):
            with autograd.record():
                loss = (parameter.data() ** 2).sum()
            loss.backward()
            trainer.step(1)
        return parameter.data(), trainer

    expected, _ = trained(5)
    half, trainer = trained(3)
    trainer.save_states(tmp_path / "states")
    numpy.load(tmp_path / "states", allow_pickle=False).close()
    agree(trained(2, (half, tmp_path / "states"))[0], expected.asnumpy(), rtol=1e-6)


def test_schedulers():
    from xpgrad.mxnet import lr_scheduler

    factor = lr_scheduler.FactorScheduler(step=2, factor=0.5, base_lr=1.0, stop_factor_lr=0.2)
    assert [factor(t) for t in range(1, 9)] == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2]
    several = lr_scheduler.MultiFactorScheduler(step=[2, 4], factor=0.1, base_lr=1.0)
    numpy.testing.assert_allclose([several(t) for t in range(1, 7)], [1, 1, 0.1, 0.1, 0.01, 0.01])
    cosine = lr_scheduler.CosineScheduler(10, base_lr=1.0, final_lr=0.1, warmup_steps=2, warmup_begin_lr=0.5)
    numpy.testing.assert_allclose([cosine(t) for t in (0, 1, 2, 6, 10, 20)], [0.5, 0.75, 1, 0.55, 0.1, 0.1])
    poly = lr_scheduler.PolyScheduler(4, base_lr=1.0, pwr=1)
    numpy.testing.assert_allclose([poly(t) for t in (0, 1, 4, 9)], [1, 0.75, 0, 0])
    parameter = gluon.Parameter("w", shape=1)
    parameter.initialize(init.One())
    trainer = gluon.Trainer([parameter], "sgd", {"lr_scheduler": lr_scheduler.FactorScheduler(1, 0.5, base_lr=1.0)})
    rates = []
    for _ in range(3):
        with autograd.record():
            loss = parameter.data() * 1
        loss.backward()
        trainer.step(1)
        rates.append(trainer.learning_rate)
    assert rates == [1, 0.5, 0.25]
    with pytest.raises(UserWarning, match="scheduler"):
        trainer.set_learning_rate(1)


def test_an_optimizer_of_ones_own():
    @mx.optimizer.register
    class Half(mx.optimizer.Optimizer):
        def update(self, index, weight, grad, state):
            weight[:] = weight / 2

    parameter = gluon.Parameter("w", shape=1)
    parameter.initialize(init.One())
    trainer = gluon.Trainer([parameter], "half")
    with autograd.record():
        loss = parameter.data() * 1
    loss.backward()
    trainer.step(1)
    assert parameter.data().item() == 0.5
    updater = mx.optimizer.get_updater(mx.optimizer.create("sgd", learning_rate=1.0))
    weight = np.array([3.0])
    updater(0, np.array([1.0]), weight)
    assert weight.item() == 2


NETWORKS = {
    "dense": (lambda: [nn.Dense(3, "sigmoid"), nn.Dense(2)], (2, 4)),
    "convolution": (lambda: [nn.Conv2D(2, 3, padding=1, activation="tanh"), nn.AvgPool2D(), nn.Dense(2)], (1, 2, 4, 4)),
    "transpose": (lambda: [nn.Conv2DTranspose(2, 2, 2), nn.GlobalAvgPool2D()], (1, 2, 2, 3)),
    "norms": (lambda: [nn.LayerNorm(), nn.GroupNorm(2), nn.InstanceNorm()], (2, 4, 3)),
    "recurrent": (lambda: [rnn.LSTM(2, 2, bidirectional=True), rnn.GRU(2), rnn.RNN(2, activation="tanh")], (3, 2, 2)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_against_finite_differences(name):
    layers, shape = NETWORKS[name]
    net = nn.Sequential()
    net.add(*layers())
    net.initialize(init.Normal(0.7))
    net.cast("float64")
    x = np.array(numbers.normal(size=shape), dtype="float64")
    net(x)
    parameters = [p for p in net.collect_params().values() if p.grad_req != "null"]

    def loss(*values):
        for parameter, value in zip(parameters, values[1:], strict=True):
            parameter._copies = [value]
        return np.sum(np.sin(net(values[0])))

    xpgrad.check_grads(loss, [x, *(p.data() for p in parameters)])


def test_on_another_backend():
    with xpgrad.use_backend("array_api_strict"):
        net = nn.HybridSequential()
        net.add(nn.Conv2D(2, 3, activation="relu"), nn.BatchNorm(), nn.MaxPool2D(), nn.Dense(3), nn.Dropout(0.1))
        net.initialize(init.Xavier())
        trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.05})
        x, y = np.array(normal(8, 1, 8, 8)), np.array([0, 1, 2, 0, 1, 2, 0, 1])
        found = []
        for _ in range(25):
            with autograd.record():
                loss = losses.SoftmaxCrossEntropyLoss()(net(x), y)
            loss.backward()
            trainer.step(8)
            found.append(float(loss.mean()))
        assert type(net[0].weight.data().data).__module__.startswith("array_api_strict")
        assert found[-1] < found[0] / 2
