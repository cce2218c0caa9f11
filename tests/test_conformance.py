"""The shipped conformance suite as a product: it runs anywhere, finds what is wrong, and its table is up to date.

That all passes on NumPy and array-api-strict is shown by the suite itself, which runs beside these tests.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import fresh_process
import pytest

from xpgrad.primitive import PRIMITIVES, primitive, vjp
from xpgrad_conformance import expected, report, support
from xpgrad_conformance.cases import CALLS, CASES, NAMES
from xpgrad_conformance.options import DEFAULT_BACKENDS
from xpgrad_conformance.reference import outputs
from xpgrad_conformance.samples.defaults import defaults
from xpgrad_conformance.target import Target

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "docs" / "support.md", ROOT / "README.md"]
RECORD = ROOT / "docs" / "support.json"

strict = Target("array_api_strict:device1")


def suite(folder, *options):
    """Run the installed suite somewhere else; a module `wrong` there is a plug-in of pytest's."""
    plugin = ["-p", "wrong"] if (folder / "wrong.py").exists() else []
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugin, "--pyargs", "xpgrad_conformance"]
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "500"}
    return subprocess.run([*command, *options], cwd=folder, env=environment, capture_output=True, text=True)


def failed(done):
    """The tests that failed."""
    return re.findall(r"^FAILED .*::(\S+)", done.stdout, flags=re.MULTILINE)


WRONG = """
import math

import numpy

from xpgrad.functions import function
from xpgrad.primitive import vjp
from xpgrad.rules.elementwise import conj

assert function


def constant(x):
    return x.detach() if hasattr(x, "detach") else x


def through_numpy(xp, x):
    return x if hasattr(x, "detach") else xp.asarray(numpy.asarray(x))


vjp("expm1", x=lambda xp, g, x: 2 * g * xp.exp(x))
vjp("square", x=lambda g, x: g * (2 * constant(x)))
vjp("cosh", x=lambda xp, g, x: g * xp.sinh(through_numpy(xp, x)))
vjp("asinh", x=lambda xp, g, x: g * xp.ones(x.shape, dtype=x.dtype) / xp.sqrt(1 + x * x))
vjp("log2", x=lambda xp, g, x: g / (x * math.log(2)) if bool(xp.any(x != 0)) else g)
vjp("atanh", x=lambda xp, g, x: xp.asarray(1.0) * g / (1 - x * x))
vjp("log10", x=lambda g, x: g / (x * math.log(10)) * (1 if hasattr(g, "detach") else 1 + 1e-8))
vjp("tanh", x=lambda xp, g, out: g * xp.astype(1 - out * out, xp.result_type(out.dtype, xp.float64)))
vjp("log1p", x=lambda xp, g, x: g / conj(xp, 1 + x))
"""


def test_wrong_rules_are_found(tmp_path):
    """A wrong factor, a lost second order, a transfer, worlds that differ, a wrong dtype, a conjugate too many.

    On a device also what is made elsewhere, and an array that is made a Python number, or the other way round.
    """
    (tmp_path / "wrong.py").write_text(WRONG)
    backends = ("numpy", "array_api_strict:device1")
    functions = re.findall(r'vjp\("(\w+)"', WRONG)
    expression = f"test_derivatives and ({' or '.join(functions)})"
    done = suite(tmp_path, *(f"--backend={name}" for name in backends), "-k", expression)
    found = {name: set() for name in backends}
    for test in failed(done):
        name, backend, function, kind = re.match(r"test_(\w+)\[(\w+(?::\w+)?)-([\w.]+)\((complex)?", test).groups()
        if function in functions:  # others of like names are made of these
            found[backend].add((function, name, kind or "real"))
    both = ("real", "complex")
    wrong = {("expm1", test, kind) for test in ("gradient", "forward_mode", "second_order") for kind in both}
    wrong |= {("square", "second_order", kind) for kind in both}
    wrong |= {(function, "gradient", kind) for function in ("atanh", "log10", "tanh") for kind in both}
    wrong |= {("log1p", test, "complex") for test in ("gradient", "forward_mode", "second_order")}
    assert found["numpy"] == wrong
    wrong |= {("cosh", "gradient", kind) for kind in both}
    tests = ("gradient", "forward_mode", "second_order")
    wrong |= {(function, test, kind) for function in ("asinh", "atanh", "log2") for test in tests for kind in both}
    assert found["array_api_strict:device1"] == wrong
    for said in ("gradient, differences", "second order by array 0", "create_graph=True, without", "single precision"):
        assert said in done.stdout


EAGER = """
from xpgrad.functions import function
from xpgrad.primitive import vjp

assert function
vjp("expm1", x=lambda xp, g, x: g * xp.exp(x) if bool(xp.all(x == x)) else g)
"""


def test_a_rule_that_computes_on_a_lazy_library_is_found(tmp_path):
    pytest.importorskip("dask.array")
    (tmp_path / "wrong.py").write_text(EAGER)
    done = suite(tmp_path, "--backend=dask", "-k", "expm1 and test_derivatives")
    assert done.stdout.count("something computed") >= 3
    assert {test.partition("[")[0] for test in failed(done)} == {
        "test_gradient",
        "test_second_order",
        "test_forward_mode",
    }


@pytest.mark.parametrize("call", [c for c in CALLS if c.sample.extends], ids=lambda call: call.id)
def test_what_extends_the_standard_is_refused_by_the_strict_library(call):
    assert not strict.extends(call, outputs(call, call.sample.arrays))


def test_a_list_says_what_is_expected(tmp_path):
    """What it says must fail does fail, and every line is about some test."""
    (tmp_path / "list.txt").write_text(
        "# for the sake of an example\n"
        "xfail  test_gradient      expm1(complex*  it is said to fail, but passes\n"
        "skip   test_second_order  expm1(*         it is said to hang\n"
        "xfail  *                  nothing(*       there is no such function\n"
    )
    options = ("--backend=numpy", "--expected=list.txt", "--support=found.json", "-k", "expm1 or every_line", "-rsf")
    done = suite(tmp_path, *options)
    passes = [case.id for case in CASES if case.name == "expm1" and case.is_complex]
    assert sorted(failed(done)) == sorted(
        ["test_every_line_is_about_some_test[numpy]", *(f"test_gradient[numpy-{case}]" for case in passes)]
    )
    assert "it is said to hang" in done.stdout
    kinds = report.read(tmp_path / "found.json")["numpy"]["expm1"]
    assert kinds == {
        "complex": "failed; it is said to hang",
        "forward mode": True,
        "gradient": True,
        "second order": "it is said to hang",
    }


def test_a_line_needs_all_its_parts(tmp_path):
    file = tmp_path / "list.txt"
    for line in ("xfail  test_value  sort(*", "fails  test_value  sort(*  because"):
        file.write_text(line)
        with pytest.raises(ValueError, match="line 1"):
            list(expected.read(file))


def test_a_case_in_a_list_is_meant_as_it_stands():
    line = expected.Line("xfail", "test_value", "getitem((2,3),key=[1]*", "")
    assert line.matches("test_value", "getitem((2,3),key=[1],...)")
    assert not line.matches("test_value", "getitem((2,3),key=1,...)")
    assert not line.matches("test_gradient", "getitem((2,3),key=[1],...)")


def test_the_order_may_be_limited(tmp_path):
    done = suite(tmp_path, "--backend=numpy", "--order=1", "-k", "expm1", "-v")
    assert done.returncode == 0, done.stdout
    assert "test_gradient[numpy-expm1(" in done.stdout
    assert "test_second_order" not in done.stdout


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("nowhere", "there is no backend named 'nowhere'"),
        ("numpy:device7", "numpy has no device 'device7'"),
    ],
)
def test_what_cannot_be_tested_is_said_at_once(tmp_path, backend, message):
    done = suite(tmp_path, "--backend", backend)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert message in done.stderr


def test_other_suites_keep_their_own_options(tmp_path):
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--backend')")
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it(request):\n"
        "    assert request.config.getoption('--backend') == 'theirs'\n"
        "    assert 'xpgrad' not in sys.modules\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--backend", "theirs"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("inputs", "implementation", "shapes"),
    [
        ("x", lambda xp, x: xp.log(x - 1), {(2, 3), (), (0, 3)}),
        ("x", lambda xp, x, k=0: x @ x, {(3, 3)}),
        ("x1 x2", lambda xp, x1, x2: x1 @ x2, {((2, 3), (3, 2)), ((3, 3), (3,))}),
    ],
    ids=["element-wise", "of square matrices", "of two matrices"],
)
def test_a_new_function_gets_samples_of_its_own(monkeypatch, inputs, implementation, shapes):
    monkeypatch.setattr("xpgrad.primitive.PRIMITIVES", PRIMITIVES)
    name = f"new{len(shapes)}{len(inputs)}"
    primitive(name, inputs, elementwise=len(shapes) == 3, implementation=implementation)
    vjp(name, **{argument: lambda g: g for argument in inputs.split()})
    try:
        found = {tuple(x.shape for x in sample.arrays) for sample in defaults(name)}
    finally:
        del PRIMITIVES[name]
    assert found == {shape if len(inputs) > 1 else (shape,) for shape in shapes}


def test_the_table_of_support_is_up_to_date():
    pytest.importorskip("scipy.special", reason="the table is of a run with SciPy, which is not installed")
    assert not support.stale(RECORD, DOCUMENTS)


def test_without_scipy_the_cases_are_the_same():
    """Its functions are then skipped one by one, when there is nothing to compare with."""
    code = "import sys; sys.modules |= {'scipy': None, 'scipy.special': None}\n"
    code += "from xpgrad_conformance.cases import CALLS; print(*dict.fromkeys(call.name for call in CALLS))"
    assert set(fresh_process.run(code).stdout.split()) == set(NAMES)


def test_a_stale_table_is_found(tmp_path):
    outcomes = report.read(RECORD)
    outcomes = {"numpy": outcomes["numpy"] | {"exp": outcomes["numpy"]["exp"] | {"complex": "it was worse then"}}}
    record, document = tmp_path / "record.json", tmp_path / "support.md"
    report.write(record, outcomes)
    document.write_text(DOCUMENTS[0].read_text())
    first, second = support.stale(record, [document])
    assert f"{record} is stale" in first
    assert f"{document} is stale" in second
    document.write_text(support.filled(document.read_text(), outcomes))
    assert "| `exp` | 1 2 f (c) |" in document.read_text()
    assert "| | it was worse then | `exp` |" in document.read_text()
    assert len(support.stale(record, [document])) == 1


def test_the_backends_that_every_run_of_the_tests_includes_are_in_the_table():
    assert set(DEFAULT_BACKENDS) <= report.read(RECORD).keys()
