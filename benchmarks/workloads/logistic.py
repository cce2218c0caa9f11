"""Few, large operations: logistic regression on 1,000,000 samples of 20 features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Function, Peer


def loss_of(features: Any, labels: Any) -> Function:
    """The mean negative log-likelihood of labels that are 0 or 1, as a function of the weights."""

    def loss(xp: Any, w: Any) -> Any:
        z = features @ w
        return (xp.sum(xp.log(1.0 + xp.exp(z))) - xp.sum(labels * z)) / len(labels)

    return loss


def by_hand(features: Any, labels: Any, w: Any) -> list[Any]:
    """The gradient, on the way to which the loss is computed, too."""
    z = features @ w
    e = np.exp(z)
    one_more = 1.0 + e
    (np.sum(np.log(one_more)) - np.sum(labels * z)) / len(labels)
    return [((e / one_more - labels) / len(labels)) @ features]


class Logistic(Workload):
    """The gradient by the weights."""

    name = "logistic"

    def __init__(self, samples: int = 1_000_000, features: int = 20) -> None:
        self.shape = samples, features

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        random = np.random.default_rng(0)
        features = random.standard_normal(self.shape)
        labels = random.integers(2, size=self.shape[0]).astype(float)
        w = 0.1 * random.standard_normal(self.shape[1])
        yield contest(
            f"logistic regression, {self.shape[0]:,} x {self.shape[1]}",
            Contender("by hand", partial(by_hand, features, labels, w)),
            peers,
            lambda peer: peer.differentiate(loss_of(peer.constant(features), peer.constant(labels)), [w]),
            target=1.1,
        )
