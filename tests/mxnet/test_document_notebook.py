"""A reader's notebook on Dive into Deep Learning: overwritten gradients, detach, head gradients; its own code."""

# ruff: noqa: SIM108, T201  # the code is the document's

import numpy as np

from xpgrad.mxnet import autograd, nd


def text(*numbers):
    """How the notebook shows an array of four numbers."""
    return f"\n[{' '.join(numbers)}]\n<NDArray 4 @cpu(0)>"


ZEROS = text("0.", "0.", "0.", "0.")
ONES = text("1.", "1.", "1.", "1.")
TWOS = text("2.", "2.", "2.", "2.")
COUNT = text("0.", "1.", "2.", "3.")


def variable():
    x = nd.arange(4)
    x.attach_grad()
    return x


def test_toy_example():
    x = nd.arange(4)
    assert repr(x) == COUNT
    x.attach_grad()
    with autograd.record():
        y = 2 * (x * x)
    y.backward()
    assert repr(x.grad - 4 * x) == ZEROS


def test_another_graph_overwrites_the_gradient():
    x = variable()
    with autograd.record():
        y = 2 * (x * x)
    y.backward()
    with autograd.record():
        y = x.norm()
    y.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), [0, 0.26726124, 0.5345225, 0.80178374], rtol=2e-7)
    np.testing.assert_allclose(y.asnumpy(), [3.7416573], rtol=2e-7)


def test_backward_of_an_array_is_backward_of_its_sum():
    x = variable()
    with autograd.record():
        y = x * x
    y.backward()
    u = x.copy()
    u.attach_grad()
    with autograd.record():
        v = (u * u).sum()
    v.backward()
    assert repr(x.grad - u.grad) == ZEROS


def test_detach():
    x = variable()
    with autograd.record():
        y = x * x
        u = y.detach()
        z = u * x
    z.backward()
    assert repr(x.grad - u) == ZEROS
    y.backward()
    assert repr(x.grad - 2 * x) == ZEROS


def test_attach_grad_on_an_intermediate_cuts_the_graph():
    x = variable()
    y = nd.ones(4) * 2
    y.attach_grad()
    with autograd.record():
        u = x * y
        u.attach_grad()
        z = u + x
    z.backward()
    assert repr((x.grad, u.grad, y.grad)) == repr((nd.ones(4), nd.ones(4), nd.zeros(4)))


def test_head_gradients():
    x = variable()
    y = nd.ones(4) * 2
    y.attach_grad()
    with autograd.record():
        u = x * y
        v = u.detach()  # u still keeps the computation graph
        z = v + x
    z.backward()
    assert (repr(x.grad), repr(y.grad)) == (ONES, ZEROS)
    assert v.grad is None
    u.backward(v.grad)
    assert (repr(x.grad), repr(y.grad)) == (TWOS, COUNT)


def test_head_gradients_from_a_detached_variable():
    x = variable()
    y = nd.ones(4) * 2
    y.attach_grad()
    with autograd.record():
        u = x * y
        v = u.detach()  # u still keeps the computation graph
        v.attach_grad()
        z = v + x
    z.backward()
    assert (repr(x.grad), repr(v.grad), repr(y.grad)) == (ONES, ONES, ZEROS)
    u.backward(v.grad)
    assert (repr(x.grad), repr(y.grad)) == (TWOS, COUNT)


def test_control_flow(capsys):
    def f(a):
        b = a * 2
        while b.norm().asscalar() < 1000:
            b = b * 2
        if b.sum().asscalar() > 0:
            c = b
        else:
            c = 100 * b
        return c

    a = nd.random.normal(shape=1)
    a.attach_grad()
    with autograd.record():
        d = f(a)
    d.backward()
    print(a.grad == (d / a))
    print(autograd.is_training())
    with autograd.record():
        print(autograd.is_training())
    assert capsys.readouterr().out == "\n[1.]\n<NDArray 1 @cpu(0)>\nFalse\nTrue\n"
