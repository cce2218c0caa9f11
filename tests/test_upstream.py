"""The upstream suite of the array API standard, where a checkout of it is at hand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFORMANCE = Path(__file__).parents[1] / "conformance" / "array_api_tests"
LISTS = sorted((CONFORMANCE / "xfails").glob("*.txt"))

CHECKOUT = os.environ.get("XPGRAD_ARRAY_API_TESTS")
with_checkout = pytest.mark.skipif(
    CHECKOUT is None, reason="XPGRAD_ARRAY_API_TESTS does not say where a checkout of data-apis/array-api-tests is"
)


def passed(module, *options):
    """How many tests pass; AssertionError if one fails that is not listed."""
    options = [*options, "-q", "--tb=short", "--disable-warnings"]
    command = [sys.executable, CONFORMANCE / "run.py", CHECKOUT, "--module", module, *options]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-5000:]
    return int(re.search(r"(\d+) passed", found.stdout)[1])


@pytest.mark.deep
@with_checkout
@pytest.mark.parametrize("mode", [[], ["--raw"], ["--tracked"], ["--gradients"]], ids=lambda mode: "".join(mode))
@pytest.mark.parametrize("module", ["numpy", "array_api_strict"])
def test_nothing_fails_but_what_is_listed(module, mode):
    assert passed(module, *mode, "--max-examples=20") > 1300


@with_checkout
@pytest.mark.parametrize("examples", [1, pytest.param(20, marks=pytest.mark.deep)])
def test_nothing_fails_on_dask_but_what_is_listed(examples):
    assert passed("dask", f"--max-examples={examples}") > 1200


@pytest.mark.deep
@with_checkout
def test_what_fails_on_dask_fails_without_xpgrad():
    assert passed("dask", "--raw", "--max-examples=20") > 1200


def test_there_are_lists():
    assert {"numpy.txt", "array_api_strict.txt", "dask.txt", "tracked.txt"} <= {file.name for file in LISTS}


@pytest.mark.parametrize("file", LISTS, ids=lambda file: file.stem)
def test_every_expected_failure_has_a_reason(file):
    for block in file.read_text().strip().split("\n\n")[1:]:
        reason, *tests = block.split("\n")
        assert reason.startswith("# ")
        assert any(line.startswith("array_api_tests/") for line in tests)
