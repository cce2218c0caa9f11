"""Losses with their gradients, written by hand and differentiated; all over the same data in some blocks of rows.

The tests use them, too, with few and small blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any

import dask.array as da
import numpy as np

from xpgrad import autograd, namespace

Arrays = tuple[Any, ...]

xp: Any = namespace("dask")
xn: Any = namespace("numpy")


class Data:
    """Samples and parameters.

    Parameters
    ----------
    blocks, rows : int
        The number of blocks, and of rows in each.
    features, hidden, parts : int
        The number of features, of hidden units of the network, and of parts of the mixture and the factorisation.
    lazy : bool
        Make the samples when they are needed; otherwise they are there as NumPy arrays as well, in small letters.
    """

    def __init__(
        self, blocks: int = 16, rows: int = 5, features: int = 6, hidden: int = 4, parts: int = 3, lazy: bool = False
    ) -> None:
        rng = np.random.default_rng(0)
        self.n, self.features = blocks * rows, features
        grid, side = isqrt(blocks), isqrt(rows * features)

        def samples(name: str, *shape: int, chunks: Any) -> None:
            if lazy:
                made = da.random.default_rng(0).normal(size=shape, chunks=chunks)
            else:
                setattr(self, name.lower(), rng.normal(size=shape))
                made = da.from_array(getattr(self, name.lower()), chunks=chunks)
            setattr(self, name, made)

        samples("X", self.n, features, chunks=(rows, features))
        samples("Y", self.n, chunks=rows)
        samples("U", grid * side, parts, chunks=(side, parts))
        samples("V", grid * side, parts, chunks=(side, parts))
        samples("R", grid * side, grid * side, chunks=side)
        self.w, self.w1 = rng.normal(size=features), rng.normal(size=(features, hidden))
        self.b1, self.w2, self.b2 = rng.normal(size=hidden), rng.normal(size=hidden), np.asarray(0.1)
        self.la, self.mu = rng.normal(size=parts), rng.normal(size=(parts, features))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"these data have no {name}")


def tracked(loss: Callable[..., Any], *variables: Any) -> Arrays:
    """The loss and the gradients by raw arrays, NumPy's or Dask's."""
    arrays = [(xp if isinstance(a, da.Array) else xn).asarray(a) for a in variables]
    for a in arrays:
        a.attach_grad()
    with autograd.record():
        value = loss(*arrays)
    value.backward()
    return value, *(a.grad for a in arrays)


def in_blocks(loss: Callable[..., Any], parameters: list[Any], *chunked: da.Array, reduce: str = "sum") -> Arrays:
    """The same by a loss of NumPy's blocks, one task for each, in which samples go through by the thousand."""
    of_samples = xp.value_and_grad_blocks(lambda given, *blocks: loss(xn, *given, *blocks), reduce, at_once=50_000)
    value, gradients = of_samples(parameters, *chunked)
    return value, *gradients


def logistic_loss(xp: Any, w: Any, x: Any, y: Any) -> Any:
    """The sum of -log(probability) of labels -1 and 1."""
    return xp.sum(xp.log1p(xp.exp(-y * (x @ w))))


def logistic_by_hand(d: Data) -> Arrays:
    """Logistic regression."""
    e = da.exp(-d.Y * (d.X @ d.w))
    return da.log1p(e).sum(), d.X.T @ (-d.Y * e / (1 + e))


def logistic(d: Data) -> Arrays:
    """The same, differentiated."""
    return tracked(lambda w: logistic_loss(xp, w, xp.asarray(d.X), xp.asarray(d.Y)), d.w)


def logistic_in_blocks(d: Data) -> Arrays:
    """The same, differentiated block by block."""
    return in_blocks(logistic_loss, [d.w], d.X, d.Y)


def network_loss(xp: Any, w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> Any:
    """The mean square of the residuals of two layers."""
    r = xp.tanh(x @ w1 + b1) @ w2 + b2 - y
    return xp.mean(r * r)


def network_by_hand(d: Data) -> Arrays:
    """A network of two layers."""
    t = da.tanh(d.X @ d.w1 + d.b1)
    r = t @ d.w2 + d.b2 - d.Y
    dr = 2 * r / d.n
    dz = dr[:, None] * d.w2 * (1 - t * t)
    return (r * r).mean(), d.X.T @ dz, dz.sum(axis=0), t.T @ dr, dr.sum()


def network(d: Data) -> Arrays:
    """The same, differentiated."""

    def loss(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        return network_loss(xp, w1, b1, w2, b2, xp.asarray(d.X), xp.asarray(d.Y))

    return tracked(loss, d.w1, d.b1, d.w2, d.b2)


def network_in_blocks(d: Data) -> Arrays:
    """The same, differentiated block by block."""
    return in_blocks(network_loss, [d.w1, d.b1, d.w2, d.b2], d.X, d.Y, reduce="mean")


def squares_by_hand(d: Data) -> Arrays:
    """Least squares."""
    r = d.X @ d.w - d.Y
    return (r * r).sum(), d.X.T @ (2 * r)


def squares(d: Data) -> Arrays:
    """The same, differentiated."""

    def loss(w: Any) -> Any:
        r = xp.asarray(d.X) @ w - xp.asarray(d.Y)
        return xp.sum(r * r)

    return tracked(loss, d.w)


def rmse_by_hand(d: Data) -> Arrays:
    """The root of the mean square."""
    r = d.X @ d.w - d.Y
    loss = da.sqrt((r * r).mean())
    return loss, d.X.T @ (r * (1 / (d.n * loss)))


def rmse(d: Data) -> Arrays:
    """The same, differentiated."""

    def loss(w: Any) -> Any:
        r = xp.asarray(d.X) @ w - xp.asarray(d.Y)
        return xp.sqrt(xp.mean(r * r))

    return tracked(loss, d.w)


def mixture_loss(xp: Any, la: Any, mu: Any, x: Any) -> Any:
    """The log-likelihood of a mixture of Gaussians."""
    s = la - 0.5 * (xp.sum(x * x, axis=1)[:, None] - 2 * x @ mu.T + xp.sum(mu * mu, axis=1))
    m = xp.max(s, axis=1, keepdims=True)
    return xp.sum(xp.log(xp.sum(xp.exp(s - m), axis=1, keepdims=True)) + m)


def mixture_by_hand(d: Data) -> Arrays:
    """A mixture of Gaussians."""
    s = d.la - 0.5 * ((d.X * d.X).sum(axis=1)[:, None] - 2 * d.X @ d.mu.T + (d.mu * d.mu).sum(1))
    m = s.max(axis=1, keepdims=True)
    e = da.exp(s - m)
    t = e.sum(axis=1, keepdims=True)
    p = e / t
    by_la = p.sum(axis=0)
    return (da.log(t) + m).sum(), by_la, p.T @ d.X - by_la[:, None] * d.mu


def mixture(d: Data) -> Arrays:
    """The same, differentiated."""
    return tracked(lambda la, mu: mixture_loss(xp, la, mu, xp.asarray(d.X)), d.la, d.mu)


def mixture_in_blocks(d: Data) -> Arrays:
    """The same, differentiated block by block."""
    return in_blocks(mixture_loss, [d.la, d.mu], d.X)


def factorisation_by_hand(d: Data) -> Arrays:
    """Factorisation of a matrix in blocks along both axes."""
    e = d.U @ d.V.T - d.R
    return (e * e).sum(), (2 * e) @ d.V, (2 * e).T @ d.U


def factorisation(d: Data) -> Arrays:
    """The same, differentiated."""

    def loss(u: Any, v: Any) -> Any:
        e = u @ v.T - xp.asarray(d.R)
        return xp.sum(e * e)

    return tracked(loss, d.U, d.V)


def stencil_by_hand(d: Data) -> Arrays:
    """A stencil of slices."""
    e = d.X[1:] - d.X[:-1]
    g, zeros = 2 * e, da.zeros((1, d.features))
    below, above = da.concatenate([zeros, g]), da.concatenate([g, zeros])
    return (e * e).sum(), below.rechunk(d.X.chunks) - above.rechunk(d.X.chunks)


def stencil(d: Data) -> Arrays:
    """The same, differentiated."""

    def loss(x: Any) -> Any:
        e = x[1:] - x[:-1]
        return xp.sum(e * e)

    return tracked(loss, d.X)


def curvature(block: Any) -> Any:
    """The square of the second difference at every place; rows at the edge have none."""
    inside = (block[2:] - 2 * block[1:-1] + block[:-2]) ** 2
    return block.__array_namespace__().concat([0 * block[:1], inside, 0 * block[-1:]])


def smoothness_by_hand(d: Data) -> Arrays:
    """A stencil with `map_overlap`."""
    value = da.map_overlap(curvature, d.X, depth={0: 1}, boundary="none", dtype=float).sum()
    return value, da.map_overlap(curvature_slope, d.X, depth={0: 2}, boundary="none", dtype=float)


def curvature_slope(block: Any) -> Any:
    """Its derivative."""
    c = 2 * (block[2:] - 2 * block[1:-1] + block[:-2])
    out = np.zeros_like(block)
    out[2:] += c
    out[1:-1] -= 2 * c
    out[:-2] += c
    return out


def smoothness(d: Data) -> Arrays:
    """The same, differentiated."""
    return tracked(lambda x: xp.sum(xp.map_overlap(curvature, x, depth={0: 1}, boundary="none", dtype=float)), d.X)


ALL: dict[str, tuple[Callable[[Data], Arrays], Callable[[Data], Arrays]]] = {
    "logistic": (logistic_by_hand, logistic),
    "network": (network_by_hand, network),
    "squares": (squares_by_hand, squares),
    "rmse": (rmse_by_hand, rmse),
    "mixture": (mixture_by_hand, mixture),
    "factorisation": (factorisation_by_hand, factorisation),
    "stencil": (stencil_by_hand, stencil),
    "smoothness": (smoothness_by_hand, smoothness),
}

#: Those of which all but the trees of sums fits into one task for each block.
IN_BLOCKS = ("logistic", "network", "squares", "rmse", "mixture")

#: Losses that are given block by block.
BY_BLOCKS: dict[str, Callable[[Data], Arrays]] = {
    "logistic": logistic_in_blocks,
    "network": network_in_blocks,
    "mixture": mixture_in_blocks,
}
