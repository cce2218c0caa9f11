"""How long it takes to import a library, and to compute a first gradient with it: CPU time beyond `import numpy`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from benchmarks.harness import Case, Contender, FreshCase, Workload, fresh
from benchmarks.peers import Peer


def milliseconds(code: str) -> float:
    """The CPU time of a process of its own that imports NumPy and runs the code."""
    return fresh(f"import numpy\n{code}\nimport time; print(1e3 * time.process_time())")


class Imports(Workload):
    """Each in a fresh process."""

    name = "imports"

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        floor = Contender("import numpy", lambda: milliseconds(""))
        for title, parts, target in (("import", 1, 100.0), ("import and first gradient", 2, None)):
            rivals = [
                Contender(peer.name, partial(milliseconds, "\n".join(peer.first_gradient[:parts]))) for peer in peers
            ]
            yield FreshCase(title, floor, rivals, target=target, unit="ms", relation="added")
