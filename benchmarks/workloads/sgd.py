"""Many tiny steps that update variables in place: linear regression by mini-batches of 10.

As in A. Zhang et al., "Dive into Deep Learning", section "Linear Regression Implementation from Scratch": 1,000 samples
of two features.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Peer

BATCH = 10
RATE = 0.03


def loss(xp: Any, w: Any, b: Any, x: Any, y: Any) -> Any:
    """Half the squared error of a batch, summed."""
    return xp.sum((x @ w + b - y) ** 2 / 2.0)


def by_hand(values: Sequence[Any], batches: Sequence[tuple[Any, Any]]) -> list[Any]:
    """One pass over the batches; the losses are computed, too."""
    w, b = (value.copy() for value in values)
    for x, y in batches:
        error = x @ w + b - y
        np.sum(error**2 / 2.0)
        w -= RATE / BATCH * (x.T @ error)
        b -= RATE / BATCH * np.sum(error)
    return [w, b]


class Sgd(Workload):
    """Time per step."""

    name = "sgd"

    def __init__(self, samples: int = 1000) -> None:
        self.samples = samples

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        random = np.random.default_rng(0)
        features = random.standard_normal((self.samples, 2))
        labels = features @ [[2.0], [-3.4]] + 4.2 + 0.01 * random.standard_normal((self.samples, 1))
        starts = range(0, self.samples, BATCH)
        batches = [(features[i : i + BATCH], labels[i : i + BATCH]) for i in starts]
        values = [0.01 * random.standard_normal((2, 1)), np.zeros(1)]
        yield contest(
            f"linear regression, a step on {BATCH} samples",
            Contender("by hand", partial(by_hand, values, batches), len(batches)),
            peers,
            lambda peer: peer.descend(loss, values, batches, RATE / BATCH),
            target=4.0,
        )
