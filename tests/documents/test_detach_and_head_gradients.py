"""A reader's notebook on Dive into Deep Learning: overwritten gradients, detach, head gradients, and what it prints."""

import numpy as np
import pytest

import xpgrad.numpy as xp
from xpgrad import autograd


def norm(x):
    return xp.sqrt(xp.sum(x * x))


def assert_prints(x, values):
    assert x.dtype == xp.float32
    np.testing.assert_array_equal(x.asnumpy(), values)


@pytest.fixture
def x():
    x = xp.arange(4, dtype=xp.float32)
    x.attach_grad()
    return x


@pytest.fixture
def y():
    y = xp.ones(4, dtype=xp.float32) * 2
    y.attach_grad()
    return y


def test_toy_example(x):
    assert_prints(x, [0, 1, 2, 3])
    with autograd.record():
        y = 2 * (x * x)
    y.backward()
    assert_prints(x.grad - 4 * x, [0, 0, 0, 0])


def test_another_graph_overwrites_the_gradient(x):
    with autograd.record():
        y = 2 * (x * x)
    y.backward()
    with autograd.record():
        y = norm(x)
    y.backward()
    assert y.item() == pytest.approx(3.7416573, rel=1e-7)
    np.testing.assert_allclose(x.grad.asnumpy(), [0, 0.26726124, 0.5345225, 0.80178374], rtol=2e-7)


def test_backward_of_an_array_is_backward_of_its_sum(x):
    with autograd.record():
        y = x * x
    y.backward()
    u = x.copy()
    u.attach_grad()
    with autograd.record():
        v = xp.sum(u * u)
    v.backward()
    assert_prints(x.grad - u.grad, [0, 0, 0, 0])


def test_detach(x):
    with autograd.record():
        y = x * x
        u = y.detach()
        z = u * x
    z.backward()
    assert_prints(x.grad - u, [0, 0, 0, 0])
    y.backward()
    assert_prints(x.grad - 2 * x, [0, 0, 0, 0])


def test_attach_grad_on_an_intermediate(x, y):
    """The notebook prints 1, 1 and 0, as MXNet 1, which detached u; here, as in MXNet 2, u keeps its history."""
    with autograd.record():
        u = x * y
        u.attach_grad()
        z = u + x
    z.backward()
    assert_prints(x.grad, [3, 3, 3, 3])
    assert_prints(u.grad, [1, 1, 1, 1])
    assert_prints(y.grad, [0, 1, 2, 3])


def test_head_gradients_after_detach(x, y):
    with autograd.record():
        u = x * y
        v = u.detach()
        z = v + x
    z.backward()
    assert_prints(x.grad, [1, 1, 1, 1])
    assert_prints(y.grad, [0, 0, 0, 0])
    assert v.grad is None
    u.backward(v.grad)
    assert_prints(x.grad, [2, 2, 2, 2])
    assert_prints(y.grad, [0, 1, 2, 3])


def test_head_gradients_through_a_detached_variable(x, y):
    """What the notebook describes, dz/dx = dz/du * du/dx, where the detached half is a variable of its own."""
    with autograd.record():
        u = x * y
        v = u.detach()
        v.attach_grad()
        z = v * v
    z.backward()
    assert_prints(v.grad, [0, 4, 8, 12])
    u.backward(v.grad)
    assert_prints(x.grad, [0, 8, 16, 24])
    assert_prints(y.grad, [0, 4, 16, 36])


@pytest.mark.parametrize(("value", "slope"), [(2.2122064, 512.0), (-0.3, 409600.0)])
def test_control_flow(value, slope):
    def f(a):
        b = a * 2
        while norm(b) < 1000:
            b = b * 2
        if xp.sum(b) > 0:
            return b
        return 100 * b

    a = xp.asarray([value], dtype=xp.float32)
    a.attach_grad()
    with autograd.record():
        d = f(a)
    d.backward()
    assert_prints(a.grad, [slope])
    assert (a.grad == d / a).tolist() == [True]


def test_training_and_prediction_mode():
    assert autograd.is_training() is False
    with autograd.record():
        assert autograd.is_training() is True
