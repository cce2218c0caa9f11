"""Logistic regression by L-BFGS: dask-glm's loop where it is installed, one in its style where not, and xpgrad's."""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import dask.array as da
import numpy as np
from dask.base import compute

from benchmarks.dask.workloads import Data, in_blocks, tracked, xp

ITERATIONS = 100

Evaluate = Callable[[Any], tuple[float, Any]]


def solved(evaluate: Evaluate, size: int) -> tuple[float, int]:
    """Seconds and evaluations of a run of SciPy's L-BFGS, called as dask-glm calls it."""
    from scipy.optimize import fmin_l_bfgs_b

    start = time.perf_counter()
    _, _, info = fmin_l_bfgs_b(evaluate, np.zeros(size), fprime=None, pgtol=0.0, maxiter=ITERATIONS)
    return time.perf_counter() - start, int(info["funcalls"])


def targets(d: Data) -> Any:
    """Labels 0 and 1."""
    return (d.Y > 0).astype("float64")


def loss(xp: Any, w: Any, x: Any, y: Any) -> Any:
    """The sum of -log(probability) of labels 0 and 1."""
    z = x @ w
    return xp.sum(xp.log1p(xp.exp(z)) - y * z)


def by_hand(d: Data, y: da.Array) -> Evaluate:
    """The loss and the gradient as dask-glm has them."""

    def evaluate(w: Any) -> tuple[float, Any]:
        z = d.X @ w
        found = compute(da.log1p(da.exp(z)).sum() - (y * z).sum(), d.X.T @ (1 / (1 + da.exp(-z)) - y))
        return float(found[0]), found[1]

    return evaluate


def differentiated(d: Data, y: da.Array) -> Evaluate:
    """By `backward`."""

    def evaluate(w: Any) -> tuple[float, Any]:
        value, gradient = compute(*tracked(lambda w: loss(xp, w, xp.asarray(d.X), xp.asarray(y)), w))
        return float(value), gradient

    return evaluate


def block_by_block(d: Data, y: da.Array) -> Evaluate:
    """By `value_and_grad_blocks`."""

    def evaluate(w: Any) -> tuple[float, Any]:
        value, gradient = compute(*in_blocks(lambda xp, w, x, y: loss(xp, w, x, y), [w], d.X, y))
        return float(value), gradient

    return evaluate


def dask_glm(d: Data, y: da.Array) -> tuple[float, int]:
    """Seconds and evaluations of dask-glm's own solver."""
    from dask_glm import algorithms
    from dask_glm.families import Logistic

    evaluations = 0

    class Counted(Logistic):  # type: ignore[misc]  # a class of a library without types
        @staticmethod
        def pointwise_gradient(*arguments: Any) -> Any:
            nonlocal evaluations
            evaluations += 1
            return Logistic.pointwise_gradient(*arguments)

    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it sets an option of Dask's by its old name
        algorithms.lbfgs(d.X, y, max_iter=ITERATIONS, tol=0.0, family=Counted)
    return time.perf_counter() - start, evaluations


def contenders(d: Data, y: da.Array) -> dict[str, Callable[[], tuple[float, int]]]:
    """The baseline first."""
    size = d.X.shape[1]
    ours = {
        "in dask-glm's style, by hand": by_hand(d, y),
        "backward": differentiated(d, y),
        "value_and_grad_blocks": block_by_block(d, y),
    }
    runs: dict[str, Callable[[], tuple[float, int]]] = {}
    if importlib.util.find_spec("dask_glm"):
        runs["dask-glm"] = partial(dask_glm, d, y)
    return runs | {name: partial(solved, evaluate, size) for name, evaluate in ours.items()}
