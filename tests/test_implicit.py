"""Implicit differentiation: of roots, fixed points and minimisers, to any order, whatever the solver."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp
from xpgrad import implicit
from xpgrad.errors import DifferentiationError, FunctionError

A = np.asarray([1.5, 2.0, 3.0])


def newton(a: Any) -> Any:
    """Square roots, of plain NumPy arrays."""
    x = np.ones_like(np.asarray(a))
    for _ in range(20):
        x = x - (x * x - np.asarray(a)) / (2 * x)
    return x


roots = implicit.root(lambda x, a: x * x - a, newton)


def test_gradients_of_a_root() -> None:
    np.testing.assert_allclose(roots(A).asnumpy() if hasattr(roots(A), "asnumpy") else roots(A), np.sqrt(A))
    np.testing.assert_allclose(xpgrad.grad(lambda a: xp.sum(roots(a) ** 3))(A), 1.5 * np.sqrt(A))


def test_higher_orders() -> None:
    np.testing.assert_allclose(xpgrad.hessian(lambda a: xp.sum(roots(a)))(A), np.diag(-0.25 * A**-1.5), atol=1e-14)
    third = xpgrad.grad(lambda a: xp.sum(xpgrad.grad(lambda a: xp.sum(xpgrad.grad(lambda a: xp.sum(roots(a)))(a)))(a)))
    np.testing.assert_allclose(third(A), 0.375 * A**-2.5)


def test_forward_mode() -> None:
    _, tangent = xpgrad.jvp(roots, [A], [np.ones(3)])
    np.testing.assert_allclose(tangent, 0.5 / np.sqrt(A))


def test_a_system_of_equations_with_a_solver_of_scipys() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")

    def f(x: Any, p: Any) -> Any:
        return xp.stack([x[0] + p["a"] * x[1] ** 2 - 3.0, xp.sin(x[0]) * x[1] - p["b"]])

    def solver(p: Any) -> Any:
        done = optimize.root(lambda x: f(xp.asarray(x), p).asnumpy(), np.asarray([1.0, 1.0]), tol=1e-13)
        return done.x

    solve = implicit.root(f, solver)
    parameters = {"a": np.asarray(1.2), "b": np.asarray(0.8)}
    xpgrad.check_grads(lambda a, b: solve({"a": a, "b": b}), [parameters["a"], parameters["b"]])
    gradient = xpgrad.grad(lambda p: xp.sum(solve(p)))(parameters)
    assert gradient.keys() == {"a", "b"}


def test_a_fixed_point() -> None:
    def solver(a: Any) -> Any:
        x = np.asarray(0.5)
        for _ in range(200):
            x = np.cos(np.asarray(a) * x)
        return x

    solve = implicit.fixed_point(lambda x, a: xp.cos(a * x), solver)
    xpgrad.check_grads(solve, [np.asarray(0.9)])


def ridge(w: Any, x: Any, y: Any, penalty: Any) -> Any:
    return xp.sum((x @ w["slope"] + w["offset"] - y) ** 2) + penalty * xp.sum(w["slope"] ** 2)


def closed_form(x: Any, y: Any, penalty: Any) -> Any:
    x, y, penalty = np.asarray(x), np.asarray(y), np.asarray(penalty)
    off, center = x - x.mean(axis=0), y - y.mean()
    slope = np.linalg.solve(off.T @ off + penalty * np.eye(x.shape[1]), off.T @ center)
    return {"slope": slope, "offset": np.asarray(y.mean() - x.mean(axis=0) @ slope)}


@pytest.mark.parametrize("linear_solver", [None, implicit.conjugate_gradient])
def test_a_minimiser_with_nested_unknowns(linear_solver: Any) -> None:
    rng = np.random.default_rng(0)
    x, y, penalty = rng.normal(size=(8, 3)), rng.normal(size=8), np.asarray(0.7)
    fit = implicit.minimum(ridge, closed_form, linear_solver=linear_solver)

    def prediction(x: Any, y: Any, penalty: Any) -> Any:
        w = fit(x, y, penalty)
        return xp.sum(xp.asarray([0.3, -0.2, 0.5]) @ w["slope"]) + w["offset"] ** 2

    xpgrad.check_grads(prediction, [x, y, penalty])


def test_second_order_with_products_only() -> None:
    solve = implicit.root(lambda x, a: x * x - a, newton, linear_solver=implicit.conjugate_gradient)
    np.testing.assert_allclose(xpgrad.hessian(lambda a: xp.sum(solve(a)))(A), np.diag(-0.25 * A**-1.5), atol=1e-12)


def test_nothing_flows_to_what_is_no_array_of_floats() -> None:
    solve = implicit.root(lambda x, a, n: x**n - a, lambda a, n: np.asarray(a) ** (1 / n))
    np.testing.assert_allclose(xpgrad.grad(lambda a: xp.sum(solve(a, 3)))(A), A ** (-2 / 3) / 3)


def test_errors() -> None:
    with pytest.raises(DifferentiationError, match="real floating-point numbers, not int64"):
        implicit.root(lambda x, a: x - a, lambda a: np.asarray([1, 2]))(A[:2])
    for linear_solver in (None, implicit.conjugate_gradient):
        wrong = implicit.root(lambda x, a: xp.stack([x, x]) - a, lambda a: np.float64(2.0), linear_solver=linear_solver)
        with pytest.raises(DifferentiationError, match=r"form of x, of size 1, but .* of size 2: there must"):
            xpgrad.grad(wrong)(xp.asarray(4.0))
    shorter = implicit.fixed_point(lambda x, a: xp.sum(x) * a, lambda a: np.zeros(2))
    with pytest.raises(DifferentiationError, match="form of x, of size 2, but returned something of size 1"):
        xpgrad.grad(lambda a: xp.sum(shorter(a)))(4.0)
    with pytest.raises(DifferentiationError, match="has not converged in 3 steps"):
        implicit.conjugate_gradient(lambda v: xp.asarray(np.diag(np.arange(1.0, 9.0))) @ v, xp.ones(8), steps=3)


# Nested parameters as one vector.


def test_a_tree_becomes_a_vector_and_comes_back() -> None:
    tree = {"w": np.arange(6.0).reshape(2, 3), "b": [np.float32(1.0) * np.ones(2, np.float32), np.asarray(5.0)]}
    vector, unravel = xpgrad.ravel_tree(tree)
    assert type(vector) is np.ndarray
    np.testing.assert_array_equal(vector, [0, 1, 2, 3, 4, 5, 1, 1, 5])
    back = unravel(vector)
    assert (back["w"].shape, back["b"][0].dtype, back["b"][1].shape) == ((2, 3), np.float32, ())
    assert type(back["w"]) is np.ndarray


def test_a_loss_of_nested_parameters_has_a_gradient_by_the_vector() -> None:
    tree = {"w": np.asarray([[1.0, 2.0]]), "b": np.asarray(3.0)}
    vector, unravel = xpgrad.ravel_tree(tree)
    gradient = xpgrad.grad(lambda v: xp.sum(unravel(v)["w"] ** 2) * unravel(v)["b"])(vector)
    np.testing.assert_allclose(gradient, [6.0, 12.0, 5.0])
    through = xpgrad.grad(lambda tree: xp.sum(xpgrad.ravel_tree(tree)[0] ** 2))(tree)
    np.testing.assert_allclose(through["w"], [[2.0, 4.0]])


def test_a_vector_of_another_length_is_refused() -> None:
    _, unravel = xpgrad.ravel_tree([np.ones(2), np.ones(3)])
    with pytest.raises(DifferentiationError, match="a vector of length 5, not one of shape"):
        unravel(np.ones(4))


def test_a_tree_without_leaves() -> None:
    vector, unravel = xpgrad.ravel_tree({})
    assert vector.shape == (0,)
    assert unravel(vector) == {}


@pytest.mark.parametrize(
    "solve",
    [
        lambda a, b: implicit.root(lambda x, a: x * x - a * b, lambda a: newton((a * b.detach()).asnumpy()))(a),
        lambda a, b: implicit.root(lambda x, a: x * x - a, lambda a: xp.sqrt(a * b))(a),
        lambda a, b: implicit.fixed_point(lambda x, a: a * b + 0 * x, lambda a: a)(a),
        lambda a, b: implicit.minimum(lambda x, a: (x - a * b) ** 2, lambda a: a)(a),
    ],
)
def test_what_the_equation_or_the_solver_captures_is_not_lost_in_silence(solve: Any) -> None:
    with pytest.raises(FunctionError, match=r"uses an array that is being recorded and is not one of its arguments"):
        xpgrad.grad(lambda b: solve(xp.asarray(2.0), b))(3.0)
    with pytest.raises(FunctionError, match=r"Make it an argument, or use its detach"):
        xpgrad.grad(lambda a: solve(a, a * 1.0))(2.0)
    assert xpgrad.grad(lambda a: solve(a, a.detach()))(2.0) is not None


def test_a_solver_may_record_on_its_own() -> None:
    def descend(a: Any) -> Any:
        x = xp.ones_like(a)
        for _ in range(60):
            x = x - 0.2 * xpgrad.grad(lambda x: (x * x - a) ** 2 / 4)(x)
        return x

    assert xpgrad.grad(implicit.root(lambda x, a: x * x - a, descend))(2.0) == pytest.approx(8**-0.5)


def test_the_module_shows_its_functions_only():
    assert dir(implicit) == implicit.__all__ == ["conjugate_gradient", "fixed_point", "minimum", "root"]
