"""SciPy's own tests, which come with it, over `xpgrad.numpy`: conformance/scipy says what is expected to fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("scipy.special", reason="SciPy is not installed")

PLUGIN = Path(__file__).parents[2] / "conformance" / "scipy"
MODULES = "special stats signal fft integrate optimize differentiate spatial cluster linalg interpolate ndimage".split()


def passed(folder: Path, *modules: str) -> int:
    """How many tests pass; none may fail that is not expected to."""
    path = os.pathsep.join([str(PLUGIN), str(PLUGIN.parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xpgrad_scipy", "-p", "no:cacheprovider", "-W", "ignore"]
    command += ["-m", "array_api_backends and not slow", "--pyargs", *(f"scipy.{module}" for module in modules)]
    environment = os.environ | {"PYTHONPATH": path, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    return int(re.findall(r"(\d+) passed", done.stdout)[-1])


def test_a_few_modules(tmp_path: Path) -> None:
    vq = find_spec("scipy.cluster.vq")
    package = "cluster.vq" if vq and vq.submodule_search_locations else "cluster"  # a package since SciPy 1.18
    modules = "special.tests.test_logsumexp", "signal.tests.test_waveforms", f"{package}.tests.test_vq"
    assert passed(tmp_path, *modules) > 100


@pytest.mark.deep
def test_all_modules(tmp_path: Path) -> None:
    assert passed(tmp_path, *MODULES) >= 14_000
