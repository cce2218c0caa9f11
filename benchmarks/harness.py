"""Checks contenders, times them in interleaved rounds, and sums the figures up."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import Peer, Run, UnsupportedError

#: The least CPU time of a timed block, in seconds: long against the clock, short against the noise of a busy machine.
BLOCK = 0.01

#: How many seconds the rounds of one case should take, where at least `FEWEST` of them fit.
BUDGET = 20.0
FEWEST = 5


@dataclass
class Contender:
    """One way to do the work of a case.

    Attributes
    ----------
    name : str
        As printed.
    run : callable
        Does the work once and returns arrays (or other things, in cases that are not checked).
    operations : int
        By how many operations the time is divided.
    prepare : callable, optional
        Makes, before the clock starts, the arguments of `run`; what that returns is dropped when the clock has stopped.
    expected : callable, optional
        Computes what `run` must return; by default what the baseline returns.
    """

    name: str
    run: Any
    operations: int = 1
    prepare: Callable[[], tuple[Any, ...]] | None = None
    expected: Run | None = None

    def time(self, repeat: int) -> float:
        """CPU seconds of one operation: other programs on the machine do not count."""
        run = self.run
        if self.prepare is None:
            start = time.process_time()
            for _ in range(repeat):
                run()
            total = time.process_time() - start
        else:
            total = 0.0
            for _ in range(repeat):
                given = self.prepare()
                start = time.process_time()
                out = run(*given)
                total += time.process_time() - start
                del out, given
        return total / repeat / self.operations


@dataclass
class Figure:
    """What was measured of one contender: the median, and how it compares with the baseline, with quartiles."""

    case: str
    name: str
    median: float
    unit: str
    relation: str
    compared: float = 1.0
    quartiles: tuple[float, float] = (1.0, 1.0)
    target: float | None = None
    met: bool | None = None


@dataclass
class Case:
    """Contenders that are compared with a baseline, by CPU time.

    Attributes
    ----------
    title : str
        As printed.
    baseline : Contender
        What the others are compared with.
    rivals : list of Contender
        The others.
    left_out : dict
        The peers that cannot do it, by name, with the reason.
    target : float, optional
        The comparison that contenders named "xpgrad…" must not exceed.
    tolerance : float
        Relative tolerance of the check, to the largest expected element.
    checked : bool
        Whether results can be compared.
    unit : str
        Of the figures.
    relation : {"ratio", "added"}
        How figures are compared with the baseline's: divided, or by the difference.
    """

    title: str
    baseline: Contender
    rivals: list[Contender]
    left_out: dict[str, str] = field(default_factory=dict)
    target: float | None = None
    tolerance: float = 1e-9
    checked: bool = True

    unit: str = "us"
    relation: str = "ratio"

    @property
    def contenders(self) -> list[Contender]:
        """All of them, the baseline first."""
        return [self.baseline, *self.rivals]

    def check(self) -> None:
        """Refuse a contender that computes something else.

        Raises
        ------
        AssertionError
            If a result is off by more than the tolerance.
        """
        if not self.checked:
            return
        for contender in self.contenders:
            expected = (contender.expected or self.baseline.run)()
            for want, have in zip(map(np.asarray, expected), map(np.asarray, contender.run()), strict=True):
                error = np.max(np.abs(have - want)) / np.max(np.abs(want))
                if have.shape != want.shape or not error <= self.tolerance:
                    raise AssertionError(f"{self.title}: {contender.name} is off by {error:.1e}.")

    def measure(self, rounds: int) -> list[Figure]:
        """The figures of all contenders, the baseline first."""
        start = time.perf_counter()
        repeats = [max(1, round(BLOCK / (contender.time(1) * contender.operations))) for contender in self.contenders]
        rounds = min(rounds, max(FEWEST, int(BUDGET / len(repeats) / max(BLOCK, time.perf_counter() - start))))
        samples: list[list[float]] = [[] for _ in repeats]
        entries = list(zip(self.contenders, repeats, samples, strict=True))
        for _ in range(rounds):
            gc.collect()
            for contender, repeat, own in entries:
                own.append(contender.time(repeat) * 1e6)
            entries.append(entries.pop(0))  # what comes first may find memory in another state
        return self.figures(samples)

    def figures(self, samples: Sequence[Sequence[float]]) -> list[Figure]:
        """Sum up what was sampled of each contender, round by round."""
        figures = [Figure(self.title, self.baseline.name, statistics.median(samples[0]), self.unit, self.relation)]
        if self.relation == "added":
            figures[0].compared, figures[0].quartiles = 0.0, (0.0, 0.0)
        for contender, own in zip(self.rivals, samples[1:], strict=True):
            pairs = zip(own, samples[0], strict=True)
            compared = [a - b if self.relation == "added" else a / b for a, b in pairs]
            low, middle, high = statistics.quantiles(compared, n=4) if len(compared) > 1 else compared * 3
            figure = Figure(
                self.title, contender.name, statistics.median(own), self.unit, self.relation, middle, (low, high)
            )
            if self.target is not None and contender.name.startswith("xpgrad"):
                figure.target, figure.met = self.target, middle <= self.target
            figures.append(figure)
        return figures


@dataclass
class FreshCase(Case):
    """A comparison of what is measured in processes of their own: `run` of a contender returns a figure.

    Attributes
    ----------
    steady : bool
        Once is enough.
    """

    checked: bool = False
    steady: bool = False

    def measure(self, rounds: int) -> list[Figure]:
        if self.steady:
            rounds = 1
        else:
            start = time.perf_counter()
            for contender in self.contenders:
                contender.run()  # fills the caches of the operating system
            rounds = min(rounds, max(FEWEST, int(BUDGET / (time.perf_counter() - start))))
        samples = [[contender.run() for contender in self.contenders] for _ in range(rounds)]
        return self.figures(list(zip(*samples, strict=True)))


class Workload:
    """A piece of work that peers are compared on; one file each in ``benchmarks/workloads``."""

    name: str

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        """What is to be timed."""
        raise NotImplementedError


def contest(
    title: str,
    baseline: Contender,
    peers: Sequence[Peer],
    make: Callable[[Peer], Any],
    kind: type[Case] = Case,
    **options: Any,
) -> Case:
    """A case in which every peer takes part with what `make` returns for it, or is left out with its reason."""
    rivals, left_out = [], {}
    for peer in peers:
        try:
            rivals.append(Contender(peer.name, make(peer), baseline.operations))
        except UnsupportedError as error:
            left_out[peer.name] = str(error)
    return kind(title, baseline, rivals, left_out, **options)


#: Where fresh processes find all modules compiled, as they are after a first use, however Python is set up.
_COMPILED = tempfile.TemporaryDirectory(prefix="xpgrad-benchmarks-")


def fresh(code: str, **variables: str) -> float:
    """The number that Python code prints in a process of its own, with these variables in its environment."""
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": _COMPILED.name, **variables}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # our own code
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout)
