"""A recorded computation as a value: listed, drawn, and run again."""

import gc
import pickle
import weakref

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.errors import GraphFreedError, GraphInputError, NotRecordedError


@pytest.fixture
def recorded():
    x, w = xp.asarray([[1.0, 2.0], [3.0, 4.0]]), xp.asarray([0.5, -0.5])
    x.attach_grad()
    w.attach_grad()
    target = np.asarray([1.0, 1.0])
    with autograd.record():
        error = x @ w - target
        loss = xp.sum(2 * error * error, axis=0)
    return x, w, target, loss


def by_hand(x, w, target):
    return np.sum(2 * (x @ w - target) ** 2)


def test_lists_operations_with_shapes_and_dtypes(recorded):
    graph = autograd.get_symbol(recorded[-1])
    assert [step.name for step in graph.operations] == ["matmul", "subtract", "multiply", "multiply", "sum"]
    assert [step.shape for step in graph.operations] == [(2,), (2,), (2,), (2,), ()]
    assert all(step.dtype == np.float64 for step in graph.operations)
    assert graph.list_arguments() == ["var0", "var1"]
    assert graph.list_outputs() == ["sum4_output"]
    assert str(graph).splitlines()[:3] == [
        "var0: float64[2, 2]",
        "var1: float64[2]",
        "matmul0: float64[2] = matmul(var0, var1)",
    ]


def test_draws_itself(recorded):
    dot = autograd.get_symbol(recorded[-1]).to_dot()
    assert dot.startswith("digraph {")
    assert dot.endswith("}")
    assert '"var0" -> "matmul0";' in dot


def test_several_results_have_a_form_each():
    x = xp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
    x.attach_grad()
    with autograd.record():
        q, _ = xp.linalg.qr(x)
    graph = autograd.get_symbol(q)
    assert str(graph).splitlines()[1:] == [
        "linalg.qr0: float64[2, 2], float64[2, 3] = linalg.qr(var0, mode='reduced')",
        "part1: float64[2, 2] = part(linalg.qr0, index=0)",
    ]
    assert '"linalg.qr0" [label="linalg.qr\\nfloat64[2, 2], float64[2, 3]"];' in graph.to_dot()


def test_runs_again_with_other_inputs(recorded):
    _, w, target, loss = recorded
    graph = autograd.get_symbol(loss)
    other = xp.asarray(np.arange(4.0).reshape(2, 2))
    assert graph(other, w).item() == by_hand(other.asnumpy(), w.asnumpy(), target)
    assert graph(var1=w, var0=other).item() == graph(other, w).item()


def test_a_rerun_is_differentiable(recorded):
    _, w, target, loss = recorded
    graph = autograd.get_symbol(loss)
    x = xp.asarray(np.eye(2))
    x.attach_grad()
    with autograd.record():
        again = graph(x, w)
    again.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), np.outer(4 * (w.asnumpy() - target), w.asnumpy()))


def test_mixed_dtypes_shapes_and_several_outputs():
    x, y = xp.asarray([[1.0], [2.0]]), xp.asarray([1.0, 2.0, 3.0], dtype=xp.float32)
    x.attach_grad()
    y.attach_grad()
    with autograd.record():
        first, second = xp.unstack(x * y)
        z = xp.concat([first, second[1:]])
    graph = autograd.get_symbol(z)
    assert [(v.shape, v.dtype) for v in graph.variables] == [((2, 1), np.float64), ((3,), np.float32)]
    np.testing.assert_array_equal(graph(x, y).asnumpy(), z.asnumpy())
    np.testing.assert_array_equal(graph(2 * x, y).asnumpy(), 2 * z.asnumpy())


def test_a_variable_is_a_graph_of_its_own():
    x = xp.asarray([1.0])
    x.attach_grad()
    graph = autograd.get_symbol(x)
    assert graph.list_arguments() == ["var0"]
    assert graph.operations == ()
    assert graph(xp.asarray([3.0])).item() == 3.0


def test_a_constant_is_not_kept_alive_for_the_graph():
    x = xp.asarray([1.0, 2.0])
    x.attach_grad()
    constant = np.asarray([5.0, 6.0])
    with autograd.record():
        y = x + constant
    graph = autograd.get_symbol(y)
    gone = weakref.ref(constant)
    del graph, constant
    gc.collect()
    assert gone() is None
    with pytest.raises(GraphInputError, match=r"add0 used a constant that was not kept and is gone\. Keep a reference"):
        autograd.get_symbol(y)(x)


@pytest.mark.parametrize("name", ["square", "part", "variable"])
def test_a_users_function_is_told_from_a_primitive_of_its_name(name):
    def cube(x):
        return x**3

    cube.__name__ = name
    own = xpgrad.custom_vjp(cube)
    own.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x**2 * g,))
    x = xp.asarray(2.0)
    x.attach_grad()
    with autograd.record():
        y = own(x)
    graph = autograd.get_symbol(y)
    assert [step.name for step in graph.operations] == [name]
    with pytest.raises(GraphInputError, match=f"{name}0 is a user-defined function, which a graph cannot run again"):
        graph(x)


def test_a_primitive_that_is_not_registered_is_run_as_itself():
    from xpgrad.mxnet.ops import primitives  # MXNet's maximum gives a tie's gradient to its first operand

    x, y = xp.asarray([1.0, 2.0]), xp.asarray([1.0, 3.0])
    x.attach_grad()
    y.attach_grad()
    with autograd.record():
        graph = autograd.get_symbol(primitives.relu(primitives.maximum(x, y)))
        graph(x, y).backward()
    assert x.grad.tolist() == [1.0, 0.0]


def test_can_be_pickled():
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    x.attach_grad()
    with autograd.record():
        q, _ = xp.linalg.qr(x)
        y = xp.sum(2 * q)
    graph = autograd.get_symbol(y)
    assert pickle.loads(pickle.dumps(graph))(x).item() == graph(x).item() == y.item()


def test_errors(recorded):
    x, w, _, loss = recorded
    graph = autograd.get_symbol(loss)
    for arrays, named in [((x,), {}), ((x, w, w), {}), ((x, w), {"var0": x}), ((x,), {"other": w})]:
        with pytest.raises(GraphInputError, match="the graph takes"):
            graph(*arrays, **named)
    with pytest.raises(NotRecordedError):
        autograd.get_symbol(xp.asarray([1.0]))
    loss.backward()
    with pytest.raises(GraphFreedError):
        autograd.get_symbol(loss)
