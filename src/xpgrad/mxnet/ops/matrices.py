"""Linear algebra: what `np.linalg` and `nd.linalg` have beyond the standard's own functions."""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import Any

from xpgrad.array import Array
from xpgrad.axes import axes_of
from xpgrad.mxnet.dtypes import dtype_named
from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.ops.products import dot
from xpgrad.mxnet.ops.shapes import diagonal, integer_array, moveaxis
from xpgrad.mxnet.promotion import cast, common, in_floating


def standard(name: str) -> Any:
    """A function of the standard's extension `linalg`."""

    def call(a: Any, *others: Any, **options: Any) -> Any:
        first, *rest = (in_floating(x) for x in common(*map(as_array, (a, *others))))
        return getattr(namespace(first).linalg, name)(first, *rest, **options)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"``linalg.{name}`` of the standard."
    return call


def tupled(name: str) -> Any:
    """A function of the standard's extension `linalg` that gives several arrays, in a tuple without names."""
    apply = standard(name)

    def call(a: Any, **options: Any) -> Any:
        return tuple(apply(a, **options))

    call.__doc__ = apply.__doc__
    return call


_matrix_norm, _norm, _pinv, _solve, _svd, _svdvals = map(
    standard, "matrix_norm vector_norm pinv solve svd svdvals".split()
)


def solve(a: Any, b: Any) -> Any:
    """The x for which a @ x is b; b holds vectors where it has one axis less than a."""
    a, b = common(as_array(a), as_array(b))
    if b.ndim != a.ndim - 1:
        return _solve(a, b)
    return namespace(b).squeeze(_solve(a, namespace(b).expand_dims(b, axis=-1)), axis=-1)


def matrix_power(a: Any, n: int) -> Any:
    """The product of a matrix with itself, n times."""
    a = in_floating(as_array(a))
    return namespace(a).linalg.matrix_power(a, n)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of a vector or a matrix; without an order and axes, that of all elements."""
    x = in_floating(as_array(x))
    ord = _order(ord)
    if axis is None and (ord is None or (ord == 2 and x.ndim == 1) or (ord == "fro" and x.ndim == 2)):
        return _norm(x, axis=None, keepdims=keepdims)
    axes = axes_of(axis, x.ndim)
    if len(axes) == 1:
        return _norm(x, axis=axes[0], keepdims=keepdims, ord=2 if ord is None else ord)
    if ord is None:
        return _norm(x, axis=axes, keepdims=keepdims)
    matrices = moveaxis(x, axes, (-2, -1))
    out = _matrix_norm(matrices, ord=ord)
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    return namespace(x).reshape(out, shape) if keepdims else out


def svd(a: Any, compute_uv: bool = True) -> Any:
    """Unitary matrix, singular values, unitary matrix, of which a is the product; or the singular values alone."""
    return _svdvals(a) if not compute_uv else tuple(_svd(a, full_matrices=False))


def _order(ord: Any) -> Any:
    """The order of a norm, which may be the name of an infinity."""
    return float(ord) if ord in ("inf", "-inf") else ord


def vector_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of the vectors along axes, which are joined into one, and that put first, where there are several."""
    x = as_array(x)
    if axis is None or isinstance(axis, tuple | list):
        axes = axes_of(axis, x.ndim)
        rest = tuple(i for i in range(x.ndim) if i not in axes)
        joined = namespace(x).permute_dims(x, (*axes, *rest))
        x, axis = namespace(x).reshape(joined, (-1, *(x.shape[i] for i in rest))), 0
    return _norm(x, axis=axis, keepdims=keepdims, ord=2 if ord is None else _order(ord))


def matrix_norm(x: Any, ord: Any = "fro", axis: Any = (-2, -1), keepdims: bool = False) -> Any:
    """The norm of the matrices in two axes."""
    if not isinstance(axis, tuple | list) or len(axis) != 2:
        raise ValueError(f"matrix_norm takes two axes, not {axis}.")
    return norm(x, ord, axis, keepdims)


def _of_triangle(name: str) -> Any:
    """A function of symmetric matrices, of which one triangle is read: elements of the other have no gradient."""
    apply = standard(name)

    def call(a: Any, upper: bool = False) -> Any:
        a = in_floating(as_array(a))
        xp = namespace(a)
        triangle = xp.triu(a) if upper else xp.tril(a)
        other = xp.triu(a, k=1) if upper else xp.tril(a, k=-1)
        found = apply(triangle + xp.matrix_transpose(other))
        return tuple(found) if isinstance(found, tuple) else found

    call.__doc__ = f"{apply.__doc__} The lower triangle is read, or the upper one; the other has no gradient."
    return call


eigh, eigvalsh = _of_triangle("eigh"), _of_triangle("eigvalsh")


def pinv(a: Any, rtol: Any = None, hermitian: bool = False) -> Any:
    """The pseudo-inverse."""
    return _pinv(a) if rtol is None else _pinv(a, rtol=rtol)


def matrix_rank(M: Any, rtol: Any = None, hermitian: bool = False) -> Any:
    """The number of singular values that are larger than `rtol`, or by default not 0 to rounding."""
    a = as_array(M)
    xp, integer = namespace(a), dtype_named("int64")
    if a.ndim < 2:
        return cast(xp.any(a != 0), integer)
    s = _svdvals(a)
    if rtol is None:
        limit = xp.finfo(s.dtype).eps * max(a.shape[-2:]) * xp.max(s, axis=-1, keepdims=True)
    else:
        limit = xp.expand_dims(as_array(rtol, s.dtype), axis=-1)
    return xp.sum(cast(s > limit, integer), axis=-1)


def cond(x: Any, p: Any = None) -> Any:
    """The norm of a matrix times that of its inverse."""
    if p in (None, 2, -2):
        s = _svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm(x, p, (-2, -1)) * norm(standard("inv")(x), p, (-2, -1))


def multi_dot(arrays: Any) -> Any:
    """The product of several matrices."""
    return reduce(dot, arrays)


def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of the map from the last axes to the first `ind`."""
    a = as_array(a)
    first, last = a.shape[:ind], a.shape[ind:]
    out = standard("inv")(namespace(a).reshape(a, (prod(first), prod(last))))
    return namespace(a).reshape(out, (*last, *first))


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """The x whose product with `a`, over all axes of x, is b."""
    a, b = common(as_array(a), as_array(b))
    if axes is not None:
        moved = axes_of(tuple(axes), a.ndim)
        a = namespace(a).permute_dims(a, (*(i for i in range(a.ndim) if i not in moved), *moved))
    shape = a.shape[b.ndim - a.ndim :]  # all axes where there are as many in b, as in NumPy
    matrix = namespace(a).reshape(a, (prod(b.shape), prod(shape)))
    return namespace(a).reshape(standard("solve")(matrix, namespace(b).reshape(b, (-1,))), shape)


def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The shortest x for which a @ x is nearest to b; the squared distances; the rank; the singular values."""
    a, b = common(as_array(a), as_array(b))
    if not a.size:
        return _least_squares_of_nothing(a, b)
    x = namespace(a).matmul(_pinv(a), b)
    distance = namespace(a).matmul(a, x) - b
    squares = namespace(a).sum(distance * distance, axis=0, keepdims=b.ndim == 1)
    return x, squares if a.shape[0] > a.shape[1] else squares[:0], matrix_rank(a), _svdvals(a)


def _least_squares_of_nothing(a: Array, b: Array) -> Any:
    """What `lstsq` gives for a matrix without rows or without columns."""
    xp = namespace(a)
    columns = a.shape[1]
    distance = xp.sum(b * b, axis=0, keepdims=b.ndim == 1) if a.shape[0] > columns else xp.zeros((0,), dtype=a.dtype)
    x = xp.zeros((columns, *b.shape[1:]), dtype=a.dtype)
    return x, distance, xp.zeros((), dtype=dtype_named("int64")), xp.zeros((0,), dtype=a.dtype)


def transposed(a: Any, turn: bool = True) -> Any:
    """The matrix with rows and columns exchanged, if wanted."""
    a = as_array(a)
    return namespace(a).matrix_transpose(a) if turn else a


def gemm2(
    A: Any,
    B: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    axis: int = -2,
) -> Any:
    """alpha A B."""
    return alpha * namespace(as_array(A)).matmul(transposed(A, transpose_a), transposed(B, transpose_b))


def gemm(
    A: Any,
    B: Any,
    C: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 1.0,
    axis: int = -2,
) -> Any:
    """alpha A B + beta C."""
    return gemm2(A, B, transpose_a, transpose_b, alpha) + beta * as_array(C)


def _symmetric(a: Any) -> Any:
    """The symmetric part: a matrix that should be symmetric, with the same gradient for both of its triangles."""
    a = in_floating(as_array(a))
    return (a + transposed(a)) / 2


def cholesky(a: Any, upper: bool = False) -> Any:
    """The triangular matrix of Cholesky's decomposition of the symmetric part of a matrix."""
    return standard("cholesky")(_symmetric(a), upper=upper)


def potrf(A: Any) -> Any:
    """The lower triangular matrix of Cholesky's decomposition of the symmetric part of a matrix."""
    return cholesky(A)


def potri(A: Any) -> Any:
    """The inverse of the matrix that a lower triangular one is the Cholesky decomposition of."""
    lower = namespace(as_array(A)).tril(as_array(A))
    return standard("inv")(namespace(lower).matmul(lower, transposed(lower)))


def trmm(
    A: Any, B: Any, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0
) -> Any:
    """alpha A B, or alpha B A, for a triangular A."""
    A, B = as_array(A), as_array(B)
    xp = namespace(A)
    triangle = transposed(xp.tril(A) if lower else xp.triu(A), transpose)
    return alpha * (xp.matmul(B, triangle) if rightside else xp.matmul(triangle, B))


def trsm(
    A: Any, B: Any, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0
) -> Any:
    """The X for which A X, or X A, is alpha B, for a triangular A."""
    A, B = as_array(A), as_array(B)
    xp = namespace(A)
    triangle = transposed(xp.tril(A) if lower else xp.triu(A), transpose)
    if rightside:
        return alpha * transposed(standard("solve")(transposed(triangle), transposed(B)))
    return alpha * standard("solve")(triangle, B)


def syrk(A: Any, transpose: bool = False, alpha: float = 1.0) -> Any:
    """alpha A A^T, or alpha A^T A."""
    return gemm2(A, A, transpose, not transpose, alpha)


def sumlogdiag(A: Any) -> Any:
    """The sum of the logarithms of the diagonal."""
    found = extractdiag(A)
    return namespace(found).sum(namespace(found).log(found), axis=-1)


def extractdiag(A: Any, offset: int = 0) -> Any:
    """The diagonal of each matrix."""
    return diagonal(A, offset, -2, -1)


def makediag(A: Any, offset: int = 0) -> Any:
    """For each row the matrix that has it on a diagonal."""
    a = as_array(A)
    xp = namespace(a)
    n = a.shape[-1]
    unit = xp.eye(n + abs(offset), dtype=a.dtype)[max(-offset, 0) : n + max(-offset, 0), :]
    placed = xp.eye(n + abs(offset), dtype=a.dtype)[max(offset, 0) : n + max(offset, 0), :]
    return xp.matmul(xp.matrix_transpose(unit), xp.expand_dims(a, axis=-1) * placed)


def _triangle(n: int, offset: int, lower: bool) -> list[tuple[int, int]]:
    """The places of a triangle, row by row; a positive offset means the upper one, a negative one the lower."""
    lower = lower if offset == 0 else offset < 0
    return [(i, j) for i in range(n) for j in range(n) if (j - i <= offset if lower else j - i >= offset)]


def extracttrian(A: Any, offset: int = 0, lower: bool = True) -> Any:
    """The elements of a triangle of each matrix, row by row."""
    a = as_array(A)
    n = a.shape[-1]
    places = [i * n + j for i, j in _triangle(n, offset, lower)]
    return namespace(a).take(namespace(a).reshape(a, (*a.shape[:-2], n * n)), integer_array(places), axis=-1)


def maketrian(A: Any, offset: int = 0, lower: bool = True) -> Any:
    """For each row the matrix that has it in a triangle, row by row."""
    a = as_array(A)
    xp = namespace(a)
    count, n = a.shape[-1], abs(offset)
    while len(places := _triangle(n, offset, lower)) < count:
        n += 1
    if len(places) != count:
        raise ValueError(f"{count} elements do not make a triangle with the offset {offset}.")
    source = {place: k for k, place in enumerate(places)}
    padded = xp.concat([a, xp.zeros((*a.shape[:-1], 1), dtype=a.dtype)], axis=-1)
    chosen = [source.get((i, j), count) for i in range(n) for j in range(n)]
    return xp.reshape(xp.take(padded, integer_array(chosen), axis=-1), (*a.shape[:-1], n, n))


def syevd(A: Any) -> Any:
    """The eigenvectors of the symmetric part of a matrix, in rows, and the eigenvalues."""
    values, vectors = standard("eigh")(_symmetric(A))
    return [transposed(vectors), values]


def gelqf(A: Any) -> Any:
    """A = L Q with orthonormal rows of Q and a lower triangular L; Q comes first."""
    q, r = standard("qr")(transposed(A))
    return [transposed(q), transposed(r)]
