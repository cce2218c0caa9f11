"""What a user is told: every error by its message, which says what happened and what to do next."""

import inspect
import pickle

import array_api_strict
import numpy as np
import pytest

import xpgrad
import xpgrad.mxnet as mx
import xpgrad.numpy as xp
from xpgrad import autograd, errors

strict = xpgrad.namespace("array_api_strict")


def variable(values):
    x = xp.asarray(values)
    x.attach_grad()
    return x


@pytest.fixture
def x():
    return variable([1.0, 2.0])


def square(x):
    with autograd.record():
        return x * x


# The classes


CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_derives_from_ours_and_from_a_built_in_one(kind):
    assert kind.__doc__
    if issubclass(kind, Warning):
        assert issubclass(kind, UserWarning)
    elif kind is not errors.XpgradError:
        assert issubclass(kind, errors.XpgradError)
        built_in = [
            base
            for base in kind.__mro__
            if base.__module__ == "builtins" and base not in (Exception, BaseException, object)
        ]
        assert built_in


def test_all_are_caught_as_one(x):
    with pytest.raises(errors.XpgradError):
        xp.asarray([1.0]).backward()


# Backward


def test_second_backward(x):
    y = square(x)
    y.backward()
    with pytest.raises(
        errors.GraphFreedError, match=r"was freed by an earlier backward\. Pass retain_graph=True to that first"
    ) as e:
        y.backward()
    assert isinstance(e.value, RuntimeError)
    assert x.grad.tolist() == [2.0, 4.0]


def test_second_backward_through_a_shared_part(x):
    with autograd.record():
        shared = xp.exp(x)
        first, second = shared * 2.0, shared * 3.0
    first.backward()
    with pytest.raises(errors.GraphFreedError, match="freed by an earlier backward"):
        second.backward()


def test_using_an_array_of_a_freed_graph(x):
    y = square(x)
    y.backward()
    with autograd.record():
        z = y * 2.0
    with pytest.raises(errors.GraphFreedError, match="record the computation anew"):
        z.backward()


def test_gradient_of_a_freed_graph(x):
    y = square(x)
    y.backward()
    with pytest.raises(errors.GraphFreedError):
        autograd.grad(y, x)


def test_backward_with_retain_graph_may_be_repeated(x):
    y = square(x)
    for _ in range(3):
        y.backward(retain_graph=True)
    assert x.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize("never", ["plain", "outside", "paused", "no variable", "attached later"])
def test_a_head_that_was_never_recorded(x, never):
    plain = xp.asarray([1.0, 2.0])
    late = xp.asarray([1.0, 2.0])
    with autograd.record():
        with autograd.pause():
            paused = x * x
        untracked = plain * plain
        product = late * late
    late.attach_grad()
    head = {"plain": plain, "outside": x * x, "paused": paused, "no variable": untracked, "attached later": product}[
        never
    ]
    message = r"not part of a recorded computation\. Call attach_grad\(\) on the variables .* autograd\.record\(\):`"
    with pytest.raises(errors.NotRecordedError, match=message) as e:
        head.backward()
    assert isinstance(e.value, RuntimeError)


def test_something_that_is_no_array_as_head(x):
    with pytest.raises((errors.NotRecordedError, TypeError)):
        autograd.backward([np.ones(2)])


@pytest.mark.parametrize("shape", [(3,), (2, 1), (1,), (2, 2), (1, 2)])
def test_wrong_shape_of_a_head_gradient(x, shape):
    y = square(x)
    with pytest.raises(errors.HeadGradientError, match=r"has shape \(.*\), but its head has shape \(2,\)") as e:
        y.backward(xp.ones(shape))
    assert isinstance(e.value, ValueError)
    y.backward(xp.asarray([1.0, 10.0]))  # the recorded computation is still there
    assert x.grad.tolist() == [2.0, 40.0]


def test_wrong_number_of_head_gradients(x):
    y = square(x)
    with pytest.raises(errors.HeadGradientError, match=r"1 heads, but 2 head gradients: give one for each"):
        autograd.backward([y], [None, None])


def test_a_head_gradient_of_another_library(x):
    y = square(x)
    with pytest.raises(errors.MixedBackendsError):
        y.backward(strict.ones(2))


@pytest.mark.parametrize("g", [2j, np.complex64(2j), np.asarray([1j, 1j]), xp.asarray([1j, 1j])], ids=repr)
def test_a_complex_head_gradient_of_a_real_head(x, g):
    y = square(x)
    with pytest.raises(errors.HeadGradientError, match="head gradient is complex, but its head is real: give the real"):
        y.backward(g)
    y.backward(np.float64(2.0))
    assert x.grad.tolist() == [4.0, 8.0]


def test_a_head_gradient_of_another_shape_names_what_fits(x):
    y = square(x)
    with pytest.raises(errors.HeadGradientError, match=r"give one of that shape, a number, or None for ones\."):
        y.backward(xp.ones(3))
    with pytest.raises(errors.UnsupportedTypeError, match=r"a list is not an array .* xp\.asarray\(\.\.\.\)"):
        y.backward([1.0, 1.0])
    assert x.grad.tolist() == [0.0, 0.0]
    y.backward(2.0)
    assert x.grad.tolist() == [4.0, 8.0]


def test_a_head_gradient_that_is_no_array(x):
    y = square(x)
    with pytest.raises(errors.UnsupportedTypeError, match=r"builtins\.str is not an array that xpgrad knows"):
        y.backward("ones")


# autograd.grad


def test_gradient_of_what_is_no_variable(x):
    y = square(x)
    with pytest.raises(
        errors.NotAVariableError, match=r"variable 1 does not require a gradient\. Call attach_grad\(\)"
    ) as e:
        autograd.grad(y, [x, xp.asarray([1.0])])
    assert isinstance(e.value, ValueError)


def test_gradient_of_what_the_head_does_not_reach(x):
    other = variable([1.0])
    y = square(x)
    with pytest.raises(errors.UnreachableError, match=r"variable 1 is unreachable from the heads.*Leave it out") as e:
        autograd.grad(y, [x, other])
    assert isinstance(e.value, ValueError)


@pytest.mark.parametrize("other", [np.ones(2), 3.0, None, {"a": 1}, (i for i in ())], ids=lambda x: type(x).__name__)
def test_what_is_no_array_as_variable_or_head(x, other):
    y = square(x)
    with pytest.raises(errors.NotAVariableError, match=r"variable 0 is .*, which is no Array.*attach_grad\(\)"):
        autograd.grad(y, other)
    with pytest.raises(errors.NotAVariableError, match=r"variable 1 is list \[.*, which is no Array"):
        autograd.grad(y, [x, [x]])
    for differentiate in (lambda: autograd.grad(other, x), lambda: autograd.backward(other)):
        with pytest.raises(errors.NotRecordedError, match=r"head 0 is .*, which is no Array.*autograd\.record\(\)"):
            differentiate()
    assert autograd.grad(y, x).tolist() == [2.0, 4.0]  # the recorded computation is still there


def test_gradient_without_variables(x):
    with pytest.raises(ValueError, match="variables cannot be an empty list"):
        autograd.grad(square(x), [])


# Variables


@pytest.mark.parametrize("values", [[1, 2], [True, False], 3])
def test_integer_variable(values):
    x = xp.asarray(values)
    with pytest.raises(
        errors.VariableError, match=r"an array of dtype (int64|bool) has no gradient.*xp\.astype\(x"
    ) as e:
        x.attach_grad()
    assert isinstance(e.value, TypeError)
    assert x.grad is None


@pytest.mark.parametrize("request_", ["sum", "", None, "Write"])
def test_unknown_grad_req(request_):
    x = xp.asarray([1.0])
    with pytest.raises(errors.GradReqError, match=r"unknown grad_req .*: use 'write', 'add' or 'null'"):
        x.attach_grad(grad_req=request_)
    assert x.grad is None


def test_mark_variables_with_a_gradient_of_another_shape(x):
    with pytest.raises(errors.HeadGradientError, match=r"shape \(3,\) .* does not fit a variable of shape \(2,\)"):
        autograd.mark_variables(x, xp.zeros(3))


@pytest.mark.parametrize(
    ("variables", "gradients", "named"),
    [
        ([xp.zeros(2), np.zeros(2)], [xp.zeros(2), xp.zeros(2)], "variable 1 should be an Array, but is numpy.ndarray"),
        ([xp.zeros(2), xp.zeros(2)], [xp.zeros(2), None], "gradient 1 should be an Array, but is NoneType"),
        ([xp.zeros(2), xp.zeros(2)], [xp.zeros(2), np.zeros(2)], "gradient 1 should be an Array, but is numpy.ndarray"),
    ],
)
def test_mark_variables_with_what_is_no_array(variables, gradients, named):
    with pytest.raises(errors.NotAnArrayError, match=rf"{named} .*xp\.asarray.*xp\.zeros_like\(variable\)"):
        autograd.mark_variables(variables, gradients)
    assert variables[0].grad is None


def test_mark_variables_of_different_numbers(x):
    with pytest.raises(ValueError, match="1 variables, 2 gradients and 1 grad_reqs"):
        autograd.mark_variables([x], [xp.zeros(2), xp.zeros(2)])


def test_writing_to_a_variable_while_recording(x):
    message = r"\(attach_grad\) cannot be changed in place while recording.*with autograd\.pause\(\):.*x\.copy\(\)"
    with autograd.record(), pytest.raises(errors.LeafWriteError, match=message) as e:
        x[0] = 1.0
    assert isinstance(e.value, RuntimeError)


def test_in_place_change_of_shape_or_kind():
    x = xp.asarray([1, 2])
    with pytest.raises(errors.InPlaceError, match=r"dtype int64 into one of dtype float64\. Write x = x \+ y instead"):
        x += 0.5
    with pytest.raises(errors.InPlaceError, match=r"shape \(2,\) into one of shape \(2, 2\)"):
        x += xp.ones((2, 2), dtype=xp.int64)


# Attributes


def test_assignment_of_data(x):
    for array in (x, x[:1], x.detach()):
        before = array.tolist()
        with pytest.raises(AttributeError, match=r"x\.data cannot be assigned\. Write .* x\[\.\.\.\] = value"):
            array.data = np.zeros(2)
        assert array.tolist() == before


def test_formats():
    with autograd.record():
        y = variable([1.0, 2.5]) * 2.0
    assert f"{xp.asarray(3.14159):.2f} {y[1]:+.1f} {xp.asarray(7):03d} {xp.asarray(True)}" == "3.14 +5.0 007 True"
    assert f"{y}|{y:>9}" == "[2. 5.]|  [2. 5.]"
    for array in (y, xp.asarray([1.5])):
        with pytest.raises(TypeError, match=r"'\.2f' is for one number, and this array has shape \(.,\): format"):
            f"{array:.2f}"  # the format is what fails


# Operands


@pytest.mark.parametrize("other", [[1, 2], (1.0, 2.0), [], [[1]]], ids=str)
@pytest.mark.parametrize("sign", "+ - * / // % ** @ < >= & <<".split())
def test_lists_beside_an_array(other, sign):
    """They are not repeated either, as Python would do by an array of one integer."""
    for x in (xp.asarray([1, 2]), xp.asarray(2), strict.asarray(2), mx.np.array([1, 2]), mx.nd.array([1, 2])):
        for expression in (f"x {sign} other", f"other {sign} x"):
            with pytest.raises(
                errors.UnsupportedTypeError, match=r"a (list|tuple) is not an array .* with xp\.asarray"
            ):
                eval(expression, {"x": x, "other": other})


def test_lists_in_place_and_as_arguments(x):
    with pytest.raises(errors.UnsupportedTypeError, match="a list is not an array that xpgrad knows"):
        x *= [1, 2]
    assert x.tolist() == [1.0, 2.0]
    for call in (lambda: xp.add(x, [1, 2]), lambda: xp.sum([1.0]), lambda: xp.take(x, [0])):
        with pytest.raises(errors.UnsupportedTypeError, match=r"a list is not an array .* xp\.asarray"):
            call()
    assert (x == [1.0, 2.0]) is False


def test_an_operand_with_operators_of_its_own_has_its_turn(x):
    class Other:
        def __radd__(self, other):
            return "radd"

    assert x + Other() == "radd"


@pytest.mark.parametrize("transform", [xpgrad.grad, xpgrad.jacobian, lambda f: lambda x: xpgrad.vjp(f, x)])
def test_a_list_of_numbers_where_the_function_wants_one_array(transform):
    for f in (lambda x: x**2, lambda x: xp.sum(x), lambda x: x.T):
        with pytest.raises((TypeError, AttributeError)) as caught:
            transform(f)([1.0, 2.0])
        assert "Argument 0 is a list of numbers" in caught.value.__notes__[0]
        assert "xp.asarray" in caught.value.__notes__[0]
        with pytest.raises((TypeError, AttributeError)) as caught:
            transform(lambda x: x.nothing)(np.ones(2))
        assert not hasattr(caught.value, "__notes__")
    assert xpgrad.grad(lambda x: x[0] * x[1])([1.0, 2.0]) == [2.0, 1.0]


@pytest.mark.parametrize("backend", ["numpy", "array_api_strict", "dask"])
@pytest.mark.parametrize("name", ["mean", "sum", "max", "logsumexp"])
def test_numbers_as_arrays(backend, name):
    with xpgrad.use_backend(backend):
        found = getattr(xpgrad, name)(3.0)
    assert (found.shape, found.item()) == ((), 3.0)


def test_a_number_is_not_clipped(x):
    for bounds in ((0.0, 1.0), (x, None), (x, x)):
        with pytest.raises(errors.NotAnArrayError, match=r"x of clip should be .* but is float 3\.0.*xp\.asarray"):
            xp.clip(3.0, *bounds)
    assert xp.clip(xp.asarray(3.0), 0.0, 1.0).item() == 1.0


@pytest.mark.parametrize(
    "value",
    [object(), "abc", None, {1: 2}, [None], ["a"], np.asarray(["a"]), np.asarray([None]), np.datetime64("2020-01-01")],
    ids=lambda value: f"{type(value).__name__} {value!s:.10}",
)
def test_what_holds_no_numbers(value):
    with pytest.raises(errors.DtypeError, match=r"an array of dtype .* holds neither numbers nor booleans"):
        xp.asarray(value)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.float32, np.complex64])
def test_what_holds_numbers(dtype):
    assert xp.asarray(np.ones(2, dtype)).dtype == xp.asarray([1, 0], dtype=np.dtype(dtype)).dtype == dtype


def test_mixed_backends_and_the_mend_that_the_message_names(x):
    y = strict.asarray([1.0, 2.0])
    message = (
        r"two backends, numpy and array_api_strict, met .* xpgrad\.namespace\('numpy'\)\.asarray\(x\.asnumpy\(\)\)"
    )
    with pytest.raises(errors.MixedBackendsError, match=message) as e:
        _ = x + y
    assert isinstance(e.value, TypeError)
    assert (x + xpgrad.namespace("numpy").asarray(y.asnumpy())).tolist() == [2.0, 4.0]
    assert (xpgrad.namespace("array_api_strict").asarray(x.asnumpy()) + y).tolist() == [2.0, 4.0]


def test_mixed_backends_with_a_raw_array(x):
    for mix in (lambda: x * array_api_strict.ones(2), lambda: xp.where(x > 0, x, array_api_strict.ones(2)),
                lambda: xp.concat([x, strict.ones(2)]), lambda: x == strict.ones(2)):  # fmt: skip
        with pytest.raises(errors.MixedBackendsError):
            mix()


def test_unknown_operand(x):
    with pytest.raises(
        errors.UnsupportedTypeError, match=r"builtins\.str is not an array that xpgrad knows\. Convert it with"
    ):
        xp.add(x, "1")
    with pytest.raises(TypeError, match="unsupported operand"):
        _ = x + "1"


@pytest.mark.parametrize(
    "take",
    [
        lambda m: xp.asarray(m),
        lambda m: xp.asarray(m, dtype=xp.float32),
        lambda m: xpgrad.value_and_grad(lambda x: xp.sum(x * x))(m),
        lambda m: xpgrad.vjp(lambda x: x, np.ones(2))[1](m),
        lambda m: xp.sum(m),
        lambda m: xp.argmax(m),
        lambda m: xp.ones(2) * m,
        lambda m: xp.ones(2) == m,
        lambda m: xp.concat([xp.ones(2), m]),
    ],
)
def test_a_masked_array_does_not_lose_its_mask(take):
    with pytest.raises(errors.MaskedArrayError, match=r"lose its mask.*Give x\.filled\(0\.0\), and leave out"):
        take(np.ma.array([1.0, 2.0], mask=[False, True]))


def test_the_mend_that_is_named_for_a_masked_array():
    m = np.ma.array([1.0, 2.0], mask=[False, True])
    hidden = np.ma.getmaskarray(m)
    assert xpgrad.grad(lambda x: xp.sum(xp.where(hidden, 0.0, x * x)))(m.filled(0.0)).tolist() == [2.0, 0.0]


def test_a_function_without_a_rule_names_the_way_out():
    error = errors.NotDifferentiableError("frobnicate", "x")
    assert "frobnicate has no derivative rule for its argument 'x'" in str(error)
    assert "x.detach()" in str(error)
    assert "custom_vjp" in str(error)
    assert isinstance(error, NotImplementedError)


def test_a_tracked_parameter_without_a_rule(x):
    with (
        autograd.record(),
        pytest.raises(errors.NotDifferentiableError, match=r"repeat has no derivative rule .*'repeats'.*detach"),
    ):
        xp.repeat(xp.asarray([1.0, 2.0]), x)


# Leaving


def test_conversion_to_numpy_while_recording(x):
    with autograd.record():
        y = x * x
        with pytest.raises(
            errors.HistoryLostError, match=r"would lose the recorded history.*x\.detach\(\).*x\.asnumpy\(\)"
        ) as e:
            np.asarray(y)
        with pytest.raises(
            errors.DLPackHistoryLostError, match=r"DLPack would lose .* Export x\.detach\(\)"
        ) as of_dlpack:
            np.from_dlpack(y)
        with pytest.raises(errors.HistoryLostError, match=r"become one with their history by xp\.stack\(\[\.\.\.\]\)"):
            np.array([y[0], y[1]])
    assert isinstance(e.value, RuntimeError)
    assert isinstance(of_dlpack.value, BufferError)


# Names


def test_a_name_that_the_standard_does_not_define():
    with pytest.raises(AttributeError, match=r"xpgrad\.numpy has no attribute 'frobnicate'"):
        xp.frobnicate  # noqa: B018  # the access is what fails
    with pytest.raises(AttributeError, match="has no attribute 'frobnicate'"):
        xpgrad.frobnicate  # noqa: B018  # as above
    assert not hasattr(xpgrad, "frobnicate")


@pytest.mark.parametrize(
    ("module", "name", "nearest"),
    [
        (xp, "sine", "sin, sinh, sign"),
        (xp, "array", "asarray"),
        (xp.linalg, "invert", "inv, pinv"),
        (xp.special, "ndtrr", "ndtr, ndtri"),
        (xpgrad, "value_and_gard", "value_and_grad"),
        (xpgrad, "sine", "sin, sinh, sign"),
    ],
)
def test_names_that_are_near(module, name, nearest):
    with pytest.raises(errors.UnknownNameError) as caught:
        getattr(module, name)
    assert str(caught.value).startswith(
        f"{module.__name__} has no attribute {name!r}. The nearest names it has: {nearest}"
    )
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # made here
    assert "nearest" not in str(errors.UnknownNameError("xp", "frobnicate", lambda: ["sin"]))


def test_unknown_version_of_the_standard(x):
    with pytest.raises(ValueError, match=r"unknown version '1999\.01' of the array API standard"):
        x.__array_namespace__(api_version="1999.01")
