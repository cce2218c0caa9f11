"""What is known to fail or to be impossible on a backend, line by line, with the reason.

A line is ``outcome  test  case  reason``, the four parted by two spaces or more; ``*`` in the test and the case stands
for anything. The outcomes:

``xfail``   fails because of a defect of the library, which the reason names; once it passes, the line must go
``skip``    cannot be run, because it crashes or hangs

The lists of known libraries are ``expected/NAME.txt``, of which the comment at the top goes into the table of what is
supported; ``--expected FILE`` adds one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

OUTCOMES = ("xfail", "skip")


@dataclass(frozen=True)
class Line:
    """One line of a list."""

    outcome: str
    test: str
    case: str
    reason: str

    def matches(self, test: str, case: str) -> bool:
        """Whether the line is about this test of this case."""
        return _glob(self.test, test) and _glob(self.case, case)


FOLDER = Path(__file__).parent / "expected"


def known() -> list[str]:
    """The libraries that have a list."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def title_of(backend: str) -> str:
    """What the comment at the top of a list says: which library it is about, and what holds for all of it."""
    path = FOLDER / f"{backend}.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return " ".join(line.removeprefix("#").strip() for line in takewhile(lambda line: line.startswith("#"), lines))


def lines_of(backend: str) -> list[Line]:
    """The lines of a backend that is known; none for another."""
    path = FOLDER / f"{backend}.txt"
    return list(read(path)) if path.exists() else []


def read(path: Path) -> Iterator[Line]:
    """The lines of a file.

    Raises
    ------
    ValueError
        If a line lacks one of its four parts, or its outcome is unknown.
    """
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip() or text.startswith("#"):
            continue
        parts = re.split(r"\s{2,}", text.strip(), maxsplit=3)
        if len(parts) != 4 or parts[0] not in OUTCOMES:
            raise ValueError(f"{path}, line {number}: write `outcome  test  case  reason`, two spaces between them.")
        yield Line(*parts)


def _glob(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None
