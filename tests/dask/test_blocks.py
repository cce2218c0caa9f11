"""Functions inside the blocks: forward, gradients of any order, and parameters that blocks share."""

from collections import UserDict, deque
from functools import cached_property, partial
from types import MappingProxyType

import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import Data, tracked
from dask.delayed import delayed

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd

pytestmark = pytest.mark.usefixtures("nothing_computes")


@pytest.fixture(scope="module")
def data():
    return Data()


def of(block):
    return block.__array_namespace__()


def layer(block, w):
    return of(block).tanh(block @ w)


def test_map_blocks_with_a_parameter_in_memory(data, compute):
    def loss(w):
        return xp.sum(xp.map_blocks(layer, data.X, w, drop_axis=1) ** 2)

    value, gradient = compute(*tracked(loss, data.w))
    t = np.tanh(data.x @ data.w)
    np.testing.assert_allclose(value, np.sum(t**2))
    np.testing.assert_allclose(gradient, data.x.T @ (2 * t * (1 - t * t)))


def test_the_gradient_of_a_shared_parameter_takes_one_more_task_a_block(data, tasks):
    found = tracked(lambda w: xp.sum(xp.map_blocks(layer, data.X, w, drop_axis=1)), data.w)
    assert tasks(*found) < 3.4 * 16  # with reading the data


def test_map_blocks_by_chunked_arrays_that_broadcast(compute):
    rng = np.random.default_rng(0)
    x, row, column = rng.normal(size=(6, 4)), rng.normal(size=4), rng.normal(size=(6, 1))
    chunked = (
        da.from_array(x, chunks=(2, 3)),
        da.from_array(row, chunks=3),
        da.from_array(column, chunks=(2, 1)),
    )
    _, *gradients = tracked(lambda *a: xp.sum(xp.map_blocks(lambda x, r, c: (x + r) ** 2 * c, *a)), *chunked)
    by_x, by_row, by_column = gradients
    assert [g.chunks for g in gradients] == [a.chunks for a in chunked]
    np.testing.assert_allclose(compute(by_x), 2 * (x + row) * column)
    np.testing.assert_allclose(compute(by_row), (2 * (x + row) * column).sum(axis=0))
    np.testing.assert_allclose(compute(by_column), ((x + row) ** 2).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("chunks", [(3, 5, 4), (1, 1, 1)])
@pytest.mark.parametrize("name", ["map_blocks", "blockwise", "blockwise in lists", "map_overlap"])
def test_block_i_meets_block_i_of_any_length(name, chunks, compute):
    def scaled(a, b):
        return a * of(b).sum(b) * of(b).sum(b)

    def dot(a, b):
        return sum(of(x).sum(x) * of(y).sum(y) for x, y in zip(a, b, strict=True))

    def run(a, b):
        if name == "map_blocks":
            return xp.map_blocks(scaled, a, b, dtype=float)
        if name == "blockwise":
            return xp.blockwise(scaled, "i", a, "i", b, "i", align_arrays=False, dtype=float)
        if name == "blockwise in lists":
            return xp.blockwise(dot, "", a, "i", b, "i", align_arrays=False, dtype=float)
        depth = [{0: 1}, {0: 0}]
        return xp.map_overlap(scaled, a, b, depth=depth, boundary="none", align_arrays=False, dtype=float)

    x, y = np.arange(12.0) + 1, np.arange(float(sum(chunks)))
    a, b = da.from_array(x, chunks=4), da.from_array(y, chunks=(chunks,))
    _, by_a, by_b = tracked(lambda a, b: xp.sum(run(a, b)), a, b)
    ends = np.cumsum(chunks)[:-1]
    sums = np.asarray([part.sum() for part in np.split(y, ends)])
    own = x.reshape(3, 4).sum(axis=1)
    linear = name == "blockwise in lists"
    np.testing.assert_allclose(compute(by_a), np.repeat(sums if linear else sums**2, 4))
    np.testing.assert_allclose(compute(by_b), np.repeat(own if linear else 2 * own * sums, chunks))
    assert (by_a.chunks, by_b.chunks) == (a.chunks, b.chunks)


def test_blocks_that_have_no_counterpart_are_refused():
    a, b = da.ones(12, chunks=4), da.ones(12, chunks=6)
    with pytest.raises(ValueError, match="3 and 2 blocks"):
        tracked(lambda a, b: xp.map_blocks(lambda a, b: a * of(b).sum(b), a, b, dtype=float), a, b)


def test_margins_of_different_width_for_each_array(compute):
    def run(a, b):
        options = {"depth": [{0: 2}, {0: 1}], "boundary": "none", "trim": False, "chunks": ((4, 4, 4),)}
        return xp.map_overlap(lambda a, b: a[: b.shape[0]][:4] * of(b).sum(b), a, b, dtype=float, **options)

    x = np.arange(12.0)
    a, b = da.from_array(x, chunks=4), da.from_array(x, chunks=4)
    value, _, by_b = tracked(lambda a, b: xp.sum(run(a, b)), a, b)
    first = [x[:4].sum(), x[2:6].sum(), x[6:10].sum()]
    np.testing.assert_allclose(compute(value), np.dot(first, [x[:5].sum(), x[3:9].sum(), x[7:].sum()]))
    np.testing.assert_allclose(
        compute(by_b)[[0, 3, 4, 8, 11]], [first[0], sum(first[:2]), sum(first[:2]), sum(first[1:]), first[2]]
    )


NEW = {
    "one block": (lambda x: xp.map_blocks(lambda b: b[None] ** 2, x, chunks=((1,), (2, 2)), dtype=float), 1),
    "two": (lambda x: xp.map_blocks(lambda b: b[None] ** 2, x, chunks=((1, 1), (2, 2)), dtype=float), 2),
    "in a name": (
        lambda x: xp.blockwise(
            lambda b: of(b).stack([b, b, b]) ** 2, "zi", x, "i", new_axes={"z": (3, 3)}, dtype=float
        ),
        6,
    ),
}


@pytest.mark.parametrize("name", NEW)
def test_new_axes_may_be_implied_and_have_several_blocks(name, compute):
    run, times = NEW[name]
    x = np.arange(4.0)
    value, gradient = tracked(lambda x: xp.sum(run(x) ** 2), da.from_array(x, chunks=2))
    np.testing.assert_allclose(compute(value), times * np.sum(x**4))
    np.testing.assert_allclose(compute(gradient), times * 4 * x**3)
    second = xpgrad.grad(lambda x: xp.sum(xpgrad.grad(lambda x: xp.sum(run(x) ** 2))(x)))(
        xp.asarray(da.from_array(x, chunks=2))
    )
    np.testing.assert_allclose(compute(second), times * 12 * x**2)


def test_a_parameter_in_memory_alone_becomes_a_block(compute):
    w = xn.asarray(np.arange(5.0))
    w.attach_grad()
    with autograd.record():
        loss = xp.sum(xp.map_blocks(lambda w: w**2, w, chunks=((5,),), dtype=float))
    loss.backward()
    np.testing.assert_allclose(compute(w.grad), 2 * np.arange(5.0))


def test_apply_gufunc_takes_numbers(compute):
    def loss(x):
        return xp.sum(xp.apply_gufunc(lambda b, c, d: b * c * d, "(),(),()->()", x, 3.0, 2, output_dtypes=float))

    _, gradient = tracked(loss, da.ones(4, chunks=2))
    np.testing.assert_allclose(compute(gradient), np.full(4, 6.0))


def test_what_has_no_gradient_is_refused_in_words(compute):
    square = da.ones((4, 4), chunks=2)
    with pytest.raises(ValueError, match="repeat"):
        tracked(lambda x: xp.sum(xp.blockwise(lambda b: of(b).linalg.diagonal(b), "i", x, "ii", dtype=float)), square)

    def chunk(b, axis, keepdims):
        return b * b

    def total(b, axis, keepdims):
        return of(b).sum(b, axis=axis, keepdims=keepdims)

    value, _ = tracked(lambda x: xp.reduction(x, chunk, total, dtype=float), square)
    with pytest.raises(ValueError, match="chunk left"):
        compute(value)


def test_axes_of_unknown_length_that_a_call_sees_all_of_are_refused():
    x = da.arange(6.0, chunks=3)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        tracked(lambda x: xp.map_blocks(lambda b: of(b).sum(b), x[x > 1], drop_axis=0, dtype=float), x)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        tracked(lambda x: xp.blockwise(lambda b: of(b).sum(b), "", x[x > 1], "i", concatenate=True, dtype=float), x)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        tracked(lambda x: xp.sum(xp.map_overlap(lambda b: b, x[x > 1], depth=1, boundary="none")), x)


def test_gradients_of_gradients_stay_in_the_blocks(data, compute):
    def loss(x, w, through):
        return xp.sum(through(x, w) ** 2) if through else xn.sum((xn.tanh(x @ w) * (x @ w)) ** 2)

    def through(x, w):
        return xp.map_blocks(lambda b, w: layer(b, w) * (b @ w), x, w, drop_axis=1)

    def penalty(x, w, through):
        by_x, by_w = xpgrad.grad(loss, argnums=(0, 1))(x, w, through)
        space = xp if through else xn
        return space.sum(by_x * by_x) + space.sum(by_w**3)

    second = xpgrad.grad(penalty, argnums=(0, 1))
    found = second(xp.asarray(data.X), xn.asarray(data.w), through)
    expected = second(xn.asarray(data.x), xn.asarray(data.w), None)
    for a, b in zip(compute(*found), expected, strict=True):
        np.testing.assert_allclose(a, b.asnumpy(), rtol=1e-9)


def test_options_and_keywords_reach_the_function(data, compute):
    def scaled(block, *, factor):
        return (block * factor)[:, None, :]

    def loss(x):
        out = xp.map_blocks(scaled, x, factor=3.0, new_axis=1, chunks=(data.X.chunks[0], (1,), (6,)))
        assert out.shape == (80, 1, 6)
        return xp.sum(out * out)

    _, gradient = tracked(loss, data.X)
    np.testing.assert_allclose(compute(gradient), 18 * data.x)


def test_nothing_is_wrapped_where_no_gradient_is_wanted(data, compute):
    kinds = []
    compute(xp.map_blocks(lambda b: kinds.append(type(b)) or b, data.X, meta=np.empty((0, 0))))
    assert set(kinds) == {np.ndarray}


def test_blockwise_with_an_index_that_is_summed_over(compute):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(6, 4)), rng.normal(size=(4, 5))
    lazy_a, lazy_b = da.from_array(a, chunks=(2, 3)), da.from_array(b, chunks=(2, 2))

    def loss(a, b):
        return xp.sum(xp.blockwise(lambda a, b: a @ b, "ij", a, "ik", b, "kj", concatenate=True, dtype=float) ** 2)

    _, by_a, by_b = tracked(loss, lazy_a, lazy_b)
    np.testing.assert_allclose(compute(by_a), 2 * a @ b @ b.T)
    np.testing.assert_allclose(compute(by_b), a.T @ (2 * a @ b))


@pytest.mark.parametrize("chunks", [(2, 2), (6, 4), (2, 4), (6, 1)])
def test_blockwise_with_blocks_in_lists(chunks, compute):
    """Without `concatenate`, a function gets a list of the blocks along an index that the result lacks."""
    rng = np.random.default_rng(0)
    a, b, row = rng.normal(size=(6, 4)), rng.normal(size=(4, 5)), rng.normal(size=(1, 5))
    lazy = da.from_array(a, chunks=chunks), da.from_array(b, chunks=(chunks[1], 2)), da.from_array(row, chunks=(1, 2))
    counts = set()

    def total(a, b, row):
        counts.update(map(len, (a, b, row)))
        return sum(x @ y + z for x, y, z in zip(a, b, row, strict=True))

    def loss(a, b, row):
        return xp.sum(xp.blockwise(total, "ij", a, "ik", b, "kj", row, "kj", meta=np.empty((0, 0))) ** 2)

    value, *gradients = tracked(loss, *lazy)
    n = len(lazy[0].chunks[1])
    out = a @ b + n * row
    expected = 2 * out @ b.T, a.T @ (2 * out), 2 * n * out.sum(axis=0, keepdims=True)
    np.testing.assert_allclose(compute(value), np.sum(out**2))
    for found, by_hand, x in zip(gradients, expected, lazy, strict=True):
        assert found.chunks == x.chunks
        np.testing.assert_allclose(compute(found), by_hand)
    assert counts == {n}


def test_blockwise_with_lists_of_lists(compute):
    a = np.random.default_rng(0).normal(size=(6, 4))

    def corners(blocks):
        return sum(block[0, 0] ** 2 for row in blocks for block in row)

    _, gradient = tracked(
        lambda a: xp.blockwise(corners, "", a, "ij", dtype=float) ** 2, da.from_array(a, chunks=(3, 2))
    )
    corner = np.zeros_like(a)
    corner[::3, ::2] = a[::3, ::2]
    np.testing.assert_allclose(compute(gradient), 4 * np.sum(corner**2) * corner)


def test_blocks_in_lists_need_their_lengths():
    x = da.from_array(np.arange(6.0), chunks=2)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        tracked(lambda x: xp.blockwise(sum, "", x, "i", dtype=float), x[x > 1])


def test_apply_gufunc_with_two_results(compute):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(6, 3, 4)), rng.normal(size=(6, 4))

    def both(a, b):
        return of(a).sum(a * b[..., None, :], axis=-1), of(b).sum(b * b, axis=-1)

    def loss(a, b):
        product, square = xp.apply_gufunc(both, "(i,j),(j)->(i),()", a, b, output_dtypes=(float, float))
        return xp.sum(product**2) + xp.sum(square**3)

    _, by_a, by_b = tracked(loss, da.from_array(a, chunks=(2, 3, 4)), da.from_array(b, chunks=(3, 4)))
    product, square = (a * b[:, None]).sum(-1), (b * b).sum(-1)
    np.testing.assert_allclose(compute(by_a), 2 * product[..., None] * b[:, None])
    np.testing.assert_allclose(compute(by_b), (2 * product[..., None] * a).sum(1) + 6 * square[:, None] ** 2 * b)


def centred(x, w):
    space = of(x)
    return w * (x - space.mean(x, axis=-1, keepdims=True))


def spread(x):
    return of(x).var(x, axis=-1)


def pair(x, w):
    return of(x).sum(x * w, axis=-1), x[..., :2] ** 2


GUFUNCS = {
    "axis": (centred, "(i),(i)->(i)", {"axis": 0, "output_dtypes": float}),
    "axes": (centred, "(i),(i)->(i)", {"axes": [(0,), (0,), (-1,)], "output_dtypes": float}),
    "keepdims": (lambda x, w: spread(w * x), "(i),(i)->()", {"axis": 0, "keepdims": True, "output_dtypes": float}),
    "two results": (
        pair,
        "(i),(i)->(),(k)",
        {"axes": [(0,), (0,), (), (0,)], "output_dtypes": (float, float), "output_sizes": {"k": 2}},
    ),
    "vectorize": (lambda x, w: of(x).sum(x * w) ** 2, "(i),(i)->()", {"vectorize": True, "output_dtypes": float}),
    "vectorize, of vectors": (centred, "(i),(i)->(i)", {"vectorize": True, "axis": 0, "output_dtypes": float}),
    "vectorize, two results": (
        lambda x, w: (of(x).sum(x * w), (x * w)[:2]),
        "(i),(i)->(),(k)",
        {"vectorize": True, "output_dtypes": (float, float), "output_sizes": {"k": 2}},
    ),
}


@pytest.mark.parametrize("chunks", [(3, 2, 2), (3, 4, 5), (3, 1, 5)])
@pytest.mark.parametrize("name", GUFUNCS)
def test_apply_gufunc_of_other_axes(name, chunks, compute):
    func, signature, options = GUFUNCS[name]
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 4, 5)), rng.normal(size=3)
    if "vectorize" in options and "axis" not in options:
        x, chunks = np.moveaxis(x, 0, -1), (*chunks[1:], 3)

    def loss(x, w):
        found = xp.apply_gufunc(func, signature, x, w, **options)
        return sum(xp.sum(part**3) for part in (found if isinstance(found, tuple) else (found,)))

    def of_raw(*blocks):
        found = func(*map(xn.asarray, blocks))
        return tuple(map(np.asarray, found)) if isinstance(found, tuple) else np.asarray(found)

    value, by_x, by_w = tracked(loss, da.from_array(x, chunks=chunks), w)
    raw = da.apply_gufunc(of_raw, signature, da.from_array(x, chunks=-1), w, **options)
    expected = sum((part**3).sum() for part in (raw if isinstance(raw, tuple) else (raw,)))
    np.testing.assert_allclose(compute(value), compute(expected))
    assert by_x.chunks == da.from_array(x, chunks=chunks).chunks
    assert_slope(
        lambda x, w: compute(loss(xp.asarray(da.from_array(x)), xp.asarray(w))), (x, w), compute(by_x), compute(by_w)
    )


def assert_slope(value, at, *gradients):
    """The gradients are those of differences, in a direction of each argument."""
    rng = np.random.default_rng(1)
    for i, gradient in enumerate(gradients):
        v = rng.normal(size=at[i].shape)
        low, high = (value(*(a + (side * v if j == i else 0) for j, a in enumerate(at))) for side in (-1e-6, 1e-6))
        np.testing.assert_allclose(np.sum(gradient * v), (high - low) / 2e-6, rtol=1e-6)


def test_apply_gufunc_of_nothing(compute):
    x = da.from_array(np.zeros((0, 3)), chunks=(1, 3))
    f = partial(xp.apply_gufunc, lambda x: x * x, "(i)->(i)", vectorize=True, output_dtypes=float)
    _, gradient = tracked(lambda x: xp.sum(f(x)), x)
    assert compute(gradient).shape == (0, 3)


@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reduction(axis, keepdims, compute):
    x = np.random.default_rng(0).normal(size=(13, 5))

    def squares(block, axis, keepdims):
        return of(block).sum(block * block, axis=axis, keepdims=keepdims)

    def total(block, axis, keepdims):
        return of(block).sum(block, axis=axis, keepdims=keepdims)

    def loss(x):
        found = xp.reduction(x, squares, total, axis=axis, keepdims=keepdims, split_every=3, dtype=float)
        assert found.shape == np.sum(np.ones((13, 5)), axis=axis, keepdims=keepdims).shape
        return xp.sum(found**2)

    _, gradient = tracked(loss, da.from_array(x, chunks=(2, 2)))
    np.testing.assert_allclose(compute(gradient), 4 * x * np.sum(x * x, axis=axis, keepdims=True))


def test_rechunk_gives_gradients_the_old_chunks(data, compute):
    _, gradient = tracked(lambda x: xp.sum(xp.rechunk(x, (7, 2)) ** 2), data.X)
    assert gradient.chunks == data.X.chunks
    np.testing.assert_allclose(compute(gradient), 2 * data.x)


# value_and_grad_blocks


def squared(params, x, y):
    r = layer(x, params["w"]) + params["b"][0] - y
    return of(x).sum(r * r)


def test_value_and_grad_in_one_task_a_block(data, compute, tasks):
    params = {"w": data.w, "b": [0.5]}
    value, gradient = xp.value_and_grad_blocks(squared)(params, data.X, data.Y)
    assert tasks(value, gradient["w"], gradient["b"][0]) < 3.4 * 16  # two of them read the data
    expected, by = xpgrad.value_and_grad(squared)(params, xn.asarray(data.x), xn.asarray(data.y))
    found, by_w, by_b = compute(value, gradient["w"], gradient["b"][0])
    np.testing.assert_allclose(found, expected.asnumpy())
    np.testing.assert_allclose(by_w, by["w"])
    np.testing.assert_allclose(by_b, by["b"][0])


def test_the_mean_over_blocks_of_any_length(data, compute):
    def mean(w, x):
        return of(x).mean(layer(x, w))

    x = data.X.rechunk(((3, 70, 7), (6,)))
    value, gradient = compute(*xp.value_and_grad_blocks(mean, reduce="mean")(data.w, x))
    t = np.tanh(data.x @ data.w)
    np.testing.assert_allclose(value, t.mean())
    np.testing.assert_allclose(gradient, data.x.T @ (1 - t * t) / 80)
    unknown = xp.asarray(x[x[:, 0] > 0])
    value, _ = compute(*xp.value_and_grad_blocks(mean, reduce="mean")(data.w, unknown))
    np.testing.assert_allclose(value, t[data.x[:, 0] > 0].mean())


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_some_samples_at_once(reduce, data, compute):
    sizes = []

    def loss(w, x):
        sizes.append(x.shape[0])
        return getattr(of(x), reduce)(layer(x, w))

    x = data.X.rechunk(((3, 70, 7), (6,)))
    whole = compute(*xp.value_and_grad_blocks(loss, reduce)(data.w, x))
    assert sorted(sizes) == [3, 7, 70]
    sizes.clear()
    parts = compute(*xp.value_and_grad_blocks(loss, reduce, at_once=30)(data.w, x))
    assert sorted(sizes) == [3, 7, 10, 30, 30]
    for a, b in zip(parts, whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_loss_that_is_complex_is_refused(compute):
    value, _ = xp.value_and_grad_blocks(lambda w, x: of(x).sum(x * w))(np.asarray(1 + 2j), da.ones(4, chunks=2))
    with pytest.raises(ValueError, match="real number"):
        compute(value)


def test_no_sample_is_left_out_of_the_parts(compute):
    def loss(w, x, y):
        return of(x).sum((x * w - y) ** 2)

    y, one = da.from_array(np.full(4, 2.0), chunks=2), da.ones(1, chunks=1)
    value, gradient = compute(*xp.value_and_grad_blocks(loss)(np.asarray(3.0), y, one))
    assert (value, gradient) == (100, 80)
    with pytest.raises(ValueError, match="as many samples"):
        xp.value_and_grad_blocks(loss, at_once=1)(np.asarray(3.0), y, one)
    masked = da.from_array(np.asarray([1.0, -1.0, 1.0, 1.0]), chunks=2)
    value, _ = xp.value_and_grad_blocks(loss, at_once=1)(np.asarray(3.0), y[y > 0], masked[masked > 0])
    with pytest.raises(ValueError, match="as many samples"):
        compute(value)


def test_arrays_come_out_if_one_goes_in(data):
    raw, _ = xp.value_and_grad_blocks(lambda w, x: of(x).sum(x @ w))(data.w, data.X)
    wrapped, _ = xp.value_and_grad_blocks(lambda w, x: of(x).sum(x @ w))(xn.asarray(data.w), data.X)
    assert isinstance(raw, da.Array)
    assert isinstance(wrapped, xpgrad.Array)


def test_wrong_use_is_refused(data):
    with pytest.raises(ValueError, match="'sum' or 'mean'"):
        xp.value_and_grad_blocks(squared, reduce="max")
    with pytest.raises(ValueError, match="at_once"):
        xp.value_and_grad_blocks(squared, at_once=0)
    with pytest.raises(ValueError, match="needs Dask arrays"):
        xp.value_and_grad_blocks(squared)({"w": data.w, "b": [0.0]}, data.x, data.y)
    with pytest.raises(ValueError, match="block_info"):
        tracked(lambda x: xp.map_blocks(lambda b, block_info=None: b, x), data.X)


def test_value_and_grad_blocks_takes_numbers_and_says_what_it_cannot_take(data, compute):
    def loss(params, x):
        return of(x).sum(x * params["n"])

    f = xp.value_and_grad_blocks(loss)
    value, gradient = compute(*f({"n": 2}, data.X))
    np.testing.assert_allclose([value, gradient["n"]], [2 * data.x.sum(), data.x.sum()])
    with pytest.raises(ValueError, match=r"params\['n'\] is int64"):
        f({"n": np.arange(6)}, data.X)
    with pytest.raises(ValueError, match=r"params\['n'\] is a str"):
        f({"n": "two"}, data.X)
    with pytest.raises(ValueError, match="there are none"):
        f({}, data.X)
    with pytest.raises(ValueError, match="blocks of samples"):
        f({"n": 2}, data.X.sum())
    with pytest.raises(ValueError, match=r"<lambda> returned an array of shape \(5,\)"):
        compute(xp.value_and_grad_blocks(lambda w, x: x @ w)(data.w, data.X)[0])


def test_value_and_grad_blocks_refuses_what_is_recorded(variable, data):
    f = xp.value_and_grad_blocks(lambda w, x: of(x).sum(x @ w))
    f(variable, data.X)
    with autograd.record(), pytest.raises(ValueError, match="have no history"):
        f(variable, data.X)
    with pytest.raises(ValueError, match="have no history"):
        xpgrad.grad(lambda x: f(data.w, x)[0])(data.X)


@pytest.mark.parametrize(
    ("parameter", "samples", "expected"),
    [("f4", "f8", "f8"), ("f4", "f4", "f4"), ("c16", "f8", "f8"), ("f4", "i8", "f4")],
)
@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_value_and_grad_blocks_knows_the_dtype_of_the_value(parameter, samples, expected, reduce, data, compute):
    f = xp.value_and_grad_blocks(lambda w, x: of(x).sum(of(x).abs(x * w) ** 2), reduce)
    value, _ = f(data.w.astype(parameter), data.X.astype(samples))
    assert value.dtype == compute(value).dtype == expected


# Closures


@pytest.fixture
def variable(data):
    w = xn.asarray(data.w)
    w.attach_grad()
    return w


class Model:
    """Holds a parameter, and uses it in some of its methods."""

    def __init__(self, w, inner=None):
        self.w, self.inner = w, inner

    def layer(self, b):
        return b @ self.w

    def activation(self, b):
        return b * 2


class Hidden(Model):
    """Reaches its parameter in roundabout ways."""

    @property
    def weight(self):
        return self.w

    @cached_property
    def kept(self):
        return self.w

    def layer(self, b):
        return super().layer(b)


def with_attribute(w):
    def f(b):
        return b @ f.w

    f.w = w
    return f


class Slots:
    __slots__ = ("w",)

    def __init__(self, w):
        self.w = w

    def __call__(self, b):
        return b @ self.w


class Settings:
    """Where a module keeps what its functions use."""

    w = None


def by_settings(b):
    return b @ Settings.w


def with_settings(w):
    Settings.w = w
    return lambda b: by_settings(b)


CAPTURES = {
    "closure": lambda w: lambda b: b @ w,
    "default": lambda w: lambda b, w=w: b @ w,
    "partial": lambda w: partial(layer, w=w),
    "bound method": lambda w: w.__rmatmul__,
    "nested function": lambda w: (lambda f: lambda b: f(b))(lambda b: b @ w),
    "list": lambda w: (lambda ws: lambda b: b @ ws[0])([w]),
    "deque": lambda w: (lambda ws: lambda b: b @ ws[0])(deque([w])),
    "attribute": lambda w: (lambda model: lambda b: b @ model.w)(Model(w)),
    "attribute of an attribute": lambda w: (lambda model: lambda b: b @ model.inner.w)(Model(None, Model(w))),
    "attribute without a dict": lambda w: (lambda model: lambda b: b @ model.w)(Slots(w)),
    "method": lambda w: Model(w).layer,
    "method of what is captured": lambda w: (lambda model: lambda b: model.layer(b))(Model(w)),
    "property": lambda w: (lambda model: lambda b: b @ model.weight)(Hidden(w)),
    "cached property": lambda w: (lambda model: lambda b: b @ model.kept)(Hidden(w)),
    "method of the class above": lambda w: Hidden(w).layer,
    "attribute of the function": with_attribute,
    "mapping": lambda w: (lambda ws: lambda b: b @ ws["w"])(UserDict(w=w)),
    "read-only mapping": lambda w: (lambda ws: lambda b: b @ ws["w"])(MappingProxyType({"w": w})),
    "callable object": lambda w: Slots(w),
    "function inside": lambda w: lambda b: (lambda c: c @ w)(b),
    "class attribute, in another function of the module": with_settings,
    "transformed function": lambda w: xpgrad.checkpoint(lambda b: b @ w),
}


@pytest.mark.parametrize("kind", CAPTURES)
def test_captured_variables_are_refused_early(kind, variable, data):
    f = CAPTURES[kind](variable)
    with autograd.record():
        with pytest.raises(ValueError, match=r"pass it as a positional argument, or its detach\(\)"):
            xp.map_blocks(f, data.X, drop_axis=1)
        with pytest.raises(ValueError, match="pass it as a positional argument"):
            xp.value_and_grad_blocks(f)(data.w, data.X)


@pytest.mark.parametrize("wrapped", [lambda w: w, lambda w: [w], lambda w: {"w": w}])
def test_keywords_that_are_recorded_are_refused(wrapped, variable, data):
    with autograd.record(), pytest.raises(ValueError, match="the keyword w"):
        xp.map_blocks(layer, data.X, w=wrapped(variable), drop_axis=1)


def test_a_function_may_use_other_attributes_of_what_holds_its_argument(data, compute):
    model = Model(None)

    def loss(w):
        model.w = Settings.T = w
        return xp.sum(xp.map_blocks(lambda b, w: model.activation(b.T.T @ w), data.X, w, drop_axis=1, dtype=float))

    _, gradient = tracked(loss, data.w)
    np.testing.assert_allclose(compute(gradient), 2 * data.x.sum(axis=0))


@pytest.mark.parametrize(
    "lazy",
    [
        lambda w, k: ((w, [k]), {}),
        lambda w, k: ((w, delayed(data_of)(k)), {}),
        lambda w, k: ((w,), {"k": k}),
        lambda w, k: ((w,), {"k": {"a": k}}),
        lambda w, k: ((w,), {"k": delayed(data_of)(k)}),
        lambda w, k: (([w, xp.asarray(k)],), {}),
    ],
)
def test_lazy_values_are_positional_arguments_where_a_gradient_is_wanted(lazy, variable, data):
    args, options = lazy(variable, da.ones(6, chunks=3))
    with autograd.record(), pytest.raises(ValueError, match="positional arguments of their own"):
        xp.map_blocks(lambda b, *args, **options: b, data.X, *args, dtype=float, **options)


def data_of(x):
    return x


@pytest.mark.parametrize("name", ["map_blocks", "blockwise", "map_overlap"])
def test_arrays_in_trees_get_gradients(name, data, compute):
    def f(b, params):
        return b @ params["w"] + params["more"][0]

    def loss(w, c):
        params = {"w": w, "more": [c, "name", None]}
        return xp.sum(
            {
                "map_blocks": lambda: xp.map_blocks(f, data.X, params, drop_axis=1, dtype=float),
                "blockwise": lambda: xp.blockwise(f, "i", data.X, "ij", params, None, concatenate=True, dtype=float),
                "map_overlap": lambda: xp.map_overlap(
                    f, data.X, params, depth={0: 1}, boundary="none", drop_axis=1, dtype=float
                ),
            }[name]()
            ** 2
        )

    found = compute(*tracked(loss, data.w, np.asarray(2.0)))
    r = data.x @ data.w + 2.0
    for value, expected in zip(found, (r @ r, 2 * r @ data.x, 2 * r.sum()), strict=True):
        np.testing.assert_allclose(value, expected)


TAKERS = {
    "map_blocks": lambda f, x, p, **k: xp.map_blocks(f, x, p, dtype=float, **k),
    "blockwise": lambda f, x, p, **k: xp.blockwise(f, "i", x, "i", p, None, dtype=float, **k),
    "apply_gufunc": lambda f, x, p, **k: xp.apply_gufunc(partial(f, p=[]), "()->()", x, output_dtypes=float, **k),
    "map_overlap": lambda f, x, p, **k: xp.map_overlap(partial(f, p=[]), x, depth=1, boundary=0, dtype=float, **k),
}


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", TAKERS)
def test_arrays_in_trees_are_as_they_were_and_without_history(name, recorded, compute):
    def scaled(b, p, *, k):
        arrays = [x for x in (b, *p, k["w"]) if isinstance(x, xpgrad.Array)]
        assert len(arrays) in (0, 2 + len(p))
        return b * k["w"]

    w = xn.asarray(np.asarray(3.0))
    x = xp.asarray(da.ones(4, chunks=2))
    if recorded:
        x.attach_grad()
    with autograd.record():
        found = TAKERS[name](scaled, x, [w], k={"w": w})
        with autograd.pause():
            w *= 2.0
        w.attach_grad()
        np.testing.assert_allclose(compute(found.detach()), np.full(4, 3.0))


def test_apply_gufunc_takes_no_trees(variable, data):
    with autograd.record(), pytest.raises(ValueError, match="one by one"):
        xp.apply_gufunc(lambda b, ws: b * ws[0], "(i),(i)->(i)", data.X, [variable], output_dtypes=float)


def test_a_function_that_returns_no_array_is_named(variable, data, compute):
    def constant(b, w):
        return 3.0

    with autograd.record():
        found = xp.map_blocks(constant, data.X, variable, dtype=float)
        loss = xp.sum(found)
    loss.backward()
    with pytest.raises(TypeError, match=r"constant returned 3\.0"):
        compute(variable.grad)


@pytest.mark.parametrize("split_every", [None, 2, {0: 2}])
def test_reduction_joins_as_many_blocks_as_it_is_told(split_every, data, compute):
    def total(block, axis, keepdims):
        return block.__array_namespace__().sum(block, axis=axis, keepdims=keepdims)

    found = xp.reduction(data.X, total, total, axis=np.int64(0), split_every=split_every, dtype=float)
    np.testing.assert_allclose(compute(found), data.x.sum(axis=0))
    with pytest.raises(TypeError, match="name"):
        xp.reduction(data.X, total, total, name="mine")


def test_detached_arrays_may_be_captured(variable, data, compute):
    w = variable.detach()
    _, gradient = tracked(lambda x: xp.sum(xp.map_blocks(lambda b: b @ w, x, drop_axis=1, dtype=float)), data.X)
    np.testing.assert_allclose(compute(gradient), np.broadcast_to(data.w, (80, 6)))


def test_dir_names_what_there_is_beyond_the_standard():
    assert {"map_blocks", "value_and_grad_blocks", "explain", "sin"} <= set(dir(xp))
    assert "map_blocks" not in dir(xn)
    with pytest.raises(AttributeError):
        xn.map_blocks  # noqa: B018  # asking is the test


def test_keys_are_the_same_when_a_step_is_built_again(data):
    def step():
        return xp.value_and_grad_blocks(squared)({"w": data.w, "b": [0.5]}, data.X, data.Y)[0]

    assert step().name == step().name


def test_a_parameter_before_the_data(data, compute):
    _, by_w, by_x = tracked(lambda w, x: xp.sum(xp.map_blocks(lambda w, b: b * w, w, x)), data.w, data.X)
    np.testing.assert_allclose(compute(by_x), np.broadcast_to(data.w, data.x.shape))
    np.testing.assert_allclose(compute(by_w), data.x.sum(axis=0))


def test_numpy_operands_that_have_indices(compute):
    x, w = np.random.default_rng(0).normal(size=(12, 6)), np.random.default_rng(1).normal(size=(6, 3))
    chunked = da.from_array(x, chunks=((5, 7), (2, 4)))

    def contraction(x, w):
        product = xp.blockwise(lambda a, b: a @ b, "ik", x, "ij", w, "jk", concatenate=True, dtype=float)
        return xp.sum(product**2)

    def rows(x, w):
        def weighted(a, w):
            return a.__array_namespace__().sum(a * w, axis=-1)

        return xp.sum(xp.apply_gufunc(weighted, "(i),(i)->()", x, w, output_dtypes=float, allow_rechunk=True) ** 2)

    _, by_x, by_w = tracked(contraction, chunked, w)
    assert by_x.chunks == chunked.chunks
    np.testing.assert_allclose(compute(by_x), 2 * x @ w @ w.T)
    np.testing.assert_allclose(compute(by_w), 2 * x.T @ x @ w)
    _, by_x, by_w = tracked(rows, chunked, w[:, 0])
    assert by_x.chunks == chunked.chunks
    np.testing.assert_allclose(compute(by_x), 2 * np.outer(x @ w[:, 0], w[:, 0]))
    np.testing.assert_allclose(compute(by_w), 2 * x.T @ x @ w[:, 0])


def test_losses_of_blocks_without_samples_and_in_single_precision(compute):
    x, w = np.random.default_rng(0).normal(size=(12, 6)), np.ones(6)
    x[:5] = -1
    chunked = da.from_array(x, chunks=(5, 6))

    def loss(w, block):
        return block.__array_namespace__().mean((block @ w) ** 2)

    chosen = x[x[:, 0] > 0]
    value, gradient = compute(*xp.value_and_grad_blocks(loss, "mean")(w, chunked[chunked[:, 0] > 0]))
    np.testing.assert_allclose(value, np.mean((chosen @ w) ** 2))
    np.testing.assert_allclose(gradient, 2 * chosen.T @ (chosen @ w) / len(chosen))
    value, gradient = xp.value_and_grad_blocks(loss, "mean")(w.astype("f4"), chunked.astype("f4"))
    assert value.dtype == gradient.dtype == compute(value).dtype == compute(gradient).dtype == "float32"


def squares(w, x):
    space = x.__array_namespace__()
    return space.sum((x @ w) ** 2)


def test_samples_that_a_mask_leaves_may_have_their_columns_in_several_blocks(compute):
    x, w = np.arange(24.0).reshape(6, 4), np.asarray([1.0, -2.0, 0.5, 3.0])
    mask = np.asarray([True, False, True, True, False, False])
    masked = da.from_array(x, chunks=(2, 2))[da.from_array(mask, chunks=2)]
    value, gradient = compute(*xp.value_and_grad_blocks(squares)(w, masked))
    np.testing.assert_allclose(value, np.sum((x[mask] @ w) ** 2))
    np.testing.assert_allclose(gradient, 2 * x[mask].T @ (x[mask] @ w))


def test_a_parameter_of_unknown_length_has_to_be_in_one_block():
    w = da.from_array(np.arange(4.0), chunks=2)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        xp.value_and_grad_blocks(squares)(w[w > 0], da.ones((6, 3), chunks=(2, 3)))
