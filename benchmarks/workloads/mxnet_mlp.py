"""A perceptron trained with xpgrad.mxnet, against the same loop on the core.

As in A. Zhang et al., "Dive into Deep Learning", chapter "Multilayer Perceptrons": 784-256-10, batches of 256; and a
tiny one, where the calls are all there is to measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import xpgrad
import xpgrad.mxnet as mx
from benchmarks.harness import Case, Contender, Workload
from benchmarks.peers import Peer
from xpgrad import autograd

xp = xpgrad.namespace("numpy")

RATE = 0.1

Batches = Sequence[tuple[Any, Any]]
Train = Callable[[], list[Any]]


def core(values: Sequence[Any], batches: Batches) -> Train:
    """Makes what trains with the core's functions."""
    batches = [(xp.asarray(x), xp.asarray(y)) for x, y in batches]

    def train() -> list[Any]:
        parameters = w1, b1, w2, b2 = [xp.asarray(value.copy()) for value in values]
        for p in parameters:
            p.attach_grad()
        for x, y in batches:
            with autograd.record():
                scores = xp.log_softmax(xp.maximum(x @ w1 + b1, 0.0) @ w2 + b2, axis=-1)
                loss = -xp.mean(xp.take_along_axis(scores, xp.expand_dims(y, axis=1), axis=1))
            loss.backward()
            for p in parameters:
                p -= RATE * p.grad
        return [p.data for p in parameters]

    return train


def scratch(values: Sequence[Any], batches: Batches) -> Train:
    """The same with the functions of MXNet."""
    batches = [(mx.np.array(x), mx.np.array(y, dtype="int64")) for x, y in batches]

    def train() -> list[Any]:
        parameters = w1, b1, w2, b2 = [mx.np.array(value) for value in values]
        for p in parameters:
            p.attach_grad()
        for x, y in batches:
            with mx.autograd.record():
                scores = mx.npx.log_softmax(mx.np.dot(mx.np.maximum(mx.np.dot(x, w1) + b1, 0), w2) + b2)
                loss = -mx.npx.pick(scores, y).mean()
            loss.backward()
            for p in parameters:
                p -= RATE * p.grad
        return [p.data for p in parameters]

    return train


def concise(values: Sequence[Any], batches: Batches) -> Train:
    """The same with gluon."""
    net = mx.gluon.nn.Sequential()
    net.add(mx.gluon.nn.Dense(values[1].size, activation="relu"), mx.gluon.nn.Dense(values[3].size))
    net.initialize()
    loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    batches = [(mx.np.array(x), mx.np.array(y, dtype="int64")) for x, y in batches]
    net(batches[0][0])
    parameters = list(net.collect_params().values())

    def train() -> list[Any]:
        for p, value in zip(parameters, values, strict=True):
            p.set_data(mx.np.array(value.T))
        trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": RATE})
        for x, y in batches:
            with mx.autograd.record():
                value = loss(net(x), y).mean()
            value.backward()
            trainer.step(1)
        return [p.data().data.T for p in parameters]

    return train


class MxnetMlp(Workload):
    """Time per step."""

    name = "mxnet_mlp"

    def __init__(
        self, sizes: Sequence[tuple[int, ...]] = ((256, 784, 256, 10), (32, 20, 16, 4)), steps: int = 20
    ) -> None:
        self.sizes = sizes  # of a batch, the input and the layers
        self.steps = steps

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:  # MXNet has no peers
        random = np.random.default_rng(0)
        for rows, width, hidden, out in self.sizes:
            shapes = [(width, hidden), (hidden,), (hidden, out), (out,)]
            values = [0.01 * random.standard_normal(shape).astype(np.float32) for shape in shapes]
            batches = [
                (random.standard_normal((rows, width)).astype(np.float32), random.integers(0, out, size=rows))
                for _ in range(self.steps)
            ]
            yield Case(
                f"perceptron {width}-{hidden}-{out}, a step on {rows} samples",
                Contender("core", core(values, batches), self.steps),
                [
                    Contender("xpgrad, MXNet's functions", scratch(values, batches), self.steps),
                    Contender("xpgrad, MXNet's gluon", concise(values, batches), self.steps),
                ],
                target=1.5,
                tolerance=1e-4,
            )
