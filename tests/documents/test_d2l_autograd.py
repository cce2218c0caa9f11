"""Dive into Deep Learning's chapter "Automatic Gradient", and the numbers it prints."""

import numpy as np
import pytest

import xpgrad.numpy as xp
from xpgrad import autograd


def norm(x):
    return xp.sqrt(xp.sum(x * x))


def f(a):
    b = a * 2
    while norm(b) < 1000:
        b = b * 2
    if xp.sum(b) > 0:
        return b
    return 100 * b


def test_simple_example():
    x = xp.reshape(xp.arange(4, dtype=xp.float32), (4, 1))
    np.testing.assert_array_equal(x.asnumpy(), [[0.0], [1.0], [2.0], [3.0]])
    x.attach_grad()
    with autograd.record():
        y = 2 * (x.T @ x)
    np.testing.assert_array_equal(y.asnumpy(), [[28.0]])
    y.backward()
    assert norm(x.grad - 4 * x).item() == 0
    np.testing.assert_array_equal(x.grad.asnumpy(), [[0.0], [4.0], [8.0], [12.0]])
    assert x.grad.dtype == xp.float32


def test_training_and_prediction_mode():
    assert autograd.is_training() is False
    with autograd.record():
        assert autograd.is_training() is True
    assert autograd.is_training() is False


def test_control_flow():
    a = xp.asarray([2.2122064], dtype=xp.float32)  # what MXNet drew
    a.attach_grad()
    with autograd.record():
        c = f(a)
    c.backward()
    np.testing.assert_array_equal(a.grad.asnumpy(), [512.0])
    assert (a.grad == c / a).tolist() == [True]


@pytest.mark.parametrize(
    ("values", "slope"),
    [
        pytest.param([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]], 512.0, id="positive sum"),
        pytest.param([[-0.5, 1.25, -2.0], [-1.5, -0.25, 0.75]], 51200.0, id="negative sum"),
    ],
)
def test_exercise_control_flow_of_a_matrix(values, slope):
    """The exercise: `c` is no longer a scalar, yet `f` stays linear in `a`."""
    a = xp.asarray(values, dtype=xp.float32)
    a.attach_grad()
    with autograd.record():
        c = f(a)
    c.backward()
    np.testing.assert_array_equal(a.grad.asnumpy(), np.full((2, 3), slope))
    assert xp.all(a.grad == c / a)
