"""The outcome of a run in a form that a program can read: for every function, which kinds of tests all passed.

``{backend: {function: {kind: true, or the reasons why not}}}``. The kinds are "gradient", "second order" and "forward
mode", with real numbers, and "complex": all three with complex numbers. What goes beyond the standard does not count.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xpgrad_conformance.plugin import SUITE

#: What a test shows about a function.
KINDS = {
    "test_value": "gradient",
    "test_gradient": "gradient",
    "test_second_order": "second order",
    "test_forward_mode": "forward mode",
}

Outcome = dict[str, dict[str, Any]]


def kind_of(test: str, is_complex: bool) -> str:
    """What a test shows with an input."""
    return "complex" if is_complex else KINDS[test]


class Collected:
    """Reasons why tests did not pass, by function and kind."""

    def __init__(self) -> None:
        self._reasons: dict[str, dict[str, set[str]]] = {}

    def add(self, function: str, kind: str, reasons: set[str]) -> None:
        """Note a test: no reasons if it passed."""
        self._reasons.setdefault(function, {}).setdefault(kind, set()).update(reasons)

    def outcome(self) -> Outcome:
        """What became of each function."""
        return {
            function: {kind: "; ".join(sorted(found)) or True for kind, found in sorted(kinds.items())}
            for function, kinds in sorted(self._reasons.items())
        }


class Report:
    """Collects the outcome of a run, and writes it at the end; what the file says of other backends stays."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Collected] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of a test."""
        if report.when != "call" and report.passed:
            return
        properties: list[tuple[str, Any]] = report.user_properties
        for key, value in properties:
            if key == SUITE:
                backend, function, kind = value
                self._found.setdefault(backend, Collected()).add(function, kind, _reasons(report))

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        found = {backend: collected.outcome() for backend, collected in self._found.items()}
        write(self._path, (read(self._path) if self._path.exists() else {}) | found)


def read(path: Path) -> dict[str, Outcome]:
    """The outcome of earlier runs, by backend."""
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, outcomes: dict[str, Outcome]) -> None:
    """Write outcomes with a line for every function, so that a difference between two files can be read."""
    parts = []
    for backend, outcome in sorted(outcomes.items()):
        lines = ",\n".join(f"  {json.dumps(function)}: {json.dumps(kinds)}" for function, kinds in outcome.items())
        parts.append(f"{json.dumps(backend)}: {{\n{lines}\n}}")
    path.write_text(f"{{{', '.join(parts)}}}\n", encoding="utf-8")


def _reasons(report: pytest.TestReport) -> set[str]:
    """Why a test did not pass."""
    if hasattr(report, "wasxfail"):
        return {report.wasxfail.removeprefix("reason: ")}
    if report.skipped:
        return {report.longrepr[2].removeprefix("Skipped: ")}  # type: ignore[index]  # for a skip it is a tuple
    return {"failed"} if report.failed else set()
