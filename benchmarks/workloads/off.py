"""Overhead per operation when nothing is recorded: the chain, forward only, against plain NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Numpy, Peer, Run
from benchmarks.workloads.chains import MIXED


class Off(Workload):
    """The chain with recording off."""

    name = "off"

    def __init__(self, turns: int = 111) -> None:
        self.operations = turns * MIXED.operations

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        n = self.operations
        for kind, c in (("constant", MIXED.operand), ("float", MIXED.number)):
            floor = Contender("numpy", Numpy().evaluate(MIXED.function(n, c), [MIXED.start]), n)
            title = f"recording off, {kind} operands"
            yield contest(title, floor, peers, partial(self._run, c), target=2.0)

    def _run(self, c: Any, peer: Peer) -> Run:
        return peer.evaluate(MIXED.function(self.operations, peer.constant(c)), [MIXED.start])
