"""A training step's gradient: a 784-256-128-10 perceptron with softmax cross-entropy, float32."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Peer, Run


def loss_of(images: Any, targets: Any) -> Any:
    """The mean cross-entropy as a function of weights and biases, for one batch."""

    def loss(xp: Any, w1: Any, b1: Any, w2: Any, b2: Any, w3: Any, b3: Any) -> Any:
        x = xp.maximum(images @ w1 + b1, 0.0)
        x = xp.maximum(x @ w2 + b2, 0.0)
        scores = x @ w3 + b3
        return (xp.sum(xp.log(xp.sum(xp.exp(scores), axis=1))) - xp.sum(targets * scores)) / len(images)

    return loss


def by_hand(parameters: Sequence[Any], images: Any, targets: Any) -> list[Any]:
    """The gradient as one would write it by hand, in NumPy."""
    w1, b1, w2, b2, w3, b3 = parameters
    x1 = np.maximum(images @ w1 + b1, 0.0)
    x2 = np.maximum(x1 @ w2 + b2, 0.0)
    e = np.exp(x2 @ w3 + b3)
    g3 = (e / np.sum(e, axis=1, keepdims=True) - targets) / len(images)
    g2 = (g3 @ w3.T) * (x2 > 0)
    g1 = (g2 @ w2.T) * (x1 > 0)
    return [
        images.T @ g1, np.sum(g1, axis=0),
        x1.T @ g2, np.sum(g2, axis=0),
        x2.T @ g3, np.sum(g3, axis=0),
    ]  # fmt: skip


class Mlp(Workload):
    """The gradient of one mini-batch, small and large."""

    name = "mlp"

    def __init__(
        self,
        widths: Sequence[int] = (784, 256, 128, 10),
        batches: Sequence[tuple[int, float]] = ((64, 1.4), (1024, 1.1)),
    ) -> None:
        self.widths = widths
        self.batches = batches  # sizes, with their targets

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        random = np.random.default_rng(0)
        parameters: list[Any] = []
        for rows, columns in pairwise(self.widths):
            scale = np.float32((2 / rows) ** 0.5)
            parameters += [scale * random.standard_normal((rows, columns), dtype=np.float32)]
            parameters += [np.zeros(columns, dtype=np.float32)]
        for size, target in self.batches:
            images = random.random((size, self.widths[0]), dtype=np.float32)
            targets = np.eye(self.widths[-1], dtype=np.float32)[random.integers(self.widths[-1], size=size)]
            floor = Contender("by hand", partial(by_hand, parameters, images, targets))
            title = f"mlp {'-'.join(map(str, self.widths))}, batch {size}"
            run = partial(self._run, parameters, images, targets)
            yield contest(title, floor, peers, run, target=target, tolerance=1e-4)

    @staticmethod
    def _run(parameters: Sequence[Any], images: Any, targets: Any, peer: Peer) -> Run:
        return peer.differentiate(loss_of(peer.constant(images), peer.constant(targets)), parameters)
