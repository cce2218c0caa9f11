"""A number that is known only when all blocks are done is multiplied in at the end: one pass over the data."""

import operator
from functools import partial

import dask
import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import Data, tracked
from dask.highlevelgraph import HighLevelGraph

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd
from xpgrad_dask.regions import fuse

pytestmark = pytest.mark.usefixtures("nothing_computes")


def residuals(xp, x, y, w):
    return x @ w - y


def rows(xp, x, y, w):
    r = x * w
    m = xp.max(r, axis=1, keepdims=True)
    return xp.log(xp.sum(xp.exp(r - m), axis=1, keepdims=True)) + m


def squares(xp, z):
    return xp.sum(z * z)


def cosine(xp, z, y):
    return xp.sum(z * y) / xp.sqrt(xp.sum(z * z))


def weighted(xp, z, y):
    e = xp.exp(0.1 * z)
    return xp.sum(e * (y - z) ** 2) / xp.sum(e)


def dice(xp, p, y):
    return 1 - 2 * xp.sum(p * y) / (xp.sum(p) + xp.sum(y))


def many(xp, z, y):
    return xp.sum(z * y) * xp.sqrt(xp.sum(z * z)) / xp.sum(xp.exp(0.1 * z)) * xp.sum(z**4) * xp.sum(xp.sin(z))


def written(z):
    z[np.asarray([5, 0, 3])] = z[np.asarray([1, 2, 3])]
    return z


LOSSES = {
    "two numbers of their own": lambda xp, x, y, w: xp.sum((x @ w) * y) / xp.sqrt(xp.sum((x @ w) ** 2)),
    "root": lambda xp, x, y, w: xp.sqrt(xp.mean(residuals(xp, x, y, w) ** 2)),
    "dot product": lambda xp, x, y, w: xp.log(residuals(xp, x, y, w) @ residuals(xp, x, y, w)),
    "vecdot": lambda xp, x, y, w: xp.sqrt(xp.vecdot(residuals(xp, x, y, w), residuals(xp, x, y, w))),
    "where": lambda xp, x, y, w: xp.sqrt(xp.sum(xp.where(y > 0, (x @ w) ** 2, 0.0))),
    "rows": lambda xp, x, y, w: xp.exp(xp.mean(rows(xp, x, y, w))),
    "network": lambda xp, x, y, w: xp.log(xp.mean((xp.tanh(x * w + w) @ w - y) ** 2)),
    "penalty": lambda xp, x, y, w: xp.sqrt(xp.mean(residuals(xp, x, y, w * w) ** 2)) + xp.sum(w * w),
    "a number, and twice that": lambda xp, x, y, w: (squares(xp, x * w) + xp.sum((x @ w) ** 2)) ** 2,
    "root of a root": lambda xp, x, y, w: xp.sqrt(1 + xp.sqrt(xp.sum(residuals(xp, x, y, w) ** 2))),
}

#: Where several numbers meet in a block: each has its own way back.
LOSSES |= {
    "two numbers": lambda xp, x, y, w: cosine(xp, x @ w, y),
    "ratio": lambda xp, x, y, w: xp.sum((x @ w) ** 2) / xp.sum(xp.exp(-((x @ w) ** 2))),
    "correlation": lambda xp, x, y, w: cosine(xp, x @ w, y) / xp.sqrt(xp.sum(y * y)),
    "differences": lambda xp, x, y, w: xp.sum((x @ w) * y - (x @ w) ** 2) / xp.sqrt(xp.sum((x @ w) ** 2 - 3 * (x @ w))),
    "weighted mean": lambda xp, x, y, w: weighted(xp, x @ w, y),
    "dice": lambda xp, x, y, w: dice(xp, 1 / (1 + xp.exp(-(x @ w))), y),
    "variance as a difference": lambda xp, x, y, w: xp.mean((x @ w) ** 2) - xp.mean(x @ w) ** 2,
    "three numbers": lambda xp, x, y, w: cosine(xp, xp.tanh(x @ w), y) * xp.sum(xp.exp(0.1 * (x @ w))),
}

#: Where the data depend on a number, or there are too many; that takes two passes.
IN_TWO_PASSES = {
    "many numbers": lambda xp, x, y, w: many(xp, x @ w, y),
    "deviation": lambda xp, x, y, w: xp.std(residuals(xp, x, y, w)),
    "written by place": lambda xp, x, y, w: xp.sqrt(squares(xp, written(residuals(xp, x, y, w)))),
}


def built(loss, data):
    return tracked(lambda w: loss(xp, xp.asarray(data.X), xp.asarray(data.Y), w), data.w)


@pytest.mark.parametrize("name", LOSSES | IN_TWO_PASSES)
def test_gradients_are_right(name, compute):
    loss, data = (LOSSES | IN_TWO_PASSES)[name], Data()
    expected = xpgrad.grad(partial(loss, xn, xn.asarray(data.x), xn.asarray(data.y)))(data.w)
    _, gradient = compute(*built(loss, data))
    np.testing.assert_allclose(gradient, expected, rtol=1e-10)


@pytest.mark.parametrize("name", LOSSES)
def test_one_pass(name, tasks):
    few, many = (tasks(*built(LOSSES[name], Data(blocks))) for blocks in (64, 128))
    assert many - few < 2.1 * 64  # with one operation whose result lies across


@pytest.mark.parametrize("name", IN_TWO_PASSES)
def test_two_passes(name, tasks):
    few, many = (tasks(*built(IN_TWO_PASSES[name], Data(blocks))) for blocks in (64, 128))
    assert many - few > 2 * 64


def test_single_precision_stays(compute):
    data = Data()
    x = xp.asarray(data.X.astype("float32"))
    value, gradient = compute(*tracked(lambda w: xp.sqrt(xp.mean(xp.exp(x @ w))), data.w.astype("float32")))
    assert value.dtype == gradient.dtype == np.float32


def test_a_task_inside_a_task_is_seen(compute):
    data = Data()
    product = data.X * da.exp(data.X).sum()
    squares = {("squares", i, 0): (operator.add, (np.square, (product.name, i, 0)), 0) for i in range(16)}
    layers = HighLevelGraph.from_collections("squares", squares, dependencies=[product])
    x = da.Array(layers, "squares", data.X.chunks, meta=data.X._meta)
    (fused,), _ = fuse([x.sum(axis=0)])
    np.testing.assert_allclose(compute(fused), ((data.x * np.exp(data.x).sum()) ** 2).sum(axis=0))


@pytest.mark.parametrize("fusion", [True, False])
@pytest.mark.parametrize(
    "loss",
    [
        lambda xp, x, w: xp.sqrt(xp.mean(xp.maximum(1 - x @ w, 0.0) ** 2)) + 0.1 * xp.sum(w**2),
        lambda xp, x, w: xp.sqrt(xp.sum(xp.where(x @ w < 0, (x @ w) ** 2, 0.0))) + xp.sum(w),
        lambda xp, x, w: xp.sum(xp.maximum(-(x @ w), 0.0) ** 3) ** (1 / 3) + xp.sum(w),
    ],
)
def test_what_is_masked_out_stays_zero_where_the_number_is_infinite(loss, fusion, compute):
    found = []
    for namespace, x in ((xp, xp.asarray(da.ones((10, 3), chunks=(4, 3)))), (xn, xn.asarray(np.ones((10, 3))))):
        w = xn.asarray(np.asarray([1.0, 2.0, 3.0]))
        w.attach_grad()
        with autograd.record(), dask.config.set({"xpgrad.fusion": fusion}):
            value = loss(namespace, x, w)
            value.backward()
        found.append(compute(w.grad))
    np.testing.assert_allclose(*found, rtol=1e-12)
