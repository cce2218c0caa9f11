"""The functional API: what goes in and comes out, nesting, and the errors."""

import gc
import tracemalloc
import weakref
from collections import OrderedDict, namedtuple
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import array_api_strict
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xpgrad as xp
from xpgrad import (
    Array,
    autograd,
    check_grads,
    checkpoint,
    errors,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)

Point = namedtuple("Point", "x y")


def raw(*values):
    return np.array(values, dtype=float)


def array(*values):
    return xp.asarray(raw(*values))


def same(a, b, **tolerance):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), **({"rtol": 1e-12} | tolerance))


# What goes in and comes out


def test_numbers_in_raw_zero_dimensional_arrays_out():
    for one in (4, 4.0, np.float64(4)):
        g = grad(lambda x: x**2)(one)
        assert isinstance(g, np.ndarray)
        assert g.shape == ()
        assert str(g) == "8.0"
    value, g = value_and_grad(lambda a, b, c: 3 * a + b**2 - c, [0, 1, 2])(2, 3, 4)
    assert [float(part) for part in g] == [3.0, 6.0, -1.0]
    assert type(value) is np.ndarray
    assert value == 11.0


def test_a_number_becomes_an_array_of_the_active_backend():
    with xp.use_backend("array_api_strict"):
        g = grad(lambda x: x * x)(3)
    assert isinstance(g, type(array_api_strict.asarray(1.0)))
    assert float(g) == 6.0


def test_raw_in_raw_out_and_array_in_array_out():
    f = lambda x, y: xp.sum(x * y)
    g = grad(f)(raw(1, 2), raw(3, 4))
    assert type(g) is np.ndarray
    g = grad(f)(array(1, 2), raw(3, 4))
    assert type(g) is Array
    a, b = grad(f, (0, 1))(array(1, 2), raw(3, 4))
    assert type(a) is Array
    assert type(b) is np.ndarray
    value, _ = value_and_grad(f)(raw(1, 2), raw(3, 4))
    assert type(value) is np.ndarray
    value, _ = value_and_grad(f)(raw(1, 2), array(3, 4))
    assert type(value) is Array


def test_strict_arrays():
    x = array_api_strict.asarray([1.0, 2.0])
    first, second = grad(lambda x: xp.sum(x * x))(x), hessian(lambda x: xp.sum(x**3))(x)
    for out in (first, second, *vjp(xp.sin, x)[1](x), *jvp(xp.sin, (x,), (x,))):
        assert isinstance(out, type(x))


def test_arrays_stay_on_their_device():
    device = array_api_strict.Device("device1")  # refuses to go to the CPU and back
    x = array_api_strict.asarray([1.0, 2.0], device=device)
    f = lambda x: xp.sum(xp.sin(x) * x[0])
    derivatives = [*value_and_grad(f)(x), *jvp(xp.sin, (x,), (x,)), jacobian(xp.sin)(x), hessian(f)(x), hvp(f)(x, x)]
    derivatives += [*vjp(xp.sin, x)[1](x), hessian(checkpoint(f))(x)]
    assert all(out.device == device for out in derivatives)


def test_float32_stays_float32():
    x = np.ones(3, dtype=np.float32)
    assert grad(lambda x: xp.sum(xp.sin(x) * 2.0))(x).dtype == np.float32
    assert grad(lambda x: x * 2.0)(np.float32(1)).dtype == np.float32
    assert hessian(lambda x: xp.sum(x**3))(x).dtype == np.float32
    assert jvp(xp.sin, (x,), (np.ones(3),))[1].dtype == np.float32


def test_argnums():
    f = lambda x, y, z: x * y**2 * z**3
    at = (2.0, 3.0, 5.0)
    assert float(grad(f, 1)(*at)) == 2 * 2 * 3 * 125
    assert float(grad(f, -1)(*at)) == 2 * 9 * 3 * 25
    assert type(grad(f, (0, -1))(*at)) is tuple
    assert type(grad(f, [2])(*at)) is list
    assert grad(f, ())(array(2.0), 3.0, 5.0) == ()
    assert float(grad(f, np.int64(1))(*at)) == 2 * 2 * 3 * 125
    assert type(grad(f, [np.int64(2)])(*at)) is list
    for wrong in (3, -4, (0, 7)):
        with pytest.raises(errors.DifferentiationError, match="called with 3 positional arguments"):
            grad(f, wrong)(*at)
    for wrong in ("0", None, 1.0, (0, "1"), np.asarray([0])):
        with pytest.raises(errors.DifferentiationError, match="argnums should be an int, or a tuple or list of them"):
            grad(f, wrong)(*at)
    with pytest.raises(errors.DifferentiationError, match="twice"):
        grad(f, (0, -3))(*at)
    with pytest.raises(errors.DifferentiationError, match="by position"):
        grad(lambda x: x)(x=1.0)


def test_keywords_pass_through():
    def f(x, *, power, scale=1.0):
        return xp.sum(scale * x**power)

    same(grad(f)(raw(1, 2), power=3), [3, 12])
    same(hessian(f)(raw(1, 2), power=3, scale=2.0), [[12, 0], [0, 24]])
    same(hvp(f)(raw(1, 2), raw(1, 1), power=3), [6, 12])
    assert grad(f).__name__ == "f"


def test_aux():
    f = lambda x: (xp.sum(x * x), {"twice": 2 * x, "note": "kept", "input": x})
    g, aux = grad(f, has_aux=True)(raw(1, 2))
    same(g, [2, 4])
    assert type(aux["twice"]) is np.ndarray
    assert aux["note"] == "kept"
    (value, aux), g = value_and_grad(f, has_aux=True)(array(1, 2))
    assert type(aux["twice"]) is type(value) is Array
    assert aux["twice"]._node is aux["input"]._node is value._node is None
    _, pull_back, aux = vjp(f, raw(1, 2), has_aux=True)
    same(pull_back(1.0)[0], [2, 4])
    assert aux["note"] == "kept"
    assert len(jvp(f, (raw(1, 2),), (raw(1, 2),), has_aux=True)) == 3
    h, aux = hessian(f, has_aux=True)(raw(1, 2))
    same(h, 2 * np.eye(2))
    assert type(aux["twice"]) is np.ndarray
    with pytest.raises(errors.DifferentiationError, match="pair"):
        grad(xp.sum, has_aux=True)(raw(1, 2))


def test_nested_parameters():
    def loss(p):
        return xp.sum((p["w"] @ p["layers"][0].x + p["layers"][0].y) ** 2) * p["scale"]

    layers = [Point(raw(1, 2, 3), array(1, 1))]
    p = OrderedDict(w=np.arange(6.0).reshape(2, 3), layers=layers, scale=2, nothing=None, end=())
    g = grad(loss)(p)
    assert type(g) is OrderedDict
    assert list(g) == list(p)
    assert type(g["layers"][0]) is Point
    assert type(g["layers"][0].y) is Array
    assert g["nothing"] is None
    assert g["end"] == ()
    residual = p["w"] @ raw(1, 2, 3) + 1
    same(g["w"], 4 * np.outer(residual, [1, 2, 3]))
    same(g["layers"][0].y, 4 * residual)
    same(g["scale"], np.sum(residual**2))


def test_errors_name_the_place():
    with pytest.raises(errors.DifferentiationError, match=r"argument 0\['w'\]\[1\] is str 'text'"):
        grad(lambda p: p)({"w": [1.0, "text"]})
    with pytest.raises(errors.VariableError, match=r"int64 \(argument 1\['k'\]\)"):
        grad(lambda x, p: x, argnums=1)(1.0, {"k": np.arange(3)})
    with pytest.raises(errors.DifferentiationError, match="bool"):
        grad(lambda x: x)(True)


def test_a_non_scalar_is_summed():
    same(grad(lambda x: x**2)(raw(1, 2)), [2, 4])


def test_what_does_not_depend_has_a_gradient_of_zeros():
    x = raw(1, 2)
    same(grad(lambda x: xp.asarray(3.0))(x), [0, 0])
    same(grad(lambda x: np.ones(3))(x), [0, 0])
    same(grad(lambda x, y: xp.sum(y), 0)(x, x), [0, 0])
    same(grad(lambda x: xp.argmax(x))(x), [0, 0])
    same(jacobian(lambda x: xp.ones(3))(x), np.zeros((3, 2)))
    same(jvp(lambda x: xp.ones(3), (x,), (x,))[1], np.zeros(3))
    same(vjp(lambda x: xp.ones(3), x)[1](np.ones(3))[0], [0, 0])
    same(hessian(xp.sum)(x), np.zeros((2, 2)))


def test_deep_functions():
    def f(x):
        for _ in range(10_000):
            x = x * 1.0001
        return x

    expected = 1.0001**10_000
    for g in (grad(f), grad(checkpoint(f)), lambda x: jvp(f, (x,), (1.0,))[1]):
        same(g(1.0), expected, rtol=1e-9)
    same(hvp(f)(1.0, 1.0), 0)


def test_a_number_returned_is_an_error_that_names_the_line():
    def f(x):
        with pytest.warns(errors.GradientLostWarning):
            total = float(xp.sum(x))  # here
        return total * 2

    here = f.__code__.co_firstlineno + 2
    with pytest.raises(errors.DifferentiationError, match=rf"test_functional.py:{here}\.") as caught:
        grad(f)(raw(1, 2))
    assert "returned float 6.0" in str(caught.value)
    with pytest.raises(errors.DifferentiationError) as caught:
        grad(lambda x: 1.0)(raw(1, 2))
    assert "history" not in str(caught.value)
    with pytest.raises(errors.DifferentiationError, match="has_aux"):
        grad(lambda x: (x, x))(raw(1, 2))
    with pytest.raises(errors.DifferentiationError, match="NoneType"):
        grad(lambda x: None)(raw(1, 2))


def test_the_callers_arrays_are_not_touched():
    def f(p):
        p["x"][0] = 5.0
        p["x"] *= 2.0
        return xp.sum(p["x"] ** 2)

    for x in (raw(1, 2), array(1, 2)):
        p = {"x": x}
        same(grad(f)(p)["x"], [0, 16])
        same(p["x"], [1, 2])
    x = array(1, 2)
    x.attach_grad()
    same(grad(f)({"x": x})["x"], [0, 16])
    same(x.grad, [0, 0])


def test_raw_results_are_the_callers_own():
    x, y, v = raw(1, 2), raw(3, 4), raw(5, 6)
    gx, gy = grad(lambda x, y: x + y, (0, 1))(x, y)
    gx *= 10
    same(gy, [1, 1])
    out, pull_back = vjp(lambda x, y: x + y, x, y)
    gx, gy = pull_back(v)
    gx *= 10
    same(gy, [5, 6])
    same(v, [5, 6])
    (value, aux), g = value_and_grad(lambda x: (x, x), has_aux=True)(x)
    for mine in (value, aux, g, jvp(lambda x: x, (x,), (v,))[1]):
        mine *= 10
    same(x, [1, 2])
    same(v, [5, 6])
    out, pull_back = vjp(xp.exp, x)
    out *= 0  # the derivative of exp is its result
    same(pull_back(np.ones(2))[0], np.exp(x))


def test_the_training_mode_does_not_change():
    seen = []

    def f(x):
        seen.append((autograd.is_training(), autograd.is_recording()))
        return x

    grad(f)(1.0)
    with autograd.train_mode():
        grad(f)(1.0)
    assert seen == [(False, True), (True, True)]
    assert not autograd.is_recording()
    with pytest.raises(ZeroDivisionError):
        grad(lambda x: 1 / 0)(1.0)
    assert not autograd.is_recording()


# Nesting


def test_any_order():
    f = lambda x: x**5
    expected = 2.0**5
    for order in range(1, 7):
        f, expected = grad(f), expected * (6 - order) / 2.0
        same(f(2.0), expected)
        same(f(array(2.0, 2.0)), [expected] * 2)


def test_perturbations_are_not_confused():
    assert float(grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0)) == 1.0
    assert float(grad(lambda x: grad(lambda y: x * y)(1.0))(2.0)) == 1.0
    assert float(grad(lambda x: x * grad(lambda y: x * y * y)(3.0))(2.0)) == 2 * 2 * 2 * 3.0
    assert float(grad(lambda x: jvp(lambda y: x * y, (1.0,), (x,))[1])(3.0)) == 6.0


def test_a_history_is_never_lost_to_a_raw_result():
    x = raw(1, 2)
    same(grad(lambda w: xp.sum(value_and_grad(lambda x: xp.sum(w * x**2))(x)[0]))(raw(3, 4)), x**2)
    same(grad(lambda w: xp.sum(jacobian(lambda x: w * x**2)(x)))(raw(3, 4)), 2 * x)
    same(grad(lambda w: xp.sum(hessian(lambda x: xp.sum(w * x**3))(x)))(raw(3, 4)), 6 * x)
    same(grad(lambda w: xp.sum(hvp(lambda x: xp.sum(w * x**3))(x, x)))(raw(3, 4)), 6 * x**2)
    same(grad(lambda w: xp.sum(vjp(lambda x: w * x**2, x)[1](x)[0]))(raw(3, 4)), 2 * x**2)
    same(grad(lambda v: xp.sum(vjp(lambda x: x**2, x)[1](v)[0]))(raw(3, 4)), 2 * x)
    same(grad(lambda v: xp.sum(jvp(lambda x: x**3, (x,), (v,))[1]))(raw(3, 4)), 3 * x**2)


def test_inside_record():
    x, w = array(1, 2), array(3, 4)
    w.attach_grad()
    with autograd.record():
        g = grad(lambda x: xp.sum(w * x**3))(x)
        loss = xp.sum(g)
    loss.backward()
    same(w.grad, [3, 12])
    x.attach_grad()
    with autograd.record():
        value, g = value_and_grad(lambda x: xp.sum(x**3))(x)
        loss = xp.sum(g * g) + value
    loss.backward()
    same(x.grad, 36 * raw(1, 8) + 3 * raw(1, 4))
    with autograd.record():
        constant = grad(lambda x: xp.sum(x**3))(raw(1, 2))
        value, g = value_and_grad(lambda x: xp.sum(x**3))(array(1, 2))
    assert type(constant) is np.ndarray
    assert value._node is g._node is None
    outside = grad(lambda x: xp.sum(x**3))(x)
    assert outside._node is None
    with autograd.record(), autograd.pause():
        assert grad(lambda x: xp.sum(x**3))(x)._node is None


def test_an_array_as_input_and_captured():
    x = array(2.0)
    x.attach_grad()
    same(grad(lambda y: y * x)(x), [2])
    with autograd.record():
        g = grad(lambda y: y * y * x)(x)  # 2 x x
    g.backward()
    same(x.grad, [8])


def test_threads_do_not_disturb_one_another():
    def work(i):
        return [float(grad(grad(lambda x: i * x**3))(2.0)) for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        for i, found in enumerate(pool.map(work, range(8))):
            assert found == [12.0 * i] * 50


def test_hessian_inside_grad():
    x = raw(1, 2, 3)
    f = lambda x: xp.sum(xp.sin(x) * x**2)
    total = lambda x: xp.sum(hessian(f)(x))
    numeric = [(total(x + h) - total(x - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    same(grad(total)(x), numeric, rtol=1e-6)


# The transforms


def test_vjp_pulls_back_any_number_of_times():
    x, y = raw(1, 2), raw(3, 4)
    out, pull_back = vjp(lambda x, p: {"product": x * p["y"], "sum": [xp.sum(x)]}, x, {"y": y})
    same(out["product"], x * y)
    for _ in range(3):
        gx, gp = pull_back({"product": raw(1, 10), "sum": [2.0]})
        same(gx, y * [1, 10] + 2)
        same(gp["y"], x * [1, 10])
    with pytest.raises(errors.HeadGradientError, match=r"the cotangent should be a dict with the keys"):
        pull_back({"product": x})
    with pytest.raises(errors.HeadGradientError, match=r"the cotangent\['product'\] should have shape \(2,\)"):
        pull_back({"product": raw(1), "sum": [2.0]})
    with pytest.raises(errors.HeadGradientError, match=r"\['sum'\] should be a list of length 1"):
        pull_back({"product": x, "sum": 2.0})
    for wrong in (1j, np.ones(2) * 1j):
        with pytest.raises(errors.HeadGradientError, match=r"the cotangent is complex, .* array of float64: give the"):
            vjp(xp.sin, raw(1, 2))[1](wrong)
    with pytest.raises(errors.HeadGradientError, match=r"\['sum'\]\[0\] should be an array"):
        pull_back({"product": x, "sum": [None]})


def test_jvp():
    x, v = raw(1, 2), raw(3, 5)
    out, tangent = jvp(lambda x, y: (x * xp.sin(y), [xp.sum(x)]), (x, x), (v, 2 * v))
    same(out[0], x * np.sin(x))
    same(tangent[0], v * np.sin(x) + x * np.cos(x) * 2 * v)
    same(tangent[1][0], 8)
    same(jvp(lambda x: x, (x,), (v,))[1], v)
    same(jvp(lambda x: x * x, (3.0,), (1,))[1], 6)
    with pytest.raises(errors.DifferentiationError, match=r"tangents\[0\] should have shape \(2,\), but has"):
        jvp(xp.sin, (x,), (raw(1, 2, 3),))
    with pytest.raises(errors.DifferentiationError, match="tangents should be a tuple of length 1"):
        jvp(xp.sin, (x,), x)
    with pytest.raises(errors.DifferentiationError, match=r"primals should be a tuple or list .* written \(x,\)"):
        jvp(xp.sin, x, v)
    with pytest.raises(errors.DifferentiationError, match=r"tangents\[0\] is complex, .* array of float64"):
        jvp(xp.sin, (x,), (1j * v,))


def test_jvp_with_infinite_local_derivatives():
    same(jvp(lambda x: xp.sqrt(x) * xp.asarray([0.0, 1.0]), (raw(1, 4),), (raw(1, 1),))[1], [0, 0.25])
    same(jvp(lambda x: xp.exp(xp.log(x)), (raw(1, 2),), (raw(0, 1),))[1], [0, 1])


def test_jacobian_of_any_shapes():
    x = np.arange(6.0).reshape(2, 3)
    jac = jacobian(lambda x: xp.sum(x**2, axis=1))(x)
    assert jac.shape == (2, 2, 3)
    same(jac[1], [[0, 0, 0], 2 * x[1]])
    assert jacobian(lambda x: x[:0])(x).shape == (0, 3, 2, 3)
    assert jacobian(lambda x: xp.sum(x))(np.zeros((0, 3))).shape == (0, 3)
    assert jacobian(lambda x: x**2)(3.0).shape == ()
    jac = jacobian(lambda a, p: {"out": a * p["b"]}, (0, 1))(2.0, {"b": raw(1, 2)})
    assert set(jac) == {"out"}
    same(jac["out"][0], [1, 2])
    same(jac["out"][1]["b"], 2 * np.eye(2))


def test_hessian_of_nested_parameters():
    f = lambda p: xp.sum(p["a"] ** 2 * p["b"])
    h = hessian(f)({"a": raw(1, 2), "b": 3.0})
    same(h["a"]["a"], 6 * np.eye(2))
    same(h["a"]["b"], [2, 4])
    same(h["b"]["b"], 0)
    h = hessian(lambda x, y: x * x * y, (0, 1))(2.0, 3.0)
    assert [[float(part) for part in row] for row in h] == [[6.0, 4.0], [4.0, 0.0]]


def test_hvp_equals_the_hessian_times_the_vector():
    x, v = raw(1, 2, 3), raw(4, 5, 6)
    f = lambda x: xp.sum(xp.sin(x) * x[0]) + xp.prod(x)
    same(hvp(f)(x, v), hessian(f)(x) @ v)
    assert type(hvp(f)(array(1, 2, 3), v)) is Array
    g = hvp(lambda x, y: x * x * y, (0, 1))(2.0, 3.0, (1.0, 10.0))
    assert [float(part) for part in g] == [6 + 40, 4.0]
    p = hvp(lambda k, p: xp.sum(p["w"] ** 3) * k, -1)(2.0, {"w": x}, {"w": v})
    same(p["w"], 12 * x * v)
    with pytest.raises(errors.DifferentiationError, match=r"the vector\['w'\] should have shape"):
        hvp(lambda p: xp.sum(p["w"]))({"w": x}, {"w": v[:2]})
    for forgotten in ((), (x,)):
        with pytest.raises(errors.DifferentiationError, match=r"0 positional.*The vector comes after them: hvp\(f\)"):
            hvp(f)(*forgotten)


def test_hvp_of_many_dimensions_forms_no_hessian():
    n = 100_000
    x = np.linspace(0.5, 1.5, n)
    f = lambda x: xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    tracemalloc.start()
    product = hvp(f)(x, np.ones(n))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * x.nbytes
    h = 1e-6
    same(product, (grad(f)(x + h) - grad(f)(x - h)) / (2 * h), rtol=1e-5, atol=1e-3)


def test_stop_gradient():
    assert float(grad(lambda x: x * stop_gradient(x))(3.0)) == 3.0
    tree = stop_gradient({"a": array(1.0), "b": [2, None, "text"]})
    assert tree["b"] == [2, None, "text"]
    assert float(grad(lambda p: p["a"] * stop_gradient(p)["b"])({"a": 2.0, "b": 3.0})["b"]) == 0.0


STEPS = st.sampled_from(["sin", "exp", "tanh", "square", "negative", "mix", "sum", "index"])


@given(st.lists(STEPS, min_size=1, max_size=5))
def test_random_functions(steps):
    def f(x, y):
        for step in steps:
            if step == "mix":
                x, y = x * y + y, xp.tanh(x)
            elif step == "sum":
                x = x * xp.mean(y)
            elif step == "index":
                x = xp.concat([x[1:], x[:1] * y[0]])
            else:
                x = getattr(xp, step)(x) * 0.5
        return x

    check_grads(f, (raw(0.3, -0.4), raw(0.7, 0.2)), rtol=1e-5, atol=1e-5)


# Recomputation


def mlp(w, x, n=10):
    for _ in range(n):
        x = xp.tanh(w * x)
    return x


def test_checkpoint_gives_the_same_gradients():
    w, x = raw(0.5, 0.6), raw(1, 2)
    plain = lambda w, x: xp.sum(mlp(w, x))
    kept = lambda w, x: xp.sum(checkpoint(mlp)(w, x, n=10))
    for transform in (partial(grad, argnums=(0, 1)), partial(hessian, argnums=(0, 1))):
        for a, b in zip(transform(plain)(w, x), transform(kept)(w, x), strict=True):
            same(a, b)
    same(grad(grad(grad(kept)))(raw(0.5), raw(1)), grad(grad(grad(plain)))(raw(0.5), raw(1)))
    check_grads(kept, (w, x))


def test_checkpoint_of_captured_arrays():
    w, x = array(0.5, 0.6), array(1, 2)
    found = []
    for transform in (lambda f: f, checkpoint):
        w.attach_grad()
        x.attach_grad()
        with autograd.record():
            scaled = 2.0 * w  # recorded before it is captured
            block = transform(lambda x, scaled=scaled: mlp(scaled, x) * w)
            loss = xp.sum(block(x) ** 2)
        loss.backward()
        found.append((w.grad, x.grad))
    same(found[0], found[1])


def test_checkpoint_of_nested_arguments_and_several_outputs():
    @checkpoint
    def f(p, *, factor):
        w = p["w"]
        return {"a": w * factor, "b": [xp.sum(w**2), "text"], "unused": xp.exp(w), "index": xp.argmax(w)}

    def loss(p, factor):
        out = f(p, factor=factor)
        assert out["b"][1] == "text"
        return xp.sum(out["a"]) * out["b"][0]

    w, factor = raw(1, 2), 3.0
    g, k = grad(loss, (0, 1))({"w": w}, factor)
    same(g["w"], 3 * 5 + 3 * 3 * 2 * w)
    same(k, 15)
    check_grads(loss, ({"w": w}, factor))


def test_checkpoint_without_record_or_history_just_runs():
    assert type(checkpoint(lambda x: x * 2)(raw(1, 2))) is np.ndarray
    with autograd.record():
        assert checkpoint(lambda x: x * 2)(array(1, 2))._node is None


def test_checkpoints_nest_and_keep_the_modes():
    seen = []

    @checkpoint
    def inner(x):
        seen.append((autograd.is_training(), xp.get_backend()))
        return xp.sin(x)

    outer = checkpoint(lambda x: inner(x) * inner(x))
    x = array(0.5, 0.6)
    x.attach_grad()
    with autograd.record(train_mode=True), xp.use_backend("array_api_strict"):
        y = outer(x)
    y.backward(train_mode=False)
    same(x.grad, 2 * np.sin(x.data) * np.cos(x.data))
    assert set(seen) == {(True, "array_api_strict")}


def test_a_graph_shows_a_checkpoint():
    w, x = array(0.5, 0.6), xp.asarray(np.ones(2, dtype=np.float32))
    w.attach_grad()
    x.attach_grad()
    with autograd.record():
        scaled = w * 2.0
        y = checkpoint(lambda x: xp.astype(x, xp.float64) * scaled)(x)
    text = str(autograd.get_symbol(y))
    assert "<lambda>(" in text
    assert "float32[2]" in text


POINT = np.asarray([1.0, 2.0])

AT_A_CONSTANT = {
    "grad": lambda v: grad(lambda w: xp.sum(w**3 * v))(POINT),
    "value": lambda v: value_and_grad(lambda w: xp.sum(w**3 * v))(POINT)[0],
    "hvp": lambda v: hvp(lambda w: xp.sum(w**3))(POINT, v),
    "jvp": lambda v: jvp(lambda w: w**3, (POINT,), (v,))[1],
    "vjp": lambda v: vjp(lambda w: w**3, POINT)[1](v)[0],
    "jacobian": lambda v: jacobian(lambda w: w**3 * v)(POINT),
    "hessian": lambda v: hessian(lambda w: xp.sum(w**3 * v * v))(POINT),
}


@pytest.mark.parametrize("f", AT_A_CONSTANT.values(), ids=AT_A_CONSTANT)
def test_a_checkpointed_function_may_differentiate_at_a_constant_point(f):
    x = np.asarray([3.0, 4.0])
    again = checkpoint(f)
    np.testing.assert_array_equal(grad(lambda x: xp.sum(again(x)))(x), grad(lambda x: xp.sum(f(x)))(x))
    second = hessian(lambda x: xp.sum(f(x * x)))(x)
    np.testing.assert_allclose(hessian(lambda x: xp.sum(again(x * x)))(x), second, rtol=1e-14)


def test_a_graph_has_no_variable_for_a_constant_that_is_differentiated_by():
    x = array(1.0, 2.0)
    x.attach_grad()
    with autograd.record():
        graph = autograd.get_symbol(hvp(lambda w: xp.sum(w**3))(POINT, x))
    assert [str(v.label) for v in graph.variables] == ["var0"]
    assert graph(array(3.0, 4.0)).tolist() == [18.0, 48.0]


@pytest.mark.parametrize("library", ["numpy", "array_api_strict", "dask"])
def test_backward_inside_of_a_transform_stops_at_its_inputs(library):
    pytest.importorskip(library, reason=f"{library} is not installed")
    namespace = xp.namespace(library)
    v = namespace.asarray([1.0, 2.0])
    v.attach_grad()

    def f(w):
        xp.sum(w * w * v).backward()
        return xp.sum(w)

    assert np.asarray(grad(f)(namespace.asarray([3.0, 4.0])).data).tolist() == [1.0, 1.0]
    assert np.asarray(v.grad.data).tolist() == [9.0, 16.0]


def test_checkpoint_saves_memory():
    x = np.full(100_000, 0.5)

    def peak(block):
        def loss(x):
            for _ in range(8):
                x = block(x)
            return xp.sum(x)

        gc.collect()
        tracemalloc.start()
        g = grad(loss)(x)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most, g

    block = lambda x: mlp(0.9, x, 16)
    most, expected = peak(block)
    least, found = peak(checkpoint(block))
    same(found, expected)
    assert least < 0.35 * most


def test_checkpoint_notices_that_the_second_run_differs():
    switch = [array(1.0), array(2.0)]
    for w in switch:
        w.attach_grad()
    x = array(3.0)
    x.attach_grad()
    with autograd.record():
        y = checkpoint(lambda x: x * switch[0])(x)
    switch.reverse()
    with pytest.raises(errors.DifferentiationError, match="second run"):
        y.backward()


def test_a_checkpointed_function_may_write_to_its_arguments():
    @checkpoint
    def f(x):
        x[0] = x[1]
        x *= x
        return xp.sum(x)

    x = array(1, 2)
    same(grad(f)(x), [0, 8])
    same(hessian(f)(x), [[0, 0], [0, 4]])
    same(x, [1, 2])


def test_a_later_write_does_not_reach_a_checkpoint():
    x = array(1, 2)
    x.attach_grad()
    with autograd.record():
        y = checkpoint(lambda x: x**3)(x)
    x[:] = 10.0
    y.backward()
    same(x.grad, [3, 12])


def test_everything_is_freed_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        x = raw(1, 2)
        alive = []

        def f(x):
            y = xp.sin(x)
            alive.append(weakref.ref(y))
            return xp.sum(checkpoint(lambda y: y * y)(y))

        grad(f)(x)
        hessian(f)(x)
        hvp(f)(x, x)
        jvp(f, (x,), (x,))
        vjp(f, x)[1](1.0)
        assert len(alive) == 5
        assert all(ref() is None for ref in alive)
        assert gc.collect() == 0
    finally:
        gc.enable()
