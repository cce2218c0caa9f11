"""Random programs: reads and writes through views, masks and places, broadcasting, branches, loops; real and complex.

A program is a list of steps on a growing pool of arrays. It runs on xpgrad, over several libraries, and on a machine to
compare with: PyTorch's own tensors under its autograd, or NumPy's arrays for differences. These copy what xpgrad makes
new, so that there, too, only the result of a basic index is a view. Values must be alike, and so must gradients, and
gradients of gradients.
"""

import operator
import warnings
from math import inf, prod

import numpy as np
import pytest
from array_api_compat import numpy as raw_numpy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import xpgrad
from xpgrad import autograd, cotangent, pullback
from xpgrad_numpy import NumpyBackend, strips

# Functions that stay where they have derivatives, and do not grow much.
UNARY = {
    "sin": lambda xp, x: xp.sin(x),
    "tanh": lambda xp, x: xp.tanh(xp.sin(x)),
    "exp": lambda xp, x: xp.exp(0.5 * xp.sin(x)),
    "log": lambda xp, x: xp.log(3.0 + xp.sin(x)),
    "sqrt": lambda xp, x: xp.sqrt(4.0 + xp.cos(x)),
    "reciprocal": lambda xp, x: xp.reciprocal(3.0 + xp.cos(x)),
    "pow": lambda xp, x: (2.0 + xp.sin(x)) ** 1.5,
    "square": lambda xp, x: xp.square(x),
    "negative": lambda xp, x: -x,
    "abs": lambda xp, x: xp.abs(x + 0.123) * x,
    "conj": lambda xp, x: xp.conj(x),
    "cumulative_sum": lambda xp, x: xp.cumulative_sum(xp.reshape(x, (-1,))),
    "flip": lambda xp, x: xp.flip(x),
    "roll": lambda xp, x: xp.roll(x, 1),
    "ravel": lambda xp, x: xp.reshape(x, (-1,)),
    "same shape": lambda xp, x: xp.reshape(x, x.shape),
    "transpose": lambda xp, x: xp.permute_dims(x, tuple(range(x.ndim))[::-1]),
    "grown": lambda xp, x: xp.broadcast_to(x, (2, *x.shape)),
    "column": lambda xp, x: xp.expand_dims(x, axis=-1),
    "take": lambda xp, x: xp.take(xp.reshape(x, (-1,)), xp.astype(xp.zeros((3,)), xp.int64), axis=0),
    "norm": lambda xp, x: xp.linalg.vector_norm(x + 1.5) * x,
}
#: Views or copies, as the memory lies; a transpose is a view everywhere.
RESHAPED = ("column", "ravel", "same shape")
KINKED = {
    "sign": lambda xp, x: xp.sign(x) * x,
    "floor": lambda xp, x: xp.floor(x) * x,
    "clip": lambda xp, x: xp.clip(x, -1.0, 1.5),
    "sort": lambda xp, x: xp.sort(xp.reshape(x, (-1,))),
}
BINARY = {
    "add": lambda xp, x, y: x + y,
    "multiply": lambda xp, x, y: x * y,
    "divide": lambda xp, x, y: x / (3.0 + xp.sin(y)),
    "minus": lambda xp, x, y: 1.0 - x * 2.0 - y,
    "stack": lambda xp, x, y: xp.stack(xp.broadcast_arrays(x, y), axis=-1),
    "concat": lambda xp, x, y: xp.concat([xp.reshape(x, (-1,)), xp.reshape(y, (-1,))]),
    "outer": lambda xp, x, y: xp.reshape(x, (-1, 1)) * xp.reshape(y, (-1,)),
    "matmul": lambda xp, x, y: xp.reshape(x, (-1, 1)) @ xp.reshape(y, (1, -1)),
    "inner": lambda xp, x, y: xp.reshape(x, (1, -1)) @ xp.reshape(x * xp.sum(y), (-1, 1)),
}
REDUCTIONS = ("sum", "mean", "prod")
UPDATES = (operator.iadd, operator.isub, operator.imul, operator.itruediv)
LARGEST = 48


class Machine:
    """Where a program runs.

    Parameters
    ----------
    xp : namespace
        Of the library.
    convert : callable
        Makes one of its arrays of a NumPy array.
    copy, stop : callable
        A copy, with its history and without.
    aliases : bool
        Whether what a function returns may share memory with what it was given, to be seen in writes.
    """

    def __init__(self, xp, convert, copy, stop, aliases):
        self.xp = xp
        self.convert = convert
        self.copy = copy
        self.stop = stop
        self.aliases = aliases
        self.margin = inf

    def new(self, x):
        """A result that is no view."""
        return self.copy(x) if self.aliases else x

    def measured(self, x):
        """An array whose lengths are known, as what a mask leaves of a lazy one may not be."""
        return x.compute_chunk_sizes() if any(n != n for n in x.shape) else x

    def above(self, x, bound):
        """Which elements are above a bound; how near to it they come is remembered."""
        real = self.xp.real(x) if self.xp.isdtype(x.dtype, "complex floating") else x
        if self.aliases:
            near = np.abs(np.asarray(real.detach() if hasattr(real, "detach") else real) - bound)
            self.margin = min(self.margin, np.min(near, initial=inf))
        return real > bound


class Program:
    """A list of steps, each (what, the array, the other array, a number that settles the rest)."""

    def __init__(self, steps, lists, negative):
        self.steps = steps
        self.lists = lists  # whether lists of places are written to, which the standard does not have
        self.negative = negative  # whether slices have negative steps, which PyTorch does not have

    def __repr__(self):
        return f"Program({self.steps}, {self.lists}, {self.negative})"

    def run(self, machine, leaves):
        """All arrays that there are in the end."""
        self.m, self.pool, self.fixed = machine, list(leaves), [True] * len(leaves)
        for step, i, j, k in self.steps:
            i, j = i % len(self.pool), j % len(self.pool)
            getattr(self, step)(i, self.pool[i], self.pool[j], k)
        return self.pool

    def put(self, x, *, fixed=False):
        """Add an array to the pool, unless it is too large; a view of a leaf may not be written to, either."""
        x = self.m.measured(x)
        if prod(x.shape) <= LARGEST and len(x.shape) <= 4:
            self.pool.append(x)
            self.fixed.append(fixed)

    def unary(self, i, x, y, k):
        name = list(UNARY)[k % len(UNARY)]
        if name == "take" and 0 in x.shape:  # there is nothing to be taken
            return
        out = UNARY[name](self.m.xp, x)
        if name == "transpose":
            self.put(out, fixed=self.fixed[i])
        else:
            self.put(self.m.copy(out) if name in RESHAPED else self.m.new(out))

    def kinked(self, i, x, y, k):
        self.put(self.m.new(list(KINKED.values())[k % len(KINKED)](self.m.xp, x)))

    def loop(self, i, x, y, k):
        for turn in range(k % 3 + 1):
            x = self.m.xp.sin(x) * 1.5 + turn
        self.put(self.m.new(x))

    def binary(self, i, x, y, k):
        name = list(BINARY)[k % len(BINARY)]
        if name in ("outer", "matmul", "concat", "inner") or broadcast(x, y):
            self.put(self.m.new(BINARY[name](self.m.xp, x, y)))

    def reduce(self, i, x, y, k):
        axis = (None, *range(x.ndim))[k % (x.ndim + 1)]
        name = REDUCTIONS[k % len(REDUCTIONS)]
        function = getattr(self.m.xp, "sum" if name == "mean" and 0 in x.shape else name)  # none have no mean
        self.put(self.m.new(function(x, axis=axis, keepdims=k % 2 == 0)))

    def where(self, i, x, y, k):
        if broadcast(x, y):
            self.put(self.m.new(self.m.xp.where(self.m.above(x, k % 7 / 5 - 0.613), x, y)))

    def branch(self, i, x, y, k):
        x = self.m.xp.sin(x) if bool(self.m.above(self.m.xp.sum(x), k % 7 / 5 - 0.613)) else x * 2.0
        self.put(self.m.new(x))

    def duplicate(self, i, x, y, k):
        self.put(self.m.copy(x))

    def constant(self, i, x, y, k):
        self.put(self.m.stop(x))

    def read(self, i, x, y, k):
        key = self.key(x, k)
        out = x[key]
        view = basic(key) and (out.ndim > 0 or Ellipsis in (key if isinstance(key, tuple) else (key,)))
        self.put(out if view else self.m.new(out), fixed=view and self.fixed[i])

    def write(self, i, x, y, k):
        if not self.fixed[i]:
            key = self.key(x, k, once=True)
            x[key] = self.fitting(y, x[key].shape if basic(key) else (), k)

    def update(self, i, x, y, k):
        if not self.fixed[i]:
            self.pool[i] = UPDATES[k % len(UPDATES)](x, self.fitting(y, x.shape, k))

    def update_at(self, i, x, y, k):
        if not self.fixed[i]:
            key = self.key(x, k, once=True)
            x[key] = UPDATES[k % len(UPDATES)](x[key], self.fitting(y, x[key].shape if basic(key) else (), k))

    def key(self, x, k, once=False):
        """A key as the standard has it; `once` names no place twice."""
        kind, k = k % 9, k // 9
        if x.ndim == 0 or 0 in x.shape or kind == 0:
            return ...
        rest = (...,) if x.ndim > 1 else ()
        n, start = x.shape[0], k % x.shape[0]
        if kind == 1:
            return (start, *rest)
        if kind == 2:
            return (slice(start, None), *rest)
        if kind == 3:
            return (..., start - n if x.ndim == 1 else -1)
        if kind == 4:
            return (slice(None, None, -1 if self.negative else 2), None, *rest)
        if kind == 5:
            return (..., slice(None, -1))
        if kind == 6:
            return self.m.above(x, k % 7 / 5 - 0.613)
        if kind == 7 or (once and not self.lists):
            return self.m.convert(np.arange(prod(x.shape)).reshape(x.shape) % (k % 3 + 2) == 0)
        places = np.arange(n) if once else np.arange(n + 2) % n
        others = [np.full_like(places, k % length) for length in x.shape[1:]]
        return tuple(map(self.m.convert, ((places * (k % 2 or 1))[::-1].copy() % n, *others)))

    def fitting(self, y, shape, k):
        """A number, or an array that broadcasts to a shape, to be written."""
        if k % 5 == 0:
            return k % 3 + 0.5
        if y.ndim > len(shape) or not all(a in (1, b) for a, b in zip(y.shape[::-1], shape[::-1], strict=False)):
            y = self.m.xp.sum(y) if 0 in y.shape else self.m.xp.mean(y)
        # Divisors are to stay away from 0, and factors small.
        return self.m.new(2.0 + self.m.xp.sin(y) if UPDATES[k % len(UPDATES)] is operator.itruediv else y)


def broadcast(x, y):
    """Whether two arrays have shapes that go together."""
    return all(1 in pair or len({*pair}) == 1 for pair in zip(x.shape[::-1], y.shape[::-1], strict=False))


def basic(key):
    """Whether a key gives a view."""
    return not any(hasattr(part, "shape") for part in (key if isinstance(key, tuple) else (key,)))


def weights(x, k, dtype):
    """Fixed numbers in the shape of an array."""
    count = np.arange(prod(x.shape), dtype="float64") + 1.7 * k
    values = np.cos(count) + (1j * np.sin(2 * count) if np.dtype(dtype).kind == "c" else 0)
    return values.reshape(x.shape).astype(dtype)


def real_sum(m, x):
    """The sum of the real parts."""
    return m.xp.sum(m.xp.real(x) if m.xp.isdtype(x.dtype, "complex floating") else x)


def loss_of(m, arrays, leaves, dtype):
    """A number that depends on every element of every array."""
    loss = sum(real_sum(m, x * m.xp.conj(x)) for x in leaves) * 0.5
    return loss + sum(real_sum(m, x * m.convert(weights(x, k, dtype))) for k, x in enumerate(arrays))


def along(m, gradients, dtype):
    """The change of the loss in a fixed direction."""
    return sum(real_sum(m, m.xp.conj(g) * m.convert(weights(g, 3 + k, dtype))) for k, g in enumerate(gradients))


def on_xpgrad(program, name, values):
    """The arrays in the end, the gradients, and those of the change in a direction."""
    found = recorded(program, values, xpgrad.namespace(name), np.asarray)
    return [[x.asnumpy() for x in group] for group in found]


def on_dask(program, values):
    """The same in blocks, all computed together."""
    dask = pytest.importorskip("dask", reason="Dask is not installed")
    with dask.config.set(scheduler="synchronous"):
        return dask.compute(*map(list, recorded(program, values, xpgrad.namespace("dask"), blocks(program))))


def blocks(program):
    """What makes Dask arrays in blocks of random lengths."""
    from_array = pytest.importorskip("dask.array").from_array
    random = np.random.default_rng(len(program.steps))

    def in_blocks(a):
        a = np.asarray(a)
        return from_array(a, chunks=tuple(int(random.integers(1, max(n, 1) + 1)) for n in a.shape))

    return in_blocks


def recorded(program, values, xp, raw):
    """The same as Arrays."""
    dtype = values[0].dtype
    m = Machine(xp, lambda a: xp.asarray(raw(a)), lambda x: x.copy(), lambda x: x.copy().detach(), aliases=False)
    leaves = [m.convert(value) for value in values]
    for x in leaves:
        x.attach_grad()
    with autograd.record():
        arrays = program.run(m, leaves)
        loss = loss_of(m, arrays, leaves, dtype)
        first = autograd.grad(loss, leaves, create_graph=True, retain_graph=True)
        change = along(m, first, dtype)
    plain = autograd.grad(loss, leaves, retain_graph=True)
    change.backward()
    for x, raw, tracked in zip(leaves, plain, first, strict=True):
        assert raw.dtype == tracked.dtype == x.grad.dtype == x.dtype
        np.testing.assert_allclose(raw.asnumpy(), tracked.asnumpy(), rtol=1e-4 if x.dtype == xp.float32 else 1e-10)
    return arrays, plain, [x.grad for x in leaves]


def on_torch(program, values):
    """The same by PyTorch."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from array_api_compat import torch as xp

    dtype = values[0].dtype
    m = Machine(xp, torch.asarray, torch.clone, lambda x: x.detach().clone(), aliases=True)
    leaves = [torch.asarray(value).requires_grad_() for value in values]
    with torch.autograd.graph.saved_tensors_hooks(torch.clone, lambda saved: saved):
        arrays = program.run(m, leaves)
        first = torch.autograd.grad(loss_of(m, arrays, leaves, dtype), leaves, create_graph=True)
        second = torch.autograd.grad(along(m, first, dtype), leaves)
        found = [[x.detach().resolve_conj().numpy().copy() for x in found] for found in (arrays, first, second)]
    assume(m.margin > 1e-6)
    assume(all(np.all(np.abs(x) < 1e6) for group in found for x in group))
    return found


def compare(found, expected, rtol):
    for what, have, want in zip(("value", "gradient", "second order"), found, expected, strict=True):
        for k, (a, b) in enumerate(zip(have, want, strict=True)):
            scale = np.max(np.abs(b), initial=1.0)
            np.testing.assert_allclose(a, b, rtol=0, atol=rtol * scale, err_msg=f"{what} {k}")


def by_differences(program, values):
    """The arrays in the end and the change of the loss in a direction, of which that of the gradient is another."""
    m = Machine(raw_numpy, np.asarray, np.array, None, aliases=True)
    dtype = values[0].dtype
    direction = [weights(value, 5 + k, dtype) for k, value in enumerate(values)]

    def loss(t):
        leaves = [value + t * d for value, d in zip(values, direction, strict=True)]
        return loss_of(m, program.run(m, leaves), leaves, dtype)

    with np.errstate(all="ignore"):  # numbers that grow without bound are left out below
        arrays = program.run(m, [value.copy() for value in values])
        first, finer = slope(loss), slope(loss, 5e-4)
    assume(abs(first - finer) <= 1e-7 * max(1.0, abs(first)))  # the differences themselves must be sure; not of NaN
    assume(m.margin > 0.05)
    assume(all(np.all(np.abs(x) < 1e3) for x in arrays))
    return arrays, direction, first


def slope(f, h=1e-3):
    """The derivative of a function of one number at 0, of the fourth order."""
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def inner(a, b):
    """The change by gradients a in a direction b."""
    return sum(np.sum(np.real(np.conj(x) * y)) for x, y in zip(a, b, strict=True))


SHAPES = ((3,), (2, 3), (3, 1), (), (1, 2, 2), (4,))
NUMBERS = st.integers(0, 2**16)
SMOOTH = "unary unary binary reduce loop duplicate read read write write update update_at where branch".split()
HOLOMORPHIC = [*SMOOTH, "constant"]
ALL = [*HOLOMORPHIC, "kinked"]


@st.composite
def inputs(draw, dtype):
    """Two or three arrays of numbers between -2 and 2."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=2, max_size=3))
    random = np.random.default_rng(draw(NUMBERS))
    if np.dtype(dtype).kind == "c":
        return [(random.uniform(-2, 2, shape) + 1j * random.uniform(-2, 2, shape)).astype(dtype) for shape in shapes]
    return [random.uniform(-2, 2, shape).astype(dtype) for shape in shapes]


def try_programs(count, dtype, kinds, body, *, lists=True, negative=False):
    """Run a test body on random programs, always the same ones."""
    steps = st.lists(st.tuples(st.sampled_from(kinds), NUMBERS, NUMBERS, NUMBERS), min_size=2, max_size=12)

    @settings(max_examples=count, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(steps, inputs(dtype))
    def test(steps, values):
        body(Program(steps, lists, negative), values)

    test()


FEW = 12
SIZES = [FEW, pytest.param(300, marks=pytest.mark.deep)]


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("backend", ["numpy", "array_api_strict", "torch"])
def test_programs_have_the_gradients_that_pytorch_finds(backend, dtype, count):
    pytest.importorskip("torch", reason="PyTorch is not installed")

    def body(program, values):
        expected = on_torch(program, values)
        compare(on_xpgrad(program, backend, values), expected, 1e-9)

    try_programs(count, dtype, ALL if dtype == "float64" else HOLOMORPHIC, body, lists=backend != "array_api_strict")


@pytest.mark.deep
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_programs_on_arrays_that_cannot_be_written_to(dtype):
    """A write to a JAX array makes a new one."""
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jax.config.update("jax_enable_x64", True)

    def body(program, values):
        expected = on_torch(program, values)
        compare(on_xpgrad(program, "jax", values), expected, 1e-9)

    try_programs(40, dtype, ALL if dtype == "float64" else HOLOMORPHIC, body)


@pytest.mark.parametrize("count", SIZES)
def test_programs_in_single_precision(count):
    pytest.importorskip("torch", reason="PyTorch is not installed")

    def body(program, values):
        expected = on_torch(program, [value.astype("float64") for value in values])
        assume(all(np.all(np.abs(x) < 1e2) for group in expected for x in group))
        compare(on_xpgrad(program, "numpy", values), expected, 2e-3)

    try_programs(count, "float32", SMOOTH, body)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("backend", ["numpy", "array_api_strict"])
def test_programs_have_the_gradients_that_differences_give(backend, dtype, count):
    def body(program, values):
        arrays, direction, change = by_differences(program, values)
        found, gradients, seconds = on_xpgrad(program, backend, values)
        for a, b in zip(found, arrays, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(inner(gradients, direction), change, rtol=1e-6, atol=1e-5)

        def moved(t):
            shifted = [value + t * d for value, d in zip(values, direction, strict=True)]
            first = on_xpgrad(program, backend, shifted)[1]
            return inner(first, [weights(g, 3 + k, g.dtype) for k, g in enumerate(first)])

        np.testing.assert_allclose(inner(seconds, direction), slope(moved), rtol=1e-5, atol=1e-4)

    try_programs(count, dtype, SMOOTH, body, lists=backend == "numpy", negative=True)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("fusion", [True, False])
def test_programs_in_blocks(fusion, dtype, count):
    dask = pytest.importorskip("dask", reason="Dask is not installed")

    def body(program, values):
        with np.errstate(all="ignore"), warnings.catch_warnings(), dask.config.set({"xpgrad.fusion": fusion}):
            warnings.simplefilter("ignore", RuntimeWarning)  # what is not a number, or grows, is left out
            expected = on_xpgrad(program, "numpy", values)
            assume(all(np.all(np.abs(x) < 1e6) for group in expected for x in group))
            compare(on_dask(program, values), expected, 1e-9)

    try_programs(count, dtype, ALL if dtype == "float64" else HOLOMORPHIC, body, negative=True)


#: Transforms of a function whose result is a vector, and of one whose result is a loss, in some directions.
TRANSFORMS = {
    "checkpoint": lambda vector, loss, leaves, along: xpgrad.vjp(xpgrad.checkpoint(loss), *leaves)[1](1.0),
    "gradient, forward": lambda vector, loss, leaves, along: xpgrad.jvp(xpgrad.grad(loss), leaves, along),
    "hessian": lambda vector, loss, leaves, along: [xpgrad.hessian(loss)(*leaves)],
    "hvp of a checkpoint": lambda vector, loss, leaves, along: [xpgrad.hvp(xpgrad.checkpoint(loss))(*leaves, along[0])],
    "jacobian": lambda vector, loss, leaves, along: [xpgrad.jacobian(vector, argnums=1)(*leaves)],
    "jvp": lambda vector, loss, leaves, along: xpgrad.jvp(xpgrad.checkpoint(vector), leaves, along),
}


@pytest.mark.parametrize("count", [4, pytest.param(100, marks=pytest.mark.deep)])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_transforms_of_programs_in_blocks(transform, dtype, count):
    dask = pytest.importorskip("dask", reason="Dask is not installed")
    if transform == "hessian" and dtype == "complex128":
        pytest.skip("hessian is of real numbers")

    def found(program, values, name, raw):
        xp = xpgrad.namespace(name)
        m = Machine(
            xp, lambda a: xp.asarray(raw(a)), lambda x: x.copy(), lambda x: xpgrad.stop_gradient(x.copy()), False
        )
        leaves = [m.convert(value) for value in values]
        along = [m.convert(weights(value, 5 + k, dtype)) for k, value in enumerate(values)]
        return TRANSFORMS[transform](
            lambda *leaves: xp.reshape(program.run(m, leaves)[-1], (-1,)),
            lambda *leaves: loss_of(m, program.run(m, leaves), leaves, dtype),
            leaves,
            along,
        )

    def body(program, values):
        with np.errstate(all="ignore"), warnings.catch_warnings(), dask.config.set(scheduler="synchronous"):
            warnings.simplefilter("ignore", RuntimeWarning)  # what is not a number, or grows, is left out
            expected = [x.asnumpy() for x in found(program, values, "numpy", np.asarray)]
            assume(all(np.all(np.abs(x) < 1e6) for x in expected))
            for a, b in zip(found(program, values, "dask", blocks(program)), expected, strict=True):
                assert a.shape == b.shape
                np.testing.assert_allclose(a.asnumpy(), b, rtol=0, atol=1e-9 * np.max(np.abs(b), initial=1.0))

    try_programs(count, dtype, ALL if dtype == "float64" else HOLOMORPHIC, body, negative=True)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_programs_whose_cotangents_are_overwritten(dtype, count, monkeypatch):
    """What is done to large cotangents only, in the memory of those that nothing else refers to, is done to all."""

    def body(program, values):
        with np.errstate(all="ignore"), warnings.catch_warnings(), monkeypatch.context() as small:
            warnings.simplefilter("ignore", RuntimeWarning)  # what is not a number, or grows, is left out
            expected = on_xpgrad(program, "numpy", values)
            assume(all(np.all(np.abs(x) < 1e6) for group in expected for x in group))
            small.setattr(cotangent, "COUNTED", 0)
            small.setattr(pullback, "COUNTED", 0)
            small.setattr(strips, "_PART", 2)
            small.setattr(NumpyBackend, "in_place_from", 2)
            compare(on_xpgrad(program, "numpy", values), expected, 1e-12)

    try_programs(4 * count, dtype, ALL if dtype == "float64" else HOLOMORPHIC, body)
