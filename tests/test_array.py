"""Array: what it is to look at, to compute with, to convert and to copy."""

import copy
import inspect
import operator
import pickle
import warnings

import array_api_strict
import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.array import Array
from xpgrad.errors import DLPackHistoryLostError, GradientLostWarning, HistoryLostError, UnsupportedTypeError

strict = xpgrad.namespace("array_api_strict")
namespaces = pytest.mark.parametrize("xp", [xp, strict], ids=["numpy", "array_api_strict"])


def variable(values, xp=xp):
    x = xp.asarray(values)
    x.attach_grad()
    return x


# Attributes


@namespaces
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_attributes(xp, shape):
    x = xp.zeros(shape, dtype=xp.float32)
    raw = x.data
    assert isinstance(x, Array)
    assert x.shape == shape
    assert isinstance(x.shape, tuple)
    assert x.ndim == len(shape)
    assert x.size == int(np.prod(shape))
    assert x.dtype == xp.float32
    assert x.device == raw.device
    assert x.grad is None
    assert x.__array_namespace__() is xp
    assert x.__array_namespace__(api_version="2023.12") is xp


def test_transposes():
    x = xp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert x.T.tolist() == x.mT.tolist() == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    assert xp.zeros((2, 3, 4)).mT.shape == (2, 4, 3)
    with pytest.raises(ValueError, match=r"T is for 2 dimensions, this array has 3\. Use mT or xp\.permute_dims"):
        xp.zeros((2, 3, 4)).T  # noqa: B018  # the access is what fails


def test_transposes_are_differentiable():
    x = variable([[1.0, 2.0], [3.0, 4.0]])
    with autograd.record():
        loss = xp.sum(x.T * x.mT * xp.asarray([[1.0, 0.0], [1.0, 0.0]]))
    loss.backward()
    assert x.grad.tolist() == [[2.0, 4.0], [0.0, 0.0]]


def test_methods_that_numpys_users_expect():
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    assert x.sum().item() == 10.0
    assert x.mean(axis=0).tolist() == [2.0, 3.0]
    assert x.max(axis=1, keepdims=True).tolist() == [[2.0], [4.0]]
    assert x.reshape((4,)).shape == (4,)
    assert x.astype(xp.float32).dtype == xp.float32
    assert x.argmax().item() == 3
    assert x.all().item() is True


def test_attributes_cannot_be_set():
    x = xp.asarray([1.0])
    for name in ("shape", "dtype", "data", "grad", "ndim", "size", "device", "anything"):
        with pytest.raises(AttributeError):
            setattr(x, name, 1)


# Operators

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow]
BITWISE = [operator.and_, operator.or_, operator.xor]
SHIFTS = [operator.lshift, operator.rshift]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
IN_PLACE = {
    operator.add: operator.iadd, operator.sub: operator.isub, operator.mul: operator.imul, operator.mod: operator.imod,
    operator.truediv: operator.itruediv, operator.floordiv: operator.ifloordiv, operator.pow: operator.ipow,
    operator.and_: operator.iand, operator.or_: operator.ior, operator.xor: operator.ixor,
    operator.lshift: operator.ilshift, operator.rshift: operator.irshift, operator.matmul: operator.imatmul,
}  # fmt: skip

A, B = np.asarray([1.5, 2.0, 3.0]), np.asarray([2.0, 0.5, 3.0])
M, N = np.asarray([6, 5, 12]), np.asarray([3, 2, 1])


def agrees(found, expected):
    assert isinstance(found, Array)
    expected = np.asarray(expected)
    np.testing.assert_array_equal(found.asnumpy(), expected, strict=True)


def same(op):
    return op.__name__


@pytest.mark.parametrize("op", ARITHMETIC + COMPARISONS, ids=same)
@pytest.mark.parametrize(
    "other", [B, 2.0, 3, True, np.float64(2.0), np.float32(2.0), np.int64(3), np.asarray(2.0)], ids=repr
)
def test_operators_on_floats_with_anything_on_either_side(op, other):
    for convert in (lambda value: value, xp.asarray):
        agrees(op(xp.asarray(A), convert(other)), op(A, other))
        agrees(op(convert(other), xp.asarray(A)), op(other, A))


@pytest.mark.parametrize("op", [*ARITHMETIC, *COMPARISONS, *BITWISE, *SHIFTS], ids=same)
@pytest.mark.parametrize("other", [N, 2, np.int64(2), np.asarray(2)], ids=repr)
def test_operators_on_integers_with_anything_on_either_side(op, other):
    for convert in (lambda value: value, xp.asarray):
        agrees(op(xp.asarray(M), convert(other)), op(M, other))
        agrees(op(convert(other), xp.asarray(M)), op(other, M))


@pytest.mark.parametrize("op", [*BITWISE, operator.eq, operator.ne], ids=same)
@pytest.mark.parametrize("other", [np.asarray([True, True]), True, np.bool_(True)], ids=repr)
def test_operators_on_booleans(op, other):
    values = np.asarray([True, False])
    agrees(op(xp.asarray(values), other), op(values, other))
    agrees(op(other, xp.asarray(values)), op(other, values))


@pytest.mark.parametrize("op", [operator.neg, operator.pos, operator.abs], ids=same)
def test_unary_operators(op):
    agrees(op(xp.asarray(-A)), op(-A))
    agrees(op(xp.asarray(-M)), op(-M))


def test_invert():
    agrees(~xp.asarray(M), ~M)
    agrees(~xp.asarray([True, False]), np.asarray([False, True]))


@pytest.mark.parametrize(
    "shapes", [((2, 3), (3, 2)), ((3,), (3, 2)), ((2, 3), (3,)), ((3,), (3,)), ((4, 2, 3), (3, 2))]
)
def test_matmul(shapes):
    a, b = (np.arange(np.prod(shape), dtype=float).reshape(shape) for shape in shapes)
    agrees(xp.asarray(a) @ xp.asarray(b), a @ b)
    agrees(xp.asarray(a) @ b, a @ b)
    agrees(a @ xp.asarray(b), a @ b)


@pytest.mark.parametrize("op", ARITHMETIC, ids=same)
@pytest.mark.parametrize("other", [B, 2.0, 3, np.float64(2.0), xp.asarray(B)], ids=lambda v: type(v).__name__)
def test_in_place_operators(op, other):
    x = before = xp.asarray(A.copy())
    x = IN_PLACE[op](x, other)
    assert x is before
    agrees(x, op(A, np.asarray(other.data if isinstance(other, Array) else other)))


@pytest.mark.parametrize("op", BITWISE + SHIFTS, ids=same)
def test_in_place_operators_on_integers(op):
    x = before = xp.asarray(M.copy())
    x = IN_PLACE[op](x, xp.asarray(N))
    assert x is before
    agrees(x, op(M, N))


def test_in_place_matmul():
    a, b = np.asarray([[1.0, 2.0], [3.0, 4.0]]), np.asarray([[0.0, 1.0], [1.0, 1.0]])
    x = before = xp.asarray(a.copy())
    x @= xp.asarray(b)
    assert x is before
    agrees(x, a @ b)


def test_numpy_refuses_to_write_an_array_into_its_own_memory():
    """That would drop the history in silence."""
    raw = np.asarray([1.0, 2.0])
    with autograd.record(), pytest.raises(HistoryLostError, match="writing into a NumPy array"):
        raw += variable([3.0, 4.0])
    assert raw.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("op", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow], ids=same)
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("other", [B, 2.0, np.float64(2.0), np.asarray(2.0)], ids=repr)
def test_gradients_do_not_depend_on_what_the_constant_is(op, side, other):
    def head(x, other):
        return op(x, other) if side == "left" else op(other, x)

    gradients = []
    for constant in (other, xp.asarray(other)):
        x = variable(A)
        with autograd.record():
            y = head(x, constant)
        y.backward()
        gradients.append(x.grad.asnumpy())
    step = 1e-6
    expected = (head(A + step, np.asarray(other)) - head(A - step, np.asarray(other))) / (2 * step)
    np.testing.assert_array_equal(*gradients)
    np.testing.assert_allclose(gradients[0], expected, rtol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_python_and_numpy_scalars_do_not_widen(dtype):
    x = xp.asarray([1.0], dtype=getattr(xp, dtype))
    for scalar in (2, 2.0, True, np.float64(2.0), np.int64(2)):
        assert (x * scalar).dtype == (scalar * x).dtype == x.dtype


def test_a_number_that_is_complex_makes_it_complex():
    agrees(xp.asarray(A) * 1j, A * 1j)
    agrees(1j + xp.asarray(A), 1j + A)


class Polite:
    """A type that knows how to stand beside an Array."""

    __array_ufunc__ = None

    def answer(self, other):
        return "reflected"

    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rpow__ = __rmatmul__ = answer
    __rand__ = __ror__ = __rxor__ = __rlshift__ = __rrshift__ = answer
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = answer
    __hash__ = None


@pytest.mark.parametrize("op", [*ARITHMETIC, operator.matmul, *BITWISE, *SHIFTS, *COMPARISONS], ids=same)
def test_an_unknown_type_may_answer_itself(op):
    assert op(xp.asarray(M), Polite()) == "reflected"


@pytest.mark.parametrize("op", [operator.add, operator.mul], ids=same)
def test_an_unknown_type_may_answer_an_in_place_operator(op):
    assert IN_PLACE[op](xp.asarray(M), Polite()) == "reflected"


@pytest.mark.parametrize("op", [*ARITHMETIC, operator.matmul, *BITWISE, *SHIFTS], ids=same)
def test_a_type_that_cannot_answer_is_a_type_error(op):
    for other in (object(), "text", None, {}):
        with pytest.raises(TypeError):
            op(xp.asarray(M), other)
        if op is operator.mod and isinstance(other, str):
            continue  # Python formats the text
        with pytest.raises(TypeError):
            op(other, xp.asarray(M))


@pytest.mark.parametrize("other", [object(), "text", None])
def test_comparison_with_something_else(other):
    x = xp.asarray([1.0])
    assert (x == other) is False
    assert (x != other) is True
    with pytest.raises(TypeError):
        _ = x < other


def test_functions_name_what_they_do_not_know():
    with pytest.raises(UnsupportedTypeError, match=r"object is not an array that xpgrad knows"):
        xp.add(xp.asarray([1.0]), object())


# Conversion to Python numbers


@namespaces
def test_bool_int_float_complex_index(xp):
    assert bool(xp.asarray(2.0)) is True
    assert bool(xp.asarray(0)) is False
    assert int(xp.asarray(3)) == 3
    assert int(xp.asarray(3.7)) == 3
    assert float(xp.asarray(2.5)) == 2.5
    assert complex(xp.asarray(1 + 2j)) == 1 + 2j
    assert operator.index(xp.asarray(4)) == 4
    assert [10, 20, 30][xp.asarray(1)] == 20
    with pytest.raises(TypeError):
        operator.index(xp.asarray(1.0))


@pytest.mark.parametrize("convert", [int, float, complex])
def test_only_one_element_is_a_number(convert):
    with pytest.raises((TypeError, ValueError)):
        convert(xp.asarray([1.0, 2.0]))


def test_truth_of_many_elements_is_refused():
    with pytest.raises(ValueError, match="ambiguous"):
        bool(xp.asarray([1.0, 2.0]))


def test_control_flow_on_recorded_arrays_is_silent():
    x = variable(2.0)
    with autograd.record():
        y = x * x
        while y < 100.0:
            y = y * x
        n = int(y)
    y.backward()
    assert n == 128
    assert x.grad.item() == 7 * 2.0**6


@pytest.mark.parametrize(("convert", "name"), [(float, "float"), (complex, "complex")])
def test_a_recorded_array_that_becomes_a_number_warns_at_the_line(convert, name):
    x = variable(2.0)
    with autograd.record():
        y = x * x
        here = inspect.currentframe().f_lineno + 2
        with pytest.warns(GradientLostWarning, match=rf"{name}\(\) of a recorded array drops its history") as seen:
            convert(y)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    assert seen[0].lineno == here


def test_numbers_are_silent_where_nothing_is_lost():
    x = variable(2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        float(x)
        with autograd.record():
            y = x * x
            float(xp.asarray(1.0))
            float(y.detach())
            y.item()
            with autograd.pause():
                float(y)
        float(y)


def test_item_tolist_and_asnumpy_always_work():
    x = variable([[1.0, 2.0]])
    with autograd.record():
        y = x * x
        assert y[0, 1].item() == 4.0
        assert y.tolist() == [[1.0, 4.0]]
        np.testing.assert_array_equal(y.asnumpy(), [[1.0, 4.0]])
        np.testing.assert_array_equal(y.data, [[1.0, 4.0]])
    assert type(y[0, 1].item()) is float
    assert type(xp.asarray(1).item()) is int
    assert type(xp.asarray(True).item()) is bool
    assert type(xp.asarray(1j).item()) is complex
    with pytest.raises(ValueError, match="size 1"):
        y.item()


@namespaces
def test_asnumpy_is_a_copy(xp):
    x = xp.asarray([1.0, 2.0])
    values = x.asnumpy()
    assert type(values) is np.ndarray
    values[0] = 9.0
    assert x.tolist() == [1.0, 2.0]
    x[1] = 7.0
    assert values.tolist() == [9.0, 2.0]


# Conversion to other libraries


def test_numpy_reads_an_array_that_is_not_being_recorded():
    x = variable([1.0, 2.0])
    with autograd.record():
        y = x * x
    np.testing.assert_array_equal(np.asarray(xp.asarray([1.0])), [1.0])
    np.testing.assert_array_equal(np.asarray(y), [1.0, 4.0])
    assert np.asarray(y, dtype=np.float32).dtype == np.float32
    assert np.array(y, copy=True).tolist() == [1.0, 4.0]
    assert float(np.asarray(y)[0]) == 1.0


def test_what_numpy_reads_does_not_write_back():
    x = xp.asarray([1.0, 2.0])
    values = np.array(x)
    values[0] = 9.0
    assert x.tolist() == [1.0, 2.0]


def test_numpy_may_not_read_what_is_being_recorded():
    x = variable([1.0, 2.0])
    with autograd.record():
        y = x * x
        for convert in (np.asarray, np.array, lambda a: np.asarray(a, dtype=np.float32)):
            for tracked in (x, y):
                with pytest.raises(HistoryLostError, match="detach"):
                    convert(tracked)
        np.testing.assert_array_equal(np.asarray(y.detach()), [1.0, 4.0])
        with autograd.pause():
            np.testing.assert_array_equal(np.asarray(y), [1.0, 4.0])
        np.testing.assert_array_equal(np.asarray(xp.asarray([3.0])), [3.0])


def test_dlpack():
    x = variable([1.0, 2.0])
    with autograd.record():
        y = x * x
        with pytest.raises(DLPackHistoryLostError):
            np.from_dlpack(y)
        with pytest.raises(DLPackHistoryLostError):
            x.__dlpack__()
        assert np.from_dlpack(y.detach()).tolist() == [1.0, 4.0]
    assert np.from_dlpack(y).tolist() == [1.0, 4.0]
    assert x.__dlpack_device__() == x.data.__dlpack_device__()
    assert xp.from_dlpack(np.asarray([5.0])).tolist() == [5.0]


def test_other_libraries_read_an_array():
    x = xp.asarray([1.0, 2.0])
    assert array_api_strict.from_dlpack(x).shape == (2,)


# Text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.0, 2.0], "Array([1., 2.])"),
        (4.0, "Array(4.)"),
        ([1, 2], "Array([1, 2])"),
        ([[1.0, 2.0], [3.0, 4.0]], "Array([[1., 2.],\n       [3., 4.]])"),
        (np.asarray([1.0], dtype=np.float32), "Array([1.], dtype=float32)"),
        ([True], "Array([ True])"),
    ],
)
def test_repr(values, text):
    assert repr(xp.asarray(values)) == text


def test_repr_of_another_library():
    assert repr(strict.asarray([1.0])) == "Array([1.], dtype=array_api_strict.float64)"


def test_str_and_format_show_the_values():
    x = xp.asarray([1.0, 2.0])
    assert str(x) == "[1. 2.]"
    assert f"{x}" == "[1. 2.]"
    assert f"{x:>9}" == "  [1. 2.]"
    assert f"{xp.asarray(2.5)}" == "2.5"
    assert f"{xp.asarray(2.5):.2f}" == "2.50"


def test_text_of_recorded_arrays_is_allowed():
    x = variable([1.0])
    with autograd.record():
        y = x * 2.0
        assert repr(y) == "Array([2.])"
        assert str(y) == "[2.]"


# Sequence


def test_len_and_iter():
    x = variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert len(x) == 3
    with autograd.record():
        first, *rest = x
        loss = xp.sum(first * rest[1])
    assert len(rest) == 2
    loss.backward()
    assert x.grad.tolist() == [[5.0, 6.0], [0.0, 0.0], [1.0, 2.0]]
    for nothing in (len, iter):
        with pytest.raises(TypeError, match="0-d array"):
            nothing(xp.asarray(1.0))


def test_membership():
    assert 2.0 in xp.asarray([1.0, 2.0])
    assert 3.0 not in xp.asarray([1.0, 2.0])


# Copies


@namespaces
@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), lambda x: x.copy()],
    ids=["copy", "deepcopy", "pickle", "method"],
)
def test_copies_have_the_values_but_neither_gradient_nor_history(xp, duplicate):
    x = variable([1.0, 2.0], xp)
    with autograd.record():
        y = x * x
    for original in (x, y):
        try:
            other = duplicate(original)
        except TypeError as error:
            if xp is strict and "pickle" in str(error):
                pytest.skip("array-api-strict's own arrays cannot be pickled")
            raise
        assert type(other) is Array
        assert other is not original
        assert other.tolist() == original.tolist()
        assert other.dtype == original.dtype
        assert other.grad is None
        other[0] = 9.0
        assert original.tolist()[0] == 1.0
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_copy_while_recording_is_differentiable():
    x = variable([1.0, 2.0])
    with autograd.record():
        y = x.copy()
        y *= 3.0
    y.backward()
    assert x.tolist() == [1.0, 2.0]
    assert x.grad.tolist() == [3.0, 3.0]


def test_deepcopy_keeps_identities_inside_a_structure():
    x = xp.asarray([1.0])
    first, second = copy.deepcopy([x, x])
    assert first is second


# Hash


def test_arrays_are_hashed_by_identity():
    x, y = xp.asarray([1.0]), xp.asarray([1.0])
    assert hash(x) == hash(x)
    names = {x: "x", y: "y"}
    assert names[x] == "x"
    assert names[y] == "y"
    assert len({x, y, x}) == 2


# Gradient


def test_gradient_before_and_after_attach_and_drop():
    x = xp.asarray([1.0, 2.0])
    assert x.grad is None
    x.attach_grad()
    assert isinstance(x.grad, Array)
    assert x.grad.tolist() == [0.0, 0.0]
    assert x.grad.dtype == x.dtype
    x.drop_grad()
    assert x.grad is None
    with autograd.record():
        y = x * x
    with pytest.raises(xpgrad.errors.NotRecordedError):
        y.backward()


def test_methods_of_a_constant_do_nothing():
    x = xp.asarray([1.0])
    x.zero_grad()
    x.drop_grad()
    assert x.grad is None


def test_what_is_recorded_is_not_pickled_unseen():
    x = variable([1.0, 2.0])
    with autograd.record():
        y = x * x
        for recorded in (x, y, y[1:]):
            with pytest.raises(HistoryLostError, match=r"other processes.*detach"):
                pickle.dumps(recorded)
        assert pickle.loads(pickle.dumps(y.detach())).tolist() == [1.0, 4.0]
    assert pickle.loads(pickle.dumps(y)).tolist() == [1.0, 4.0]


def test_a_number_alone_is_reduced():
    assert [float(f(2.0)) for f in (xp.sum, xp.prod, xp.max, xp.min)] == [2.0] * 4


def test_divmod_is_the_quotient_and_the_rest():
    x = xp.asarray([7.0, -7.0])
    for a, b in ((x, 3), (20.0, x), (x, x), (x, np.asarray([2.0, 3.0]))):
        quotient, rest = divmod(a, b)
        expected = divmod(np.asarray(a), np.asarray(b))
        assert quotient.tolist() == expected[0].tolist()
        assert rest.tolist() == expected[1].tolist()
    assert xpgrad.grad(lambda x: sum(divmod(x, 3.0)))(7.0) == 1.0
    with pytest.raises(TypeError):
        divmod(x, "3")


def test_an_array_that_nobody_made_can_be_shown():
    assert "xpgrad.asarray" in repr(xpgrad.Array())


@pytest.mark.parametrize("backend", ["numpy", "dask", "array_api_strict", "torch"])
@pytest.mark.parametrize("repetitions", [2, (2,), [2, 3], (2, 1, 2), 0])
def test_tile_takes_one_number_or_several(backend, repetitions):
    pytest.importorskip({"dask": "dask.array"}.get(backend, backend), reason=f"{backend} is not installed")
    xp = xpgrad.namespace(backend)
    values = np.arange(6.0).reshape(2, 3)
    x = variable(values, xp)
    with autograd.record():
        tiled = xp.tile(x, repetitions)
    tiled.backward()
    np.testing.assert_array_equal(tiled.asnumpy(), np.tile(values, repetitions))
    np.testing.assert_array_equal(x.grad.asnumpy(), np.full((2, 3), np.prod(repetitions)))
