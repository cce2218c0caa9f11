"""Random losses of samples in rows, as fusion meets them: gradients of both orders are NumPy's, in strips and not."""

import dask
import dask.array as da
import numpy as np
import pytest

import xpgrad.dask as xd
import xpgrad.numpy as xn
from xpgrad import autograd
from xpgrad_dask import regions, routes, strips

#: What keeps the rows, or makes others of them; of arrays of one axis or two.
UNARY = {
    "tanh": lambda xp, x: xp.tanh(x),
    "square": lambda xp, x: x * x,
    "scaled": lambda xp, x: 0.7 * x - 1.0,
    "power": lambda xp, x: (2.0 + xp.sin(x)) ** 1.5,
    "where": lambda xp, x: xp.where(x > 0.1, x * 2.0, xp.sin(x)),
    "clip": lambda xp, x: xp.clip(x, -0.5, 1.1),
    "softmax": lambda xp, x: (lambda e: e / xp.sum(e, axis=-1, keepdims=True))(xp.exp(x)),
    "logsumexp": lambda xp, x: (lambda m: xp.log(xp.sum(xp.exp(x - m), axis=-1, keepdims=True)) + m)(
        xp.max(x, axis=-1, keepdims=True)
    ),
    "rows of a sign": lambda xp, x: xp.where(xp.sum(x, axis=-1, keepdims=True) > 0, x, 0.0),
    "cumulative": lambda xp, x: xp.cumulative_sum(x, axis=0),
    "differences": lambda xp, x: x[1:] - x[:-1],
    "rolled": lambda xp, x: xp.roll(x, 1, axis=0) * x,
    "backwards": lambda xp, x: x[::-1] * x,
    "every other": lambda xp, x: x[::2],
    "centred": lambda xp, x: x - xp.mean(x, axis=0),
    "of unit length": lambda xp, x: x / xp.sqrt(1.0 + xp.sum(x * x)),
    "flat": lambda xp, x: xp.reshape(x, (-1,)),
    "sorted": lambda xp, x: xp.sort(x, axis=-1),
    "looked up": lambda xp, x: xp.take(x, xp.asarray(np.asarray([0, 3, 0])), axis=0),
    "spread": lambda xp, x: xp.std(x + 0.3, axis=0),
    "masked": lambda xp, x: xp.sum(xp.sin(xp.reshape(x, (-1,))[xp.reshape(x, (-1,)) > 0.1])) * x,
    "written to": lambda xp, x: written(x),
    "last of a row": lambda xp, x: x[..., -1],
    "parts of a row": lambda xp, x: x[..., [0, -1, 0]] * 0.5,
    "rows backwards": lambda xp, x: xp.flip(x, axis=-1) * x,
    "rolled rows": lambda xp, x: xp.roll(x, 1, axis=-1) + x,
    "repeated in rows": lambda xp, x: xp.repeat(x, 2, axis=-1),
    "tiled rows": lambda xp, x: xp.tile(x, (1, 2)) if x.ndim == 2 else xp.tile(x, (2,)),
    "joined rows": lambda xp, x: xp.concat([x, xp.sin(x)], axis=-1),
    "stacked": lambda xp, x: xp.sum(xp.stack([x, x * x, xp.sin(x)], axis=-1) * xp.arange(3.0), axis=-1),
    "cut rows": lambda xp, x: xp.sum(xp.reshape(x, (*x.shape[:-1], x.shape[-1], 1)) ** 2, axis=-1),
    "halved rows": lambda xp, x: xp.max(xp.reshape(xp.tile(x, (1,) * (x.ndim - 1) + (2,)), (*x.shape, 2)), axis=-1),
    "stretched rows": lambda xp, x: xp.broadcast_to(xp.sum(x, axis=-1, keepdims=True), x.shape) * x,
    "cumulative in rows": lambda xp, x: xp.cumulative_sum(x, axis=-1, include_initial=True),
    "products in rows": lambda xp, x: xp.cumulative_prod(xp.sin(x), axis=-1),
    "product of rows": lambda xp, x: xp.prod(xp.sin(x), axis=-1, keepdims=True) * x,
    "length of rows": lambda xp, x: xp.linalg.vector_norm(x + 0.1, axis=-1, keepdims=True) * x,
    "spread of rows": lambda xp, x: xp.std(x * x + 0.3 * x, axis=-1, keepdims=True) + x,
    "by rank": lambda xp, x: xp.take_along_axis(xp.sin(x), xp.argsort(x, axis=-1)[..., :2], axis=-1),
    "of logarithms": lambda xp, x: xp.log_softmax(x, axis=-1) * x,
    "written in rows": lambda xp, x: written_rows(x),
    "in blocks": lambda xp, x: xp.map_blocks(curved, x, dtype=x.dtype) if hasattr(x.data, "dask") else curved(x),
}
#: Two arrays, if their shapes suit.
BINARY = {
    "sum": lambda xp, x, y: x + y,
    "product": lambda xp, x, y: x * y,
    "quotient": lambda xp, x, y: x / (2.5 + xp.sin(y)),
    "larger": lambda xp, x, y: xp.maximum(x, y),
    "matmul": lambda xp, x, y: x @ y,
    "transposed": lambda xp, x, y: xp.permute_dims(x, tuple(range(x.ndim))[::-1]) @ y,
}
REDUCTIONS = ("max", "mean", "min", "sum")
#: What follows the sums, linear or not.
HEADS = {
    "linear": lambda xp, sums: sum(sums),
    "root": lambda xp, sums: xp.sqrt(1.0 + sum(sums) ** 2),
    "product": lambda xp, sums: sums[0] * sum(sums),
    "logarithm": lambda xp, sums: xp.log(1.0 + sums[-1] ** 2) + sums[0],
}


def written(x):
    y = x * 1.0
    y[1:] = y[1:] * 0.5 + 1.0
    return y


def written_rows(x):
    y = x * 1.0
    y[..., 0] = y[..., -1] * 0.5 + 1.0
    return y


def curved(block):
    return block.__array_namespace__().tanh(block) * 2.0 + block * block


def grown(xp, pool, rng):
    """The pool with one array more."""
    x, y = (pool[-1 - min(int(rng.integers(7)), len(pool) - 1)] for _ in range(2))
    kind = rng.integers(3)
    if kind == 0 and x.ndim and x.shape[0] > 3:
        new = UNARY[rng.choice([*UNARY])](xp, x)
    elif kind == 1:
        try:
            new = BINARY[rng.choice([*BINARY])](xp, x, y)
        except (IndexError, TypeError, ValueError):  # their shapes do not suit
            return pool
    else:
        axis = (None, *range(x.ndim))[rng.integers(x.ndim + 1)]
        new = getattr(xp, rng.choice(REDUCTIONS))(x, axis=axis)
    return [*pool, new] if new.ndim < 3 and new.size < 900 else pool


def loss_of(xp, arrays, seed):
    rng = np.random.default_rng(seed)
    pool = [*arrays]
    for _ in range(rng.integers(2, 8)):
        pool = grown(xp, pool, rng)
    sums = [xp.sum(xp.sin(x) if rng.integers(2) else x * x) for x in pool[-3:]]
    return HEADS[rng.choice([*HEADS])](xp, sums)


def gradients(xp, arrays, seed):
    """The loss, its gradients, and those of the square of their lengths."""
    for x in arrays:
        x.attach_grad()
    with autograd.record():
        loss = loss_of(xp, arrays, seed)
        touched = loss + 0.0 * sum(xp.sum(x) for x in arrays)
        first = autograd.grad(touched, arrays, create_graph=True, retain_graph=True)
        lengths = sum(xp.sum(g * g) for g in first) + touched
    plain = autograd.grad(touched, arrays, retain_graph=True)
    lengths.backward()
    return [loss, *plain, *(x.grad for x in arrays)]


@pytest.fixture(params=["whole arrays", "fused", "in strips"])
def mode(request, monkeypatch):
    """Fusion off, on, and on with strips of two rows and more, and as if all blocks were large."""
    if request.param == "in strips":
        monkeypatch.setattr(strips, "_SMALL", 8 * 2**4)
        monkeypatch.setattr(strips, "_FEWEST_ROWS", 2)
        monkeypatch.setattr(strips, "_large", lambda blocks, how: True)
        for module in (regions, routes):
            monkeypatch.setattr(module, "WORTH_A_TASK", 16)
    with dask.config.set({"xpgrad.fusion": request.param != "whole arrays", "scheduler": "synchronous"}):
        yield


@pytest.mark.parametrize("seed", [*range(40), *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(40, 300))])
def test_gradients_are_those_of_numpy(seed, mode):
    rng = np.random.default_rng(seed)
    n, k = int(rng.choice([5, 12, 23])), int(rng.choice([1, 3, 6]))
    values = [rng.normal(size=shape) for shape in ((n, k), (n,), (k,), (k, 2), (n, k))]
    arrays = [
        xd.asarray(da.from_array(x, chunks=(int(rng.integers(1, n + 1)), -1)[: x.ndim]))
        if len(x) == n
        else xn.asarray(x)
        for x in values
    ]
    with np.errstate(all="ignore"):
        expected = [np.asarray(x.data) for x in gradients(xn, [xn.asarray(x) for x in values], seed)]
        found = dask.compute(*(x.data for x in gradients(xd, arrays, seed)))
    for a, b in zip(found, expected, strict=True):
        scale = np.max(np.abs(b), initial=1.0)
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9 * scale)
