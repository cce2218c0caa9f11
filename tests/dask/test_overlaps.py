"""`map_overlap` against differences of Dask's own."""

import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import tracked

import xpgrad.dask as xp
import xpgrad.numpy as xn

pytestmark = pytest.mark.usefixtures("nothing_computes")


def stencil(block):
    space = block.__array_namespace__()
    out = space.roll(block, 1, axis=0) * space.sin(block) + space.roll(block, -1, axis=0) * block
    return out + space.roll(block, 2, axis=1) * block if block.ndim > 1 else out


CASES = {
    "vector": ((11,), (4,), 1),
    "matrix": ((9, 7), (3, 3), (1, 2)),
    "blocks of different length": ((9, 7), (5, 7), {0: 2, 1: 2}),
    "one axis": ((9, 4), (3, 2), {0: 1}),
}


@pytest.mark.parametrize("boundary", ["none", "periodic", "reflect", "nearest", 0.5])
@pytest.mark.parametrize("case", CASES)
def test_gradient(case, boundary, compute):
    shape, chunks, depth = CASES[case]
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=shape), rng.normal(size=shape)

    def value(x):
        lazy = da.from_array(x, chunks=chunks)
        out = da.map_overlap(lambda b: stencil(xn.asarray(b)).data, lazy, depth=depth, boundary=boundary)
        return np.sum(compute(out) * weights)

    def loss(x):
        return xp.sum(xp.map_overlap(stencil, x, depth=depth, boundary=boundary) * weights)

    found, gradient = tracked(loss, da.from_array(x, chunks=chunks))
    np.testing.assert_allclose(compute(found), value(x))
    direction, h = rng.normal(size=shape), 1e-6
    differences = (value(x + h * direction) - value(x - h * direction)) / (2 * h)
    np.testing.assert_allclose(np.sum(compute(gradient) * direction), differences, rtol=1e-6)
    assert gradient.chunks == da.from_array(x, chunks=chunks).chunks


def test_margins_of_different_width_and_a_parameter(compute):
    x = np.random.default_rng(0).normal(size=12)

    def before(block, w):
        space = block.__array_namespace__()
        return space.roll(block, 1) * w[0] + space.roll(block, 2) * w[1]

    def loss(x, w):
        return xp.sum(xp.map_overlap(before, x, w, depth={0: (2, 0)}, boundary="none", dtype=float) ** 2)

    w = np.asarray([0.5, -2.0])
    _, _, by_w = tracked(loss, da.from_array(x, chunks=3), w)
    first, second = np.roll(x, 1), np.roll(x, 2)
    first[0], second[:2] = x[2], x[1:3]  # only the first block rolls its own end in
    out = w[0] * first + w[1] * second
    np.testing.assert_allclose(compute(by_w), [np.sum(2 * out * first), np.sum(2 * out * second)])


def test_without_trimming_the_margins_stay(compute):
    x = np.arange(6.0)

    def loss(x):
        return xp.sum(xp.map_overlap(lambda b: b * b, x, depth=1, boundary="none", trim=False))

    _, gradient = tracked(loss, da.from_array(x, chunks=3))
    np.testing.assert_allclose(compute(gradient), 2 * x * [1, 1, 2, 2, 1, 1])
