"""Products and sums of products, convolutions, covariances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.protocols.conventions import array, cast, check_lengths, flat, floating
from xpgrad.protocols.shapes import atleast_2d


def dot(xp: Any, a: Any, b: Any) -> Any:
    a, b = array(xp, a), array(xp, b)
    if not a.ndim or not b.ndim:
        return a * b
    return xp.tensordot(a, b, axes=((a.ndim - 1,), (max(b.ndim - 2, 0),)))


def inner(xp: Any, a: Any, b: Any) -> Any:
    a, b = array(xp, a), array(xp, b)
    return xp.tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,))) if a.ndim and b.ndim else a * b


def vdot(xp: Any, a: Any, b: Any) -> Any:
    return xp.vecdot(flat(xp, a), flat(xp, b))


def outer(xp: Any, a: Any, b: Any) -> Any:
    return xp.linalg.outer(flat(xp, a), flat(xp, b))


def tensordot(xp: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    if not hasattr(axes, "__len__"):
        return xp.tensordot(array(xp, a), array(xp, b), axes=int(axes))
    pair = tuple(tuple(part) if hasattr(part, "__len__") else (part,) for part in axes)
    return xp.tensordot(array(xp, a), array(xp, b), axes=pair)


def kron(xp: Any, a: Any, b: Any) -> Any:
    a, b = array(xp, a), array(xp, b)
    ndim = max(a.ndim, b.ndim)
    first, second = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    spread = xp.reshape(a, tuple(n for length in first for n in (length, 1)))
    beside = xp.reshape(b, tuple(n for length in second for n in (1, length)))
    return xp.reshape(spread * beside, tuple(n * m for n, m in zip(first, second, strict=True)))


def cross(xp: Any, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = xp.moveaxis(array(xp, a), axisa, -1), xp.moveaxis(array(xp, b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError("both inputs of a cross product must have 3 elements along its axis.")
    a, b = xp.broadcast_arrays(a, b)
    return xp.moveaxis(xp.linalg.cross(a, b), -1, axisc)


def einsum(xp: Any, *operands: Any, dtype: Any = None, casting: str = "safe") -> Any:
    if isinstance(operands[0], str):
        operands = (operands[0], *(array(xp, x) for x in operands[1:]))
    out = xp.einsum(*operands)
    return cast(xp, out, dtype, casting)


# Convolutions.


def _correlated(xp: Any, a: Any, v: Any, mode: str) -> Any:
    """Sums of products of v with the stretches of a that lie under it; v is the shorter one."""
    n, m = a.shape[0], v.shape[0]
    around = {"full": (m - 1, m - 1), "same": (m // 2, m - 1 - m // 2), "valid": (0, 0)}.get(mode)
    if around is None:
        raise ValueError(f"mode must be 'full', 'same' or 'valid', not {mode!r}.")
    padded = xp.pad(a, (around,))
    count = n + sum(around) - m + 1
    places = xp.arange(count, device=a.device)[:, None] + xp.arange(m, device=a.device)
    return xp.take(padded, xp.reshape(places, (-1,)), axis=0).reshape((count, m)) @ v


def _vector(xp: Any, x: Any) -> Any:
    x = array(xp, x)
    if x.ndim > 1:
        raise ValueError("convolve and correlate are for one dimension; scipy.signal has others.")
    check_lengths("convolve and correlate", *x.shape)
    if 0 in x.shape:
        raise ValueError("nothing to convolve: an array is empty.")
    return xp.reshape(x, (-1,))


def convolve(xp: Any, a: Any, v: Any, mode: str = "full") -> Any:
    a, v = _vector(xp, a), _vector(xp, v)
    a, v = (v, a) if v.shape[0] > a.shape[0] else (a, v)
    if mode == "same":  # NumPy's middle of an even number lies further left than that of a correlation
        whole = convolve(xp, a, v)
        start = (v.shape[0] - 1) // 2
        return whole[start : start + a.shape[0]]
    return _correlated(xp, a, xp.flip(v), mode)


def correlate(xp: Any, a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = _vector(xp, a), xp.conj(_vector(xp, v))
    if v.shape[0] > a.shape[0]:
        return xp.flip(_correlated(xp, v, a, mode))
    return _correlated(xp, a, v, mode)


# Covariances.


def cov(
    xp: Any,
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    rows = _rows(xp, m, rowvar)
    if y is not None:
        rows = xp.concat([rows, _rows(xp, y, rowvar)], axis=0)
    rows = rows if dtype is None else xp.astype(rows, dtype)
    ddof = (0 if bias else 1) if ddof is None else ddof
    given = [floating(xp, w) for w in (fweights, aweights) if w is not None]
    weights = given[0] * given[-1] if len(given) == 2 else given[0] if given else None
    if weights is None:
        check_lengths("covariances", rows.shape[1])
        off = weighted = rows - xp.mean(rows, axis=1, keepdims=True)
        count = max(rows.shape[1] - ddof, 0)
    else:
        whole = xp.sum(weights)
        off = rows - xp.sum(rows * weights, axis=1, keepdims=True) / whole
        weighted = off * weights
        count = whole - ddof * (1 if aweights is None else xp.sum(weights * array(xp, aweights)) / whole)
    products = off @ xp.conj(xp.matrix_transpose(weighted)) / count
    return xp.squeeze(products, (0, 1)) if rows.shape[0] == 1 else products


def _rows(xp: Any, x: Any, rowvar: bool) -> Any:
    x = floating(xp, x)
    if x.ndim > 2:
        raise ValueError("covariances are of one or two dimensions.")
    x = atleast_2d(xp, x)
    return x if rowvar or x.shape[0] == 1 else xp.matrix_transpose(x)


def corrcoef(xp: Any, x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = cov(xp, x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    deviations = xp.sqrt(xp.real(xp.linalg.diagonal(c)))
    return c / deviations[:, None] / deviations


TABLE: dict[str, Callable[..., Any]] = {
    "convolve": convolve,
    "corrcoef": corrcoef,
    "correlate": correlate,
    "cov": cov,
    "cross": cross,
    "dot": dot,
    "einsum": einsum,
    "inner": inner,
    "kron": kron,
    "linalg.cross": lambda xp, x1, x2, *, axis=-1: xp.linalg.cross(
        *xp.broadcast_arrays(array(xp, x1), array(xp, x2)), axis=axis
    ),
    "linalg.matmul": lambda xp, x1, x2: xp.matmul(x1, x2),
    "linalg.outer": lambda xp, x1, x2: xp.linalg.outer(x1, x2),
    "linalg.tensordot": lambda xp, x1, x2, *, axes=2: tensordot(xp, x1, x2, axes),
    "linalg.vecdot": lambda xp, x1, x2, *, axis=-1: xp.vecdot(x1, x2, axis=axis),
    "outer": outer,
    "tensordot": tensordot,
    "vdot": vdot,
}
