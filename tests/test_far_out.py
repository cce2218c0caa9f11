"""Derivatives where a formula cancels, overflows or underflows although its value does not: to ten digits at least."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np
import pytest

import xpgrad

pytest.importorskip("scipy.special", reason="SciPy, which computes the functions, is not installed")

#: Function, position, arguments, first and second derivative by it: from mpmath, in 60 digits and more.
CASES = [
    ("asinh", 0, (1e8,), 1e-08, -9.999999999999999e-17),
    ("asinh", 0, (-1e200,), 1e-200, 0.0),
    ("asinh", 0, (1e300,), 1e-300, 0.0),
    ("special.dawsn", 0, (9.0,), -0.0062908410383082924, 0.0014250452408483467),
    ("special.dawsn", 0, (11.0,), -0.004184547610552442, 0.0007705431039216976),
    ("special.dawsn", 0, (-1e4,), -5.000000075000002e-09, -1.000000030000001e-12),
    ("special.dawsn", 0, (1e100,), -5e-201, 1e-300),
    ("special.i0e", 0, (99.0,), -0.00020327547178648295, 3.087829437838993e-06),
    ("special.i0e", 0, (101.0,), -0.00019725255360143396, 2.9368546107315507e-06),
    ("special.i0e", 0, (-1e8,), 1.9947114094873313e-13, 2.9920671217111648e-21),
    ("special.i0e", 0, (1e100,), -1.9947114020071632e-151, 2.992067103010745e-251),
    ("special.i1e", 0, (99.0,), -0.00020018764234864395, 3.0096529508859647e-06),
    ("special.i1e", 0, (101.0,), -0.00019431569899070242, 2.8639765930589325e-06),
    ("special.i1e", 0, (-1e8,), -1.99471137956666e-13, -2.9920670469094864e-21),
    ("special.i1e", 0, (1e100,), -1.9947114020071632e-151, 2.992067103010745e-251),
    ("special.k0e", 0, (99.0,), -0.0006337885424814609, 9.57896680495684e-06),
    ("special.k0e", 0, (101.0,), -0.0006151021029628847, 9.112896851213417e-06),
    ("special.k0e", 0, (1e8,), -6.266570663077861e-13, 9.399855971117152e-21),
    ("special.k0e", 0, (1e100,), -6.266570686577501e-151, 9.399856029866251e-251),
    ("special.k1e", 0, (99.0,), -0.0006433675092864178, 9.820261084480498e-06),
    ("special.k1e", 0, (101.0,), -0.0006242149998140982, 9.33791604572798e-06),
    ("special.k1e", 0, (1e8,), -6.266570757076421e-13, 9.39985620611355e-21),
    ("special.k1e", 0, (1e100,), -6.266570686577501e-151, 9.399856029866251e-251),
    ("special.cotdg", 0, (-1e-8,), -5.729577951308232e17, -1.1459155902616463e26),
    ("special.cotdg", 0, (1e-100,), -5.729577951308231e201, 1.1459155902616464e302),
    ("special.ndtri_exp", 0, (-1e6,), 0.0007071093173322007, 3.535570180458861e-10),
    ("special.ndtri_exp", 0, (-1e4,), 0.007072790427792576, 3.5379415026327945e-07),
    ("special.kl_div", 0, (1e-300, 1e30), -759.8530806880351, 1e300),
    ("special.kl_div", 0, (1e300, 1e-300), 1381.5510557964274, 1e-300),
    ("special.rel_entr", 0, (1e-300, 1e30), -758.8530806880351, 1e300),
    ("special.rel_entr", 0, (1e300, 1e-300), 1382.5510557964274, 1e-300),
    ("special.pseudo_huber", 0, (1e-300, 1e-30), 1e-30, -2.0),
    ("special.pseudo_huber", 0, (1e150, 1e200), 1e200, -2.0),
    ("special.pseudo_huber", 0, (1e200, 1e150), 0.25, -7.5e-201),
    ("special.pseudo_huber", 0, (2.0, 3.0), 0.7149516679144475, -0.5065763947782292),
    ("special.pseudo_huber", 1, (1e-300, 1e30), 1e-300, 0.0),
    ("special.pseudo_huber", 1, (1e150, 1e-200), 1e-200, 1.0),
    ("special.pseudo_huber", 1, (2.0, 3.0), 1.6641005886756874, 0.17067698345391666),
    ("special.betaln", 0, (0.3, 1e-300), -1.2245364546107731e-299, 7.527253658872604e-299),
    ("special.betaln", 0, (2.0, 1e-8), -6.449340648276574e-09, 4.041138038494916e-09),
    ("special.betaln", 0, (1e16, 0.3), -3e-17, 3e-33),
    ("special.betaln", 0, (1e-100, 1e-300), -1e-100, 2.0),
    ("special.betaln", 0, (2.0, 3.0), -1.0833333333333333, 0.4236111111111111),
    ("special.betaln", 1, (1e-300, 0.3), -1.2245364546107731e-299, 7.527253658872604e-299),
    ("special.betaln", 1, (1e4, 1e8), -9.999500083325834e-05, 9.999000199975003e-13),
    ("special.beta", 0, (1e8, 0.3), -3.572895211868364e-11, 4.644763791685547e-19),
    ("special.beta", 0, (1e16, 2.0), -2e-48, 6e-64),
    ("special.beta", 1, (1e-8, 30.0), -0.0338950590091912, 0.001148765169317951),
    ("special.poch", 0, (30.0, 1e-8), 3.3895061499153484e-10, -1.1487652307297963e-11),
    ("special.poch", 0, (1e16, 0.3), 1.892872033440579e-12, -1.3250104234084054e-28),
    ("special.poch", 0, (1e8, 5.5), 5.50000055687502e36, 2.475000194906255e29),
    ("special.binom", 0, (1e4, 1e-8), 9.999500995383382e-13, -9.999000928682768e-17),
    ("special.binom", 0, (1e16, 2.0), 1e16, 1.0),
    ("special.powm1", 1, (1e-300, 0.3), -6.907755278982191e-88, 4.7717082994305946e-85),
    ("special.powm1", 1, (1e-30, 1.0), -6.907755278982138e-29, 4.7717082994305585e-27),
]

#: Those that any library has, made of the standard's functions.
ANYWHERE = {"asinh", "special.kl_div", "special.rel_entr", "special.pseudo_huber", "special.betaln"}


def case_id(case: tuple[Any, ...]) -> str:
    name, position, arguments, *_ = case
    return f"{name} by {position} at {arguments}"


def derivatives(xp: Any, name: str, position: int, arguments: tuple[float, ...]) -> list[float]:
    """The first and the second derivative by one argument."""
    inputs = [xp.asarray(x) for x in arguments]
    first = xpgrad.grad(attrgetter(name)(xp), position)
    with np.errstate(all="ignore"):  # of what is computed and then not taken
        return [float(first(*inputs)), float(xpgrad.grad(first, position)(*inputs))]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_derivatives_far_out(case: tuple[Any, ...]) -> None:
    name, position, arguments, *expected = case
    found = derivatives(xpgrad.namespace("numpy"), name, position, arguments)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize("case", [case for case in CASES if case[0] in ANYWHERE], ids=case_id)
def test_derivatives_far_out_where_the_standards_functions_compute(case: tuple[Any, ...]) -> None:
    name, position, arguments, *expected = case
    found = derivatives(xpgrad.namespace("array_api_strict"), name, position, arguments)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("asinh", (1e30,), 1e-30),
        ("special.dawsn", (1e15,), -5e-31),
        ("special.i0e", (1e20,), -1.9947114e-31),
        ("special.k0e", (1e20,), -6.2665707e-31),
        ("special.kl_div", (1e-30, 1e30), -138.15511),
        ("special.pseudo_huber", (1e-30, 1e-3), 1e-3),
        ("special.betaln", (2.0, 1e-30), -6.4493407e-31),
    ],
)
def test_derivatives_far_out_in_single_precision(name: str, arguments: tuple[float, ...], expected: float) -> None:
    inputs = [np.asarray(x, dtype=np.float32) for x in arguments]
    with np.errstate(all="ignore"):
        found = xpgrad.grad(attrgetter(name)(xpgrad.namespace("numpy")))(*inputs)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_an_array_beside_a_number() -> None:
    xp = xpgrad.namespace("numpy")
    x = np.asarray([2.0])
    for f, slope in (
        (lambda x: xp.special.kl_div(x, 3.0), np.log(2 / 3)),
        (lambda x: xp.special.betaln(x, 1.0), -0.5),
        (lambda x: xp.special.betaln(1.0, x), -0.5),
        (lambda y: xp.special.powm1(3.0, y), 9 * np.log(3)),
        (lambda x: xp.special.pseudo_huber(2.0, x), np.sqrt(2.0)),
    ):
        np.testing.assert_allclose(xpgrad.grad(f)(x), [slope], rtol=1e-14)


def test_the_inverse_hyperbolic_sine_of_complex_numbers() -> None:
    xpgrad.check_grads(xpgrad.namespace("numpy").asinh, [np.asarray([0.3 + 0.4j, -3.0 + 2.0j])])
