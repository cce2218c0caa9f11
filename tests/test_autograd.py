"""The scope API: what attach_grad, record, backward and autograd.grad do, case by case.

The reference is what MXNet 1.9.1 and 2.0.0b1 do; a test says where xpgrad does otherwise. The scopes themselves are
tested in test_scopes.py, and writing in place in test_inplace.py.
"""

import copy
import pickle

import array_api_strict
import numpy as np
import pytest

import xpgrad
from xpgrad import autograd
from xpgrad.errors import (
    GradReqError,
    GraphFreedError,
    HeadGradientError,
    LeafWriteError,
    MixedBackendsError,
    NotAVariableError,
    NotRecordedError,
    UnreachableError,
    VariableError,
)


@pytest.fixture(params=["numpy", "array_api_strict"])
def xp(request):
    return xpgrad.namespace(request.param)


@pytest.fixture
def variable(xp):
    """Makes a variable, of float64 unless told otherwise."""

    def make(values, grad_req="write", dtype=None):
        x = xp.asarray(values, dtype=dtype or xp.float64)
        x.attach_grad(grad_req)
        return x

    return make


@pytest.fixture
def x(variable):
    return variable([1.0, 2.0])


@pytest.fixture
def w(variable):
    return variable([3.0, 5.0])


def assert_equal(x, values):
    np.testing.assert_allclose(x.asnumpy(), values, rtol=1e-14, strict=True)


def assert_values(x, *values):
    assert_equal(x, np.asarray(values))


class TestAttachGrad:
    def test_there_is_no_gradient_before(self, xp):
        assert xp.asarray([1.0, 2.0]).grad is None

    @pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 0, 3), (2, 3)])
    @pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
    def test_zeros_of_the_same_kind(self, xp, shape, dtype):
        x = xp.ones(shape, dtype=getattr(xp, dtype))
        x.attach_grad()
        assert isinstance(x.grad, xpgrad.Array)
        assert x.grad.shape == shape
        assert x.grad.dtype == x.dtype
        assert x.grad.device == x.device
        assert type(x.grad.data) is type(x.data)
        assert not np.any(x.grad.asnumpy())

    def test_on_another_device(self):
        xp = xpgrad.namespace("array_api_strict")
        device = array_api_strict.Device("device1")
        x = xp.asarray([1.0, 2.0], device=device)
        x.attach_grad()
        assert x.grad.device == device
        with autograd.record():
            y = x * x
        y.backward()
        assert x.grad.device == device
        assert xp.all(x.grad == 2 * x)

    def test_write_replaces(self, x):
        for _ in range(2):
            with autograd.record():
                y = x * x
            y.backward()
        assert_values(x.grad, 2.0, 4.0)

    def test_add_adds_up(self, variable):
        x = variable([1.0, 2.0], "add")
        for _ in range(3):
            with autograd.record():
                y = x * x
            y.backward()
        assert_values(x.grad, 6.0, 12.0)

    def test_add_adds_up_over_one_retained_graph(self, variable):
        x = variable([1.0, 2.0], "add")
        with autograd.record():
            y = x * x
        y.backward(retain_graph=True)
        y.backward(retain_graph=True)
        y.backward()
        assert_values(x.grad, 6.0, 12.0)

    def test_null_is_a_constant_with_a_gradient_of_zeros(self, variable):
        x = variable([1.0, 2.0], "null")
        with autograd.record():
            y = x * x
        with pytest.raises(NotRecordedError):
            y.backward()
        assert_values(x.grad, 0.0, 0.0)

    def test_null_beside_a_variable(self, variable, x):
        c = variable([3.0, 4.0], "null")
        with autograd.record():
            y = c * x
        y.backward()
        assert_values(x.grad, 3.0, 4.0)
        assert_values(c.grad, 0.0, 0.0)

    def test_unknown_request(self, xp):
        x = xp.asarray([1.0, 2.0])
        with pytest.raises(GradReqError, match="'write', 'add' or 'null'"):
            x.attach_grad("bogus")
        assert x.grad is None

    @pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "bool"])
    def test_integers_have_none(self, xp, dtype):
        """MXNet gives them a gradient of integers, cut to whole numbers."""
        x = xp.asarray([1, 0], dtype=getattr(xp, dtype))
        with pytest.raises(VariableError, match="astype"):
            x.attach_grad()
        assert x.grad is None

    def test_cannot_be_set(self, x):
        with pytest.raises(AttributeError):
            x.grad = x

    def test_again_starts_anew(self, x):
        with autograd.record():
            y = x * x
        y.backward()
        old = x.grad
        x.attach_grad()
        assert x.grad is not old
        assert_values(x.grad, 0.0, 0.0)
        with autograd.record():
            y = x * 5
        y.backward()
        assert_values(x.grad, 5.0, 5.0)
        assert_values(old, 2.0, 4.0)

    def test_again_leaves_an_older_graph_to_the_older_gradient(self, x):
        with autograd.record():
            y = x * 3
        old = x.grad
        x.attach_grad()
        y.backward()
        assert_values(x.grad, 0.0, 0.0)
        assert_values(old, 3.0, 3.0)

    def test_again_changes_the_request(self, x):
        x.attach_grad("add")
        for _ in range(2):
            x.backward()
        assert_values(x.grad, 2.0, 2.0)

    def test_after_recording_is_too_late(self, xp):
        x = xp.asarray([1.0, 2.0])
        with autograd.record():
            y = x * x
        x.attach_grad()
        with pytest.raises(NotRecordedError):
            y.backward()
        assert_values(x.grad, 0.0, 0.0)


class TestAttachGradOnAnIntermediate:
    """It keeps its history, as in MXNet 2; MXNet 1 detached it."""

    def test_before_use(self, x):
        with autograd.record():
            u = x * 2
            u.attach_grad()
            z = u * x
        z.backward()
        assert_values(x.grad, 4.0, 8.0)
        assert_values(u.grad, 1.0, 2.0)

    def test_outside_record(self, x):
        with autograd.record():
            u = x * 2
        u.attach_grad()
        with autograd.record():
            z = u * x
        z.backward()
        assert_values(x.grad, 4.0, 8.0)
        assert_values(u.grad, 1.0, 2.0)

    def test_after_use(self, x):
        with autograd.record():
            u = x * 2
            z = u * x
            u.attach_grad()
        z.backward()
        assert_values(x.grad, 4.0, 8.0)
        assert_values(u.grad, 1.0, 2.0)

    def test_twice(self, x):
        """MXNet 2 raises; here the latest gradient is the one that is filled."""
        with autograd.record():
            u = x * 2
            u.attach_grad()
            first = u.grad
            u.attach_grad()
            z = u * x
        z.backward()
        assert_values(x.grad, 4.0, 8.0)
        assert_values(u.grad, 1.0, 2.0)
        assert_values(first, 0.0, 0.0)

    def test_with_add(self, x):
        with autograd.record():
            u = x * 2
            u.attach_grad("add")
            z = u * x
        z.backward(retain_graph=True)
        z.backward()
        assert_values(u.grad, 2.0, 4.0)
        assert_values(x.grad, 4.0, 8.0)

    def test_with_null_keeps_the_history(self, x):
        with autograd.record():
            u = x * 2
            u.attach_grad("null")
            z = u * x
        z.backward()
        assert_values(u.grad, 0.0, 0.0)
        assert_values(x.grad, 4.0, 8.0)

    def test_sums_all_paths(self, x):
        with autograd.record():
            u = x * x
            u.attach_grad()
            z = 2 * u + 3 * u
        z.backward()
        assert_values(u.grad, 5.0, 5.0)
        assert_values(x.grad, 10.0, 20.0)

    def test_that_is_one_of_several_outputs(self, xp, variable):
        x = variable([[1.0, 2.0], [3.0, 4.0]])
        with autograd.record():
            first, second = xp.unstack(x)
            first.attach_grad()
            y = first * first
            z = y * second
        y.backward(retain_graph=True)
        assert_values(first.grad, 2.0, 4.0)
        assert_equal(x.grad, [[2.0, 4.0], [0.0, 0.0]])
        z.backward()
        assert_values(first.grad, 6.0, 16.0)
        assert_equal(x.grad, [[6.0, 16.0], [1.0, 4.0]])

    def test_that_is_a_view(self, x):
        with autograd.record():
            v = x[1:]
            v.attach_grad()
            z = v * v * x
        z.backward()
        assert_values(v.grad, 12.0)
        assert_values(x.grad, 4.0, 16.0)

    def test_that_is_the_head(self, x):
        with autograd.record():
            u = x * x
            u.attach_grad()
        u.backward()
        assert_values(u.grad, 1.0, 1.0)
        assert_values(x.grad, 2.0, 4.0)

    def test_moves_on_with_a_recorded_write(self, x):
        with autograd.record():
            u = x * 2
            u.attach_grad()
            u *= 3
            z = u * x
        z.backward()
        assert_values(u.grad, 1.0, 2.0)  # of what u holds now; that of 2x would be three times as much
        assert_values(x.grad, 12.0, 24.0)


class TestDropGrad:
    def test_makes_a_constant(self, x):
        x.drop_grad()
        assert x.grad is None
        with autograd.record():
            y = x * x
        with pytest.raises(NotRecordedError):
            y.backward()

    def test_an_older_graph_still_works(self, x):
        old = x.grad
        with autograd.record():
            y = x * x
        x.drop_grad()
        y.backward()
        assert x.grad is None
        assert_values(old, 2.0, 4.0)

    def test_of_an_intermediate_keeps_the_history(self, x):
        with autograd.record():
            u = x * x
            u.attach_grad()
            u.drop_grad()
            z = 3 * u
        z.backward()
        assert u.grad is None
        assert_values(x.grad, 6.0, 12.0)

    def test_where_there_is_none(self, xp):
        x = xp.asarray([1.0, 2.0])
        x.drop_grad()
        assert x.grad is None

    def test_attach_again(self, x):
        x.drop_grad()
        x.attach_grad()
        with autograd.record():
            y = x * x
        y.backward()
        assert_values(x.grad, 2.0, 4.0)


class TestZeroGrad:
    def test_sets_zeros_in_place(self, variable):
        x = variable([1.0, 2.0], "add")
        kept = x.grad
        for _ in range(2):
            x.zero_grad()
            with autograd.record():
                y = x * x
            y.backward()
        assert_values(x.grad, 2.0, 4.0)
        x.zero_grad()
        assert_values(kept, 0.0, 0.0)
        assert x.grad is kept

    def test_while_recording(self, x):
        with autograd.record():
            y = x * x
            y.backward()
            x.zero_grad()
        assert_values(x.grad, 0.0, 0.0)

    def test_where_there_is_none(self, xp):
        x = xp.asarray([1.0, 2.0])
        x.zero_grad()
        assert x.grad is None


class TestGradient:
    """x.grad as an array."""

    def test_a_kept_reference_sees_later_writes(self, x):
        g = x.grad
        with autograd.record():
            y = x * x
        y.backward()
        assert_values(g, 2.0, 4.0)
        x.grad[:] = 7
        assert_values(g, 7.0, 7.0)

    @pytest.mark.parametrize("grad_req", ["write", "add"])
    def test_is_not_shared_between_variables(self, variable, grad_req):
        """The cotangents of a sum are one array; the gradients of its terms must not be."""
        x, w = variable([1.0, 2.0], grad_req), variable([1.0, 2.0], grad_req)
        with autograd.record():
            y = x + w
        y.backward()
        x.grad[0] = 9.0
        assert_values(w.grad, 1.0, 1.0)

    def test_is_not_shared_with_the_head_gradient(self, xp, x):
        head_grad = xp.asarray([3.0, 4.0])
        x.backward(head_grad)
        head_grad[0] = 9.0
        assert_values(x.grad, 3.0, 4.0)
        x.grad[1] = 7.0
        assert_values(head_grad, 9.0, 4.0)

    def test_is_a_constant(self, x):
        """Its later overwriting must not reach what was computed from it, either."""
        with autograd.record():
            y = x * x
            y.backward(retain_graph=True)
            z = x.grad * x
        z.backward()
        assert_values(x.grad, 2.0, 4.0)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_has_the_dtype_of_its_variable(self, xp, variable, dtype):
        """Also where the computation goes on in another dtype."""
        x = variable([1.0, 2.0], dtype=getattr(xp, dtype))
        v = variable([3.0, 4.0], dtype=xp.float64)
        with autograd.record():
            y = xp.astype(x, xp.float64) * v + x * v
        y.backward()
        assert x.grad.dtype == x.dtype
        assert v.grad.dtype == xp.float64
        assert x.grad.asnumpy().tolist() == [6.0, 8.0]
        assert_values(v.grad, 2.0, 4.0)

    def test_has_the_shape_of_its_variable(self, variable):
        row, column, scalar = variable([[1.0, 2.0, 3.0]]), variable([[4.0], [5.0]]), variable(6.0)
        with autograd.record():
            y = row * column + scalar
        y.backward()
        assert_equal(row.grad, [[9.0, 9.0, 9.0]])
        assert_equal(column.grad, [[6.0], [6.0]])
        assert_equal(scalar.grad, np.asarray(6.0))

    @pytest.mark.parametrize("shape", [(), (0,), (2, 0)])
    def test_of_scalars_and_of_nothing(self, xp, variable, shape):
        x = variable(np.full(shape, 3.0))
        with autograd.record():
            y = x * x
        y.backward()
        assert_equal(x.grad, np.full(shape, 6.0))

    def test_a_conversion_to_integers_has_none(self, xp, x):
        """MXNet lets the gradient through as if nothing had been rounded."""
        with autograd.record():
            y = xp.astype(x, xp.int32) * 2
        with pytest.raises(NotRecordedError):
            y.backward()

    def test_of_what_the_head_does_not_reach_stays(self, x, w):
        w.grad[:] = 9
        with autograd.record():
            y = x * x
            w * x
        y.backward()
        assert_values(x.grad, 2.0, 4.0)
        assert_values(w.grad, 9.0, 9.0)

    def test_of_a_variable_that_was_rebound(self, x):
        first = x
        with autograd.record():
            x = x * 2
            y = x * x
        y.backward()
        assert x.grad is None
        assert_values(first.grad, 8.0, 16.0)

    def test_does_not_travel_with_copies(self, x):
        for other in (x.copy(), x.detach(), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
            assert other.grad is None
            assert_values(other, 1.0, 2.0)

    def test_may_be_changed_in_place_but_not_replaced(self, x):
        x.grad += 3.0
        assert_values(x.grad, 3.0, 3.0)
        with pytest.raises(AttributeError, match="made by attach_grad"):
            x.grad = x
        assert_values(x.grad, 3.0, 3.0)


class TestMarkVariables:
    def test_a_single_one(self, xp):
        x, g = xp.asarray([1.0, 2.0]), xp.asarray([7.0, 7.0])
        autograd.mark_variables(x, g)
        assert x.grad is g
        with autograd.record():
            y = x * x
        y.backward()
        assert_values(g, 2.0, 4.0)

    @pytest.mark.parametrize("sequence", [list, tuple])
    def test_several_with_their_own_requests(self, xp, sequence):
        x, y, gx, gy = (xp.asarray(values) for values in ([1.0, 2.0], [3.0, 4.0], [0.0, 0.0], [1.0, 1.0]))
        autograd.mark_variables(sequence([x, y]), sequence([gx, gy]), sequence(["write", "add"]))
        with autograd.record():
            z = x * y
        z.backward()
        assert_values(gx, 3.0, 4.0)
        assert_values(gy, 2.0, 3.0)
        autograd.mark_variables(x, gx, "null")
        with autograd.record():
            z = x * y
        z.backward()
        assert_values(x.grad, 3.0, 4.0)
        assert_values(y.grad, 3.0, 5.0)

    def test_one_request_for_all(self, xp):
        x, y, gx, gy = (xp.asarray(values) for values in ([1.0, 2.0], [3.0, 4.0], [1.0, 1.0], [1.0, 1.0]))
        autograd.mark_variables([x, y], [gx, gy], "add")
        with autograd.record():
            z = x * y
        z.backward()
        assert_values(gx, 4.0, 5.0)
        assert_values(gy, 2.0, 3.0)

    def test_one_gradient_for_two_variables(self, xp):
        x, y, g = (xp.asarray(values) for values in ([1.0, 2.0], [3.0, 4.0], [0.0, 0.0]))
        autograd.mark_variables([x, y], [g, g], "add")
        with autograd.record():
            z = x * y
        z.backward()
        assert_values(g, 4.0, 6.0)

    def test_a_recorded_array_keeps_its_history(self, xp, x):
        g = xp.zeros(2)
        with autograd.record():
            u = x * x
            autograd.mark_variables(u, g)
            z = u * 3
        z.backward()
        assert_values(g, 3.0, 3.0)
        assert_values(x.grad, 6.0, 12.0)

    @pytest.mark.parametrize(
        ("gradients", "requests", "error"),
        [
            pytest.param([[0.0, 0.0]], "write", ValueError, id="fewer gradients"),
            pytest.param([[0.0, 0.0], [0.0, 0.0]], ["write"], ValueError, id="fewer requests"),
            pytest.param([[0.0, 0.0], [0.0, 0.0, 0.0]], "write", HeadGradientError, id="another shape"),
            pytest.param([[0.0, 0.0], [0, 0]], "write", HeadGradientError, id="another dtype"),
            pytest.param([[0.0, 0.0], [0.0, 0.0]], ["write", "bogus"], GradReqError, id="an unknown request"),
        ],
    )
    def test_what_does_not_fit_marks_nothing(self, xp, gradients, requests, error):
        """MXNet crashes, or fails in a later backward."""
        variables = [xp.asarray([1.0, 2.0]), xp.asarray([3.0, 4.0])]
        with pytest.raises(error):
            autograd.mark_variables(variables, [xp.asarray(g) for g in gradients], requests)
        with autograd.record():
            y = variables[0] * variables[1]
        assert [x.grad for x in variables] == [None, None]
        with pytest.raises(NotRecordedError):
            y.backward()

    def test_integers_mark_nothing(self, xp):
        x, n = xp.asarray([1.0, 2.0]), xp.asarray([1, 2])
        with pytest.raises(VariableError):
            autograd.mark_variables([x, n], [xp.zeros(2), xp.zeros(2)])
        assert x.grad is None


class TestBackward:
    def test_of_an_array_is_that_of_its_sum(self, xp, x):
        with autograd.record():
            y = x * x
            s = xp.sum(y)
        y.backward(retain_graph=True)
        assert_values(x.grad, 2.0, 4.0)
        s.backward()
        assert_values(x.grad, 2.0, 4.0)

    def test_inside_record(self, x):
        with autograd.record():
            y = x * x
            y.backward()
            assert autograd.is_recording()
            assert autograd.is_training()
        assert_values(x.grad, 2.0, 4.0)

    def test_restores_the_modes(self, x):
        with autograd.record(train_mode=False):
            y = x * x
        y.backward()
        assert (autograd.is_recording(), autograd.is_training()) == (False, False)

    def test_returns_nothing(self, x):
        with autograd.record():
            y = x * x
        assert autograd.backward(y) is None

    def test_twice(self, x):
        with autograd.record():
            y = x * x
        y.backward()
        with pytest.raises(GraphFreedError, match="retain_graph=True"):
            y.backward()
        assert_values(x.grad, 2.0, 4.0)

    def test_as_often_as_the_graph_is_retained(self, x):
        with autograd.record():
            y = x * x
        y.backward(retain_graph=True)
        y.backward(retain_graph=True)
        y.backward()
        with pytest.raises(GraphFreedError):
            y.backward()

    def test_of_a_second_head_that_shares_a_part(self, x):
        with autograd.record():
            h = x * x
            a = h * 2
            b = h * 3
        a.backward()
        with pytest.raises(GraphFreedError, match="retain_graph=True"):
            b.backward()
        assert_values(x.grad, 4.0, 8.0)

    def test_of_a_second_head_after_retaining(self, x):
        with autograd.record():
            h = x * x
            a = h * 2
            b = h * 3
        a.backward(retain_graph=True)
        b.backward()
        assert_values(x.grad, 6.0, 12.0)

    def test_of_a_second_head_that_shares_only_the_variable(self, x):
        with autograd.record():
            a = x * 2
            b = x * 3
        a.backward()
        b.backward()
        assert_values(x.grad, 3.0, 3.0)

    def test_through_a_freed_part_used_anew(self, x):
        with autograd.record():
            h = x * x
        h.backward()
        with autograd.record():
            y = h * 2
        with pytest.raises(GraphFreedError):
            y.backward()

    def test_of_a_second_output_of_a_freed_operation(self, xp, variable):
        x = variable([[1.0, 2.0], [3.0, 4.0]])
        with autograd.record():
            first, second = xp.unstack(x)
        first.backward()
        for head in (first, second):
            with pytest.raises(GraphFreedError):
                head.backward()
        assert_equal(x.grad, [[1.0, 1.0], [0.0, 0.0]])

    def test_of_a_variable(self, xp, x):
        for _ in range(2):
            x.backward()
            assert_values(x.grad, 1.0, 1.0)
        x.backward(xp.asarray([5.0, 6.0]))
        assert_values(x.grad, 5.0, 6.0)

    def test_of_the_variable_itself_returned_by_a_computation(self, x):
        with autograd.record():
            y = x
        y.backward()
        assert_values(x.grad, 1.0, 1.0)

    def test_never_attached(self, xp):
        x = xp.asarray([1.0, 2.0])
        with autograd.record():
            y = x * 2
        for array in (x, y):
            with pytest.raises(NotRecordedError, match="attach_grad"):
                array.backward()

    def test_outside_record(self, x):
        y = x * x
        with pytest.raises(NotRecordedError, match=r"autograd\.record"):
            y.backward()

    def test_of_what_is_not_an_array(self):
        with pytest.raises(NotRecordedError):
            autograd.backward(3.0)

    def test_two_recordings_join(self, x):
        """What was computed outside record is a constant."""
        with autograd.record():
            a = x * 2
        b = x * 3
        with autograd.record():
            c = a * b
        c.backward()
        assert_values(x.grad, 6.0, 12.0)

    def test_recorded_before_an_exception(self, x):
        recorded = []

        def fail():
            with autograd.record():
                recorded.append(x * 2)
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        (y,) = recorded
        assert not autograd.is_recording()
        y.backward()
        assert_values(x.grad, 2.0, 2.0)

    def test_that_fails_on_the_way_leaves_all_gradients(self, xp, x, w):
        """The walk reaches w before it finds out that h was freed."""
        with autograd.record():
            h = x * x
            y = w * h
        h.backward()
        with pytest.raises(GraphFreedError):
            y.backward()
        assert_values(x.grad, 2.0, 4.0)
        assert_values(w.grad, 0.0, 0.0)

    def test_that_fails_in_a_user_function_leaves_all_gradients(self, x, w):
        class Failing(autograd.Function):
            def forward(self, x):
                return 2 * x

            def backward(self, dy):
                raise ArithmeticError

        with autograd.record():
            y = w * Failing()(x)
        with pytest.raises(ArithmeticError):
            y.backward()
        assert_values(x.grad, 0.0, 0.0)
        assert_values(w.grad, 0.0, 0.0)
        assert not autograd.is_training()

    @pytest.mark.parametrize("train_mode", [True, False])
    def test_runs_user_functions_in_the_given_mode(self, x, train_mode):
        class Mode(autograd.Function):
            def forward(self, x):
                return 2 * x

            def backward(self, dy):
                return dy * (10.0 if autograd.is_training() else 1.0)

        with autograd.record():
            y = Mode()(x)
        y.backward(train_mode=train_mode)
        assert_equal(x.grad, np.full(2, 10.0 if train_mode else 1.0))


class TestHeads:
    """backward with several heads and with head gradients."""

    def test_add_up(self, x):
        with autograd.record():
            a = x * 2
            b = x * x
        autograd.backward([a, b])
        assert_values(x.grad, 4.0, 6.0)

    def test_with_their_gradients(self, xp, x):
        with autograd.record():
            a = x * 2
            b = x * x
        autograd.backward((a, b), (xp.asarray([1.0, 1.0]), xp.asarray([10.0, 10.0])))
        assert_values(x.grad, 22.0, 42.0)

    def test_none_stands_for_ones(self, xp, x):
        with autograd.record():
            a = x * 2
            b = x * x
        autograd.backward([a, b], head_grads=[None, xp.asarray([10.0, 10.0])])
        assert_values(x.grad, 22.0, 42.0)

    def test_twice_the_same_counts_twice(self, x):
        """MXNet counts it once."""
        with autograd.record():
            a = x * 2
        autograd.backward([a, a])
        assert_values(x.grad, 4.0, 4.0)

    def test_of_which_one_depends_on_the_other(self, x):
        with autograd.record():
            a = x * x
            b = a * 10
        autograd.backward([b, a])
        assert_values(x.grad, 22.0, 44.0)

    def test_of_different_shapes(self, xp, x):
        with autograd.record():
            a = xp.sum(x * x)
            b = xp.stack([x, x])
        autograd.backward([a, b])
        assert_values(x.grad, 4.0, 6.0)

    def test_are_freed_together(self, x):
        with autograd.record():
            a = x * x
            b = x * x
        autograd.backward([a, b])
        for head in (a, b):
            with pytest.raises(GraphFreedError):
                head.backward()

    def test_one_of_which_was_not_recorded(self, xp, x):
        with autograd.record():
            a = x * 2
        with pytest.raises(NotRecordedError):
            autograd.backward([a, xp.asarray([1.0, 2.0])])
        assert_values(x.grad, 0.0, 0.0)
        a.backward()

    def test_none_at_all(self, x):
        with pytest.raises(ValueError, match="heads"):
            autograd.backward([])
        with pytest.raises(ValueError, match="heads"):
            autograd.grad([], [x])

    @pytest.mark.parametrize("count", [1, 3])
    def test_wrong_number_of_gradients(self, x, count):
        with autograd.record():
            a = x * 2
            b = x * x
        with pytest.raises(HeadGradientError, match=f"2 heads, but {count} head gradients"):
            autograd.backward([a, b], [None] * count)
        with pytest.raises(HeadGradientError, match=f"2 heads, but {count} head gradients"):
            autograd.grad([a, b], x, [None] * count)
        autograd.backward([a, b])

    @pytest.mark.parametrize(
        ("make", "expected"),
        [
            pytest.param(lambda xp: None, [[2, 4], [6, 8]], id="none"),
            pytest.param(lambda xp: 2, [[4, 8], [12, 16]], id="int"),
            pytest.param(lambda xp: 0.5, [[1, 2], [3, 4]], id="float"),
            pytest.param(lambda xp: np.float32(0.5), [[1, 2], [3, 4]], id="numpy scalar"),
            pytest.param(lambda xp: xp.asarray([[1.0, 10.0], [100.0, 1000.0]]), [[2, 40], [600, 8000]], id="Array"),
            pytest.param(lambda xp: xp.asarray([[1.0, 10.0], [100.0, 1000.0]]).data, [[2, 40], [600, 8000]], id="raw"),
            pytest.param(lambda xp: xp.asarray([[1, 0], [0, 2]]), [[2, 0], [0, 16]], id="integers"),
            pytest.param(lambda xp: xp.ones((2, 2), dtype=xp.float64), [[2, 4], [6, 8]], id="another dtype"),
        ],
    )
    def test_forms_of_a_head_gradient(self, xp, variable, make, expected):
        """MXNet takes arrays of its own only."""
        x = variable([[1.0, 2.0], [3.0, 4.0]], dtype=xp.float32)
        with autograd.record():
            y = x * x
        y.backward(out_grad=make(xp), retain_graph=True)
        assert x.grad.dtype == xp.float32
        assert x.grad.asnumpy().tolist() == expected
        assert autograd.grad(y, x, head_grads=make(xp)).asnumpy().tolist() == expected

    @pytest.mark.parametrize("shape", [(), (2,), (1, 2), (2, 1), (3, 2), (1, 2, 2), (0,)])
    def test_a_head_gradient_of_another_shape(self, xp, variable, shape):
        """MXNet does not look, and reads whatever lies beyond the end of a smaller one."""
        x = variable([[1.0, 2.0], [3.0, 4.0]])
        with autograd.record():
            y = x * x
        with pytest.raises(HeadGradientError, match=r"shape .* but its head has shape \(2, 2\)"):
            y.backward(xp.ones(shape))
        with pytest.raises(HeadGradientError):
            autograd.grad(y, x, xp.ones(shape).data)
        assert_equal(x.grad, np.zeros((2, 2)))
        y.backward()

    def test_a_head_gradient_of_another_backend(self, xp, x):
        other = np if xp is not xpgrad.namespace("numpy") else array_api_strict
        with autograd.record():
            y = x * x
        with pytest.raises(MixedBackendsError):
            y.backward(other.asarray([1.0, 2.0]))
        y.backward()

    def test_a_raw_head_gradient_may_be_overwritten_later(self, xp, x):
        head_grad = xp.asarray([3.0, 4.0]).data
        x.backward(head_grad)
        head_grad[0] = 9.0
        assert_values(x.grad, 3.0, 4.0)


class TestGrad:
    def test_one_variable(self, x):
        """MXNet gives a list even then."""
        with autograd.record():
            y = x * x * x
        g = autograd.grad(y, x)
        assert isinstance(g, xpgrad.Array)
        assert_values(g, 3.0, 12.0)

    @pytest.mark.parametrize("sequence", [list, tuple])
    def test_several_variables(self, x, w, sequence):
        with autograd.record():
            y = x * w
        found = autograd.grad(y, sequence([w, x]))
        assert isinstance(found, list)
        assert_values(found[0], 1.0, 2.0)
        assert_values(found[1], 3.0, 5.0)

    def test_leaves_the_gradients_of_variables_alone(self, variable):
        x = variable([1.0, 2.0], "add")
        x.grad[:] = 9
        with autograd.record():
            y = x * x
        g = autograd.grad(y, x)
        assert_values(x.grad, 9.0, 9.0)
        g[:] = 0
        assert_values(x.grad, 9.0, 9.0)

    def test_gives_arrays_of_their_own(self, x, w):
        with autograd.record():
            y = x + w
        gx, gw, again = autograd.grad(y, [x, w, x])
        gx[0] = 9.0
        assert_values(gw, 1.0, 1.0)
        assert_values(again, 1.0, 1.0)

    def test_head_gradients(self, xp, x):
        with autograd.record():
            y = x * x * x
        assert_values(autograd.grad(y, x, head_grads=xp.asarray([1.0, 10.0]), retain_graph=True), 3.0, 120.0)
        assert_values(autograd.grad([y], [x], [xp.asarray([1.0, 10.0])], retain_graph=True)[0], 3.0, 120.0)
        assert_values(autograd.grad(y, x, 10), 30.0, 120.0)

    def test_several_heads(self, x):
        with autograd.record():
            a = x * 2
            b = x * x
        assert_values(autograd.grad([a, b], x, [None, 10.0]), 22.0, 42.0)

    def test_twice_the_same_head_counts_twice(self, x):
        with autograd.record():
            y = x * 2
        assert_values(autograd.grad([y, y], x), 4.0, 4.0)

    def test_frees_the_graph(self, x):
        with autograd.record():
            y = x * x
        autograd.grad(y, x)
        with pytest.raises(GraphFreedError):
            autograd.grad(y, x)

    def test_through_a_freed_part(self, x):
        """What is left of the graph would give a part of the gradient only."""
        with autograd.record():
            h = x * x
            y = h * 2 + x
        h.backward()
        with pytest.raises(GraphFreedError):
            autograd.grad(y, x)

    def test_beside_a_freed_part(self, x, variable):
        """The freed part is older than the variable, so it cannot depend on it."""
        with autograd.record():
            h = x * x
        h.backward()
        w = variable([3.0, 5.0])
        with autograd.record():
            y = h * w
        assert_values(autograd.grad(y, w), 1.0, 4.0)

    def test_of_an_intermediate_whose_own_history_was_freed(self, x):
        with autograd.record():
            h = x * x
        h.backward()
        with autograd.record():
            y = h * 3
        assert_values(autograd.grad(y, h), 3.0, 3.0)

    def test_of_an_intermediate_leaves_what_came_before(self, x):
        with autograd.record():
            h = x * x
            y = h * 3
        autograd.grad(y, h)
        h.backward()
        assert_values(x.grad, 2.0, 4.0)

    def test_may_retain_the_graph(self, x):
        with autograd.record():
            y = x * x
        for _ in range(2):
            assert_values(autograd.grad(y, x, retain_graph=True), 2.0, 4.0)
        y.backward()
        assert_values(x.grad, 2.0, 4.0)

    def test_of_an_intermediate(self, x):
        """MXNet refuses."""
        with autograd.record():
            h = x * x
            y = h * 3
        gh, gx = autograd.grad(y, [h, x])
        assert_values(gh, 3.0, 3.0)
        assert_values(gx, 6.0, 12.0)

    def test_of_an_intermediate_with_a_gradient(self, x):
        with autograd.record():
            h = x * x
            h.attach_grad()
            y = h * 3
        gh, gx = autograd.grad(y, [h, x])
        assert_values(gh, 3.0, 3.0)
        assert_values(gx, 6.0, 12.0)
        assert_values(h.grad, 0.0, 0.0)

    def test_of_the_head_by_itself(self, x):
        with autograd.record():
            y = x * x
        gy, gx = autograd.grad(y, [y, x])
        assert_values(gy, 1.0, 1.0)
        assert_values(gx, 2.0, 4.0)
        assert_values(autograd.grad(x, x), 1.0, 1.0)

    def test_no_variables(self, x):
        with autograd.record():
            y = x * x
        with pytest.raises(ValueError, match="cannot be an empty list"):
            autograd.grad(y, [])
        y.backward()

    def test_of_what_is_not_a_variable(self, xp, x):
        with autograd.record():
            y = x * x
        with pytest.raises(NotAVariableError, match=r"variable 1 .* attach_grad"):
            autograd.grad(y, [x, xp.asarray([1.0, 2.0])])
        y.backward()

    def test_of_a_raw_array(self, x):
        with autograd.record():
            y = x * x
        with pytest.raises(NotAVariableError, match="variable 0"):
            autograd.grad(y, x.data)

    def test_of_what_the_head_does_not_reach(self, x, w):
        with autograd.record():
            y = x * x
        with pytest.raises(UnreachableError, match="variable 1"):
            autograd.grad(y, [x, w], retain_graph=True)
        y.backward()

    def test_of_a_variable_attached_anew(self, x):
        with autograd.record():
            y = x * x
        x.attach_grad()
        with pytest.raises(UnreachableError):
            autograd.grad(y, x)

    def test_of_what_was_not_recorded(self, x):
        y = x * x
        with pytest.raises(NotRecordedError):
            autograd.grad(y, x)

    def test_a_refused_request_leaves_the_record_whole(self, x, w):
        with autograd.record():
            y = x * x
        with pytest.raises(UnreachableError, match="variable 1"):
            autograd.grad(y, [x, w])
        y.backward()
        assert_values(x.grad, 2.0, 4.0)


class TestCreateGraph:
    @pytest.mark.parametrize("inside", [True, False], ids=["inside record", "outside record"])
    def test_to_the_third_order(self, x, inside):
        with autograd.record():
            y = x * x * x * x
            if inside:
                d1 = autograd.grad(y, x, create_graph=True)
                d2 = autograd.grad(d1, x, create_graph=True)
                d3 = autograd.grad(d2, x, create_graph=True)
        if not inside:
            d1 = autograd.grad(y, x, create_graph=True)
            d2 = autograd.grad(d1, x, create_graph=True)
            d3 = autograd.grad(d2, x, create_graph=True)
            assert not autograd.is_recording()
        assert_values(d1, 4.0, 32.0)
        assert_values(d2, 12.0, 48.0)
        assert_values(d3, 24.0, 48.0)
        d3.backward()
        assert_values(x.grad, 24.0, 24.0)

    def test_of_functions(self, xp, x):
        with autograd.record():
            y = xp.sin(x) * xp.exp(x)
            d1 = autograd.grad(y, x, create_graph=True)
            d2 = autograd.grad(d1, x, create_graph=True)
        d2.backward()
        a = x.asnumpy()
        np.testing.assert_allclose(d1.asnumpy(), (np.sin(a) + np.cos(a)) * np.exp(a))
        np.testing.assert_allclose(d2.asnumpy(), 2 * np.cos(a) * np.exp(a))
        np.testing.assert_allclose(x.grad.asnumpy(), 2 * (np.cos(a) - np.sin(a)) * np.exp(a))

    def test_goes_on_into_a_loss(self, xp, x):
        """A gradient penalty: the gradient takes part in what is differentiated."""
        with autograd.record():
            y = xp.sum(x * x * x)
            g = autograd.grad(y, x, create_graph=True)
            loss = y + xp.sum(g * g)
        loss.backward()
        assert_values(x.grad, 3.0 + 36.0, 12.0 + 288.0)

    def test_with_head_gradients(self, xp, x):
        with autograd.record():
            y = x * x * x
            d1 = autograd.grad(y, x, head_grads=xp.asarray([2.0, 3.0]), create_graph=True)
        d1.backward()
        assert_values(d1, 6.0, 36.0)
        assert_values(x.grad, 12.0, 36.0)

    def test_by_the_head_gradient(self, x, w):
        """The gradient is linear in the head gradient, with the Jacobian as slope."""
        with autograd.record():
            y = x * x
            g = autograd.grad(y, x, head_grads=w, create_graph=True)
        gx, gw = autograd.grad(g, [x, w])
        assert_values(gx, 6.0, 10.0)
        assert_values(gw, 2.0, 4.0)

    def test_mixed_derivatives(self, x, w):
        with autograd.record():
            y = x * x * w
            gx, gw = autograd.grad(y, [x, w], create_graph=True)
        assert_values(autograd.grad(gx, w, retain_graph=True), 2.0, 4.0)
        assert_values(autograd.grad(gw, x, retain_graph=True), 2.0, 4.0)
        assert_values(autograd.grad(gx, x), 6.0, 10.0)

    def test_broadcasting(self, xp, variable):
        row, column = variable([[1.0, 2.0, 3.0]]), variable([[4.0], [5.0]])
        with autograd.record():
            y = xp.sum(row * row * column)
            g = autograd.grad(y, column, create_graph=True)
        assert_equal(g, [[14.0], [14.0]])
        assert_equal(autograd.grad(g, row), [[4.0, 8.0, 12.0]])

    def test_keeps_the_graph_by_default(self, x):
        with autograd.record():
            y = x * x
        autograd.grad(y, x, create_graph=True)
        y.backward()
        assert_values(x.grad, 2.0, 4.0)

    def test_the_dtype_stays(self, xp, variable):
        x = variable([1.0, 2.0], dtype=xp.float32)
        with autograd.record():
            y = xp.exp(x) / x
            d1 = autograd.grad(y, x, create_graph=True)
            d2 = autograd.grad(d1, x, create_graph=True)
        assert (d1.dtype, d2.dtype) == (xp.float32, xp.float32)

    def test_without_it_the_gradient_is_a_constant(self, x):
        with autograd.record():
            y = x * x
            g = autograd.grad(y, x)
            z = g * x
        z.backward()
        assert_values(x.grad, 2.0, 4.0)

    def test_a_constant_gradient_has_none(self, x):
        with autograd.record():
            y = x * 2
            g = autograd.grad(y, x, create_graph=True)
        with pytest.raises((NotRecordedError, UnreachableError)):
            autograd.grad(g, x)


class TestCutting:
    """pause and detach."""

    def test_a_value_computed_under_pause_is_a_constant(self, x):
        with autograd.record():
            h = x * x
            with autograd.pause():
                c = h * 2
            y = h * c
        y.backward()
        assert_values(x.grad, 4.0, 32.0)

    def test_a_value_computed_under_pause_is_not_recorded(self, x):
        with autograd.record():
            h = x * x
            with autograd.pause():
                c = h * 2
        with pytest.raises(NotRecordedError):
            c.backward()

    def test_detach_drops_the_history(self, x):
        with autograd.record():
            y = x * x
            d = y.detach()
            z = d * x
        assert d.grad is None
        with pytest.raises(NotRecordedError):
            d.backward()
        z.backward()
        assert_values(x.grad, 1.0, 4.0)
        y.backward()
        assert_values(x.grad, 2.0, 4.0)

    def test_detach_shares_the_content(self, x):
        d = x.detach()
        d[:] = 100
        assert_values(x, 100.0, 100.0)
        x[0] = 7
        assert_values(d, 7.0, 100.0)

    def test_copy_keeps_the_history_and_shares_nothing(self, x):
        with autograd.record():
            c = (x * x).copy()
            y = c * 1
        y.backward()
        assert_values(x.grad, 2.0, 4.0)
        outside = x.copy()
        outside[:] = 5
        assert_values(x, 1.0, 2.0)

    def test_asnumpy_is_a_copy(self, x):
        a = x.asnumpy()
        assert type(a) is np.ndarray
        a[:] = 0
        assert_values(x, 1.0, 2.0)


class TestWritingInPlace:
    def test_an_update_after_recording_does_not_change_the_gradient(self, x):
        """MXNet computes with the new content, 20 and 20."""
        with autograd.record():
            y = x * x
        x[:] = 10
        y.backward()
        assert_values(x.grad, 2.0, 4.0)

    def test_a_step_of_gradient_descent(self, x):
        for _ in range(2):
            with autograd.record():
                y = x * x
            y.backward()
            x -= 0.25 * x.grad
        assert_values(x, 0.25, 0.5)
        assert_values(x.grad, 1.0, 2.0)

    def test_an_update_under_pause_counts_from_there_on(self, x):
        """MXNet computes with the new content everywhere, 9 and 22."""
        with autograd.record():
            y = x * x
            with autograd.pause():
                x += 1
            z = y * x
        z.backward()
        assert_values(x, 2.0, 3.0)
        assert_values(x.grad, 1.0 + 2.0 * 2.0, 4.0 + 3.0 * 4.0)

    @pytest.mark.parametrize("write", ["x += 1", "x *= x", "x[:] = 5", "x[1] = 5"])
    def test_a_variable_while_recording(self, x, write):
        """MXNet raises too, but after it has written."""
        with autograd.record(), pytest.raises(LeafWriteError, match="pause"):
            exec(write, {"x": x})
        assert_values(x, 1.0, 2.0)

    @pytest.mark.parametrize(
        ("write", "value", "gradient"),
        [
            ("y += 1", [3.0, 5.0], [2.0, 2.0]),
            ("y *= x", [2.0, 8.0], [4.0, 8.0]),
            ("y[:] = 3", [3.0, 3.0], [0.0, 0.0]),
            ("y[0] = 3", [3.0, 4.0], [0.0, 2.0]),
            ("y[0] = x[1]", [2.0, 4.0], [0.0, 3.0]),
            ("y[:] = x * x", [1.0, 4.0], [2.0, 4.0]),
        ],
    )
    def test_a_recorded_array(self, x, write, value, gradient):
        """MXNet refuses."""
        with autograd.record():
            y = x * 2
            exec(write, {"x": x, "y": y})
        assert_equal(y, np.asarray(value))
        y.backward()
        assert_equal(x.grad, np.asarray(gradient))

    @pytest.mark.parametrize(
        ("write", "gradient"), [("y[:] = x", [1.0, 1.0]), ("y[0] = x[0]", [1.0, 0.0]), ("y += x", [1.0, 1.0])]
    )
    def test_a_fresh_array(self, xp, x, write, gradient):
        """MXNet records the first only."""
        with autograd.record():
            y = xp.zeros(2)
            exec(write, {"x": x, "y": y})
        y.backward()
        assert_equal(x.grad, np.asarray(gradient))


def test_states_are_booleans_of_pythons_or_numpys():
    for state in (True, 1, np.True_, np.asarray(True)):
        before = autograd.set_recording(state)
        assert autograd.set_recording(before) is True
        with autograd.record(train_mode=state):
            assert autograd.is_training() is True
    for wrong in ([], "yes", 1.0, np.asarray([True])):
        for switch in (autograd.set_recording, autograd.set_training, autograd.record, autograd.pause):
            with pytest.raises(TypeError, match="expected True or False"):
                switch(wrong)
