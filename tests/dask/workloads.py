"""Losses with their gradients, written by hand and differentiated; all over the same data in some blocks of rows."""

import dask.array as da
import numpy as np

import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd

D, H, K = 6, 4, 3


class Data:
    """Samples and parameters."""

    def __init__(self, blocks=16, rows=5):
        rng = np.random.default_rng(0)
        self.n = blocks * rows
        self.x = rng.normal(size=(self.n, D))
        self.y = rng.normal(size=self.n)
        self.X, self.Y = da.from_array(self.x, chunks=(rows, D)), da.from_array(self.y, chunks=rows)
        self.w, self.w1, self.b1 = rng.normal(size=D), rng.normal(size=(D, H)), rng.normal(size=H)
        self.w2, self.b2 = rng.normal(size=H), np.asarray(0.1)
        self.la, self.mu = rng.normal(size=K), rng.normal(size=(K, D))
        self.u, self.v, self.r = (rng.normal(size=s) for s in ((self.n, K), (self.n, K), (self.n, self.n)))
        side = self.n // 4
        self.U, self.V = (da.from_array(a, chunks=(side, K)) for a in (self.u, self.v))
        self.R = da.from_array(self.r, chunks=(side, side))


def tracked(loss, *variables):
    """The loss and the gradients by raw arrays, NumPy's or Dask's."""
    arrays = [(xp if isinstance(a, da.Array) else xn).asarray(a) for a in variables]
    for a in arrays:
        a.attach_grad()
    with autograd.record():
        value = loss(*arrays)
    value.backward()
    return value, *(a.grad for a in arrays)


def logistic_by_hand(d):
    e = da.exp(-d.Y * (d.X @ d.w))
    return da.log1p(e).sum(), d.X.T @ (-d.Y * e / (1 + e))


def logistic(d):
    return tracked(lambda w: xp.sum(xp.log1p(xp.exp(-xp.asarray(d.Y) * (xp.asarray(d.X) @ w)))), d.w)


def network_by_hand(d):
    t = da.tanh(d.X @ d.w1 + d.b1)
    r = t @ d.w2 + d.b2 - d.Y
    dr = 2 * r / d.n
    dz = dr[:, None] * d.w2 * (1 - t * t)
    return (r * r).mean(), d.X.T @ dz, dz.sum(axis=0), t.T @ dr, dr.sum()


def network(d):
    def loss(w1, b1, w2, b2):
        r = xp.tanh(xp.asarray(d.X) @ w1 + b1) @ w2 + b2 - xp.asarray(d.Y)
        return xp.mean(r * r)

    return tracked(loss, d.w1, d.b1, d.w2, d.b2)


def squares_by_hand(d):
    r = d.X @ d.w - d.Y
    return (r * r).sum(), d.X.T @ (2 * r)


def squares(d):
    def loss(w):
        r = xp.asarray(d.X) @ w - xp.asarray(d.Y)
        return xp.sum(r * r)

    return tracked(loss, d.w)


def rmse_by_hand(d):
    r = d.X @ d.w - d.Y
    loss = da.sqrt((r * r).mean())
    return loss, d.X.T @ (r * (1 / (d.n * loss)))


def rmse(d):
    def loss(w):
        r = xp.asarray(d.X) @ w - xp.asarray(d.Y)
        return xp.sqrt(xp.mean(r * r))

    return tracked(loss, d.w)


def mixture_by_hand(d):
    s = d.la - 0.5 * ((d.X * d.X).sum(axis=1)[:, None] - 2 * d.X @ d.mu.T + (d.mu * d.mu).sum(1))
    m = s.max(axis=1, keepdims=True)
    e = da.exp(s - m)
    t = e.sum(axis=1, keepdims=True)
    p = e / t
    by_la = p.sum(axis=0)
    return (da.log(t) + m).sum(), by_la, p.T @ d.X - by_la[:, None] * d.mu


def mixture(d):
    def loss(la, mu):
        x = xp.asarray(d.X)
        s = la - 0.5 * (xp.sum(x * x, axis=1)[:, None] - 2 * x @ mu.T + xp.sum(mu * mu, axis=1))
        m = xp.max(s, axis=1, keepdims=True)
        return xp.sum(xp.log(xp.sum(xp.exp(s - m), axis=1, keepdims=True)) + m)

    return tracked(loss, d.la, d.mu)


def factorisation_by_hand(d):
    e = d.U @ d.V.T - d.R
    return (e * e).sum(), (2 * e) @ d.V, (2 * e).T @ d.U


def factorisation(d):
    def loss(u, v):
        e = u @ v.T - xp.asarray(d.R)
        return xp.sum(e * e)

    return tracked(loss, d.U, d.V)


def stencil_by_hand(d):
    e = d.X[1:] - d.X[:-1]
    g, zeros = 2 * e, da.zeros((1, D))
    below, above = da.concatenate([zeros, g]), da.concatenate([g, zeros])
    return (e * e).sum(), below.rechunk(d.X.chunks) - above.rechunk(d.X.chunks)


def stencil(d):
    def loss(x):
        e = x[1:] - x[:-1]
        return xp.sum(e * e)

    return tracked(loss, d.X)


ALL = {
    "logistic": (logistic_by_hand, logistic),
    "network": (network_by_hand, network),
    "squares": (squares_by_hand, squares),
    "rmse": (rmse_by_hand, rmse),
    "mixture": (mixture_by_hand, mixture),
    "factorisation": (factorisation_by_hand, factorisation),
    "stencil": (stencil_by_hand, stencil),
}

#: Those of which all but the trees of sums fits into one task for each block.
IN_BLOCKS = ("logistic", "network", "squares", "rmse", "mixture")
