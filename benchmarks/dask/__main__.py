"""Runs the workloads on threads and on two workers, and writes a table.

python -m benchmarks.dask
python -m benchmarks.dask --workload logistic mixture --rows 20000000 --markdown table.md
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import dask

from benchmarks.dask import report, solvers
from benchmarks.dask.measure import Place, cluster, interleaved, medians, persisted, ratios, threads
from benchmarks.dask.strips import IN_STRIPS
from benchmarks.dask.workloads import ALL, BY_BLOCKS, Arrays, Data, rmse, rmse_by_hand

#: What is run by default. "solver" times gradients inside a solver; "large", data beyond memory, takes long.
DEFAULT = ("logistic", "network", "squares", "rmse", "mixture", "factorisation", "stencil", "smoothness", "solver")


def unfused(build: Callable[[Data], Arrays]) -> Callable[[Data], Arrays]:
    """The same without region fusion: whole arrays."""

    def whole(data: Data) -> Arrays:
        with dask.config.set({"xpgrad.fusion": False}):
            return build(data)

    return whole


def contenders(name: str) -> dict[str, Callable[[Data], Arrays]]:
    """The baseline first."""
    by_hand, differentiated = ALL[name]
    found = {"by hand": by_hand, "whole arrays": unfused(differentiated), "backward": differentiated}
    if name in BY_BLOCKS:
        found |= {"value_and_grad_blocks": BY_BLOCKS[name], "by hand, in strips": IN_STRIPS[name]}
    return found


def compare(name: str, place: Place, data: Data, rounds: int) -> list[dict[str, Any]]:
    """The figures of one workload in one place."""
    samples = interleaved(place, contenders(name), data, rounds)
    baseline = samples["by hand"]
    return [
        {
            "workload": name,
            "place": place.name,
            "contender": contender,
            "blocks": data.X.numblocks[0],
            "median": medians(own)._asdict(),
            "ratio": ratios(own, baseline)._asdict(),
        }
        for contender, own in samples.items()
    ]


def solve(place: Place, data: Data, rounds: int) -> list[dict[str, Any]]:
    """The time of an evaluation inside a solver."""
    y = solvers.targets(data).persist()
    runs = solvers.contenders(data, y)
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            seconds, evaluations = run()
            samples[name].append(seconds / evaluations)
    first = next(iter(samples.values()))
    return [
        {
            "workload": "solver",
            "place": place.name,
            "contender": name,
            "milliseconds": report.median(1e3 * x for x in own),
            "ratio": report.median(a / b for a, b in zip(own, first, strict=True)),
        }
        for name, own in samples.items()
    ]


def large(memory: int, rounds: int) -> list[dict[str, Any]]:
    """Four times the memory of both workers, made where it is needed."""
    blocks = 128
    rows = 4 * 2 * memory // (blocks * 20 * 8)
    with cluster(str(memory)) as place:
        data = Data(blocks, rows, 20, lazy=True)
        samples = {"by hand": rmse_by_hand, "backward": rmse}
        found = {name: [place.measure(build, data) for _ in range(rounds)] for name, build in samples.items()}
    return [
        {
            "workload": "large",
            "place": place.name,
            "contender": name,
            "blocks": blocks,
            "median": medians(own)._asdict(),
            "ratio": ratios(own, found["by hand"])._asdict(),
        }
        for name, own in found.items()
    ]


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dask", description=__doc__.splitlines()[0])
    parser.add_argument("--workload", nargs="+", choices=(*DEFAULT, "large"), default=DEFAULT, metavar="NAME")
    parser.add_argument("--rows", type=int, default=2_000_000, help="default: %(default)s")
    parser.add_argument("--chunks", type=int, default=40, help="the number of blocks (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--place", nargs="+", choices=("threads", "cluster"), default=("threads", "cluster"))
    parser.add_argument("--memory", type=int, default=400_000_000, help="of a worker for `large`, in bytes")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    args = parser.parse_args()
    figures: list[dict[str, Any]] = []
    for where in args.place:
        with {"threads": threads, "cluster": cluster}[where]() as place:
            data = persisted(Data(args.chunks, args.rows // args.chunks, 20, 32, 8, lazy=True))
            for name in args.workload:
                if name != "large":
                    measure = solve if name == "solver" else partial(compare, name)
                    found = measure(place, data, args.rounds)
                    print(report.lines(found), flush=True)
                    figures += found
    if "large" in args.workload:
        figures += large(args.memory, 1)
    table = report.table(figures)
    print(table)
    if args.json:
        args.json.write_text(json.dumps({"versions": report.versions(), "figures": figures}, indent=2))
    if args.markdown:
        args.markdown.write_text(table + "\n")


if __name__ == "__main__":
    main()
