"""How much of what real MXNet and MinPy code uses is provided: ``python coverage.py USAGE.tsv``.

The table has a line for each name, with the columns namespace, name, weighted (how often it is used) and rank_core.
"""

from __future__ import annotations

import csv
import importlib
import sys
from pathlib import Path
from typing import Any

#: What is left out on purpose, by the beginning of the name.
LEFT_OUT = (
    "sym.", "d2l.", "nd.sparse.", "nd.image.", "mx.mod.", "mx.module.", "mx.io.", "mx.kv", "mx.onnx.", "mx.model.",
    "mx.callback.", "mx.image.", "mx.img.", "mx.rnn.", "mx.profiler.", "mx.viz.", "mx.visualization.", "mx.contrib.",
    "mx.mon.", "mx.rtc.", "mx.library.", "mx.notebook.", "mx.amp.", "gluon.contrib.",
)  # fmt: skip

HOMES = {"minpy": "xpgrad.minpy", "mx": "xpgrad.mxnet", "namespace": "xpgrad.mxnet"}


def provided(namespace: str, name: str) -> bool:
    """Whether there is such a name."""
    from xpgrad.mxnet import nd, np

    if namespace == "ndarray(method)":
        return any(hasattr(kind, name) for kind in (np.ndarray, nd.NDArray))
    root, _, rest = namespace.partition(".")
    path = [HOMES[root]] if root in HOMES else ["xpgrad.mxnet", root]
    found: Any = importlib.import_module(path[0])
    for part in [*path[1:], *filter(None, rest.split(".")), *name.split(".")]:
        try:
            found = getattr(found, part)
        except AttributeError:
            try:
                found = importlib.import_module(f"{found.__name__}.{part}")
            except (AttributeError, ImportError):
                return False
    return True


def main(table: str) -> None:
    """Print the shares, and what is not provided of the names with a rank."""
    with Path(table).open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    known = [(row, provided(row["namespace"], row["name"])) for row in rows if row["namespace"] != "d2l"]
    counts = {"all names": known}
    counts["what is not left out"] = [
        (row, there) for row, there in known if not f"{row['namespace']}.{row['name']}".startswith(LEFT_OUT)
    ]
    for what, chosen in counts.items():
        uses = sum(int(row["weighted"]) for row, _ in chosen)
        covered = sum(int(row["weighted"]) for row, there in chosen if there)
        print(f"{what}: {covered} of {uses} uses ({covered / uses:.1%})")  # noqa: T201  # a command talks to its user
    for row, there in known:
        if not there and row["rank_core"]:
            print(f"rank {row['rank_core']}: {row['namespace']}.{row['name']} ({row['weighted']})")  # noqa: T201  # as above
    rest = sorted((row for row, there in counts["what is not left out"] if not there and not row["rank_core"]),
                  key=lambda row: -int(row["weighted"]))  # fmt: skip
    print("others:", ", ".join(f"{row['namespace']}.{row['name']} ({row['weighted']})" for row in rest[:40]))  # noqa: T201  # as above


if __name__ == "__main__":
    main(sys.argv[1])
