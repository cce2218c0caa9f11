"""Lint, format and types hold, and the benchmarks compute what they should."""

import os
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


@pytest.mark.parametrize("workload", ["chain", "off", "mlp"])
def test_benchmarks_run(workload):
    """The contenders check one another's results before they are timed."""
    table = run("benchmarks", "--peers", "xpgrad", "--workload", workload, "--rounds", "2")
    assert "| xpgrad |" in table
