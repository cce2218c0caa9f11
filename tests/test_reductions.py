"""The NumPy plug-in's own ways to reduce large arrays along short rows give what NumPy's give."""

import numpy as np
import pytest

import xpgrad.numpy as xp
from xpgrad_numpy.reductions import extremes, sum_of_rows

SHAPES = [(700, 4), (700, 16), (100, 120), (3000, 1), (4, 700), (30, 20, 8), (8, 20, 30), (2100,)]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0,), (0, 1)])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128", "int32", "bool"])
def test_sum_max_min(dtype, shape, axis, keepdims):
    if (axis == 1 or axis == (0, 1)) and len(shape) == 1:
        return
    x = (np.random.default_rng(0).normal(size=shape) * 9).astype(dtype)
    for name in ("sum", *(() if dtype.startswith("complex") else ("max", "min"))):
        found = np.asarray(getattr(xp, name)(x, axis=axis, keepdims=keepdims))
        expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-4 if dtype == "float32" else 1e-11, atol=1e-3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_in_its_row(bad):
    x = np.ones((1000, 8))
    x[3, 5] = bad
    for name, function in {"sum": sum_of_rows, "max": extremes(np.maximum), "min": extremes(np.minimum)}.items():
        np.testing.assert_array_equal(function(x, 1, False), getattr(np, name)(x, axis=1))
    np.testing.assert_array_equal(sum_of_rows(x, 0, False), np.sum(x, axis=0))


def test_other_cases_are_left_to_numpy():
    x = np.ones((1000, 8))
    assert sum_of_rows(x.astype(int), 1, False) is None
    assert sum_of_rows(x.T, 0, False) is None  # not contiguous
    assert sum_of_rows(x, None, False) is None
    assert sum_of_rows(x, 2, False) is None  # NumPy's error
    assert extremes(np.maximum)(x, 0, False) is None
    assert extremes(np.maximum)(np.ones((100, 40)), 1, False) is None
