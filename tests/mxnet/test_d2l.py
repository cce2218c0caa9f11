"""What the MXNet code of Dive into Deep Learning calls, chapter by chapter and in its order, on data of our own."""

import math

import numpy
import pytest

from xpgrad.mxnet import autograd, gluon, init, lr_scheduler, np, npx
from xpgrad.mxnet.gluon import nn, rnn
from xpgrad.mxnet.gluon.data.vision import transforms
from xpgrad.mxnet.numpy.random import multinomial


@pytest.fixture(autouse=True)
def numpy_style():
    npx.set_np()


def close(actual, expected, **tolerance):
    numpy.testing.assert_allclose(actual.asnumpy(), expected, **({"rtol": 1e-5, "atol": 1e-6} | tolerance))


# Preliminaries


def test_data_manipulation():
    x = np.arange(12)
    assert repr(x) == "array([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11.])"
    assert (x.size, x.shape) == (12, (12,))
    grid = x.reshape(3, 4)
    assert np.zeros((2, 3, 4)).shape == np.ones((2, 3, 4)).shape == (2, 3, 4)
    assert np.random.normal(0, 1, size=(3, 4)).shape == (3, 4)
    close(grid[-1], [8, 9, 10, 11])
    close(grid[1:3], [[4, 5, 6, 7], [8, 9, 10, 11]])
    grid[1, 2] = 17
    assert grid[1, 2].item() == 17
    grid[:2, :] = 12
    close(grid[:2].sum(), 96)
    close(np.exp(np.array([0, 1])), [1, math.e])
    a, b = np.array([1, 2, 4, 8]), np.array([2, 2, 2, 2])
    close(np.stack([a + b, a - b, a * b, a / b, a**b])[-1], [1, 4, 16, 64])
    first, second = np.arange(12).reshape(3, 4), np.array([[2, 1, 4, 3], [1, 2, 3, 4], [4, 3, 2, 1]])
    joined = np.concatenate([first, second], axis=0), np.concatenate([first, second], axis=1)
    assert [x.shape for x in joined] == [(6, 4), (3, 8)]
    assert repr((first == second)[0]) == "array([False,  True, False,  True])"
    assert str(first.sum()) == "66.0"
    close(np.arange(3).reshape(3, 1) + np.arange(2).reshape(1, 2), [[0, 1], [1, 2], [2, 3]])
    target = np.zeros_like(second)
    before = id(target)
    target[:] = first + second
    assert id(target) == before
    before = id(first)
    first += second
    assert id(first) == before
    assert [type(first.asnumpy()), type(np.array(first.asnumpy()))] == [numpy.ndarray, np.ndarray]
    a = np.array([3.5])
    assert (repr(a), a.item(), float(a), int(a)) == ("array([3.5])", 3.5, 3.5, 3)


def test_linear_algebra():
    x, y = np.array(3.0), np.array(2.0)
    assert [repr(z) for z in (x + y, x * y, x / y, x**y)] == ["array(5.)", "array(6.)", "array(1.5)", "array(9.)"]
    x = np.arange(3)
    assert (repr(x[2]), len(x), x.shape) == ("array(2.)", 3, (3,))
    close(np.arange(6).reshape(3, 2).T, [[0, 2, 4], [1, 3, 5]])
    symmetric = np.array([[1, 2, 3], [2, 0, 4], [3, 4, 5]])
    assert (symmetric == symmetric.T).all()
    a = np.arange(6).reshape(2, 3)
    b = a.copy()
    close(a + b, 2 * a.asnumpy())
    close(a * b, a.asnumpy() ** 2)
    assert (2 + np.arange(24).reshape(2, 3, 4)).shape == (2, 3, 4)
    close(a.sum(axis=0), [3, 5, 7])
    close(a.sum(axis=1), [3, 12])
    assert a.sum(axis=[0, 1]) == a.sum()
    assert a.mean() == a.sum() / a.size
    close(a.mean(axis=0), (a.sum(axis=0) / a.shape[0]).asnumpy())
    total = a.sum(axis=1, keepdims=True)
    close((a / total).sum(axis=1), [1, 1])
    close(a.cumsum(axis=0), [[0, 1, 2], [3, 5, 7]])
    ones = np.ones(3)
    assert np.dot(x, ones) == np.sum(x * ones) == 3
    close(np.dot(a, x), [5, 14])
    close(np.dot(a, np.ones(shape=(3, 4)))[:, 0], [3, 12])
    u = np.array([3, -4])
    assert (np.linalg.norm(u).item(), np.abs(u).sum().item(), np.linalg.norm(np.ones((4, 9))).item()) == (5, 7, 6)


def test_calculus(capsys):
    def f(x):
        return 3 * x**2 - 4 * x

    for h in 10.0 ** np.arange(-1, -4, -1):
        print(f"h={h:.5f}, numerical limit={(f(1 + h) - f(1)) / h:.3f}")  # noqa: T201  # what it prints is looked at
    assert capsys.readouterr().out.splitlines()[-1].startswith("h=0.00100, numerical limit=2.00")
    x = np.arange(0, 3, 0.1)
    assert f(x).shape == (2 * x - 3).shape == (30,)


def test_automatic_differentiation():
    x = np.arange(4.0)
    x.attach_grad()
    assert repr(x.grad) == "array([0., 0., 0., 0.])"
    with autograd.record():
        y = 2 * np.dot(x, x)
    assert repr(y) == "array(28.)"
    y.backward()
    assert repr(x.grad) == "array([ 0.,  4.,  8., 12.])"
    assert repr(x.grad == 4 * x) == "array([ True,  True,  True,  True])"
    with autograd.record():
        y = x.sum()
    y.backward()
    assert repr(x.grad) == "array([1., 1., 1., 1.])"
    with autograd.record():
        y = x * x
        u = y.detach()
        z = u * x
    z.backward()
    assert (x.grad == u).all()
    y.backward()
    assert (x.grad == 2 * x).all()

    def f(a):
        b = a * 2
        while np.linalg.norm(b) < 1000:
            b = b * 2
        return b if b.sum() > 0 else 100 * b

    a = np.random.normal()
    a.attach_grad()
    with autograd.record():
        d = f(a)
    d.backward()
    assert a.grad == d / a


def test_probability():
    fair = [0.5, 0.5]
    assert multinomial(100, fair).sum() == 100
    close((multinomial(100, fair) / 100).sum(), 1)
    frequencies = multinomial(10000, fair).astype(np.float32) / 10000
    close(frequencies, [0.5, 0.5], atol=0.03)
    counts = multinomial(1, fair, size=10000)
    running = counts.astype(np.float32).cumsum(axis=0)
    estimates = running / running.sum(axis=1, keepdims=True)
    assert estimates.shape == (10000, 2)
    close(estimates[-1], [0.5, 0.5], atol=0.03)


# Training, as the book's classes do it


class Module(nn.Block):
    """A model that knows its loss, its optimiser, and its arrays that are no Parameters."""

    def __init__(self, **hyperparameters):
        super().__init__()
        for name, value in hyperparameters.items():
            setattr(self, name, value)

    def forward(self, x):
        return self.net(x)

    def arrays(self):
        return [x for x in (getattr(self, name) for name in dir(self)) if isinstance(x, np.ndarray)]

    def parameters(self):
        found = self.collect_params()
        return found if isinstance(found, gluon.parameter.ParameterDict) and len(found.keys()) else self.arrays()

    def configure_optimizers(self):
        found = self.parameters()
        return (
            SGD(found, self.lr) if isinstance(found, list) else gluon.Trainer(found, "sgd", {"learning_rate": self.lr})
        )


class SGD:
    def __init__(self, params, lr):
        self.params, self.lr = params, lr

    def step(self, _):
        for param in self.params:
            param -= self.lr * param.grad


class Regression(Module):
    def loss(self, predicted, y):
        return ((predicted - y) ** 2 / 2).mean()


class Classifier(Module):
    def loss(self, predicted, y):
        predicted = predicted.reshape(-1, predicted.shape[-1])
        return gluon.loss.SoftmaxCrossEntropyLoss()(predicted, y.reshape((-1,))).mean()

    def accuracy(self, predicted, y):
        predicted = predicted.reshape((-1, predicted.shape[-1]))
        right = predicted.argmax(axis=1).astype(y.dtype) == y.reshape(-1)
        return right.astype(np.float32).mean()


def loader(arrays, batch_size, shuffle=True):
    return gluon.data.DataLoader(gluon.data.ArrayDataset(*arrays), batch_size, shuffle=shuffle)


def fit(model, data, epochs, clip=0):
    optimizer = model.configure_optimizers()
    for _ in range(epochs):
        for batch in data:
            with autograd.record():
                loss = model.loss(model(*batch[:-1]), batch[-1])
            loss.backward()
            if clip:
                params = model.parameters()
                params = params if isinstance(params, list) else [p.data() for p in params.values()]
                norm = math.sqrt(sum((p.grad**2).sum() for p in params))
                for param in params if norm > clip else ():
                    param.grad[:] *= clip / norm
            optimizer.step(1)
    return float(loss)


def regression_data(count=256):
    w, b = np.array([2, -3.4]), 4.2
    x = np.random.randn(count, 2)
    return x, np.dot(x, w.reshape(-1, 1)) + b + np.random.randn(count, 1) * 0.01


def classes_data(count=200, features=(1, 8, 8)):
    """Images of three kinds, each with a bright part of its own."""
    labels = np.random.randint(0, 3, size=(count,))
    images = np.random.normal(0, 0.3, (count, *features))
    for i in range(count):
        images[i, ..., 2 * int(labels[i]) : 2 * int(labels[i]) + 2] += 1
    return images, labels


def test_linear_regression_from_scratch():
    class Scratch(Regression):
        def __init__(self, lr):
            super().__init__(lr=lr)
            self.w, self.b = np.random.normal(0, 0.01, (2, 1)), np.zeros(1)
            self.w.attach_grad()
            self.b.attach_grad()

        def forward(self, x):
            return np.dot(x, self.w) + self.b

    model = Scratch(0.1)
    fit(model, loader(regression_data(), 32), 10)
    close(model.w.reshape(-1), [2, -3.4], atol=0.02)
    close(model.b, [4.2], atol=0.02)


def test_linear_regression_concisely():
    class Concise(Regression):
        def __init__(self, lr):
            super().__init__(lr=lr)
            self.net = nn.Dense(1)
            self.net.initialize(init.Normal(sigma=0.01))

        def loss(self, predicted, y):
            return gluon.loss.L2Loss()(predicted, y).mean()

    model = Concise(0.1)
    fit(model, loader(regression_data(), 32), 10)
    close(model.net.weight.data()[0], [2, -3.4], atol=0.02)
    close(model.net.bias.data(), [4.2], atol=0.02)


def test_weight_decay():
    x = np.random.randn(20, 100)
    y = np.dot(x, np.ones((100, 1)) * 0.01) + 0.05 + np.random.randn(20, 1) * 0.01

    class Decayed(Regression):
        def __init__(self, wd):
            super().__init__(lr=0.01, wd=wd)
            self.net = nn.Dense(1)
            self.net.initialize(init.Normal(sigma=1))

        def configure_optimizers(self):
            self.collect_params(".*bias").setattr("wd_mult", 0)
            return gluon.Trainer(self.collect_params(), "sgd", {"learning_rate": self.lr, "wd": self.wd})

    def norm(wd):
        model = Decayed(wd)
        fit(model, loader((x, y), 5), 10)
        return float((model.net.weight.data() ** 2).sum() / 2)

    assert norm(3) < 0.1 * norm(0)


def test_softmax_regression_from_scratch():
    predicted, y = np.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]]), np.array([0, 2])
    assert repr(predicted[[0, 1], y]) == "array([0.1, 0.5])"
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert (x.sum(0, keepdims=True).shape, x.sum(1, keepdims=True).shape) == ((1, 3), (2, 1))

    class Scratch(Classifier):
        def __init__(self, lr):
            super().__init__(lr=lr)
            self.weight, self.bias = np.random.normal(0, 0.01, (64, 3)), np.zeros(3)
            self.weight.attach_grad()
            self.bias.attach_grad()

        def collect_params(self):
            return [self.weight, self.bias]

        def forward(self, x):
            exponential = np.exp(np.dot(x.reshape((-1, self.weight.shape[0])), self.weight) + self.bias)
            return exponential / exponential.sum(1, keepdims=True)

        def loss(self, predicted, y):
            return -np.log(predicted[list(range(len(predicted))), y]).mean()

    x, y = classes_data()
    model = Scratch(0.1)
    fit(model, loader((x, y), 50), 5)
    predicted = model(x)
    assert model.accuracy(predicted, y) > 0.9
    wrong = predicted.argmax(axis=1).astype(y.dtype) != y
    assert x[wrong].shape[0] == int(wrong.sum())


@pytest.mark.parametrize("layers", ["softmax regression", "perceptron", "dropout"])
def test_classifiers_concisely(layers):
    net = nn.Sequential()
    hidden = {
        "softmax regression": [],
        "perceptron": [nn.Dense(32, activation="relu")],
        "dropout": [nn.Dense(64, activation="relu"), nn.Dropout(0.5), nn.Dense(32, activation="relu"), nn.Dropout(0.2)],
    }[layers]
    net.add(*hidden, nn.Dense(3))
    net.initialize()
    model = Classifier(lr=0.1, net=net)
    x, y = classes_data()
    fit(model, loader((x, y), 50), 15)
    assert model.accuracy(model(x), y) > 0.9


def test_perceptron_from_scratch():
    class Scratch(Classifier):
        def __init__(self, lr, sigma=0.1):
            super().__init__(lr=lr)
            self.w1, self.b1 = np.random.randn(64, 32) * sigma, np.zeros(32)
            self.w2, self.b2 = np.random.randn(32, 3) * sigma, np.zeros(3)
            for param in self.arrays():
                param.attach_grad()

        def forward(self, x):
            hidden = np.maximum(np.dot(x.reshape((-1, 64)), self.w1) + self.b1, 0)
            return np.dot(hidden, self.w2) + self.b2

    x, y = classes_data()
    model = Scratch(0.1)
    assert len(model.parameters()) == 4
    fit(model, loader((x, y), 50), 15)
    assert model.accuracy(model(x), y) > 0.9


def test_dropout_from_scratch():
    def dropout(x, p):
        if p == 1:
            return np.zeros_like(x)
        mask = np.random.uniform(0, 1, x.shape) > p
        return mask.astype(np.float32) * x / (1.0 - p)

    x = np.arange(16).reshape(2, 8)
    close(dropout(x, 0), x.asnumpy())
    assert not dropout(x, 1).any()
    assert set(numpy.unique(dropout(np.ones((50, 50)), 0.5).asnumpy())) == {0, 2}

    class Scratch(Classifier):
        def __init__(self, lr):
            super().__init__(lr=lr)
            self.lin1, self.lin2 = nn.Dense(32, activation="relu"), nn.Dense(3)
            self.initialize()

        def forward(self, x):
            hidden = self.lin1(x)
            if autograd.is_training():
                hidden = dropout(hidden, 0.5)
            return self.lin2(hidden)

    images, labels = classes_data()
    model = Scratch(0.1)
    fit(model, loader((images, labels), 50), 15)
    assert model.accuracy(model(images), labels) > 0.9


def test_numerical_stability():
    x = np.arange(-8.0, 8.0, 0.1)
    x.attach_grad()
    with autograd.record():
        y = npx.sigmoid(x)
    y.backward()
    close(x.grad, (y * (1 - y)).asnumpy(), atol=1e-5)
    m = np.random.normal(size=(4, 4))
    for _ in range(100):
        m = np.dot(m, np.random.normal(size=(4, 4)))
    assert float(np.abs(m).max()) > 1e10


# Builders' guide


def test_layers_and_parameters_of_ones_own(capsys, tmp_path):
    class Centred(nn.Block):
        def forward(self, x):
            return x - x.mean()

    close(Centred()(np.array([1.0, 2, 3, 4, 5])), [-2, -1, 0, 1, 2])

    class MyDense(nn.Block):
        def __init__(self, units, in_units, **kwargs):
            super().__init__(**kwargs)
            self.weight = self.params.get("weight", shape=(in_units, units))
            self.bias = self.params.get("bias", shape=(units,))

        def forward(self, x):
            return npx.relu(np.dot(x, self.weight.data(ctx=x.ctx)) + self.bias.data(ctx=x.ctx))

    net = nn.Sequential()
    net.add(MyDense(8, in_units=64), MyDense(1, in_units=8))
    net.initialize()
    assert net(np.random.uniform(size=(2, 64))).shape == (2, 1)
    assert "weight" in repr(net[0].params)

    class MyInit(init.Initializer):
        def _init_weight(self, name, data):
            print("Init", name, data.shape)  # noqa: T201  # what it prints is looked at
            data[:] = np.random.uniform(-10, 10, data.shape)
            data *= np.abs(data) >= 5

    net = nn.Sequential()
    net.add(nn.Dense(8, activation="relu"), nn.Dense(1))
    net.initialize()
    net(np.random.uniform(size=(2, 4)))
    net.initialize(init=init.Normal(sigma=0.01), force_reinit=True)
    net.initialize(init=init.Constant(1), force_reinit=True)
    assert repr(net[0].weight.data()[0]) == "array([1., 1., 1., 1.])"
    net[0].weight.initialize(init=init.Xavier(), force_reinit=True)
    net[1].initialize(init=init.Constant(42), force_reinit=True)
    assert net[1].weight.data()[0, 0] == 42
    net.initialize(MyInit(), force_reinit=True)
    assert "Init weight (8, 4)" in capsys.readouterr().out
    kept = net[0].weight.data()
    assert ((np.abs(kept) >= 5) | (kept == 0)).all()
    net[0].weight.data()[:] += 1
    net[0].weight.data()[0, 0] = 42
    assert net[0].weight.data()[0, 0].item() == 42
    assert type(net[1].bias) is gluon.Parameter

    shared = nn.Dense(8, activation="relu")
    net = nn.Sequential()
    net.add(nn.Dense(8, activation="relu"), shared, nn.Dense(8, activation="relu", params=shared.params), nn.Dense(10))
    net.initialize()
    net(np.random.uniform(size=(2, 20)))
    net[1].weight.data()[0, 0] = 100
    assert (net[1].weight.data()[0] == net[2].weight.data()[0]).all()

    x = np.arange(4)
    npx.save(str(tmp_path / "x-file"), x)
    assert (npx.load(str(tmp_path / "x-file"))[0] == x).all()
    npx.save(str(tmp_path / "both"), [x, np.zeros(4)])
    assert len(npx.load(str(tmp_path / "both"))) == 2
    npx.save(str(tmp_path / "named"), {"x": x})
    assert (npx.load(str(tmp_path / "named"))["x"] == x).all()
    net.save_parameters(str(tmp_path / "mlp.params"))


# Convolutional networks


def corr2d(x, k):
    h, w = k.shape
    y = np.zeros((x.shape[0] - h + 1, x.shape[1] - w + 1))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = (x[i : i + h, j : j + w] * k).sum()
    return y


def test_convolutions():
    x = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0, 8.0]])
    k = np.array([[0.0, 1.0], [2.0, 3.0]])
    close(corr2d(x, k), [[19, 25], [37, 43]])
    image = np.ones((6, 8))
    image[:, 2:6] = 0
    edges = corr2d(image, np.array([[1.0, -1.0]]))
    assert not corr2d(image.T, np.array([[1.0, -1.0]])).any()
    conv2d = nn.Conv2D(1, kernel_size=(1, 2), use_bias=False)
    conv2d.initialize()
    image, edges = image.reshape(1, 1, 6, 8), edges.reshape(1, 1, 6, 7)
    for _ in range(10):
        with autograd.record():
            loss = (conv2d(image) - edges) ** 2
        loss.backward()
        conv2d.weight.data()[:] -= 3e-2 * conv2d.weight.grad()
    close(conv2d.weight.data().reshape((1, 2)), [[1, -1]], atol=0.2)
    assert f"{float(loss.sum()):.3f}"

    def shape(layer, size=(8, 8)):
        layer.initialize()
        return layer(np.random.uniform(size=(1, 1, *size))).shape[2:]

    assert shape(nn.Conv2D(1, kernel_size=3, padding=1)) == (8, 8)
    assert shape(nn.Conv2D(1, kernel_size=(5, 3), padding=(2, 1))) == (8, 8)
    assert shape(nn.Conv2D(1, kernel_size=3, padding=1, strides=2)) == (4, 4)
    assert shape(nn.Conv2D(1, kernel_size=(3, 5), padding=(0, 1), strides=(3, 4))) == (2, 2)

    def several(x, k):
        return sum(corr2d(a, b) for a, b in zip(x, k, strict=True))

    x, k = np.stack((x, x + 1)), np.stack((k, k + 1))
    close(several(x, k), [[56, 72], [104, 120]])
    k = np.stack((k, k + 1, k + 2), 0)
    assert np.stack([several(x, part) for part in k], 0).shape == (3, 2, 2)
    x = np.arange(16, dtype=np.float32).reshape((1, 1, 4, 4))
    close(nn.MaxPool2D(3)(x), [[[[10]]]])
    close(nn.MaxPool2D(3, padding=1, strides=2)(x), [[[[5, 7], [13, 15]]]])
    close(nn.MaxPool2D((2, 3), padding=(0, 1), strides=(2, 3))(x), [[[[5, 7], [13, 15]]]])
    assert nn.MaxPool2D(3, padding=1, strides=2)(np.concatenate((x, x + 1), 1)).shape == (1, 2, 2, 2)


def test_lenet(capsys):
    net = nn.Sequential()
    net.add(
        nn.Conv2D(channels=6, kernel_size=5, padding=2, activation="sigmoid"),
        nn.AvgPool2D(pool_size=2, strides=2),
        nn.Conv2D(channels=16, kernel_size=5, activation="sigmoid"),
        nn.AvgPool2D(pool_size=2, strides=2),
        nn.Dense(120, activation="sigmoid"),
        nn.Dense(84, activation="sigmoid"),
        nn.Dense(10),
    )
    net.initialize(init.Xavier())
    x = np.random.randn(1, 1, 28, 28)
    for layer in net:
        x = layer(x)
        print(layer.__class__.__name__, "output shape:\t", x.shape)  # noqa: T201  # what it prints is looked at
    assert capsys.readouterr().out.splitlines()[2:5] == [
        "Conv2D output shape:\t (1, 16, 10, 10)",
        "AvgPool2D output shape:\t (1, 16, 5, 5)",
        "Dense output shape:\t (1, 120)",
    ]
    images = np.random.randint(0, 256, size=(8, 28, 28, 1)).astype("uint8")
    resize = transforms.Compose([transforms.Resize((28, 28)), transforms.ToTensor()])
    data = gluon.data.ArrayDataset(images, numpy.arange(8) % 3).transform_first(resize)
    (batch, labels), *_ = gluon.data.DataLoader(data, 8, num_workers=4)
    assert (batch.shape, labels.shape) == ((8, 1, 28, 28), (8,))
    model = Classifier(lr=0.05, net=net)
    first = float(model.loss(model(batch), labels))
    assert fit(model, [(batch, labels)], 5) < first


def test_batch_normalization_from_scratch():
    class BatchNorm(nn.Block):
        def __init__(self, num_features, **kwargs):
            super().__init__(**kwargs)
            shape = (1, num_features, 1, 1)
            self.gamma = self.params.get("gamma", shape=shape, init=init.One())
            self.beta = self.params.get("beta", shape=shape, init=init.Zero())
            self.moving_mean, self.moving_var = np.zeros(shape), np.ones(shape)

        def forward(self, x):
            if autograd.is_training():
                mean = x.mean(axis=(0, 2, 3), keepdims=True)
                var = ((x - mean) ** 2).mean(axis=(0, 2, 3), keepdims=True)
                self.moving_mean = 0.9 * self.moving_mean + 0.1 * mean
                self.moving_var = 0.9 * self.moving_var + 0.1 * var
            else:
                mean, var = self.moving_mean, self.moving_var
            return self.gamma.data() * (x - mean) / np.sqrt(var + 1e-5) + self.beta.data()

    x = np.random.normal(2, 3, (4, 3, 5, 5))
    scratch, concise = BatchNorm(3), nn.BatchNorm()
    scratch.initialize()
    concise.initialize()
    with autograd.record():
        ours, theirs = scratch(x), concise(x)
    close(ours, theirs.asnumpy(), atol=1e-4)
    assert (scratch.gamma.data().reshape(-1), scratch.beta.data().reshape(-1))[0].shape == (3,)
    close(scratch.moving_mean.reshape(-1), concise.running_mean.data().asnumpy(), atol=1e-4)
    close(scratch(x), concise(x).asnumpy(), atol=1e-3)


# Optimisation


def sgd(params, states, hyperparams):
    for p in params:
        p[:] -= hyperparams["lr"] * p.grad


def momentum(params, states, hyperparams):
    for p, v in zip(params, states, strict=True):
        v[:] = hyperparams["momentum"] * v + p.grad
        p[:] -= hyperparams["lr"] * v


def adagrad(params, states, hyperparams):
    for p, s in zip(params, states, strict=True):
        s[:] += np.square(p.grad)
        p[:] -= hyperparams["lr"] * p.grad / np.sqrt(s + 1e-6)


def rmsprop(params, states, hyperparams):
    for p, s in zip(params, states, strict=True):
        s[:] = hyperparams["gamma"] * s + (1 - hyperparams["gamma"]) * np.square(p.grad)
        p[:] -= hyperparams["lr"] * p.grad / np.sqrt(s + 1e-6)


def adadelta(params, states, hyperparams):
    rho, eps = hyperparams["rho"], 1e-5
    for p, (s, delta) in zip(params, states, strict=True):
        s[:] = rho * s + (1 - rho) * np.square(p.grad)
        g = (np.sqrt(delta + eps) / np.sqrt(s + eps)) * p.grad
        p[:] -= g
        delta[:] = rho * delta + (1 - rho) * g * g


def adam(params, states, hyperparams):
    beta1, beta2, eps = 0.9, 0.999, 1e-6
    for p, (v, s) in zip(params, states, strict=True):
        v[:] = beta1 * v + (1 - beta1) * p.grad
        s[:] = beta2 * s + (1 - beta2) * np.square(p.grad)
        v_bias_corr = v / (1 - beta1 ** hyperparams["t"])
        s_bias_corr = s / (1 - beta2 ** hyperparams["t"])
        p[:] -= hyperparams["lr"] * v_bias_corr / (np.sqrt(s_bias_corr) + eps)
    hyperparams["t"] += 1


@pytest.mark.parametrize(
    ("step", "states", "hyperparams", "name", "options"),
    [
        (sgd, 0, {"lr": 0.05}, "sgd", {"learning_rate": 0.05}),
        (momentum, 1, {"lr": 0.02, "momentum": 0.5}, "sgd", {"learning_rate": 0.02, "momentum": 0.5}),
        (adagrad, 1, {"lr": 0.5}, "adagrad", {"learning_rate": 0.5}),
        (rmsprop, 1, {"lr": 0.05, "gamma": 0.9}, "rmsprop", {"learning_rate": 0.05, "gamma1": 0.9}),
        (adadelta, 2, {"rho": 0.9}, "adadelta", {"rho": 0.9, "epsilon": 1e-5}),
        (adam, 2, {"lr": 0.1, "t": 1}, "adam", {"learning_rate": 0.1}),
    ],
)
def test_optimisation_from_scratch_and_concisely(step, states, hyperparams, name, options):
    x, y = regression_data(200)
    epochs = 40 if name == "adadelta" else 8
    w, b = np.random.normal(scale=0.01, size=(2, 1)), np.zeros(1)
    w.attach_grad()
    b.attach_grad()
    kept = {0: [None, None], 1: [np.zeros((2, 1)), np.zeros(1)]}.get(states)
    kept = kept or [(np.zeros((2, 1)), np.zeros((2, 1))), (np.zeros(1), np.zeros(1))]

    def loss_of(features, labels):
        return ((np.dot(features, w) + b - labels) ** 2 / 2).mean()

    first = float(loss_of(x, y))
    for _ in range(epochs):
        for features, labels in loader((x, y), 10):
            with autograd.record():
                loss = loss_of(features, labels)
            loss.backward()
            step([w, b], kept, hyperparams)
    assert float(loss_of(x, y)) < 0.05 * first

    net = nn.Sequential()
    net.add(nn.Dense(1))
    net.initialize(init.Normal(sigma=0.01))
    trainer = gluon.Trainer(net.collect_params(), name, options)
    loss = gluon.loss.L2Loss()
    for _ in range(epochs):
        for features, labels in loader((x, y), 10):
            with autograd.record():
                value = loss(net(features), labels)
            value.backward()
            trainer.step(features.shape[0])
    assert float(loss(net(x), y).mean()) < 0.05 * first


def test_schedules():
    net = nn.HybridSequential()
    net.add(nn.Dense(1))
    net.initialize(init.Xavier())
    net(np.ones((1, 2)))
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.3})
    trainer.set_learning_rate(0.1)
    assert f"learning rate is now {trainer.learning_rate:.2f}" == "learning rate is now 0.10"
    scheduler = lr_scheduler.MultiFactorScheduler(step=[15, 30], factor=0.5, base_lr=0.5)
    assert [scheduler(t) for t in (1, 15, 16, 31)] == [0.5, 0.5, 0.25, 0.125]
    scheduler = lr_scheduler.CosineScheduler(20, warmup_steps=5, base_lr=0.3, final_lr=0.01)
    assert [round(scheduler(t), 3) for t in (0, 5, 20)] == [0, 0.3, 0.01]
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"lr_scheduler": scheduler})
    assert trainer.learning_rate == 0


# Recurrent networks


class Scratch(Module):
    """A recurrent network of arrays."""

    def __init__(self, num_inputs, num_hiddens, sigma=0.1):
        super().__init__(num_hiddens=num_hiddens)
        self.w_xh = np.random.randn(num_inputs, num_hiddens) * sigma
        self.w_hh = np.random.randn(num_hiddens, num_hiddens) * sigma
        self.b_h = np.zeros(num_hiddens)

    def forward(self, inputs, state=None):
        if state is None:
            state = np.zeros((inputs.shape[1], self.num_hiddens), ctx=inputs.ctx)
        else:
            (state,) = state
        outputs = []
        for x in inputs:
            state = np.tanh(np.dot(x, self.w_xh) + np.dot(state, self.w_hh) + self.b_h)
            outputs.append(state)
        return outputs, (state,)


class Concise(Module):
    """The same of a layer."""

    def __init__(self, num_hiddens):
        super().__init__()
        self.rnn = rnn.RNN(num_hiddens)

    def forward(self, inputs, h=None):
        if h is None:
            h = self.rnn.begin_state(inputs.shape[1], ctx=inputs.ctx)
        outputs, (h,) = self.rnn(inputs, h)
        return outputs, (h,)


class Language(Classifier):
    """Predicts the next of a sequence of tokens."""

    def __init__(self, network, vocabulary, lr):
        super().__init__(lr=lr, rnn=network, vocabulary=vocabulary)
        if isinstance(network, Scratch):
            self.w_hq, self.b_q = np.random.randn(network.num_hiddens, vocabulary) * 0.1, np.zeros(vocabulary)
            for param in self.parameters():
                param.attach_grad()
        else:
            self.linear = nn.Dense(vocabulary, flatten=False)
            self.initialize()

    def arrays(self):
        return super().arrays() + self.rnn.arrays()

    def output_layer(self, hiddens):
        if isinstance(hiddens, list):
            return np.stack([np.dot(h, self.w_hq) + self.b_q for h in hiddens], 1)
        return self.linear(hiddens).swapaxes(0, 1)

    def forward(self, x, state=None):
        outputs, _ = self.rnn(npx.one_hot(x.T, self.vocabulary), state)
        return self.output_layer(outputs)

    def predict(self, prefix, count):
        state, outputs = None, [prefix[0]]
        for i in range(len(prefix) + count - 1):
            hiddens, state = self.rnn(npx.one_hot(np.array([[outputs[-1]]]).T, self.vocabulary), state)
            if i < len(prefix) - 1:
                outputs.append(prefix[i + 1])
            else:
                outputs.append(int(self.output_layer(hiddens).argmax(axis=2).reshape(1)))
        return outputs


@pytest.mark.parametrize("make", [lambda: Scratch(5, 16), lambda: Concise(16)], ids=["from scratch", "concisely"])
def test_recurrent_language_model(make):
    assert npx.one_hot(np.array([0, 2]), 5).asnumpy().tolist() == [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0]]
    corpus = [0, 1, 2, 3, 4] * 12
    windows = np.array([corpus[i : i + 9] for i in range(40)])
    model = Language(make(), 5, lr=1)
    assert model(np.ones((2, 7), dtype=np.int64)).shape == (2, 7, 5)
    fit(model, loader((windows[:, :-1], windows[:, 1:]), 20), 60, clip=1)
    assert model.predict([0, 1], 6) == [0, 1, 2, 3, 4, 0, 1, 2]
