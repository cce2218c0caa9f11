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


@pytest.mark.deep
@with_checkout
@pytest.mark.parametrize("mode", [[], ["--raw"], ["--tracked"], ["--gradients"]], ids=lambda mode: "".join(mode))
@pytest.mark.parametrize("module", ["numpy", "array_api_strict", "dask"])
def test_nothing_fails_but_what_is_listed(module, mode):
    examples = 5 if module == "dask" else 20  # it computes each of them task by task
    options = [f"--max-examples={examples}", "-q", "--tb=short", "--disable-warnings"]
    command = [sys.executable, CONFORMANCE / "run.py", CHECKOUT, "--module", module, *mode, *options]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-5000:]
    assert int(re.search(r"(\d+) passed", found.stdout)[1]) > 1300


def test_there_are_lists():
    assert {"numpy.txt", "array_api_strict.txt", "tracked.txt"} <= {file.name for file in LISTS}


@pytest.mark.parametrize("file", LISTS, ids=lambda file: file.stem)
def test_every_expected_failure_has_a_reason(file):
    for block in file.read_text().strip().split("\n\n")[1:]:
        reason, *tests = block.split("\n")
        assert reason.startswith("# ")
        assert any(line.startswith("array_api_tests/") for line in tests)
