"""Every derivative rule in the registry against finite differences, in both worlds, and on two libraries.

A case is one argument of one sample of one function; the cases are made from the registry, so a new primitive with
rules is tested without writing a test. A random cotangent stands for whatever follows the function.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

import array_api_strict
import numpy as np
import pytest
from samples import NUMPY, Sample, samples_of

import xpgrad
from xpgrad import autograd, errors
from xpgrad.composites import COMPOSITES
from xpgrad.primitive import PRIMITIVES

xp = xpgrad.namespace("numpy")


class OnDevice:
    """array-api-strict with its arrays on a device that refuses to mix with the CPU and to be read from it."""

    def __init__(self, device: str) -> None:
        self._namespace = xpgrad.namespace("array_api_strict")
        self._device = array_api_strict.Device(device)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._namespace, name)

    def asarray(self, obj: Any) -> Any:
        return self._namespace.asarray(obj, device=self._device)


strict = OnDevice("device1")


class Case(NamedTuple):
    """One argument of one call."""

    name: str
    sample: Sample
    position: int

    @property
    def id(self) -> str:
        return f"{self.name}({self.sample.label})-d{self.position}"


def is_float(a: Any) -> bool:
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def differentiable(name: str, position: int) -> bool:
    """Whether a function has a gradient for its input at a position."""
    primitive = PRIMITIVES.get(name)
    return primitive is None or primitive.variadic or primitive.inputs[position] in primitive.rules


NAMES = sorted([*COMPOSITES, *(name for name, primitive in PRIMITIVES.items() if primitive.rules)])
CASES = [  # every differentiable argument of every sample
    Case(name, sample, position)
    for name in NAMES
    for sample in samples_of(name)
    for position, a in enumerate(sample.arrays)
    if is_float(a) and differentiable(name, position)
]


def each(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def given(namespace: Any, value: Any) -> Any:
    """A sample's parameter as a library wants it: its own dtypes, devices and arrays."""
    if isinstance(value, np.ndarray):
        return namespace.asarray(value)
    if isinstance(value, tuple):
        return tuple(given(namespace, part) for part in value)
    if value in ("float32", "float64"):
        return getattr(namespace, value)
    return namespace.asarray(0.0).device if value == "cpu" else value


def evaluate(namespace: Any, case: Case, arrays: Any) -> list[Any]:
    """All outputs of the function for these inputs."""
    parameters = {name: given(namespace, value) for name, value in case.sample.parameters.items()}
    function = getattr(namespace, case.name)
    if (primitive := PRIMITIVES.get(case.name)) is not None:
        arrays = [*([list(arrays)] if primitive.variadic else arrays), *map(parameters.pop, primitive.leading)]
    out = function(*arrays, **parameters)
    return list(out) if isinstance(out, tuple | list) else [out]


def raw_outputs(case: Case, arrays: Any) -> list[Any]:
    """What NumPy alone makes of the inputs, as far as it holds floats."""
    return [out for out in evaluate(NUMPY, case, arrays) if np.asarray(out).dtype.kind == "f"]


def cotangents(case: Case) -> list[Any]:
    """Random numbers in the shape of every output that holds floats."""
    rng = np.random.default_rng(7)
    return [rng.uniform(0.5, 1.5, np.shape(out)) for out in raw_outputs(case, case.sample.arrays)]


class Run:
    """One call, recorded in a namespace."""

    def __init__(self, namespace: Any, case: Case, arrays: Any, weights: Any) -> None:
        self.namespace = namespace
        self.inputs = [namespace.asarray(a) if isinstance(a, np.ndarray) else a for a in arrays]
        self.weights = [namespace.asarray(w) for w in weights]
        self.variables = [x for x, a in zip(self.inputs, arrays, strict=True) if is_float(a)] + self.weights
        self.wanted = self.inputs[case.position]
        for i, a in enumerate(arrays):
            if is_float(a) and differentiable(case.name, i):
                self.inputs[i].attach_grad()
        with autograd.record():
            self.outs = evaluate(namespace, case, self.inputs)
        self.heads = [out for out in self.outs if namespace.isdtype(out.dtype, "real floating")]

    def gradient(self, create_graph: bool = False) -> Any:
        """The cotangent of the argument in question."""
        return autograd.grad(self.heads, self.wanted, self.weights, create_graph=create_graph)

    def second_order(self, direction: Any) -> list[Any]:
        """The gradient of <gradient, direction> by every input and by the cotangents; zeros where none arrives."""
        for w in self.weights:
            w.attach_grad()
        gradient = self.gradient(create_graph=True)
        with autograd.record():
            total = self.namespace.sum(gradient * self.namespace.asarray(direction))
        with suppress(errors.NotRecordedError):  # the gradient is constant
            total.backward()
        return [x.asnumpy() * 0 if x.grad is None else x.grad.asnumpy() for x in self.variables]


def gradient(namespace: Any, case: Case, arrays: Any, weights: Any, create_graph: bool = False) -> Any:
    return Run(namespace, case, arrays, weights).gradient(create_graph).asnumpy()


def differences(f: Any, x: Any, step: float = 1e-3) -> Any:
    """The gradient of a scalar function by central differences of the fourth order."""
    slopes = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        values = []
        for shift in (1, -1, 2, -2):
            moved = x.copy()
            moved[i] += shift * step
            values.append(f(moved))
        slopes[i] = (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * step)
    return slopes


def replaced(arrays: Any, position: int, new: Any) -> list[Any]:
    return [new if i == position else a for i, a in enumerate(arrays)]


def assert_near(actual: Any, expected: Any) -> None:
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-8 * max(1.0, np.max(np.abs(expected), initial=0.0)))


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_with_a_rule_has_a_sample(name: str) -> None:
    primitive = PRIMITIVES.get(name)
    tested = {case.position for case in CASES if case.name == name}
    wanted = range(1) if primitive is None or primitive.variadic else map(primitive.inputs.index, primitive.rules)
    assert set(wanted) <= tested, f"add samples of {name} to the table in tests/samples.py"


@each(CASES)
def test_value_is_the_librarys_own(case: Case) -> None:
    expected = evaluate(NUMPY, case, case.sample.arrays)
    for out, own in zip(Run(xp, case, case.sample.arrays, ()).outs, expected, strict=True):
        np.testing.assert_array_equal(out.asnumpy(), own)
        assert out.dtype == np.asarray(own).dtype


@each(CASES)
def test_gradient_agrees_with_differences(case: Case) -> None:
    weights = cotangents(case)
    arrays, position = case.sample.arrays, case.position

    def loss(x: Any) -> Any:
        outs = raw_outputs(case, replaced(arrays, position, x))
        return sum(np.sum(w * out) for w, out in zip(weights, outs, strict=True))

    assert_near(gradient(xp, case, arrays, weights), differences(loss, arrays[position]))


@each(CASES)
def test_second_order_agrees_with_differences_of_the_first(case: Case) -> None:
    arrays, weights, position = case.sample.arrays, cotangents(case), case.position
    direction = np.random.default_rng(8).uniform(0.5, 1.5, arrays[position].shape)
    found = Run(xp, case, arrays, weights).second_order(direction)
    values = [a for a in arrays if is_float(a)] + weights

    def slope(i: int, moved: Any) -> Any:
        changed = iter(replaced(values, i, moved))
        inputs = [next(changed) if is_float(a) else a for a in arrays]
        return np.sum(gradient(xp, case, inputs, list(changed)) * direction)

    for i, value in enumerate(values):
        assert_near(found[i], differences(lambda moved, i=i: slope(i, moved), value))


@each(CASES)
def test_both_worlds_agree(case: Case) -> None:
    run = Run(xp, case, case.sample.arrays, cotangents(case))
    tracked = run.gradient(create_graph=True).asnumpy()
    np.testing.assert_array_equal(run.gradient().asnumpy(), tracked)


@each(CASES)
def test_the_default_head_gradient_counts_as_ones(case: Case) -> None:
    """It has no dimensions, and rules may pass it on like that."""
    ones = [np.ones_like(w) for w in cotangents(case)]
    default = Run(xp, case, case.sample.arrays, ones)
    default.weights = None
    for create_graph in (True, False):
        found = default.gradient(create_graph).asnumpy()
        assert_near(found, gradient(xp, case, case.sample.arrays, ones, create_graph))


@each(CASES)
def test_dtype_of_the_variable_is_restored(case: Case) -> None:
    """Also beside operands of another dtype."""
    weights = cotangents(case)
    single = [a.astype(np.float32) if is_float(a) else a for a in case.sample.arrays]
    mixed = replaced(case.sample.arrays, case.position, single[case.position])
    expected = gradient(xp, case, [a.astype(np.float64) if is_float(a) else a for a in single], weights)
    for arrays in (single, mixed):
        for create_graph in (False, True):
            found = gradient(xp, case, arrays, weights, create_graph)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@each([case for case in CASES if case.sample.extends])
def test_what_extends_the_standard_is_refused_by_the_strict_library(case: Case) -> None:
    with pytest.raises((TypeError, ValueError, IndexError)):
        Run(strict, case, case.sample.arrays, ())


@each([case for case in CASES if not case.sample.extends])
def test_strict_library_gives_the_same(case: Case) -> None:
    """The rules use nothing beyond the standard, in either world."""
    arrays, weights = case.sample.arrays, cotangents(case)
    direction = np.ones(arrays[case.position].shape)
    ours, theirs = Run(xp, case, arrays, weights), Run(strict, case, arrays, weights)
    for x, y in zip(ours.outs, theirs.outs, strict=True):
        np.testing.assert_array_equal(x.asnumpy(), y.asnumpy())
    for create_graph in (True, False):
        assert_near(
            Run(strict, case, arrays, weights).gradient(create_graph).asnumpy(),
            Run(xp, case, arrays, weights).gradient(create_graph).asnumpy(),
        )
    for x, y in zip(ours.second_order(direction), theirs.second_order(direction), strict=True):
        assert_near(y, x)
