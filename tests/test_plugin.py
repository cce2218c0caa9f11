"""A third party's plug-in, with a pyproject.toml of its own, is installed with pip and used."""

import importlib.util
import os
import re
import subprocess
import sys
from math import exp
from pathlib import Path

import pytest
from fresh_process import run

from xpgrad.backend import Backend

PROJECT = Path(__file__).parent / "plugin"
PAGE = (Path(__file__).parents[1] / "docs" / "write-a-backend.md").read_text(encoding="utf-8")


def blocks(language):
    """The fenced blocks of one language in the page about plug-ins."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder into which pip has installed the plug-in."""
    folder = tmp_path_factory.mktemp("site")
    # With the build backend at hand pip needs no network; without, it fetches the backend that the project names.
    offline = ["--no-build-isolation", "--no-index"] if importlib.util.find_spec("hatchling") else []
    command = [sys.executable, "-m", "pip", "install", "--no-deps", *offline, "--target", str(folder), str(PROJECT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode and not offline:
        pytest.skip("pip cannot build the plug-in: hatchling is not installed, and fetching it failed")
    assert done.returncode == 0, done.stderr
    return str(folder)


def test_the_plug_in_is_available_and_a_broken_one_beside_it_only_warns(site):
    done = run("import xpgrad; print(*xpgrad.available_backends())", PYTHONPATH=site)
    names = done.stdout.split()
    assert {"numpy", "tiny"} <= set(names)
    assert "crooked" not in names
    assert (
        "BackendWarning: the backend plug-in 'crooked' failed to load (RuntimeError: this plug-in is crooked)"
        in done.stderr
    )
    assert "pip install --force-reinstall xpgrad-tiny" in done.stderr


def test_finding_the_plug_in_does_not_import_its_library(site):
    code = """
import sys
import xpgrad

xpgrad.available_backends()
print("xpgrad_tiny" in sys.modules, "tinyarray" in sys.modules)
"""
    assert run(code, PYTHONPATH=site).stdout.split() == ["True", "False"]


def test_gradients_come_out_as_the_librarys_own_arrays(site):
    code = """
import tinyarray
import xpgrad
from xpgrad import autograd

xpgrad.set_backend("tiny")
x = xpgrad.asarray(tinyarray.Tiny([[1.0, 2.0], [3.0, 4.0]]))
x.attach_grad()
with autograd.record():
    y = xpgrad.exp(x) * x + x[:1, :] / 2
    y[1, :] = x[0, :] ** 2
    loss = xpgrad.sum(y @ xpgrad.ones((2, 1)))
loss.backward()
assert xpgrad.get_backend() == "tiny"
assert type(x.grad.data) is type(loss.data) is tinyarray.Tiny, type(x.grad.data)
print(*x.grad.asnumpy().ravel())
"""
    printed = run(code, PYTHONPATH=site).stdout.split()
    # Row 0: d(x exp(x)) + the half, once (row 1 was overwritten), + the square's 2x. Row 1: nothing.
    expected = [(1 + v) * exp(v) + 0.5 + 2 * v for v in (1.0, 2.0)] + [0.0, 0.0]
    assert [float(value) for value in printed] == pytest.approx(expected)


def test_the_library_decides_without_a_switch(site):
    code = """
import tinyarray
import xpgrad

x = xpgrad.namespace("tiny").asarray([1.0, 2.0])
x.attach_grad()
with xpgrad.autograd.record():
    loss = xpgrad.sum(xpgrad.sin(x))
loss.backward()
print(xpgrad.get_backend(), type(x.grad.data).__name__)
"""
    assert run(code, PYTHONPATH=site).stdout.split() == ["numpy", "Tiny"]


def test_the_page_shows_the_plug_in_as_it_is():
    (plug_in, _), (entry,), (line,) = (blocks(language) for language in ("python", "toml", "text"))
    assert plug_in == (PROJECT / "xpgrad_tiny" / "__init__.py").read_text()
    assert entry in (PROJECT / "pyproject.toml").read_text()
    assert line in (PROJECT / "expected.txt").read_text()


def test_what_the_page_uses_it_for_prints_what_it_says(site):
    _, use = blocks("python")
    [promised] = re.findall(r"print\(.*\)  # (.*)", use)
    assert run(use, PYTHONPATH=site).stdout.strip() == promised


def test_the_page_names_every_attribute_and_hook():
    contract = {name for name in [*vars(Backend), *Backend.__annotations__] if not name.startswith("_")}
    tables = "".join(line for line in PAGE.splitlines() if line.startswith("| `"))
    assert contract == set(re.findall(r"`(\w+)`", tables)) - {"scatter", "pad"}


def test_without_the_plug_in_its_name_is_unknown():
    code = """
import xpgrad

try:
    xpgrad.set_backend("tiny")
except xpgrad.errors.UnknownBackendError as error:
    print(error)
"""
    assert "no backend named 'tiny'" in run(code).stdout


def test_the_conformance_suite_runs_on_it(site, tmp_path):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--pyargs", "xpgrad_conformance", "-rsx"]
    command += ["--backend=tiny", f"--expected={PROJECT / 'expected.txt'}"]
    command += ["-k", "expm1 or hypot or cumulative or concat or remainder or sort or cholesky or every_line"]
    environment = os.environ | {"PYTHONPATH": site, "COLUMNS": "500"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the library has no linalg.cholesky" in done.stdout
    assert "its derivative needs the operator //, which Tiny lacks" in done.stdout
