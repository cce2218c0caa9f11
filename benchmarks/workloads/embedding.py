"""Gather and scatter: rows of a table, picked by repeated indices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Function, Peer


def score_of(places: Any, weights: Any) -> Function:
    """The weighted sum of the picked rows, as a function of the table."""
    return lambda xp, table: xp.sum(table[places] * weights)


def by_hand(places: Any, weights: Any, table: Any) -> list[Any]:
    """The gradient, on the way to which the score is computed, too; repeated rows are added up by `numpy.add.at`."""
    np.sum(table[places] * weights)
    g = np.zeros_like(table)
    np.add.at(g, places, weights)
    return [g]


class Embedding(Workload):
    """The gradient by the table."""

    name = "embedding"

    def __init__(self, rows: int = 10_000, width: int = 64, picks: int = 100_000) -> None:
        self.rows = rows
        self.width = width
        self.picks = picks

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        random = np.random.default_rng(0)
        table = random.standard_normal((self.rows, self.width))
        places = random.integers(self.rows, size=self.picks)
        weights = random.standard_normal((self.picks, self.width))
        yield contest(
            f"embedding, {self.picks:,} of {self.rows:,} rows of {self.width}",
            Contender("by hand", partial(by_hand, places, weights, table)),
            peers,
            lambda peer: peer.differentiate(score_of(peer.constant(places), peer.constant(weights)), [table]),
            target=0.5,
        )
