"""Gather and scatter with keys of all kinds, known and lazy, over many chunkings: as NumPy does it."""

from functools import partial
from itertools import product

import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import tracked

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd
from xpgrad_dask import places

pytestmark = pytest.mark.usefixtures("nothing_computes")

KINDS = {
    "slice": lambda rng, n: slice(*sorted(rng.integers(-n - 1, n + 2, 2)), int(rng.integers(1, 3))),
    "backwards": lambda rng, n: slice(*sorted(rng.integers(-n - 1, n + 2, 2))[::-1], -int(rng.integers(1, 3))),
    "integer": lambda rng, n: int(rng.integers(-n, n)),
    "array": lambda rng, n: rng.integers(-n, n, (2, 3)),
    "whole": lambda rng, n: slice(None),
}


def random_key(rng, shape):
    parts = [KINDS[kind](rng, n) for kind, n in zip(rng.choice([*KINDS], len(shape)), shape, strict=True)]
    if rng.random() < 0.3:
        parts.insert(rng.integers(len(parts) + 1), None)
    if rng.random() < 0.3:
        at = rng.integers(len(parts) + 1)
        end = at
        while end < len(parts) and isinstance(parts[end], slice) and parts[end] == slice(None):
            end += 1
        parts[at:end] = [Ellipsis]
    return tuple(parts)


def chunked(rng, a):
    """In blocks, of which some are empty, as a mask may leave them."""
    chunks = [list(da.core.normalize_chunks(int(rng.integers(1, max(n, 1) + 1)), (n,))[0]) for n in a.shape]
    for lengths in chunks:
        for _ in range(rng.integers(3) if rng.random() < 0.3 else 0):
            lengths.insert(rng.integers(len(lengths) + 1), 0)
    return da.from_array(a, chunks=tuple(map(tuple, chunks)))


@pytest.mark.parametrize("seed", range(60))
def test_every_key_does_as_in_numpy(seed, compute):
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 6, rng.integers(1, 4)))
    x = rng.normal(size=shape)
    key = random_key(rng, shape)
    lazy = rng.random() < 0.5
    given = tuple(da.from_array(k, chunks=2) if lazy and isinstance(k, np.ndarray) else k for k in key)
    lazy_x = chunked(rng, x)
    found = places.getitem(lazy_x, given)
    assert found.shape == x[key].shape
    np.testing.assert_array_equal(compute(found), x[key])
    values, sums = rng.normal(size=x[key].shape), np.zeros(shape)
    np.add.at(sums, key, values)
    np.testing.assert_allclose(compute(places.scatter(chunked(rng, values), given, shape)), sums)
    value = rng.normal(size=tuple(1 if rng.random() < 0.3 else n for n in x[key].shape))
    written = x.copy()
    written[key] = value
    np.testing.assert_array_equal(compute(places.setitem(lazy_x, chunked(rng, value), given)), written)


@pytest.mark.parametrize("axis", [0, 1])
def test_masks_yet_to_be_computed(axis, compute):
    rng = np.random.default_rng(axis)
    x = rng.normal(size=(7, 5))
    lazy_x = da.from_array(x, chunks=(3, 2))
    rows = lazy_x.sum(axis=1 - axis) > 0
    key = (*(slice(None),) * axis, rows)
    _, gradient = tracked(lambda x: xp.sum(x[key] ** 2), lazy_x)
    mask = np.expand_dims(x.sum(axis=1 - axis) > 0, 1 - axis)
    np.testing.assert_allclose(compute(gradient), np.where(mask, 2 * x, 0))
    _, gradient = tracked(lambda x: xp.sum(x[x > 0] ** 2), lazy_x)
    np.testing.assert_allclose(compute(gradient), np.where(x > 0, 2 * x, 0))


def test_writes_under_a_mask(compute):
    x = np.random.default_rng(0).normal(size=(7, 5))

    def loss(x, v):
        y = x * 1
        y[x > 0] = v
        return xp.sum(y * y)

    _, by_x, by_v = tracked(loss, da.from_array(x, chunks=(3, 2)), np.asarray(0.5))
    np.testing.assert_allclose(compute(by_x), np.where(x > 0, 0, 2 * x))
    np.testing.assert_allclose(compute(by_v), np.sum(x > 0))


def test_a_table_in_memory_is_looked_up_block_by_block(tasks, compute):
    rng = np.random.default_rng(0)
    index = rng.integers(0, 50, (640, 3))
    table = rng.normal(size=(50, 4))

    def loss(table):
        return xp.sum(table[xp.asarray(da.from_array(index, chunks=(10, 3)))] ** 3)

    value, gradient = tracked(loss, table)
    expected = np.zeros_like(table)
    np.add.at(expected, index, 3 * table[index] ** 2)
    np.testing.assert_allclose(compute(gradient), expected)
    assert tasks(value, gradient) < 2.3 * 64  # with reading the index


def test_blocks_are_routed_where_the_index_is_known(tasks):
    x = da.ones(640, chunks=10)
    shuffled = np.random.default_rng(0).permutation(640)
    assert tasks(places.scatter(x, shuffled, (640,))) < 64 * 2 + 2
    assert tasks(places.scatter(da.ones(639, chunks=10), slice(1, None), places.Shape.of(x))) <= 64 * 2


def test_take_along_axis_and_sort(compute):
    x = np.random.default_rng(0).normal(size=(6, 7))
    weights = np.random.default_rng(1).normal(size=(6, 7))
    _, gradient = tracked(lambda x: xp.sum(xp.sort(x, axis=1) * weights), da.from_array(x, chunks=(2, 3)))
    expected = np.zeros_like(x)
    np.put_along_axis(expected, np.argsort(x, axis=1), weights, axis=1)
    np.testing.assert_allclose(compute(gradient), expected)


def test_a_mask_without_dimensions(compute):
    x = xp.asarray(da.from_array(np.asarray(2.0)))
    x.attach_grad()
    with autograd.record():
        y = x * 3
        y[x > 1] = x**3
    y.backward()
    assert compute(y) == 8
    assert compute(x.grad) == 12


@pytest.mark.parametrize("part", [slice(1, None), slice(None, None, -1), slice(None, None, 1000)], ids=str)
def test_slices_of_long_axes_are_not_gone_through_one_by_one(part):
    x = xp.asarray(da.zeros(10**15, chunks=10**14))
    x.attach_grad()
    with autograd.record():
        y = xp.sum(x[part])
    y.backward()
    assert x.grad.chunks == x.chunks


def test_lazy_indices_and_empty_blocks(compute):
    values, index = np.arange(24.0).reshape(6, 4), np.array([5, 0, 0, -1])
    x = da.from_array(values, chunks=((0, 2, 4), 4))
    value, gradient = tracked(lambda x: xp.sum(xp.take(x, xp.asarray(da.from_array(index, chunks=2)), axis=0) ** 2), x)
    expected = np.zeros_like(values)
    np.add.at(expected, index, 2 * values[index])
    np.testing.assert_allclose(compute(value), np.sum(values[index] ** 2))
    np.testing.assert_allclose(compute(gradient), expected)


@pytest.mark.parametrize("chunks", [(5, 2), ((7, 1, 4), (1, 3)), (12, 4)])
def test_reshape_across_blocks_that_do_not_fit(chunks, compute):
    values = np.random.default_rng(0).normal(size=(12, 4))
    weights = np.random.default_rng(1).normal(size=(8, 6))
    _, gradient = tracked(lambda x: xp.sum(xp.reshape(x, (8, 6)) * weights), da.from_array(values, chunks=chunks))
    np.testing.assert_allclose(compute(gradient), weights.reshape(12, 4))


@pytest.mark.parametrize(
    "of",
    [np.median, lambda x: np.quantile(x, 0.3), lambda x: np.percentile(x, 30, axis=0).sum()],
    ids=["median", "quantile", "percentile"],
)
def test_quantiles_by_numpys_own_functions(of, compute):
    x = np.random.default_rng(0).normal(size=(6, 4))
    value, gradient = tracked(of, da.from_array(x, chunks=(3, 2)))
    _, expected = tracked(of, x)
    np.testing.assert_allclose(compute(value), of(x))
    np.testing.assert_allclose(compute(gradient), expected.asnumpy())


@pytest.mark.parametrize("blocks", list(product((4, 2, 1), repeat=2)))
@pytest.mark.parametrize("bound", [-2.0, 0.0, 2.0])
@pytest.mark.parametrize("ndim", [1, 2])
def test_what_a_mask_leaves_is_in_the_blocks_of_the_mask(blocks, bound, ndim, compute):
    """Also where its cotangent comes in other blocks, those of something that it was written to."""
    values, factors = np.random.default_rng(0).uniform(-1, 1, (2, *(4,) * ndim))

    def gradient(xp, x, w):
        x.attach_grad()
        with autograd.record():
            y = xp.sin(x)
            key = y > bound / 2
            y[key] = y[key] ** 2 + 1.0
            loss = xp.sum(y * w)
        loss.backward()
        return x.grad

    x, w = (xp.asarray(da.from_array(a, chunks=n)) for a, n in zip((values, factors), blocks, strict=True))
    expected = gradient(xn, xn.asarray(values), xn.asarray(factors))
    np.testing.assert_allclose(compute(gradient(xp, x, w)), expected.asnumpy())


@pytest.mark.parametrize("key", [slice(None, None, -1), slice(1, None), np.zeros(0, int), slice(None)])
def test_keys_of_an_array_whose_blocks_are_all_empty(key, compute):
    x = da.from_array(np.zeros((0, 3)), chunks=((0, 0), (2, 1)))
    column = da.from_array(np.zeros(0), chunks=((0, 0, 0),))
    for lazy in (x, column):
        expected = np.zeros(lazy.shape)[key]
        np.testing.assert_array_equal(compute(places.getitem(lazy, key)), expected)
        scattered = places.scatter(da.from_array(expected, chunks=-1), key, lazy.shape)
        np.testing.assert_array_equal(compute(scattered), np.zeros(lazy.shape))


def test_places_that_are_computed_one_by_one_are_written_to(compute):
    def loss(space, x):
        y = x * 1.0
        y[space.argmax(x[:, 0])] = x[0] * 2
        y[:, space.argmin(x[0])] = 3.0
        y[space.argmax(x[:, 1]), 1] = x[1, 0]
        return space.sum(y**2)

    x = np.random.default_rng(0).normal(size=(5, 4))
    found = xpgrad.value_and_grad(lambda x: loss(xp, x))(xp.asarray(da.from_array(x, chunks=2)))
    for a, b in zip(compute(*found), xpgrad.value_and_grad(lambda x: loss(xn, x))(xn.asarray(x)), strict=True):
        np.testing.assert_allclose(a, b.asnumpy())


KEYS = (
    1, -1, 100, -11, (slice(None), 7), (0, 0, 0, 0), (0, 0, 0), (..., 4), (0, ..., -5), slice(2, 5), slice(20, 30),
    None, (None, 0, None), (slice(None, None, -2), 1), ([0, 2],), ([0, 12],), ([0, 1], [1, 2]),
    (0, slice(None), [0, 1]), (..., [1, 2], slice(1, 3)), ([[0, 1], [2, 3]], 0), ([],), np.ones(9, bool),
    np.arange(10) % 2 == 0, np.ones((10, 4), bool), (slice(None), np.array([True, False, True]), 0),
    (0, np.array([True, False]), 0),
    (np.arange(10) > 4, 1),
)  # fmt: skip
SHAPES = ((), (4,), (3,), (2,), (3, 4), (1, 4), (2, 4), (5, 4), (10, 2), (1, 1, 3, 4), (3, 3, 4), (9, 3, 4), (10, 3, 4))


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_what_does_not_fit_is_refused_where_numpy_refuses_it(key, compute):
    values = np.random.default_rng(0).normal(size=(10, 3, 4))

    def same(of_numpy, of_dask):
        try:
            expected = of_numpy()
        except (IndexError, ValueError):
            with pytest.raises((IndexError, ValueError)):
                of_dask()
        else:
            np.testing.assert_array_equal(compute(of_dask()), expected)

    def written(x, value):
        x[key] = value
        return x

    same(lambda: values[key], lambda: xp.asarray(da.from_array(values, chunks=2))[key])
    for shape in SHAPES:
        value = np.random.default_rng(1).normal(size=shape)
        for given in (value, xp.asarray(da.from_array(value, chunks=2))):
            lazy = xp.asarray(da.from_array(values, chunks=2))
            same(partial(written, values.copy(), value), partial(written, lazy, given))
