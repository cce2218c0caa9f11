"""The command line: ``python -m benchmarks``, with options for what to run and where to store the figures."""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.harness import Case, Figure
from benchmarks.peers import PEERS, installed
from benchmarks.report import chart, overview, table_of
from benchmarks.workloads import WORKLOADS


def main() -> None:
    """Run the chosen workloads, print a Markdown table of each, and store the figures if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare xpgrad with its peers.")
    for option, known in (("--peers", PEERS), ("--workload", WORKLOADS)):
        names = [item.name for item in known]
        parser.add_argument(option, nargs="+", choices=names, default=names, metavar="NAME", help="of: %(choices)s")
    parser.add_argument("--rounds", type=int, default=50, help="interleaved rounds, at most (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="store the figures")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="store them as one table")
    parser.add_argument("--chart", type=Path, metavar="FILE.png", help="draw them")
    args = parser.parse_args()

    peers, missing = installed(args.peers)
    versions = {"numpy": np.__version__} | {peer.name: peer.version for peer in peers}
    machine = f"{platform.machine()}, {_processor()}, Python {platform.python_version()}, {platform.system()}"
    head = f"{', '.join(f'{name} {version}' for name, version in versions.items())}\n\n{machine}, one thread\n"
    if missing:
        head += f"\nLeft out, not installed: {', '.join(missing)}.\n"
    print(head, flush=True)

    done: list[tuple[Case, list[Figure]]] = []
    for workload in WORKLOADS:
        if workload.name in args.workload:
            for case in workload.cases(peers):
                case.check()
                done.append((case, case.measure(args.rounds)))
                print(table_of(done[-1][1], case.left_out), end="\n\n", flush=True)
    figures = [figure for _, case_figures in done for figure in case_figures]
    names = [peer.name for peer in peers]
    if args.json:
        content = {"versions": versions, "machine": machine, "figures": list(map(asdict, figures))}
        args.json.write_text(json.dumps(content, indent=1) + "\n")
    if args.markdown:
        args.markdown.write_text(f"{head}\n{overview(done, names)}\n")
    if args.chart:
        chart(done, names, args.chart)


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
