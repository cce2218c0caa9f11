"""The CuPy backend on a GPU: the conformance suite, an example, precisions, streams, memory, devices."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy
import pytest

import xpgrad
from xpgrad import autograd

pytestmark = pytest.mark.gpu

ROOT = Path(__file__).parents[2]
MIB = 2**20


def run(folder, *command):
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_conformance_suite_passes(xp, tmp_path):
    options = "-q -n 4 -p no:cacheprovider --pyargs xpgrad_conformance --backend cupy".split()
    run(tmp_path, "-m", "pytest", *options)


def test_digits_reach_95_percent(xp, tmp_path):
    output = run(tmp_path, ROOT / "examples" / "digits.py", "--backend", "cupy")
    assert float(re.findall(r"held-out accuracy (\S+)", output)[-1]) >= 0.95


def test_the_benchmark_compares_what_is_alike(xp):
    """Here on few elements; `python -m benchmarks --workload gpu` has many."""
    code = "from benchmarks.workloads import Gpu\n"
    code += "for case in Gpu((5, 4, 3, 2), 6, 1000, 2).cases([]): case.check(); print(len(case.measure(1)))"
    assert all(int(count) >= 2 for count in run(ROOT, "-c", code).split())


def perceptron(xp, random, widths, dtype="float32"):
    """Weights, as variables."""
    weights = [
        xp.asarray((random.standard_normal(shape) / shape[0] ** 0.5).astype(dtype)) for shape in pairwise(widths)
    ]
    for w in weights:
        w.attach_grad()
    return weights


def loss_of(xp, weights, x, dtype=None):
    """The mean square of what tanh layers make of x, computed in a dtype and summed up in float32."""
    for w in weights:
        x = xp.tanh(x @ (w if dtype is None else xp.astype(w, dtype)))
    return xp.mean(xp.astype(x, xp.float32) ** 2)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_mixed_precision(cupy, xp, name):
    """Computed in half precision, with variables and gradients in float32."""
    dtype = cupy.float16
    if name == "bfloat16":
        dtype = pytest.importorskip("ml_dtypes", reason="bfloat16 needs ml_dtypes, which is not installed").bfloat16
        try:
            cupy.zeros(1, dtype=dtype) + 1
        except (TypeError, ValueError) as error:
            pytest.skip(f"this CuPy does not know bfloat16: {error}")
    dtype = cupy.dtype(dtype)
    random = numpy.random.default_rng(0)
    weights = perceptron(xp, random, (32, 64, 8))
    x = xp.asarray(random.standard_normal((16, 32)).astype("float32"))
    with autograd.record():
        exact = loss_of(xp, weights, x)
    exact.backward()
    expected = [w.grad.asnumpy() for w in weights]
    with autograd.record():
        loss = loss_of(xp, weights, xp.astype(x, dtype), dtype)
    loss.backward()
    for w, gradient in zip(weights, expected, strict=True):
        assert w.grad.dtype == xp.float32
        numpy.testing.assert_allclose(w.grad.asnumpy(), gradient, rtol=0.1, atol=0.02 * abs(gradient).max())
    first = loss.item()
    for _ in range(20):
        with autograd.record():
            loss = loss_of(xp, weights, xp.astype(x, dtype), dtype)
        loss.backward()
        for w in weights:
            w -= 0.5 * w.grad
    assert loss.item() < first


BUSY = r"""
extern "C" __global__ void busy(long long cycles) {
    for (long long start = clock64(); clock64() - start < cycles;) {}
}
"""


def test_work_goes_to_the_current_stream_and_nothing_waits_for_it(cupy, xp):
    random = numpy.random.default_rng(0)
    weights = perceptron(xp, random, (32, 64, 8), "float64")
    places = xp.asarray([0, 0, 2])
    x = xp.asarray(random.standard_normal((16, 32)))

    def step():
        with autograd.record():
            y = loss_of(xp, weights, xp.sign(x) * xp.clip(abs(x), 0.1, 2.0))
            y = y + xp.sum(weights[0][places] ** 2) + xp.sum(xp.where(weights[1] > 0, xp.log(weights[1]), 0.0))
        y.backward()

    def gradients():
        return [w.grad.asnumpy() for w in weights]

    busy = cupy.RawKernel(BUSY, "busy")
    busy((1,), (1,), (numpy.int64(1),))
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        for _ in range(2):  # compiles the kernels, and fills the memory pool of this stream
            step()
        other = gradients()
        x.data[...] *= -2  # so that what ran too early is seen
        step()
        expected = gradients()
        x.data[...] *= -0.5
        stream.synchronize()
        busy((1,), (1,), (numpy.int64(2_000_000_000),))  # about a second
        x.data[...] *= -2
        step()
        done = cupy.cuda.Event(disable_timing=True)
        done.record(stream)
        assert not done.done, "something waited for the device"
        stream.synchronize()
        found = gradients()
    for was, have, want in zip(other, found, expected, strict=True):
        assert not numpy.allclose(was, want)
        numpy.testing.assert_allclose(have, want, rtol=1e-9, atol=1e-12)


@pytest.fixture
def pool(cupy):
    """A memory pool for one test; what it has taken from the device is the peak."""
    pool = cupy.cuda.MemoryPool()
    with cupy.cuda.using_allocator(pool.malloc):
        yield pool


def peak(xp, pool, layers, layer, size=16 * MIB):
    """The peak of a gradient through layers, in arrays of the size of their input."""
    x = xp.ones((size // 4,), dtype=xp.float32)
    x.attach_grad()
    with autograd.record():
        y = x
        for _ in range(layers):
            y = layer(y)
        y = xp.sum(y)
    y.backward()
    del y
    held = pool.used_bytes() / size
    assert 2 <= held < 2.1, "after backward there are the variable and its gradient"
    return pool.total_bytes() / size


def test_what_needs_nothing_kept_keeps_nothing(xp, pool):
    assert peak(xp, pool, 50, lambda y: 1.01 * y + 0.5) < 8


def test_what_is_kept_is_kept_once(xp, pool):
    assert peak(xp, pool, 50, xp.tanh) < 50 + 10


def test_gradients_lie_on_the_device_of_their_variable_whatever_device_is_current(cupy, xp):
    here, there = cupy.cuda.Device(0), cupy.cuda.Device(cupy.cuda.runtime.getDeviceCount() - 1)
    if here == there:
        pytest.skip("there is only one GPU")
    with there:
        x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
        x.attach_grad()
        with autograd.record():
            y = xp.sum(xp.prod(x, axis=1)[xp.asarray([0, 0, 1])]) + xp.linalg.vector_norm(x)
    with here:
        y.backward()
    assert x.grad.device == x.data.device == there
    with pytest.raises((ValueError, RuntimeWarning), match="The device where the array resides"):
        x + xp.ones((2, 2), device=here)


def test_of_several_writes_to_a_place_the_last_counts(xp):
    """CUDA writes in any order, so that another would be left, and that not in each run."""
    random = numpy.random.default_rng(0)
    places, values = random.integers(0, 1000, 50_000), random.standard_normal((50_000, 3))
    expected = numpy.zeros((1000, 3))
    expected[places] = values
    last = numpy.zeros(1000, int)
    last[places] = numpy.arange(50_000)
    gradient = numpy.zeros(values.shape)
    gradient[last[places]] = 2 * values[last[places]]
    v = xp.asarray(values)
    v.attach_grad()
    with autograd.record():
        y = xp.zeros((1000, 3), dtype=xp.float64)
        y[xp.asarray(places)] = v
        loss = xp.sum(y * y)
    loss.backward()
    numpy.testing.assert_array_equal(y.asnumpy(), expected)
    numpy.testing.assert_array_equal(v.grad.asnumpy(), gradient)


def test_writes_in_place(xp):
    x = xp.asarray([1.0, 2.0, 3.0])
    x.attach_grad()
    with autograd.record():
        y = x * x
        y[1:] = 10 * x[1:]
        y[y > 25] = 0.0
        y *= 2
        z = xp.sum(y)
    z.backward()
    assert x.grad.tolist() == [4.0, 20.0, 0.0]


def test_arrays_become_numbers_and_indices(xp):
    x = xp.asarray([5, 1])
    assert ("abc"[x[1]], int(x[0]), float(x[1]), bool(x[1])) == ("b", 5, 1.0, True)


def test_random_numbers_are_made_on_the_device(cupy):
    from xpgrad.mxnet import np as mx

    with xpgrad.use_backend("cupy"):
        mx.random.seed(0)
        scale = mx.array([1.0, 100.0])
        x = mx.random.gamma(scale, scale, size=(1000, 2))
        assert type(x.data) is cupy.ndarray
        numpy.testing.assert_allclose(x.asnumpy().mean(axis=0), [1.0, 1e4], rtol=0.2)
        assert mx.random.negative_binomial(3, 0.5, size=1000).asnumpy().mean() == pytest.approx(3.0, rel=0.2)


def test_transforms_of_functions_take_and_give_arrays_of_cupy(cupy):
    x = cupy.asarray([1.0, 2.0])
    gradient, hessian = (f(lambda x: xpgrad.sum(x**3))(x) for f in (xpgrad.grad, xpgrad.hessian))
    assert type(gradient) is type(hessian) is cupy.ndarray
    assert (gradient.tolist(), hessian.tolist()) == ([3.0, 12.0], [[6.0, 0.0], [0.0, 12.0]])
