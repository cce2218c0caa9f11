"""Peak memory of a gradient through 50 layers, against the bytes that the rules must keep.

A layer is tanh(x @ w), so every layer's output must be kept, and nothing else. Measured in a fresh process for each
contender: the peak of the resident memory (Linux's VmHWM) beyond what the process held before it made its variables,
when weights and input were there as NumPy arrays. So it counts what a library copies, sets aside for gradients, and
frees too late. Every array gets pages of its own (glibc's MALLOC_MMAP_THRESHOLD_): whether one fits in a hole of the
heap is chance, and was worth an array from one version to the next. With weights of their own, the layers' gradients
take the place of what has been kept; with one weight for all layers they need next to none, which shows what
checkpoints save.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, FreshCase, Workload, contest, fresh
from benchmarks.peers import PEERS, Function, Peer, UnsupportedError

MIB = 2**20
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def inputs(layers: int, width: int, batch: int, shared: bool) -> list[Any]:
    """The input and the weights, one for each layer or one for all."""
    random = np.random.default_rng(0)
    x = random.standard_normal((batch, width), dtype=np.float32)
    scale = np.float32(width**-0.5)
    return [
        x,
        *(scale * random.standard_normal((width, width), dtype=np.float32) for _ in range(1 if shared else layers)),
    ]


def network(layers: int, x: Any, checkpoint: Callable[[Function], Function] | None, every: int) -> Function:
    """The sum of what the layers make of x, as a function of the weights; checkpointed `every` so many layers."""

    def loss(xp: Any, *weights: Any) -> Any:
        def block(x: Any, *weights: Any) -> Any:
            for w in weights:
                x = xp.tanh(x @ w)
            return x

        out = x
        each = weights * layers if len(weights) == 1 else weights
        for start in range(0, layers, every):
            run = block if checkpoint is None else checkpoint(block)
            out = run(out, *each[start : start + every])
        return xp.sum(out)

    return loss


class ByHand(Peer):
    """Stands for `by_hand` among the peers."""

    name = "by hand"

    def checkpoint(self, f: Function) -> Function:
        return f


def by_hand(layers: int, x: Any, weights: Sequence[Any], every: int) -> list[Any]:
    """The gradient by the weights, with as little memory as is easy."""
    each = list(weights) * layers if len(weights) == 1 else weights
    starts = range(0, layers, every)
    marks = [x]
    for start in starts[:-1]:
        out = marks[-1]
        for w in each[start : start + every]:
            out = np.tanh(out @ w)
        marks.append(out)
        del out
    g = np.ones_like(x)
    gradients: list[Any] = []
    for start in reversed(starts):
        kept = [marks.pop()]
        for w in each[start : start + every]:
            kept.append(np.tanh(kept[-1] @ w))
        for w in reversed(each[start : start + every]):
            out = kept.pop()
            g *= 1 - out * out
            of_w = kept[-1].T @ g
            if len(weights) == 1 and gradients:
                gradients[0] += of_w
            else:
                gradients.insert(0, of_w)
            g = g @ w.T
    return gradients


def peak(name: str, layers: int, width: int, batch: int, shared: bool, every: int) -> float:
    """The peak in MiB of one contender, measured in this process; `every` is 0 for no checkpoints."""

    def gradient(layers: int, x: Any, weights: Sequence[Any]) -> Sequence[Any]:
        if name == "by hand":
            return by_hand(layers, x, weights, every or layers)
        peer = next(kind for kind in PEERS if kind.name == name)()
        loss = network(layers, peer.constant(x), peer.checkpoint if every else None, every or layers)
        return peer.differentiate(loss, weights)()

    small, *weights = inputs(max(every, 1) + 1, 64, 64, shared)
    gradient(max(every, 1) + 1, small, weights)  # loads what a library loads late
    x, *weights = inputs(layers, width, batch, shared)
    x @ weights[0]  # has the BLAS set up its buffers
    gc.collect()
    before = _status("VmRSS")
    CLEAR.write_text("5")  # sets the peak back
    gradient(layers, x, weights)
    return (_status("VmHWM") - before) / 1024


def _status(field: str) -> int:
    """A size in KiB that Linux knows of this process."""
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))


class Memory(Workload):
    """With weights of their own and shared, and with checkpoints."""

    name = "memory"

    def __init__(self, layers: int = 50, width: int = 1024, batch: int = 1024, every: int = 7) -> None:
        self.layers = layers
        self.width = width
        self.batch = batch
        self.every = every

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        base = f"peak memory, {self.layers} layers of {self.width}"
        yield self._case(f"{base}, own weights", peers, False, 0, 1.1)
        yield self._case(f"{base}, one weight", peers, True, 0, 1.1)
        yield self._case(f"{base}, one weight, checkpoints", peers, True, self.every, 0.35)

    def _case(self, title: str, peers: Sequence[Peer], shared: bool, every: int, target: float) -> Case:
        kept = self.layers * self.width * self.batch * 4 / MIB
        return contest(
            title,
            Contender("must be kept", lambda: kept),
            [ByHand(), *peers],
            lambda peer: self._run(peer, shared, every),
            FreshCase,
            target=target,
            unit="MiB",
            steady=True,
        )

    def _run(self, peer: Peer, shared: bool, every: int) -> Callable[[], float]:
        if not CLEAR.exists():
            raise UnsupportedError("the peak is read from Linux's /proc")
        if every:
            peer.checkpoint(lambda x: x)  # where that can be done
        arguments = (peer.name, self.layers, self.width, self.batch, shared, every)
        code = f"from benchmarks.workloads.memory import peak; print(peak(*{arguments!r}))"
        return partial(fresh, code, MALLOC_MMAP_THRESHOLD_="131072")
