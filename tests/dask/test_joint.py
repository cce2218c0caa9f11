"""A function's forward pass shares a task with its backward, where the cotangent does not wait for its value."""

import dask
import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import tracked

import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd

pytestmark = pytest.mark.usefixtures("nothing_computes")

X = np.random.default_rng(0).normal(size=(12, 3))
W = np.random.default_rng(1).normal(size=3)


def chunked():
    return da.from_array(X, chunks=(4, 3))


@pytest.fixture
def calls():
    return []


@pytest.fixture
def counting(calls):
    """tanh(x @ w), which notes for how many rows it was called."""

    def function(block, w):
        calls.append(block.shape[0])
        return xn.tanh(block @ w)

    return function


def rows(calls, compute, *arrays):
    """What the arrays are, and for how many rows the function ran; Dask tries it on none to learn the dtype."""
    calls.clear()
    return compute(*arrays), sum(calls)


def by_parameter(f):
    return tracked(lambda w: xp.sum(xp.map_blocks(f, chunked(), w, drop_axis=1, dtype=float)), W)


def by_data(f):
    return tracked(lambda x: xp.sum(xp.map_blocks(f, x, W, drop_axis=1, dtype=float)), chunked())


def by_both(f):
    return tracked(lambda x, w: 3 * xp.sum(xp.map_blocks(f, x, w, drop_axis=1, dtype=float)), chunked(), W)


def by_gufunc(f):
    return tracked(lambda w: xp.sum(xp.apply_gufunc(f, "(i),(i)->()", chunked(), w, output_dtypes=float)), W)


def with_a_new_axis(f):
    def wide(block, w):
        return f(block, w)[:, None] * w

    new = {"drop_axis": 1, "new_axis": 1, "chunks": ((4, 4, 4), (3,)), "dtype": float}
    return tracked(lambda x, w: xp.sum(xp.map_blocks(wide, x, w, **new)), chunked(), W)


@pytest.mark.parametrize("build", [by_parameter, by_data, by_both, by_gufunc, with_a_new_axis])
def test_each_block_goes_forward_once(build, counting, calls, compute):
    expected = [rows(calls, compute, x) for x in build(counting)]
    assert [count for _, count in expected] == [12] * len(expected)
    for fusion in (True, False):
        with dask.config.set({"xpgrad.fusion": fusion}):
            found, count = rows(calls, compute, *build(counting))
        assert count == 12
        for a, (b, _) in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_value_or_a_gradient_alone(counting, calls, compute):
    value, gradient = by_parameter(counting)
    t = np.tanh(X @ W)
    found, count = rows(calls, compute, gradient)
    np.testing.assert_allclose(found, X.T @ (1 - t * t))
    assert count == 12
    np.testing.assert_allclose(compute(value), t.sum())


def test_a_cotangent_that_waits_for_the_value(counting, calls, compute):
    loss = lambda w: xp.sum(xp.map_blocks(counting, chunked(), w, drop_axis=1, dtype=float) ** 2)
    (value, gradient), count = rows(calls, compute, *tracked(loss, W))
    t = np.tanh(X @ W)
    np.testing.assert_allclose(value, np.sum(t * t))
    np.testing.assert_allclose(gradient, X.T @ (2 * t * (1 - t * t)))
    assert count == 24


def test_one_function_after_another(counting, calls, compute):
    def loss(w):
        h = xp.map_blocks(counting, chunked(), w, drop_axis=1, dtype=float)
        return xp.sum(xp.map_blocks(lambda h: h * h * h, h)) + xp.sum(h)

    (value, gradient), _ = rows(calls, compute, *tracked(loss, W))
    t = np.tanh(X @ W)
    np.testing.assert_allclose(value, np.sum(t**3 + t))
    np.testing.assert_allclose(gradient, X.T @ ((3 * t * t + 1) * (1 - t * t)))


def test_a_value_that_is_asked_for_itself(counting, compute):
    outputs = []

    def loss(w):
        outputs.append(xp.map_blocks(counting, chunked(), w, drop_axis=1, dtype=float))
        return xp.sum(outputs[0])

    value, gradient = tracked(loss, W)
    t = np.tanh(X @ W)
    for a, b in zip(compute(value, gradient, outputs[0]), (t.sum(), X.T @ (1 - t * t), t), strict=True):
        np.testing.assert_allclose(a, b)


@pytest.mark.parametrize("chunks", [4, 12])
def test_a_gradient_that_was_taken_before_is_computed_together(chunks, compute):
    """It holds the tasks of the function pulled back, and the loss by now those that make its value as well."""
    x, w = da.from_array(X, chunks=(chunks, 3)), xn.asarray(W)
    w.attach_grad()
    with autograd.record():
        loss = xp.sum(xp.map_blocks(lambda block, w: xn.tanh(block @ w), x, w, drop_axis=1, dtype=float))
        first = autograd.grad(loss, w, create_graph=True, retain_graph=True)
    loss.backward()
    t = np.tanh(X @ W)
    value, *gradients = compute(loss, first, w.grad)
    np.testing.assert_allclose(value, t.sum())
    for gradient in gradients:
        np.testing.assert_allclose(gradient, X.T @ (1 - t * t))
