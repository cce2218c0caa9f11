"""The NumPy plug-in's own product and look for infinities give what NumPy's functions give."""

import sys
import threading
from itertools import product as pairs

import numpy as np
import pytest

from xpgrad_numpy import product
from xpgrad_numpy.strips import all_finite

SHAPES = [((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 0), (0, 3))]
LAYOUTS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "gaps": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
}


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("dtypes", [*pairs(("float64", "float32", "complex64", "int64"), repeat=2)], ids=str)
def test_it_is_matmul(shapes, dtypes):
    random = np.random.default_rng(0)
    a, b = ((random.normal(size=shape) * 9).astype(dtype) for shape, dtype in zip(shapes, dtypes, strict=True))
    for first, second in pairs(LAYOUTS.values(), repeat=2):
        found, expected = product(first(a), second(b)), np.matmul(a, b)
        assert np.shape(found) == expected.shape
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shapes", [((), (3,)), ((3,), ()), ((2, 3), (2, 3)), ((3,), (4,))], ids=str)
def test_what_has_no_product_raises(shapes):
    with pytest.raises(ValueError, match=r"shapes|dimension"):
        product(*map(np.ones, shapes))


def test_other_threads_run_while_a_small_result_is_computed():
    """As they would after a switch interval only, where the product does not let them."""
    x, z = np.ones((500_000, 20)), np.ones(500_000)
    waiting, ready, ran = threading.Event(), threading.Event(), []

    def other():
        ready.set()
        waiting.wait()
        ran.append(True)

    interval = sys.getswitchinterval()
    thread = threading.Thread(target=other)
    try:
        thread.start()
        ready.wait()
        sys.setswitchinterval(100.0)
        waiting.set()
        seen = any(product(x.T, z)[0] and ran for _ in range(100))  # a busy machine may not run it at once
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert seen


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "complex128", "complex64"])
@pytest.mark.parametrize("shape", [(), (7,), (300, 50), (50, 300), (70_000,), (400, 400)], ids=str)
def test_all_finite(shape, dtype):
    x = np.asarray(np.random.default_rng(0).normal(size=shape)).astype(dtype)
    largest = np.finfo(dtype).max
    with np.errstate(all="ignore"):
        for layout in LAYOUTS.values() if shape else (np.asarray,):
            for value, expected in ((1, True), (largest, True), (np.nan, False), (np.inf, False), (-np.inf, False)):
                y = layout(np.full_like(x, value) if expected else x)
                y[(-1,) * y.ndim] = value
                assert all_finite(y) is expected
