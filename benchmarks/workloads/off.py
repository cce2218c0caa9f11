"""Overhead per operation when nothing is recorded: the chain, forward only, against plain NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.harness import Case, Contender, Workload
from benchmarks.peers import Numpy, Peer
from benchmarks.workloads.chain import OPERAND, START, chain


class Off(Workload):
    """The chain with recording off."""

    name = "off"
    operations = 1000

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        n = self.operations
        operands: list[tuple[str, Any]] = [("constant", OPERAND), ("float", 1.1)]
        for kind, c in operands:
            floor, *rivals = (
                Contender(peer.name, peer.evaluate(chain(n, peer.constant(c)), [START]), n)
                for peer in (Numpy(), *peers)
            )
            yield Case(f"recording off, {kind} operands", floor, rivals, target=2.5)
