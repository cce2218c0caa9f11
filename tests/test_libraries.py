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
    x[:, None, :][0, ...] -= 2.0  # through a view with a new axis
    x -= 1.0
    assert x.tolist() == [[-2.0, 2.0], [8.0, 5.0]]
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


def test_scopes(xp):
    x = xp.asarray([1.0, 2.0], dtype=xp.float64)
    x.attach_grad("add")
    for _ in range(2):
        with autograd.record(train_mode=False):
            y = x * x
            with autograd.pause():
                scale = y / xp.sum(y)
            assert scale.tolist() == [0.2, 0.8]
            assert not autograd.is_training()
            loss = xp.sum(scale * y + x.detach() * x)
        loss.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), [2 * (0.4 + 1), 2 * (3.2 + 2)])
    with autograd.record():
        y = xp.exp(x) * x
        slope = autograd.grad(y, x, create_graph=True)
    np.testing.assert_allclose(autograd.grad(slope, x).asnumpy(), (x.asnumpy() + 2) * np.exp(x.asnumpy()))


def test_gradients_by_complex_numbers_point_where_the_loss_grows(xp):
    z = xp.asarray(np.asarray([1 + 2j, 3 - 1j]))
    gradient, product = (
        derivative(lambda z: xp.sum(xp.real(z * xp.conj(z))))(z, *given)
        for derivative, given in ((xpgrad.grad, ()), (xpgrad.hvp, (z,)))
    )
    assert gradient.tolist() == product.tolist() == [2 + 4j, 6 - 2j]
    power = xpgrad.grad(lambda z: xp.sum(xp.abs(xp.fft.fft(z)) ** 2))(z)
    np.testing.assert_allclose(power.asnumpy(), [4 + 8j, 12 - 4j])


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # where array-api-strict computes with NumPy
def test_what_a_mask_leaves_out_stays_out(xp):
    x = xp.asarray([-1.0, 0.0, 4.0], dtype=xp.float64)
    for f in (
        lambda x: xp.sum(xp.where(x > 0, xp.sqrt(x), 0.0)),
        lambda x: xp.sum(xp.sqrt(x[x > 0])),
        lambda x: xp.sum(xp.sqrt(x)[x > 0]),
    ):
        assert xpgrad.grad(f)(x).tolist() == [0.0, 0.0, 0.25]


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
    x = xp.asarray(x)
    x.attach_grad()
    with autograd.record():
        y = xp.sum(x * 1.5)
    y.backward()
    assert x.grad.dtype == dtype
    assert x.grad.asnumpy().dtype == ("float32" if half == "bfloat16" else half)  # NumPy does not know the other one
    assert x.grad.tolist() == [[1.5] * 3] * 4


def test_what_pytorch_is_to_differentiate_is_an_array_like_others():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = xpgrad.namespace("torch").asarray(torch.nn.Parameter(torch.ones(2)))
    assert xpgrad.grad(lambda x: xpgrad.sum(x**3))(x).asnumpy().tolist() == [3.0, 3.0]


def written(x):
    y = x * 2.0
    y[0] = x[1] * x[2]
    return xpgrad.sum(y * y)


UNDER_JAX = {
    "sin": lambda x: xpgrad.sum(xpgrad.sin(x) * x),
    "max": xpgrad.max,
    "std": xpgrad.std,
    "cumulative_prod": lambda x: xpgrad.sum(xpgrad.cumulative_prod(x)),
    "sort": lambda x: xpgrad.sum(xpgrad.sort(x) * x),
    "take": lambda x: xpgrad.sum(xpgrad.take(x, xpgrad.asarray([0, 0, 2])) ** 2),
    "where": lambda x: xpgrad.sum(xpgrad.where(x > 1.0, x**2, -x)),
    "maximum": lambda x: xpgrad.sum(xpgrad.maximum(x, 2.0) ** 2),
    "pad": lambda x: xpgrad.sum(xpgrad.pad(x, 1) ** 2),
    "matmul": lambda x: x @ x,
    "solve": lambda x: xpgrad.sum(xpgrad.linalg.solve(x * xpgrad.eye(3) + 1.0, x)),
    "eigh": lambda x: xpgrad.sum(xpgrad.linalg.eigh(x * xpgrad.eye(3) + 1.0)[0] ** 3),
    "fft": lambda x: xpgrad.sum(xpgrad.abs(xpgrad.fft.fft(x))),
    "a write": written,
}


@pytest.mark.parametrize("name", UNDER_JAX)
def test_gradients_under_the_transforms_of_jax(name):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jax.config.update("jax_enable_x64", True)
    f = UNDER_JAX[name]
    xs = np.asarray([[1.0, 2.0, 3.5], [2.0, 0.5, 1.0]])
    with xpgrad.use_backend("jax"):
        for derivative in (xpgrad.grad(f), xpgrad.hessian(f)):
            with xpgrad.use_backend("numpy"):
                expected = np.stack([derivative(x) for x in xs])
            np.testing.assert_allclose(jax.jit(derivative)(jax.numpy.asarray(xs[0])), expected[0], atol=1e-9)
            np.testing.assert_allclose(jax.vmap(derivative)(jax.numpy.asarray(xs)), expected, atol=1e-9)


def test_sparse_arrays_have_sparse_gradients():
    sparse = pytest.importorskip("sparse", reason="sparse is not installed")
    x = sparse.asarray(np.asarray([[1.0, 0.0], [0.0, 2.0]]))
    gradient = xpgrad.grad(lambda x: xpgrad.sum(xpgrad.sin(x * x) + xpgrad.matmul(x, x) * x))(x)
    assert type(gradient) is sparse.COO
    values = x.todense()
    matrix = values @ values + values.T @ values + values @ values.T
    np.testing.assert_allclose(gradient.todense(), 2 * values * np.cos(values**2) + matrix)
    product = xpgrad.hvp(lambda x: xpgrad.sum(x**3))(x, x)
    np.testing.assert_allclose(product.todense(), 6 * values**2)


@pytest.mark.filterwarnings("ignore::UserWarning")  # onnxruntime looks for a GPU
def test_arrays_of_onnx_have_gradients_of_their_own_kind():
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    ndonnx = pytest.importorskip("ndonnx", reason="ndonnx is not installed")
    xp = xpgrad.namespace("ndonnx")
    x, w = (xp.asarray(np.asarray(values)) for values in ([[1.0, 2.0], [3.0, -4.0]], [0.5, 0.25]))
    w.attach_grad()
    with autograd.record():
        y = xp.tanh(x @ w)
        y[1] = 3.0 * w[0]
        loss = xp.sum(y * y)
    loss.backward()
    assert type(w.grad.data) is ndonnx.Array
    slope = 2 * np.tanh(1.0) / np.cosh(1.0) ** 2
    np.testing.assert_allclose(w.grad.asnumpy(), [slope + 9.0, 2 * slope], rtol=1e-6)


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
