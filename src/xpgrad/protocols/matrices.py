"""NumPy's linear algebra."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import prod
from typing import Any, NamedTuple

from xpgrad.axes import axes_of
from xpgrad.protocols.conventions import array, floating


class LeastSquares(NamedTuple):
    """What `lstsq` gives; NumPy's is a plain tuple."""

    x: Any
    residuals: Any
    rank: Any
    s: Any


def _of_matrices(name: str) -> Callable[..., Any]:
    return lambda xp, a, **options: getattr(xp.linalg, name)(floating(xp, a), **options)


def _hermitian(name: str) -> Callable[..., Any]:
    """A decomposition of Hermitian matrices, of which one triangle counts."""

    def decompose(xp: Any, a: Any, UPLO: str = "L") -> Any:
        if UPLO.upper() not in ("L", "U"):
            raise ValueError(f"UPLO must be 'L' or 'U', not {UPLO!r}.")
        return getattr(xp.linalg, name)(_of_triangle(xp, floating(xp, a), UPLO.upper() == "L"))

    return decompose


def _of_triangle(xp: Any, a: Any, lower: bool) -> Any:
    """The Hermitian matrix of which one triangle is given."""
    part, rest = (xp.tril(a), xp.tril(a, k=-1)) if lower else (xp.triu(a), xp.triu(a, k=1))
    return part + xp.conj(xp.matrix_transpose(rest))


def cholesky(xp: Any, a: Any, *, upper: bool = False) -> Any:
    return xp.linalg.cholesky(_of_triangle(xp, floating(xp, a), not upper), upper=upper)


def norm(xp: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Vector norms along one axis, matrix norms along two, all elements as one vector without axis and order."""
    x = floating(xp, x)
    if axis is None and (ord is None or x.ndim == 1):
        return xp.linalg.vector_norm(x, keepdims=keepdims, ord=2 if ord is None else ord)
    axes = axes_of(axis, x.ndim)
    if len(axes) == 1:
        return xp.linalg.vector_norm(x, axis=axes[0], keepdims=keepdims, ord=2 if ord is None else ord)
    out = xp.linalg.matrix_norm(xp.moveaxis(x, axes, (-2, -1)), ord="fro" if ord is None else ord)
    return xp.reshape(out, tuple(1 if i in axes else n for i, n in enumerate(x.shape))) if keepdims else out


def svd(xp: Any, a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    a = _of_triangle(xp, floating(xp, a), True) if hermitian else floating(xp, a)
    return xp.linalg.svd(a, full_matrices=full_matrices) if compute_uv else xp.linalg.svdvals(a)


def qr(xp: Any, a: Any, mode: str = "reduced") -> Any:
    if mode == "r":
        return xp.linalg.qr(floating(xp, a), mode="reduced")[1]
    return xp.linalg.qr(floating(xp, a), mode=mode)


def pinv(xp: Any, a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    a = _of_triangle(xp, floating(xp, a), True) if hermitian else floating(xp, a)
    return xp.linalg.pinv(a, rtol=rcond if rtol is None else rtol)


def solve(xp: Any, a: Any, b: Any) -> Any:
    return xp.linalg.solve(floating(xp, a), floating(xp, b))


def lstsq(xp: Any, a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = floating(xp, a), floating(xp, b)
    rcond = float(xp.finfo(a.dtype).eps) if rcond == -1 else rcond
    x = xp.linalg.pinv(a, rtol=rcond) @ b
    values = xp.linalg.svdvals(a)
    rank = xp.linalg.matrix_rank(a, rtol=rcond)
    off = b - a @ x
    squares = xp.sum(xp.real(off * xp.conj(off)), axis=0, keepdims=b.ndim == 1)
    full = a.shape[0] > a.shape[1] and int(rank) == a.shape[1]
    return LeastSquares(x, squares if full else squares[:0], rank, values)


def cond(xp: Any, x: Any, p: Any = None) -> Any:
    x = floating(xp, x)
    if p in (None, 2, -2):
        values = xp.linalg.svdvals(x)
        return values[..., -1] / values[..., 0] if p == -2 else values[..., 0] / values[..., -1]
    return xp.linalg.matrix_norm(x, ord=p) * xp.linalg.matrix_norm(xp.linalg.inv(x), ord=p)


def tensorinv(xp: Any, a: Any, ind: int = 2) -> Any:
    a = floating(xp, a)
    shape = a.shape[ind:] + a.shape[:ind]
    return xp.reshape(xp.linalg.inv(xp.reshape(a, (prod(a.shape[:ind]), -1))), shape)


def tensorsolve(xp: Any, a: Any, b: Any, axes: Any = None) -> Any:
    a, b = floating(xp, a), floating(xp, b)
    if axes is not None:
        last = axes_of(axes, a.ndim)
        a = xp.permute_dims(a, tuple(i for i in range(a.ndim) if i not in last) + last)
    shape = a.shape[b.ndim :]
    return xp.reshape(xp.linalg.solve(xp.reshape(a, (prod(b.shape), -1)), xp.reshape(b, (-1,))), shape)


def multi_dot(xp: Any, arrays: Any) -> Any:
    return reduce(lambda x1, x2: x1 @ x2, [array(xp, a) for a in arrays])


def _matrix_power(xp: Any, a: Any, n: int) -> Any:
    a = array(xp, a)
    return xp.linalg.matrix_power(a if n >= 0 else floating(xp, a), n)


TABLE: dict[str, Callable[..., Any]] = {
    "linalg.cholesky": cholesky,
    "linalg.cond": cond,
    "linalg.det": _of_matrices("det"),
    "linalg.eig": _of_matrices("eig"),
    "linalg.eigh": _hermitian("eigh"),
    "linalg.eigvals": _of_matrices("eigvals"),
    "linalg.eigvalsh": _hermitian("eigvalsh"),
    "linalg.inv": _of_matrices("inv"),
    "linalg.lstsq": lstsq,
    "linalg.matrix_norm": _of_matrices("matrix_norm"),
    "linalg.matrix_power": _matrix_power,
    "linalg.multi_dot": multi_dot,
    "linalg.norm": norm,
    "linalg.pinv": pinv,
    "linalg.qr": qr,
    "linalg.slogdet": _of_matrices("slogdet"),
    "linalg.solve": solve,
    "linalg.svd": svd,
    "linalg.svdvals": _of_matrices("svdvals"),
    "linalg.tensorinv": tensorinv,
    "linalg.tensorsolve": tensorsolve,
    "linalg.vector_norm": _of_matrices("vector_norm"),
}
