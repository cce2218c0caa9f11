"""MinPy's autograd tutorial; its own code, and the numbers it prints."""

# ruff: noqa: N803, UP004  # the code is the document's

import numpy
import pytest

import xpgrad.minpy.numpy as np  # currently need import this at the same time
from xpgrad.minpy.array import Array, Number
from xpgrad.minpy.core import grad, grad_and_loss


def foo(x):
    return x**2


def test_a_number():
    assert foo(4) == 16
    d_foo = grad(foo)
    assert repr(d_foo(4)) == "8.0"


def test_derivatives_of_any_order():
    """The tutorial plots them; MinPy itself returned 0.0 from the second on."""
    d_foo = grad(foo)
    d_2_foo = grad(d_foo)
    d_3_foo = grad(d_2_foo)
    x = np.linspace(-10, 10, 200)
    assert type(x) is Array
    assert x.shape == (200,)
    numpy.testing.assert_allclose(foo(x).asnumpy(), x.asnumpy() ** 2, rtol=1e-6)
    numpy.testing.assert_allclose(d_foo(x).asnumpy(), 2 * x.asnumpy(), rtol=1e-6)
    numpy.testing.assert_array_equal(d_2_foo(x).asnumpy(), numpy.full(200, 2.0))
    numpy.testing.assert_array_equal(d_3_foo(x).asnumpy(), numpy.zeros(200))
    assert (repr(d_2_foo(4)), repr(d_3_foo(4))) == ("2.0", "0.0")


def test_a_vector():
    d_foo = grad(foo)
    x = np.array([1, 2, 3, 4])
    assert repr(d_foo(x)) == "array([2., 4., 6., 8.], dtype=float32)"
    assert str(d_foo(x)) == "[2. 4. 6. 8.]"


def bar(a, b, c):
    return 3 * a + b**2 - c


def test_several_arguments(capsys):
    gradient = grad(bar, [0, 1, 2])
    grad_array = gradient(2, 3, 4)
    print(grad_array)  # noqa: T201  # as the tutorial does
    assert capsys.readouterr().out == "[3.0, 6.0, -1.0]\n"


def affine(x, w, b):
    out = np.dot(x, w) + b
    return out  # noqa: RET504  # as the tutorial has it


def relu(x):
    out = np.maximum(0, x)
    return out  # noqa: RET504  # as above


def softmax_loss(x, y):
    N = x.shape[0]  # noqa: N806  # as above
    probs = np.exp(x - np.max(x, axis=1, keepdims=True))
    probs = probs / np.sum(probs, axis=1, keepdims=True)
    loss = -np.sum(np.log(probs) * y) / N
    return loss  # noqa: RET504  # as above


class SimpleNet(object):
    def __init__(self, input_size=100, num_class=3):
        # Define model parameters.
        self.params = {}
        self.params["w"] = np.random.randn(input_size, num_class) * 0.01
        self.params["b"] = np.zeros((1, 1))  # don't use int(1) (int cannot track gradient info)

    def forward(self, X):
        # First affine layer (fully-connected layer).
        y1 = affine(X, self.params["w"], self.params["b"])
        # ReLU activation.
        y2 = relu(y1)
        return y2  # noqa: RET504  # as above

    def loss(self, X, y):
        # Compute softmax loss between the output and the label.
        return softmax_loss(self.forward(X), y)


@pytest.fixture
def network():
    np.random.seed(0)
    batch_size = 100
    input_size = 50
    num_class = 3
    net = SimpleNet(input_size, num_class)
    x = np.random.randn(batch_size, input_size)
    idx = np.random.randint(0, 3, size=batch_size)
    y = np.zeros((batch_size, num_class))
    y[np.arange(batch_size), idx] = 1
    return net, x, y


def test_gradient_of_the_input(network):
    net, x, y = network
    gradient = grad(net.loss)
    d_x = gradient(x, y)
    assert d_x.shape == (100, 50)
    assert type(d_x) is Array


def test_gradient_of_the_parameters(network):
    net, x, y = network

    def loss_func(w, b, X, y):
        net.params["w"] = w
        net.params["b"] = b
        return net.loss(X, y)

    gradient = grad(loss_func, [0, 1])
    w, b = net.params["w"], net.params["b"]
    d_w, d_b = gradient(net.params["w"], net.params["b"], x, y)
    assert (d_w.shape, d_b.shape) == ((50, 3), (1, 1))

    hidden = x.asnumpy() @ w.asnumpy() + b.asnumpy()
    active = numpy.maximum(hidden, 0)
    probs = numpy.exp(active - active.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    g = (probs - y.asnumpy()) / 100 * (hidden > 0)
    numpy.testing.assert_allclose(d_w.asnumpy(), x.asnumpy().T @ g, rtol=1e-4, atol=1e-6)
    numpy.testing.assert_allclose(d_b.asnumpy(), [[g.sum()]], rtol=1e-4, atol=1e-6)


def test_gradient_and_result_at_once():
    forward_backward = grad_and_loss(bar, [0, 1, 2])
    grad_array, result = forward_backward(2, 3, 4)
    assert repr(grad_array) == "[3.0, 6.0, -1.0]"
    assert result == 11
    assert (type(grad_array), type(grad_array[0]), type(result)) == (list, Number, Number)
