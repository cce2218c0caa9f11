"""What the derivatives must be: differences of NumPy's own functions in float64, of the sixth order.

Nothing here is differentiated by xpgrad. A random cotangent w stands for whatever follows the function: the loss is the
real part of ``sum(conj(w) * out)`` over all outputs that hold floating-point numbers. The gradient by a complex number
is ``dL/d(re) + i dL/d(im)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
import pytest

from xpgrad.errors import FunctionMissingError
from xpgrad_conformance.cases import Call, Case, is_float, kind_of
from xpgrad_conformance.samples.defaults import NUMPY
from xpgrad_conformance.world import World

#: Small enough to stay on the same side of every kink, and large enough to lose few digits.
STEP = 1e-3


class Reference:
    """The derivatives of a case, each computed when it is first asked for.

    Attributes
    ----------
    weights : list of array
        The cotangents of the outputs that hold floating-point numbers.
    direction : array
        A random change of the argument in question.
    rounding : float
        How far the second order may be off because the loss is rounded, which differences divide by the step, twice.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        self._arrays = case.sample.arrays
        rng = np.random.default_rng(7)
        outs = outputs(case, self._arrays)
        self.weights = [_random(rng, out) for out in outs]
        size = sum(np.sum(np.abs(w * out)) for w, out in zip(self.weights, outs, strict=True))
        self.rounding = 20 * np.finfo(float).eps * float(size) / STEP**2
        self.direction = _random(rng, self._arrays[case.position])

    @cached_property
    def gradient(self) -> Any:
        """The gradient of the loss by the argument."""
        return slopes(lambda x: self._loss(self._replaced(x)), self._arrays[self._case.position])

    @cached_property
    def tangents(self) -> list[Any]:
        """The derivatives of the outputs in the direction."""
        return difference(lambda t: outputs(self._case, self._moved(self._arrays, t)))

    @cached_property
    def second(self) -> list[Any]:
        """The gradients of ``real(sum(conj(gradient) * direction))`` by every array of floats, and by the weights."""

        def slope(arrays: Sequence[Any]) -> Any:
            return difference(lambda t: [self._loss(self._moved(arrays, t))])[0]

        def by(i: int) -> Any:
            return slopes(lambda a: slope(_with(self._arrays, i, a)), self._arrays[i])

        return [by(i) for i, a in enumerate(self._arrays) if is_float(a)] + self.tangents

    def _replaced(self, x: Any) -> list[Any]:
        return _with(self._arrays, self._case.position, x)

    def _moved(self, arrays: Sequence[Any], t: float) -> list[Any]:
        return _with(arrays, self._case.position, arrays[self._case.position] + t * self.direction)

    def _loss(self, arrays: Sequence[Any]) -> Any:
        outs = outputs(self._case, arrays)
        return sum(np.vdot(w, out).real for w, out in zip(self.weights, outs, strict=True))


@cache
def reference(case: Case) -> Reference:
    """The reference of a case, for all tests that need it."""
    return Reference(case)


def outputs(call: Call, arrays: Sequence[Any]) -> list[Any]:
    """What NumPy makes of the inputs, as far as it holds floating-point numbers; without SciPy, the test is skipped."""
    with np.errstate(all="ignore"):
        try:
            return [out for out in World(NUMPY, np.asarray).outputs(call, arrays) if is_float(out)]
        except FunctionMissingError as error:
            pytest.skip(f"there is nothing to compare with: {error}")


def difference(f: Callable[[float], list[Any]]) -> list[Any]:
    """The derivatives of the results of a function of one number, at 0."""
    moved = (f(shift * STEP) for shift in (1, -1, 2, -2, 3, -3))
    return [(45 * (a - b) - 9 * (c - d) + (e - f)) / (60 * STEP) for a, b, c, d, e, f in zip(*moved, strict=True)]


def slopes(f: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of a real function of an array."""
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        for unit in (1.0, 1j) if kind_of(x) == "c" else (1.0,):
            place = np.zeros_like(x)
            place[i] = unit
            found[i] += unit * difference(partial(_on_line, f, x, place))[0]
    return found


def _on_line(f: Callable[[Any], Any], x: Any, direction: Any, t: float) -> list[Any]:
    return [f(x + t * direction)]


def _random(rng: np.random.Generator, like: Any) -> Any:
    """Numbers in the shape of an array, complex where that is."""
    real = rng.uniform(0.5, 1.5, np.shape(like))
    return np.asarray(real + 1j * rng.uniform(0.5, 1.5, np.shape(like)) if kind_of(like) == "c" else real)


def _with(arrays: Sequence[Any], position: int, new: Any) -> list[Any]:
    """The arrays with a new one in one place: arithmetic has made a scalar of it if it is 0-d."""
    return [np.asarray(new) if i == position else a for i, a in enumerate(arrays)]
