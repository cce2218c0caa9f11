"""MinPy's modules beyond its tutorial."""

import numpy
import pytest

import xpgrad
import xpgrad.minpy as minpy
import xpgrad.minpy.numpy as np
from xpgrad.minpy.array import Array, Number
from xpgrad.minpy.context import Context, cpu, current_context, gpu, set_context
from xpgrad.minpy.core import convert_args, function, grad, grad_and_loss, minpy_to_numpy, numpy_to_minpy, return_numpy
from xpgrad.minpy.primitive import customop


@pytest.fixture(autouse=True)
def policy():
    yield
    minpy.set_global_policy("prefer_mxnet")


def test_arrays():
    a = np.array([1, 2, 3])
    assert type(a) is Array
    assert repr(a) == "array([1., 2., 3.], dtype=float32)"
    assert str(a) == "[1. 2. 3.]"
    assert {str(x.dtype) for x in (np.zeros((2, 2)), np.arange(3), np.ones(3), np.random.rand(2))} == {"float32"}
    assert [type(x) for x in (a + 1, 1 / a, -a, a[0:2], np.sum(a), a.sum(), np.dot(a, a), a > 1)] == [Array] * 3 + [
        Array._view_kind
    ] + [Array] * 4
    assert repr(a[0:2]) == "array([1., 2.], dtype=float32)"
    assert (np.pi, np.float32) == (numpy.pi, numpy.float32)
    assert np.zeros((2, 2), dtype=np.int).dtype == numpy.int64
    assert np.slice_axis(np.ones((2, 3)), axis=1, begin=0, end=2).shape == (2, 2)


def test_a_name_that_is_not_provided():
    with pytest.raises(AttributeError, match="concatenate"):
        np.concatenat  # noqa: B018  # asking for it raises
    with pytest.raises(AttributeError, match="randn"):
        np.random.rand_n  # noqa: B018  # as above
    with pytest.raises(AttributeError, match="gluon"):
        minpy.nn  # noqa: B018  # as above


@pytest.mark.parametrize(
    ("gradient", "expected"),
    [
        ("grad(lambda x: x * x)(3)", 6.0),
        ("grad(lambda x, y: x * y, 1)(2, 3)", 2.0),
        ("grad(lambda x, y: x * y, [0, 1])(2, 3)", [3.0, 2.0]),
        ("grad(lambda x, y: x * y, (0, 1))(2, 3)", [3.0, 2.0]),
        ("grad(lambda x, y: x * y, [1])(2, 3)", 2.0),
        ("grad(lambda x: 1)(2)", 0.0),
        ("grad(lambda x: x)(2)", 1.0),
        ("grad(lambda x, k: x * k)(2.0, k=3)", 3.0),
        ("grad(lambda x: x * 2 if x > 0 else x * 3)(1.0)", 2.0),
        ("grad(lambda x: x * 2 if x > 0 else x * 3)(-1.0)", 3.0),
        ("grad(grad(grad(lambda x: x ** 4)))(2.0)", 48.0),
    ],
)
def test_gradients_of_numbers(gradient, expected):
    found = eval(gradient, {"grad": grad})
    listed = found if isinstance(found, list) else [found]
    assert {type(g) for g in listed} == {Number}
    assert repr(found) == repr(expected)


V, M = [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        ("lambda x: x * x", V, [2, 4]),
        ("lambda x: (x * x, x + 1)", V, [3, 5]),
        ("lambda x: [x * x, x + 1]", V, [3, 5]),
        ("lambda x: np.array([1., 2.])", V, [0, 0]),
        ("lambda x: np.sum(x[0])", M, [[1, 1], [0, 0]]),
        ("lambda x: np.sum(x[np.array([0, 0])])", M, [[2, 2], [0, 0]]),
        ("lambda x: np.maximum(0, x)", [-1.0, 0.0, 2.0], [0, 1, 1]),
        ("lambda x: np.sum(np.dot(x, x.T))", M, [[8, 12], [8, 12]]),
        ("lambda x: np.sum(np.reshape(x, (4,)) * np.arange(4))", M, [[0, 1], [2, 3]]),
        ("lambda x: np.sum(np.concatenate([x, x * 2]))", V, [3, 3]),
        ("lambda x: np.sum(np.where(x > 1, x, 2 * x))", V, [2, 1]),
        ("lambda x: np.mean(x)", V, [0.5, 0.5]),
        ("lambda x: np.std(x)", [3.0, 1.0], [0.5, -0.5]),
        ("lambda x: np.prod(x)", [2.0, 3.0], [3, 2]),
        ("lambda x: np.linalg.norm(x)", [3.0, 4.0], [0.6, 0.8]),
        ("lambda x: np.sum(x * numpy.array([2., 3.]))", V, [2, 3]),
    ],
)
def test_gradients_of_arrays(f, at, expected):
    """The later ones are beyond what MinPy could do."""
    found = grad(eval(f, {"np": np, "numpy": numpy}))(np.array(at))
    assert type(found) is Array
    assert found.dtype == numpy.float32
    numpy.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-6)


def test_writes_in_a_function():
    def f(x):
        y = x * 1
        y[0] = 5
        return np.sum(y * y)

    assert grad(f)(np.array([1.0, 2.0])).asnumpy().tolist() == [0, 4]


def test_nested_parameters_and_raw_arrays():
    assert grad(lambda p: p["w"] * 2)({"w": np.array([1.0])})["w"].asnumpy().tolist() == [2]
    found = grad(lambda x: x * x)(numpy.asarray([1.0, 2.0]))
    assert (type(found), found.asnumpy().tolist()) == (Array, [2, 4])


def test_gradient_and_result():
    gradient, loss = grad_and_loss(lambda x: (x * x, x + 1))(np.array([1.0, 2.0]))
    assert gradient.asnumpy().tolist() == [3, 5]
    assert [type(part) for part in loss] == [Array, Array]
    assert [part.asnumpy().tolist() for part in loss] == [[1, 4], [2, 3]]


def test_conversions():
    assert return_numpy(grad(lambda x: x * x))(np.array([1.0, 2.0])).tolist() == [2, 4]
    taken = numpy_to_minpy([numpy.asarray([1.0, 2.0]), 3])
    assert (type(taken[0]), str(taken[0].dtype), taken[1]) == (Array, "float64", 3)
    assert [type(x) for x in minpy_to_numpy([np.array([1.0]), {"a": np.ones(2)}["a"]])] == [numpy.ndarray] * 2
    assert convert_args(type)(numpy.asarray([1.0])) is Array
    with pytest.raises(NotImplementedError, match="symbols"):
        function(None, [])


def test_policies():
    minpy.set_global_policy("only_numpy")
    assert str(np.array([1, 2]).dtype) == "int64"
    assert str(np.ones(2).dtype) == "float64"
    assert repr(grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))) == "array([2., 4.])"
    np.set_policy(minpy.PreferMXNetPolicy())
    assert str(np.array([1, 2]).dtype) == "float32"

    @minpy.wrap_policy(minpy.OnlyNumPyPolicy())
    def inside():
        return str(np.ones(2).dtype)

    assert inside() == "float64"
    assert str(np.ones(2).dtype) == "float32"
    with pytest.raises(ValueError, match="only_numpy"):
        minpy.set_global_policy("unknown")


def test_contexts():
    assert (repr(cpu()), repr(gpu(0)), current_context()) == ("cpu(0)", "gpu(0)", cpu())
    before = current_context()
    set_context(gpu(1))
    assert current_context() == gpu(1)
    Context.__exit__(before)
    assert current_context() == cpu()


@pytest.mark.parametrize("kind", ["numpy", "minpy"])
def test_custom_operation(kind):
    xp = numpy if kind == "numpy" else np

    @customop(kind)
    def loss(x, y):
        probs = xp.exp(x - xp.max(x, axis=1, keepdims=True))
        probs = probs / xp.sum(probs, axis=1, keepdims=True)
        return -xp.sum(xp.log(probs) * y) / x.shape[0]

    def gradient(out, x, y):
        def by_head(g):
            e = xp.exp(x - xp.max(x, axis=1, keepdims=True))
            return g * (e / xp.sum(e, axis=1, keepdims=True) - y) / x.shape[0]

        return by_head

    loss.def_grad(gradient)
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    assert type(loss(x, y)) is Array
    found = grad(loss)(x, y)
    numpy.testing.assert_allclose(found.asnumpy(), [[-0.36552929, 0.36552929], [0.13447071, -0.13447071]], rtol=1e-5)


def test_another_backend():
    with xpgrad.use_backend("array_api_strict"):
        x = np.array([1.0, 2.0])
        assert type(grad(lambda x: np.sum(x**3))(x).data).__module__.startswith("array_api_strict")


def test_elements_are_numbers():
    a = np.array([1.0, 2.0, 3.0])
    assert (type(a[0]), repr(a[0]), str(a[1])) == (Number, "1.0", "2.0")
    assert repr(a[0] * a) == repr(a)
    assert repr(grad(lambda x: x[0] * x[1])(a)) == "array([2., 1., 0.], dtype=float32)"


def test_custom_operation_with_a_number_for_its_result():
    calls = []
    square = customop("numpy")(lambda x: calls.append(x) or float((x * x).sum()))
    square.def_grad(lambda out, x: lambda g: g * 2 * x)
    assert repr(grad(square)(np.array([1.0, 2.0]))) == "array([2., 4.], dtype=float32)"
    assert len(calls) == 1


@pytest.mark.parametrize("kind", ["numpy", "minpy"])
def test_the_gradient_of_a_custom_operation_may_write_to_its_result(kind):
    @customop(kind)
    def double(x):
        return 2 * x

    def gradient(out, x):
        out[:] = 0.0
        return lambda g: g * 2

    double.def_grad(gradient)
    x = np.array([1.0, 2.0])
    value, slope = grad_and_loss(lambda x: double(x) * 1.0)(x)[::-1]
    assert (repr(value), repr(slope)) == ("array([2., 4.], dtype=float32)", "array([2., 2.], dtype=float32)")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("from xpgrad.minpy.nn.model import ModelBase", "write the layers with"),
        ("from xpgrad.minpy import nn", "write the layers with"),
        ("from xpgrad.minpy.dispatch.policy import OnlyNumPyPolicy", "xpgrad.minpy.policy"),
        ("import xpgrad.minpy.contxt", "The nearest names it has: context"),
    ],
)
def test_modules_that_are_not_provided(statement, reason):
    with pytest.raises(ModuleNotFoundError, match=reason):
        exec(statement)


def test_functions_of_symbols():
    with pytest.raises(NotImplementedError, match="symbols"):
        minpy.core.Function(None)
    with pytest.raises(AttributeError, match="The nearest names it has: grad"):
        getattr(minpy.core, "gradd")  # noqa: B009  # that it is asked for is what counts
