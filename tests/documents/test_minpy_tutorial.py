"""MinPy's autograd tutorial, and the numbers it prints."""

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp


def foo(x):
    return x**2


def bar(a, b, c):
    return 3 * a + b**2 - c


def test_derivative_of_a_number():
    assert foo(4) == 16
    assert xpgrad.grad(foo)(4) == 8.0


def test_derivatives_of_any_order():
    """The tutorial plots them; MinPy itself returned 0.0 from the second on."""
    d_foo = xpgrad.grad(foo)
    d_2_foo = xpgrad.grad(d_foo)
    d_3_foo = xpgrad.grad(d_2_foo)
    x = xp.linspace(-10, 10, 200)
    np.testing.assert_allclose(d_foo(x).asnumpy(), 2 * np.linspace(-10, 10, 200), rtol=1e-14)
    np.testing.assert_allclose(d_2_foo(x).asnumpy(), np.full(200, 2.0))
    np.testing.assert_allclose(d_3_foo(x).asnumpy(), np.zeros(200))
    assert d_2_foo(4) == 2.0


def test_derivative_of_a_vector():
    x = xp.asarray([1, 2, 3, 4], dtype=xp.float32)
    gradient = xpgrad.grad(foo)(x)
    assert gradient.dtype == xp.float32
    assert str(gradient) == "[2. 4. 6. 8.]"


def test_gradient_by_position():
    gradient = xpgrad.grad(bar, [0, 1, 2])
    assert list(gradient(2, 3, 4)) == [3.0, 6.0, -1.0]


def test_gradient_and_result_at_once():
    forward_backward = xpgrad.value_and_grad(bar, [0, 1, 2])
    result, gradient = forward_backward(2, 3, 4)
    assert result == 11
    assert list(gradient) == [3.0, 6.0, -1.0]


def affine(x, w, b):
    return x @ w + b


def relu(x):
    return xp.maximum(x, 0)


def softmax_loss(x, y):
    n = x.shape[0]
    probs = xp.exp(x - xp.max(x, axis=1, keepdims=True))
    probs = probs / xp.sum(probs, axis=1, keepdims=True)
    return -xp.sum(xp.log(probs) * y) / n


class SimpleNet:
    def __init__(self, random, input_size=100, num_class=3):
        self.params = {
            "w": xp.asarray(random.standard_normal((input_size, num_class)) * 0.01),
            "b": xp.zeros((1, 1)),
        }

    def forward(self, x):
        return relu(affine(x, self.params["w"], self.params["b"]))

    def loss(self, x, y):
        return softmax_loss(self.forward(x), y)


@pytest.fixture
def network():
    """The tutorial's network and its random data: 100 samples of 50 numbers in 3 classes."""
    random = np.random.default_rng(0)
    batch_size, input_size, num_class = 100, 50, 3
    net = SimpleNet(random, input_size, num_class)
    x = xp.asarray(random.standard_normal((batch_size, input_size)))
    y = xp.zeros((batch_size, num_class))
    y[xp.arange(batch_size), xp.asarray(random.integers(0, 3, size=batch_size))] = 1
    return net, x, y


def loss_of_parameters(net):
    def loss_func(w, b, x, y):
        net.params["w"] = w
        net.params["b"] = b
        return net.loss(x, y)

    return loss_func


def by_hand(w, b, x, y):
    """The gradients of the network's loss with respect to its input, weights and bias, derived by hand."""
    hidden = x @ w + b
    active = np.maximum(hidden, 0)
    probs = np.exp(active - active.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    g = (probs - y) / len(x) * (hidden > 0)
    return g @ w.T, x.T @ g, g.sum().reshape(1, 1)


def test_gradient_of_the_input(network):
    net, x, y = network
    d_x = xpgrad.grad(net.loss)(x, y)
    assert d_x.shape == (100, 50)
    w, b = net.params["w"].asnumpy(), net.params["b"].asnumpy()
    np.testing.assert_allclose(d_x.asnumpy(), by_hand(w, b, x.asnumpy(), y.asnumpy())[0], rtol=1e-10, atol=1e-15)


def test_gradient_of_the_parameters(network):
    net, x, y = network
    w, b = net.params["w"], net.params["b"]
    d_w, d_b = xpgrad.grad(loss_of_parameters(net), [0, 1])(w, b, x, y)
    assert (d_w.shape, d_b.shape) == ((50, 3), (1, 1))
    _, expected_w, expected_b = by_hand(w.asnumpy(), b.asnumpy(), x.asnumpy(), y.asnumpy())
    np.testing.assert_allclose(d_w.asnumpy(), expected_w, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(d_b.asnumpy(), expected_b, rtol=1e-10, atol=1e-15)


def test_training_is_a_piece_of_cake(network):
    net, x, y = network
    w, b = net.params["w"], net.params["b"]
    loss_and_gradient = xpgrad.value_and_grad(loss_of_parameters(net), [0, 1])
    losses = []
    for _ in range(20):
        loss, (d_w, d_b) = loss_and_gradient(w, b, x, y)
        losses.append(loss.item())
        w, b = w - 0.5 * d_w, b - 0.5 * d_b
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.8 * losses[0]
