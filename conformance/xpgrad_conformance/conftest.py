"""How the tests of the suite compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xpgrad_conformance.target import Target

Compare = Callable[..., None]


@pytest.fixture
def near(target: Target) -> Compare:
    """Compares with what differences say, as closely as the backend's precision allows."""

    def compare(actual: Any, expected: Any, what: str, slack: float = 0.0) -> None:
        assert actual.shape == expected.shape, what
        rtol, atol = (1e-6, 1e-8) if target.has_double else (2e-3, 2e-4)
        scale = max(1.0, np.max(np.abs(expected), initial=0.0))
        np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol * scale + slack, err_msg=what)

    return compare


@pytest.fixture
def alike() -> Compare:
    """Compares what was computed by the same operations; a library may still round a 0-d result in another way."""

    def compare(actual: Any, expected: Any, what: str) -> None:
        assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype), what
        rtol = 500 * np.finfo(expected.dtype).eps if expected.dtype.kind in "fc" else 0
        scale = np.max(np.abs(expected), initial=0.0)
        np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * scale, err_msg=what)

    return compare


@pytest.fixture
def identical() -> Compare:
    """Compares to the last bit, and the dtypes."""

    def compare(actual: Any, expected: Any, what: str) -> None:
        np.testing.assert_array_equal(actual, expected, strict=True, err_msg=what)

    return compare
