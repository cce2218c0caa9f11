"""Dive into Deep Learning's chapter "Automatic Gradient"; its own code, and the numbers it prints."""

# ruff: noqa: SIM108, T201  # the code is the document's

import pytest

from xpgrad.mxnet import autograd, nd


def f(a):
    b = a * 2
    while b.norm().asscalar() < 1000:
        b = b * 2
    if b.sum().asscalar() > 0:
        c = b
    else:
        c = 100 * b
    return c


def test_simple_example():
    x = nd.arange(4).reshape((4, 1))
    assert repr(x) == "\n[[0.]\n [1.]\n [2.]\n [3.]]\n<NDArray 4x1 @cpu(0)>"
    x.attach_grad()
    with autograd.record():
        y = 2 * nd.dot(x.T, x)
    assert repr(y) == "\n[[28.]]\n<NDArray 1x1 @cpu(0)>"
    y.backward()
    assert (x.grad - 4 * x).norm().asscalar() == 0
    assert repr(x.grad) == "\n[[ 0.]\n [ 4.]\n [ 8.]\n [12.]]\n<NDArray 4x1 @cpu(0)>"


def test_training_mode_and_prediction_mode(capsys):
    print(autograd.is_training())
    with autograd.record():
        print(autograd.is_training())
    assert capsys.readouterr().out == "False\nTrue\n"


def test_gradient_of_python_control_flow():
    a = nd.random.normal(shape=1)
    a[:] = 2.2122064  # what MXNet drew
    a.attach_grad()
    with autograd.record():
        c = f(a)
    c.backward()
    assert repr(a.grad) == "\n[512.]\n<NDArray 1 @cpu(0)>"
    assert repr(a.grad == c / a) == "\n[1.]\n<NDArray 1 @cpu(0)>"


@pytest.mark.parametrize("values", [[[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]], [[-0.5, 1.25, -2.0], [-1.5, -0.25, 0.75]]])
def test_gradient_of_python_control_flow_of_a_matrix(values):
    """The exercise, for a positive and a negative sum."""
    a = nd.random.normal(shape=(2, 3))
    a[:] = nd.array(values)
    a.attach_grad()
    with autograd.record():
        c = f(a)
    c.backward()
    assert repr(a.grad == c / a) == "\n[[1. 1. 1.]\n [1. 1. 1.]]\n<NDArray 2x3 @cpu(0)>"
