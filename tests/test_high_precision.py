"""Every rule of real numbers in forty digits, on the arbitrary-precision library mparray: just another backend.

It finds wrong constants and lost terms that the rounding of float64 hides. The reference are differences.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

import xpgrad
from xpgrad import autograd
from xpgrad.array import array_of
from xpgrad.discovery import floating, get_named
from xpgrad.primitive import PRIMITIVES, raw_namespace
from xpgrad_conformance.cases import CASES, differentiable, is_float
from xpgrad_conformance.world import World

pytestmark = pytest.mark.deep

mpmath = pytest.importorskip("mpmath", reason="mparray is not installed: pip install mparray")
mparray = pytest.importorskip("mparray", reason="mparray is not installed: pip install mparray")

DIGITS = 40
STEP = 1e-6
TOLERANCE = 1e-15  # relative; the constants in the rules are Python floats, which have sixteen digits

#: What mparray 0.2.2 cannot compute, in whole or in part.
DEFECTS = {
    "floor_divide": "its numbers have no //",
    "remainder": "its numbers have no //, which the rule needs",
    "log2": "it takes the function from mpmath, which has none",
    "nextafter": "it rounds to float64",
    "linalg.missing": "it has no svd",
    "special.cosm1": "it is complex for negative numbers",
    "special.gammaln": "it gives NaN for negative numbers",
    "special.rgamma": "made of gammaln",
    **dict.fromkeys(
        [f"special.{name}" for name in "chdtr chdtrc i0e i1e ive k0e k1e kve stdtr".split()], "it rounds to float64"
    ),
    "to_device": "its devices are unknown to its asarray",
}

RAW = World(raw_namespace(get_named("mparray")), mparray.asarray)
TRACKED = World(xpgrad.namespace("mparray"), xpgrad.namespace("mparray").asarray)


def known(name):
    """Whether the library has a function."""
    try:
        reduce(getattr, name.split("."), RAW.xp)
    except AttributeError:
        return name not in PRIMITIVES
    return True


NAMES = sorted({case.name for case in CASES})
LACKING = [name for name in NAMES if not known(name)]
LEFT_OUT = {*LACKING, *DEFECTS}
REAL = [case for case in CASES if case.name not in LEFT_OUT and not case.is_complex and not case.sample.extends]


@pytest.fixture(autouse=True)
def forty_digits():
    with mpmath.workdps(DIGITS):
        yield


def weights_of(outs):
    rng = np.random.default_rng(3)
    return [mparray.asarray(rng.uniform(0.5, 1.5, out.shape)) for out in outs]


def values(case, arrays):
    """What the function gives, as far as it holds floats; nothing is recorded."""
    outs = TRACKED.outputs(case, [array_of(a) if hasattr(a, "dtype") else a for a in arrays])
    return [out.data for out in outs if floating(out.data)]


def loss(case, arrays, weights):
    pairs = zip(weights, values(case, arrays), strict=True)
    return sum((mparray.sum(w * out)[()] for w, out in pairs), mparray.asarray(0.0))


def differences(f, x):
    """The gradient of a function of an array, by central differences of the sixth order."""
    step = mpmath.mpf(STEP)
    found = mparray.zeros(x.shape, dtype=x.dtype)
    for i in np.ndindex(x.shape):
        values = []
        for shift in (1, -1, 2, -2, 3, -3):
            moved = mparray.asarray(x, copy=True)
            moved[i] = x[i] + shift * step
            values.append(f(moved))
        a, b, c, d, e, g = values
        found[i] = (45 * (a - b) - 9 * (c - d) + (e - g)) / (60 * step)
    return found


@pytest.mark.parametrize("case", REAL, ids=lambda case: case.id)
def test_gradient_in_forty_digits(case):
    arrays = RAW.inputs(case.sample.arrays)
    weights = weights_of(values(case, arrays))
    inputs = [array_of(mparray.asarray(a, copy=True)) if hasattr(a, "dtype") else a for a in arrays]
    for i, a in enumerate(case.sample.arrays):
        if is_float(a) and differentiable(case.name, i):
            inputs[i].attach_grad()
    with autograd.record():
        heads = [out for out in TRACKED.outputs(case, inputs) if floating(out.data)]
    found = autograd.grad(heads, inputs[case.position], [array_of(w) for w in weights]).data

    def moved(x):
        return loss(case, [x if i == case.position else a for i, a in enumerate(arrays)], weights)

    expected = differences(moved, arrays[case.position])
    scale = max((abs(expected[i]) for i in np.ndindex(expected.shape)), default=0)
    for i in np.ndindex(expected.shape):
        assert abs(found[i] - expected[i]) <= TOLERANCE * max(scale, 1)


def test_most_functions_are_known_to_the_library():
    """So that nothing is left out unseen: the extensions, and what needs functions that the standard lacks."""
    print("not known to mparray:", *LACKING, *DEFECTS)  # noqa: T201  # shown by `pytest -s`
    assert len(NAMES) - len(LACKING) >= 90
