"""array-api-extra's own tests over `xpgrad.numpy`, where its source distribution is at hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("array_api_extra", reason="array-api-extra is not installed")

CONFORMANCE = Path(__file__).parents[2] / "conformance"
FOLDER = os.environ.get("XPGRAD_ARRAY_API_EXTRA")

pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="XPGRAD_ARRAY_API_EXTRA does not say where array-api-extra's source distribution is"
)


def passed(tests: str) -> int:
    """How many tests pass; none may fail that is not expected to."""
    path = os.pathsep.join(
        [str(CONFORMANCE), str(CONFORMANCE / "array_api_extra_tests"), os.environ.get("PYTHONPATH", "")]
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xpgrad_array_api_extra", "-p", "no:cacheprovider", tests]
    done = subprocess.run(command, cwd=FOLDER, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return int(re.findall(r"(\d+) passed", done.stdout)[-1])


def test_in_place_updates() -> None:
    assert passed("tests/main/test_at.py") > 100


@pytest.mark.deep
def test_everything() -> None:
    assert passed("tests/main") >= 1202
