"""Products of matrices and tensors."""

from __future__ import annotations

from typing import Any

from xpgrad.functions import function
from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.ops.shapes import ravel, swapaxes
from xpgrad.mxnet.promotion import common, in_floating
from xpgrad.protocols import products

_matmul, _multiply = map(function, ("matmul", "multiply"))


def _both(a: Any, b: Any) -> tuple[Any, Any]:
    first, second = common(as_array(a), as_array(b))
    return first, second


def dot(a: Any, b: Any) -> Any:
    """NumPy's product: over the last axis of the first array and the last but one of the second."""
    return _dot(*_both(a, b))


def _dot(a: Any, b: Any) -> Any:
    if b.__class__ is int or not a.shape or not b.shape:
        return _multiply(a, b)
    if len(a.shape) <= 2 and len(b.shape) <= 2:
        return _matmul(a, b)
    return namespace(a).tensordot(a, b, axes=((len(a.shape) - 1,), (max(len(b.shape) - 2, 0),)))


dot.short_of_two = _dot, False  # type: ignore[attr-defined]  # what `provide_all` looks for


def matmul(a: Any, b: Any) -> Any:
    """The product of matrices, in stacks."""
    return _matmul(*_both(a, b))


def inner(a: Any, b: Any) -> Any:
    """The product over the last axes."""
    a, b = _both(a, b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return namespace(a).tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))


def outer(a: Any, b: Any) -> Any:
    """All products of an element of the one and an element of the other."""
    a, b = _both(ravel(a), ravel(b))
    return a[:, None] * b[None, :]


def vdot(a: Any, b: Any) -> Any:
    """The sum of the products of elements."""
    a, b = _both(ravel(a), ravel(b))
    return namespace(a).vecdot(a, b)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The product over some axes of each array."""
    a, b = _both(a, b)
    if not isinstance(axes, int):
        first, second = ((x,) if isinstance(x, int) else tuple(x) for x in axes)
        axes = (tuple(i % a.ndim for i in first), tuple(i % b.ndim for i in second))
    return namespace(a).tensordot(a, b, axes=axes)


def einsum(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    """Einstein's summation convention."""
    arrays = common(*map(as_array, operands))
    return namespace(arrays[0]).einsum(subscripts, *arrays)


def kron(a: Any, b: Any) -> Any:
    """Kronecker's product."""
    a, b = _both(a, b)
    return products.kron(namespace(a), a, b)


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The product of vectors of 2 or 3 elements that is perpendicular to both."""
    a, b = _both(a, b)
    if axis is not None:
        axisa = axisb = axisc = axis
    xp = namespace(a)
    a, b = xp.moveaxis(a, axisa, -1), xp.moveaxis(b, axisb, -1)
    if a.shape[-1] == b.shape[-1] == 2:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    (a0, a1, a2), (b0, b1, b2) = (
        [x[..., i] if i < x.shape[-1] else xp.zeros_like(x[..., 0]) for i in range(3)] for x in (a, b)
    )
    return xp.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=axisc)


def polyval(p: Any, x: Any) -> Any:
    """The polynomial with these coefficients, that of the highest power first."""
    p, x = _both(p, x)
    out = 0 * x
    for i in range(p.shape[0]):
        out = out * x + p[i]
    return out


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of every element of a vector, one row for each."""
    x = as_array(x)
    n = x.shape[0] if N is None else N
    powers = range(n) if increasing else range(n)[::-1]
    return namespace(x).stack([x**k for k in powers], axis=1)


def batch_dot(
    lhs: Any, rhs: Any, transpose_a: bool = False, transpose_b: bool = False, forward_stype: Any = None
) -> Any:
    """The product of each matrix of the one stack and that of the other."""
    a, b = _both(lhs, rhs)
    if transpose_a:
        a = swapaxes(a, -1, -2)
    if transpose_b:
        b = swapaxes(b, -1, -2)
    return namespace(a).matmul(a, b)


def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    """The covariance matrix of variables, one in each row."""
    m, y = _variables(m, y)
    return products.cov(namespace(m), m, y, rowvar, bias, ddof)


def _variables(m: Any, y: Any) -> Any:
    return in_floating(as_array(m)), None if y is None else in_floating(as_array(y))


def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """The correlation matrix of variables, one in each row."""
    x, y = _variables(x, y)
    return products.corrcoef(namespace(x), x, y, rowvar)
