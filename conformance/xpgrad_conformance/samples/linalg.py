"""Inputs of the extension `linalg`.

Matrices are well-conditioned, with eigenvalues and singular values far apart, so that differences are exact enough.
Factors are compared after what is arbitrary in them (signs and phases, the order of eigenvalues) has been settled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xpgrad_conformance.samples import linear_algebra
from xpgrad_conformance.samples.base import Sample, calls, floats


def regular(*shape: int, seed: int = 0) -> Any:
    """Square matrices far from singular ones, with eigenvalues far apart."""
    return floats(*shape, seed=seed) + np.diag(3.0 * np.arange(1, shape[-1] + 1))


def rectangular(*shape: int) -> Any:
    """Matrices with singular values far apart."""
    return floats(*shape) + 3.0 * np.eye(shape[-2], shape[-1]) * np.arange(1, shape[-1] + 1)


SQUARE = (regular(3, 3), regular(2, 2, 2), regular(1, 1), np.zeros((0, 0)), np.zeros((0, 2, 2)))
TALL_AND_WIDE = (rectangular(4, 2), rectangular(2, 3), rectangular(2, 2, 2))
EMPTY = (np.zeros((0, 2)), np.zeros((2, 0)), np.zeros((0, 2, 3)))


def each(matrices: tuple[Any, ...], *parameters: dict[str, Any], **adapters: Any) -> list[Sample]:
    """Calls with every matrix and all parameters."""
    return [sample for x in matrices for sample in calls(x, each=parameters or ({},), **adapters)]


def conj(xp: Any, x: Any) -> Any:
    """The conjugate, also of real numbers."""
    return xp.conj(x) if xp.isdtype(x.dtype, "complex floating") else x


def h(xp: Any, x: Any) -> Any:
    """The conjugate transpose."""
    return conj(xp, xp.matrix_transpose(x))


def hermitian(xp: Any, x: Any) -> tuple[Any, ...]:
    """The Hermitian part."""
    return (0.5 * (x + h(xp, x)),)


def positive(xp: Any, x: Any) -> tuple[Any, ...]:
    """A positive definite matrix."""
    return (x @ h(xp, x),)


def phases_of(xp: Any, v: Any) -> Any:
    """What to multiply columns by so that their first entries become positive."""
    return conj(xp, xp.sign(v[..., :1, :]))


def others(xp: Any, u: Any, k: int) -> Any:
    """The projector on all columns but the first k, which are arbitrary up to a rotation."""
    return u[..., k:] @ h(xp, u[..., k:])


def settled_eigh(xp: Any, w: Any, v: Any) -> tuple[Any, ...]:
    """Eigenvectors with positive first entries."""
    return w, v * phases_of(xp, v) if v.shape[-1] else v


def in_order(xp: Any, w: Any) -> Any:
    """The order of complex eigenvalues by a mixture of their real and imaginary parts."""
    return xp.argsort(xp.real(w) + 0.3 * xp.imag(w), axis=-1)


def sorted_values(xp: Any, w: Any) -> tuple[Any, ...]:
    """Complex eigenvalues in order."""
    return (xp.take_along_axis(w, in_order(xp, w), axis=-1),)


def settled_eig(xp: Any, w: Any, v: Any) -> tuple[Any, ...]:
    """Complex eigenvalues in order, and their vectors with positive first entries."""
    order = xp.broadcast_to(in_order(xp, w)[..., None, :], v.shape)
    return *sorted_values(xp, w), *settled_eigh(xp, w, xp.take_along_axis(v, order, axis=-1))[1:]


def settled_svd(xp: Any, u: Any, s: Any, vh: Any) -> tuple[Any, ...]:
    """Left vectors with positive first entries, the right ones to match, and what the other columns span."""
    k = s.shape[-1]
    v = h(xp, vh)
    phases = phases_of(xp, u[..., :k]) if k else 1.0
    return u[..., :k] * phases, s, v[..., :k] * phases, others(xp, u, k), others(xp, v, k)


def settled_qr(xp: Any, q: Any, r: Any) -> tuple[Any, ...]:
    """Factors such that the diagonal of the second one is positive, and what the other columns span."""
    k = min(q.shape[-2], r.shape[-1])
    phases = xp.sign(xp.linalg.diagonal(r))
    settled = conj(xp, phases)[..., :, None] * r[..., :k, :]
    return q[..., :k] * phases[..., None, :], settled, others(xp, q, k)


SAMPLES: dict[str, list[Sample]] = {
    # The core's own functions.
    **{f"linalg.{name}": samples[:3] for name, samples in linear_algebra.SAMPLES.items()},
    "linalg.cholesky": each(SQUARE, {}, {"upper": True}, before=positive),
    "linalg.cross": [
        *calls((3,), (3,)),
        *calls((2, 3), (3,)),
        *calls((2, 1, 3), (2, 3)),
        *calls((2, 3, 1), (3, 2), each=({"axis": -2},)),
        *calls((0, 3), (3,)),
    ],
    "linalg.det": each((*SQUARE, np.ones((3, 3)), np.zeros((2, 2)), np.stack([np.ones((2, 2)), np.eye(2)]))),
    "linalg.diagonal": [
        *each(TALL_AND_WIDE, {}, {"offset": 1}, {"offset": -1}),
        *each((*TALL_AND_WIDE[:1], *EMPTY), {"offset": 0}, {"offset": 5}),
    ],
    "linalg.eig": each(SQUARE, after=settled_eig),
    "linalg.eigh": each(SQUARE, before=hermitian, after=settled_eigh),
    "linalg.eigvals": each(SQUARE, after=sorted_values),
    "linalg.eigvalsh": each(SQUARE, before=hermitian),
    "linalg.inv": each(SQUARE),
    "linalg.matrix_norm": [
        *each(TALL_AND_WIDE, *({"ord": o} for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf))),
        *each(TALL_AND_WIDE[1:], {}, *({"ord": o, "keepdims": True} for o in ("fro", "nuc", 1, 2))),
        *each(EMPTY[1:], {}, {"ord": "nuc", "keepdims": True}),
    ],
    "linalg.matrix_power": each(SQUARE, *({"n": n} for n in (0, 1, 5, -2))),
    "linalg.missing": each(SQUARE),
    "linalg.outer": calls((3,), (2,)) + calls((0,), (3,)),
    "linalg.pinv": [
        *each((*TALL_AND_WIDE, *EMPTY), {}, {"rtol": 1e-3}),
        *each((rectangular(3, 2),), {"rtol": 1e-3}, before=positive),
    ],
    "linalg.qr": each((*TALL_AND_WIDE, *EMPTY), {}, {"mode": "complete"}, after=settled_qr),
    "linalg.slogdet": each(SQUARE),
    "linalg.solve": [
        *calls(regular(3, 3), (3,)),
        *calls(regular(3, 3), (3, 2)),
        *calls(regular(2, 2, 2), (2,)),
        *calls(regular(2, 2, 2), (2, 1)),
        *calls(regular(2, 2), (2, 2, 1)),
        *calls(regular(2, 1, 2, 2), (1, 2, 2, 2)),
        *calls(regular(2, 2), (2, 0)),
        *calls(np.zeros((0, 0)), (0,)),
        *calls(np.zeros((0, 2, 2)), (2,)),
    ],
    "linalg.svd": each((*TALL_AND_WIDE, *EMPTY), {}, {"full_matrices": False}, after=settled_svd),
    "linalg.svdvals": each((*TALL_AND_WIDE, *EMPTY)),
    "linalg.trace": [
        *each(TALL_AND_WIDE, {}, {"offset": 1}, {"offset": -1, "dtype": "float64"}),
        *each((*TALL_AND_WIDE[:1], *EMPTY), {"offset": 0}, {"offset": 5}),
    ],
    "linalg.vector_norm": [
        *calls((2, 3), each=tuple({"ord": o} for o in (0, 1, 2, 3, 2.5, 1.5, 0.5, -1, -2.5, np.inf, -np.inf))),
        *calls((2, 3, 2), each=tuple({"axis": 1, "ord": o} for o in (1, 2, 3, 0.5, np.inf, -np.inf))),
        *calls((2, 3, 2), each=tuple({"axis": (0, -1), "ord": o, "keepdims": True} for o in (1, 2, 3))),
        *calls((2, 3), each=({}, {"keepdims": True}, {"axis": (1, 0)}, {"axis": -1})),
        *calls((0, 3), each=({}, {"axis": 0, "ord": 1}, {"axis": 1, "ord": 3}, {"axis": -1, "ord": np.inf})),
    ],
}
