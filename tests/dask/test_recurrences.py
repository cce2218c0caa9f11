"""The gradient of a cumulative product, a recurrence, along blocks; with zeros, and with blocks that hold nothing."""

import dask.array as da
import numpy as np
import pytest

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn

pytestmark = pytest.mark.usefixtures("nothing_computes")


@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("zeros", [0.0, 0.1])
@pytest.mark.parametrize(
    ("chunks", "axis"), [(((5, 8), (2, 1)), 0), (((4, 0, 9), (3,)), 0), (((0, 13, 0), (1, 2)), 0), (((13,), (1, 2)), 1)]
)
def test_a_cumulative_product_along_blocks(chunks, axis, zeros, initial, compute):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(13, 3)) * (rng.random((13, 3)) >= zeros)

    def loss(xp, x):
        return xp.sum(xp.cumulative_prod(x, axis=axis, include_initial=initial) ** 2)

    def penalty(xp, x):
        return xp.sum(xpgrad.grad(lambda x: loss(xp, x))(x) ** 2)

    lazy = xp.asarray(da.from_array(x, chunks=chunks))
    for f in (loss, penalty):
        found = xpgrad.grad(lambda x, f=f: f(xp, x))(lazy)
        assert found.data.chunks == chunks
        expected = xpgrad.grad(lambda x, f=f: f(xn, x))(xn.asarray(x))
        np.testing.assert_allclose(compute(found), expected.asnumpy(), rtol=1e-9, atol=1e-12)
