"""Slices: the Rosenbrock function, of few variables and of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Peer


def rosenbrock(xp: Any, x: Any) -> Any:
    """The function, whose minimum is 0 where all variables are 1."""
    return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def by_hand(x: Any) -> list[Any]:
    """The gradient, on the way to which the function is computed, too."""
    head = x[:-1]
    off = x[1:] - head**2
    rest = 1.0 - head
    np.sum(100.0 * off**2 + rest**2)
    g = np.zeros_like(x)
    g[1:] = 200.0 * off
    g[:-1] -= 400.0 * off * head + 2.0 * rest
    return [g]


def point(n: int) -> Any:
    """Somewhere off the minimum."""
    return np.random.default_rng(0).uniform(0.5, 1.5, n)


class Rosenbrock(Workload):
    """Its gradient."""

    name = "rosenbrock"

    def __init__(self, sizes: Sequence[tuple[int, float]] = ((1000, 4.5), (1_000_000, 1.8))) -> None:
        self.sizes = sizes  # with their targets

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        for n, target in self.sizes:
            x = point(n)
            floor = Contender("by hand", partial(by_hand, x))
            run = partial(self._run, x)
            yield contest(f"Rosenbrock, {n:,} variables", floor, peers, run, target=target)

    @staticmethod
    def _run(x: Any, peer: Peer) -> Any:
        return peer.differentiate(rosenbrock, [x])
