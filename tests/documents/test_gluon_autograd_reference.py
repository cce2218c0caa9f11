"""The reference of `gluon.autograd`: every function it lists, its examples, and the numbers they print."""

import numpy as np
import pytest

import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.errors import NotRecordedError


def array(values):
    return xp.asarray(values, dtype=xp.float32)


def variable(values):
    x = array(values)
    x.attach_grad()
    return x


def state():
    return autograd.is_recording(), autograd.is_training()


def test_gradient_of_a_square():
    x = variable([1, 2, 3, 4])
    with autograd.record():
        y = x * x + 1
    y.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [2, 4, 6, 8])


def test_nothing_is_recorded_outside_record():
    x = variable([1, 2, 3, 4])
    y = x * x + 1
    with pytest.raises(NotRecordedError, match=r"autograd\.record"):
        y.backward()


def test_set_recording_and_set_training_return_the_previous_state():
    assert autograd.set_recording(True) is False
    assert autograd.is_recording() is True
    assert autograd.set_recording(False) is True
    assert autograd.set_training(True) is False
    assert autograd.is_training() is True
    assert autograd.set_training(False) is True
    assert state() == (False, False)


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
    assert state() == (False, False)


def test_gradient_in_prediction_mode():
    """As for an adversarial example: the model behaves as in prediction, and its input has a gradient."""
    x = variable([1, 2, 3, 4])
    with autograd.record(train_mode=False):
        y = 0 * x if autograd.is_training() else 3 * x
    y.backward(train_mode=False)
    np.testing.assert_array_equal(x.grad.asnumpy(), [3, 3, 3, 3])


def test_pause_for_an_update_inside_record():
    x = variable([1, 2, 3, 4])
    with autograd.record():
        y = x * x
        autograd.backward([y])
        with autograd.pause():
            x -= 0.5 * x.grad
    np.testing.assert_array_equal(x.asnumpy(), [0, 0, 0, 0])


def test_mark_variables():
    x = array([1, 2, 3, 4])
    g = xp.zeros(4, dtype=xp.float32)
    autograd.mark_variables(x, g)
    with autograd.record():
        y = x * x + 1
    autograd.backward(y)
    np.testing.assert_array_equal(g.asnumpy(), [2, 4, 6, 8])
    np.testing.assert_array_equal(x.grad.asnumpy(), [2, 4, 6, 8])


def test_mark_variables_that_add_up():
    x = array([1, 2, 3, 4])
    g = array([2, 4, 6, 8])
    autograd.mark_variables([x], [g], "add")
    with autograd.record():
        y = x * x + 1
    autograd.backward([y])
    np.testing.assert_array_equal(x.grad.asnumpy(), [4, 8, 12, 16])
    with autograd.record():
        y = x * x + 1
    autograd.backward([y], [array([1, 0, 0, 0])])
    np.testing.assert_array_equal(x.grad.asnumpy(), [6, 8, 12, 16])


def test_grad_returns_new_arrays():
    x = variable([1, 2, 3, 4])
    with autograd.record():
        y = x * x + 1
    (g,) = autograd.grad(y, [x])
    np.testing.assert_array_equal(g.asnumpy(), [2, 4, 6, 8])
    np.testing.assert_array_equal(x.grad.asnumpy(), [0, 0, 0, 0])


@pytest.mark.parametrize("inside", [True, False], ids=["grad inside record", "grad outside record"])
def test_grad_of_grad(inside):
    """The reference prints 3.71828175 for the first derivative of exp(x) + x; the second is exp(x)."""
    x = variable([1.0])
    with autograd.record():
        z = xp.add(xp.exp(x), x)
        if inside:
            (dx,) = autograd.grad(z, [x], create_graph=True)
    if not inside:
        (dx,) = autograd.grad(z, [x], create_graph=True)
    np.testing.assert_allclose(dx.asnumpy(), [3.71828175], rtol=1e-7)
    dx.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), [2.7182817], rtol=2e-7)  # one unit in the last place of float32


def test_function_as_the_reference_writes_it():
    """Its backward leaves out the head gradient, so a head gradient changes nothing, in MXNet as here."""

    class Sigmoid(autograd.Function):
        def forward(self, x):
            y = 1 / (1 + xp.exp(-x))
            self.save_for_backward(y)
            return y

        def backward(self, dy):
            (y,) = self.saved_tensors
            return y * (1 - y)

    x = variable([-2.0, 0.0, 1.0])
    for head_gradient in (None, array([10.0, 20.0, 30.0])):
        with autograd.record():
            m = Sigmoid()(x)
        m.backward(head_gradient)
        np.testing.assert_allclose(x.grad.asnumpy(), [0.10499358, 0.25, 0.19661193], rtol=1e-6)


def test_function_with_the_head_gradient():
    class Sigmoid(autograd.Function):
        def forward(self, x):
            y = 1 / (1 + xp.exp(-x))
            self.save_for_backward(y)
            return y

        def backward(self, dy):
            (y,) = self.saved_tensors
            return dy * y * (1 - y)

    x = variable([-2.0, 0.0, 1.0])
    with autograd.record():
        m = Sigmoid()(x)
    m.backward(array([10.0, 20.0, 30.0]))
    np.testing.assert_allclose(x.grad.asnumpy(), [1.0499359, 5.0, 5.898358], rtol=1e-6)


def test_function_casts_to_numpy_and_back():
    """The reference: "You can also cast to numpy array and back for some operations"."""

    class Square(autograd.Function):
        def forward(self, x):
            self.save_for_backward(x)
            return xp.asarray(np.square(x.asnumpy()))

        def backward(self, dy):
            (x,) = self.saved_tensors
            return xp.asarray(2 * x.asnumpy() * dy.asnumpy())

    x = variable([1, 2, 3, 4])
    with autograd.record():
        y = Square()(x) + 1
    y.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [2, 4, 6, 8])


def test_get_symbol():
    x = variable([1, 2, 3, 4])
    with autograd.record():
        y = x * x + 1
    text = str(autograd.get_symbol(y))
    assert "multiply" in text
    assert "add" in text


def test_get_symbol_of_what_was_not_recorded():
    with pytest.raises(NotRecordedError, match=r"autograd\.record"):
        autograd.get_symbol(array([1, 2]))
