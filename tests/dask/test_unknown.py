"""Lengths of blocks that are not known yet: what needs none of them works, and the rest says what to do."""

import dask
import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import tracked

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd
from xpgrad.errors import UnknownLengthsError

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
}


@pytest.mark.parametrize("name", NEEDING)
def test_what_needs_a_length_says_so(name, unknown):
    with pytest.raises(UnknownLengthsError, match="compute_chunk_sizes"):
        NEEDING[name](xp.asarray(unknown))


# What stays within rows, and what needs no length along them, in columns of any blocks.

TABLE = np.random.default_rng(1).normal(size=(14, 4))
TABLE[3, 2] = TABLE[5, 1] = 0.0
WEIGHTS = np.asarray([1.0, -2.0, 0.5, 0.7])

FAMILIES = {
    "columns": lambda xp, x: x[:, [1]],
    "columns twice": lambda xp, x: x[:, [0, 2, 2]],
    "mask of elements": lambda xp, x: x[x > 0],
    "take": lambda xp, x: xp.take(x, np.asarray([0, 2]), axis=1),
    "repeat": lambda xp, x: xp.repeat(x, 2, axis=1),
    "repeat by counts": lambda xp, x: xp.repeat(x, np.asarray([1, 2, 0, 3]), axis=1),
    "roll": lambda xp, x: xp.roll(x, 1, axis=1),
    "tile": lambda xp, x: xp.tile(x, (1, 2)),
    "concat": lambda xp, x: xp.concat([x, 2 * x], axis=1),
    "stack 0": lambda xp, x: xp.stack([x, x * x], axis=0),
    "stack 1": lambda xp, x: xp.stack([x, x * x], axis=1),
    "stack 2": lambda xp, x: xp.stack([x, x * x], axis=2),
    "unstack": lambda xp, x: xp.unstack(x, axis=1)[1] * xp.unstack(x, axis=1)[3],
    "diff": lambda xp, x: xp.diff(x, axis=1, prepend=x[:, :1]),
    "diff twice": lambda xp, x: xp.diff(x, axis=1, n=2),
    "reshape": lambda xp, x: xp.reshape(x, (-1, 2, 2)),
    "reshape with an axis of 1": lambda xp, x: xp.reshape(x, (-1, 1, 4)),
    "broadcast_to": lambda xp, x: xp.broadcast_to(x[:, :1], x.shape),
    "broadcast_to more axes": lambda xp, x: xp.broadcast_to(x, (2, *x.shape)),
    "broadcast_arrays": lambda xp, x: xp.broadcast_arrays(x, x[:, :1])[1],
    "prod": lambda xp, x: xp.prod(x),
    "prod 0": lambda xp, x: xp.prod(x, axis=0),
    "prod 1": lambda xp, x: xp.prod(x, axis=1, keepdims=True),
    "cumulative_prod 0": lambda xp, x: xp.cumulative_prod(x, axis=0),
    "cumulative_prod 1": lambda xp, x: xp.cumulative_prod(x, axis=1),
    "cumulative_prod from 1": lambda xp, x: xp.cumulative_prod(x, axis=1, include_initial=True),
    "cumulative_sum 1": lambda xp, x: xp.cumulative_sum(x, axis=1),
    "cumulative_sum from 0": lambda xp, x: xp.cumulative_sum(x, axis=1, include_initial=True),
    "vector_norm": lambda xp, x: xp.linalg.vector_norm(x),
    "vector_norm 0": lambda xp, x: xp.linalg.vector_norm(x, axis=0, ord=3, keepdims=True),
    "vector_norm 1": lambda xp, x: xp.linalg.vector_norm(x, axis=1, ord=1),
    "largest": lambda xp, x: xp.linalg.vector_norm(x, axis=0, ord=float("inf")),
    "norm": lambda xp, x: np.linalg.norm(x),
    "matrix_power": lambda xp, x: xp.linalg.matrix_power(x[:, :, None] * x[:, None, :], 2),
    "cross": lambda xp, x: np.cross(x[:, :3], x[:, 1:]),
    "fft": lambda xp, x: xp.real(xp.fft.fft(x, axis=1)),
    "fft, shorter": lambda xp, x: xp.real(xp.fft.fft(x, n=3, axis=1)),
    "fft, longer": lambda xp, x: xp.real(xp.fft.fft(x, n=6, axis=1)),
    "rfft, shorter": lambda xp, x: xp.abs(xp.fft.rfft(x, n=3, axis=1)),
    "irfft": lambda xp, x: xp.fft.irfft(x, n=5, axis=1),
    "fftn": lambda xp, x: xp.abs(xp.fft.fftn(x, s=(3,), axes=(1,))),
    "fftshift": lambda xp, x: xp.fft.fftshift(x, axes=1),
    "ifftshift": lambda xp, x: xp.fft.ifftshift(x, axes=1),
    "median": lambda xp, x: np.median(x, axis=1),
    "quantile": lambda xp, x: np.quantile(x, 0.3, axis=1, keepdims=True),
    "quantiles": lambda xp, x: np.quantile(x, [0.3, 0.6], axis=1),
    "nanquantile": lambda xp, x: np.nanquantile(x, 0.3, axis=1),
    "average": lambda xp, x: np.average(x),
    "average of columns": lambda xp, x: np.average(x, axis=0, weights=x[:, 0] ** 2, returned=True)[0],
    "average of rows": lambda xp, x: np.average(x, axis=1, weights=[1.0, 2.0, 3.0, 4.0]),
    "how many were averaged": lambda xp, x: x / np.average(x, returned=True)[1],
    "hstack": lambda xp, x: np.hstack([x, x]),
    "dstack": lambda xp, x: np.dstack([x, x]),
    "gradient": lambda xp, x: np.gradient(x, axis=1),
    "unwrap": lambda xp, x: np.unwrap(x, axis=1),
}

#: What works where all rows are in one block.
OF_ONE_BLOCK = {
    "first row": lambda xp, x: x[0],
    "last row": lambda xp, x: x[-1],
    "sort": lambda xp, x: xp.sort(x, axis=0),
    "fft 0": lambda xp, x: xp.abs(xp.fft.fft(x, axis=0)),
}


def masked(function, xp, x):
    """The loss of what a function makes of masked rows, and its gradient."""
    x.attach_grad()
    with autograd.record():
        loss = xp.sum(function(xp, x[x[:, 0] > 0] * WEIGHTS) ** 2)
    loss.backward()
    return loss, x.grad


def check_masked(function, rows, columns, compute):
    expected = masked(function, xn, xn.asarray(TABLE))
    for fused in (True, False):
        with dask.config.set({"xpgrad.fusion": fused}):
            x = xp.asarray(da.from_array(TABLE, chunks=(rows, columns)))
            found = masked(function, xp, x)
            assert found[1].data.chunks == x.data.chunks
            for a, b in zip(compute(*found), expected, strict=True):
                np.testing.assert_allclose(a, b.asnumpy(), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("columns", [4, 2, ((1, 3),)], ids=["one block", "two blocks", "uneven blocks"])
@pytest.mark.parametrize("rows", [14, 4])
@pytest.mark.parametrize("name", FAMILIES)
def test_what_a_mask_leaves_goes_through(name, rows, columns, compute):
    check_masked(FAMILIES[name], rows, columns[0] if isinstance(columns, tuple) else columns, compute)


@pytest.mark.parametrize("columns", [4, 2])
@pytest.mark.parametrize("name", OF_ONE_BLOCK)
def test_what_a_mask_leaves_of_one_block_goes_through(name, columns, compute):
    check_masked(OF_ONE_BLOCK[name], 14, columns, compute)


REFUSED = {
    "row": lambda x: x[0],
    "rows": lambda x: x[:2],
    "every second row": lambda x: x[::2],
    "rows by index": lambda x: xp.take(x, np.asarray([0, 1]), axis=0),
    "repeat": lambda x: xp.repeat(x, 2, axis=0),
    "roll": lambda x: xp.roll(x, 1),
    "tile": lambda x: xp.tile(x, (2, 1)),
    "diff": lambda x: xp.diff(x, axis=0),
    "reshape": lambda x: xp.reshape(x, (-1, 2)),
    "unstack": lambda x: xp.unstack(x, axis=0),
    "meshgrid": lambda x: xp.meshgrid(x[:, 0], x[:, 1]),
    "broadcast_to": lambda x: xp.broadcast_to(x[0:, :1].T, (x.shape[0], x.shape[0])),
    "cumulative_sum": lambda x: xp.cumulative_sum(x, axis=0, include_initial=True),
    "cumulative_prod": lambda x: xp.cumulative_prod(x, axis=0, include_initial=True),
    "sort": lambda x: xp.sort(x, axis=0),
    "median": lambda x: np.median(x, axis=0),
    "qr": lambda x: xp.linalg.qr(x),
    "diagonal": lambda x: xp.linalg.diagonal(x),
    "tril": lambda x: xp.tril(x),
    "pad": lambda x: xp.pad(x, 1),
    "fft": lambda x: xp.fft.fft(x, axis=0),
    "fftshift": lambda x: xp.fft.fftshift(x),
    "apply_along_axis": lambda x: np.apply_along_axis(lambda row: row * 2, 1, x),
    "written columns": lambda x: x.__setitem__((slice(None), [0, 2]), x[:, 1:3]),
    "written row": lambda x: x.__setitem__(0, 0.0),
    "zeros": lambda x: x + xp.zeros((x.shape[0], 1)),
}


@pytest.mark.parametrize("columns", [4, 2])
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_go_back_says_so_while_it_is_recorded(name, columns):
    x = xp.asarray(da.from_array(TABLE, chunks=(4, columns)))
    x.attach_grad()
    with autograd.record():
        y = x[x[:, 0] > 0] * WEIGHTS
        with pytest.raises(UnknownLengthsError, match="compute_chunk_sizes"):
            REFUSED[name](y)


@pytest.mark.parametrize("known", [True, False])
def test_rules_are_rehearsed_only_where_a_length_is_unknown(known, unknown, monkeypatch):
    seen = []
    monkeypatch.setattr("xpgrad.rehearsal.restore", lambda *a: seen.append(a))
    x = xp.asarray(da.from_array(KEPT, chunks=2) if known else unknown)
    x.attach_grad()
    with autograd.record():
        y = xp.sum(xp.exp(x) * x, axis=1)
        xp.unstack(x, axis=1)
    assert len(seen) == (0 if known else 2)
    y.backward()


def test_a_rule_that_returns_nothing_is_not_blamed_on_lengths(unknown):
    name = "twice_for_a_test"
    xpgrad.primitive.primitive(name, "x", public=False, factor=2, implementation=lambda xp, x, factor: factor * x)
    xpgrad.primitive.vjp(name, x=lambda g, factor: None)
    x = xp.asarray(unknown)
    x.attach_grad()
    try:
        with autograd.record(), pytest.raises(xpgrad.errors.RuleError):
            xpgrad.functions.function(name)(x)
    finally:
        del xpgrad.primitive.PRIMITIVES[name]
        xpgrad.primitive.HELPERS.discard(name)


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
@pytest.mark.parametrize(
    "name", ["max", "mean", "min", "cumulative_prod", "cumulative_sum", "prod", "std", "sum", "var"]
)
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
        loss = xp.sum(getattr(xp, name)(left * w, axis=0) ** 2)
        expected = xn.sum(getattr(xn, name)(xn.asarray(kept) * reference, axis=0) ** 2)
    loss.backward()
    expected.backward()
    np.testing.assert_allclose(compute(loss), expected.asnumpy())
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
