"""What region fusion makes of graphs, and what it leaves alone."""

import dask
import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import ALL, Data, tracked
from dask.core import flatten
from dask.highlevelgraph import HighLevelGraph

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd
from xpgrad_dask.regions import fuse
from xpgrad_dask.strips import Step, run

pytestmark = pytest.mark.usefixtures("nothing_computes")


@pytest.fixture(scope="module")
def data():
    return Data()


@pytest.mark.parametrize("name", ALL)
def test_the_values_stay_the_same_to_the_last_bit(name, data, compute):
    by_hand = ALL[name][0](data)
    fused, _ = fuse(by_hand)
    for before, after in zip(compute(*by_hand), compute(*fused), strict=True):
        np.testing.assert_array_equal(after, before)


def test_two_passes_where_the_data_meet_what_was_made_of_all_of_them(data, compute, tasks):
    def loss(x):
        centred = x - xp.mean(x, axis=0)
        return xp.sum(xp.exp(centred))

    value, gradient = tracked(loss, data.X)
    e = np.exp(data.x - data.x.mean(axis=0))
    np.testing.assert_allclose(compute(gradient), e - e.mean(axis=0))
    assert tasks(value, gradient) < 8 * 16


def test_an_array_that_is_kept_stays_an_array(data, compute):
    value, gradient = tracked(lambda x: xp.sum(xp.exp(x)), data.X)
    assert gradient.chunks == data.X.chunks
    np.testing.assert_allclose(compute(gradient), np.exp(data.x))
    np.testing.assert_allclose(compute(value), np.exp(data.x).sum())


def test_data_in_other_blocks_have_regions_of_their_own(data, compute):
    other = da.from_array(data.x[:70], chunks=(10, 6))

    def loss(w):
        return xp.sum(xp.exp(xp.asarray(data.X) @ w)) + xp.sum(xp.tanh(xp.asarray(other) @ w))

    value, gradient = tracked(loss, data.w)
    expected = data.x.T @ np.exp(data.x @ data.w) + data.x[:70].T @ (1 - np.tanh(data.x[:70] @ data.w) ** 2)
    np.testing.assert_allclose(compute(gradient), expected)
    assert sum(name.startswith("region-") for name in value.data.dask.layers) == 2


def test_intermediate_values_do_not_outlive_their_use():
    held = []
    steps = (
        Step(lambda values: ["made of", values["a"]], (("a", 0, 0),), (0,)),
        Step(lambda values: held.append(values["b"]) or "last", (("b", 1, 1),), (1,)),
    )
    assert run(steps, (2,), None, (), ["block"]) == ("last",)
    assert held == [[["made of", "block"]]]  # wrapped in a list, as Dask passes what it sums over


def test_explain_says_what_is_fused_and_what_is_not(data, capsys):
    loss, gradient = ALL["rmse"][1](data)
    xp.explain(loss, gradient)
    printed = capsys.readouterr().out
    assert "as one task for each of 16 blocks" in printed
    assert "matmul" in printed
    assert "multiply_vjp" in printed
    xp.explain(*ALL["factorisation"][1](data))
    assert "two axes of blocks" in capsys.readouterr().out
    xp.explain(xp.asarray(da.from_array(np.ones(2))))
    assert "nothing here" in capsys.readouterr().out


#: Losses in which every operation stays within the rows of a block: x has 6 columns, u is (6, 4).
OF_ROWS = {
    "last column": lambda x, u: (x @ u)[:, -1] ** 2,
    "columns by index": lambda x, u: (x @ u)[:, [0, 2, 2]] ** 2,
    "columns by take": lambda x, u: xp.take(x @ u, np.asarray([3, 0]), axis=1) ** 2,
    "flip": lambda x, u: xp.flip(x @ u, axis=1) * (x @ u),
    "roll": lambda x, u: xp.roll(x @ u, 1, axis=1) * (x @ u),
    "tile": lambda x, u: xp.tile(x @ u, (1, 2)) ** 2,
    "repeat": lambda x, u: xp.repeat(x @ u, 2, axis=1) ** 2,
    "concat": lambda x, u: xp.concat([x @ u, x, xp.ones_like(x[:, :1])], axis=1) ** 2,
    "stack": lambda x, u: xp.stack([x @ u[:, 0], x @ u[:, 1]], axis=1) ** 2,
    "unstack": lambda x, u: xp.unstack(x @ u, axis=1)[2] ** 2,
    "reshape": lambda x, u: xp.sum(xp.reshape(x @ u, (-1, 2, 2)), axis=2) ** 2,
    "permute_dims": lambda x, u: xp.permute_dims(x @ u, (1, 0))[2] ** 2,
    "broadcast_to": lambda x, u: xp.broadcast_to(xp.sum(x @ u, axis=1, keepdims=True), (80, 6)) * x,
    "cumulative_sum": lambda x, u: xp.cumulative_sum(x @ u, axis=1, include_initial=True) ** 2,
    "cumulative_prod": lambda x, u: xp.cumulative_prod(x @ u, axis=1),
    "prod": lambda x, u: xp.prod(x @ u, axis=1),
    "std": lambda x, u: xp.std(x @ u, axis=1),
    "var": lambda x, u: xp.var(x @ u, axis=1, correction=1),
    "vector_norm": lambda x, u: xp.linalg.vector_norm(x @ u, axis=1),
    "vecdot": lambda x, u: xp.vecdot(x @ u, x @ u),
    "clip": lambda x, u: xp.clip(x @ u, -1.0, xp.asarray(0.5)) ** 2,
    "sort": lambda x, u: xp.sort(x @ u, axis=1)[:, 1:] ** 2,
    "take_along_axis": lambda x, u: xp.take_along_axis(x @ u, xp.argsort(x[:, :4], axis=1), axis=1)[:, 0] ** 2,
    "log_softmax": lambda x, u: xp.log_softmax(x @ u, axis=1)[:, 0],
    "logsumexp": lambda x, u: xp.special.logsumexp(x @ u, axis=1),
    "attention": lambda x, u: attention(xp.reshape(x @ u, (80, 2, 2))),
    "solve": lambda x, u: xp.linalg.solve((x @ u)[:, :, None] * (x @ u)[:, None, :] + xp.eye(4), (x @ u)[..., None]),
    "det": lambda x, u: xp.linalg.det(xp.reshape(x @ u, (-1, 2, 2))),
    "fft": lambda x, u: xp.abs(xp.fft.fft(x @ u, axis=1)) ** 2,
    "written column": lambda x, u: with_written_column(x @ u) ** 2,
    "pad": lambda x, u: xp.pad(x @ u, ((0, 0), (1, 2)))[:, :4] * (x @ u),
    "recurrent": lambda x, u: recurrent(xp.reshape(x, (80, 3, 2)), u),
}


def recurrent(x, u):
    state = x[:, 0]
    for t in range(1, 3):
        state = xp.tanh(xp.concat([x[:, t], state], axis=1) @ u[:4, :2] + state)
    return state


def attention(s):
    return xp.softmax(s @ xp.matrix_transpose(s), axis=-1) @ s


def with_written_column(x):
    x[:, 0] = x[:, 1] * 3
    return x


@pytest.mark.parametrize("name", OF_ROWS)
def test_what_stays_within_the_rows_of_a_block_is_one_task(name, data, compute, tasks):
    u = np.random.default_rng(1).normal(size=(6, 4))
    loss = lambda x, u: xp.sum(OF_ROWS[name](x, u))
    found = tracked(lambda u: loss(xp.asarray(data.X), u), u)
    assert sum(layer.startswith("region-") for layer in found[1].data.dask.layers) == 1
    assert tasks(*found) < 2 * 16  # one for each block, and what joins them or depends on none
    expected = tracked(lambda u: loss(xp.asarray(da.from_array(data.x, chunks=-1)), u), u)
    for a, b in zip(compute(*found), compute(*expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_a_column_of_ones_comes_in_the_blocks_of_the_others(data, compute):
    u = np.random.default_rng(1).normal(size=(7, 4))

    def loss(u):
        return xp.sum((xp.concat([xp.asarray(data.X), xp.ones((80, 1))], axis=1) @ u) ** 2)

    _, gradient = tracked(loss, u)
    wide = np.concatenate([data.x, np.ones((80, 1))], axis=1)
    np.testing.assert_allclose(compute(gradient), 2 * wide.T @ wide @ u)
    assert sum(layer.startswith("region-") for layer in gradient.data.dask.layers) == 1


def test_what_would_make_large_blocks_keeps_its_own():
    x = xp.asarray(da.from_array(np.ones((8, 3)), chunks=(4, 3)))
    assert xp.concat([x, x], axis=1).chunks == ((4, 4), (6,))
    assert xp.concat([x, x]).chunks == ((4,) * 4, (3,))
    with dask.config.set({"array.chunk-size": "100 B"}):
        assert xp.concat([x, x], axis=1).chunks == ((4, 4), (3, 3))
        assert xp.stack([x, x], axis=1).chunks == ((4, 4), (1, 1), (3,))


def reading(graph, name):
    """What the tasks of a name read, of which other names."""
    layers = [layer for key, layer in graph.layers.items() if key.startswith(name)]
    return {dep[0].partition("-")[0] for layer in layers for task in dict(layer).values() for dep in task.dependencies}


def test_a_region_gathers_the_parts_that_it_starts_from(data):
    """What neighbours lend and the block itself become one array in the region's task, without one before it."""
    _, gradient = ALL["smoothness"][1](data)
    graph = gradient.data.dask
    assert "route" not in reading(graph, "region")
    assert "region" in reading(graph, "route")


def test_what_meets_at_a_block_is_gathered_where_it_is_added_up(data):
    """Each of two slices has a way back of its own, and both end in the task that adds them."""
    _, gradient = ALL["stencil"][1](data)
    assert reading(gradient.data.dask, "add") == {"region"}


def test_one_number_is_no_task(data):
    """A worker that has it would be one to run on, away from the block."""
    _, gradient = ALL["smoothness"][1](data)
    assert reading(gradient.data.dask, "region") == {"array"}  # the data, which are in memory
    assert not any(len(layer) == 1 for layer in gradient.data.dask.layers.values())


@pytest.mark.parametrize("name", ALL)
def test_every_task_is_needed(name, compute):
    """Also where Dask drops what is not needed: of large blocks, of which parts are cut before they travel."""
    arrays = ALL[name][1](Data(blocks=9, rows=50_000, features=4, lazy=True))
    keys = [key for x in arrays for key in flatten(x.__dask_keys__())]
    graph = HighLevelGraph.merge(*(x.__dask_graph__() for x in arrays))
    tasks = dict(da.Array.__dask_optimize__(graph, keys))
    needed = {dep for task in tasks.values() for dep in getattr(task, "dependencies", ())}
    assert tasks.keys() <= needed.union(keys)


def test_what_all_blocks_read_is_gathered_once(data, compute):
    whole = da.from_array(data.w, chunks=2).rechunk(-1)
    _, gradient = tracked(lambda x: xp.sum(xp.exp(x @ xp.asarray(whole))), data.X)
    assert "rechunk" in reading(gradient.data.dask, "region")
    np.testing.assert_allclose(compute(gradient), np.exp(data.x @ data.w)[:, None] * data.w)


def test_what_is_read_beside_the_blocks_is_not_gathered(data, compute):
    """The tasks of one layer may read one another, as those of a solution by blocks do."""
    lower = np.tril(data.x[:6]) + 2 * np.eye(6)
    b = xp.asarray(da.from_array(lower, chunks=2))
    _, gradient = tracked(lambda x: xp.sum(xp.exp(xp.linalg.solve(b, x))), da.from_array(data.x[6:12, 0], chunks=2))
    x = np.linalg.solve(lower, data.x[6:12, 0])
    np.testing.assert_allclose(compute(gradient), np.linalg.solve(lower.T, np.exp(x)))


GATHERED = {
    "slices": lambda e: e[1:] - e[:-1],
    "reshape": lambda e: xp.reshape(e, (-1, 2)),
    "roll": lambda e: xp.roll(e, 1),
    "concat": lambda e: xp.concat([e, e]),
    "mean": lambda e: e - xp.mean(e),
}


@pytest.mark.parametrize("name", GATHERED)
def test_gradients_are_computed_together_with_what_came_before_them(name, data, compute):
    """Both have layers of the same names, of which the graph of the gradients has some in another form."""
    w = xn.asarray(data.w)
    w.attach_grad()
    with autograd.record():
        e = xp.exp(xp.asarray(data.X) @ w)
        y = GATHERED[name](e)
        loss = xp.sum(xp.sin(y))
    loss.backward()
    arrays = (loss, w.grad, e, y)
    for found, alone in zip(compute(*arrays), map(compute, arrays), strict=True):
        np.testing.assert_allclose(found, alone, rtol=1e-12)
    for found, alone in zip(compute(*arrays[::-1]), map(compute, arrays[::-1]), strict=True):
        np.testing.assert_allclose(found, alone, rtol=1e-12)


def test_what_was_fused_before_may_be_fused_again(compute):
    values = np.asarray([0.1, -1.3, 0.7, 1.0])
    x, y = xp.asarray(da.from_array(values, chunks=2)), xn.asarray(values)
    for namespace, variable in ((xp, x), (xn, y)):
        variable.attach_grad("add")
        with autograd.record():
            loss = namespace.sum(namespace.softmax(variable) ** 2)
        for _ in range(4):
            loss.backward(retain_graph=True)
    np.testing.assert_allclose(compute(x.grad), y.grad.asnumpy(), rtol=1e-12)


def test_gradients_may_be_part_of_further_losses(compute):
    values = np.asarray([0.1, -1.3, 0.7, 1.0])

    def third(namespace, x):
        def loss(x):
            return namespace.sum(namespace.softmax(x) ** 2)

        g = xpgrad.grad(loss)(x)
        h = xpgrad.grad(lambda x: loss(x) - namespace.sum(g * x))(x)
        return xpgrad.grad(lambda x: loss(x) - namespace.sum(h * x))(x)

    found = third(xp, da.from_array(values, chunks=2))
    np.testing.assert_allclose(compute(found), third(xn, values), rtol=1e-12)
