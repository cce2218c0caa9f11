"""Programs as in the first chapters of books on MXNet: models written out, trained until they fit."""

import math

import numpy
import pytest

from xpgrad.mxnet import autograd, nd, np, npx


def sgd(parameters, rate, batch_size=1):
    for parameter in parameters:
        parameter[:] = parameter - rate * parameter.grad / batch_size


def variables(*arrays):
    for x in arrays:
        x.attach_grad()
    return arrays


@pytest.fixture
def numpy_style():
    npx.set_np()


@pytest.mark.usefixtures("numpy_style")
def test_linear_regression():
    features = np.random.normal(0, 1, (200, 2))
    labels = np.dot(features, np.array([2.0, -3.4])) + 4.2
    w, b = variables(np.random.normal(0, 0.01, 2), np.zeros(1))
    for _ in range(60):
        with autograd.record():
            loss = ((np.dot(features, w) + b - labels.reshape(-1)) ** 2 / 2).mean()
        loss.backward()
        sgd([w, b], 0.2)
    numpy.testing.assert_allclose(w.asnumpy(), [2, -3.4], atol=0.01)
    assert abs(float(b) - 4.2) < 0.01


def test_linear_regression_in_the_first_style():
    features = nd.random.normal(scale=1, shape=(200, 2))
    labels = 2 * features[:, 0] - 3.4 * features[:, 1] + 4.2
    w, b = variables(nd.random.normal(scale=0.01, shape=(2, 1)), nd.zeros(shape=(1,)))
    for _ in range(60):
        with autograd.record():
            loss = (nd.dot(features, w) + b - labels.reshape((-1, 1))) ** 2 / 2
        loss.backward()
        sgd([w, b], 0.2, 200)
    assert loss.mean().asscalar() < 1e-4
    numpy.testing.assert_allclose(w.asnumpy().ravel(), [2, -3.4], atol=0.01)


@pytest.mark.usefixtures("numpy_style")
def test_softmax_regression():
    def softmax(x):
        exponential = np.exp(x)
        return exponential / exponential.sum(1, keepdims=True)

    def cross_entropy(predicted, labels):
        return -np.log(predicted[range(len(predicted)), labels])

    x = np.random.normal(size=(64, 20))
    labels = np.argmax(np.dot(x, np.random.normal(size=(20, 5))), axis=1).astype("int32")
    w, b = variables(np.random.normal(0, 0.01, (20, 5)), np.zeros(5))
    for _ in range(100):
        with autograd.record():
            loss = cross_entropy(softmax(np.dot(x.reshape((-1, 20)), w) + b), labels)
        loss.backward()
        sgd([w, b], 0.5, len(x))
    right = (np.dot(x, w) + b).argmax(axis=1).astype(labels.dtype) == labels
    assert float(right.astype(labels.dtype).sum()) / len(labels) > 0.95


@pytest.mark.usefixtures("numpy_style")
def test_recurrent_network_with_clipped_gradients():
    def network(inputs, hidden, w_x, w_h, b_h, w_out, b_out):
        outputs = []
        for x in inputs:
            hidden = np.tanh(np.dot(x, w_x) + np.dot(hidden, w_h) + b_h)
            outputs.append(np.dot(hidden, w_out) + b_out)
        return np.concatenate(outputs, axis=0)

    def weights(*shape):
        return np.random.normal(scale=0.01, size=shape)

    parameters = variables(weights(10, 16), weights(16, 16), np.zeros(16), weights(16, 10), np.zeros(10))
    tokens = np.arange(10).reshape((2, 5))
    for _ in range(150):
        with autograd.record():
            predicted = network(npx.one_hot(tokens.T, 10), np.zeros((2, 16)), *parameters)
            loss = -npx.pick(npx.log_softmax(predicted), tokens.T.reshape(-1)).mean()
        loss.backward()
        norm = math.sqrt(sum((p.grad**2).sum() for p in parameters))
        if norm > 1:
            for p in parameters:
                p.grad[:] *= 1 / norm
        sgd(parameters, 5)
    assert float(loss) < 0.01


@pytest.mark.usefixtures("numpy_style")
def test_learning_a_kernel():
    """Its convolution writes one element after the other, while recording: beyond what MXNet allows."""

    def correlate(x, kernel):
        height, width = kernel.shape
        y = np.zeros((x.shape[0] - height + 1, x.shape[1] - width + 1))
        for i in range(y.shape[0]):
            for j in range(y.shape[1]):
                y[i, j] = (x[i : i + height, j : j + width] * kernel).sum()
        return y

    x = np.ones((6, 8))
    x[:, 2:6] = 0
    edges = correlate(x, np.array([[1.0, -1.0]]))
    (kernel,) = variables(np.array([[0.1, 0.2]]))
    for _ in range(20):
        with autograd.record():
            loss = (correlate(x, kernel) - edges) ** 2
        loss.backward()
        kernel[:] -= 3e-2 * kernel.grad
    numpy.testing.assert_allclose(kernel.asnumpy(), [[1, -1]], atol=0.1)


@pytest.mark.usefixtures("numpy_style")
def test_attention_with_masked_softmax():
    def masked_softmax(x, lengths):
        shape = x.shape
        lengths = lengths.repeat(shape[1]) if lengths.ndim == 1 else lengths.reshape(-1)
        x = npx.sequence_mask(x.reshape(-1, shape[-1]), lengths, True, value=-1e6, axis=1)
        return npx.softmax(x).reshape(shape)

    queries, keys, values = np.random.normal(0, 1, (2, 1, 4)), np.ones((2, 10, 4)), np.arange(40).reshape(1, 10, 4)
    scores = npx.batch_dot(queries, keys, transpose_b=True) / math.sqrt(4)
    attention = masked_softmax(scores, np.array([2, 6]))
    numpy.testing.assert_allclose(attention.asnumpy()[0, 0], [0.5, 0.5] + [0] * 8, rtol=1e-5)
    out = npx.batch_dot(attention, values.repeat(2, axis=0))
    numpy.testing.assert_allclose(out.asnumpy(), [[[2, 3, 4, 5]], [[10, 11, 12, 13]]], rtol=1e-5)
