"""Control flow that depends on data: a loop that runs until a condition on the variables' values holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Peer, Run, UnsupportedError

BOUND = 1e4


def grown(xp: Any, x: Any) -> Any:
    """The sum of a vector that has grown until its square is large enough."""
    while xp.sum(x * x) < BOUND:
        x = 1.1 * x + 0.1 * xp.sin(x)
    return xp.sum(x)


def by_hand(x: Any) -> list[Any]:
    """The gradient."""
    kept = []
    while np.sum(x * x) < BOUND:
        kept.append(x)
        x = 1.1 * x + 0.1 * np.sin(x)
    g = np.ones_like(x)
    for x in reversed(kept):
        g = 1.1 * g + 0.1 * (g * np.cos(x))
    return [g]


class Loop(Workload):
    """The gradient by the start of the loop."""

    name = "loop"

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        x = np.linspace(0.1, 1.0, 10)
        floor = Contender("by hand", partial(by_hand, x))
        yield contest("while loop", floor, peers, partial(self._run, x), target=3.5)

    @staticmethod
    def _run(x: Any, peer: Peer) -> Run:
        if peer.compiles:
            raise UnsupportedError("Python's while cannot depend on what is compiled")
        return peer.differentiate(grown, [x])
