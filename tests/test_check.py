"""The gradient checker finds wrong derivatives, and says where they are."""

import array_api_strict
import numpy as np
import pytest

import xpgrad as xp
from xpgrad import check_grads, custom_vjp, errors


def raw(*values):
    return np.array(values, dtype=float)


def cube(p):
    return p["w"][0] ** 3 * p["b"]


def wrong_by(fault):
    """x**3 and its derivative with a fault."""

    @custom_vjp
    def f(x):
        return x**3

    f.defvjp(lambda x: (x**3, x), lambda x, g: (g * (3 * x**2 + fault(x)),))
    return f


def test_right_derivatives_pass():
    p = {"w": [raw(1, 2)], "b": xp.asarray(3.0)}
    assert check_grads(cube, (p,)) is None
    check_grads(cube, [p], order=3, rtol=1e-4, atol=1e-4)
    check_grads(lambda x, y: (x @ y, {"s": xp.sum(x)}), (np.ones((2, 3)), np.arange(3.0)))
    check_grads(lambda x: x * 2, (3,))
    check_grads(lambda x: xp.argmax(x), (raw(1, 2),))
    check_grads(lambda x: x, (np.zeros((0, 2)),))
    check_grads(lambda: xp.ones(2), ())


def test_other_dtypes_and_libraries():
    check_grads(lambda x: xp.sin(x) * x, (np.ones(3, dtype=np.float32),))
    check_grads(lambda x: xp.sin(x) * x, (array_api_strict.asarray([0.5, 2.0]),))


@pytest.mark.parametrize("x", [[1e6, 2e6], [1e-6, 3.0, 1e9], [1e6 + 1e6j, 1j]], ids=str)
def test_large_entries_are_moved_by_large_steps(x):
    check_grads(lambda x: 3 * x, [np.asarray(x)], modes=["forward"])
    check_grads(lambda x: x * x, [np.asarray(x)], modes=["forward"])


def test_complex_numbers_follow_the_descent_convention():
    @custom_vjp
    def f(z):
        return z * z

    z = np.array([1 + 2j, 3 - 1j])
    f.defvjp(lambda z: (z * z, z), lambda z, g: (g * xp.conj(2 * z),))
    check_grads(f, (z,), order=1, modes=["reverse"])
    f.defvjp(lambda z: (z * z, z), lambda z, g: (g * (2 * z),))
    with pytest.raises(errors.GradientCheckError):
        check_grads(f, (z,), order=1, modes=["reverse"])


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_wrong_first_order_is_found(mode):
    f = wrong_by(lambda x: xp.asarray([0.0, 0.5]))
    with pytest.raises(errors.GradientCheckError) as caught:
        check_grads(lambda y, p: f(p["w"][1]) + y, (1.0, {"w": [2.0, raw(1, 2)]}), modes=[mode])
    message = str(caught.value)
    assert f"{mode} mode, order 1" in message
    assert "argument 1['w'][1]" in message
    assert "entry (1,)" in message
    assert isinstance(caught.value, AssertionError)


def test_argnums_choose_the_arguments():
    f = lambda x, n, y: x**n * wrong_by(lambda y: 0.5)(y)
    check_grads(f, (raw(1, 2), 3, 2.0), argnums=0)
    check_grads(lambda x, n, y: x**n * y, (raw(1, 2), 3, 2.0), argnums=(-1, 0))
    with pytest.raises(errors.GradientCheckError, match="by argument 2, entry"):
        check_grads(f, (raw(1, 2), 3, 2.0), argnums=[0, -1])
    with pytest.raises(errors.DifferentiationError, match=r"args should be a tuple or list .* written \(x,\)"):
        check_grads(xp.sin, np.ones(2))
    with pytest.raises(errors.DifferentiationError, match="argnums names argument 3"):
        check_grads(f, (raw(1, 2), 3, 2.0), argnums=3)


def test_both_values_are_named():
    f = wrong_by(lambda x: 0.5)
    with pytest.raises(
        errors.GradientCheckError,
        match=r"the derivative is .*, but central differences give .*\. It is off by .*; .* is allowed",
    ):
        check_grads(f, (raw(1, 2),))


def test_a_wrong_second_order_is_found():
    def fault(x):
        return xp.asarray(x.asnumpy()) * 0.5 - x * 0.5  # zero, but not to the derivative

    f = wrong_by(fault)
    check_grads(f, (raw(1, 2),), order=1)
    with pytest.raises(errors.GradientCheckError, match=r"reverse mode, order 2: by argument 0, entry \(0,\)"):
        check_grads(f, (raw(1, 2),))


def test_nan_is_wrong():
    with pytest.raises(errors.GradientCheckError, match="nan"):
        check_grads(wrong_by(lambda x: xp.nan), (raw(1, 2),))


def test_tolerances_and_steps_can_be_set():
    f = wrong_by(lambda x: 1e-3)
    check_grads(f, (raw(1, 2),), order=1, atol=1e-2)
    check_grads(f, (raw(1, 2),), order=1, rtol=1e-2)
    with pytest.raises(errors.GradientCheckError):
        check_grads(lambda x: x**3, (raw(1, 2),), order=1, eps=0.1)


def test_bad_calls():
    with pytest.raises(ValueError, match="unknown mode 'backward'"):
        check_grads(xp.sin, (1.0,), modes=["backward"])
    with pytest.raises(errors.VariableError, match="argument 1"):
        check_grads(lambda x, y: x, (1.0, np.arange(2)))
    with pytest.raises(errors.DifferentiationError, match="returned float"):
        check_grads(lambda x: 1.0, (1.0,))
