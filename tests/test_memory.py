"""Memory: what a recorded computation keeps, when it is freed, and how deep it may be."""

import gc
import sys
import tracemalloc
import weakref

import numpy as np
import pytest

import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.array import Array
from xpgrad.node import Node, Part


@pytest.fixture(autouse=True)
def no_collector():
    """Reference counts alone must free everything: there are no cycles."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def variable(values):
    x = xp.asarray(values)
    x.attach_grad()
    return x


def arrays_behind(*roots, except_of=()):
    """Weak references to all Arrays and raw arrays that a result keeps alive, itself included."""
    seen = {}
    stack = list(roots)
    while stack:
        item = stack.pop()
        if id(item) not in seen:
            seen[id(item)] = item
            if isinstance(item, tuple | list | dict | Array | Node | Part):
                stack += gc.get_referents(item)
    mine = {id(part) for x in except_of for part in (x, x.data, x.grad, x.grad.data)}
    found = [item for item in seen.values() if isinstance(item, np.ndarray | Array) and id(item) not in mine]
    return [weakref.ref(item) for item in found]


def alive(references):
    return sum(reference() is not None for reference in references)


def nodes():
    """How many recorded operations exist."""
    return sum(type(item) in (Node, Part) for item in gc.get_objects())


def several(x):
    y, z = xp.unstack(x[:2, :])
    return y * z


def written(x):
    y = x * 1.0
    y[0, :] = x[1, :] * x[1, :]
    y += x
    y[1:] *= 2.0
    return y


def second_order(x):
    y = xp.sum(x * x * xp.exp(x))
    return autograd.grad(y, x, create_graph=True)


COMPUTATIONS = {
    "unary": lambda x: xp.sin(x),
    "keeps its output": lambda x: xp.exp(x),
    "binary": lambda x: x * (x + 2.0),
    "with a constant": lambda x: x * xp.asarray([1.0, 2.0, 3.0]),
    "broadcast": lambda x: x * x[:1, :],
    "reduction": lambda x: xp.sum(x, axis=0),
    "keeps input and output": lambda x: xp.max(x, axis=0),
    "getitem": lambda x: x[1:, :2],
    "mask": lambda x: x[x > 0],
    "integers": lambda x: xp.take(x, xp.asarray([0, 0, 1]), axis=0),
    "setitem": written,
    "concat": lambda x: xp.concat([x, x * 2.0]),
    "stack": lambda x: xp.stack([x, x * 2.0]),
    "several outputs": several,
    "matmul": lambda x: x @ xp.matrix_transpose(x),
    "where": lambda x: xp.where(x > 0, x, x * 2.0),
    "clip": lambda x: xp.clip(x, 0.0, 2.0),
    "chain": lambda x: xp.sum(xp.tanh(xp.exp(-x * x) / (1.0 + x**2))),
    "create_graph": second_order,
}
computations = pytest.mark.parametrize("compute", COMPUTATIONS.values(), ids=COMPUTATIONS)


@computations
def test_dropping_the_head_frees_everything(compute):
    x = variable([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
    before = nodes()
    with autograd.record():
        head = compute(x + 1.0)
        loss = xp.sum(head)
    kept = arrays_behind(head, loss, except_of=[x])
    assert alive(kept) == len(kept) > 0
    del head, loss
    assert alive(kept) == 0
    assert nodes() == before


@computations
def test_dropping_the_head_after_backward_frees_everything(compute):
    x = variable([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
    before = nodes()
    with autograd.record():
        head = compute(x + 1.0)
        loss = xp.sum(head)
    kept = arrays_behind(head, loss, except_of=[x])
    loss.backward(retain_graph=True)
    loss.backward()
    del head, loss
    assert alive(kept) == 0
    assert nodes() == before


@computations
def test_dropping_the_variable_too_frees_everything(compute):
    before = nodes()
    x = variable([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
    with autograd.record():
        loss = xp.sum(compute(x))
    kept = arrays_behind(x, loss)
    loss.backward()
    kept += arrays_behind(x, loss)
    del x, loss
    assert alive(kept) == 0
    assert nodes() == before


def test_an_operation_that_fails_leaves_nothing_behind():
    x = variable([1.0, 2.0])
    before = nodes()
    with autograd.record():
        y = x * 2.0
        kept = arrays_behind(y, except_of=[x])
        with pytest.raises(ValueError, match="broadcast"):
            y * xp.asarray([1.0, 2.0, 3.0])
    del y
    assert alive(kept) == 0
    assert nodes() == before


def test_backward_frees_the_residuals_though_the_head_lives():
    x = variable([1.0, 2.0])
    with autograd.record():
        z = xp.sum(xp.exp(x) * xp.sin(x))
    kept = arrays_behind(z, except_of=[x])
    z.backward()
    assert alive(kept) == 2  # the head and its raw array
    assert nodes() >= 1
    assert z.item() > 0


def test_backward_frees_as_it_goes():
    """Early in the walk what belongs to late operations must be gone: the peak is not forward plus backward."""
    n, depth = 20_000, 50
    x = variable(np.linspace(0.0, 1.0, n))
    with autograd.record():
        y = x
        for _ in range(depth):
            y = xp.sin(y)  # keeps its input
        loss = xp.sum(y)
    del y
    tracemalloc.start()
    try:
        loss.backward()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * n * 8  # a few cotangents, not one per operation


def kept_by(operation, depth=50, n=20_000):
    """How many arrays of `n` elements a chain of `depth` operations keeps."""
    x = variable(np.linspace(0.5, 1.0, n))
    tracemalloc.start()
    try:
        with autograd.record():
            y = operation(x)
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(depth):
                y = operation(y)
            after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / (8 * n)


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x * 1.01 + 0.5,
        lambda x: x + 1.0,
        lambda x: -x,
        lambda x: 2.0 - x / 3.0,
        lambda x: xp.reshape(xp.reshape(x, (2, -1)), (-1,)) * 2.0,
        lambda x: xp.sum(xp.reshape(x, (1, -1)) + 0.0, axis=0),
        lambda x: xp.flip(x) * 1.0,
        lambda x: x[::-1] * 1.0,
        lambda x: xp.concat([x[1:], x[:1]]),
    ],
    ids=["x * c + d", "add", "negative", "affine", "reshape", "sum", "flip", "getitem", "concat"],
)
def test_what_needs_nothing_keeps_nothing(operation):
    assert kept_by(operation) < 1.0


def test_constants_are_kept_once_not_per_step():
    c = xp.asarray(np.linspace(0.5, 1.0, 20_000))
    assert kept_by(lambda x: x * c) < 1.0


def test_what_needs_its_output_keeps_that_alone():
    assert 49 < kept_by(lambda x: xp.exp(-x)) < 52
    assert 49 < kept_by(lambda x: xp.tanh(x)) < 52


@pytest.mark.parametrize(
    "compute",
    [lambda y: xp.sum(y), lambda y: xp.mean(y), lambda y: xp.reshape(y, (-1,)), lambda y: y + 1.0, lambda y: y + y,
     lambda y: y[1:], lambda y: xp.matrix_transpose(y), lambda y: xp.broadcast_to(y, (3, 2, 2)) * 2.0],
    ids=["sum", "mean", "reshape", "add a number", "add", "getitem", "transpose", "broadcast"],
)  # fmt: skip
def test_an_input_that_no_rule_needs_is_not_kept(compute):
    x = variable([[1.0, 2.0], [3.0, 4.0]])
    with autograd.record():
        y = x * 2.0
        head = xp.sum(compute(y) * 3.0)
    raw = weakref.ref(y.data)
    memory = raw()
    memory = None
    del y
    assert memory is None
    assert raw() is None
    head.backward()


def test_only_the_residuals_of_tracked_inputs_are_kept():
    x, constant = variable([1.0, 2.0]), xp.asarray([3.0, 4.0])
    with autograd.record():
        y = x * 2.0
        z = y * constant  # needs the constant only
    raw = weakref.ref(y.data)
    del y
    assert raw() is None
    z.backward()
    assert x.grad.tolist() == [6.0, 8.0]


def test_a_view_keeps_its_base_but_not_the_other_way_round():
    base = xp.zeros(10)
    view = base[2:]
    reference = weakref.ref(view)
    del view
    assert reference() is None
    view, reference = base[2:], weakref.ref(base)
    del base
    assert reference() is not None
    del view
    assert reference() is None


def test_nothing_is_kept_outside_record():
    x = variable(np.ones(10))
    before = nodes()
    y = xp.exp(x) * x
    with autograd.record(), autograd.pause():
        z = xp.exp(x) * x
    assert nodes() == before
    assert len(arrays_behind(y)) == len(arrays_behind(z)) == 2  # the Array and its raw array


def test_a_training_loop_does_not_grow():
    w = variable(np.ones(10))

    def step():
        with autograd.record():
            y = w * 0.5
            y[:5] += w[5:]
            loss = xp.sum(xp.tanh(y) ** 2)
        loss.backward()
        w[:] = w - 0.01 * w.grad

    for _ in range(3000):  # until Python's own free lists are full
        step()
    before = sys.getallocatedblocks()
    for _ in range(500):
        step()
    assert sys.getallocatedblocks() - before < 100


# Depth


def deep(n):
    """Record n operations, differentiate, and drop the whole."""
    x = variable([0.5])
    with autograd.record():
        y = x
        for _ in range(n // 2):
            y = y * 0.5 + 0.25
    y.backward(retain_graph=True)
    gradient = x.grad.item()
    del y  # now the graph is taken down, from the head
    assert gradient == (0.5 ** (n // 2))


def test_a_hundred_thousand_operations():
    deep(100_000)


@pytest.mark.deep
def test_a_million_operations():
    deep(1_000_000)


def test_a_deep_graph_that_was_differentiated_is_taken_down():
    x = variable([0.5])
    with autograd.record():
        y = x
        for _ in range(100_000):
            y = xp.sin(y)
    y.backward()
    del y


def test_a_deep_chain_of_several_kinds_of_operation_is_taken_down():
    x = variable([0.5, 0.25])
    with autograd.record():
        y = x
        for _ in range(10_000):
            a, b = xp.unstack(y)
            y = xp.stack([b, a])[::-1]
            y[0] = y[1] * 0.5
            y = xp.concat([y[:1], y[1:]]) + xp.flip(x)
    y.backward(retain_graph=True)
    del y, a, b


def test_a_deep_graph_of_gradients_is_taken_down():
    x = variable([0.5])
    with autograd.record():
        y = x
        for _ in range(20_000):
            y = xp.sin(y)
        (g,) = autograd.grad(y, [x], create_graph=True)
    g.backward(retain_graph=True)
    del y, g


def test_a_deep_chain_of_views():
    x = variable(np.ones(3))
    with autograd.record():
        y = x * 1.0
        top = y
        for _ in range(10_000):
            y = y[:]
        y[0] = 5.0
        loss = xp.sum(top * top)
    loss.backward()
    assert x.grad.tolist() == [0.0, 2.0, 2.0]
    del y, top, loss


def test_many_uses_of_one_array():
    x = variable([1.0])
    with autograd.record():
        y = x * 1.0
        total = y
        for _ in range(20_000):
            total = total + y
    total.backward()
    assert x.grad.item() == 20_001.0
