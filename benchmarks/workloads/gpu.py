"""On a GPU: the gradient of a training step, and of a chain of element-wise operations on a large array.

xpgrad on CuPy is compared with CuPy by hand and, where it is installed, with PyTorch on the same GPU. A time is that of
the clock, until the device has finished. Where there is no GPU, this workload says so and has no cases.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

import xpgrad
from benchmarks.harness import Case, Contender, FreshCase, Workload
from benchmarks.peers import Peer, Run, Torch, Xpgrad
from benchmarks.workloads.mlp import loss_of


class OnCupy(Xpgrad):
    """The scope API, on the CuPy backend."""

    def __init__(self) -> None:
        super().__init__()
        self.xp = xpgrad.namespace("cupy")


class OnCuda(Torch):
    """PyTorch on the current GPU."""

    def __init__(self) -> None:
        super().__init__()
        if not self.torch.cuda.is_available():
            raise ModuleNotFoundError("this build of PyTorch finds no GPU.")

    def constant(self, value: Any) -> Any:
        return self.torch.asarray(value, device="cuda") if isinstance(value, np.ndarray) else value

    def _variables(self, values: Sequence[Any]) -> list[Any]:
        return [self.constant(value).requires_grad_() for value in values]


def mlp_by_hand(cupy: Any, parameters: Sequence[Any], images: Any, targets: Any) -> list[Any]:
    """The gradient of a perceptron's loss."""
    w1, b1, w2, b2, w3, b3 = parameters
    x1 = cupy.maximum(images @ w1 + b1, 0.0)
    x2 = cupy.maximum(x1 @ w2 + b2, 0.0)
    e = cupy.exp(x2 @ w3 + b3)
    g3 = (e / cupy.sum(e, axis=1, keepdims=True) - targets) / len(images)
    g2 = (g3 @ w3.T) * (x2 > 0)
    g1 = (g2 @ w2.T) * (x1 > 0)
    pairs = (images, g1), (x1, g2), (x2, g3)
    return [a for x, g in pairs for a in (x.T @ g, cupy.sum(g, axis=0))]


def chain(steps: int, xp: Any, x: Any) -> Any:
    """The sum of what a chain of element-wise operations makes of x."""
    for _ in range(steps):
        x = xp.sin(x) * 1.01 + 0.1
    return xp.sum(x)


def chain_by_hand(cupy: Any, steps: int, x: Any) -> list[Any]:
    """Its gradient, on the way to which it is computed, too."""
    kept = []
    for _ in range(steps):
        kept.append(x)
        x = cupy.sin(x) * 1.01 + 0.1
    cupy.sum(x)
    g = cupy.ones_like(x)
    while kept:
        g *= cupy.cos(kept.pop()) * 1.01
    return [g]


class GpuCase(FreshCase):
    """A comparison by the clock: `run` of a contender returns milliseconds."""

    def __init__(self, title: str, cupy: Any, runs: dict[str, Run], **options: Any) -> None:
        self._runs = runs
        floor, *rivals = (Contender(name, partial(milliseconds, cupy, run)) for name, run in runs.items())
        super().__init__(title, floor, rivals, unit="ms", **options)

    def check(self) -> None:
        """Compare the first elements of every gradient."""
        heads = {name: [head(g) for g in run()] for name, run in self._runs.items()}
        expected = heads[self.baseline.name]
        for name, found in heads.items():
            for want, have in zip(expected, found, strict=True):
                if not np.allclose(have, want, rtol=1e-3, atol=1e-4 * np.max(np.abs(want))):
                    raise AssertionError(f"{self.title}: {name} computes something else.")


def head(g: Any) -> Any:
    """The first elements of an array of any of the libraries, in NumPy."""
    g = g.reshape(-1)[:1000] if hasattr(g, "reshape") else g.__array_namespace__().reshape(g, (-1,))[:1000]
    if hasattr(g, "asnumpy"):
        return g.asnumpy()
    return g.get() if hasattr(g, "get") else g.cpu().numpy()


def milliseconds(cupy: Any, run: Run) -> float:
    """How long it takes until the device has finished; nothing is left to do before."""
    cupy.cuda.Device().synchronize()
    start = time.perf_counter()
    run()
    cupy.cuda.Device().synchronize()
    return (time.perf_counter() - start) * 1e3


class Gpu(Workload):
    """A perceptron's training step, and a chain of element-wise operations."""

    name = "gpu"

    def __init__(
        self, widths: Sequence[int] = (784, 4096, 4096, 10), batch: int = 1024, n: int = 100_000_000, steps: int = 8
    ) -> None:
        self.widths = widths
        self.batch = batch
        self.n = n
        self.steps = steps

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:  # those run on the CPU
        backend = xpgrad.available_backends().get("cupy")
        if backend is None or not backend.devices():
            print(f"gpu: left out, {'CuPy is not installed' if backend is None else 'no GPU is found'}.\n")
            return
        import cupy

        rivals = list(_installed(OnCupy, OnCuda))
        random = np.random.default_rng(0)
        parameters: list[Any] = []
        for rows, columns in pairwise(self.widths):
            parameters += [np.float32((2 / rows) ** 0.5) * random.standard_normal((rows, columns), dtype=np.float32)]
            parameters += [np.zeros(columns, dtype=np.float32)]
        images = random.random((self.batch, self.widths[0]), dtype=np.float32)
        targets = np.eye(self.widths[-1], dtype=np.float32)[random.integers(self.widths[-1], size=self.batch)]
        held = [list(map(cupy.asarray, parameters)), cupy.asarray(images), cupy.asarray(targets)]
        runs: dict[str, Run] = {"CuPy by hand": partial(mlp_by_hand, cupy, *held)}
        for peer in rivals:
            loss = loss_of(peer.constant(images), peer.constant(targets))
            runs[peer.name] = peer.differentiate(loss, parameters)
        yield GpuCase(f"on a GPU: mlp {'-'.join(map(str, self.widths))}, batch {self.batch}", cupy, runs)
        del held, runs
        x = random.random(self.n, dtype=np.float32)
        runs = {"CuPy by hand": partial(chain_by_hand, cupy, self.steps, cupy.asarray(x))}
        for peer in rivals:
            runs[peer.name] = peer.differentiate(partial(chain, self.steps), [x])
        yield GpuCase(f"on a GPU: chain of {3 * self.steps} element-wise operations, {self.n:,} elements", cupy, runs)


def _installed(*kinds: Callable[[], Peer]) -> Iterable[Peer]:
    """The peers that can be used here."""
    for kind in kinds:
        try:
            yield kind()
        except ModuleNotFoundError:
            continue
