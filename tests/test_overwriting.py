"""Large cotangents that nothing else refers to are overwritten; those that somebody may still see are not."""

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp
from xpgrad import autograd, cotangent, pullback
from xpgrad.array import Array
from xpgrad_conformance.cases import CALLS, NAMES, is_float
from xpgrad_conformance.world import World
from xpgrad_numpy import NumpyBackend, strips

N = strips.IN_PLACE_FROM + 7


@pytest.fixture
def overwritten(monkeypatch):
    """Whether each cotangent that could be was overwritten."""
    found = []

    def observed(*arguments):
        r = strips.overwritten(*arguments)
        found.append(r is not None)
        return r

    monkeypatch.setattr("xpgrad_numpy.overwritten", observed)
    return found


def variable(values):
    x = xp.asarray(values)
    if is_float(values):
        x.attach_grad()
    return x


def gradients(call):
    """The gradients of the inputs of a call, whose outputs' own cotangents are 0 here and there."""
    world = World(xp, variable)
    inputs = world.inputs(call.sample.arrays)
    with autograd.record():
        outputs = [x for x in world.outputs(call, inputs) if isinstance(x, Array) and x._node is not None]
        scaled = [x * (np.arange(x.size) % 3).astype(x.dtype).reshape(x.shape) for x in outputs]
    autograd.backward(scaled)
    return [x.grad.asnumpy() for x, a in zip(inputs, call.sample.arrays, strict=True) if is_float(a)]


@pytest.mark.parametrize("name", [name for name in NAMES if any(call.name == name for call in CALLS)])
def test_the_gradients_are_the_same(name, monkeypatch):
    """Strips of two elements, for all sizes."""
    for call in (call for call in CALLS if call.name == name):
        expected = gradients(call)
        with monkeypatch.context() as small:
            small.setattr(cotangent, "COUNTED", 0)
            small.setattr(pullback, "COUNTED", 0)
            small.setattr(strips, "_PART", 2)
            small.setattr(NumpyBackend, "in_place_from", 4)
            found = gradients(call)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg=call.id)


def test_a_product_and_other_rules_take_no_memory_of_their_own(overwritten):
    x = variable(np.linspace(0.1, 0.9, N))
    with autograd.record():
        y = xp.exp(xp.tanh(x) * xp.sin(x))
    y.backward()
    assert overwritten == [True, True, True]
    t = np.tanh(x.asnumpy())
    slope = (1 - t * t) * np.sin(x.asnumpy()) + t * np.cos(x.asnumpy())
    np.testing.assert_allclose(x.grad.asnumpy(), slope * y.asnumpy(), rtol=1e-12)


def test_what_a_user_holds_stays(overwritten):
    x = variable(np.full(N, 0.5))
    head = xp.ones((N,))
    with autograd.record():
        y = xp.exp(x)
    y.backward(head)
    assert not any(overwritten)
    assert np.all(head.asnumpy() == 1.0)


def test_what_a_users_backward_holds_stays(overwritten):
    held = []

    class Identity(autograd.Function):
        def forward(self, x):
            return x * 1.0

        def backward(self, g):
            held.append(g)
            return g

    x = variable(np.full(N, 0.5))
    with autograd.record():
        y = Identity()(xp.exp(x)) * 3.0 * xp.ones((N,))
    y.backward()
    assert np.all(held[0].asnumpy() == 3.0)
    np.testing.assert_allclose(x.grad.asnumpy(), 3 * np.exp(0.5))


@pytest.mark.parametrize("view", [lambda y: xp.reshape(y, (-1, 1)), lambda y: y[::-1], lambda y: xp.real(y)])
def test_a_cotangent_that_several_inputs_share_stays(view):
    """`add` hands on what it gets, and so do reshapes, as views."""
    x, w = variable(np.full(N, 0.5)), variable(np.full(N, 0.25))
    with autograd.record():
        y = (xp.exp(x) + xp.exp(w)) * xp.asarray(np.linspace(1, 2, N))
        z = xp.sum(view(y)) + xp.sum(view(xp.exp(x) + w) * 2.0)
    z.backward()
    scale = np.linspace(1, 2, N)
    np.testing.assert_allclose(x.grad.asnumpy(), (scale + 2) * np.exp(0.5), rtol=1e-12)
    np.testing.assert_allclose(w.grad.asnumpy(), scale * np.exp(0.25) + 2, rtol=1e-12)


def test_gradients_that_are_handed_out_stay():
    """Those of what lies on the way to another variable."""
    x = variable(np.full(N, 0.5))
    with autograd.record():
        y = xp.sin(x)
        z = xp.exp(y) * 2.0
        by_y, by_x = autograd.grad(z, [y, x], retain_graph=True)
    assert np.all(by_y.asnumpy() == 2.0 * np.exp(np.sin(0.5)))
    again = autograd.grad(z, [y, x])
    np.testing.assert_array_equal(by_x.asnumpy(), again[1].asnumpy())


def test_sums_of_contributions():
    """The second one is added in the memory of the first, unless this is seen elsewhere."""
    x = variable(np.full(N, 0.5))
    with autograd.record():
        y = x + 0.0
        z = xp.exp(y) + (y + (y * 3.0 + xp.sin(y)))
    z.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), np.exp(0.5) + 4 + np.cos(0.5), rtol=1e-12)


def test_parts_are_added_in_place(monkeypatch):
    """Only the first of them is put among zeros."""
    added = []
    add_at = NumpyBackend.add_at

    def observed(*arguments):
        added.append(add_at(*arguments))
        return added[-1]

    monkeypatch.setattr(NumpyBackend, "add_at", observed)
    x = variable(np.linspace(0.0, 1.0, 7))
    with autograd.record():
        z = xp.sum((x[2:] - 2.0 * x[1:-1] + x[:-2]) ** 2)
    z.backward()
    assert added == [True, True]
    second = 2 * np.diff(x.asnumpy(), 2)
    np.testing.assert_allclose(x.grad.asnumpy(), np.convolve(second, [1, -2, 1]), atol=1e-12)


def test_zeros_stay_zero_beside_infinities(overwritten):
    x = variable(np.zeros(N))
    mask = np.zeros(N)
    mask[::3] = 1.0
    with autograd.record():
        y = xp.sqrt(x) * mask
        z = y * 2.0
    with np.errstate(all="ignore"):
        z.backward()
    assert overwritten
    assert all(overwritten)
    assert np.all(x.grad.asnumpy()[mask == 0] == 0)
    assert np.all(np.isinf(x.grad.asnumpy()[mask == 1]))


@pytest.mark.parametrize("shape", [(N,), (3, N), (N, 3), (2, 5, N // 2), (1, N)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_shapes_and_dtypes(shape, dtype):
    values = np.random.default_rng(0).uniform(0.2, 0.8, shape).astype(dtype)
    row = np.linspace(1, 2, shape[-1], dtype=np.float64 if dtype == "float64" else np.float32)
    x = variable(values)
    with autograd.record():
        y = xp.exp(xp.exp(x) * row) / row
    y.backward()
    e = np.exp(values)
    np.testing.assert_allclose(
        x.grad.asnumpy(), np.conj(np.exp(e * row) * e), rtol=1e-4 if dtype != "float64" else 1e-12
    )
    assert x.grad.dtype == x.dtype


def test_gradients_of_gradients():
    x = variable(np.full(N, 0.5))
    value = xpgrad.grad(lambda x: xp.sum(xpgrad.grad(lambda x: xp.sum(xp.exp(x) * xp.exp(x)))(x)))(x)
    np.testing.assert_allclose(value.asnumpy(), 4 * np.exp(1.0), rtol=1e-12)
