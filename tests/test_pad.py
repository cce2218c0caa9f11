"""`pad`: NumPy's results, and errors. The conformance suite has the gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp

MODES = [
    ("constant", {}),
    ("constant", {"constant_values": 2.5}),
    ("constant", {"constant_values": (1, 2)}),
    ("constant", {"constant_values": np.asarray([5.0, 6.0])}),
    ("constant", {"constant_values": np.asarray([[5.0, 6.0]])}),
    *((mode, {}) for mode in ("edge", "reflect", "symmetric", "wrap")),
]
COMPUTED: list[tuple[str, Any]] = [
    *((mode, {}) for mode in ("linear_ramp", "maximum", "mean", "median", "minimum")),
    ("mean", {"stat_length": 1}),
    ("maximum", {"stat_length": ((1, 2),)}),
    ("linear_ramp", {"end_values": (3.0, -1.5)}),
]
WIDTHS: list[tuple[Any, Any]] = [
    ((3,), 2),
    ((3,), (1, 8)),
    ((2, 3), 1),
    ((2, 3), ((1, 0), (2, 5))),
    ((2, 3), ((1,), (2,))),
    ((2, 3), [(1, 2)]),
    ((2, 3), (3,)),
    ((2, 3), np.asarray([[1, 2], [0, 1]])),
    ((2, 3), 0),
    ((1, 2), 7),
    ((), 3),
    ((0, 2), ((0, 0), (1, 1))),
]


@pytest.mark.parametrize("library", ["numpy", "array_api_strict"])
@pytest.mark.parametrize(("shape", "width"), WIDTHS, ids=str)
@pytest.mark.parametrize(("mode", "kw"), MODES, ids=str)
def test_values_are_numpys(library: str, mode: str, kw: Any, shape: Any, width: Any) -> None:
    namespace, x = xpgrad.namespace(library), np.random.default_rng(0).normal(size=shape)
    found = namespace.pad(namespace.asarray(x), width, mode, **kw)
    np.testing.assert_array_equal(found.asnumpy(), np.pad(x, width, mode, **kw), strict=True)


@pytest.mark.parametrize("library", ["numpy", "array_api_strict"])
@pytest.mark.parametrize(("shape", "width"), WIDTHS[:-1], ids=str)
@pytest.mark.parametrize(("mode", "kw"), COMPUTED, ids=str)
def test_what_is_computed_is_numpys_up_to_rounding(library: str, mode: str, kw: Any, shape: Any, width: Any) -> None:
    namespace, x = xpgrad.namespace(library), np.random.default_rng(0).normal(size=shape)
    found = namespace.pad(namespace.asarray(x), width, mode, **kw).asnumpy()
    expected = np.pad(x, width, mode, **kw)
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=2e-15, strict=True)


@pytest.mark.parametrize(("mode", "kw"), COMPUTED, ids=str)
def test_what_is_computed_has_gradients(mode: str, kw: Any) -> None:
    x = np.asarray([[0.5, -1.0, 2.5], [2.0, 3.0, -0.7]])
    xpgrad.check_grads(lambda x: xp.pad(x, ((1, 2), (0, 3)), mode, **kw) ** 2, [x])
    whole = np.asarray([[1, 5, 2], [4, -3, 8]])
    np.testing.assert_array_equal(xp.pad(whole, 2, mode, **kw).asnumpy(), np.pad(whole, 2, mode, **kw))


def test_constants_may_have_gradients() -> None:
    def f(x: Any, c: Any) -> Any:
        return xp.pad(x, ((1, 2), (0, 1)), constant_values=((c, 0), (1, 2 * c))) ** 2

    xpgrad.check_grads(f, [np.asarray([[0.5, -1.0], [2.0, 3.0]]), np.asarray(1.5)])


def test_constants_may_stand_in_an_array() -> None:
    x, c = np.asarray([0.5, -1.0]), np.asarray([1.5, 2.5])
    np.testing.assert_array_equal(
        np.pad(xp.asarray(x), (1, 2), constant_values=c).data, np.pad(x, (1, 2), constant_values=c)
    )
    xpgrad.check_grads(lambda x, c: xp.pad(x, (1, 2), constant_values=c) ** 2, [x, c])


def test_dtypes_stay() -> None:
    assert xp.pad(xp.asarray([1, 2]), 1, constant_values=3).asnumpy().tolist() == [3, 1, 2, 3]
    assert xp.pad(np.ones(2, dtype=np.float32), 1, constant_values=0.5).dtype == np.float32


@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_the_result_is_an_array_of_its_own(mode: str) -> None:
    x = xp.asarray([1.0, 2.0])
    y = xp.pad(x, 0, mode)
    y[0] = 5.0
    assert x.asnumpy().tolist() == [1, 2]


@pytest.mark.parametrize(
    ("kw", "error", "message"),
    [
        ({"pad_width": -1}, ValueError, "must not be negative, but is -1; to cut elements off, use slices"),
        ({"pad_width": 1.5}, TypeError, "float"),
        ({"pad_width": ((1, 1),) * 3}, ValueError, "pad_width must hold one pair for each of 2 axes"),
        ({"pad_width": ((1, 2, 3),)}, ValueError, "pad_width must hold one pair"),
        ({"pad_width": 1, "constant_values": ((1, 1),) * 3}, ValueError, "constant_values must hold one pair"),
        ({"pad_width": 1, "mode": "nearest"}, ValueError, "pad knows no mode 'nearest' .even.: use 'constant', 'edge'"),
        ({"pad_width": 1, "mode": "edge"}, ValueError, "axis 0 has no elements to pad it with in the mode 'edge'"),
    ],
    ids=str,
)
def test_errors_say_what_is_wrong(kw: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        xp.pad(xp.zeros((0, 2)), **kw)
