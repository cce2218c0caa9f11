"""The reference of `gluon.autograd`: its own examples, every function that it lists, and the numbers they print."""

# ruff: noqa: T201  # the code is the document's

import numpy as np
import pytest

import xpgrad.mxnet as mx
from xpgrad.mxnet import autograd
from xpgrad.mxnet.autograd import Function


def state():
    return autograd.is_recording(), autograd.is_training()


def test_the_first_example(capsys):
    x = mx.nd.array([1, 2, 3, 4])
    x.attach_grad()
    with mx.autograd.record():
        y = x * x + 1
    y.backward()
    print(x.grad)
    assert capsys.readouterr().out == "\n[2. 4. 6. 8.]\n<NDArray 4 @cpu(0)>\n"


def test_set_recording_and_set_training():
    assert autograd.set_recording(True) is False
    assert autograd.is_recording() is True
    assert autograd.set_recording(False) is True
    assert autograd.set_training(True) is False
    assert autograd.is_training() is True
    assert autograd.set_training(False) is True


def test_scopes():
    with autograd.record():
        assert state() == (True, True)
        with autograd.pause():
            assert state() == (False, False)
        with autograd.pause(train_mode=True):
            assert state() == (False, True)
        with autograd.predict_mode():
            assert state() == (True, False)
        with autograd.train_mode():
            assert state() == (True, True)
    with autograd.train_mode():
        assert state() == (False, True)
    with autograd.record(train_mode=False):
        assert state() == (True, False)


def test_mark_variables_and_backward():
    x = mx.nd.array([1, 2, 3, 4])
    g = mx.nd.zeros(4)
    autograd.mark_variables(x, g)
    with autograd.record():
        y = x * x + 1
    autograd.backward(y)
    assert repr(g) == repr(x.grad) == "\n[2. 4. 6. 8.]\n<NDArray 4 @cpu(0)>"
    autograd.mark_variables([x], [g], "add")
    with autograd.record():
        y = x * x + 1
    autograd.backward([y])
    assert repr(x.grad) == "\n[ 4.  8. 12. 16.]\n<NDArray 4 @cpu(0)>"
    with autograd.record():
        y = x * x + 1
    autograd.backward([y], [mx.nd.array([1, 0, 0, 0])])
    assert repr(x.grad) == "\n[ 6.  8. 12. 16.]\n<NDArray 4 @cpu(0)>"


def test_grad_always_gives_a_list():
    """So the reference's own ``dx.backward()`` fails in MXNet, too."""
    x = mx.nd.ones((1,))
    x.attach_grad()
    with mx.autograd.record():
        z = mx.nd.elemwise_add(mx.nd.exp(x), x)
    dx = mx.autograd.grad(z, [x], create_graph=True)
    assert len(dx) == 1
    np.testing.assert_allclose(dx[0].asnumpy(), [3.7182817], rtol=2e-7)
    with pytest.raises(AttributeError, match="'list' object has no attribute 'backward'"):
        dx.backward()
    dx[0].backward()
    np.testing.assert_allclose(x.grad.asnumpy(), [2.7182817], rtol=2e-7)

    with autograd.record():
        y = x * x + 1
    assert repr(autograd.grad(y, x)) == "[\n[2.]\n<NDArray 1 @cpu(0)>]"
    with pytest.raises(mx.MXNetError):
        autograd.grad(y, x)


def test_get_symbol():
    x = mx.nd.array([1, 2, 3, 4])
    x.attach_grad()
    with mx.autograd.record():
        y = x * x + 1
    assert autograd.get_symbol(y).list_arguments() == ["var0"]
    with pytest.raises(mx.MXNetError):
        autograd.get_symbol(mx.nd.ones(2))


class sigmoid(Function):  # noqa: N801  # the reference's name
    def forward(self, x):
        y = 1 / (1 + mx.nd.exp(-x))
        self.save_for_backward(y)
        return y

    def backward(self, dy):
        # backward takes as many inputs as forward's return value,
        # and returns as many NDArrays as forward's arguments.
        (y,) = self.saved_tensors
        return y * (1 - y)


def test_function():
    """It leaves out the head gradient, so a head gradient changes nothing."""
    x = mx.nd.array([-2.0, 0.0, 1.0])
    x.attach_grad()
    for head_gradient in (None, mx.nd.array([10.0, 20.0, 30.0])):
        with mx.autograd.record():
            m = sigmoid()(x)
        m.backward(head_gradient)
        np.testing.assert_allclose(x.grad.asnumpy(), [0.10499358, 0.25, 0.19661193], rtol=1e-6)
