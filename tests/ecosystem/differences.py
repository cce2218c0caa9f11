"""Holds a library's function, called unmodified with Arrays, against the same call with plain NumPy arrays."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import xpgrad.numpy as xp
from xpgrad import Array, autograd
from xpgrad.errors import NotRecordedError

STEP = 1e-6

RNG = np.random.default_rng(0)
M = RNG.permutation(12).reshape(3, 4) / 5 + RNG.uniform(0.05, 0.1, (3, 4))  # all different, none near an integer
S = M[:, :3] + 3 * np.eye(3)  # well conditioned
L = RNG.permutation(40) / 20 + RNG.uniform(0.01, 0.04, 40)
K = RNG.permutation(40) / 20 + RNG.uniform(0.01, 0.04, 40)

#: What a call written as text may depend on: a matrix, a square one, a vector.
INPUTS = {"x": M, "s": S, "l": L}


def each(calls: str) -> Any:
    """The decorator of a test that runs calls, of which there is one a line."""
    return pytest.mark.parametrize("call", [line for line in calls.splitlines() if line and line[0] != "#"])


def constant(like: Any, a: Any) -> Any:
    """A constant in the form of a variable: libraries take no NumPy array beside an Array."""
    return np.asarray(a) if isinstance(like, np.ndarray) else xp.asarray(np.asarray(a))


def check_call(call: str, names: dict[str, Any], **options: Any) -> None:
    """Check a call that is written as text; `c(x, a)` in it is a constant beside x."""
    variable = next(name for name in INPUTS if re.search(rf"\b{name}\b", call))
    known = {"np": np, "xp": xp, "c": constant, "M": M, "K": K, "L": L, **names}
    check(eval(f"lambda {variable}: {call}", known), INPUTS[variable], **options)


def parts(out: Any) -> list[Any]:
    """The outputs of a call, one after the other."""
    if isinstance(out, tuple | list):
        return [part for item in out for part in parts(item)]
    if hasattr(out, "__dict__") and not hasattr(out, "shape"):  # a result object
        return parts([value for name, value in sorted(vars(out).items()) if not name.startswith("_")])
    return [out]


def kind(x: Any) -> str:
    return np.asarray(x.data if isinstance(x, Array) else x).dtype.kind


def total(out: Any, weights: list[Any]) -> float:
    """The sum of all floating-point outputs with weights; of complex ones the real part."""
    floats = [np.asarray(part) for part in parts(out) if kind(part) in "fc"]
    return float(sum(np.sum(np.real(w * part)) for w, part in zip(weights, floats, strict=True)))


def weights_of(out: Any) -> list[Any]:
    rng = np.random.default_rng(1)
    made = []
    for part in parts(out):
        if kind(part) in "fc":
            w = rng.uniform(0.5, 1.5, np.shape(part))
            made.append(w + 1j * rng.uniform(0.5, 1.5, np.shape(part)) if kind(part) == "c" else w)
    return made


def slopes(f: Any, x: Any) -> Any:
    """The gradient of a function of an array by central differences, for complex numbers that of the real part."""
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        for unit in (1, 1j) if x.dtype.kind == "c" else (1,):
            ends = []
            for step in (STEP, -STEP):
                moved = x.copy()
                moved[i] += unit * step
                ends.append(f(moved))
            found[i] += unit * (ends[0] - ends[1]) / (2 * STEP)
    return found


def check(call: Any, *arrays: Any, rtol: float = 2e-6, atol: float = 2e-7, same: bool = True) -> None:
    """Values and gradients by every array: with Arrays from what we recorded, with NumPy arrays by differences.

    With `same` False the values may differ in rounding, as where a library computes in another way for each namespace.
    """
    expected = call(*(a.copy() for a in arrays))
    variables = [xp.asarray(a.copy()) for a in arrays]
    for v in variables:
        v.attach_grad()
    with autograd.record():
        out = call(*variables)
        for found, wanted in zip(parts(out), parts(expected), strict=True):
            values = found.asnumpy() if isinstance(found, Array) else found
            np.testing.assert_allclose(values, wanted, rtol=1e-12 if same else 1e-7, atol=1e-12 if same else 1e-9)
        weights = weights_of(expected)
        heads = [part for part in parts(out) if kind(part) in "fc"]
        loss = sum(
            xp.sum(xp.real(w * head) if kind(head) == "c" else w * head) for w, head in zip(weights, heads, strict=True)
        )
    with suppress(NotRecordedError):  # what is constant has no history; the gradients stay 0
        loss.backward()
    for i, v in enumerate(variables):

        def moved(a: Any, i: int = i) -> float:
            return total(call(*(a if j == i else b.copy() for j, b in enumerate(arrays))), weights)

        by_differences = slopes(moved, arrays[i])
        scale = max(1.0, np.max(np.abs(by_differences), initial=0.0))
        np.testing.assert_allclose(v.grad.asnumpy(), by_differences, rtol=rtol, atol=atol * scale)
