"""Operations with a backward of their own: Function and custom_vjp."""

import gc
import weakref
from functools import partial

import numpy as np
import pytest

import xpgrad as xp
from xpgrad import Array, autograd, check_grads, checkpoint, custom_vjp, errors, grad, hessian, jacobian, jvp, vjp


def raw(*values):
    return np.array(values, dtype=float)


def array(*values):
    return xp.asarray(raw(*values))


def variable(*values, grad_req="write"):
    x = array(*values)
    x.attach_grad(grad_req)
    return x


def same(a, b, **tolerance):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), **({"rtol": 1e-12} | tolerance))


class SumAndProduct(autograd.Function):
    def forward(self, x, y):
        self.save_for_backward(x, y)
        self.modes = autograd.is_recording(), autograd.is_training()
        assert isinstance(self.saved_tensors, tuple)
        return x + y, x * y

    def backward(self, d_sum, d_product):
        x, y = self.saved_tensors
        return d_sum + d_product * y, d_sum + d_product * x


class Sigmoid(autograd.Function):
    def forward(self, x):
        y = 1 / (1 + xp.exp(-x))
        self.save_for_backward(y)
        return y

    def backward(self, dy):
        (y,) = self.saved_tensors
        return dy * y * (1 - y)


def sigmoid(x):
    return 1 / (1 + xp.exp(-x))


def function(forward, backward):
    """A Function made of two functions."""
    return type("Made", (autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})()


# Function


def test_several_inputs_and_outputs():
    x, y = variable(1, 2), variable(3, 4)
    f = SumAndProduct()
    with autograd.record():
        a, b = f(x, y)
        z = a + 2 * b
    assert f.modes == (False, True)
    z.backward()
    same(x.grad, [7, 9])
    same(y.grad, [3, 5])


@pytest.mark.parametrize(("used", "expected"), [(0, ([1, 1], [1, 1])), (1, ([3, 4], [1, 2]))])
def test_an_unused_output_has_a_cotangent_of_zeros(used, expected):
    x, y = variable(1, 2), variable(3, 4)
    with autograd.record():
        outputs = SumAndProduct()(x, y)
    outputs[used].backward()
    same(x.grad, expected[0])
    same(y.grad, expected[1])


def test_the_cotangent_has_the_full_shape_and_dtype_of_the_output():
    seen = []

    def backward(d):
        seen.append((d.shape, d.dtype, type(d)))
        return d

    x = xp.asarray(np.ones((2, 3), dtype=np.float32))
    x.attach_grad()
    with autograd.record():
        y = function(lambda x: x * 2, backward)(x)
        z = xp.sum(y) * np.float64(2)
    z.backward()
    y = None
    assert seen == [((2, 3), np.dtype("float32"), Array)]
    assert x.grad.dtype == np.float32
    same(x.grad, np.full((2, 3), 2))


def test_the_gradient_takes_the_dtype_of_its_input():
    x = xp.asarray(np.ones(2, dtype=np.float32))
    x.attach_grad()
    with autograd.record():
        y = function(lambda x: x * 2, lambda d: xp.astype(d, xp.float64) * 3)(x)
    y.backward()
    assert x.grad.dtype == np.float32
    same(x.grad, [3, 3])


def test_a_call_outside_record_computes_and_counts():
    x = variable(1, 2)
    f = Sigmoid()
    y = f(x)
    assert y._node is None
    with pytest.raises(errors.FunctionError, match="called only once"):
        f(x)
    with autograd.record():
        assert Sigmoid()(array(1, 2))._node is None
        assert type(Sigmoid()(raw(1, 2))) is Array
    with autograd.record(train_mode=False):
        f = SumAndProduct()
        f(x, x)
    assert f.modes == (False, False)


def test_inputs_that_are_no_arrays():
    class Scale(autograd.Function):
        def forward(self, x, factor, name):
            assert type(factor) is int
            assert name == "text"
            self.factor = factor
            return x * factor

        def backward(self, d):
            return d * self.factor, "anything", None

    x = variable(1, 2)
    with autograd.record():
        y = Scale()(x, 3, "text")
    y.backward()
    same(x.grad, [3, 3])


def test_outputs_come_in_the_form_that_forward_returned():
    x = variable(1, 2)
    with autograd.record():
        for form in (list, tuple):
            out = function(lambda x, form=form: form([x * 2]), lambda d: d)(x)
            assert type(out) is form
            assert len(out) == 1
        y = function(lambda x: x, lambda d: 7 * d)(x)  # the input itself
        z = function(lambda x: (x * 2, xp.argmax(x)), lambda d, k: d + xp.astype(k, d.dtype))(x)
    assert y is not x
    assert z[1]._node is None
    y.backward()
    same(x.grad, [7, 7])
    z[0].backward()
    same(x.grad, [1, 1])


def test_grad_req_add_and_repeated_inputs():
    x = variable(1, 2, grad_req="add")
    for _ in range(2):
        with autograd.record():
            y = Sigmoid()(x)
        y.backward()
    s = 1 / (1 + np.exp(-raw(1, 2)))
    same(x.grad, 2 * s * (1 - s))
    x = variable(1, 2)
    with autograd.record():
        _, product = SumAndProduct()(x, x)
    product.backward()
    same(x.grad, [2, 4])


def test_retain_graph():
    x = variable(1, 2)
    with autograd.record():
        y = Sigmoid()(x)
    y.backward(retain_graph=True)
    first = x.grad.copy()
    y.backward()
    same(x.grad, first)
    with pytest.raises(errors.GraphFreedError):
        y.backward()


def test_wrong_gradients_are_named_and_leave_the_old_ones():
    wrong = {
        r"should return one gradient for each input of forward, 1; it returned 2": lambda d: (d, d),
        r"gradient 0 from Made.backward should have the shape \(2,\) of that input; it has shape \(\)": xp.sum,
        r"gradient 0 from Made.backward should be an array of shape \(2,\), or None; it is str": lambda d: "text",
        r"it is int 3": lambda d: 3,
    }
    for message, backward in wrong.items():
        x, other = variable(1, 2), variable(5, 6)
        x.grad[:] = 9.0
        other.grad[:] = 8.0
        with autograd.record():
            y = function(lambda x: x * 2, backward)(x) * other
        with pytest.raises(errors.FunctionError, match=message):
            y.backward()
        same(x.grad, [9, 9])
        same(other.grad, [8, 8])


def test_none_is_no_gradient_and_raw_arrays_are_accepted():
    x, y = variable(1, 2), variable(3, 4)
    y.grad[:] = 9.0
    with autograd.record():
        z = function(lambda x, y: x * y, lambda d: (d.asnumpy() * 3, None))(x, y)
    z.backward()
    same(x.grad, [3, 3])
    same(y.grad, [9, 9])


def test_exceptions_in_backward_come_through():
    def backward(d):
        raise ZeroDivisionError("mine")

    x = variable(1, 2)
    x.grad[:] = 9.0
    with autograd.record():
        y = function(lambda x: x * 2, backward)(x)
    with pytest.raises(ZeroDivisionError, match="mine"):
        y.backward()
    same(x.grad, [9, 9])


def test_a_retry_after_a_failure_in_backward_hears_of_it():
    def backward(d):
        raise ZeroDivisionError("mine")

    x = variable(1, 2)
    with autograd.record():
        z = xp.sum(function(lambda x: x * 2, backward)(x * x) * 3)
    for keep, error, message in [
        (True, ZeroDivisionError, "mine"),
        (False, ZeroDivisionError, "mine"),
        (False, errors.GraphFreedError, "failed part of the way: ZeroDivisionError: mine"),
        (False, errors.GraphFreedError, "failed part of the way: ZeroDivisionError: mine"),
    ]:
        with pytest.raises(error, match=message):
            z.backward(retain_graph=keep)
    same(x.grad, [0, 0])


def test_missing_methods_and_wrong_outputs():
    x = variable(1, 2)
    with pytest.raises(NotImplementedError, match=r"forward\(self"):
        type("Empty", (autograd.Function,), {})()(x)
    with autograd.record():
        y = type("NoBackward", (autograd.Function,), {"forward": lambda self, x: x * 2})()(x)
    with pytest.raises(NotImplementedError, match=r"backward\(self"):
        y.backward()
    with pytest.raises(errors.FunctionError, match=r"Made\.forward should return arrays, but returned str 'text'"):
        function(lambda x: (x, "text"), None)(x)


def test_backward_runs_in_the_mode_of_the_walk():
    seen = []

    def backward(d):
        seen.append((autograd.is_recording(), autograd.is_training()))
        return d

    for train_mode in (True, False):
        x = variable(1, 2)
        with autograd.record():
            y = function(lambda x: x * 2, backward)(x)
        y.backward(train_mode=train_mode)
    assert seen == [(False, True), (False, False)]


def test_what_was_saved_is_safe_from_later_writes():
    x, y = variable(1, 2), variable(3, 4)
    with autograd.record():
        _, product = SumAndProduct()(x, y)
        s = Sigmoid()(x)
    x[:] = 100.0
    s[:] = 100.0
    product.backward()
    same(x.grad, [3, 4])
    same(y.grad, [1, 2])


def test_second_order_through_saved_inputs_and_outputs():
    f = lambda x, y: xp.sum(SumAndProduct()(x, y)[1] ** 2)
    x, y = raw(1, 2), raw(3, 4)
    same(hessian(f)(x, y), np.diag(2 * y**2))
    same(jacobian(grad(f), 1)(x, y), np.diag(4 * x * y))
    check_grads(lambda x, y: SumAndProduct()(x, y), (x, y))
    check_grads(lambda x: Sigmoid()(x), (x,), order=3, rtol=1e-5, atol=1e-5)
    same(grad(grad(grad(lambda x: Sigmoid()(x))))(x), grad(grad(grad(sigmoid)))(x))
    same(jvp(lambda x: Sigmoid()(x), (x,), (y,))[1], grad(sigmoid)(x) * y)


def test_second_order_through_outputs_kept_as_attributes():
    class Exp(autograd.Function):
        def forward(self, x):
            self.y = xp.exp(x)
            return self.y

        def backward(self, dy):
            return self.y * dy

    class Both(autograd.Function):
        def forward(self, x):
            self.outputs = [xp.sin(x), xp.cos(x)]
            return self.outputs

        def backward(self, ds, dc):
            sin, cos = self.outputs
            return cos * ds - sin * dc

    check_grads(lambda x: Exp()(x), (raw(0, 1),), order=3, rtol=1e-5, atol=1e-5)
    check_grads(lambda x: Both()(x)[0] * 2 + Both()(x)[1], (raw(0, 1),), order=3, rtol=1e-5, atol=1e-5)
    gc.disable()
    try:
        x, call = variable(1, 2), Exp()
        with autograd.record():
            y = call(x)
            (dx,) = autograd.grad([y], [x], create_graph=True)
        seen = weakref.ref(dx)
        dx.backward()
        same(x.grad, np.exp(raw(1, 2)))
        del y, dx
        assert seen() is None
    finally:
        gc.enable()


def test_second_order_with_create_graph():
    x = variable(1, 2)
    with autograd.record():
        y = Sigmoid()(x)
        (dx,) = autograd.grad([y], [x], create_graph=True)
        z = xp.sum(dx * dx)
    z.backward()
    same(x.grad, grad(lambda x: xp.sum(grad(sigmoid)(x) ** 2))(raw(1, 2)))


def test_the_graph_knows_the_class():
    x = variable(1, 2)
    with autograd.record():
        y = xp.sin(SumAndProduct()(x, x)[1])
    assert "SumAndProduct" in str(autograd.get_symbol(y))


# custom_vjp


@custom_vjp
def clipped(x):
    return x * 1.0


clipped.defvjp(lambda x: (x * 1.0, None), lambda _, g: (xp.clip(g, -1.0, 1.0),))


def test_custom_vjp_replaces_the_derivative():
    same(grad(lambda x: xp.sum(clipped(x) * xp.asarray([0.5, 5.0])))(raw(1, 2)), [0.5, 1.0])
    assert clipped.__name__ == "clipped"
    assert type(clipped(raw(1, 2))) is np.ndarray
    x = variable(1, 2)
    with autograd.record():
        y = clipped(x) * 3
        assert clipped(array(1, 2))._node is None
    y.backward()
    same(x.grad, [1, 1])


def test_custom_vjp_of_nested_arguments_and_results():
    @custom_vjp
    def f(p, y):
        return {"out": p["w"] * y, "note": "text", "index": xp.argmax(y)}

    def bwd(residuals, g):
        p, y = residuals
        assert g["note"] is None
        return {"w": g["out"] * y, "none": None}, xp.sum(g["out"] * p["w"])

    f.defvjp(lambda p, y: (f(p, y), (p, y)), bwd)
    w = raw(1, 2)
    gp, gy = grad(lambda p, y: xp.sum(f(p, y)["out"] ** 2), (0, 1))({"w": w, "none": None}, 3.0)
    same(gp["w"], 2 * w * 9)
    same(gy, 2 * 5 * 3)
    check_grads(lambda p, y: f(p, y)["out"], ({"w": w, "none": None}, 3.0), order=3, rtol=1e-5, atol=1e-5)


def test_nondiff_argnums_and_keywords():
    @partial(custom_vjp, nondiff_argnums=(0, 2))
    def apply(function, x, power=2):
        return function(x) ** power

    calls = []

    def fwd(function, x, power):
        return function(x) ** power, x

    def bwd(function, power, x, g):
        calls.append(power)
        y, pull = vjp(function, x)
        return (g * power * y ** (power - 1) * pull(xp.ones_like(y))[0],)

    apply.defvjp(fwd, bwd)
    x = raw(0.5, 0.6)
    same(grad(lambda x: apply(xp.sin, x, power=3))(x), 3 * np.sin(x) ** 2 * np.cos(x))
    same(grad(lambda x: apply(xp.sin, x=x, power=3))(x), 3 * np.sin(x) ** 2 * np.cos(x))
    same(grad(lambda x: apply(power=2, function=xp.sin, x=x))(x), 2 * np.sin(x) * np.cos(x))
    assert calls == [3, 3, 2]
    check_grads(lambda x: apply(xp.sin, x, 3), (x,))
    with pytest.raises(errors.FunctionError, match="argument 2 of apply is being recorded"):
        grad(lambda x: apply(xp.sin, x, x))(x)


def test_higher_orders_run_fwd_and_bwd_in_the_tracked_world():
    @custom_vjp
    def logistic(x):
        return sigmoid(x)

    def fwd(x):
        e = xp.exp(-x)  # an intermediate result, no input and no output
        return 1 / (1 + e), e

    logistic.defvjp(fwd, lambda e, g: (g * e / (1 + e) ** 2,))
    x = raw(0.3, -2)
    same(grad(grad(grad(logistic)))(x), grad(grad(grad(sigmoid)))(x))
    same(hessian(lambda x: xp.sum(checkpoint(logistic)(x)))(x), hessian(lambda x: xp.sum(sigmoid(x)))(x))
    check_grads(logistic, (x,), order=3, rtol=1e-5, atol=1e-5)


def test_custom_vjp_errors():
    @custom_vjp
    def f(x, y):
        return x * y

    with pytest.raises(errors.FunctionError, match=r"f has no derivative yet: define it with f.defvjp"):
        f(1.0, 2.0)
    x = {"w": raw(1, 2)}
    wrong = {
        r"the result of bwd of g should be a tuple of length 2, but is a tuple of length 1": lambda r, g: (g,),
        r"should be a tuple of length 2, but is a Array": lambda r, g: g,
        r"bwd of g\[0\] should be a dict with the keys \['w'\], but is or has a Array": lambda r, g: (g, g),
        r"bwd of g\[0\]\['w'\] should have the shape \(2,\) .* it has shape \(1,\)": lambda r, g: ({"w": g[:1]}, g),
        r"bwd of g\[1\] should be an array of shape \(\), or None; it is str": lambda r, g: (None, "text"),
    }
    for message, bwd in wrong.items():

        @custom_vjp
        def g(p, y):
            return p["w"] * y

        g.defvjp(lambda p, y: (p["w"] * y, None), bwd)
        with pytest.raises(errors.FunctionError, match=message):
            grad(lambda p, y: xp.sum(g(p, y)), (0, 1))(x, 2.0)
    f.defvjp(lambda x, y: x * y, lambda r, g: (g, g))
    with pytest.raises(errors.FunctionError, match="fwd of f should return a pair"):
        grad(f)(1.0, 2.0)

    with pytest.raises(errors.FunctionError, match="counts from 0"):
        custom_vjp(lambda x: x, nondiff_argnums=(-1,))

    @custom_vjp
    def keyword(x, *, k):
        return x

    keyword.defvjp(lambda x: (x, None), lambda r, g: (g,))
    with pytest.raises(errors.FunctionError, match="takes k by keyword only"):
        keyword(1.0, k=2)


def test_none_from_bwd_is_no_gradient():
    @custom_vjp
    def f(p, y):
        return p["a"] * p["b"] * y

    f.defvjp(lambda p, y: (f(p, y), None), lambda r, g: ({"a": g, "b": None}, None))
    gp, gy = grad(f, (0, 1))({"a": 2.0, "b": 3.0}, 4.0)
    assert [float(part) for part in (gp["a"], gp["b"], gy)] == [1.0, 0.0, 0.0]


# Memory


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: Sigmoid()(x),
        lambda x: SumAndProduct()(x, x)[1],
        clipped,
        checkpoint(lambda x: xp.sin(x) * x),
    ],
    ids=["Function", "Function of several outputs", "custom_vjp", "checkpoint"],
)
def test_dropping_the_head_frees_everything_without_the_garbage_collector(operation):

    gc.collect()
    gc.disable()
    try:
        for create_graph in (None, False, True):
            x = variable(1, 2)
            with autograd.record():
                data = np.array([1.0, 2.0])
                watched = weakref.ref(data)
                y = operation(x * xp.asarray(data))
                z = y * y
                if create_graph is not None:
                    z = z, autograd.grad(z, x, retain_graph=True, create_graph=create_graph)
            del data
            assert watched() is not None
            del y, z
            assert watched() is None
    finally:
        gc.enable()


def test_backward_drops_what_was_saved():
    x = variable(1, 2)
    f = Sigmoid()
    with autograd.record():
        y = f(x)
    assert f.saved_tensors == ()
    y.backward()
    assert f.saved_tensors == ()


def test_what_a_function_with_a_derivative_of_its_own_captures_is_not_lost_in_silence():
    def scaled_by(b):
        scaled = custom_vjp(lambda x: x * b)
        scaled.defvjp(lambda x: (x * b, None), lambda _, g: (g * b,))
        return scaled

    x = xp.asarray(2.0)
    says = "uses an array that is being recorded and is not one of its arguments"
    for f in (lambda b: scaled_by(b)(x), lambda b: scaled_by(b * b)(b), lambda b: scaled_by(b)(b)):
        with pytest.raises(errors.FunctionError, match=says):
            grad(f)(3.0)
    assert grad(lambda x: scaled_by(xp.asarray(3.0))(x))(2.0) == 3.0  # a constant
    assert grad(lambda b: scaled_by(b.detach())(b))(3.0) == 3.0
    x.attach_grad()
    assert scaled_by(x)(3.0) == 6.0  # nothing is recorded


def test_what_forward_takes_from_elsewhere_is_a_constant_as_in_mxnet():
    class Scaled(autograd.Function):
        def __init__(self, weight):
            self.weight = weight

        def forward(self, x):
            return x * np.asarray(self.weight)  # nothing is recorded here, so the values are there to be read

        def backward(self, dy):
            return dy * self.weight

    weight, x = variable(5.0), variable(2.0)
    with autograd.record():
        y = Scaled(weight)(x) + weight
    y.backward()
    assert (x.grad, weight.grad) == (5.0, 1.0)


def test_a_function_with_a_derivative_of_its_own_may_record_on_its_own():
    @custom_vjp
    def square(x):
        return x * x

    def forward(x):
        x = x.detach()
        x.attach_grad()
        with autograd.record():
            y = x * x
        return y, (x, y)

    def backward(kept, g):
        x, y = kept
        y.backward(g, retain_graph=True)
        return (x.grad,)

    square.defvjp(forward, backward)
    assert grad(square)(3.0) == 6.0
