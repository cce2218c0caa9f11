"""Derivatives of derivatives, and Jacobians: against their closed forms, and a product against a gradient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Function, Peer, Run, UnsupportedError
from benchmarks.workloads.rosenbrock import point, rosenbrock


def log_sum_exp_of(a: Any) -> Function:
    """log(sum(exp(a @ x)))."""
    return lambda xp, x: xp.log(xp.sum(xp.exp(a @ x)))


def hessian_by_hand(a: Any, x: Any) -> list[Any]:
    """Its Hessian."""
    e = np.exp(a @ x)
    p = e / np.sum(e)
    slope = p @ a
    return [(a.T * p) @ a - slope[:, None] * slope]


def layers_of(a: Any, b: Any) -> Function:
    """b @ tanh(a @ x)."""
    return lambda xp, x: b @ xp.tanh(a @ x)


def jacobian_by_hand(a: Any, b: Any, x: Any) -> list[Any]:
    """Its Jacobian."""
    t = np.tanh(a @ x)
    return [(b * (1.0 - t * t)) @ a]


def product_by_hand(x: Any, v: Any) -> list[Any]:
    """The Hessian of the Rosenbrock function, times a vector."""
    head = x[:-1]
    r = np.zeros_like(x)
    r[1:] = 200.0 * v[1:] - 400.0 * head * v[:-1]
    r[:-1] += (1200.0 * head**2 - 400.0 * x[1:] + 2.0) * v[:-1] - 400.0 * head * v[1:]
    return [r]


class Second(Workload):
    """Hessian, Jacobian, and Hessian-vector product."""

    name = "second"

    def __init__(self, hessian: int = 50, jacobian: int = 100, product: int = 100_000) -> None:
        self.sizes = hessian, jacobian, product

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        h, j, n = self.sizes
        random = np.random.default_rng(0)
        x, a = random.standard_normal(h), random.standard_normal((h, h)) / h
        yield contest(
            f"Hessian of {h} variables",
            Contender("closed form", partial(hessian_by_hand, a, x)),
            peers,
            partial(self._hessian, a, x),
            target=70.0,
        )
        x, a, b = random.standard_normal(j), random.standard_normal((j, j)) / j, random.standard_normal((j, j))
        yield contest(
            f"Jacobian, {j} x {j}",
            Contender("closed form", partial(jacobian_by_hand, a, b, x)),
            peers,
            partial(self._jacobian, a, b, x),
            target=45.0,
        )
        x, v = point(n), random.standard_normal(n)
        for peer in peers:
            gradient = Contender(f"{peer.name}, gradient", peer.differentiate(rosenbrock, [x]))
            case = Case(f"Hessian-vector product, {n:,}, against a gradient", gradient, [], target=4.0)
            try:
                run = peer.hvp(rosenbrock, x, v)
                case.rivals.append(Contender(f"{peer.name}, product", run, expected=partial(product_by_hand, x, v)))
            except UnsupportedError as error:
                case.left_out[peer.name] = str(error)
            yield case

    @staticmethod
    def _hessian(a: Any, x: Any, peer: Peer) -> Run:
        return peer.hessian(log_sum_exp_of(peer.constant(a)), x)

    @staticmethod
    def _jacobian(a: Any, b: Any, x: Any, peer: Peer) -> Run:
        return peer.jacobian(layers_of(peer.constant(a), peer.constant(b)), x)
