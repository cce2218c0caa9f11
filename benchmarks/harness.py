"""Checks contenders, times them in interleaved rounds, and sums the figures up."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.peers import Peer, Run

#: The least CPU time of a timed block, in seconds: long against the clock, short against the noise of a busy machine.
BLOCK = 0.01


@dataclass
class Contender:
    """One way to do the work of a case.

    Attributes
    ----------
    name : str
        As printed.
    run : callable
        Does the work once and returns arrays.
    operations : int
        By how many operations the time is divided.
    expected : callable, optional
        Computes what `run` must return; by default what the baseline returns.
    """

    name: str
    run: Run
    operations: int
    expected: Run | None = None


@dataclass
class Case:
    """Contenders that are compared with a baseline.

    Attributes
    ----------
    title : str
        As printed.
    baseline : Contender
        What the times of all others are divided by.
    rivals : list of Contender
        The others.
    target : float, optional
        The ratio that contenders named "xpgrad…" must not exceed.
    rounds : int, optional
        How many rounds are timed, where the default is too many.
    tolerance : float
        Relative tolerance of the check, to the largest expected element.
    """

    title: str
    baseline: Contender
    rivals: list[Contender]
    target: float | None = None
    rounds: int | None = None
    tolerance: float = 1e-9


class Workload:
    """A piece of work that peers are compared on; one file each in ``benchmarks/workloads``."""

    name: str

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        """What is to be timed."""
        raise NotImplementedError


@dataclass
class Figure:
    """What was measured of one contender: seconds per operation, and the ratio to the baseline with its quartiles."""

    case: str
    name: str
    seconds: float
    ratio: float = 1.0
    quartiles: tuple[float, float] = (1.0, 1.0)
    target: float | None = None
    met: bool | None = None


def check(case: Case) -> None:
    """Refuse a contender that computes something else.

    Raises
    ------
    AssertionError
        If a result is off by more than the case's tolerance.
    """
    for contender in [case.baseline, *case.rivals]:
        expected = (contender.expected or case.baseline.run)()
        for want, have in zip(map(np.asarray, expected), map(np.asarray, contender.run()), strict=True):
            error = np.max(np.abs(have - want)) / np.max(np.abs(want))
            if have.shape != want.shape or not error <= case.tolerance:
                raise AssertionError(f"{case.title}: {contender.name} is off by {error:.1e}.")


def measure(case: Case, rounds: int) -> list[Figure]:
    """Time a case and return the figures of its contenders, the baseline first."""
    contenders = [case.baseline, *case.rivals]
    repeats = [_repeats(contender.run) for contender in contenders]
    times: list[list[float]] = [[] for _ in contenders]
    for _ in range(case.rounds or rounds):
        gc.collect()
        for contender, repeat, record in zip(contenders, repeats, times, strict=True):
            record.append(_block(contender.run, repeat) / contender.operations)
    figures = [Figure(case.title, case.baseline.name, statistics.median(times[0]))]
    for contender, record in zip(case.rivals, times[1:], strict=True):
        ratios = [own / base for own, base in zip(record, times[0], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        figure = Figure(case.title, contender.name, statistics.median(record), middle, (low, high))
        if case.target is not None and contender.name.startswith("xpgrad"):
            figure.target, figure.met = case.target, middle <= case.target
        figures.append(figure)
    return figures


def _block(run: Callable[[], Any], repeat: int) -> float:
    """CPU seconds of one run: other programs on the machine do not count."""
    start = time.process_time()
    for _ in range(repeat):
        run()
    return (time.process_time() - start) / repeat


def _repeats(run: Callable[[], Any]) -> int:
    """How many runs fill a block."""
    return max(1, round(BLOCK / _block(run, 1)))
