"""What `backward` builds over Dask arrays: nothing computed, no more tasks than by hand, nothing done twice."""

import operator
from math import log

import dask
import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import ALL, IN_BLOCKS, Data, logistic, tracked
from dask._task_spec import convert_legacy_graph
from dask.graph_manipulation import bind, checkpoint, clone

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd
from xpgrad.errors import HistoryLostError
from xpgrad.tree import leaves
from xpgrad_dask.known import Known

pytestmark = pytest.mark.usefixtures("nothing_computes")


@pytest.fixture(scope="module")
def data():
    return Data()


@pytest.mark.parametrize("name", ALL)
def test_value_and_gradients_are_those_by_hand(name, data, compute):
    by_hand, differentiated = ALL[name]
    for expected, found in zip(compute(*by_hand(data)), compute(*differentiated(data)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("fusion", [True, False])
@pytest.mark.parametrize("name", ALL)
def test_no_more_tasks_than_by_hand(name, fusion, data, tasks):
    by_hand, differentiated = ALL[name]
    with dask.config.set({"xpgrad.fusion": fusion}):
        assert tasks(*differentiated(data)) <= tasks(*by_hand(data))


@pytest.mark.parametrize(("fusion", "joined"), [(True, 16), (False, 4)])
def test_without_fusion_few_blocks_wait_to_be_joined(fusion, joined):
    """What several sums need stays in memory until the blocks of each are joined."""
    with dask.config.set({"xpgrad.fusion": fusion}):
        graph = dict(dask.optimize(logistic(Data(64))[0])[0].__dask_graph__())
    trees = (task for key, task in graph.items() if "sum" in key[0] or "joined" in key[0])
    assert max(len(task.dependencies) for task in trees) == joined


@pytest.mark.parametrize("name", IN_BLOCKS)
def test_a_block_takes_one_task(name, tasks):
    by_hand, differentiated = ALL[name]
    few, many = (tasks(*differentiated(Data(blocks))) for blocks in (64, 192))
    assert many - few <= 1.10 * 128
    few, many = (tasks(*by_hand(Data(blocks))) for blocks in (64, 192))
    assert many - few > 4 * 128


@pytest.mark.parametrize(
    ("subscripts", "by_hand"),
    [
        ("ij,ij->", lambda a, b: (a * b).sum()),
        ("ij,kj->ik", lambda a, b: da.dot(a, b.T)),
        ("ijk,ljk->il", lambda a, b: da.tensordot(a, b, axes=((1, 2), (1, 2)))),
        ("ij,ik->ijk", lambda a, b: a[:, :, None] * b[:, None, :]),
    ],
)
def test_einsum_takes_no_more_tasks_than_the_product_that_it_is(subscripts, by_hand, tasks, compute):
    shape = (8, 12, 10)[: subscripts.index(",")]
    a, b = (da.from_array(np.random.default_rng(seed).normal(size=shape), chunks=4) for seed in (0, 1))
    found, expected = xp.einsum(subscripts, xp.asarray(a), xp.asarray(b)), by_hand(a, b)
    assert tasks(found) <= tasks(expected)
    np.testing.assert_allclose(compute(found), compute(expected), rtol=1e-12)


BY_PLACE = {
    "a lazy index": lambda x, index: x[index],
    "an index that is computed": lambda x, index: xp.take(x, xp.searchsorted(xn.asarray(np.arange(5.0)), x), axis=0),
    "counts": lambda x, index: xp.repeat(x, np.arange(len(x)) % 3, axis=0),
    "an index": lambda x, index: x[np.arange(len(x))[::-1] // 2],
}


@pytest.mark.parametrize("name", BY_PLACE)
def test_of_a_small_array_not_every_pair_of_blocks_is_a_task(name, tasks):
    found = []
    for blocks in (16, 32, 64):
        x, index = (xp.asarray(da.arange(10 * blocks, chunks=10, dtype=dtype)) for dtype in ("float64", "int64"))
        x.attach_grad()
        with autograd.record():
            loss = xp.sum(BY_PLACE[name](x, index) ** 2)
        loss.backward()
        found.append(tasks(loss, x.grad))
    few, more, many = found
    assert many - more <= 2.1 * (more - few)


def test_a_product_along_blocks_takes_few_tasks_a_block(tasks):
    found = []
    for blocks in (16, 48):
        x = xp.asarray(da.ones((10 * blocks, 2), chunks=(10, 2)))
        x.attach_grad()
        with autograd.record():
            loss = xp.sum(xp.cumulative_prod(x, axis=0) ** 2)
        loss.backward()
        found.append(tasks(loss, x.grad))
    assert found[1] - found[0] <= 16 * 32


@pytest.mark.parametrize("name", ["factorisation", "stencil"])
def test_gradients_have_the_chunks_of_their_variables(name, data):
    _, *gradients = ALL[name][1](data)
    variables = {"factorisation": (data.U, data.V), "stencil": (data.X,)}[name]
    assert [g.chunks for g in gradients] == [v.chunks for v in variables]


class Counter:
    """Counts how often a block was made; Dask takes all of them for one function."""

    count = 0

    def __call__(self, block):
        type(self).count += 1
        return block + 1

    def __dask_tokenize__(self):
        return "counter"


def test_loss_and_gradient_share_the_forward_pass(data, compute):
    x = xp.asarray(data.X.map_blocks(Counter(), dtype=float))
    loss, gradient = tracked(lambda w: xp.sum(xp.exp(x @ w)), data.w)
    Counter.count = 0
    compute(loss, gradient)
    assert Counter.count == 16
    compute(loss)
    compute(gradient)
    assert Counter.count == 48
    compute(loss.data, gradient)  # raw and wrapped
    assert Counter.count == 64


def added_up(x, w):
    """Two losses, whose gradients add up."""
    w.attach_grad("add")
    with autograd.record():
        losses = [xp.sum(f(x @ w)) for f in (xp.sin, xp.cos)]
    for loss in losses:
        loss.backward(retain_graph=True)
    return *losses, w.grad


def with_predictions(x, w):
    """A loss, its gradient, and what it was made of."""
    w.attach_grad()
    with autograd.record():
        prediction = x @ w
        loss = xp.sum(prediction * prediction)
    loss.backward()
    return loss, w.grad, prediction, x.data.std()


def of_two_orders(x, w):
    """A gradient and a Hessian, each with its own record."""

    def loss(w):
        return xp.sum(xp.tanh(x @ w) ** 2)

    return xpgrad.grad(loss)(w), xpgrad.hessian(loss)(w)


@pytest.mark.parametrize("several", [added_up, with_predictions, of_two_orders])
def test_data_are_prepared_once_for_all_that_is_computed_together(several, data, compute):
    x = xp.asarray(data.X.map_blocks(Counter(), dtype=float))
    found = several(x, xn.asarray(data.w))
    Counter.count = 0
    compute(*found)
    assert Counter.count == 16


WRITES = {
    "all": lambda w, g: w.__setitem__(..., g),
    "a slice": lambda w, g: w.__setitem__(slice(2, None), g[2:]),
    "an update of a slice": lambda w, g: w[1:].__isub__(g[1:]),
    "a number at a mask": lambda w, g: w.__setitem__(g > 1, 5.0),
    "out": lambda w, g: np.add(w, g, out=w),
    "copyto": lambda w, g: np.copyto(w, g),
}


@pytest.mark.parametrize("recording", [False, True])
@pytest.mark.parametrize("name", WRITES)
def test_what_lazy_values_are_written_into_becomes_lazy(name, recording, compute):
    g = np.arange(4.0)
    found, expected = [], []
    for values, results, space in ((xp.asarray(da.from_array(g, chunks=2)), found, xp), (xn.asarray(g), expected, xn)):
        w, values = xn.asarray(np.ones(4)), values * 1.0
        w.attach_grad()
        values.attach_grad()
        with autograd.record(recording):
            written = w * 2.0
            WRITES[name](written, values)
            loss = space.sum(written**2)
        if recording:
            loss.backward()
        results += [written, w.grad, values.grad]
    for x, y in zip(compute(found), expected, strict=True):
        np.testing.assert_array_equal(x, y.asnumpy())


@pytest.mark.parametrize("function", [da.sum, da.std, lambda x: da.where(x > 0, x, 0), lambda x: da.stack([x, x])])
def test_functions_of_dask_take_what_is_not_recorded_and_refuse_what_is(function, data, compute):
    x = xp.asarray(data.Y)
    np.testing.assert_array_equal(compute(function(x)), compute(function(data.Y)))
    x.attach_grad()
    with autograd.record(), pytest.raises(HistoryLostError, match="instead of the namespace's"):
        function(x)


@pytest.mark.filterwarnings("ignore:Passing an object to dask.array.from_array")  # which is refused after that
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    "function",
    [
        lambda x, d: da.from_array(x, chunks=2),
        lambda x, d: da.tensordot(d, x, 1),
        lambda x, d: da.map_blocks(lambda a, b: a * b, d, x, dtype=float),
        lambda x, d: da.map_blocks(lambda a, b: a * b, d, b=x, dtype=float),
        lambda x, d: da.blockwise(lambda a, b: a * b, "i", d, "i", x, None, dtype=float),
    ],
)
def test_functions_of_dask_do_not_take_what_is_recorded_for_a_constant(function, lazy):
    values = np.arange(4.0)
    x = xp.asarray(da.from_array(values, chunks=2)) if lazy else xn.asarray(values)
    x.attach_grad()
    with autograd.record(), pytest.raises(HistoryLostError, match="instead of the namespace's"):
        function(x * 2, da.ones(4, chunks=2))


@pytest.mark.parametrize(
    "keep",
    [
        lambda x: x.persist(),
        lambda x: dask.persist(x)[0],
        lambda x: dask.optimize(x)[0],
        lambda x: x.rechunk(4),
    ],
)
def test_what_is_persisted_while_recorded_keeps_its_history(keep, compute):
    x = xp.asarray(da.arange(4.0, chunks=2))
    x.attach_grad()
    with autograd.record(), dask.config.set(scheduler="sync"):
        kept = keep(x * x)
        loss = xp.sum(kept) + xp.sum(x)
    loss.backward()
    np.testing.assert_array_equal(compute(kept), [0, 1, 4, 9])
    np.testing.assert_array_equal(compute(x.grad), [1, 3, 5, 7])
    assert x.grad.chunks == x.chunks


def test_iterating_along_an_unknown_length_says_what_to_do():
    x = xp.asarray(da.arange(4.0, chunks=2))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        iter(x[x > 1])
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        np.cov(x[x > 1])


@pytest.mark.parametrize(
    "function",
    [
        np.count_nonzero,
        lambda x: np.isin(x, [1, 2]),
        lambda x: np.searchsorted(np.arange(3.0), x),
        lambda x: x.reshape(6),
        lambda x: x.reshape(-1),
    ],
)
def test_functions_and_methods_of_numpy(function, compute):
    x = np.arange(6.0)
    np.testing.assert_array_equal(compute(function(xp.asarray(da.from_array(x, chunks=2)))), function(x))


@pytest.mark.parametrize("transform", [xpgrad.value_and_grad, xpgrad.grad])
def test_functional_transforms_stay_lazy(transform, data, compute):
    def loss(w, x):
        return xp.sum(xp.tanh(x @ w))

    found = transform(loss)(data.w, data.X)
    gradient = found[1] if isinstance(found, tuple) else found
    assert isinstance(gradient, da.Array)
    np.testing.assert_allclose(compute(gradient), data.x.T @ (1 - np.tanh(data.x @ data.w) ** 2))


def test_second_order_stays_lazy(data, compute):
    x = xp.asarray(data.X)
    product = xpgrad.hvp(lambda w: xp.sum(xp.exp(x @ w)))(xn.asarray(data.w), xn.asarray(data.w))
    z = data.x @ data.w
    np.testing.assert_allclose(compute(product), data.x.T @ (np.exp(z) * z), rtol=1e-9)


BESIDE_DATA = {
    "matmul": lambda xp, x, w: xp.sum(xp.tanh(x @ w)),
    "multiply": lambda xp, x, w: xp.sum(xp.tanh(x * w)),
    "tensordot": lambda xp, x, w: xp.sum(xp.tanh(xp.tensordot(x, w, axes=1))),
    "einsum": lambda xp, x, w: xp.sum(xp.einsum("ij,j->i", x, w) ** 2),
    "where": lambda xp, x, w: xp.sum(xp.where(x > 0, x, w) ** 2),
    "concat": lambda xp, x, w: xp.sum(xp.concat([x, xp.expand_dims(w, axis=0)]) ** 2),
    "several": lambda xp, x, w: (xp.sum(w * w), xp.exp(x @ w)),
}

FORWARD = {
    "jvp": lambda f, w: xpgrad.jvp(f, (w,), (w + 1.0,))[1],
    "jvp of grad": lambda f, w: xpgrad.jvp(xpgrad.grad(lambda w: total(f(w))), (w,), (w + 1.0,))[1],
    "jvp of jvp": lambda f, w: FORWARD["jvp"](lambda w: FORWARD["jvp"](f, w), w),
    "grad of jvp": lambda f, w: xpgrad.grad(lambda w: total(FORWARD["jvp"](f, w)))(w),
    "hvp": lambda f, w: xpgrad.hvp(lambda w: total(f(w)))(w, w + 1.0),
    "jacobian": lambda f, w: xpgrad.jacobian(lambda w: total(f(w)))(w),
}


def total(tree):
    return sum(xn.sum(y) for y in leaves(tree))


@pytest.mark.parametrize("name", BESIDE_DATA)
@pytest.mark.parametrize("transform", FORWARD)
def test_directions_in_memory_meet_lazy_data(name, transform, data, compute):
    f, derivative = BESIDE_DATA[name], FORWARD[transform]
    lazy, known = xp.asarray(data.X), xn.asarray(data.x)
    found = derivative(lambda w: f(xp, lazy, w), data.w)
    expected = derivative(lambda w: f(xn, known, w), data.w)
    for part, wanted in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(compute(part), wanted, rtol=1e-9)


@pytest.mark.parametrize("name", BESIDE_DATA)
def test_gradients_of_parameters_in_memory_can_be_checked(name, data):
    x = xp.asarray(data.X)[:6, :3]
    with dask.config.set(scheduler="synchronous"):
        xpgrad.check_grads(lambda w: BESIDE_DATA[name](xp, x, w), [data.w[:3]])


def test_only_what_asks_for_values_computes(data):
    loss, _ = logistic(data)
    for ask in (
        bool,
        float,
        operator.methodcaller("item"),
        operator.methodcaller("asnumpy"),
        operator.methodcaller("compute"),
    ):
        with pytest.raises(RuntimeError, match="only a graph"):
            ask(loss)


@pytest.mark.parametrize("name", ["and_", "or_", "xor", "lshift", "rshift", "eq", "ne", "lt", "le", "gt", "ge"])
def test_operators_without_gradients_stay_lazy(name, compute):
    sign, a, b = getattr(operator, name), np.asarray([1, 2, 3]), np.asarray([3, 2, 1])
    lazy_a, lazy_b = (xp.asarray(da.from_array(x, chunks=2)) for x in (a, b))
    for x, y in ((xn.asarray(a), lazy_b), (lazy_a, xn.asarray(b)), (lazy_a, lazy_b)):
        np.testing.assert_array_equal(compute(sign(x, y)), sign(a, b))


@pytest.mark.parametrize("lazy", [0, 1])
def test_functions_without_gradients_take_arrays_in_memory_beside_lazy_ones(lazy, compute):
    values = [np.asarray([1.0, 2.0, 3.0]), np.asarray([2.5, 0.5])]
    arrays = [xp.asarray(da.from_array(a, chunks=1)) if i == lazy else xn.asarray(a) for i, a in enumerate(values)]
    for namespace in (xp, xn):
        np.testing.assert_array_equal(compute(namespace.searchsorted(*arrays)), np.searchsorted(*values))


def test_a_number_that_is_known_leaves_blocks_what_they_are():
    """Dask's operators put it into tasks as it is."""
    one = Known.of(1.0)
    assert all(type(x) is Known for x in (one + one, 2.0 * one, -one, one**2))
    assert not any(
        isinstance(x, Known | da.Array) for x in (np.float64(2.0) + one, np.ones(3) * one, one - np.ones(()))
    )


def test_an_untouched_variable_takes_no_memory(data):
    x = xp.asarray(da.zeros((10**7, 10**5), chunks=(10**5, 10**5)))
    x.attach_grad()
    used = xp.asarray(data.X)
    used.attach_grad()
    with autograd.record():
        loss = xp.sum(used)
    loss.backward()
    assert x.grad.chunks == x.chunks
    assert x.grad.data.nbytes == 8 * 10**12


def test_gradients_add_up_lazily(data, compute):
    w = xn.asarray(data.w)
    w.attach_grad("add")
    for _ in range(3):
        with autograd.record():
            loss = xp.sum(xp.asarray(data.X) @ w)
        loss.backward()
    np.testing.assert_allclose(compute(w.grad), 3 * data.x.sum(axis=0))


def test_a_parameter_may_be_updated_between_steps(data, compute):
    x, y, w = data.x, data.y, data.w.copy()
    parameter = xn.asarray(data.w.copy())
    parameter.attach_grad()
    for _ in range(4):
        with autograd.record():
            r = xp.asarray(data.X) @ parameter - xp.asarray(data.Y)
            loss = xp.sum(r * r)
        loss.backward()
        value, gradient = compute(loss, parameter.grad)
        parameter -= 1e-3 * gradient
        np.testing.assert_allclose(value, np.sum((x @ w - y) ** 2))
        np.testing.assert_allclose(compute(loss), value)  # a later write does not reach what was built before
        w -= 1e-3 * 2 * x.T @ (x @ w - y)
    assert isinstance(parameter.data, np.ndarray)
    np.testing.assert_allclose(parameter.data, w)


def test_the_same_step_has_the_same_keys(data):
    first, second = (dask.base.flatten([x.__dask_keys__() for x in logistic(data)]) for _ in range(2))
    assert [*first] == [*second]


def test_raw_dask_arrays_meet_arrays_in_operators(data, compute):
    loss, gradient = tracked(lambda x: xp.sum(data.X * x + x * data.X - data.X), data.X)
    np.testing.assert_allclose(compute(gradient), 2 * data.x)
    assert isinstance(loss, xpgrad.Array)


def test_numpy_constants_meet_dask_arrays(data, compute):
    _, gradient = tracked(lambda x: xp.sum(xp.multiply(data.x, x) + np.float64(2) * x), data.X)
    np.testing.assert_allclose(compute(gradient), data.x + 2)


def test_a_head_gradient_of_zero_stays_zero(compute):
    def loss(x):
        s = xp.sum(xp.sqrt(x))
        return (s - 3) ** 2

    _, gradient = tracked(loss, da.from_array(np.asarray([0.0, 1.0, 4.0]), chunks=1))
    np.testing.assert_array_equal(compute(gradient), [0.0, 0.0, 0.0])


def test_two_sums_under_a_head_that_is_not_linear(data, compute):
    def loss(x):
        return xp.log(xp.sum(x * x)) * xp.sqrt(xp.sum(xp.exp(x)))

    _, gradient = tracked(loss, data.X)
    a, b = np.sum(data.x**2), np.sum(np.exp(data.x))
    expected = np.sqrt(b) * 2 * data.x / a + log(a) * np.exp(data.x) / (2 * np.sqrt(b))
    np.testing.assert_allclose(compute(gradient), expected)


def test_a_record_is_freed_behind_a_factor_too(data):
    w = xn.asarray(data.w)
    w.attach_grad()
    with autograd.record():
        loss = xp.sqrt(xp.sum((xp.asarray(data.X) @ w) ** 2)) + xp.sum(w * w)
    loss.backward()
    with pytest.raises(xpgrad.errors.GraphFreedError):
        loss.backward()


def test_a_factor_and_a_penalty(data, compute):
    def loss(w):
        v = w * w
        return xp.sqrt(xp.sum((xp.asarray(data.X) @ v) ** 2)) + xp.sum(v)

    _, gradient = tracked(loss, data.w)
    z = data.x @ data.w**2
    expected = 2 * data.w * (data.x.T @ z / np.sqrt(np.sum(z**2)) + 1)
    np.testing.assert_allclose(compute(gradient), expected)


def test_float32_stays_float32(data, compute):
    x, w = data.X.astype("float32"), data.w.astype("float32")
    loss, gradient = tracked(lambda w: xp.mean(xp.exp(xp.asarray(x) @ w)), w)
    value, gradient = compute(loss, gradient)
    assert value.dtype == gradient.dtype == np.float32


def test_complex_gradients_behind_a_factor(compute):
    z = np.asarray([1 + 2j, 3 - 1j, 0.5j])
    _, gradient = tracked(lambda z: xp.sqrt(xp.sum(xp.real(z * xp.conj(z)))), da.from_array(z, chunks=2))
    np.testing.assert_allclose(compute(gradient), z / np.sqrt(np.sum(np.abs(z) ** 2)))


@pytest.mark.parametrize("name", ["xlogy", "pdtr", "zeta"])
def test_special_functions_of_a_parameter_in_memory_and_lazy_data(name, data, compute):
    lazy, known = da.from_array(np.asarray([2.0, 3.0]), chunks=1), np.asarray([4.0, 5.0])
    function = getattr(xp.special, name)
    _, by_lazy = tracked(lambda x: xp.sum(function(known, x)), lazy)
    _, expected = tracked(lambda x: xn.sum(getattr(xn.special, name)(known, x)), np.asarray([2.0, 3.0]))
    np.testing.assert_allclose(compute(by_lazy), expected.asnumpy())


def reads(key, graph):
    """The layers and blocks that a task reads, as (layer, index)."""
    return {(name.partition("-")[0], tuple(index)) for name, *index in graph[key].dependencies}


@pytest.mark.parametrize("name", ["stencil", "smoothness"])
def test_of_large_blocks_only_parts_travel(name):
    """With blocks of 800 kB no task reads two of them, and what joins sums reads none."""
    data = Data(4, 5000, 20, lazy=True)
    data.X = da.Array({("data", i, 0): np.ones((5000, 20)) for i in range(4)}, "data", data.X.chunks, dtype=float)
    (optimized, *_) = dask.optimize(*ALL[name][1](data))
    graph = convert_legacy_graph(dict(optimized.__dask_graph__()))
    for key in graph:
        assert len({i for layer, i in reads(key, graph) if layer == "data"}) <= 1
        if "aggregate" in key[0]:
            assert "region" not in {layer for layer, _ in reads(key, graph)}


@pytest.mark.parametrize("n", [10, 300_000])
@pytest.mark.parametrize("part", [slice(None), slice(1, None)])
def test_heads_in_memory_and_lazy_ones_go_back_together(n, part, compute):
    w = xn.asarray(np.ones(n))
    w.attach_grad()
    x = xp.asarray(da.full(n, 3.0, chunks=n // 2))
    with autograd.record():
        v = w * 2.0
        heads = [xp.sum(x[part] * v[part]), xn.sum(v * v)]
    autograd.backward(heads)
    expected = np.full(n, 8.0)
    expected[part] += 6.0
    np.testing.assert_array_equal(compute(w.grad), expected)


@pytest.mark.parametrize("name", ALL)
def test_graphs_can_be_copied_and_bound_to_other_work(name, data, compute):
    lazy = [x for x in ALL[name][1](data) if dask.is_dask_collection(x)]
    expected = compute(*lazy)
    for copied in (clone(*lazy), bind(lazy, checkpoint(xp.asarray(data.Y)))):
        for x, y in zip(compute(*copied), expected, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-12)
