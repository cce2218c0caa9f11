"""Time per operation of very long chains, against the same contender's at 10,000 operations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from benchmarks.harness import Case, Contender, Workload
from benchmarks.peers import Jax, Peer, Run
from benchmarks.workloads.chains import CHEAP


class Depth(Workload):
    """A chain at growing lengths; the longest only for xpgrad and the floor, others need minutes for it."""

    name = "depth"

    def __init__(self, lengths: Sequence[int] = (10_000, 100_000, 1_000_000)) -> None:
        self.lengths = lengths

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        left_out = {peer.name: "this many operations take it minutes" for peer in peers if isinstance(peer, Jax)}
        title = f"depth, against {self.lengths[0]:,} operations"
        yield self._case(title, "by hand", self._by_hand, self.lengths, left_out)
        for peer in peers:
            if peer.name not in left_out:
                lengths = self.lengths if peer.name == "xpgrad" else self.lengths[:-1]
                yield self._case(title, peer.name, partial(self._run, peer), lengths)

    @staticmethod
    def _by_hand(n: int) -> Run:
        return partial(CHEAP.by_hand, n, CHEAP.operand, False)

    @staticmethod
    def _run(peer: Peer, n: int) -> Run:
        return peer.differentiate(CHEAP.function(n, peer.constant(CHEAP.operand)), [CHEAP.start])

    @classmethod
    def _case(
        cls, title: str, name: str, make: Any, lengths: Sequence[int], left_out: dict[str, str] | None = None
    ) -> Case:
        base, *longer = (Contender(f"{name}, {n:,} operations", make(n), n, expected=cls._by_hand(n)) for n in lengths)
        return Case(title, base, longer, left_out or {}, target=1.3)
