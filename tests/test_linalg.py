"""Linear algebra where matrices are singular, values repeated or norms 0, and what is arbitrary in factors.

The conformance suite has regular matrices, real and complex.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, nan
from typing import Any

import numpy as np
import pytest

import xpgrad
from xpgrad import autograd, errors

RNG = np.random.default_rng(0)
NP = xpgrad.namespace("numpy")


@pytest.fixture(params=["numpy", "array_api_strict"])
def xp(request: pytest.FixtureRequest) -> Iterator[Any]:
    with np.errstate(all="ignore"):  # the functions themselves warn at their singular points
        yield xpgrad.namespace(request.param)


def derivatives(xp: Any, f: Any, x: Any, weights: Any = None) -> tuple[Any, Any]:
    """The gradient of sum(f), and that of the sum of the gradient's real parts."""
    x = xp.asarray(x)
    x.attach_grad()
    with autograd.record():
        first = autograd.grad(f(xp, x), x, None if weights is None else xp.asarray(weights), create_graph=True)
        total = xp.sum(x * 0.0 + (xp.real(first) if xp.isdtype(first.dtype, "complex floating") else first))
    return first.asnumpy(), autograd.grad(total, x).asnumpy()


def differences(f: Any, x: Any, step: float = 1e-3) -> Any:
    """The derivative of an array-valued function in the direction of ones; exact for polynomials of degree 4."""
    ahead, behind, far_ahead, far_behind = (f(x + k * step) for k in (1, -1, 2, -2))
    return (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * step)


def near(actual: Any, expected: Any, tolerance: float = 1e-10) -> None:
    expected = np.broadcast_to(expected, actual.shape)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def t(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def unitary(n: int, *, real: bool = True) -> Any:
    return np.linalg.qr(RNG.standard_normal((n, n)) + (0.0 if real else 1j * RNG.standard_normal((n, n))))[0]


def matrix(values: Any, rows: int = 0, *, real: bool = True) -> tuple[Any, Any, Any]:
    """A matrix with given singular values, and its vectors."""
    k = len(values)
    u, v = unitary(max(rows, k), real=real)[:, :k], unitary(k, real=real)
    return (u * np.asarray(values)) @ v, u, v


def hermitian(values: Any, *, real: bool = True) -> tuple[Any, Any]:
    """A Hermitian matrix with given eigenvalues, and its vectors."""
    v = unitary(len(values), real=real)
    x = (v * np.asarray(values)) @ t(v).conj()
    return 0.5 * (x + t(x).conj()), v


REAL_AND_COMPLEX = pytest.mark.parametrize("real", [True, False], ids=["real", "complex"])


# Determinants.


def cofactors(x: Any) -> Any:
    n = len(x)
    minors = [[np.delete(np.delete(x, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.asarray([[(-1) ** (i + j) * np.linalg.det(minors[i][j]) for j in range(n)] for i in range(n)])


@pytest.mark.parametrize(("n", "rank"), [(n, rank) for n in (1, 2, 3, 5) for rank in range(n + 1)])
@REAL_AND_COMPLEX
def test_gradient_of_det_is_the_cofactors_whatever_the_rank(xp: Any, n: int, rank: int, real: bool) -> None:
    x, _, _ = matrix([2.0, 2.0, 1.0, 3.0, 0.5][:rank] + [0.0] * (n - rank), real=real)
    first, second = derivatives(xp, lambda xp, x: xp.linalg.det(x), x)
    near(first, cofactors(x).conj())
    near(second, differences(cofactors, x).conj())


def test_third_derivative_of_det_without_any_rank() -> None:
    third = xpgrad.grad(lambda x: NP.sum(xpgrad.hessian(NP.linalg.det)(x)[0, 0] * NP.asarray(np.eye(3))))
    near(third(np.zeros((3, 3))), np.diag([0.0, 1.0, 1.0]))


def test_det_of_a_batch_with_singular_and_invalid_matrices(xp: Any) -> None:
    x = np.stack([np.eye(2), np.ones((2, 2)), np.zeros((2, 2)), np.full((2, 2), nan)])
    first, second = derivatives(xp, lambda xp, x: xp.linalg.det(x), x, [1.0, 2.0, 1.0, 0.0])
    near(first, [np.eye(2), [[2, -2], [-2, 2]], np.zeros((2, 2)), np.zeros((2, 2))])
    near(second[:3], [[[1, -1], [-1, 1]], [[2, -2], [-2, 2]], [[1, -1], [-1, 1]]])


def test_det_of_a_graded_matrix_is_exact_by_entry() -> None:
    """Many of its singular values are tiny beside the largest one, yet it is regular."""
    x = np.diag([1e20] + [1.0] * 6) + 0.1 * RNG.standard_normal((7, 7))
    near(xpgrad.grad(NP.linalg.det)(x) / cofactors(x), 1.0, 1e-9)


def test_slogdet_of_a_batch_with_singular_matrices(xp: Any) -> None:
    """The gradient is NaN, but 0 where nothing is asked for."""
    x = np.stack([np.diag([2.0, 4.0]), np.ones((2, 2)), np.zeros((2, 2))])
    first, second = derivatives(xp, lambda xp, x: xp.linalg.slogdet(x)[1], x, [1.0, 1.0, 0.0])
    near(first, [np.diag([0.5, 0.25]), np.full((2, 2), nan), np.zeros((2, 2))])
    near(second[0], [[-0.25, -0.125], [-0.125, -0.0625]])


@REAL_AND_COMPLEX
def test_slogdet_rebuilds_det(xp: Any, real: bool) -> None:
    def rebuilt(xp: Any, x: Any) -> Any:
        sign, logarithm = xp.linalg.slogdet(x)
        return sign * xp.exp(logarithm)

    x, _, _ = matrix([1.0, -2.0, 3.0], real=real)
    for found, expected in zip(
        derivatives(xp, rebuilt, x), derivatives(xp, lambda xp, x: xp.linalg.det(x), x), strict=True
    ):
        near(found, expected)


# Norms. Each with a matrix or vector, its gradient, and the gradient of the sum of that; None: only finite.

ORTHOGONAL = np.asarray([[0.6, 0.8], [-0.8, 0.6]])
TIES = np.asarray([[3.0, -3.0, 1.0], [0.0, 0.0, 2.0]])
HALF_ZERO = np.asarray([0.0, 3.0, -4.0])
NORMS = {
    "rows and a zero row": ("vector", {"axis": 1}, [[0, 0], [3, 4]], [[0, 0], [0.6, 0.8]], [[0, 0], [0.032, -0.024]]),
    "ord=2 beside 0": ("vector", {}, HALF_ZERO, [0, 0.6, -0.8], [0.2, 0.224, 0.168]),
    "ord=3 beside 0": ("vector", {"ord": 3}, HALF_ZERO, np.asarray([0, 9, -16]) / 91 ** (2 / 3), None),
    "ord=1.5 beside 0": (
        "vector",
        {"ord": 1.5},
        HALF_ZERO,
        np.asarray([0, 3**0.5, -2]) / (3**1.5 + 8) ** (1 / 3),
        None,
    ),
    "ord=0.5 beside 0": ("vector", {"ord": 0.5}, HALF_ZERO, [0, 1 + 2 / 3**0.5, -1 - 3**0.5 / 2], None),
    "ord=-1 beside 0": ("vector", {"ord": -1}, HALF_ZERO, 0, 0),
    "ord=-inf beside 0": ("vector", {"ord": -inf}, HALF_ZERO, 0, 0),
    "ord=0 beside 0": ("vector", {"ord": 0}, HALF_ZERO, 0, 0),
    "ord=inf, ties": ("vector", {"ord": inf}, TIES, [[0.5, -0.5, 0], [0, 0, 0]], 0),
    "ord=-inf, ties by row": ("vector", {"ord": -inf, "axis": 1}, TIES, [[0, 0, 1], [0, 0, 0]], 0),
    "matrix, ord=1, ties": ("matrix", {"ord": 1}, TIES, [[1 / 3, -1 / 3, 1 / 3], [0, 0, 1 / 3]], 0),
    "matrix, ord=-inf": ("matrix", {"ord": -inf}, TIES, [[0, 0, 0], [0, 0, 1]], 0),
    "matrix, ord=2, ties": ("matrix", {"ord": 2}, np.eye(2), np.eye(2) / 2, None),
    "matrix, ord=-2, ties": ("matrix", {"ord": -2}, np.eye(2), np.eye(2) / 2, None),
    "matrix, ord='nuc', equal values": (
        "matrix",
        {"ord": "nuc"},
        2 * ORTHOGONAL,
        ORTHOGONAL,
        [[0.32, -0.24], [0.24, 0.32]],
    ),
    "matrix, ord='nuc', singular": ("matrix", {"ord": "nuc"}, np.ones((3, 2)), np.ones((3, 2)) / 6**0.5, None),
}


@pytest.mark.parametrize("case", NORMS)
def test_norms_at_kinks(xp: Any, case: str) -> None:
    kind, parameters, x, *expected = NORMS[case]
    found = derivatives(xp, lambda xp, x: getattr(xp.linalg, f"{kind}_norm")(x, **parameters), np.asarray(x, float))
    near(found[0], expected[0])
    near(found[1], found[1] if expected[1] is None else expected[1])
    assert np.all(np.isfinite(found[1]))


@pytest.mark.parametrize("ord", [0, 1, 2, 3, 1.5, 0.5, -1, -2.5, inf, -inf])
@REAL_AND_COMPLEX
def test_gradient_of_a_vectors_norm_is_0_at_0(xp: Any, ord: Any, real: bool) -> None:
    x = np.zeros((2, 3), float if real else complex)
    for found in derivatives(xp, lambda xp, x: xp.linalg.vector_norm(x, ord=ord), x):
        near(found, 0)


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, inf, -inf])
@REAL_AND_COMPLEX
def test_gradient_of_a_matrix_norm_is_0_at_0(xp: Any, ord: Any, real: bool) -> None:
    x = np.zeros((2, 3), float if real else complex)
    for found in derivatives(xp, lambda xp, x: xp.linalg.matrix_norm(x, ord=ord), x):
        near(found, 0)


def test_what_is_masked_leaves_no_trace(xp: Any) -> None:
    """Rows, matrices and right-hand sides that hold NaN."""
    rows, keep = np.asarray([[3.0, 4.0, 0.0], [nan, 1.0, 2.0]]), [1.0, 0.0]
    ones, invalid = np.ones(3), np.stack([2 * np.eye(2), np.full((2, 2), nan)])
    norm, _ = derivatives(xp, lambda xp, x: xp.linalg.vector_norm(x, axis=1), rows, keep)
    near(norm, [[0.6, 0.8, 0], [0, 0, 0]])
    cross, _ = derivatives(xp, lambda xp, x: xp.linalg.cross(xp.asarray(rows), x), ones, np.outer(keep, [1, 1, 1]))
    near(cross, np.cross([1, 1, 1], rows[0]))
    inverse, _ = derivatives(
        xp, lambda xp, x: xp.linalg.inv(x), invalid, np.ones((2, 2, 2)) * np.reshape(keep, (2, 1, 1))
    )
    near(inverse, [-np.ones((2, 2)) / 4, np.zeros((2, 2))])
    for right in (np.asarray([[2.0, nan], [4.0, nan]]), np.asarray([[2.0], [4.0]])):
        weights = np.ones((2, 1)) * keep[: right.shape[1]]
        solved, _ = derivatives(xp, lambda xp, x, b=right: xp.linalg.solve(x, xp.asarray(b)), 2 * np.eye(2), weights)
        near(solved, [[-0.5, -1.0], [-0.5, -1.0]])


# Equal eigenvalues and singular values.


@REAL_AND_COMPLEX
def test_functions_of_equal_eigenvalues(xp: Any, real: bool) -> None:
    x, v = hermitian([1.0, 1.0, 1.0, 3.0], real=real)
    w = NP.asarray([1.0, 1.0, 1.0, 3.0]).data
    for values in (lambda xp, x: xp.linalg.eigvalsh(x), lambda xp, x: xp.linalg.eigh(x)[0]):
        first, second = derivatives(xp, lambda xp, x, values=values: values(xp, x) ** 3, x)
        near(first, (v * 3 * w**2) @ t(v).conj())
        assert np.all(np.isfinite(second))
    if not real:
        return
    first, second = derivatives(xp, lambda xp, x: xp.real(xp.linalg.eigvals(x) ** 3), x)
    near(first, 3 * x @ x)
    assert np.all(np.isfinite(second))


@REAL_AND_COMPLEX
def test_projector_on_the_vectors_of_equal_eigenvalues(xp: Any, real: bool) -> None:
    """It changes by 1 / (difference) times what connects the two spaces."""
    x, v = hermitian([1.0, 1.0, 1.0, 3.0], real=real)
    weights, _ = hermitian([1.0, 2.0, 3.0, 4.0], real=real)

    def projector(xp: Any, x: Any) -> Any:
        v = xp.linalg.eigh(x)[1][:, :3]
        return v @ (xp.conj(xp.matrix_transpose(v)) if not real else xp.matrix_transpose(v))

    first, second = derivatives(xp, projector, x, weights)
    inner = t(v).conj() @ weights @ v * np.asarray([[0, 0, 0, -0.5]] * 3 + [[-0.5] * 3 + [0]])
    near(first, v @ inner @ t(v).conj())
    assert np.all(np.isfinite(second))


@REAL_AND_COMPLEX
@pytest.mark.parametrize("values", [[2.0, 2.0, 1.0], [1.0, 1.0, 1.0], [3.0, 2.0, 1.0]])
@pytest.mark.parametrize("rows", [3, 4])
def test_polar_factor_of_equal_singular_values(xp: Any, real: bool, values: Any, rows: int) -> None:
    """By x = p sqrt(x^H x), whose derivative solves a Sylvester equation."""
    x, u, v = matrix(values, rows, real=real)
    weights = RNG.standard_normal(x.shape) + (0.0 if real else 1j * RNG.standard_normal(x.shape))

    def polar(xp: Any, x: Any) -> Any:
        u, _, vh = xp.linalg.svd(x, full_matrices=False)
        return u @ vh

    first, second = derivatives(xp, polar, x, weights)
    s, inner = np.asarray(values), t(u).conj() @ weights @ t(v).conj()
    outside = (weights - u @ t(u).conj() @ weights) @ t(v).conj() / s @ v
    near(first, u @ ((inner - t(inner).conj()) / (s[:, None] + s)) @ v + outside)
    assert np.all(np.isfinite(second))


@REAL_AND_COMPLEX
def test_singular_values_that_are_0_have_gradient_0(xp: Any, real: bool) -> None:
    x, u, v = matrix([2.0, 2.0, 0.0], 4, real=real)
    for values in (lambda xp, x: xp.linalg.svdvals(x), lambda xp, x: xp.linalg.matrix_norm(x, ord="nuc")):
        first, second = derivatives(xp, values, x)
        near(first, u[:, :2] @ v[:2])
        assert np.all(np.isfinite(second))


@pytest.mark.parametrize("name", ["eigh", "eig", "svd"])
@pytest.mark.parametrize("x", [np.eye(3), np.zeros((3, 3)), np.ones((3, 3))], ids=["identity", "zeros", "ones"])
def test_vectors_of_equal_values_have_finite_gradients(xp: Any, name: str, x: Any) -> None:
    """Also where the loss depends on which vectors a library chooses, and has no derivative."""
    if name == "eig" and x[0, 1]:
        x = np.triu(x) + np.diag([0.0, 1.0, 2.0])  # no matrix of ones: its vectors are too far from a basis
    for found in derivatives(xp, lambda xp, x: xp.real(getattr(xp.linalg, name)(x)[-1]), x):
        assert np.all(np.isfinite(found))


# Choices and conventions.


@pytest.mark.parametrize("name", ["cholesky", "eigvalsh", "eigh"])
@REAL_AND_COMPLEX
def test_gradients_by_hermitian_matrices_are_hermitian(xp: Any, name: str, real: bool) -> None:
    """Whichever triangle a library reads."""
    x, _ = hermitian([1.0, 2.0, 4.0], real=real)

    def f(xp: Any, x: Any) -> Any:
        out = getattr(xp.linalg, name)(x)
        return xp.abs(out[1] if name == "eigh" else out) ** 3

    first, second = derivatives(xp, f, x)
    near(first, t(first).conj())
    near(second, t(second).conj())


def test_eigenvalues_with_and_without_vectors_may_differ_in_order() -> None:
    """LAPACK orders those of a large matrix differently: weights must find their values."""
    x = RNG.standard_normal((200, 200))
    values, pull_back = xpgrad.vjp(NP.linalg.eigvals, x)
    assert not np.allclose(values, NP.linalg.eig(NP.asarray(x))[0].asnumpy())
    (found,) = pull_back(values.conj())  # the gradient of the sum of value^2 / 2, which is that of tr(x^2) / 2
    near(found, x.T, 1e-8)


def test_real_and_complex_operands_mix(xp: Any) -> None:
    a, b = np.asarray([[2.0, 1.0], [0.0, 4.0]]), np.asarray([[1.0 + 2.0j], [3.0j]])
    for f, x in (
        (lambda xp, x: xp.linalg.solve(x, xp.asarray(b)), a),
        (lambda xp, x: xp.linalg.solve(xp.asarray(a), x), b),
    ):
        first, _ = derivatives(xp, f, x)
        expected = -np.linalg.solve(a.T, np.ones((2, 1))) @ np.linalg.solve(a, b).real.T
        near(first, expected if x is a else np.linalg.solve(a.T, np.ones((2, 1))))


def test_named_tuples_keep_their_names(xp: Any) -> None:
    x = xp.asarray(np.diag([1.0, 2.0]))
    x.attach_grad()
    with autograd.record():
        loss = xp.sum(xp.linalg.svd(x).S) + xp.sum(xp.linalg.eigh(x).eigenvalues) + xp.linalg.slogdet(x).logabsdet
        loss = loss + xp.linalg.qr(x).R[0, 0] ** 2 + xp.sum(xp.real(xp.linalg.eig(x).eigenvalues))
    loss.backward()
    near(x.grad.asnumpy(), np.diag([6.0, 3.5]))


def test_rank_is_constant_and_products_are_the_cores_own(xp: Any) -> None:
    x = xp.asarray(np.ones((2, 2)))
    x.attach_grad()
    with autograd.record():
        rank = xp.linalg.matrix_rank(x)
    assert rank.item() == 1
    with pytest.raises(errors.NotRecordedError):
        rank.backward()
    for name in ("matmul", "matrix_transpose", "tensordot", "vecdot"):
        assert getattr(xp.linalg, name) is getattr(xp, name)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 3), (2, 4, 3)])
@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("rtol", [1e-10, 0.3, 0.9])
def test_pinv_that_leaves_singular_values_out(shape, dtype, rtol):
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape) + (1j * rng.normal(size=shape) if dtype is complex else 0.0)
    xpgrad.check_grads(lambda x: NP.linalg.pinv(x, rtol=rtol), [x], order=2)


@pytest.mark.parametrize("shapes", [((2, 2), (3,)), ((3,), (1, 3)), ((), (3,))], ids=str)
def test_outer_takes_vectors_only(xp: Any, shapes: Any) -> None:
    x1, x2 = (xp.ones(shape) for shape in shapes)
    with pytest.raises(ValueError, match=r"takes two one-dimensional arrays, not .* Flatten them first"):
        xp.linalg.outer(x1, x2)
    with pytest.raises(ValueError, match="takes two one-dimensional arrays"):
        xpgrad.grad(lambda x: xp.sum(xp.linalg.outer(x, 2.0)))(xp.ones(3))
