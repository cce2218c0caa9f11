"""Linear algebra on stacks of matrices in blocks, and on single ones."""

import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import tracked

import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd

pytestmark = pytest.mark.usefixtures("nothing_computes")

STACK = np.random.default_rng(0).normal(size=(6, 3, 3)) + 3 * np.eye(3)

LOSSES = {
    "det": lambda xp, x: xp.sum(xp.linalg.det(x)),
    "inv": lambda xp, x: xp.sum(xp.linalg.inv(x) ** 2),
    "solve": lambda xp, x: xp.sum(xp.linalg.solve(x, x[..., :2]) ** 3),
    "eigh": lambda xp, x: xp.sum(xp.linalg.eigh(x @ xp.matrix_transpose(x)).eigenvalues ** 2),
    "svd": lambda xp, x: xp.sum(xp.linalg.svd(x, full_matrices=False).S ** 3),
    "qr": lambda xp, x: xp.sum(xp.linalg.qr(x).R ** 2),
    "cholesky": lambda xp, x: xp.sum(xp.linalg.cholesky(x @ xp.matrix_transpose(x))),
    "slogdet": lambda xp, x: xp.sum(xp.linalg.slogdet(x).logabsdet),
    "matrix_norm": lambda xp, x: xp.sum(xp.linalg.matrix_norm(x, ord="nuc", keepdims=True)),
    "cross": lambda xp, x: xp.sum(xp.linalg.cross(x[..., 0], x[..., 1]) ** 2),
}

CHUNKS = {"stack in blocks": (2, 3, 3), "matrices in blocks": (4, 2, 3)}


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_numpy(name, chunks, compute):
    _, gradient = tracked(lambda x: LOSSES[name](xp, x), da.from_array(STACK, chunks=CHUNKS[chunks]))
    x = xn.asarray(STACK)
    x.attach_grad()
    with autograd.record():
        loss = LOSSES[name](xn, x)
    loss.backward()
    np.testing.assert_allclose(compute(gradient), x.grad.asnumpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", ["inv", "svd", "qr", "cholesky"])
def test_one_tall_or_square_matrix_goes_to_dask(name, compute):
    x = da.from_array(np.vstack([*STACK])[:6] if name in ("svd", "qr") else np.kron(np.eye(2), STACK[0]), chunks=(3, 3))
    value, gradient = tracked(lambda x: LOSSES[name](xp, x), x)
    y = xn.asarray(x.compute(scheduler="synchronous"))
    y.attach_grad()
    with autograd.record():
        expected = LOSSES[name](xn, y)
    expected.backward()
    np.testing.assert_allclose(compute(value), expected.item())
    np.testing.assert_allclose(compute(gradient), y.grad.asnumpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("product", ["matmul", "tensordot", "vecdot"])
def test_lengths_that_differ_are_refused_rather_than_broadcast(product):
    x, y = xp.asarray(da.ones((4, 1), chunks=2)), xp.asarray(da.ones((3, 4), chunks=2))
    options = {"axes": 1} if product == "tensordot" else {}
    with pytest.raises(ValueError, match=f"{product} sums over axes of one length"):
        getattr(xp, product)(x, xp.matrix_transpose(y) if product == "vecdot" else y, **options)


def test_dot_products_keep_their_dtype(compute):
    x = xp.asarray(da.ones((4, 3), chunks=2, dtype="uint8"))
    assert xp.vecdot(x, x).dtype == compute(xp.vecdot(x, x)).dtype == np.uint8


@pytest.mark.parametrize(
    ("shape", "chunks"), [((3, 12), (2, 12)), ((4, 10), (4, 3)), ((4, 10), (4, 5)), ((6, 4), (2, 4)), ((4, 4), (2, 2))]
)
def test_qr_of_blocks_of_any_shape(shape, chunks, compute):
    x = np.random.default_rng(0).normal(size=shape)
    q, r = compute(*xp.linalg.qr(xp.asarray(da.from_array(x, chunks=chunks))))
    np.testing.assert_allclose(q @ r, x, atol=1e-12)
    np.testing.assert_allclose(q.T @ q, np.eye(min(shape)), atol=1e-12)
