"""scipy.optimize takes our gradients, Jacobians, Hessians and products with these."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp

optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")

START = np.asarray([-1.2, 1.0, 0.7])


def rosenbrock(x: Any) -> Any:
    return xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "SLSQP", "TNC"])
def test_value_and_gradient(method: str) -> None:
    options = {"gtol": 1e-9} if method in ("BFGS", "CG") else {"maxfun": 2000} if method == "TNC" else {}
    found = optimize.minimize(xpgrad.value_and_grad(rosenbrock), START, jac=True, method=method, options=options)
    np.testing.assert_allclose(found.x, np.ones(3), atol=1e-3)


@pytest.mark.parametrize("method", ["Newton-CG", "trust-krylov", "trust-ncg"])
def test_products_with_the_hessian(method: str) -> None:
    found = optimize.minimize(
        xpgrad.value_and_grad(rosenbrock), START, jac=True, hessp=xpgrad.hvp(rosenbrock), method=method
    )
    np.testing.assert_allclose(found.x, np.ones(3), atol=1e-4)


@pytest.mark.parametrize("method", ["trust-exact", "dogleg"])
def test_the_hessian(method: str) -> None:
    start = START if method == "trust-exact" else np.asarray([1.1, 1.2, 1.3])  # dogleg wants it positive definite
    found = optimize.minimize(
        xpgrad.value_and_grad(rosenbrock), start, jac=True, hess=xpgrad.hessian(rosenbrock), method=method
    )
    np.testing.assert_allclose(found.x, np.ones(3), atol=1e-4)


TIMES = np.linspace(0.0, 4.0, 20)
DATA = 2.5 * np.exp(-1.3 * TIMES) + 0.5


def residuals(p: Any) -> Any:
    return p[0] * xp.exp(-p[1] * TIMES) + p[2] - DATA


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares(method: str) -> None:
    found = optimize.least_squares(
        lambda p: residuals(p).asnumpy() if hasattr(residuals(p), "asnumpy") else residuals(p),
        [1.0, 1.0, 0.0],
        jac=xpgrad.jacobian(residuals),
        method=method,
    )
    np.testing.assert_allclose(found.x, [2.5, 1.3, 0.5], rtol=1e-6)


def test_curve_fit() -> None:
    def model(t: Any, a: Any, b: Any, c: Any) -> Any:
        return a * np.exp(-b * t) + c

    def slopes(t: Any, *p: float) -> Any:
        return xpgrad.jacobian(lambda p: model(t, p[0], p[1], p[2]))(np.asarray(p))

    found, _ = optimize.curve_fit(model, TIMES, DATA, p0=[1.0, 1.0, 0.0], jac=slopes)
    np.testing.assert_allclose(found, [2.5, 1.3, 0.5], rtol=1e-6)


@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_roots(method: str) -> None:
    def f(x: Any) -> Any:
        return xp.stack([x[0] + x[1] ** 2 - 3.0, x[0] * x[1] - 1.0])

    found = optimize.root(
        lambda x: np.asarray(f(xp.asarray(x))), [1.0, 1.0], jac=xpgrad.jacobian(f), method=method, tol=1e-12
    )
    np.testing.assert_allclose(np.asarray(f(xp.asarray(found.x))), [0, 0], atol=1e-10)


def test_newtons_method_for_one_unknown() -> None:
    f = xpgrad.grad(lambda x: x**3 / 3 - 2 * x)
    found = optimize.newton(f, 1.0, fprime=xpgrad.grad(f))
    np.testing.assert_allclose(float(found), np.sqrt(2))


def test_constraints() -> None:
    circle = optimize.NonlinearConstraint(
        lambda x: np.asarray(xp.sum(xp.asarray(x) ** 2)), 1.0, 1.0, jac=xpgrad.grad(lambda x: xp.sum(x**2))
    )
    found = optimize.minimize(
        xpgrad.value_and_grad(lambda x: xp.sum(x)), [0.5, -0.2], jac=True, constraints=circle, method="SLSQP"
    )
    np.testing.assert_allclose(found.x, [-np.sqrt(0.5)] * 2, rtol=1e-5)


def test_nested_parameters() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 3))
    y = x @ [1.0, -2.0, 0.5] + 0.7
    start, unravel = xpgrad.ravel_tree({"slope": np.zeros(3), "offset": np.asarray(0.0)})

    def loss(v: Any) -> Any:
        p = unravel(v)
        return xp.mean((x @ p["slope"] + p["offset"] - y) ** 2)

    found = unravel(optimize.minimize(xpgrad.value_and_grad(loss), start, jac=True).x)
    np.testing.assert_allclose(found["slope"], [1.0, -2.0, 0.5], atol=1e-4)
    np.testing.assert_allclose(found["offset"], 0.7, atol=1e-4)
