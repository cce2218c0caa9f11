"""A training step's gradient: a 784-256-128-10 perceptron with softmax cross-entropy, batch 64, float32."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload
from benchmarks.peers import Peer

WIDTHS = (784, 256, 128, 10)
BATCH = 64


def loss_of(images: Any, targets: Any) -> Any:
    """The mean cross-entropy as a function of weights and biases, for one batch."""

    def loss(xp: Any, w1: Any, b1: Any, w2: Any, b2: Any, w3: Any, b3: Any) -> Any:
        x = xp.maximum(images @ w1 + b1, 0.0)
        x = xp.maximum(x @ w2 + b2, 0.0)
        scores = x @ w3 + b3
        return (xp.sum(xp.log(xp.sum(xp.exp(scores), axis=1))) - xp.sum(targets * scores)) / BATCH

    return loss


def by_hand(parameters: Sequence[Any], images: Any, targets: Any) -> list[Any]:
    """The gradient as one would write it by hand, in NumPy."""
    w1, b1, w2, b2, w3, b3 = parameters
    x1 = np.maximum(images @ w1 + b1, 0.0)
    x2 = np.maximum(x1 @ w2 + b2, 0.0)
    e = np.exp(x2 @ w3 + b3)
    g3 = (e / np.sum(e, axis=1, keepdims=True) - targets) / BATCH
    g2 = (g3 @ w3.T) * (x2 > 0)
    g1 = (g2 @ w2.T) * (x1 > 0)
    return [
        images.T @ g1, np.sum(g1, axis=0),
        x1.T @ g2, np.sum(g2, axis=0),
        x2.T @ g3, np.sum(g3, axis=0),
    ]  # fmt: skip


class Mlp(Workload):
    """The gradient of one mini-batch."""

    name = "mlp"

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        random = np.random.default_rng(0)
        images = random.random((BATCH, WIDTHS[0]), dtype=np.float32)
        targets = np.eye(10, dtype=np.float32)[random.integers(10, size=BATCH)]
        parameters: list[Any] = []
        for rows, columns in pairwise(WIDTHS):
            scale = np.float32((2 / rows) ** 0.5)
            parameters += [scale * random.standard_normal((rows, columns), dtype=np.float32)]
            parameters += [np.zeros(columns, dtype=np.float32)]
        rivals = []
        for peer in peers:
            loss = loss_of(peer.constant(images), peer.constant(targets))
            rivals.append(Contender(peer.name, peer.differentiate(loss, parameters), 1))
        floor = Contender("by hand", lambda: by_hand(parameters, images, targets), 1)
        yield Case("mlp 784-256-128-10, batch 64", floor, rivals, tolerance=1e-4)
