"""Overhead per operation: about 1,000 element-wise operations on 4 elements, forward and backward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Function, Peer
from benchmarks.workloads.chains import CHEAP, MIXED, Links


def forward_of(whole: Contender) -> Contender:
    """Of a contender whose `run` are its stages, the first."""
    return replace(whole, run=whole.run[0], prepare=tuple)


def backward_of(whole: Contender) -> Contender:
    """The second stage, for which the first is prepared."""
    forward, backward = whole.run
    return replace(whole, run=backward, prepare=lambda: (forward(),))


class Chain(Workload):
    """Chains with the other operand a constant array, a variable, and a Python number; the first also in halves.

    The target was set where autograd takes 9 to 13 times as long as the code by hand and PyTorch 6 times: that is so on
    `MIXED`. The stricter chain is there to be seen.
    """

    name = "chain"

    def __init__(self, turns: int = 111) -> None:
        self.turns = turns

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        for links, target in ((MIXED, 2.8), (CHEAP, None)):
            for kind in ("constant", "tracked", "float"):
                yield self._whole(links, kind, peers, target)

        hand = (
            partial(MIXED.forward, self.turns, MIXED.start, MIXED.operand),
            partial(MIXED.backward, MIXED.operand, False),
        )
        for title, half in (("chain, forward only", forward_of), ("chain, backward only", backward_of)):
            floor = half(Contender("by hand", hand, self.turns * MIXED.operations))
            case = contest(title, floor, peers, lambda peer: peer.stages(*self._problem(MIXED, "constant", peer)))
            yield replace(case, rivals=list(map(half, case.rivals)), checked=False)

    def _whole(self, links: Links, kind: str, peers: Sequence[Peer], target: float | None) -> Case:
        n = self.turns * links.operations
        operand = links.number if kind == "float" else links.operand
        floor = Contender("by hand", partial(links.by_hand, n, operand, kind == "tracked"), n)
        title = f"{links.title}, {kind} operands"
        problem = partial(self._problem, links, kind)
        return contest(title, floor, peers, lambda peer: peer.differentiate(*problem(peer)), target=target)

    def _problem(self, links: Links, kind: str, peer: Peer) -> tuple[Function, list[Any]]:
        """The function and the variables' values."""
        n = self.turns * links.operations
        if kind == "tracked":
            return links.function(n), [links.start, links.operand]
        return links.function(n, links.number if kind == "float" else peer.constant(links.operand)), [links.start]
