"""What the array API standard asks for, where its upstream suite does not look, and what it means for histories."""

import inspect

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp
from xpgrad import Array, autograd
from xpgrad.errors import DLPackHistoryLostError, HistoryLostError, NotDifferentiableError
from xpgrad.primitive import CONSTANTS

strict = xpgrad.namespace("array_api_strict")
namespaces = pytest.mark.parametrize("xp", [xp, strict], ids=["numpy", "array_api_strict"])


def variable(values, xp=xp):
    x = xp.asarray(values)
    x.attach_grad()
    return x


def test_the_version():
    assert xp.__array_api_version__ == strict.__array_api_version__ == xpgrad.__array_api_version__ == "2025.12"


@namespaces
@pytest.mark.parametrize("name", sorted(CONSTANTS))
def test_functions_without_a_gradient_have_the_standards_parameters_on_every_backend(xp, name):
    extension, _, last = name.rpartition(".")
    function = getattr(getattr(xp, extension) if extension else xp, last)
    parameters = inspect.signature(function).parameters
    assert not {"out", "where", "kwargs", "casting"} & parameters.keys()
    assert function.__name__ == last
    assert function.__doc__


@namespaces
def test_an_output_that_would_be_written_unseen_is_refused(xp):
    x = xp.asarray([1.0, 2.0])
    with pytest.raises(TypeError, match="unexpected keyword argument 'out'"):
        xp.isfinite(x, out=xp.asarray([False, False]))
    with pytest.raises(TypeError):
        xp.zeros((2,), xp.float32)


@namespaces
def test_an_axis_may_be_given_by_position(xp):
    x = xp.asarray([[1.0, 3.0], [4.0, 2.0]])
    assert xp.argmax(x, 1).tolist() == [1, 0]
    assert xp.all(x > 1, 0).tolist() == [False, True]
    assert xp.argsort(x, 0, True).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("listed", "standard"),
    [
        (lambda x: xp.roll(x, [1], axis=[0]), lambda x: xp.roll(x, 1, axis=0)),
        (lambda x: xp.roll(x, [1, 2], axis=[0, 1]), lambda x: xp.roll(x, (1, 2), axis=(0, 1))),
        (lambda x: xp.sum(x, axis=[0, 1]), lambda x: xp.sum(x, axis=(0, 1))),
        (lambda x: xp.squeeze(x[None], [0]), lambda x: xp.squeeze(x[None], 0)),
        (lambda x: xp.reshape(x, [4, np.int64(3)]), lambda x: xp.reshape(x, (4, 3))),
        (lambda x: xp.moveaxis(x, np.int64(0), [1]), lambda x: xp.moveaxis(x, 0, 1)),
        (lambda x: xp.tensordot(x, x, axes=[0, 0]), lambda x: xp.tensordot(x, x, axes=((0,), (0,)))),
        (lambda x: xp.tensordot(x, x.T, axes=np.int64(1)), lambda x: xp.tensordot(x, x.T, axes=1)),
        (lambda x: xp.abs(xp.fft.rfftn(x, s=np.asarray([2, 5]), axes=[0, 1])),
         lambda x: xp.abs(xp.fft.rfftn(x, s=(2, 5), axes=(0, 1)))),
        (lambda x: xp.concat([x, x * x], axis=np.asarray(1)), lambda x: xp.concat([x, x * x], axis=1)),
        (lambda x: x[[0, 2, 2]], lambda x: xp.take(x, xp.asarray([0, 2, 2]), axis=0)),
    ],
)  # fmt: skip
def test_lists_and_numpys_integers_serve_for_tuples_and_integers(listed, standard):
    x = np.arange(1.0, 13.0).reshape(3, 4)
    found, expected = (
        xpgrad.value_and_grad(lambda x, f=f: xp.sum(xp.exp(f(x) / 50) * x[0, 1]))(x) for f in (listed, standard)
    )
    np.testing.assert_allclose(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1])


def test_a_list_that_changes_later_does_not_change_the_gradient():
    x, shift = variable([1.0, 2.0, 3.0]), [1]
    with autograd.record():
        y = xp.roll(x, shift, axis=[0]) * xp.asarray([1.0, 2.0, 3.0])
    shift[0] = 2
    y.backward()
    assert x.grad.tolist() == [2.0, 3.0, 1.0]


@pytest.mark.parametrize("axis", [0, -1])
def test_an_array_without_axes_has_one_for_take_as_in_numpy(axis):
    assert xpgrad.grad(lambda x: xp.sum(xp.take(x, xp.asarray([0, 0]), axis=axis)))(2.0) == 2.0


@namespaces
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("arange", lambda xp, y: xp.arange(y)),
        ("full", lambda xp, y: xp.full((2,), y)),
        ("full_like", lambda xp, y: xp.full_like(xp.zeros(2), fill_value=y)),
        ("linspace", lambda xp, y: xp.linspace(0.0, y, 3)),
    ],
)
def test_a_new_array_does_not_swallow_the_history_of_its_values(xp, name, call):
    x = variable(2.0, xp)
    with autograd.record(), pytest.raises(NotDifferentiableError, match=f"{name} has no derivative rule for"):
        call(xp, x * x)


@namespaces
def test_shapes_and_dtypes_are_no_history(xp):
    x = variable([1.0, 2.0], xp)
    with autograd.record():
        y = x * x
        assert xp.full_like(y, 3.0).tolist() == [3.0, 3.0]
        assert xp.result_type(y, 1.0) == y.dtype
        assert xp.finfo(y).bits == 64
        assert xp.can_cast(y, xp.complex128)


# Conversion


@namespaces
def test_dlpack_has_the_standards_keywords(xp):
    x = xp.asarray([1.0, 2.0])
    assert list(inspect.signature(x.__dlpack__).parameters) == ["stream", "max_version", "dl_device", "copy"]
    exported = x.__dlpack__(stream=None, max_version=(1, 0), dl_device=x.__dlpack_device__(), copy=True)
    assert "dltensor_versioned" in repr(exported)


@namespaces
def test_from_dlpack_keeps_the_history_of_an_array_of_its_own(xp):
    x = variable([1.0, 2.0], xp)
    with autograd.record():
        y = xp.from_dlpack(x * x)
        z = xp.sum(xp.from_dlpack(y, copy=True) * y)
    z.backward()
    assert x.grad.tolist() == [4.0, 32.0]


@pytest.mark.parametrize(("source", "other"), [(xp, strict), (strict, xp)], ids=["from numpy", "to numpy"])
def test_arrays_of_another_backend_are_converted_unless_that_loses_history(source, other):
    x = variable([1.0, 2.0], source)
    for convert in (other.asarray, other.from_dlpack):
        found = convert(x)
        assert isinstance(found, Array)
        assert type(found.data) is type(other.ones(1).data)
        assert found.tolist() == [1.0, 2.0]
    assert other.asarray(x, dtype=other.float32).dtype == other.float32
    with autograd.record():
        y = x * x
        with pytest.raises(HistoryLostError, match="converting an array of"):
            other.asarray(y)
        with pytest.raises(DLPackHistoryLostError):
            other.from_dlpack(y)
        assert other.asarray(y.detach()).tolist() == [1.0, 4.0]


@namespaces
def test_lists_of_arrays_and_numbers_are_stacked_with_their_histories(xp):
    x = variable([1.0, 2.0], xp)
    with autograd.record():
        y = xp.asarray([[x[0], 3.0], (x[1], x[0])])
        z = xp.sum(y * xp.asarray([[1.0, 2.0], [3.0, 4.0]]))
    assert y.tolist() == [[1.0, 3.0], [2.0, 1.0]]
    z.backward()
    assert x.grad.tolist() == [5.0, 3.0]


@namespaces
def test_astype_without_copy_gives_the_array_itself(xp):
    x = xp.asarray([1.0, 2.0])
    assert xp.astype(x, xp.float64, copy=False) is x
    assert xp.astype(x, xp.float64, copy=False, device=x.device) is x
    assert xp.astype(x, xp.float32, copy=False).dtype == xp.float32
    y = xp.astype(x, xp.float64)
    y[0] = 9.0
    assert x.tolist() == [1.0, 2.0]


# Shapes


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ((), ()),
        (((),), ()),
        (((2, 1), (3,)), (2, 3)),
        (((0, 1), (1, 1)), (0, 1)),
        (((1, 0), (4, 1)), (4, 0)),
        (((None, 3), (1, 3), (5, 1, 1)), (5, None, 3)),
    ],
)
def test_broadcast_shapes(shapes, expected):
    assert xp.broadcast_shapes(*shapes) == strict.broadcast_shapes(*shapes) == expected


@pytest.mark.parametrize("shapes", [((2,), (3,)), ((0,), (2,)), ((2, 1), (3, 4), (2, 3)), ((None, 2), (4, 3))])
def test_shapes_that_do_not_broadcast(shapes):
    with pytest.raises(ValueError, match="can not be broadcast together"):
        xp.broadcast_shapes(*shapes)


def test_lengths_that_are_not_known_yet_stay_so():
    assert np.isnan(xp.broadcast_shapes((np.nan,), (3,))[0])


@namespaces
def test_several_new_axes_at_once(xp):
    x = variable([1.0, 2.0], xp)
    with autograd.record():
        y = xp.expand_dims(x, axis=(0, 2))
        z = xp.sum(y * y)
    assert y.shape == (1, 2, 1)
    z.backward()
    assert x.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "logsumexp", "cumulative_sum", "cumulative_prod"])
def test_an_array_without_axes_is_reduced_as_by_numpy(name: str, axis: int) -> None:
    """NumPy takes it for one of length 1."""
    gradient = xpgrad.grad(lambda x: xp.sum(getattr(xp, name)(x, axis=axis)))(2.0)
    np.testing.assert_array_equal(gradient, 1.0)


CALLS_WITH_NUMBERS = {
    "astype": lambda xp, x: xp.astype(3.0, xp.float32),
    "broadcast_arrays": lambda xp, x: xp.broadcast_arrays(1.0, x)[0],
    "einsum": lambda xp, x: xp.einsum("i,->i", x, 2.0),
    "expand_dims": lambda xp, x: xp.expand_dims(3.0, axis=0),
    "logsumexp": lambda xp, x: xp.special.logsumexp(0.5),
    "meshgrid": lambda xp, x: xp.meshgrid(1.0, x)[0],
    "pad": lambda xp, x: xp.pad(3.0, 1),
    "permute_dims": lambda xp, x: xp.permute_dims(3.0, ()),
    "reshape": lambda xp, x: xp.reshape(3.0, (1,)),
    "sinc": lambda xp, x: xp.special.sinc(0.5),
    "softplus": lambda xp, x: xp.special.softplus(0.5),
}


@namespaces
@pytest.mark.parametrize("name", CALLS_WITH_NUMBERS)
def test_functions_that_are_made_of_others_take_numbers(xp, name):
    x = xp.asarray([1.0, 2.0], dtype=xp.float32)
    call = CALLS_WITH_NUMBERS[name]
    with xpgrad.use_backend(xp.__name__.partition(".")[2]):
        out = call(xp, x)
    assert type(out.data) is type(x.data)
    if name in ("broadcast_arrays", "einsum", "meshgrid"):  # a number beside an array takes after that
        assert call(xp, x).dtype == xp.float32


def test_numbers_make_other_numbers_of_an_array_where_they_have_to():
    assert xp.einsum("i,->i", xp.asarray([1, 2]), 0.5).tolist() == [0.5, 1.0]
    assert xp.einsum("i,->i", xp.asarray([1.0], dtype=xp.float32), 2j).dtype == xp.complex64
    with pytest.raises(TypeError, match="is not an array that xpgrad knows"):
        xp.special.softplus([0.5])


@namespaces
def test_differences_are_along_an_axis_that_there_is(xp):
    x = xp.asarray([[1.0, 2.0, 4.0], [0.0, 3.0, 5.0]])
    assert xp.diff(x, axis=-2).asnumpy().tolist() == [[-1.0, 1.0, 1.0]]
    for axis in (2, -3):
        with pytest.raises(ValueError, match=f"axis {axis} is out of bounds for an array of dimension 2"):
            xp.diff(x, axis=axis)
    with pytest.raises(ValueError, match="axis -1 is out of bounds for an array of dimension 0"):
        xp.diff(xp.asarray(1.0))
    with pytest.raises(ValueError, match="the order of differences cannot be negative: -1"):
        xp.diff(x, n=-1)
    ends = xp.asarray([[0.0], [0.0]])
    assert xp.diff(x, n=0, prepend=ends).shape == np.diff(x.asnumpy(), n=0, prepend=0.0).shape == (2, 3)
