"""The command line: ``python -m benchmarks [--peers NAME ...] [--workload NAME ...] [--rounds N] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.harness import Figure, check, measure
from benchmarks.peers import PEERS, installed
from benchmarks.workloads import WORKLOADS


def main() -> None:
    """Run the chosen workloads, print a Markdown table, and store the figures if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare xpgrad with its peers.")
    for option, known in (("--peers", PEERS), ("--workload", WORKLOADS)):
        names = [item.name for item in known]
        parser.add_argument(option, nargs="+", choices=names, default=names, metavar="NAME", help="of: %(choices)s")
    parser.add_argument("--rounds", type=int, default=50, help="interleaved rounds (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="store the figures, too")
    args = parser.parse_args()

    peers, missing = installed(args.peers)
    versions = {"numpy": np.__version__} | {peer.name: peer.version for peer in peers}
    machine = f"{platform.machine()}, {_processor()}, Python {platform.python_version()}, {platform.system()}"
    print("  ".join(f"{name} {version}" for name, version in versions.items()))
    print(machine)
    if missing:
        print(f"Left out, not installed: {', '.join(missing)}.")

    figures: list[Figure] = []
    for workload in WORKLOADS:
        if workload.name in args.workload:
            for case in workload.cases(peers):
                check(case)
                measured = measure(case, args.rounds)
                _show(measured)
                figures += measured
    if args.json:
        text = json.dumps({"versions": versions, "machine": machine, "figures": list(map(asdict, figures))}, indent=1)
        args.json.write_text(text + "\n")


def _show(figures: list[Figure]) -> None:
    print(f"\n| {figures[0].case} | us per operation | ratio | quartiles | target |\n|---|---|---|---|---|")
    for figure in figures:
        target = "" if figure.target is None else f"{figure.target} {'met' if figure.met else 'MISSED'}"
        low, high = figure.quartiles
        time = f"{figure.seconds * 1e6:.2f}"
        print(f"| {figure.name} | {time} | {figure.ratio:.2f} | {low:.2f} to {high:.2f} | {target} |")
    sys.stdout.flush()


def _processor() -> str:
    """The processor's name; `platform` leaves it empty on Linux."""
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
