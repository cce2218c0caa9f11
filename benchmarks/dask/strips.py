"""The losses that are fused, with their gradients, as fast as NumPy can be made to compute them by hand.

One task for each block, which goes over it in strips that stay in the cache and writes into what it made before. Nobody
would write this for every loss; it shows how much of the time by hand, whole array by whole array, is arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
from dask.delayed import delayed

from benchmarks.dask.workloads import Arrays, Data

_ROWS = 16_000
_FAN_IN = 16


def in_strips(kernel: Callable[..., Arrays], parameters: Arrays, *chunked: da.Array) -> Arrays:
    """The sums of what a kernel makes of strips: the loss, and the gradient by each parameter."""
    blocks = zip(*(x.to_delayed().ravel() for x in chunked), strict=True)
    parts = [delayed(_over_block)(kernel, parameters, *own) for own in blocks]
    while len(parts) > 1:
        parts = [delayed(_total)(parts[i : i + _FAN_IN]) for i in range(0, len(parts), _FAN_IN)]
    like = (np.zeros(()), *parameters)
    return tuple(da.from_delayed(parts[0][i], x.shape, x.dtype) for i, x in enumerate(like))


def _over_block(kernel: Callable[..., Arrays], parameters: Arrays, *blocks: Any) -> Arrays:
    rows = range(0, len(blocks[0]), _ROWS)
    return _total([kernel(*parameters, *(x[start : start + _ROWS] for x in blocks)) for start in rows])


def _total(parts: list[Arrays]) -> Arrays:
    return tuple(np.asarray(sum(own)) for own in zip(*parts, strict=True))


def _logistic(w: Any, x: Any, y: Any) -> Arrays:
    e = x.dot(w)
    e *= y
    np.exp(np.negative(e, out=e), out=e)
    loss = np.log1p(e).sum()
    e /= 1 + e
    e *= y
    return loss, -e.dot(x)


def _network(n: int) -> Callable[..., Arrays]:
    def kernel(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> Arrays:
        t = x.dot(w1)
        t += b1
        np.tanh(t, out=t)
        r = t.dot(w2)
        r += b2
        r -= y
        loss = r.dot(r) / n
        r *= 2 / n
        by_w2, by_b2 = r.dot(t), r.sum()
        t *= -t
        t += 1
        t *= w2
        t *= r[:, None]
        return loss, x.T.dot(t), np.einsum("ij->j", t), by_w2, by_b2

    return kernel


def _mixture(la: Any, mu: Any, x: Any) -> Arrays:
    s = x.dot(mu.T)
    s -= 0.5 * np.einsum("ij,ij->i", x, x)[:, None]
    s += la - 0.5 * (mu * mu).sum(axis=1)
    m = s.max(axis=1, keepdims=True)
    s -= m
    np.exp(s, out=s)
    t = np.einsum("ij->i", s)[:, None]
    s /= t
    by_la = np.einsum("ij->j", s)
    return (np.log(t) + m).sum(), by_la, s.T.dot(x) - by_la[:, None] * mu


def logistic(d: Data) -> Arrays:
    """Logistic regression."""
    return in_strips(_logistic, (d.w,), d.X, d.Y)


def network(d: Data) -> Arrays:
    """A network of two layers."""
    return in_strips(_network(d.n), (d.w1, d.b1, d.w2, d.b2), d.X, d.Y)


def mixture(d: Data) -> Arrays:
    """A mixture of Gaussians."""
    return in_strips(_mixture, (d.la, d.mu), d.X)


IN_STRIPS = {"logistic": logistic, "network": network, "mixture": mixture}
