"""Time per operation of very long chains, against the same peer's at 10,000 operations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.harness import Case, Contender, Workload
from benchmarks.peers import Peer
from benchmarks.workloads.chain import OPERAND, START, by_hand, chain


class Depth(Workload):
    """The chain at growing lengths; a peer is compared with itself, so only xpgrad takes part."""

    name = "depth"
    lengths = (10_000, 100_000, 1_000_000)

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        for peer in peers:
            if peer.name == "xpgrad":
                base, *longer = (self._contender(peer, n) for n in self.lengths)
                yield Case("depth", base, longer, target=1.3, rounds=5)

    @staticmethod
    def _contender(peer: Peer, n: int) -> Contender:
        run = peer.differentiate(chain(n, peer.constant(OPERAND)), [START])
        return Contender(f"{peer.name}, {n:,} operations", run, n, expected=lambda: by_hand(n, START, OPERAND, False))
