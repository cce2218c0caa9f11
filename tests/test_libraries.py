"""Libraries without a plug-in: PyTorch, JAX and array-api-strict arrays are differentiated through array-api-compat.

A few cases of the conformance suite run here on each; all of them do in the slow tests. What a library cannot do is
listed, with the reason, in ``xpgrad_conformance/expected``. JAX's arrays cannot be written to: there a write makes a
new array, which takes the place of the old one.
"""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import xpgrad
from xpgrad import autograd
from xpgrad_conformance.cases import CASES, Case
from xpgrad_conformance.expected import lines_of
from xpgrad_conformance.reference import reference
from xpgrad_conformance.target import Run, Target

LIBRARIES = ("torch", "jax", "array_api_strict")
ROOT = Path(__file__).parents[1]

SELECTION = """
    add multiply divide pow exp log abs maximum hypot where clip astype sum mean max prod std cumulative_sum sort
    matmul tensordot vecdot concat stack reshape permute_dims broadcast_to repeat take take_along_axis getitem scatter
    setitem unique_values linalg.solve linalg.eigh fft.rfft special.erf special.gammaln
    logsumexp einsum
""".split()


def first_of(name):
    """The first case of a function that is not expected to fail on any of the libraries."""
    lines = [line for library in LIBRARIES for line in lines_of(library)]
    return next(
        case
        for case in CASES
        if case.name == name and not any(line.matches("test_gradient", case.id) for line in lines)
    )


@pytest.fixture(scope="module", params=LIBRARIES)
def library(request):
    module = pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    if request.param == "jax":
        module.config.update("jax_enable_x64", True)  # otherwise it has no float64
    return request.param


@pytest.fixture(scope="module")
def xp(library):
    return xpgrad.namespace(library)


@pytest.fixture(scope="module")
def target(library):
    return Target(library)


@pytest.mark.parametrize("name", SELECTION)
def test_gradients_and_those_of_gradients_are_right(target, name):
    case: Case = first_of(name)
    expected = reference(case)
    run = Run(target, case, case.sample.arrays, expected.weights)
    gradients = [run.gradient(case.position, create_graph=create) for create in (False, True)]
    for gradient in gradients:
        assert type(gradient.data) is type(run.inputs[case.position].data)
        np.testing.assert_allclose(gradient.asnumpy(), expected.gradient, rtol=1e-6, atol=1e-8)
    for found, differences in zip(run.second_order(case.position, expected.direction), expected.second, strict=True):
        np.testing.assert_allclose(found, differences, rtol=1e-6, atol=1e-8 + expected.rounding)


def test_writes_are_differentiated_and_spoil_no_gradient(xp):
    x = xp.asarray([1.0, 2.0, 3.0])
    x.attach_grad()
    with autograd.record():
        y = x * x
        z = xp.exp(y[0])  # needs its own result to go backward
        y[1:] = 10.0 * x[1:]
        y[xp.asarray([False, False, True])] = 0.0
        y *= 2.0
        loss = xp.sum(y) + z
    loss.backward()
    assert y.tolist() == [2.0, 40.0, 0.0]
    np.testing.assert_allclose(x.grad.asnumpy(), [4 + 2 * np.e, 20.0, 0.0])


def test_a_write_to_a_view_shows_in_what_it_is_a_view_of(xp):
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    raw = x.data
    row = x[1, :]
    row[0] = 9.0
    x[:, 1] = xp.asarray([5.0, 6.0])
    x -= 1.0
    assert x.tolist() == [[0.0, 4.0], [8.0, 5.0]]
    assert row.tolist() == [8.0, 5.0]
    assert xp.asarray(raw).tolist()[0][0] == 1.0  # what the caller holds stays


def test_gradients_keep_the_dtype_and_the_device_of_their_variable(xp):
    x = xp.asarray([1.0, 2.0], dtype=xp.float32)
    x.attach_grad()
    with autograd.record():
        y = xp.sum(xp.astype(x, xp.float64) * 2.0 * x) + xp.sum(xp.to_device(x, x.device))
    y.backward()
    assert (x.grad.dtype, x.grad.device) == (xp.float32, x.device)
    assert x.grad.tolist() == [5.0, 9.0]


def test_functions_of_raw_arrays_give_raw_arrays(xp):
    x = xp.asarray([1.0, 2.0]).data
    value, gradient = xpgrad.value_and_grad(lambda x: xpgrad.sum(x**3))(x)
    hessian = xpgrad.hessian(lambda x: xpgrad.sum(x**3))(x)
    assert type(value) is type(gradient) is type(hessian) is type(x)
    assert np.asarray(gradient).tolist() == [3.0, 12.0]
    assert np.asarray(hessian).tolist() == [[6.0, 0.0], [0.0, 12.0]]


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_half_precision_beside_float32(library, half):
    if library == "array_api_strict":
        pytest.skip("the standard has no half precision")
    xp = xpgrad.namespace(library)
    dtype = getattr(import_module({"jax": "jax.numpy"}.get(library, library)), half)
    w = xp.ones((3, 2), dtype=xp.float32)
    w.attach_grad()
    x = xp.ones((4, 3), dtype=dtype)
    with autograd.record():
        out = x @ xp.astype(w, dtype)
        loss = xp.mean(xp.astype(out * out, xp.float32))
    loss.backward()
    assert (out.dtype, w.grad.dtype) == (dtype, xp.float32)
    assert w.grad.tolist() == [[3.0, 3.0]] * 3


@pytest.mark.deep
def test_the_conformance_suite_passes(library):
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "--pyargs"]
    command += ["xpgrad_conformance", "--backend", library]
    done = subprocess.run(command, env=os.environ | {"JAX_ENABLE_X64": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.deep
def test_digits_learn(library, tmp_path):
    command = [sys.executable, ROOT / "examples" / "digits.py", "--backend", library, "--epochs", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(re.findall(r"held-out accuracy (\S+)", done.stdout)[-1]) > 0.8
