"""MXNet's guide, step 3: "Automatic differentiation with autograd", and the numbers it prints."""

import numpy as np
import pytest

import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.errors import GraphFreedError


def array(values):
    return xp.asarray(values, dtype=xp.float32)


def assert_prints(x, values):
    """An array holds exactly these values, in MXNet's default dtype."""
    assert x.dtype == xp.float32
    np.testing.assert_array_equal(x.asnumpy(), values)


@pytest.fixture
def x():
    x = array([[1, 2], [3, 4]])
    x.attach_grad()
    return x


@pytest.fixture
def ones():
    """The guide trains on random numbers of this shape; its gradients do not depend on them."""
    x = array([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]])
    x.attach_grad()
    return x


def test_basic_use(x):
    with autograd.record():
        y = 2 * x * x
    y.backward()
    assert_prints(x.grad, [[4, 8], [12, 16]])


def test_backward_of_an_array_is_backward_of_its_sum(x):
    with autograd.record():
        y = xp.sum(2 * x * x)
    y.backward()
    assert_prints(x.grad, [[4, 8], [12, 16]])


def test_backward_again_only_if_the_graph_is_retained(x):
    with autograd.record():
        y = xp.sum(2 * x * x)
    y.backward(retain_graph=True)
    assert_prints(x.grad, [[4, 8], [12, 16]])
    y.backward()
    assert_prints(x.grad, [[4, 8], [12, 16]])
    with pytest.raises(GraphFreedError, match="retain_graph=True"):
        y.backward()


def test_a_custom_operation_returns_gradients_of_its_own():
    class MyFirstCustomOperation(autograd.Function):
        def __init__(self):
            super().__init__()

        def forward(self, x, y):
            return 2 * x, 2 * x * y, 2 * y

        def backward(self, dx, dxy, dy):
            return x, y

    x = array([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]])
    y = array([[-0.9, 0.8, 0.7], [0.6, -0.5, 0.4]])
    x.attach_grad()
    y.attach_grad()
    with autograd.record():
        z = MyFirstCustomOperation()
        z1, z2, z3 = z(x, y)
        out = z1 + z2 + z3
    out.backward()
    np.testing.assert_allclose(out.asnumpy(), (2 * x + 2 * x * y + 2 * y).asnumpy(), rtol=1e-6)
    assert_prints(x.grad, x.asnumpy())
    assert_prints(y.grad, y.asnumpy())


def my_first_function(x):
    if autograd.is_training():
        return 4 * x
    return x


def test_a_function_that_differs_in_training(ones):
    x = ones
    y = my_first_function(x)
    assert_prints(y, x.asnumpy())
    with autograd.record(train_mode=False):
        y = my_first_function(x)
    assert y is x
    y.backward()
    assert_prints(x.grad, [[1, 1, 1], [1, 1, 1]])
    with autograd.record(train_mode=True):
        y = my_first_function(x)
    y.backward()
    assert_prints(x.grad, [[4, 4, 4], [4, 4, 4]])


def my_second_function(x):
    with autograd.record():
        return 2 * x


def test_a_function_that_records(ones):
    x = ones
    y = my_second_function(x)
    y.backward()
    assert_prints(x.grad, [[2, 2, 2], [2, 2, 2]])


def test_functions_that_record_combine(ones):
    x = ones
    y = my_second_function(x)
    with autograd.record():
        z = my_second_function(y) + 2
    z.backward()
    assert_prints(x.grad, [[4, 4, 4], [4, 4, 4]])


def test_control_flow():
    def f(a):
        b = a * 2
        while xp.sum(xp.abs(b)) < 1000:
            b = b * 2
        if xp.sum(b) >= 0:
            return b[0]
        return b[1]

    a = array([0.4375872, 0.2975346])
    a.attach_grad()
    with autograd.record():
        c = f(a)
    c.backward()
    assert c.shape == ()
    assert c.item() == pytest.approx(896.1786, abs=1e-4)
    assert_prints(a.grad, [2048, 0])
    assert (a.grad == c / a).tolist() == [True, False]


def test_attach_grad_on_an_intermediate_keeps_what_came_before(ones):
    """The guide prints 14 and 4, as MXNet 2 does; MXNet 1 detached y, and x got 2."""
    x = ones
    with autograd.record():
        y = 3 * x
        y.attach_grad()
        z = 4 * y + 2 * x
    z.backward()
    assert_prints(x.grad, [[14, 14, 14], [14, 14, 14]])
    assert_prints(y.grad, [[4, 4, 4], [4, 4, 4]])


def test_an_intermediate_without_attach_grad_has_no_gradient(ones):
    x = ones
    with autograd.record():
        y = 3 * x
        z = 4 * y + 2 * x
    z.backward()
    assert_prints(x.grad, [[14, 14, 14], [14, 14, 14]])
    assert y.grad is None
