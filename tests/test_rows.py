"""All rows of a Jacobian at once are what they are one by one: for every argument of every sample in the registry."""

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp
from xpgrad import autograd, rows
from xpgrad.array import array_of
from xpgrad.discovery import floating
from xpgrad.errors import FunctionMissingError
from xpgrad.functional import units
from xpgrad.node import leaf, make_node
from xpgrad.primitive import PRIMITIVES
from xpgrad.pullback import pull
from xpgrad_conformance.cases import CASES
from xpgrad_conformance.world import World

LIBRARIES = ["numpy", "array_api_strict"]


def entries(library, case):
    """The inputs of a sample; the one of the case begins a history."""
    namespace = xpgrad.namespace(library)
    world = World(namespace, namespace.asarray)
    inputs = world.inputs(case.sample.arrays)
    x = inputs[case.position]
    inputs[case.position] = array_of(x.data, make_node(PRIMITIVES["positive"].plan((0,)), leaf(), ()))
    with autograd.record(), xpgrad.discovery.get_named(library).silent():
        heads = [y for y in world.outputs(case, inputs) if floating(y.data) and y._node is not None]
    return inputs[case.position], heads


def one_by_one(y, x):
    """The Jacobian of y by x, by one walk for each element of y."""
    found = [pull([y._node], [unit.data], targets=[x._node], stop=True, retain=True) for unit in units(y)]
    full = [np.broadcast_to(np.asarray(row.get(x._node, 0.0)), x.shape) for row in found]
    return np.reshape(np.stack(full), (*y.shape, *x.shape))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rows_are_those_of_single_walks(case, library):
    if case.sample.extends and library != "numpy":
        pytest.skip(f"goes beyond the standard: {case.sample.extends}")
    try:
        x, heads = entries(library, case)
    except FunctionMissingError as error:
        pytest.skip(str(error))
    with xpgrad.discovery.get_named(library).silent():
        for y in heads:
            (found,) = rows.jacobian(y, [x])
            assert found.shape == (*y.shape, *x.shape)
            assert found.dtype == x.dtype
            if y.size:
                np.testing.assert_allclose(np.asarray(found), one_by_one(y, x), rtol=1e-12, atol=1e-13)


def test_rows_that_take_too_much_together_come_in_blocks(monkeypatch):
    x = xp.asarray([[0.1, 0.2], [0.3, 0.4]])
    expected = xpgrad.jacobian(lambda x: xp.tanh(x @ x))(x)
    monkeypatch.setattr(rows, "ELEMENTS", 12)
    found = xpgrad.jacobian(lambda x: xp.tanh(x @ x))(x)
    np.testing.assert_array_equal(found.data, expected.data)


def test_functions_of_the_users_own_and_captured_histories():
    @xpgrad.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x * x * g,))
    x = xp.asarray([1.0, 2.0])
    a = xp.asarray([3.0, 5.0])
    a.attach_grad()
    found = xpgrad.jacobian(lambda x: cube(x) * 2.0)(x)
    np.testing.assert_allclose(found.data, [[6.0, 0.0], [0.0, 24.0]])
    with autograd.record():
        b = a * a
        found = xpgrad.jacobian(lambda x: x * b)(x)
        total = xp.sum(found)
    total.backward()
    np.testing.assert_allclose(a.grad.data, [6.0, 10.0])


def test_a_checkpoint_may_give_back_less_than_its_full_shape():
    total = xpgrad.checkpoint(lambda x: xp.sum(x))
    for factors in ([1.0, 3.0], [1.0, 3.0, 5.0]):
        found = xpgrad.jacobian(lambda x: xp.stack([f * total(x) for f in factors]))(xp.asarray([1.0, 2.0]))  # noqa: B023  # called at once
        np.testing.assert_array_equal(found.data, [[f, f] for f in factors])


def test_a_function_of_the_users_own_may_have_no_gradient_for_one_row():
    class Halves(autograd.Function):
        def forward(self, x):
            return x[:1] + 0.0, x[1:] * 2.0

        def backward(self, first, second):
            if float(xp.sum(first)) == 0.0:
                return None
            return xp.concat([first, 0.0 * second])

    found = xpgrad.jacobian(lambda x: xp.concat(list(Halves()(x))))(xp.asarray([1.0, 2.0]))
    np.testing.assert_array_equal(found.data, [[1.0, 0.0], [0.0, 0.0]])


def test_an_infinite_slope_leaves_the_zeros_of_other_rows_alone():
    found = xpgrad.jacobian(lambda x: xp.asarray([[1.0, 2.0], [3.0, 4.0]]) @ xp.sqrt(x))(xp.asarray([0.0, 4.0]))
    np.testing.assert_allclose(found.data, [[np.inf, 0.5], [np.inf, 1.0]])
    found = xpgrad.jacobian(xp.sqrt)(xp.asarray([0.0, 4.0]))
    np.testing.assert_allclose(found.data, [[np.inf, 0.0], [0.0, 0.25]])
    factor = xp.asarray([[np.inf, 2.0], [3.0, 4.0]])
    found = xpgrad.jacobian(lambda x: factor @ x)(xp.asarray([1.0, 1.0]))
    np.testing.assert_allclose(found.data, [[np.inf, 2.0], [3.0, 4.0]])
