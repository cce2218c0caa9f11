"""Overhead per operation when nothing is recorded: the chain, forward only, against plain NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Numpy, Peer, Run
from benchmarks.workloads.chain import OPERAND, START, chain


class Off(Workload):
    """The chain with recording off."""

    name = "off"

    def __init__(self, operations: int = 1000) -> None:
        self.operations = operations

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        n = self.operations
        operands: list[tuple[str, Any]] = [("constant", OPERAND), ("float", 1.1)]
        for kind, c in operands:
            floor = Contender("numpy", Numpy().evaluate(chain(n, c), [START]), n)
            title = f"recording off, {kind} operands"
            yield contest(title, floor, peers, partial(self._run, c), target=2.0)

    def _run(self, c: Any, peer: Peer) -> Run:
        return peer.evaluate(chain(self.operations, peer.constant(c)), [START])
