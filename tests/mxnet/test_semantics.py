"""What MXNet does with variables, scopes and arrays, as its 1.9.1 and 2.0 were seen to do, in both styles."""

import contextlib
import copy
import pickle
import threading
import warnings

import numpy
import pytest

import xpgrad.mxnet as mx
from xpgrad.errors import GraphFreedError, LeafWriteError, NotRecordedError, UnreachableError
from xpgrad.mxnet import autograd, nd, np, npx


@pytest.fixture(params=[nd, np], ids=["nd", "np"])
def m(request):
    """The module of a style; np is used with NumPy's shapes, as its users do."""
    if request.param is np:
        npx.set_np()
    return request.param


def kind(m):
    return np.ndarray if m is np else nd.NDArray


def variable(m, values, grad_req="write"):
    x = m.array(values)
    x.attach_grad(grad_req)
    return x


def numbers(x):
    return x.asnumpy().tolist()


def test_gradient_before_and_after_attach_grad(m):
    x = m.array([1.0, 2.0])
    assert x.grad is None
    x.attach_grad()
    assert type(x.grad) is kind(m)
    assert (numbers(x.grad), x.grad.dtype) == ([0, 0], x.dtype)
    g = x.grad
    with autograd.record():
        y = x * x
    y.backward()
    assert numbers(g) == [2, 4]
    x.grad[:] = 7
    assert numbers(g) == [7, 7]
    with pytest.raises(AttributeError):
        x.grad = m.array([1.0, 1.0])


def test_grad_req(m):
    x = variable(m, [1.0, 2.0], "add")
    for _ in range(3):
        with autograd.record():
            y = x * x
        y.backward()
    assert numbers(x.grad) == [6, 12]
    x.attach_grad("write")
    assert numbers(x.grad) == [0, 0]
    x.attach_grad("null")
    with autograd.record():
        y = x * x
    with pytest.raises(mx.MXNetError):
        y.backward()
    assert numbers(x.grad) == [0, 0]
    with pytest.raises(ValueError, match="unknown grad_req"):
        x.attach_grad("bogus")


def test_an_array_whose_gradient_is_not_wanted_has_none_and_is_a_constant(m):
    x, y = variable(m, [1.0, 2.0], "null"), variable(m, [3.0, 4.0])
    with autograd.record():
        z = x * y
    z.backward()
    assert x.grad is None
    assert numbers(y.grad) == [1, 2]


def test_gradients_add_up_over_a_retained_graph(m):
    x = variable(m, [1.0, 2.0], "add")
    with autograd.record():
        y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert numbers(x.grad) == [4, 8]


def test_a_variable_that_is_not_reached_keeps_its_gradient(m):
    x, unused = variable(m, [1.0, 2.0]), variable(m, [1.0, 2.0])
    unused.grad[:] = 5
    with autograd.record():
        y = x * 2
    y.backward()
    assert numbers(unused.grad) == [5, 5]


def test_attach_grad_again_starts_anew(m):
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        y = x * 3
    x.attach_grad()
    y.backward()
    assert numbers(x.grad) == [0, 0]


@pytest.mark.parametrize("inside", [True, False])
def test_attach_grad_on_an_intermediate(m, inside):
    """MXNet 1 cuts the graph there, MXNet 2 does not."""
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        u = x * 2
        if inside:
            u.attach_grad()
    if not inside:
        u.attach_grad()
    with autograd.record():
        z = u * x
    z.backward()
    assert numbers(u.grad) == [1, 2]
    assert numbers(x.grad) == ([4, 8] if m is np else [2, 4])


def test_drop_grad(m):
    x = variable(m, [1.0, 2.0])
    x.drop_grad()
    assert x.grad is None
    with autograd.record():
        y = x * 2
    with pytest.raises(mx.MXNetError):
        y.backward()


def test_backward_twice(m):
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        y = x * x
    y.backward()
    with pytest.raises(GraphFreedError) as caught:
        y.backward()
    assert isinstance(caught.value, mx.MXNetError)
    assert "retain_graph=True" in str(caught.value)


@pytest.mark.parametrize("scope", [autograd.pause, autograd.train_mode])
def test_backward_of_what_was_not_recorded(m, scope):
    x = variable(m, [1.0, 2.0])
    with scope():
        y = x * x
    with pytest.raises(NotRecordedError) as caught:
        y.backward()
    assert isinstance(caught.value, mx.base.MXNetError)


def test_errors():
    assert mx.MXNetError is mx.base.MXNetError
    assert issubclass(mx.MXNetError, RuntimeError)
    assert type(mx.MXNetError("text")) is mx.MXNetError


def test_backward_of_a_variable_itself(m):
    x = variable(m, [1.0, 2.0])
    x.backward()
    assert numbers(x.grad) == [1, 1]
    x.backward(m.array([3.0, 4.0]))
    assert numbers(x.grad) == [3, 4]


def test_head_gradients(m):
    x = variable(m, [1.0, 2.0])
    for head, expected in ((None, [2, 4]), (m.array([1.0, 10.0]), [2, 40])):
        with autograd.record():
            y = x * x
        y.backward(head)
        assert numbers(x.grad) == expected
    with autograd.record():
        y = x * x
    with pytest.raises(mx.MXNetError, match="shape"):
        y.backward(m.array([1.0]))


def test_several_heads(m):
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        a, b = x * 2, x * 3
    autograd.backward([a, b], [m.array([1.0, 0.0]), None])
    assert numbers(x.grad) == [5, 3]


def test_scopes_come_back_after_an_exception(m):
    def state():
        return autograd.is_recording(), autograd.is_training()

    with contextlib.suppress(ZeroDivisionError), autograd.record():
        assert state() == (True, True)
        raise ZeroDivisionError
    assert state() == (False, False)
    with autograd.record(None):
        assert state() == (True, False)
    with pytest.raises(TypeError):
        autograd.set_recording("yes")


def test_other_threads_begin_afresh(m):
    seen = []
    with autograd.record():
        thread = threading.Thread(target=lambda: seen.append((autograd.is_recording(), npx.is_np_array())))
        thread.start()
        thread.join()
    assert seen == [(False, False)]


def test_what_is_computed_under_pause_is_constant(m):
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        h = x * 2
        with autograd.pause():
            c = h * h
        y = h * c
    y.backward()
    assert numbers(x.grad) == [8, 32]


def test_writes_while_recording(m):
    """MXNet refuses all of them; here only a variable cannot be written to."""
    x = variable(m, [1.0, 2.0, 3.0])
    with autograd.record():
        y = x * 2
        y[1:] = 10 * x[1:]
        y += x
        loss = (y * y).sum()
    loss.backward()
    numpy.testing.assert_allclose(x.grad.asnumpy(), [18, 484, 726], rtol=1e-6)
    for write in (lambda: x.__setitem__(0, 5.0), lambda: x.__iadd__(1)):
        with autograd.record(), pytest.raises(LeafWriteError) as caught:
            write()
        assert isinstance(caught.value, mx.MXNetError)
    assert numbers(x) == [1, 2, 3]


def test_a_later_write_does_not_change_gradients(m):
    """MXNet computes with the new contents."""
    x = variable(m, [1.0, 2.0, 3.0])
    with autograd.record():
        y = x * x
    x[:] = 10
    y.backward()
    assert numbers(x.grad) == [2, 4, 6]


def test_updates_in_place(m):
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        y = (x * x).sum()
    y.backward()
    x -= 0.5 * x.grad
    assert numbers(x) == [0, 0]
    x[:] = x + 3
    assert numbers(x) == [3, 3]


def test_out(m):
    x = variable(m, [1.0, 2.0])
    o = m.zeros((2,))
    with autograd.record():
        y = m.exp(x, out=o)
    assert y is o
    o.backward()
    numpy.testing.assert_allclose(x.grad.asnumpy(), numpy.exp([1, 2]), rtol=1e-6)
    total = m.zeros(() if m is np else (1,))
    m.sum(x, out=total)
    assert total.asnumpy().sum() == 3


def test_grad_always_gives_a_list(m):
    x = variable(m, [1.0, 2.0])
    x.grad[:] = 7
    with autograd.record():
        y = x * x * x
    for variables in (x, [x], (x,)):
        (g,) = autograd.grad(y, variables, retain_graph=True)
        assert type(g) is kind(m)
        assert numbers(g) == [3, 12]
    assert numbers(x.grad) == [7, 7]
    (g,) = autograd.grad(y, x, head_grads=m.array([1.0, 10.0]))
    assert numbers(g) == [3, 120]


def test_grad_of_what_has_none(m):
    x, other = variable(m, [1.0, 2.0]), variable(m, [1.0, 2.0])
    with autograd.record():
        y = x * 2
    with pytest.raises(mx.MXNetError, match="does not require a gradient"):
        autograd.grad(y, m.array([1.0]), retain_graph=True)
    with pytest.raises(UnreachableError) as caught:
        autograd.grad(y, other, retain_graph=True)
    assert isinstance(caught.value, mx.MXNetError)
    with pytest.raises(ValueError, match="empty"):
        autograd.grad(y, [])


@pytest.mark.parametrize("inside", [True, False])
def test_gradients_of_gradients(m, inside):
    """MXNet has no second gradient of a product."""
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        y = x * x * x
        if inside:
            (g,) = autograd.grad(y, x, create_graph=True)
    if not inside:
        (g,) = autograd.grad(y, x, create_graph=True)
    g.backward()
    assert numbers(x.grad) == [6, 12]


def test_gradient_of_a_constant_gradient(m):
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        (g,) = autograd.grad(x * 3, x, create_graph=True)
    g.backward()
    assert numbers(x.grad) == [0, 0]


def test_function(m):
    seen = []

    class Product(autograd.Function):
        def forward(self, x, y):
            seen.append((type(x), autograd.is_recording(), autograd.is_training()))
            self.save_for_backward(x, y)
            return x * y

        def backward(self, dz):
            x, y = self.saved_tensors
            seen.append((type(dz), type(x)))
            return dz * y, dz * x

    x, y = variable(m, [1.0, 2.0], "add"), variable(m, [3.0, 4.0])
    for _ in range(2):
        f = Product()
        with autograd.record():
            z = f(x, y)
        assert type(z) is kind(m)
        z.backward()
    assert seen[:2] == [(kind(m), False, True), (kind(m), kind(m))]
    assert (numbers(x.grad), numbers(y.grad)) == ([6, 8], [1, 2])
    with pytest.raises(mx.MXNetError, match="only once"):
        f(x, y)
    assert numbers(Product()(x, y)) == [3, 8]  # outside of record, too


def test_function_with_several_outputs_of_which_one_is_used(m):
    class Both(autograd.Function):
        def forward(self, x):
            return x * 2, x * 3

        def backward(self, *dys):
            assert [numbers(dy) for dy in dys] == [[1, 1], [0, 0]]
            return dys[0] * 2 + dys[1] * 3

    x = variable(m, [1.0, 2.0])
    with autograd.record():
        y, _ = Both()(x)
    y.backward()
    assert numbers(x.grad) == [2, 2]


def test_get_symbol(m):
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        y = x * 2 + x
    assert autograd.get_symbol(y).list_arguments() == ["var0"]
    with pytest.raises(mx.MXNetError):
        autograd.get_symbol(m.array([1.0]))


def test_mark_variables(m):
    x, g = m.array([1.0, 2.0]), m.zeros((2,))
    autograd.mark_variables(x, g)
    with autograd.record():
        y = x * x
    y.backward()
    assert numbers(g) == numbers(x.grad) == [2, 4]


def test_integers_may_have_gradients(m):
    x = m.array([1, 2, 3], dtype="int32")
    x.attach_grad()
    with autograd.record():
        y = x * x
    y.backward()
    assert x.grad.dtype == x.dtype
    assert numbers(x.grad) == [2, 4, 6]
    with autograd.record():
        y = x.astype("float32") * 2.5
    y.backward()
    assert numbers(x.grad) == [2, 2, 2]


@pytest.mark.parametrize(
    ("dtype", "expression", "expected"),
    [
        ("float32", "x.astype('int32') * 2", [2, 2]),
        ("float32", "x.astype('int32').astype('float32') * 2", [2, 2]),
        ("float32", "(x > 1).astype('float32') * x", [0, 1]),
        ("int32", "x.astype('int64') * 3", [3, 3]),
        ("int32", "m.maximum(x, 1)", [1, 1]),
        ("int32", "m.relu(x) if m is nd else npx.relu(x)", [1, 1]),
        ("int32", "x % 2", [0, 0]),
        ("int32", "5 % x", [0, 0]),
        ("float32", "x % 2", [1, 1]),
    ],
)
def test_gradients_pass_through_integers(m, dtype, expression, expected):
    x = m.array([1, 2], dtype=dtype)
    x.attach_grad()
    with autograd.record():
        y = eval(expression, {"x": x, "m": m, "nd": nd, "npx": npx})
    y.backward()
    assert numbers(x.grad) == expected


@pytest.mark.parametrize(
    ("expression", "expected", "dtype"),
    [
        ("np.sum(x, dtype='int64')", [1, 1], "int64"),
        ("np.sum(x, dtype='int8')", [1, 1], "int8"),
        ("np.prod(x, dtype='int64')", [2, 1], "int64"),
        ("np.cumsum(x, dtype='int64')", [2, 1], "int64"),
        ("np.mean(x, dtype='int32')", [0, 0], "int32"),
        ("x + np.array([1, 2], dtype='int64')", [1, 1], "int64"),
        ("np.concatenate([x, np.array([1], dtype='int64')])", [1, 1], "int64"),
        ("np.einsum('i->', x)", [1, 1], "int32"),
        ("np.einsum('ii', x[None, :1])", [1, 0], "int32"),
        ("np.fmod(x, 2)", [0, 0], "int32"),
        ("np.fmod(-5, x)", [0, 0], "int32"),
        ("np.remainder(x, x)", [0, 0], "int32"),
    ],
)
def test_gradients_of_reductions_of_integers(expression, expected, dtype):
    x = np.array([1, 2], dtype="int32")
    x.attach_grad()
    with autograd.record():
        y = eval(expression, {"x": x, "np": np})
    y.backward()
    assert (numbers(x.grad), str(y.asnumpy().dtype)) == (expected, dtype)


@pytest.mark.parametrize(
    "expression",
    "argsort(x)|argmax(x, axis=0)|topk(x)|one_hot(x, 4)|BlockGrad(x)|floor(x)|zeros_like(x)|ones_like(x)|x > 1".split(
        "|"
    ),
)
def test_what_has_no_derivative_is_recorded_all_the_same(expression):
    x = variable(nd, [2.0, 1.0])
    with autograd.record():
        y = eval("x > 1" if expression == "x > 1" else f"nd.{expression}", {"x": x, "nd": nd})
    y.backward()
    assert numbers(x.grad) == [0, 0]


def test_new_arrays_like_others_are_written_to_while_recording(m):
    x = variable(m, [2.0, 1.0])
    with autograd.record():
        y = m.zeros_like(x)
        y[0] = 3 * x[1]
    y.backward()
    assert numbers(x.grad) == [0, 3]


def test_the_other_shapes_of_mxnet_1_share_memory():
    x = nd.arange(6)
    y = x.reshape((2, -1))
    x[0] = 7
    y[1, 2] = 9
    assert (numbers(x), numbers(y)) == ([7, 1, 2, 3, 4, 9], [[7, 1, 2], [3, 4, 9]])
    z = y.flatten(inplace=True)
    copy = y.flatten()
    y[:] = 1
    assert (numbers(z), numbers(copy)[0]) == ([[1, 1, 1], [1, 1, 1]], [7, 1, 2])


def test_a_variable_that_is_a_view(m):
    x = m.arange(4).reshape((2, 2))
    x.attach_grad()
    with autograd.record():
        y = x * x
    (g,) = autograd.grad(y, x)
    assert (numbers(g), g._kind) == ([[0, 2], [4, 6]], kind(m))
    assert repr(g) == repr(2 * x)


def test_a_gradient_through_a_shape_that_shares_memory():
    x = variable(nd, [[1.0, 2.0], [3.0, 4.0]])
    with autograd.record():
        y = (2 * x).reshape((-1,))
        y[1:3] = 0
        z = (y * y).sum()
    z.backward()
    assert numbers(x.grad) == [[8, 0], [0, 32]]


@pytest.mark.parametrize("name", "conj conjugate cumprod cumsum diagonal std trace var".split())
def test_methods_give_arrays_of_the_same_class(m, name):
    assert type(getattr(m.array([[1.0, 2.0], [3.0, 4.0]]), name)())._kind is kind(m)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("np.maximum(1, 2)", 2),
        ("np.add(1, 2.5)", 3.5),
        ("np.divide(1, 3)", 1 / 3),
        ("np.power(2, 3)", 8),
        ("np.abs(-3)", 3),
        ("np.sqrt(4)", 2.0),
        ("np.fmod(-7, 3)", -1),
        ("nd.divide(7, 2)", 3.5),
        ("nd.maximum(3, 5)", 5),
    ],
)
def test_functions_of_numbers_give_numbers(expression, expected):
    found = eval(expression, {"np": np, "nd": nd})
    assert (found, type(found)) == (expected, type(expected))


def test_the_exponential_is_exact_to_the_last_digit():
    x = variable(nd, [1.0])
    with autograd.record():
        y = nd.exp(x)
    y.backward()
    assert repr(x.grad) == "\n[2.7182817]\n<NDArray 1 @cpu(0)>"
    exponents = numpy.linspace(-80, 80, 1000, dtype="float32")
    exact = numpy.exp(exponents.astype("float64")).astype("float32")
    assert numbers(np.exp(np.array(exponents))) == exact.tolist()


def test_an_array_of_one_element_is_written_like_a_number(m):
    x = m.zeros((4,))
    x[1] = m.array([[3.0]])
    x[2:] = m.array([1.0])
    assert numbers(x) == [0, 3, 1, 1]
    x[0] = numpy.asarray([[5.0]])
    assert numbers(x) == [5, 3, 1, 1]
    a = variable(m, [[2.0]])
    with autograd.record():
        y = m.zeros((3,))
        y[1] = a * a
        y = y.sum()
    y.backward()
    assert numbers(a.grad) == [[4]]


def test_the_kinds_of_cpu_memory_are_one():
    assert mx.cpu() == mx.cpu_pinned() == mx.Context("cpu_shared")
    assert len({mx.cpu(0), mx.cpu_pinned(0), mx.cpu(1)}) == 2
    assert repr(mx.cpu_pinned()) == "cpu_pinned(0)"


def test_default_dtypes_are_not_printed():
    npx.set_np(dtype=True)
    assert repr(np.array([1, 2])) == "array([1., 2.])"
    assert repr(np.array([1, 2], dtype="float32")) == "array([1., 2.], dtype=float32)"


def test_formats():
    assert f"{np.array(2.5):.2f}" == "2.50"
    with pytest.raises(TypeError, match="asscalar"):
        f"{nd.array([2.5]):.2f}"


def test_positions_that_are_none(m):
    x = m.array([[1.0, 2.0]])
    for error in (IndexError, ValueError, mx.MXNetError):
        with pytest.raises(error):
            m.moveaxis(x, 3, 0)
        with pytest.raises(error):
            x["a"]


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_gradients_have_the_dtype_of_their_variable(m, dtype):
    x = m.array([1.0, 2.0], dtype=dtype)
    x.attach_grad()
    with autograd.record():
        y = x.astype("float32") * 2
    y.backward()
    assert str(x.grad.asnumpy().dtype) == dtype


def test_detach_and_copy(m):
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        y = x * x
        d, c = y.detach(), y.copy()
        t = c * 1
    assert d.grad is None
    t.backward()
    assert numbers(x.grad) == [2, 4]
    with pytest.raises(mx.MXNetError):
        d.backward()
    x.detach()[:] = 100
    assert numbers(x) == [100, 100]
    x.copy()[:] = 5
    assert numbers(x) == [100, 100]
    assert x.copy().grad is None


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_have_no_gradient(m, clone):
    x = variable(m, [1.0, 2.0])
    y = clone(x[:])
    assert (type(y), numbers(y), y.grad) == (kind(m), [1, 2], None)


def test_asnumpy_copies(m):
    x = m.array([1.0, 2.0])
    x.asnumpy()[:] = 0
    assert numbers(x) == [1, 2]


def test_slices_share_their_elements(m):
    x = m.arange(4)
    v = x[1:3]
    assert isinstance(v, kind(m))
    v[:] = 10
    assert numbers(x) == [0, 10, 10, 3]
    x[2] = 5
    assert numbers(v) == [10, 5]
    x.attach_grad()
    with autograd.record():
        w = x[1:3]
        y = w * w
    y.backward()
    assert numbers(x.grad) == [0, 20, 10, 0]


def test_a_slice_outlives_what_it_came_from(m):
    v = m.arange(4)[1:3]
    d = v.detach()
    del v
    d[:] = 5
    assert (isinstance(d, kind(m)), numbers(d), numbers(d + 1)) == (True, [5, 5], [6, 6])


def test_numbers_out_of_arrays(m):
    x = m.array([2.5])
    assert (float(x), int(x), bool(x), x.item()) == (2.5, 2, True, 2.5)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(m.array([1.0, 2.0]))
    with warnings.catch_warnings(), autograd.record():
        warnings.simplefilter("error")
        assert float(variable(m, [2.0]) * 3) == 6


def test_asscalar():
    assert nd.array([2.5]).asscalar() == 2.5
    with pytest.raises(ValueError, match="not a scalar"):
        nd.array([1.0, 2.0]).asscalar()


def test_reductions_have_no_axes_in_np_and_one_in_nd():
    assert np.ones((2, 3)).sum().shape == ()
    x = nd.ones((2, 3))
    assert {y.shape for y in (x.sum(), x.mean(), x.max(), x.norm(), nd.dot(x[0], x[0]), x[0, 0])} == {(1,)}
    with mx.np_shape(True):
        assert x.sum().shape == ()
        assert x[0, 0].shape == ()


def test_comparisons(m):
    x = m.array([1.0, 2.0])
    y = x > 1
    assert str(y.asnumpy().dtype) == ("bool" if m is np else "float32")
    assert numbers(y) == [0, 1]
    assert [numbers(c) for c in (x == x, x != 1, x < 2, x <= 1, x >= 2)] == [[1, 1], [0, 1], [1, 0], [1, 0], [0, 1]]
    assert numbers(1 < x) == [0, 1]  # noqa: SIM300  # the reflected operator is what is tested


@pytest.mark.parametrize(
    ("expression", "dtype"),
    [
        ("np.array([1, 2]) + 1", "float32"),
        ("i + 1", "int32"),
        ("i + 1.5", "float64"),
        ("i / 2", "float32"),
        ("i / i", "float32"),
        ("i // 2", "int32"),
        ("i * f", "float32"),
        ("i.astype('int64') * f", "float32"),
        ("f * f.astype('float64')", "float64"),
        ("f.astype('float16') * f", "float32"),
        ("i + i.astype('int64')", "int64"),
        ("np.array([1], dtype='uint8') + np.array([1], dtype='int8')", "int16"),
        ("f.astype('float16') * 2.5", "float16"),
        ("f * numpy.float64(2)", "float32"),
        ("numpy.float32(2) * f", "float32"),
        ("(f > 1) + 1", "int64"),
        ("np.exp(i)", "float32"),
        ("np.sqrt(i)", "float32"),
        ("np.mean(i)", "float32"),
        ("np.sum(i)", "int32"),
        ("np.sum(f > 1)", "int64"),
        ("np.argmax(f)", "int64"),
        ("np.where(f > 1, i, f)", "float32"),
        ("np.concatenate([i, f])", "float32"),
        ("f @ i", "float32"),
    ],
)
def test_promotion_in_np(expression, dtype):
    names = {"i": np.array([1, 2], dtype="int32"), "f": np.array([1.5, 2.5]), "np": np, "numpy": numpy}
    assert str(eval(expression, names).asnumpy().dtype) == dtype


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("i + 1.5", [2, 3]),
        ("i * 2.9", [2, 4]),
        ("nd.array([7, -7], dtype='int32') / 2", [3, -3]),
        ("i / i", [1, 1]),
        ("i % 2", [1, 0]),
    ],
)
def test_integers_stay_integers_in_nd(expression, expected):
    y = eval(expression, {"i": nd.array([1, 2], dtype="int32"), "nd": nd})
    assert (numbers(y), str(y.asnumpy().dtype)) == (expected, "int32")


def test_nd_wants_one_dtype():
    with pytest.raises(mx.MXNetError, match="astype"):
        nd.array([1, 2], dtype="int32") * nd.array([1.5, 2.5])
    assert nd.argmax(nd.array([1.0, 3.0])).dtype == numpy.float32


@pytest.mark.parametrize(
    ("make", "np_dtype", "nd_dtype"),
    [
        ("array([1, 2])", "float32", "float32"),
        ("array([True, False])", "float32", "float32"),
        ("array(numpy.asarray([1, 2]))", "float32", "float32"),
        ("array(numpy.asarray([1.0, 2.0]))", "float32", "float32"),
        ("array([1, 2], dtype=float)", "float32", "float64"),
        ("array([1, 2], dtype=int)", "int64", "int64"),
        ("array([1, 2], dtype='int32')", "int32", "int32"),
        ("array([1, 2], dtype=numpy.float64)", "float64", "float64"),
        ("array([1, 2], dtype=numpy.dtype('float64'))", "float64", "float64"),
        ("zeros((2, 2))", "float32", "float32"),
        ("ones(2)", "float32", "float32"),
        ("arange(4)", "float32", "float32"),
        ("arange(4, dtype='int64')", "int64", "int64"),
        ("full((2,), 7)", "int64", "float32"),
        ("full((2,), 7.5)", "float32", "float32"),
        ("eye(2)", "float32", "float32"),
        ("linspace(0, 1, 3)", "float32", "float32"),
        ("zeros_like(M.array([1, 2], dtype='int32'))", "int32", "int32"),
        ("array(M.array([1, 2], dtype='int32'))", "int32", "int32"),
    ],
)
def test_default_dtypes(m, make, np_dtype, nd_dtype):
    x = eval(f"M.{make}", {"M": m, "numpy": numpy})
    assert str(x.asnumpy().dtype) == (np_dtype if m is np else nd_dtype)


def test_numpy_default_dtypes():
    npx.set_np(dtype=True)
    assert npx.is_np_default_dtype()
    assert [str(x.asnumpy().dtype) for x in (np.array([1, 2]), np.ones(2), np.arange(3), np.array([1, 2]) / 2)] == [
        "float64",
        "float64",
        "int64",
        "float64",
    ]


def test_array_keeps_the_history(m):
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        y = m.array(x) * 2
    y.backward()
    assert numbers(x.grad) == [2, 2]


def test_indices(m):
    x = variable(m, [[0.0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]])
    places = m.array([0, 2])
    assert str(places.asnumpy().dtype) == "float32"
    assert numbers(x[[0, 1], places]) == [0, 6]
    assert numbers(x[places]) == [[0, 1, 2, 3], [8, 9, 10, 11]]
    assert x[..., None].shape == (3, 4, 1)
    assert numbers(x[::2, ::-1]) == [[3, 2, 1, 0], [11, 10, 9, 8]]
    with autograd.record():
        y = x[m.array([0, 0, 1], dtype="int32")]
    y.backward()
    assert numbers(x.grad) == [[2, 2, 2, 2], [1, 1, 1, 1], [0, 0, 0, 0]]
    with pytest.raises(IndexError):
        x[5]
    with pytest.raises(IndexError):
        x[0, 9]
    x[places] = 0
    assert numbers(x[:, 1]) == [0, 5, 0]
    x[1, 2] = 50
    assert numbers(x[1]) == [4, 5, 50, 7]


def test_masks_in_np():
    x = variable(np, [3.0, 1.0, 2.0])
    with autograd.record():
        y = x[x > 1.5] * 10
    y.backward()
    assert (numbers(y), numbers(x.grad)) == ([30, 20], [10, 0, 10])
    x[x > 1.5] = -1
    assert numbers(x) == [-1, 1, -1]


def test_masks_in_nd_are_numbers():
    a = nd.array([3.0, 1.0, 2.0, 3.0])
    assert numbers(a[a > 1.5]) == [1, 3, 1, 1]
    a[a > 2.5] = -1
    assert numbers(a) == [-1, -1, 2, 3]


def test_an_integer_picks_a_view_of_one_element_in_nd():
    x = nd.arange(3)
    y = x[1]
    y[:] = 9
    assert numbers(x) == [0, 9, 2]
    assert numbers(x[-1]) == [2]


@pytest.mark.parametrize(
    ("expression", "gradients"),
    [
        ("M.maximum(x, y)", ([1, 0, 1], [0, 1, 0])),
        ("M.minimum(x, y)", ([1, 1, 0], [0, 0, 1])),
        ("M.maximum(x, 1)", ([1, 1, 1], None)),
        ("M.maximum(1, x)", ([1, 1, 1], None)),
        ("M.abs(x - 1)", ([0, 1, 1], None)),
        ("M.clip(x, 2, 3)", ([0, 1, 1], None)),
        ("M.sign(x - 1)", ([0, 0, 0], None)),
        ("M.floor(x)", ([0, 0, 0], None)),
        ("x % y", ([1, 1, 1], [-1, 0, -1])),
        ("M.where(x > 1, x, 2 * x)", ([2, 1, 1], None)),
    ],
)
def test_kinks(m, expression, gradients):
    x, y = variable(m, [1.0, 2.0, 3.0]), variable(m, [1.0, 3.0, 2.0])
    with autograd.record():
        z = eval(expression, {"M": m, "x": x, "y": y})
    z.backward()
    for v, expected in zip((x, y), gradients, strict=True):
        if expected is not None:
            assert numbers(v.grad) == expected


def test_relu_at_zero():
    for x, relu in ((variable(np, [-1.0, 0.0, 2.0]), npx.relu), (variable(nd, [-1.0, 0.0, 2.0]), nd.relu)):
        with autograd.record():
            y = relu(x)
        y.backward()
        assert (numbers(y), numbers(x.grad)) == ([0, 0, 2], [0, 0, 1])


def test_rounding():
    assert numbers(np.round(np.array([0.5, 1.5, 2.5, -0.5]))) == [0, 2, 2, 0]
    assert numbers(nd.round(nd.array([0.5, 1.5, 2.5, -0.5]))) == [1, 2, 3, -1]


def test_where_mxnet_is_wrong_the_core_is_right(m):
    """MXNet gives full gradients to every tie of max, and NaN for the others."""
    for expression, values, expected in (
        ("M.max(x)", [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
        ("M.prod(x)", [2.0, 0.0, 3.0], [0, 6, 0]),
        ("x ** 0", [0.0, 2.0, 1.0], [0, 0, 0]),
    ):
        x = variable(m, values)
        with autograd.record():
            y = eval(expression, {"M": m, "x": x})
        y.backward()
        assert numbers(x.grad) == expected
    x = variable(np, [1.0, 2.0, 3.0])
    with autograd.record():
        y = np.var(x)
    y.backward()
    numpy.testing.assert_allclose(x.grad.asnumpy(), [-2 / 3, 0, 2 / 3], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        ("np.array([1., 2.])", "array([1., 2.])"),
        ("np.ones((1, 2, 3))", "array([[[1., 1., 1.],\n        [1., 1., 1.]]])"),
        ("np.array([1, 2], dtype='int32')", "array([1, 2], dtype=int32)"),
        ("np.array([1, 2], dtype='int64')", "array([1, 2], dtype=int64)"),
        ("np.array([1, 2], dtype='float64')", "array([1., 2.], dtype=float64)"),
        ("np.array([True, False], dtype='bool')", "array([ True, False])"),
        ("np.ones((2, 2)).sum()", "array(4.)"),
        ("np.zeros((0, 3))", "array([], shape=(0, 3))"),
        ("np.arange(2000)", "array([0.000e+00, 1.000e+00, 2.000e+00, ..., 1.997e+03, 1.998e+03,\n       1.999e+03])"),
        ("nd.array([1., 2.])", "\n[1. 2.]\n<NDArray 2 @cpu(0)>"),
        ("nd.ones((2, 2)).sum()", "\n[4.]\n<NDArray 1 @cpu(0)>"),
        ("nd.array([1, 2], dtype='int32')", "\n[1 2]\n<NDArray 2 @cpu(0)>"),
        ("nd.ones((1, 2, 3))[0]", "\n[[1. 1. 1.]\n [1. 1. 1.]]\n<NDArray 2x3 @cpu(0)>"),
        ("np.ones((2, 2))[0]", "array([1., 1.])"),
        ("[np.ones(2), np.ones((1, 2))]", "[array([1., 1.]), array([[1., 1.]])]"),
    ],
)
def test_repr(make, text):
    assert repr(eval(make, {"np": np, "nd": nd})) == text


def test_str_and_format():
    assert str(np.ones((2, 2))) == "[[1. 1.]\n [1. 1.]]"
    assert str(np.ones(2).sum()) == f"{np.ones(2).sum()}" == "2.0"
    assert f"{np.ones(2).sum():.2f}" == "2.00"
    assert str(nd.ones(2)) == repr(nd.ones(2)) == "%s" % nd.ones(2)  # noqa: UP031  # as users of MXNet write


def test_numpy_functions_and_scalars(m):
    x = variable(m, [1.0, 2.0])
    with autograd.record():
        y = numpy.float32(2) * x * numpy.float64(3)
    assert type(y) is kind(m)
    y.backward()
    assert numbers(x.grad) == [6, 6]
    assert numpy.asarray(x).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("expression", "gradient"),
    [
        ("numpy.sum(x)", [1, 1]),
        ("numpy.square(x)", [2, 4]),
        ("numpy.multiply(x, numpy.float64(3))", [3, 3]),
        ("numpy.asarray([2.0, 3.0], 'float32') * x", [2, 3]),
        ("numpy.dot(numpy.eye(2, dtype='float32'), x)", [1, 1]),
        ("numpy.concatenate([x, x * 2])", [3, 3]),
        ("numpy.mean(x, axis=0)", [0.5, 0.5]),
        ("numpy.linalg.norm(x, 1)", [1, 1]),
    ],
)
def test_numpy_functions_are_recorded(expression, gradient):
    x = variable(np, [1.0, 2.0])
    with autograd.record():
        y = eval(expression, {"numpy": numpy, "x": x})
    assert type(y) is np.ndarray
    assert y.dtype == numpy.float32
    y.backward()
    assert numbers(x.grad) == gradient


def test_numpy_functions_that_are_not_provided():
    with pytest.raises(TypeError, match="no implementation"):
        numpy.convolve(np.ones(3), np.ones(2))
    with pytest.raises(TypeError):
        numpy.add.reduce(np.ones(3))


def test_numpy_functions_write_into_numpy_arrays():
    x = numpy.ones(3)
    x += np.ones(3)
    numpy.add(np.ones(3), x, out=x)
    assert type(x) is numpy.ndarray
    assert x.tolist() == [3, 3, 3]


def test_conversion_between_the_styles():
    a = nd.array([1.0, 2.0])
    b = a.as_np_ndarray()
    assert type(b.as_nd_ndarray()) is not type(b)
    assert isinstance(b, np.ndarray)
    b[0] = 7
    assert numbers(a) == [7, 2]
    a.attach_grad()
    with autograd.record():
        y = (a.as_np_ndarray() ** 2).sum()
    y.backward()
    assert numbers(a.grad) == [14, 4]
    assert isinstance(a + b, np.ndarray)
    assert issubclass(np.ndarray, nd.NDArray)


def test_switches():
    assert (npx.is_np_array(), npx.is_np_shape()) == (False, False)
    npx.set_np()
    assert (npx.is_np_array(), npx.is_np_shape(), mx.util.is_np_array()) == (True, True, True)
    npx.reset_np()

    @mx.util.use_np
    def inside():
        return npx.is_np_array(), npx.is_np_shape()

    @mx.util.use_np
    class Layer:
        def forward(self):
            return npx.is_np_array()

    assert inside() == (True, True)
    assert Layer().forward()
    assert not npx.is_np_array()
    with pytest.raises(ValueError, match="shapes"):
        npx.set_np(shape=False)


def test_deep_graphs(m):
    x = variable(m, [1.0])
    with autograd.record():
        y = x
        for _ in range(3000):
            y = y + x
    y.backward()
    assert numbers(x.grad) == [3001]


def test_iteration_and_length(m):
    x = m.array([[1.0, 2.0], [3.0, 4.0]])
    a, b = x
    assert (numbers(a), numbers(b), len(x)) == ([1, 2], [3, 4], 2)
    assert [v.shape for v in m.array([1.0, 2.0])] == [() if m is np else (1,)] * 2
    assert x in [x]
    assert hash(x) == hash(x)


def test_copyto_and_contexts(m):
    x = variable(m, [1.0, 2.0])
    o = m.zeros((2,))
    with autograd.record():
        y = x * x
        assert y.copyto(o) is o
    o.backward()
    assert numbers(x.grad) == [2, 4]
    assert x.context == x.ctx == mx.cpu() == mx.cpu(0)
    assert repr(x.ctx) == "cpu(0)"
    assert x.as_in_context(mx.cpu()) is x
    assert x.copyto(mx.cpu()) is not x
    assert (x.stype, x.size, x.ndim, x.shape) == ("default", 2, 1, (2,))
    assert x.astype("float32") is not x
    assert x.astype("float32", copy=False) is x
    with pytest.raises(mx.MXNetError, match=r"no gpu\(0\)"):
        x.as_in_context(mx.gpu(0))
    with pytest.raises(mx.MXNetError, match=r"set_backend"):
        m.zeros((2,), ctx=mx.gpu(0))
    with pytest.raises(mx.MXNetError), mx.gpu(0):
        m.zeros((2,))


def test_reshape_and_transpose(m):
    x = m.arange(6).reshape((2, 3))
    assert [x.reshape(s).shape for s in (6, -1, (3, 2), (-1, 2))] == [(6,), (6,), (3, 2), (3, 2)]
    assert (x.reshape(3, 2).shape, x.T.shape, x.transpose().shape) == ((3, 2), (3, 2), (3, 2))
    assert m.ones((2, 3, 4)).T.shape == (4, 3, 2)
    assert x.transpose((1, 0)).shape == x.transpose(1, 0).shape == (3, 2)
    assert x.swapaxes(0, 1).shape == (3, 2)
    assert m.ones((2, 3, 4)).flatten().shape == ((24,) if m is np else (2, 12))
    assert x.repeat(2).shape == (12,)
    assert x.squeeze().shape == (2, 3)


def test_dropout():
    x = np.ones((40, 50))
    x.attach_grad()
    with autograd.record():
        y = npx.dropout(x, p=0.5)
    y.backward()
    assert set(numpy.unique(y.asnumpy())) == {0, 2}
    assert (y == x.grad).all()
    assert (npx.dropout(x, 0.5) == x).all()
    with autograd.record(train_mode=False):
        assert (npx.dropout(x, 0.5) == x).all()
    assert (npx.dropout(x, 0.5, mode="always") == 0).any()
    with autograd.record():
        shared = npx.dropout(x, 0.5, axes=(1,))
    assert (shared == shared[:, :1]).all()
