"""Gradients at the points where a formula alone would give NaN, or where there is no derivative but a convention."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, log, nan
from typing import Any

import numpy as np
import pytest

import xpgrad
from xpgrad import autograd
from xpgrad_conformance.target import Target

PIECEWISE = ("ceil", "floor", "round", "sign", "trunc")


@pytest.fixture
def xp(target: Target) -> Iterator[Any]:
    """The namespace under test; its `asarray` puts arrays on the device under test."""
    with target.backend.silent():  # the functions themselves warn at their singular points
        yield target.on_device


def arrays(xp: Any, *values: Any) -> list[Any]:
    return [xp.asarray(value, dtype=xp.float64) for value in values]


def gradients(xp: Any, f: Any, *values: Any, weights: Any = None) -> list[Any]:
    """The gradients of sum(f) by all inputs, and those of the sum of these gradients."""
    xs = arrays(xp, *values)
    for x in xs:
        x.attach_grad()
    with autograd.record():
        y = f(*xs)
        first = autograd.grad(y, xs, None if weights is None else xp.asarray(weights), create_graph=True)
        total = sum((xp.sum(g) for g in first), start=xp.sum(xs[0] * 0.0))
    total.backward()
    return [[g.asnumpy() for g in first], [x.grad.asnumpy() for x in xs]]


def assert_equal(actual: Any, expected: Any) -> None:
    eps = np.finfo(actual.dtype).eps
    np.testing.assert_allclose(actual, np.broadcast_to(expected, actual.shape), rtol=5000 * eps, atol=50 * eps)


WITH_NAN = [[2, 3], [nan, 4]]


def masked(xp: Any, rows: Any) -> Any:
    """The first row alone."""
    return xp.where(xp.asarray([True, False]), rows, 0.0)


ONE_INPUT = {
    # A branch that was not taken leaves no trace, whatever its derivative.
    "where log": (lambda xp, x: xp.where(x > 0, xp.log(x), 0.0), [-1, 0, 2], [0, 0, 0.5], [0, 0, -0.25]),
    "where sqrt": (lambda xp, x: xp.where(x > 0, xp.sqrt(x), 0.0), [-1, 0, 4], [0, 0, 0.25], [0, 0, -1 / 32]),
    "where x log x": (lambda xp, x: xp.where(x > 0, x * xp.log(x), 0.0), [-1, 0, 1], [0, 0, 1], [0, 0, 1]),
    "where 1 / x": (lambda xp, x: xp.where(x != 0, 1 / x, 0.0), [0, 2], [0, -0.25], [0, 0.25]),
    "where x / x": (lambda xp, x: xp.where(x != 0, x / x, 0.0), [0, 2], [0, 0], [0, 0]),
    "where reciprocal": (lambda xp, x: xp.where(x != 0, xp.reciprocal(x), 0.0), [0, 2], [0, -0.25], [0, 0.25]),
    "where x ** -1": (lambda xp, x: xp.where(x != 0, x**-1, 0.0), [0, 2], [0, -0.25], [0, 0.25]),
    "where x ** x": (lambda xp, x: xp.where(x > 0, x**x, 0.0), [-0.5, 0, 1], [0, 0, 1], [0, 0, 2]),
    "where asin": (lambda xp, x: xp.where(abs(x) < 1, xp.asin(x), 0.0), [-1, 0, 1, 2], [0, 1, 0, 0], 0),
    "where acosh": (lambda xp, x: xp.where(x > 1, xp.acosh(x), x), [1, 0], 1, 0),
    "where exp overflows": (lambda xp, x: xp.where(x < 1, xp.exp(x), 0.0), [1e4, 0], [0, 1], [0, 1]),
    "log where": (lambda xp, x: xp.log(xp.where(x > 0, x, 1.0)), [0, 2], [0, 0.5], [0, -0.25]),
    "0 * log": (lambda xp, x: 0.0 * xp.log(x), [0, -1], 0, 0),
    # Powers.
    "x ** 0": (lambda xp, x: x**0, [0, 2, -1], 0, 0),
    "x ** 1": (lambda xp, x: x**1, [0, 2, -1], 1, 0),
    "x ** 2": (lambda xp, x: x**2, [0, 2, -1], [0, 4, -2], 2),
    "x ** 3": (lambda xp, x: x**3.0, [0, 2, -2], [0, 12, 12], [0, 12, -12]),
    "x ** 0.5": (lambda xp, x: x**0.5, [0, 4], [inf, 0.25], [-inf, -1 / 32]),
    "x ** array": (lambda xp, x: x ** xp.asarray([0.0, 1, 2, 3, 4]), [0] * 5, [0, 1, 0, 0, 0], [0, 0, 2, 0, 0]),
    "negative ** array": (lambda xp, x: x ** xp.asarray([0.0, 1, 2, 3]), [-2] * 4, [0, 1, -4, 12], [0, 0, 2, -12]),
    "2 ** x": (lambda xp, x: 2**x, [-1, 0, 3], log(2) * np.asarray([0.5, 1, 8]), log(2) ** 2 * np.asarray([0.5, 1, 8])),
    "0 ** x": (lambda xp, x: 0.0**x, [0, 0.5, 1, 2], 0, 0),
    "1 ** x": (lambda xp, x: 1**x, [0, 0.5, -2], 0, 0),
    "(-2) ** x": (lambda xp, x: (-2) ** x, [1, 2], nan, nan),
    # Kinks.
    "abs": (lambda xp, x: abs(x), [0, -0.0, -3, 2], [0, 0, -1, 1], 0),
    "sqrt": (lambda xp, x: xp.sqrt(x), [0, 4], [inf, 0.25], [-inf, -1 / 32]),
    "relu": (lambda xp, x: xp.maximum(x, 0.0), [-1, 0, 1], [0, 0.5, 1], 0),
    "minimum of a number": (lambda xp, x: xp.minimum(1.0, x), [0, 1, 2], [1, 0.5, 0], 0),
    "clip": (lambda xp, x: xp.clip(x, -1, 1), [-2, -1, 0, 1, 2], [0, 1, 1, 1, 0], 0),
    "copysign to -0.0": (lambda xp, x: xp.copysign(x, -0.0), [2, -2, 0], [-1, 1, 0], 0),
    "copysign to 0.0": (lambda xp, x: xp.copysign(x, 0.0), [2, -2, 0], [1, -1, 0], 0),
    "copysign to array": (lambda xp, x: xp.copysign(x, xp.asarray([-0.0, 0, -1])), [2, 2, -2], [-1, 1, 1], 0),
    "remainder": (lambda xp, x: x % 2, [0, 1, 2, -1], 1, 0),
    "remainder of a number": (lambda xp, x: 5 % x, [2, -2, 5], [-2, 3, -1], 0),
    "floor_divide": (lambda xp, x: x // 2 + 2 // x, [1, 2, -1], 0, 0),
    "expm1 far below 0": (lambda xp, x: xp.expm1(x), [-40, 0], [np.exp(-40), 1], [np.exp(-40), 1]),
    # Reductions.
    "max of ties": (lambda xp, x: xp.max(x), [1, 3, 3, 2], [0, 0.5, 0.5, 0], 0),
    "max of ties along an axis": (lambda xp, x: xp.max(x, axis=1), [[2, 2], [1, 0]], [[0.5, 0.5], [1, 0]], 0),
    "max with NaN": (lambda xp, x: xp.max(x), [1, nan, 2], [0, 1, 0], 0),
    "min of ties": (lambda xp, x: xp.min(x), [1, 3, 1], [0.5, 0, 0.5], 0),
    "var of equals": (lambda xp, x: xp.var(x), [2, 2], 0, 0),
    "std of equals": (lambda xp, x: xp.std(x), [2, 2], 0, 0),
    "std of equals beside others": (lambda xp, x: xp.std(x, axis=1), [[2, 2], [1, 3]], [[0, 0], [-0.5, 0.5]], 0),
    "prod with a zero": (lambda xp, x: xp.prod(x), [2, 0, 3], [0, 6, 0], [3, 5, 2]),
    "prod with two zeros": (lambda xp, x: xp.prod(x), [0, 0, 3], 0, [3, 3, 0]),
    "cumulative_prod with a zero": (lambda xp, x: xp.cumulative_prod(x), [2, 0, 3], [1, 8, 0], [4, 6, 2]),
    "masked var": (lambda xp, x: masked(xp, xp.var(x, axis=1)), WITH_NAN, [[-0.5, 0.5], [0, 0]], 0),
    "masked std": (lambda xp, x: masked(xp, xp.std(x, axis=1)), WITH_NAN, [[-0.5, 0.5], [0, 0]], 0),
    "masked prod": (lambda xp, x: masked(xp, xp.prod(x, axis=1)), WITH_NAN, [[3, 2], [0, 0]], [[1, 1], [0, 0]]),
    "masked max": (lambda xp, x: masked(xp, xp.max(x, axis=1)), WITH_NAN, [[0, 1], [0, 0]], 0),
    "square root of a sum": (lambda xp, x: xp.sqrt(xp.sum(x * x)), [3, 4], [0.6, 0.8], None),
    "norm with a zero cotangent": (lambda xp, x: 0.0 * xp.sqrt(xp.sum(x * x)), [0, 0], 0, 0),
    "masked norm": (lambda xp, x: xp.where(xp.asarray(False), xp.sqrt(xp.sum(x * x)), 0.0), [0, 0], 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("case", ONE_INPUT)
def test_one_input(xp: Any, case: str) -> None:
    f, x, first, second = ONE_INPUT[case]
    found_first, found_second = gradients(xp, lambda x: f(xp, x), x)
    assert_equal(found_first[0], first)
    if second is not None:
        assert_equal(found_second[0], second)


TWO_INPUTS = {
    "maximum": ("maximum", [1, 2, 3], [2, 2, 2], [0, 0.5, 1], [1, 0.5, 0]),
    "minimum": ("minimum", [1, 2, 3], [2, 2, 2], [1, 0.5, 0], [0, 0.5, 1]),
    "hypot": ("hypot", [0, 0, 3], [0, 2, 4], [0, 0, 0.6], [0, 1, 0.8]),
    "atan2": ("atan2", [0, 0, 2], [0, -2, 0], [0, -0.5, 0], [0, 0, -0.5]),
    "logaddexp of equal infinities": ("logaddexp", [-inf, inf], [-inf, inf], 0.5, 0.5),
    "logaddexp of an infinity": ("logaddexp", [-inf, inf, 1, -inf], [1, 1, inf, inf], [0, 1, 0, 0], [1, 0, 1, 1]),
    "logaddexp far apart": ("logaddexp", [1e3, -1e3, 5], [-1e3, 1e3, 5], [1, 0, 0.5], [0, 1, 0.5]),
    "pow at 0": ("pow", [0, 0, 0, 0], [0, 1, 2, 0.5], [0, 1, 0, inf], 0),
    "pow of negatives": ("pow", [-2, -2], [2, 3], [-4, 12], nan),
    "copysign": ("copysign", [2, 0, -2], [-1, -0.0, 0], [-1, 0, -1], 0),
    "floor_divide": ("floor_divide", [5, 4], [2, -2], 0, 0),
    "remainder": ("remainder", [5, 4, -3], [2, -2, 2], 1, [-2, 2, 2]),
    "nextafter": ("nextafter", [1, 0], [2, 0], 1, 0),
    "divide by infinity": ("divide", [1, 0], [inf, 1], [0, 1], 0),
}  # fmt: skip


@pytest.mark.parametrize("case", TWO_INPUTS)
def test_two_inputs(xp: Any, case: str) -> None:
    name, x1, x2, first, second = TWO_INPUTS[case]
    found, _ = gradients(xp, getattr(xp, name), x1, x2)
    assert_equal(found[0], first)
    assert_equal(found[1], second)


def test_atan2_of_numbers_whose_squares_are_out_of_range(xp: Any) -> None:
    x1, x2 = (xp.asarray([1e-25, 1e25], dtype=xp.float32) for _ in range(2))
    first, second = (g.asnumpy() for g in xpgrad.grad(lambda a, b: xp.sum(xp.atan2(a, b)), (0, 1))(x1, x2))
    np.testing.assert_allclose([first, -second], [[5e24, 5e-26]] * 2, rtol=1e-5)


@pytest.mark.parametrize("name", ["hypot", "atan2", "maximum", "minimum", "logaddexp"])
def test_second_order_is_finite_where_two_inputs_meet(xp: Any, name: str) -> None:
    points = [0, 1, inf] if name == "logaddexp" else [0, 1]
    _, second = gradients(xp, getattr(xp, name), points, points)
    assert all(np.all(np.isfinite(g)) for g in second)


def test_second_order_of_logaddexp_in_a_tie(xp: Any) -> None:
    _, (second, _) = gradients(xp, lambda x, y: xp.logaddexp(x, y * 0.0), [0], [1])
    assert_equal(second, 0.25)


def test_mixed_second_order_of_pow_with_exponent_0(xp: Any) -> None:
    """By base and exponent: x**(y - 1) (1 + y log x)."""
    x, y = arrays(xp, 2.0, 0.0)
    x.attach_grad()
    y.attach_grad()
    with autograd.record():
        by_base = autograd.grad(x**y, x, create_graph=True)
    by_base.backward()
    assert y.grad.item() == 0.5


@pytest.mark.parametrize("name", PIECEWISE)
def test_piecewise_constants_have_the_gradient_0(xp: Any, name: str) -> None:
    (first,), (second,) = gradients(xp, getattr(xp, name), [-1.5, 0, 0.5, 1])
    assert first.tolist() == second.tolist() == [0, 0, 0, 0]


def test_bounds_of_clip_share_nothing_with_a_value_that_meets_them(xp: Any) -> None:
    (x, low, high), _ = gradients(xp, xp.clip, [0, 1, 2, 3, 4], [1] * 5, [3] * 5)
    assert_equal(x, [0, 1, 1, 1, 0])
    assert_equal(low, [1, 0, 0, 0, 0])
    assert_equal(high, [0, 0, 0, 0, 1])


@pytest.mark.parametrize("name", ["unique_values", "unique_counts", "unique_inverse", "unique_all"])
def test_unique_values_go_back_to_their_first_occurrence(xp: Any, name: str) -> None:
    x = xp.asarray([[3.0, 1.0], [3.0, 2.0]])
    x.attach_grad()
    with autograd.record():
        found = getattr(xp, name)(x)
    values = found if name == "unique_values" else found.values
    values.backward(values.detach() * 10.0)
    assert x.grad.tolist() == [[30, 10], [0, 20]]


def test_an_infinite_cotangent_stays_in_its_place(xp: Any) -> None:
    first, _ = gradients(xp, lambda x: xp.take(x, xp.asarray([0, 1, 1])), [1, 2, 3], weights=[inf, 1.0, 2.0])
    assert_equal(first[0], [inf, 3, 0])


def test_many_small_cotangents_add_up_beside_a_large_one(xp: Any) -> None:
    places = xp.asarray([0, *[1] * 100])
    first, _ = gradients(xp, lambda x: xp.take(x, places), [1, 2], weights=[1e16, *[0.1] * 100])
    assert_equal(first[0], [1e16, 10])


def test_real_and_imaginary_parts(xp: Any) -> None:
    """The descent convention: the gradient points where the real loss grows fastest."""
    for dtype, part in (("complex128", "float64"), ("complex64", "float32")):
        z = xp.asarray([1 + 2j, 3 - 1j], dtype=getattr(xp, dtype))
        w = xp.asarray([2.0, 5.0], dtype=getattr(xp, part))
        z.attach_grad()
        with autograd.record():
            real, imag = xp.real(z), xp.imag(z)
        for out, expected in ((real, [2, 5]), (imag, [2j, 5j])):
            out.backward(w, retain_graph=True)
            assert z.grad.dtype == z.dtype
            assert z.grad.tolist() == expected


@pytest.mark.parametrize(("there", "back"), [("float32", "float64"), ("float64", "float32"), ("complex128", "float64")])
def test_astype_gives_the_gradient_in_the_dtype_of_its_input(xp: Any, there: str, back: str) -> None:
    x = xp.asarray([1.0, 2.0], dtype=getattr(xp, back))
    x.attach_grad()
    with autograd.record():
        y = xp.astype(x, getattr(xp, there))
    y.backward()
    assert x.grad.dtype == x.dtype
    assert x.grad.tolist() == [1, 1]


def test_astype_to_integers_ends_the_history(xp: Any) -> None:
    x = xp.asarray([1.5])
    x.attach_grad()
    with autograd.record():
        y = xp.astype(x, xp.int64)
    with pytest.raises(xpgrad.errors.NotRecordedError):
        y.backward()


def test_outputs_that_go_unused_have_the_cotangent_0(xp: Any) -> None:
    first, _ = gradients(xp, lambda x: xp.unstack(x, axis=1)[1], [[1, 2], [3, 4]])
    assert first[0].tolist() == [[0, 1], [0, 1]]


def test_gradient_of_what_diff_puts_before_and_after(xp: Any) -> None:
    first, _ = gradients(xp, lambda x, a, b: xp.diff(x, prepend=a, append=b), [1, 2], [0], [4], weights=[1.0, 10, 100])
    assert [g.tolist() for g in first] == [[-9, -90], [-1], [100]]


DATA = np.asarray([[1.0, 2.0], [np.nan, np.inf], [3.0, 4.0]])
VALID = np.asarray([True, False, True])
PRODUCTS = {
    "matmul of a matrix and a vector": lambda xp, data, w: data @ w[:, 0],
    "matmul of a vector and a matrix": lambda xp, data, w: w[:, 0] @ xp.matrix_transpose(data),
    "matmul of matrices": lambda xp, data, w: xp.sum(data @ w, axis=1),
    "matmul of stacks": lambda xp, data, w: xp.sum((data[:, None, :] @ w)[:, 0, :], axis=1),
    "tensordot": lambda xp, data, w: xp.sum(xp.tensordot(data, w, axes=1), axis=1),
    "vecdot": lambda xp, data, w: xp.vecdot(data, w[:, 0]),
}


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
def test_rows_that_are_masked_out_may_hold_anything(xp: Any, target: Target, product: Any) -> None:
    valid, data, clean = map(xp.asarray, (VALID, DATA, DATA[VALID]))
    if target.backend.all_finite(data.data) is None:
        pytest.skip("products are guarded only where finiteness can be told without waiting for a device")
    w = xp.asarray([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]])

    def masked(w: Any) -> Any:
        return xp.sum(xp.where(valid, product(xp, data, w), 0.0) ** 2)

    def filtered(w: Any) -> Any:
        return xp.sum(product(xp, clean, w) ** 2)

    for derivative in (xpgrad.grad, xpgrad.hessian):
        assert_equal(derivative(masked)(w).asnumpy(), derivative(filtered)(w).asnumpy())
    assert np.isnan(xpgrad.grad(lambda w: xp.sum(product(xp, data, w)))(w).asnumpy()).any()


@pytest.mark.parametrize("reduce", ["sum", "mean", "prod", "max", "min", "std", "var", "cumulative_prod"])
def test_reductions_of_rows_that_are_masked_out(xp: Any, reduce: str) -> None:
    def masked(x: Any) -> Any:
        out = getattr(xp, reduce)(x, axis=1)
        return xp.where(xp.reshape(xp.asarray(VALID), (3, *(1,) * (out.ndim - 1))), out, 0.0)

    data, clean = np.where(np.isfinite(DATA), DATA, nan), DATA[VALID]
    [first], _ = gradients(xp, masked, data)
    [expected], _ = gradients(xp, lambda x: getattr(xp, reduce)(x, axis=1), clean)
    assert_equal(first, np.stack([expected[0], np.zeros(2), expected[1]]))
