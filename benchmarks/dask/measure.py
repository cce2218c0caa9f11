"""What one evaluation costs, on threads of this process or on two workers of their own."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import dask
import dask.array as da
import numpy as np
from dask.base import compute, persist
from dask.core import flatten
from dask.highlevelgraph import HighLevelGraph

from benchmarks.dask.workloads import Arrays, Data


class Sample(NamedTuple):
    """One evaluation: seconds, tasks, megabytes that went from worker to worker, and the peak of memory of a worker."""

    seconds: float
    tasks: float
    moved: float
    peak: float


@dataclass
class Place:
    """Where evaluations run; `client` is None for threads."""

    name: str
    client: Any = None

    def measure(self, build: Callable[[Data], Arrays], data: Data) -> Sample:
        """One evaluation, from building the graph to its numbers; those in several blocks stay where they are made."""
        self._everywhere(forget_peak)
        before = self._moved()
        start = time.perf_counter()
        arrays = build(data)
        if len(_keys(arrays)) == len(arrays):
            compute(*arrays)
        else:
            self._wait(persist(*arrays))
        seconds = time.perf_counter() - start
        moved = self._moved() - before
        return Sample(seconds, tasks(build(data)), moved / 1e6, max(self._everywhere(peak)) / 1e6)

    def _wait(self, arrays: Arrays) -> None:
        if self.client is not None:
            from distributed import wait

            wait(arrays)

    def _everywhere(self, function: Callable[[], Any]) -> list[Any]:
        return [function()] if self.client is None else list(self.client.run(function).values())

    def _moved(self) -> float:
        return 0.0 if self.client is None else sum(self.client.run(outgoing).values())


def forget_peak() -> None:
    """Let the peak of memory of this process count from now on."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> float:
    """The most memory that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return float(line.split()[1]) * 1024


def outgoing(dask_worker: Any) -> float:
    """The bytes that a worker has sent to others."""
    return float(dask_worker.transfer_outgoing_bytes_total)


def _keys(arrays: Arrays) -> list[Any]:
    """Those of all blocks."""
    return [key for x in arrays for key in flatten(x.__dask_keys__())]


def tasks(arrays: Arrays) -> int:
    """How many tasks a scheduler gets for arrays that are computed together; data that are there are none."""
    keys = _keys(arrays)
    graph = HighLevelGraph.merge(*(x.__dask_graph__() for x in arrays))
    nodes = dict(da.Array.__dask_optimize__(graph, keys)).values()  # all as one, as `compute` does; not `dask.optimize`
    return sum(not type(node).__name__.startswith("DataNode") for node in nodes)


@contextmanager
def threads() -> Iterator[Place]:
    """Two threads of this process."""
    with dask.config.set(scheduler="threads", num_workers=2):
        yield Place("two threads")


@contextmanager
def cluster(memory: str = "auto") -> Iterator[Place]:
    """Two worker processes with one thread each."""
    from distributed import Client, LocalCluster

    options = {"threads_per_worker": 1, "dashboard_address": ":0", "memory_limit": memory}
    with LocalCluster(2, **options) as workers, Client(workers) as client:
        yield Place("two workers", client)


def persisted(data: Data) -> Data:
    """The samples in the memory of the scheduler that is in use."""
    names = ("X", "Y", "U", "V", "R")
    kept = persist(*(getattr(data, name) for name in names))
    for name, x in zip(names, kept, strict=True):
        setattr(data, name, x)
    if any(hasattr(x, "key") for x in kept[0].dask.values()):
        from distributed import wait

        wait(kept)
    return data


def interleaved(
    place: Place, contenders: Mapping[str, Callable[[Data], Arrays]], data: Data, rounds: int
) -> dict[str, list[Sample]]:
    """Samples of all contenders, one of each in every round; AssertionError if they do not agree."""
    order = list(contenders.items())
    expected = None
    for name, build in order:
        found = compute(*(x.sum() for x in build(data)))
        expected = expected or found
        for a, b in zip(found, expected, strict=True):
            if not np.isclose(float(a), float(b), rtol=1e-6, atol=1e-6 * abs(float(expected[0]))):
                raise AssertionError(f"{name} computes something else: {a}, not {b}.")
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, build in order:
            samples[name].append(place.measure(build, data))
        order.append(order.pop(0))
    return samples


def medians(samples: list[Sample]) -> Sample:
    """The median of each figure."""
    return Sample(*map(statistics.median, zip(*samples, strict=True)))


def ratios(samples: list[Sample], baseline: list[Sample]) -> Sample:
    """The medians of the ratios of each round; 1 where there is nothing of it in either."""
    pairs = [[a / b if b else 1.0 for a, b in zip(*both, strict=True)] for both in zip(samples, baseline, strict=True)]
    return Sample(*map(statistics.median, zip(*pairs, strict=True)))
