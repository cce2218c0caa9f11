"""Lint, format and types hold, and the benchmarks compute what they should."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command):
    """Run a Python module in the root of the repository; its output is the failure's message."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_lint():
    run("ruff", "check", "--no-cache", "--output-format", "concise")


def test_format():
    run("ruff", "format", "--check", "--no-cache")


def test_types(tmp_path):
    run("mypy", "--cache-dir", str(tmp_path))


SOURCES = [
    path for path in sorted(ROOT.rglob("*.py")) if not any(part[0] == "." for part in path.relative_to(ROOT).parts)
]
IGNORE = re.compile(r"# (?:ruff: )?(?:noqa|type: ignore|mypy: ignore)\b")
WITH_A_REASON = re.compile(r"# (?:ruff: )?(?:noqa: [A-Z0-9, ]+[0-9]|type: ignore\[[a-z, -]+\])  # (?!noqa|type:)\S")


def unexplained(text):
    """The lines that ignore a rule and do not say why."""
    return [line for line in text.splitlines() if IGNORE.search(line) and not WITH_A_REASON.search(line)]


def test_every_ignored_rule_has_its_reason_beside_it():
    found = {path.relative_to(ROOT): unexplained(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_every_rule_that_is_ignored_in_whole_files_has_its_reason_beside_it():
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.ruff.lint]")[2]
    ignores = re.findall(r"^ignore = \[\n(.*?)^\]|^\"[^\n]*\" = \[\n(.*?)^\]", settings, flags=re.DOTALL | re.MULTILINE)
    lines = "".join(map("".join, ignores)).splitlines()
    assert len(lines) > 20
    assert [line for line in lines if not re.search(r"  # \S", line)] == []


@pytest.mark.parametrize("comment", ["noqa: E731", "noqa: E402  {} noqa: E402", "noqa", "type: ignore[arg-type]"])
def test_a_rule_ignored_without_a_reason_is_found(comment):
    line = f"x = 1  # {comment.format('#')}"
    assert unexplained(line) == [line]
    assert unexplained("x = 1") == unexplained("x = 1  # noqa: E731  # a reason") == []


@pytest.mark.parametrize("workload", ["chain", "off", "mlp"])
def test_benchmarks_run(workload):
    """The contenders check one another's results before they are timed."""
    table = run("benchmarks", "--peers", "xpgrad", "--workload", workload, "--rounds", "2")
    assert "| xpgrad |" in table
