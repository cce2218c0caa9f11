"""Lengths of blocks that are not known yet: what needs none of them works, and the rest says what to do."""

import dask
import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import tracked

import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd

pytestmark = pytest.mark.usefixtures("nothing_computes")

VALUES = np.random.default_rng(0).normal(size=(9, 3))
KEPT = VALUES[VALUES[:, 0] > 0]


@pytest.fixture
def unknown():
    """The rows that begin with a positive number."""
    x = da.from_array(VALUES, chunks=(4, 3))
    return x[x[:, 0] > 0]


LOSSES = {
    "sum that keeps its axis": lambda xp, x, w: xp.sum(xp.sum(x, axis=0, keepdims=True) * x * w),
    "sum that keeps all axes": lambda xp, x, w: xp.sum(xp.sum(x, keepdims=True) * x * w),
    "element-wise": lambda xp, x, w: xp.sum(xp.exp(x) * x),
    "broadcast": lambda xp, x, w: xp.sum((x - w) ** 2),
    "product": lambda xp, x, w: xp.sum((x @ w) ** 2),
    "transposed": lambda xp, x, w: xp.sum(xp.matrix_transpose(x) @ (x @ w)),
    "where": lambda xp, x, w: xp.sum(xp.where(x > 0.5, x, w)),
    "mean": lambda xp, x, w: xp.mean(x * w),
    "mean of columns": lambda xp, x, w: xp.sum(xp.mean(x, axis=0) ** 2 * w),
    "mean of rows": lambda xp, x, w: xp.sum(xp.mean(x, axis=1) ** 2),
    "variance": lambda xp, x, w: xp.var(x * w),
    "standard deviation": lambda xp, x, w: xp.sum(xp.std(x, axis=0) * w),
    "maximum": lambda xp, x, w: xp.max(x) * xp.sum(w),
    "cumulative": lambda xp, x, w: xp.sum(xp.cumulative_sum(x, axis=0) * x),
    "joined": lambda xp, x, w: xp.sum(xp.concat([x, w[None, :], 2 * x * w]) ** 3),
    "new axis": lambda xp, x, w: xp.sum(x[:, None, :] * x[:, :, None]),
    "columns": lambda xp, x, w: xp.sum(x[:, 1] * x[:, 0:1][:, 0]),
    "not linear": lambda xp, x, w: xp.sqrt(xp.mean((x @ w) ** 2)),
    "joined columns": lambda xp, x, w: xp.sum(xp.concat([x, 2 * x * w], axis=1) ** 3),
    "stacked columns": lambda xp, x, w: xp.sum(xp.stack([x[:, 0], x @ w], axis=1) ** 3),
    "cumulative columns": lambda xp, x, w: xp.sum(xp.cumulative_sum(x * w, axis=1, include_initial=True) ** 2),
    "product of columns": lambda xp, x, w: xp.sum(xp.prod(x * w, axis=1)),
    "reshape": lambda xp, x, w: xp.sum(xp.reshape(x * w, (-1, 1, 3))[:, 0] ** 2),
    "broadcast columns": lambda xp, x, w: xp.sum(xp.broadcast_to(x[:, :1], x.shape) * x * w),
    "einsum": lambda xp, x, w: xp.sum(xp.einsum("ij,j,kj->ik", x, w, np.ones((2, 3))) ** 2),
    "einsum of all": lambda xp, x, w: xp.einsum("ij,j,ij->", x, w, x),
    "last column": lambda xp, x, w: xp.sum(xp.sort(x * w, axis=1)[:, -1] ** 2),
    "columns by index": lambda xp, x, w: xp.sum(xp.take(x * w, np.asarray([0, 2, 2]), axis=1) ** 2),
    "columns by rank": lambda xp, x, w: xp.sum(xp.take_along_axis(x * w, xp.argsort(x, axis=1)[:, :2], axis=1) ** 2),
    "written columns": lambda xp, x, w: xp.sum(with_written_column(x * w) ** 2),
}


def with_written_column(x):
    x[:, 0] = x[:, 1] * 3
    return x


@pytest.mark.parametrize("name", LOSSES)
def test_what_needs_no_length_works(name, unknown, compute):
    w = np.asarray([1.0, -2.0, 0.5])
    value, by_x, by_w = tracked(lambda x, w: LOSSES[name](xp, x, w), unknown, w)
    x_numpy, w_numpy = xn.asarray(KEPT), xn.asarray(w)
    x_numpy.attach_grad()
    w_numpy.attach_grad()
    with autograd.record():
        expected = LOSSES[name](xn, x_numpy, w_numpy)
    expected.backward()
    for found, wanted in ((value, expected), (by_x, x_numpy.grad), (by_w, w_numpy.grad)):
        np.testing.assert_allclose(compute(found), wanted.asnumpy(), rtol=1e-9, atol=1e-12)


NEEDING = {
    "x[3]": lambda x: x[3],
    "x[:3]": lambda x: x[:3],
    "reshape": lambda x: xp.reshape(x, (-1,)),
    "sort": lambda x: xp.sort(x, axis=0),
    "take": lambda x: xp.take(x, np.asarray([0, 1]), axis=0),
    "broadcast_to": lambda x: xp.broadcast_to(x, (2, 9, 3)),
    "roll": lambda x: xp.roll(x, 1, axis=0),
    "len": len,
    "median": lambda x: np.median(x[:, 0]),
    "convolve": lambda x: np.convolve(x[:, 0], np.ones(2)),
    "prod": lambda x: tracked(lambda x: xp.prod(x, axis=0)[0], x.data),
}


@pytest.mark.parametrize("name", NEEDING)
def test_what_needs_a_length_says_so(name, unknown):
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        NEEDING[name](xp.asarray(unknown))


MEASURED = {
    "other blocks": lambda xp, x: xp.sum(x**2 * xp.asarray(KEPT)),
    "reshape": lambda xp, x: xp.sum(xp.reshape(xp.sin(x), (-1,))[2:] ** 2),
    "sort": lambda xp, x: xp.sum(xp.sort(x, axis=0)[1:] * x[:-1]),
}


@pytest.mark.parametrize("chunk", [9, 4, 1])
@pytest.mark.parametrize("name", MEASURED)
def test_lengths_may_be_computed_in_the_middle(name, chunk, compute):
    def gradients(xp, x):
        x.attach_grad()
        with autograd.record():
            kept = x[x[:, 0] > 0] * 1.5
            if xp is not xn:
                with dask.config.set(scheduler="synchronous"):
                    assert kept.compute_chunk_sizes() is kept
                assert kept.shape == KEPT.shape
            loss = MEASURED[name](xp, kept)
            first = autograd.grad(loss, x, create_graph=True, retain_graph=True)
            change = xp.sum(first * first)
        change.backward()
        return loss, first, x.grad

    found = compute(*gradients(xp, xp.asarray(da.from_array(VALUES, chunks=(chunk, 3)))))
    for a, b in zip(found, gradients(xn, xn.asarray(VALUES)), strict=True):
        np.testing.assert_allclose(a, b.asnumpy(), rtol=1e-9, atol=1e-12)


def test_the_only_one_that_a_mask_leaves_is_broadcast(compute):
    x = xp.asarray(da.from_array(np.arange(4.0), chunks=1))
    x.attach_grad()
    with autograd.record():
        kept = x[x == 2]
        with dask.config.set(scheduler="synchronous"):
            kept.compute_chunk_sizes()
        product = kept**2 * xp.asarray(np.arange(3.0))
    product.backward()
    np.testing.assert_array_equal(compute(product), [0, 4, 8])
    np.testing.assert_array_equal(compute(x.grad), [0, 0, 12, 0])


def test_a_mask_that_leaves_nothing_at_all(compute):
    x = xp.asarray(da.from_array(np.arange(4.0), chunks=1))
    x.attach_grad()
    with autograd.record():
        none = x[x > 9]
        with dask.config.set(scheduler="synchronous"):
            none.compute_chunk_sizes()
        loss = xp.sum(xp.concat([x * x, none]))
    loss.backward()
    np.testing.assert_array_equal(compute(x.grad), 2 * np.arange(4.0))


def test_a_variable_whose_lengths_are_computed_stays_one(unknown, compute):
    x = xp.asarray(unknown)
    x.attach_grad()
    with dask.config.set(scheduler="synchronous"):
        x.compute_chunk_sizes()
    with autograd.record():
        loss = xp.sum(x[0] * x[-1])
    loss.backward()
    assert x.grad.chunks == x.chunks
    assert x.shape == KEPT.shape
    np.testing.assert_allclose(compute(x.grad)[0], KEPT[-1])


@pytest.mark.parametrize("chunk", [9, 4, 1])
@pytest.mark.parametrize("kept", [KEPT, KEPT[:1]], ids=["some", "one"])
def test_lengths_of_a_variable_may_be_computed_between_its_uses(kept, chunk, compute):
    def gradients(xp, x):
        x.attach_grad()
        with autograd.record():
            before = xp.sum(x * x) + xp.sum(xp.sum(x, axis=1, keepdims=True) ** 2)
            if xp is not xn:
                with dask.config.set(scheduler="synchronous"):
                    x.compute_chunk_sizes()
            loss = before + xp.sum(x[:1] ** 3) + xp.sum(xp.sum(x, axis=1, keepdims=True) ** 3)
            first = autograd.grad(loss, x, create_graph=True, retain_graph=True)
            change = xp.sum(first * first)
        change.backward()
        return first, x.grad

    raw = da.from_array(VALUES, chunks=(chunk, 3))
    found = compute(*gradients(xp, xp.asarray(raw[da.isin(raw[:, 0], kept[:, 0])])))
    for a, b in zip(found, gradients(xn, xn.asarray(kept)), strict=True):
        np.testing.assert_allclose(a, b.asnumpy(), rtol=1e-9, atol=1e-12)


def test_only_blocks_have_lengths_to_compute():
    with pytest.raises(AttributeError):
        xn.asarray(KEPT).compute_chunk_sizes()


@pytest.mark.parametrize("as_known", [False, True])
def test_head_gradients_of_unknown_length(unknown, as_known, compute):
    x = xp.asarray(unknown)
    x.attach_grad()
    with autograd.record():
        y = x * x
    y.backward(xp.asarray(da.from_array(KEPT, chunks=((3, 2, 1), 3)) if as_known else unknown))
    np.testing.assert_allclose(compute(x.grad), 2 * KEPT**2)


def test_a_head_gradient_in_other_blocks_needs_the_lengths(unknown):
    x = xp.asarray(unknown)
    x.attach_grad()
    with autograd.record():
        y = x * x
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        y.backward(KEPT)


@pytest.mark.parametrize("measured", [False, True])
@pytest.mark.parametrize("name", ["max", "mean", "min", "cumulative_prod", "cumulative_sum", "std", "sum", "var"])
def test_blocks_of_which_a_mask_leaves_nothing(name, measured, compute):
    values = np.concatenate([-np.abs(VALUES), VALUES, -np.abs(VALUES)])
    kept = values[values[:, 0] > 0]
    x = xp.asarray(da.from_array(values, chunks=(4, 3)))
    w, reference = xn.asarray(np.arange(3.0)), xn.asarray(np.arange(3.0))
    w.attach_grad()
    reference.attach_grad()
    with autograd.record():
        left = x[x[:, 0] > 0]
        if measured:
            with dask.config.set(scheduler="synchronous"):
                left.compute_chunk_sizes()
        elif name == "cumulative_prod":  # its gradient needs the lengths
            w.drop_grad()
        loss = xp.sum(getattr(xp, name)(left * w, axis=0) ** 2)
        expected = xn.sum(getattr(xn, name)(xn.asarray(kept) * reference, axis=0) ** 2)
    np.testing.assert_allclose(compute(loss), expected.asnumpy())
    if w.grad is not None:
        loss.backward()
        expected.backward()
        np.testing.assert_allclose(compute(w.grad), reference.grad.asnumpy())


@pytest.mark.parametrize("name", ["max", "mean", "std", "sum", "var"])
def test_statistics_over_axes_with_empty_blocks(name, compute):
    values = VALUES.reshape(-1, 1, 3)
    x = xp.asarray(da.from_array(values, chunks=((4, 0, len(VALUES) - 4, 0), 1, (0, 1, 2))))
    for axis in (None, 0, (0, 2)):
        found = getattr(xp, name)(x, axis=axis)
        np.testing.assert_allclose(compute(found), getattr(np, name)(values, axis=axis))


@pytest.mark.parametrize("quantile", [np.median, xp.median, lambda x: np.quantile(x, 0.3)])
def test_quantiles_of_what_a_mask_leaves_of_one_block_say_so_too(quantile):
    x = xp.asarray(da.ones(4, chunks=4))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        quantile(x[x > 0])
