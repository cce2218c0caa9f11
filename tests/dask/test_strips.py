"""A region's task in strips of rows computes what it computes on the block as a whole."""

import operator

import dask
import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import ALL, IN_BLOCKS, Data, tracked

import xpgrad.dask as xp
from xpgrad_dask import strips

pytestmark = pytest.mark.usefixtures("nothing_computes")


@pytest.fixture
def in_strips(monkeypatch):
    """Makes strips of 4 rows and more out of any block, and counts the blocks."""
    counts = []
    original = strips._in_strips

    def counting(*arguments):
        done = original(*arguments)
        counts.append(done)
        return done

    monkeypatch.setattr(strips, "_SMALL", 8 * 2**5)
    monkeypatch.setattr(strips, "_FEWEST_ROWS", 4)
    monkeypatch.setattr(strips, "_large", lambda blocks, how: True)
    monkeypatch.setattr(strips, "_in_strips", counting)
    return counts


@pytest.mark.parametrize("name", IN_BLOCKS)
def test_gradients_are_those_by_hand(name, in_strips, compute):
    data = Data(3, 53)
    for a, b in zip(compute(*ALL[name][1](data)), compute(*ALL[name][0](data)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)
    assert in_strips == [True] * 3


LOSSES = {
    "a gradient by the data": lambda x: xp.sum(xp.exp(x) * x),
    "rows along the last axis": lambda x: xp.sum(xp.tanh(x.T * 2) ** 2),
    "means, and a new axis": lambda x: xp.mean(x[:, None, :2] * x[:, :2, None], axis=(0, 2))[1] + xp.mean(x),
    "float32": lambda x: xp.sum(xp.astype(x, xp.float32) * 2),
    "where": lambda x: xp.sum(xp.where(x > 0, xp.sqrt(xp.abs(x)), 0.0)),
    "one number for all": lambda x: xp.sqrt(xp.sum(xp.sum(x * x, axis=1) + 1.0)),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("chunks", [(40, 6), ((30, 1, 59), 6)])
def test_other_losses(name, chunks, in_strips, compute):
    x = np.random.default_rng(0).normal(size=(90 if chunks[0] != 40 else 120, 6))
    loss = LOSSES[name]
    found = compute(*tracked(loss, da.from_array(x, chunks=chunks)))
    assert any(in_strips)
    with dask.config.set({"xpgrad.fusion": False}):
        expected = compute(*tracked(loss, da.from_array(x, chunks=chunks)))
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-5 if name == "float32" else 1e-10)


def test_what_looks_at_other_rows_keeps_its_block(in_strips, compute):
    x = np.random.default_rng(0).normal(size=(120, 6))

    def loss(x):
        return xp.sum(xp.map_blocks(lambda block: block - block[:1], xp.exp(x)) ** 2)

    _, gradient = compute(*tracked(loss, da.from_array(x, chunks=(40, 6))))
    assert not in_strips
    e = np.exp(x).reshape(3, 40, 6)
    d = 2 * (e - e[:, :1])
    d[:, :1] -= d.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(gradient, (d * e).reshape(120, 6))


def test_wide_arrays_keep_their_block(in_strips, compute):
    x = np.random.default_rng(0).normal(size=(120, 40))
    _, gradient = compute(*tracked(lambda x: xp.sum(xp.exp(x)), da.from_array(x, chunks=(40, 40))))
    assert in_strips == [False] * 3
    np.testing.assert_allclose(gradient, np.exp(x))


def test_large_sums_are_not_added_up_strip_by_strip(in_strips, compute):
    x, w = np.random.default_rng(0).normal(size=(120, 8)), np.ones((8, 8))
    _, gradient = compute(*tracked(lambda w: xp.sum(xp.asarray(da.from_array(x, chunks=(40, 8))) @ w), w))
    assert in_strips == [False] * 3
    np.testing.assert_allclose(gradient, np.repeat(x.sum(axis=0)[:, None], 8, axis=1))


@pytest.mark.parametrize(("columns", "in_columns"), [(3, True), (40, False)])
def test_few_columns_of_a_product_lie_one_after_the_other(columns, in_columns):
    rng = np.random.default_rng(0)
    block, w = rng.normal(size=(50, 6)), rng.normal(size=(6, columns))
    product = (xp.asarray(da.from_array(block, chunks=(25, 6))) @ w).data
    kernel = product.dask.layers[product.name].task.func
    of_strips = strips._in_columns(kernel)(block, w)
    assert kernel(block, w).flags.c_contiguous  # what users get
    assert of_strips.flags.f_contiguous == in_columns
    np.testing.assert_allclose(of_strips, block @ w)


def test_what_follows_such_a_product(in_strips, compute):
    rng = np.random.default_rng(0)
    x, w = da.from_array(rng.normal(size=(150, 6)), chunks=(50, 6)), rng.normal(size=(6, 3))

    def loss(w):
        s = xp.asarray(x) @ w
        return xp.sum(xp.log(xp.sum(xp.exp(s - xp.max(s, axis=1, keepdims=True)), axis=1)))

    found = compute(*tracked(loss, w))
    assert all(in_strips)
    with dask.config.set({"xpgrad.fusion": False}):
        expected = compute(*tracked(loss, w))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["add", "mul", "sub", "truediv"])
def test_a_number_for_each_row_with_one_for_each_column(name):
    rng = np.random.default_rng(0)
    rows, columns, plain = rng.normal(size=(50, 1)), rng.normal(size=3), getattr(operator, name)
    function = strips._in_columns(plain)
    for a, b in ((rows, columns), (columns, rows)):
        assert function(a, b).flags.f_contiguous
        np.testing.assert_array_equal(function(a, b), plain(a, b))
    for a, b in ((rows, 2.0), (2.0, columns), (rows, rng.normal(size=40)), (columns, columns)):
        assert function(a, b).flags.c_contiguous
        np.testing.assert_array_equal(function(a, b), plain(a, b))


@pytest.mark.parametrize(("features", "in_columns"), [(4, False), (20, True)])
def test_data_with_short_rows_stay_in_rows(features, in_columns, in_strips, compute, monkeypatch):
    flags = []
    monkeypatch.setattr(strips, "_call", lambda step, flag, call=strips._call: flags.append(flag) or call(step, flag))
    rng = np.random.default_rng(0)
    x, w = da.from_array(rng.normal(size=(150, features)), chunks=(50, features)), rng.normal(size=(features, 2))
    compute(*tracked(lambda w: xp.sum(xp.exp(xp.asarray(x) @ w)), w))
    assert set(flags) == {in_columns}
