"""Figures as Markdown, what must hold, and what it would mean for a thousand workers."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from benchmarks.dask.workloads import ALL

#: The most that a ratio to the gradient by hand may be.
WHOLE = {"tasks": 1.1, "moved": 1.2, "seconds": 1.1, "peak": 1.1}
INSIDE = {"tasks": 0.35, "seconds": 0.5}
_INSIDE_OF = ("logistic", "network", "mixture")
_LIKE = {"large": "rmse"}


def budget(figure: dict[str, Any]) -> dict[str, float]:
    """What must hold for a contender."""
    if figure["contender"].startswith("by hand"):
        return {}
    if figure["contender"] == "whole arrays" or figure["workload"] not in _INSIDE_OF:
        return WHOLE
    return INSIDE


def title(figure: dict[str, Any]) -> str:
    """What a workload is called."""
    by_hand, _ = ALL[_LIKE.get(figure["workload"], figure["workload"])]
    return str(by_hand.__doc__).removesuffix(".")


def median(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def table(figures: Sequence[dict[str, Any]]) -> str:
    """All figures."""
    evaluations = [figure for figure in figures if "median" in figure]
    solvers = [figure for figure in figures if "milliseconds" in figure]
    parts = [lines(evaluations), lines(solvers), paper(evaluations)]
    return "\n\n".join(part for part in parts if part)


def lines(figures: Sequence[dict[str, Any]]) -> str:
    """Figures of one kind: ratios to the gradient by hand; in bold where more than must hold."""
    if not figures:
        return ""
    if "milliseconds" in figures[0]:
        found = ["| solver | | ms an evaluation | ratio |", "|---|---|---|---|"]
        return "\n".join(
            found
            + [f"| {f['contender']} | {f['place']} | {f['milliseconds']:.0f} | {f['ratio']:.2f} |" for f in figures]
        )
    found = ["| | | | tasks | moved | peak | time | by hand |", "|---|---|---|---|---|---|---|---|"]
    by_hand = {(f["workload"], f["place"]): f["median"] for f in figures if f["contender"] == "by hand"}
    for f in figures:
        if f["contender"] == "by hand":
            continue
        limits = budget(f)
        cells = []
        for name in ("tasks", "moved", "peak", "seconds"):
            text = f"{f['ratio'][name]:.2f}"
            missed = f["ratio"][name] > limits.get(name, float("inf"))
            cells.append("-" if name == "moved" and "threads" in f["place"] else f"**{text}**" if missed else text)
        base = by_hand[f["workload"], f["place"]]
        said = (
            f"{base['tasks']:.0f} tasks, {base['moved']:.1f} MB moved, {base['peak']:.0f} MB, {base['seconds']:.2f} s"
        )
        found.append(f"| {title(f)} | {f['place']} | {f['contender']} | {' | '.join(cells)} | {said} |")
    return "\n".join(found)


def paper(figures: Sequence[dict[str, Any]], workers: int = 1000, blocks: int = 4000, each: float = 1e-3) -> str:
    """On paper: what a scheduler that takes a millisecond for each task does for a thousand workers."""
    found = [
        f"| {workers:,} workers, {blocks:,} blocks | tasks a block | scheduling, s | a block must take, s |",
        "|---|---|---|---|",
    ]
    seen = set()
    for f in figures:
        name = (title(f), f["contender"])
        if f["workload"] not in _INSIDE_OF or name in seen:
            continue
        seen.add(name)
        tasks = f["median"]["tasks"] / f["blocks"]
        found.append(
            f"| {', '.join(name)} | {tasks:.2f} | {tasks * blocks * each:.1f} | {tasks * workers * each:.1f} |"
        )
    return "\n".join(found) if seen else ""


def versions() -> dict[str, str]:
    """What was measured with."""
    found = {name: version(name) for name in ("dask", "distributed", "numpy")}
    return found | {"python": platform.python_version(), "machine": platform.machine()}
