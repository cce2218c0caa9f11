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


def test_without_trimming_the_margins_stay_if_it_is_said(compute):
    x = np.arange(6.0)

    def loss(x):
        options = {"depth": 1, "boundary": "none", "trim": False, "chunks": ((4, 4),)}
        return xp.sum(xp.map_overlap(lambda b: b * b, x, **options))

    _, gradient = tracked(loss, da.from_array(x, chunks=3))
    np.testing.assert_allclose(compute(gradient), 2 * x * [1, 1, 2, 2, 1, 1])


@pytest.mark.parametrize("chunks", [3, (1, 4, 4)])
def test_without_trimming_the_function_is_to_trim(chunks, compute):
    x = da.from_array(np.arange(9.0), chunks=(chunks,))

    def run(x):
        options = {"depth": 2, "boundary": "nearest", "trim": False, "dtype": float}
        return xp.map_overlap(lambda b: b[2:-2] ** 2, x, **options)

    value, gradient = tracked(lambda x: xp.mean(run(x)), x)
    np.testing.assert_allclose(compute(value), np.mean(np.arange(9.0) ** 2))
    np.testing.assert_allclose(compute(gradient), 2 * np.arange(9.0) / 9)
    assert gradient.chunks == x.chunks


@pytest.mark.parametrize("chunks", [(4, 3), (9, 2), (2, 7)])
@pytest.mark.parametrize("option", [{}, {"align_arrays": True, "allow_rechunk": True}], ids=["default", "said"])
def test_arrays_come_in_common_blocks(chunks, option, compute):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(9, 7)), rng.normal(size=(9, 7))

    def product(a, b):
        return a.__array_namespace__().roll(a, 1, axis=0) * b

    def loss(x, y):
        return xp.sum(xp.map_overlap(product, x, y, depth=1, boundary="periodic", dtype=float, **option) ** 2)

    lazy_x, lazy_y = da.from_array(x, chunks=(3, 7)), da.from_array(y, chunks=chunks)
    found, by_x, by_y = tracked(loss, lazy_x, lazy_y)
    out = np.roll(x, 1, axis=0) * y
    np.testing.assert_allclose(compute(found), np.sum(out**2))
    np.testing.assert_allclose(compute(by_x), np.roll(2 * out * y, -1, axis=0))
    np.testing.assert_allclose(compute(by_y), 2 * out * np.roll(x, 1, axis=0))
    assert (by_x.chunks, by_y.chunks) == (lazy_x.chunks, lazy_y.chunks)


def test_axes_that_the_function_drops_or_adds_have_no_margins(compute):
    x = np.random.default_rng(0).normal(size=(9, 4))

    def rows(block):
        space = block.__array_namespace__()
        return space.sum(space.roll(block, 1, axis=0) * block, axis=1)

    def pairs(block):
        space = block.__array_namespace__()
        return space.stack([space.roll(block, 1, axis=0), block])

    def loss(x):
        options = {"depth": {0: 1, 1: 0}, "boundary": "periodic", "dtype": float}
        dropped = xp.map_overlap(rows, x, drop_axis=1, **options)
        added = xp.map_overlap(pairs, x, new_axis=0, chunks=((2,), (5, 5, 5), (4,)), **options)
        assert (dropped.shape, added.shape) == ((9,), (2, 9, 4))
        return xp.sum(dropped**2) + xp.sum(added[0] * added[1])

    found, gradient = tracked(loss, da.from_array(x, chunks=(3, 4)))
    before, after = np.roll(x, 1, axis=0), np.roll(x, -1, axis=0)
    sums = np.sum(before * x, axis=1, keepdims=True)
    np.testing.assert_allclose(compute(found), np.sum(sums**2) + np.sum(before * x))
    expected = 2 * sums * before + 2 * np.roll(sums, -1, axis=0) * after + before + after
    np.testing.assert_allclose(compute(gradient), expected)


@pytest.mark.parametrize("recorded", [False, True])
def test_short_blocks_are_joined_only_if_they_may_be(recorded):
    x = da.from_array(np.arange(6.0), chunks=2)

    def run(x):
        return xp.sum(xp.map_overlap(stencil, x, depth=3, boundary="none", allow_rechunk=False))

    with pytest.raises(ValueError, match="rechunk"):
        tracked(run, x) if recorded else run(x)


@pytest.mark.parametrize("recorded", [False, True])
def test_margins_of_different_width_end_at_the_edges(recorded):
    def run(x):
        return xp.sum(xp.map_overlap(stencil, x, depth={0: (2, 0)}, boundary="periodic", dtype=float))

    x = da.from_array(np.arange(6.0), chunks=2)
    with pytest.raises(NotImplementedError, match="none"):
        tracked(run, x) if recorded else run(x)
