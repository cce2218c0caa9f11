"""Functions beyond the standard: which library computes them, how exact they are without one, and their limits."""

from __future__ import annotations

import sys
from itertools import product
from math import gamma, inf, nan, pi, sin, sqrt
from typing import Any

import numpy as np
import pytest
from fresh_process import run

import xpgrad
import xpgrad.numpy as xp
from xpgrad.discovery import get_named
from xpgrad.errors import FunctionMissingError, NotDifferentiableError
from xpgrad.primitive import PRIMITIVES, primitive, raw_namespace
from xpgrad.rules import approximations

scipy_special = pytest.importorskip("scipy.special", reason="compares with SciPy, which is not installed")

NAMES = sorted(name for name in PRIMITIVES if name.startswith("special.") and PRIMITIVES[name].elementwise)
SCIPYS = "digamma entr erf erfc erfcx erfinv expit gammaln log_expit log_ndtr logit ndtr ndtri psi".split()

STRICT = raw_namespace(get_named("array_api_strict"))


def approximated(name: str, *arrays: Any) -> Any:
    """What the standard's functions alone give, on a library that allows no others."""
    raw = [STRICT.asarray(a) if isinstance(a, np.ndarray) else a for a in arrays]
    return np.asarray(getattr(approximations, name)(STRICT, *raw))


# Who computes.


@pytest.mark.parametrize("name", SCIPYS)
def test_numpys_are_scipys(name: str) -> None:
    x = np.asarray([0.1, 0.5, 0.7])
    np.testing.assert_array_equal(getattr(xp.special, name)(x).asnumpy(), getattr(scipy_special, name)(x))


def test_torch_has_its_own() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch, which is not installed")
    assert PRIMITIVES["special.erf"].raw(get_named("torch")) is torch.special.erf


def test_scipy_is_not_imported_before_it_is_needed() -> None:
    run(
        "import sys, numpy, xpgrad.numpy as xp\n"
        "xp.softmax(xp.logsumexp(xp.einsum('i,j', numpy.ones(2), numpy.ones(3)), axis=1))\n"
        "assert not {'scipy', 'opt_einsum'} & sys.modules.keys()\n"
        "xp.special.erf(numpy.ones(2))\n"
        "assert 'scipy.special' in sys.modules"
    )


def test_without_scipy_the_standards_functions_compute() -> None:
    run(
        "import sys, numpy\n"
        "sys.modules['scipy'] = None  # as if it was not installed\n"
        "import xpgrad, xpgrad.numpy as xp\n"
        "x = numpy.asarray([0.5, -2.0])\n"
        "numpy.testing.assert_allclose(xp.special.erf(x).asnumpy(), [0.5204998778130465, -0.9953222650189527], 1e-15)\n"
        "xpgrad.check_grads(xp.special.erfc, [x])\n"
        "xpgrad.check_grads(xp.special.gammaln, [x + 0.2])\n"
        "xpgrad.check_grads(xp.sigmoid, [x])"
    )


def test_a_function_that_only_a_library_has(monkeypatch: pytest.MonkeyPatch) -> None:
    kolmogorov = primitive("special.kolmogorov", "x", elementwise=True)
    del PRIMITIVES["special.kolmogorov"]  # only this test knows it
    assert kolmogorov.raw(get_named("numpy")) is scipy_special.kolmogorov
    with pytest.raises(
        FunctionMissingError, match=r"'array_api_strict' has no function special\.kolmogorov, nor has xpgrad"
    ):
        kolmogorov.raw(get_named("array_api_strict"))
    for module in ("scipy", "scipy.special"):  # the latter may be imported already
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        FunctionMissingError, match=r"special\.kolmogorov in the library 'scipy'.* run `pip install scipy`"
    ):
        kolmogorov.raw(get_named("numpy"))


# How exact the approximations are.

_RNG = np.random.default_rng(0)
_LINE = np.concatenate([_RNG.uniform(-6, 6, 300), _RNG.uniform(-0.6, 0.6, 100), 10 ** _RNG.uniform(-20, 0, 50)])
_UNIT = np.concatenate(
    [_RNG.uniform(0, 1, 300), 10 ** _RNG.uniform(-15, -1, 100), 1 - 10 ** _RNG.uniform(-15, -1, 100)]
)
_POSITIVE = np.concatenate([_RNG.uniform(0, 15, 300), 10 ** _RNG.uniform(-10, 10, 100)])

POINTS = {
    "digamma": (_POSITIVE,),
    "entr": (_POSITIVE,),
    "erf": (_LINE,),
    "erfc": (_LINE,),
    "erfcx": (np.concatenate([_LINE, 10 ** _RNG.uniform(0, 300, 100)]),),
    "erfinv": (np.concatenate([_UNIT, -_UNIT]),),
    "expit": (np.concatenate([_LINE, 100 * _LINE]),),
    "gammaln": (np.concatenate([_POSITIVE, _RNG.uniform(-20, 0, 100)]),),
    "log_expit": (np.concatenate([_LINE, 100 * _LINE]),),
    "log_ndtr": (np.concatenate([_LINE, 100 * _LINE]),),
    "logit": (_UNIT,),
    "ndtr": (_LINE,),
    "ndtri": (_UNIT,),
    "psi": (_POSITIVE,),
    "xlog1py": (_LINE, np.resize(_POSITIVE, _LINE.shape)),
    "xlogy": (_LINE, np.resize(_POSITIVE, _LINE.shape)),
    "zeta": (3.0, _POSITIVE),
}


def test_every_approximation_is_measured() -> None:
    made = {
        name
        for name in NAMES
        if getattr(PRIMITIVES[name].implementation, "__module__", "") == "xpgrad.rules.approximations"
    }
    assert {f"special.{name}" for name in POINTS} == made


@pytest.mark.parametrize("name", sorted(POINTS))
def test_approximations_are_as_exact_as_scipy(name: str) -> None:
    expected = getattr(scipy_special, name)(*POINTS[name])
    np.testing.assert_allclose(approximated(name, *POINTS[name]), expected, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("name", ["digamma", "gammaln", "zeta"])
def test_left_of_0_they_are_reflected(name: str) -> None:
    """`polygamma` of SciPy tells what zeta is there: its sign and a factorial apart, it is the same function."""
    x = _RNG.uniform(-20, 0, 300)
    expected = scipy_special.polygamma(2, x) / -2 if name == "zeta" else getattr(scipy_special, name)(x)
    np.testing.assert_allclose(
        approximated(name, *([3.0, x] if name == "zeta" else [x])), expected, rtol=1e-12, atol=1e-13
    )


@pytest.mark.parametrize("name", sorted(POINTS))
def test_approximations_keep_single_precision(name: str) -> None:
    x = np.asarray([0.2, 0.5, 0.9], dtype=np.float32)
    inputs = {"zeta": (3.0, x), "xlogy": (x, x), "xlog1py": (x, x)}.get(name, (x,))
    found = approximated(name, *inputs)
    assert found.dtype == np.float32
    expected = getattr(scipy_special, name)(*inputs)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=5e-6 if name in ("gammaln", "digamma", "psi") else 1e-7)


@pytest.mark.parametrize("name", sorted(POINTS.keys() - {"digamma", "psi", "gammaln", "xlogy", "xlog1py", "zeta"}))
def test_limits_of_approximations(name: str) -> None:
    x = np.asarray([inf, -inf, nan, 0.0, 1.0, -1.0, 2.0, 1e300, -1e300, 1e-300])
    with np.errstate(all="ignore"):  # infinite results are told of, as for log(0)
        np.testing.assert_allclose(approximated(name, x), getattr(scipy_special, name)(x), rtol=1e-14)


def test_limits_of_gamma_functions() -> None:
    x = np.asarray([inf, nan, 0.0, -1.0, -2.0, 1e300])
    np.testing.assert_allclose(approximated("gammaln", x), [inf, nan, inf, inf, inf, 1e300 * np.log(1e300) - 1e300])
    np.testing.assert_allclose(approximated("digamma", x), [inf, nan, nan, nan, nan, np.log(1e300)])
    np.testing.assert_allclose(approximated("zeta", 2.0, x), [0, nan, inf, inf, inf, 1e-300])


def test_logarithms_times_0() -> None:
    x, y = np.asarray([0.0, 0.0, 0.0, nan, 2.0]), np.asarray([0.0, -1.0, nan, 1.0, 1.0])
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(approximated("xlogy", x, y), [0, 0, nan, nan, 0])
        np.testing.assert_array_equal(approximated("xlog1py", x, y - 1), [0, 0, nan, nan, 0])


# Derivatives at the limits.


@pytest.fixture(params=["numpy", "array_api_strict"])
def each_xp(request: pytest.FixtureRequest) -> Any:
    return xpgrad.namespace(request.param)


def gradients(xp: Any, f: Any, x: Any, weights: Any = None) -> tuple[list[Any], list[Any]]:
    """The gradient of the weighted sum of f(x), and that of the sum of this gradient."""
    x = xp.asarray(x)

    def first(x: Any) -> Any:
        y, pull_back = xpgrad.vjp(f, x)
        return pull_back(xp.ones_like(y) if weights is None else xp.asarray(weights))[0]

    return first(x).asnumpy().tolist(), xpgrad.grad(lambda x: xp.sum(first(x)))(x).asnumpy().tolist()


@pytest.mark.parametrize(
    ("x", "value", "first"),
    [
        ([-inf, -inf], -inf, [0, 0]),
        ([-inf, 1.0], 1.0, [0, 1]),
        ([inf, 1.0], inf, [1, 0]),
        ([1e5, 1e5], 1e5 + np.log(2), [0.5, 0.5]),
        ([-1e5, -1e5], -1e5 + np.log(2), [0.5, 0.5]),
        ([700.0, 0.0, 700.0], 700 + np.log(2), [0.5, 0, 0.5]),
    ],
    ids=str,
)
def test_logsumexp_never_overflows(each_xp: Any, x: Any, value: float, first: Any) -> None:
    np.testing.assert_allclose(each_xp.logsumexp(each_xp.asarray(x)).asnumpy(), value, rtol=1e-15)
    found, second = gradients(each_xp, each_xp.logsumexp, x)
    atol = 1e-15 * max(1.0, *map(abs, x)) if np.all(np.isfinite(x)) else 0  # the result itself is rounded to that
    np.testing.assert_allclose(found, first, atol=atol)
    np.testing.assert_allclose(second, np.zeros(len(x)), atol=atol)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_never_overflows(each_xp: Any, name: str) -> None:
    x = [[1e5, 0.0], [-1e5, -1e5], [-inf, 3.0]]
    expected = np.asarray([[1, 0], [0.5, 0.5], [0, 1]])
    found = getattr(each_xp, name)(each_xp.asarray(x)).asnumpy()
    np.testing.assert_allclose(np.exp(found) if name == "log_softmax" else found, expected, atol=1e-12)
    first, second = gradients(each_xp, getattr(each_xp, name), x, [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    slope = {"softmax": [[0, 0], [0.25, -0.25], [0, 0]], "log_softmax": [[0, 0], [0.5, -0.5], [0, 0]]}[name]
    np.testing.assert_allclose(first, slope, atol=1e-12)
    np.testing.assert_allclose(second, np.zeros((3, 2)), atol=1e-12)


def test_sums_of_nothing(each_xp: Any) -> None:
    x = each_xp.zeros((0, 2))
    assert each_xp.logsumexp(x, axis=0).asnumpy().tolist() == [-inf, -inf]
    for f in (each_xp.softmax, each_xp.log_softmax, each_xp.special.softmax):
        assert f(x).shape == (0, 2)
        assert xpgrad.grad(lambda x, f=f: each_xp.sum(f(x)))(x).shape == (0, 2)


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_rows_that_are_masked_out_leave_no_trace(each_xp: Any, name: str) -> None:
    seen = each_xp.asarray([[True], [False]])

    weights = [[1.0], [3.0]] if name == "logsumexp" else [[1.0, 2.0], [3.0, 4.0]]
    keep = {"keepdims": True} if name == "logsumexp" else {}

    def f(x: Any) -> Any:
        return each_xp.where(seen, getattr(each_xp, name)(x, axis=-1, **keep), 0.0)

    first, second = gradients(each_xp, f, [[1.0, 2.0], [nan, 1.0]], weights)
    assert first[1] == second[1] == [0, 0]
    assert np.all(np.isfinite(first[0] + second[0]))
    assert first[0] != [0, 0]


@pytest.mark.parametrize("name", ["xlogy", "xlog1py"])
def test_products_with_logarithms_at_0(each_xp: Any, name: str) -> None:
    """Nothing flows where the function is 0 because its factor is; otherwise the gradient is the logarithm."""
    f = getattr(each_xp.special, name)
    y = [0.0, 2.0, -1.0] if name == "xlogy" else [-1.0, 1.0, -2.0]
    by_x, _ = gradients(each_xp, lambda x: f(x, each_xp.asarray(y)), [0.0, 0.0, 0.0])
    np.testing.assert_allclose(by_x, [0, np.log(2), 0])
    with np.errstate(all="ignore"):
        by_y, _ = gradients(each_xp, lambda y: f(each_xp.asarray([0.0, 0.0, 0.0]), y), y)
    assert by_y == [0, 0, 0]


def test_tails(each_xp: Any) -> None:
    """Gradients keep their digits where the functions are 0 or 1 to rounding."""
    log_ndtr, special = each_xp.special.log_ndtr, each_xp.special
    with np.errstate(all="ignore"):
        found = gradients(each_xp, log_ndtr, [-1e5, -40.0, 5.0, 40.0])[0]
    np.testing.assert_allclose(found[:3], [1e5 + 1e-5, 40.02496884720726, 1.4867199409049173e-06], rtol=1e-12)
    assert found[3] == 0
    np.testing.assert_allclose(gradients(each_xp, special.log_expit, [-50.0, 50.0])[0], [1, np.exp(-50)], rtol=1e-12)
    np.testing.assert_allclose(gradients(each_xp, special.erfc, [5.0])[0], [-2 / np.sqrt(np.pi) * np.exp(-25.0)])
    assert gradients(each_xp, each_xp.sigmoid, [-1e4, 1e4]) == ([0, 0], [0, 0])


def test_slopes_of_scaled_error_functions_far_from_0(each_xp: Any) -> None:
    x = np.asarray([1e3, 1e8, 1e20, 1e30])
    first, second = gradients(each_xp, each_xp.special.erfcx, x)
    correction = 1 - 1.5 / x**2
    np.testing.assert_allclose(first, -correction / x**2 / sqrt(pi), rtol=1e-11)
    np.testing.assert_allclose(second, 2 * correction**2 / x**3 / sqrt(pi), rtol=1e-11)
    first, second = gradients(each_xp, each_xp.special.erfcx, np.asarray([1e3, inf], dtype=np.float32))
    np.testing.assert_allclose(first, [-1e-6 / sqrt(pi), 0], rtol=3e-6)
    assert second[1] == 0
    _, second = gradients(each_xp, each_xp.special.log_ndtr, np.asarray([-3e3], dtype=np.float32))
    np.testing.assert_allclose(second, -1, rtol=1e-6)


SPECIAL = xp.special
#: The integrals of the second and fourth power of the sine from 0 to 1.
SINE_2, SINE_4 = (2 - sin(2)) / 4, (12 - 8 * sin(2) + sin(4)) / 32

#: Functions whose derivatives are made with a division by 0 at some point: that point, how far from it a series goes,
#: the first derivative there, and the second.
REMOVABLE: dict[str, tuple[Any, float, float, float, float]] = {
    "beip": (SPECIAL.beip, 0, 1, 0.5, 0),
    "bei": (SPECIAL.bei, 0, 1, 0, 0.5),
    "berp": (SPECIAL.berp, 0, 1, 0, 0),
    "ellipe": (SPECIAL.ellipe, 0, 0.1, -pi / 8, -3 * pi / 64),
    "ellipeinc": (lambda m: SPECIAL.ellipeinc(1.0, m), 0, 0.1, -SINE_2 / 2, -SINE_4 / 4),
    "ellipk": (SPECIAL.ellipk, 0, 0.1, pi / 8, 9 * pi / 64),
    "ellipkinc": (lambda m: SPECIAL.ellipkinc(1.0, m), 0, 0.1, SINE_2 / 2, 3 * SINE_4 / 4),
    "ellipkm1": (SPECIAL.ellipkm1, 1, 0.1, -pi / 8, 9 * pi / 64),
    "i1": (SPECIAL.i1, 0, 1, 0.5, 0),
    "j1": (SPECIAL.j1, 0, 1, 0.5, 0),
    "lambertw": (lambda x: xp.real(SPECIAL.lambertw(x)), 0, 0.1, 1, -2),
    "rgamma": (SPECIAL.rgamma, 0, 0.5, 1, 2 * np.euler_gamma),
    "shichi": (lambda x: SPECIAL.shichi(x)[0], 0, 1, 1, 0),
    "sici": (lambda x: SPECIAL.sici(x)[0], 0, 1, 1, 0),
    "spence": (SPECIAL.spence, 1, 0.5, -1, 0.5),
}


@pytest.mark.parametrize("name", REMOVABLE)
def test_derivatives_at_and_beside_points_where_formulas_divide_by_0(name: str) -> None:
    f, at, radius, first, second = REMOVABLE[name]
    found = gradients(xp, f, at + np.asarray([0.0, 1e-14, -1e-12, 1e-9]))
    np.testing.assert_allclose(found, np.broadcast_to([[first], [second]], (2, 4)), rtol=1e-8, atol=1e-8)
    edges = [radius * (1 - 1e-11), radius * (1 + 1e-11), -radius * (1 - 1e-11), -radius * (1 + 1e-11)]
    within, outside, within_left, outside_left = np.transpose(gradients(xp, f, at + np.asarray(edges)))
    np.testing.assert_allclose([within, within_left], [outside, outside_left], rtol=1e-9, atol=1e-9)


def test_derivatives_of_complete_elliptic_integrals() -> None:
    m = np.linspace(-0.95, 0.95, 40)
    (first, second), hyp = gradients(xp, SPECIAL.ellipk, m), scipy_special.hyp2f1
    np.testing.assert_allclose(first, pi / 8 * hyp(1.5, 1.5, 2, m), rtol=1e-13)
    np.testing.assert_allclose(second, 9 * pi / 64 * hyp(2.5, 2.5, 3, m), rtol=1e-12)
    first, second = gradients(xp, SPECIAL.ellipe, m)
    np.testing.assert_allclose(first, -pi / 8 * hyp(0.5, 1.5, 2, m), rtol=1e-13)
    np.testing.assert_allclose(second, -3 * pi / 64 * hyp(1.5, 2.5, 3, m), rtol=1e-12)


#: Where a formula alone gives NaN: the function, the points, the first derivatives.
FINITE: dict[str, tuple[Any, Any, Any]] = {
    "rgamma": (SPECIAL.rgamma, [0.0, -1, -2, -5, -20], [1, -1, 2, -120, gamma(21)]),
    "powm1, 2": (lambda x: SPECIAL.powm1(x, 2.0), [0.0, -3], [0, -6]),
    "powm1, 1": (lambda x: SPECIAL.powm1(x, 1.0), [0.0], [1]),
    "powm1, by the exponent": (lambda y: SPECIAL.powm1(0.0, y), [0.5, 2], [0, 0]),
    "poch, 1": (lambda z: SPECIAL.poch(z, 1.0), [-2.0, -1, 0, 1.5], [1, 1, 1, 1]),
    "poch, 2": (lambda z: SPECIAL.poch(z, 2.0), [-2.0, -1, 0], [-3, -1, 1]),
    "poch, 5": (lambda z: SPECIAL.poch(z, 5.0), [-2.0, -6], [4, 1044]),
    "poch, 1/2": (lambda z: SPECIAL.poch(z, 0.5), [-2.0, 0], [8 / 3 * sqrt(pi), sqrt(pi)]),
    "binom, by k": (lambda k: SPECIAL.binom(3.0, k), [4.0, 5], [-0.25, 0.05]),
    "binom, by n": (lambda n: SPECIAL.binom(n, 2.0), [0.0, 1, 2], [-0.5, 0.5, 1.5]),
    "beta, first": (lambda a: SPECIAL.beta(a, 1.0), [-1.0, -2, -5], [-1, -0.25, -0.04]),
    "beta, second": (lambda b: SPECIAL.beta(1.0, b), [-1.0, -2, -5], [-1, -0.25, -0.04]),
    "beta, of a pole": (lambda a: SPECIAL.beta(a, 0.5), [-0.5], [-2 * pi]),
    "betaln": (lambda a: SPECIAL.betaln(a, 1.0), [-1.0, -2], [1, 0.5]),
    "boxcox": (lambda x: SPECIAL.boxcox(x, 1.0), [0.0, 2], [1, 1]),
    "boxcox, by the exponent": (lambda y: SPECIAL.boxcox(0.0, y), [0.5, 2], [4, 0.25]),
    "boxcox1p": (lambda x: SPECIAL.boxcox1p(x, 1.0), [-1.0, 2], [1, 1]),
    "boxcox1p, by the exponent": (lambda y: SPECIAL.boxcox1p(-1.0, y), [0.5, 2], [4, 0.25]),
    "inv_boxcox": (lambda y: SPECIAL.inv_boxcox(y, 1.0), [-1.0, 2], [1, 1]),
    "inv_boxcox, by the exponent": (lambda y: SPECIAL.inv_boxcox(-2.0, y), [0.5], [0]),
    "struve": (lambda x: SPECIAL.struve(-1, x), [0.0], [0]),
    "modstruve": (lambda x: SPECIAL.modstruve(-1.0, x), [0.0], [0]),
    "gdtr": (lambda a: SPECIAL.gdtr(a, 0.5, 0.0), [1.0, 2], [0, 0]),
    "gdtrc": (lambda a: SPECIAL.gdtrc(a, 0.5, 0.0), [1.0, 2], [0, 0]),
    "kerp": (SPECIAL.kerp, [0.0], [inf]),
    "spence": (SPECIAL.spence, [1e-20], [-20 * np.log(10)]),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", FINITE)
def test_derivatives_where_a_formula_alone_is_not_a_number(case: str, dtype: Any) -> None:
    f, x, first = FINITE[case]
    with np.errstate(all="ignore"):
        found, _ = gradients(xp, f, np.asarray(x, dtype=dtype))
    np.testing.assert_allclose(found, first, rtol=50 * np.finfo(dtype).eps, atol=1e-15)


# Forms of calls.


@pytest.mark.parametrize("name", ["digamma", "ellipk", "erf", "expit", "i0", "rgamma"])
def test_gradients_in_half_precision(name: str) -> None:
    """SciPy computes in a wider dtype."""
    x = np.asarray([0.5], dtype=np.float16)
    found = xpgrad.grad(lambda x: xp.sum(getattr(SPECIAL, name)(x)))(x)
    assert found.dtype == np.float16
    wide, _ = gradients(xp, getattr(SPECIAL, name), x.astype(np.float64))
    np.testing.assert_allclose(found, wide, rtol=1e-3)


def test_gradients_by_two_inputs_in_half_precision() -> None:
    x = np.asarray([0.5], dtype=np.float16)
    for f in (lambda x: SPECIAL.xlogy(x, x), lambda x: SPECIAL.xlogy(x, 2.0), lambda x: SPECIAL.beta(2.0, x)):
        assert xpgrad.grad(lambda x, f=f: xp.sum(f(x)))(x).dtype == np.float16


def test_higher_derivatives_of_the_gamma_function() -> None:
    x = np.asarray([0.7, 2.5, -1.3])
    f = xp.special.gammaln
    for n in range(4):
        f = xpgrad.grad(lambda x, f=f: xp.sum(f(x)))
        np.testing.assert_allclose(f(x), scipy_special.polygamma(n, x), rtol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_polygamma(n: int) -> None:
    x = np.asarray([0.7, 2.5, -1.3])
    np.testing.assert_allclose(xp.special.polygamma(n, x).asnumpy(), scipy_special.polygamma(n, x), rtol=1e-12)
    by_x = xpgrad.grad(lambda x: xp.sum(xp.special.polygamma(n, x)))
    np.testing.assert_allclose(by_x(x), scipy_special.polygamma(n + 1, x), rtol=1e-12)
    assert by_x(x.astype(np.float32)).dtype == xp.special.polygamma(n, x.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("name", ["erf", "erfc", "erfcx", "log_ndtr", "ndtr"])
def test_complex_numbers_where_scipy_takes_them(name: str) -> None:
    xpgrad.check_grads(getattr(xp.special, name), [np.asarray([0.3 + 0.4j, -0.5 + 0.2j])])


def test_the_order_of_a_zeta_function_has_no_gradient() -> None:
    with pytest.raises(NotDifferentiableError, match=r"special.zeta has no derivative rule for its argument 'order'"):
        xpgrad.grad(lambda s: xp.special.zeta(s, 1.0))(np.asarray(2.0))


@pytest.mark.parametrize("name", ["xlogy", "xlog1py"])
def test_numbers_leave_arrays_in_single_precision(name: str) -> None:
    x = np.asarray([0.5, 2.0], dtype=np.float32)
    for f in (lambda x: getattr(xp.special, name)(x, 1.3), lambda x: getattr(xp.special, name)(1.3, x)):
        assert f(x).dtype == np.float32
        assert xpgrad.grad(lambda x, f=f: xp.sum(f(x)))(x).dtype == np.float32


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_scipys_softmax_runs_over_all_axes(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3))
    scipys = getattr(scipy_special, name)
    np.testing.assert_allclose(getattr(xp.special, name)(x).asnumpy(), scipys(x), rtol=1e-14)
    np.testing.assert_allclose(getattr(xp, name)(x).asnumpy(), scipys(x, axis=-1), rtol=1e-14)


def test_factors_of_logsumexp() -> None:
    """A factor of 0 takes an exponential out, however large it is; with negative ones the sum may have a sign."""
    a, b = np.asarray([1e4, 0.0, 1.0]), np.asarray([0.0, 1.0, 2.0])
    np.testing.assert_allclose(xp.special.logsumexp(a, b=b).asnumpy(), np.log(1 + 2 * np.e), rtol=1e-15)
    by_a = xpgrad.grad(lambda a: xp.special.logsumexp(a, b=b))(a)
    np.testing.assert_allclose(by_a, [0, 1 / (1 + 2 * np.e), 2 * np.e / (1 + 2 * np.e)], rtol=1e-14)
    small = np.asarray([0.5, 0.0, 1.0])
    by_b = xpgrad.grad(lambda b: xp.special.logsumexp(small, b=b))(b)
    np.testing.assert_allclose(by_b, np.exp(small) / (1 + 2 * np.e), rtol=1e-14)
    value, sign = xp.special.logsumexp(a[1:], b=np.asarray([-3.0, 1.0]), return_sign=True)
    np.testing.assert_allclose([value.item(), sign.item()], [np.log(3 - np.e), -1], rtol=1e-14)
    with np.errstate(invalid="ignore"):
        assert np.isnan(xp.special.logsumexp(a[1:], b=np.asarray([-3.0, 1.0])).item())
    assert xp.special.logsumexp(np.asarray([inf, 1.0]), b=2.0).item() == inf
    value, sign = xp.special.logsumexp(small, return_sign=True)
    assert (value.item(), sign.item()) == (xp.logsumexp(small).item(), 1)


@pytest.mark.parametrize(
    ("name", "degree"),
    [
        *product(["eval_chebyt", "eval_chebyu", "eval_laguerre", "eval_legendre"], [0.3, 0.7, 1.5, -0.4, -1.6]),
        *product(["eval_chebyt", "eval_chebyu", "eval_legendre"], [-1, -2, -3]),
    ],
)
def test_polynomials_of_broken_or_negative_degree(name: str, degree: float) -> None:
    xpgrad.check_grads(lambda x: getattr(xp.special, name)(degree, x), [np.asarray([0.2, -0.4, 0.7])], order=1)


def test_zeta_without_a_start_is_riemanns() -> None:
    x = xp.asarray([2.0, 4.0])
    np.testing.assert_allclose(xp.special.zeta(x).asnumpy(), [np.pi**2 / 6, np.pi**4 / 90])
