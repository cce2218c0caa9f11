"""Writing in place and views: as NumPy does it, on every backend, and differentiable."""

import copy
import operator
import pickle

import array_api_strict
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import xpgrad
import xpgrad.numpy as xp
from xpgrad import autograd, discovery, grad
from xpgrad.errors import (
    FunctionError,
    GradientLostWarning,
    HistoryLostError,
    InPlaceError,
    LeafWriteError,
    NotDifferentiableError,
)

strict = xpgrad.namespace("array_api_strict")
namespaces = pytest.mark.parametrize("xp", [xp, strict], ids=["numpy", "array_api_strict"])


# Random programs. A program is a list of steps on a growing list of arrays; it runs on NumPy's arrays, which say what
# is right, and on Arrays.

UPDATES = {"+=": operator.iadd, "-=": operator.isub, "*=": operator.imul}


def walk(steps, arrays, take, new=lambda x: x):
    """Run a program step by step on a list of arrays, which grows.

    `take` turns a constant or key into what these arrays want, `new` a result into an array.
    """
    for step, i, *rest in steps:
        x = arrays[i]
        if step == "view":
            arrays.append(new(x[take(rest[0])]))
        elif step == "turn":
            arrays.append(new(np.transpose(x, rest[0])))
        elif step == "reshape":
            arrays.append(new(np.reshape(x, rest[0])))
        elif step == "compute":
            arrays.append(new(x * x * 0.5))
        elif step == "detach":
            part = new(x[take(rest[0])])
            arrays.append(part.detach() if hasattr(part, "detach") else part)
        elif step == "write":
            key, value = rest
            x[take(key)] = take(value)
        elif step == "write array":
            key, j = rest
            x[take(key)] = arrays[j]
        elif step == "update":
            update, value = rest
            assert UPDATES[update](x, take(value)) is x
        elif step == "update by array":
            update, j = rest
            assert UPDATES[update](x, arrays[j]) is x
        else:
            key, update, value = rest
            x[take(key)] = UPDATES[update](new(x[take(key)]), take(value))
        yield


def run(*program):
    """Run a program to its end."""
    for _ in walk(*program):
        pass


def same(x):
    return x


NUMBERS = st.integers(-4, 4).map(lambda n: n / 2)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)


def filled(draw, shape):
    return draw(hnp.arrays(np.float64, shape, elements=NUMBERS))


def draw_key(draw, shape, kinds):
    """A key for an array of this shape."""
    kind = draw(st.sampled_from(kinds))
    if kind == "mask":
        return draw(hnp.arrays(np.bool_, shape))
    if kind == "integers" and shape and 0 not in shape:
        lead = draw(st.integers(0, len(shape) - 1))
        places = draw(hnp.arrays(np.int64, st.integers(0, 4), elements=st.integers(-shape[lead], shape[lead] - 1)))
        return (slice(None),) * lead + (places,)
    newaxis = kind == "basic with new axes"
    key = draw(hnp.basic_indices(shape, allow_ellipsis=True, allow_newaxis=newaxis, max_dims=len(shape) + newaxis))
    parts = key if isinstance(key, tuple) else (key,)
    if "strict" in kinds and Ellipsis not in parts:  # the standard wants every axis named
        parts += (Ellipsis,)
    return parts[0] if len(parts) == 1 and draw(st.booleans()) else parts


@st.composite
def programs(draw, *, shape, kinds, detach, read_only=()):
    """Steps for three arrays of one shape; those in `read_only` and their views are not written to."""
    reference = [np.zeros(shape) for _ in range(3)]
    frozen = set(read_only)
    steps = []
    choices = ["view", "view", "turn", "compute", "write", "write array", "update", "update by array", "update at"]
    choices += ["reshape"] * ("strict" not in kinds)  # a view where the library shares memory, and tells
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(choices + ["detach"] * detach))
        able = [
            i
            for i in range(len(reference))
            if i not in frozen or kind in ("view", "turn", "reshape", "compute", "detach")
        ]
        i = draw(st.sampled_from(able))
        x = reference[i]
        update = draw(st.sampled_from(sorted(UPDATES)))
        if kind in ("view", "turn", "reshape", "detach") and i in frozen:
            frozen.add(len(reference))
        if kind in ("view", "detach"):
            basic = [k for k in kinds if k not in ("mask", "integers")]
            step = (kind, i, draw_key(draw, x.shape, basic))
        elif kind == "turn":
            step = (kind, i, draw(st.permutations(range(x.ndim))))
        elif kind == "reshape":
            step = (kind, i, draw(st.sampled_from([(x.size,), (1, *x.shape), x.shape[::-1]])))
        elif kind == "compute":
            step = (kind, i)
        elif kind in ("write", "update at"):
            writing = [k for k in kinds if not ("strict" in kinds and k == "basic with new axes")]
            key = draw_key(draw, x.shape, writing)
            value = filled(draw, x[key].shape) if draw(st.booleans()) else draw(NUMBERS)
            step = (kind, i, key, value) if kind == "write" else (kind, i, key, update, value)
        else:
            key = draw_key(draw, x.shape, ["strict" if "strict" in kinds else "basic"])
            target = x[key].shape if kind == "write array" else x.shape
            fit = [j for j, y in enumerate(reference) if broadcasts(y.shape, target)]
            if not fit:
                continue
            j = draw(st.sampled_from(fit))
            step = (kind, i, key, j) if kind == "write array" else (kind, i, update, j)
        steps.append(step)
        run([step], reference, same, np.asarray)
    return steps


def broadcasts(shape, target):
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


def raw_for(namespace):
    """Turn NumPy constants and keys into those of a namespace's library."""
    if namespace is xp:
        return same

    def take(value):
        if isinstance(value, tuple):
            return tuple(map(take, value))
        return array_api_strict.asarray(value) if isinstance(value, np.ndarray) else value

    return take


def check_against_numpy(data, namespace, kinds):
    shape = data.draw(SHAPES)
    start = [filled(data.draw, shape) for _ in range(3)]
    steps = data.draw(programs(shape=shape, kinds=kinds, detach=True))
    take = raw_for(namespace)
    expected, found = [x.copy() for x in start], [namespace.asarray(take(x.copy())) for x in start]
    for _ in zip(walk(steps, expected, same, np.asarray), walk(steps, found, take), strict=True):
        # To look at an array brings it up to date, so look at one alone: the others must keep up unseen.
        i = data.draw(st.integers(0, len(found) - 1))
        np.testing.assert_array_equal(found[i].asnumpy(), expected[i])
    for x, y in zip(expected, found, strict=True):
        np.testing.assert_array_equal(y.asnumpy(), x)


EVERY_KEY = ["basic", "basic with new axes", "mask", "integers"]
STRICT_KEYS = ["strict", "mask"]


@settings(max_examples=300)
@given(st.data())
def test_random_programs_do_what_numpy_does(data):
    check_against_numpy(data, xp, EVERY_KEY)


@settings(max_examples=150)
@given(st.data())
def test_random_programs_do_what_numpy_does_on_a_library_without_shared_memory(data):
    check_against_numpy(data, strict, STRICT_KEYS)


def check_gradients(data, namespace, kinds):
    """Gradients of recorded programs against complex steps through NumPy, which are exact to rounding."""
    shape = data.draw(SHAPES)
    point, other = filled(data.draw, shape), filled(data.draw, shape)
    steps = data.draw(programs(shape=shape, kinds=kinds, detach=False, read_only=[2]))
    start = data.draw(st.integers(0, len(steps)))  # recording begins here; what was read from the variable is constant
    weights = []

    def reference(v):
        arrays = [other.astype(v.dtype), other.astype(v.dtype), point.astype(v.dtype)]
        run(steps[:start], arrays, same, np.asarray)
        arrays[2] = v
        arrays[0] += v
        run(steps[start:], arrays, same, np.asarray)
        weights[:] = [np.cos(np.arange(a.size)).reshape(a.shape) for a in arrays]
        return sum((a * w).sum() for a, w in zip(arrays, weights, strict=True))

    value = reference(point)
    assume(np.abs(value) < 1e6)
    expected = np.zeros(shape)
    for place in np.ndindex(shape):
        moved = point.astype(np.complex128)
        moved[place] += 1e-30j
        expected[place] = reference(moved).imag / 1e-30

    take = raw_for(namespace)
    x = namespace.asarray(take(point.copy()))
    x.attach_grad()
    arrays = [namespace.asarray(take(other.copy())), namespace.asarray(take(other.copy())), x]
    run(steps[:start], arrays, take)
    with autograd.record():
        arrays[0] += x
        run(steps[start:], arrays, take)
        loss = sum(namespace.sum(a * take(w)) for a, w in zip(arrays, weights, strict=True))
    tracked = autograd.grad(loss, x, retain_graph=True, create_graph=True)
    loss.backward()
    scale = max(1.0, np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(loss.item(), value, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(x.grad.asnumpy(), expected, rtol=1e-10, atol=1e-10 * scale)
    np.testing.assert_allclose(tracked.asnumpy(), expected, rtol=1e-10, atol=1e-10 * scale)


@settings(max_examples=300)
@given(st.data())
def test_gradients_of_random_programs(data):
    check_gradients(data, xp, EVERY_KEY)


@settings(max_examples=150)
@given(st.data())
def test_gradients_of_random_programs_on_a_library_without_shared_memory(data):
    check_gradients(data, strict, STRICT_KEYS)


# Recorded writes, one by one


def variable(xp, values):
    x = xp.asarray(values)
    x.attach_grad()
    return x


@namespaces
def test_add_in_place_is_recorded(xp):
    x, w = variable(xp, [1.0, 2.0]), variable(xp, [3.0, 4.0])
    with autograd.record():
        y = x * x
        kept = y
        y += w
        y *= w
        loss = xp.sum(y)
    loss.backward()
    assert y is kept
    assert x.grad.tolist() == [6.0, 16.0]
    assert w.grad.tolist() == [7.0, 12.0]  # d (x^2 + w) w = x^2 + 2 w


@namespaces
def test_a_write_through_a_view_shows_in_its_base_and_carries_the_gradient(xp):
    x = variable(xp, [1.0, 2.0, 3.0])
    with autograd.record():
        y = x * 2.0
        y[1:][0] = 5.0
        part = y[1:]
        part[1:] = x[:1] ** 2
        loss = xp.sum(y * y)
    assert y.tolist() == [2.0, 5.0, 1.0]
    loss.backward()
    assert x.grad.tolist() == [8.0 + 4.0, 0.0, 0.0]  # d (2 x0)^2 + x0^4


@namespaces
def test_a_write_to_the_base_shows_in_an_older_view_and_carries_the_gradient(xp):
    x = variable(xp, [1.0, 2.0, 3.0])
    with autograd.record():
        y = x * 2.0
        view = y[1:]
        y *= x
        loss = xp.sum(view)
    assert view.tolist() == [8.0, 18.0]
    loss.backward()
    assert x.grad.tolist() == [0.0, 8.0, 12.0]


@namespaces
def test_overlap_add_into_slices_of_a_constant(xp):
    """SciPy's oaconvolve collects its result so."""
    x = variable(xp, [[1.0, 2.0, 3.0, 4.0]])
    with autograd.record():
        out = xp.zeros((1, 6))
        for start in range(0, 4, 2):
            out[..., start : start + 4] += xp.concat([x[:, start : start + 2] ** 2] * 2, axis=-1)
        loss = xp.sum(out * xp.asarray([[1.0, 10.0, 100.0, 1000.0, 1e4, 1e5]]))
    loss.backward()
    # The square of block 0 went to places 0 to 3, that of block 1 to places 2 to 5.
    assert x.grad.tolist() == [[2 * 101.0, 4 * 1010.0, 6 * 10100.0, 8 * 101000.0]]


@namespaces
def test_a_view_kept_in_a_variable_may_be_written_later(xp):
    x = variable(xp, [1.0, 2.0])
    out = xp.zeros((2, 2))
    row = out[1, :]
    with autograd.record():
        row += x
        row *= x
        loss = xp.sum(out * 3.0)
    assert out.tolist() == [[0.0, 0.0], [1.0, 4.0]]
    loss.backward()
    assert x.grad.tolist() == [6.0, 12.0]


@namespaces
def test_writing_a_recorded_array_into_itself(xp):
    x = variable(xp, [1.0, 2.0, 3.0])
    with autograd.record():
        y = x * 1.0
        y[1:] = y[:-1]
        loss = xp.sum(y * xp.asarray([1.0, 10.0, 100.0]))
    assert y.tolist() == [1.0, 1.0, 2.0]
    loss.backward()
    assert x.grad.tolist() == [11.0, 100.0, 0.0]


def test_integer_arrays_with_repeats():
    x, w = variable(xp, [1.0, 2.0, 3.0]), variable(xp, [10.0, 20.0, 30.0])
    places = np.asarray([0, 0, 2])
    with autograd.record():
        y = x * 1.0
        y[places] = w  # the last write to a place counts
        z = y[places]  # and each read of it
        loss = xp.sum(z * z)
    assert y.tolist() == [20.0, 2.0, 30.0]
    loss.backward()
    assert w.grad.tolist() == [0.0, 80.0, 60.0]
    assert x.grad.tolist() == [0.0, 0.0, 0.0]


class Unordered(np.ndarray):
    """An array in which of several writes to a place the first counts, as it may on a GPU."""

    def __setitem__(self, key, value):
        places = np.arange(self.size).reshape(self.shape)[key]
        flat, values = np.asarray(self).reshape(-1), np.broadcast_to(value, places.shape)
        flat[places.reshape(-1)[::-1]] = values.reshape(-1)[::-1]


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        (np.asarray([1, 0, 1]), (3, 4)),
        (np.asarray([1, 0, 1]), (4,)),
        ([1, 0, 1], (3, 1)),
        ((slice(None), np.asarray([[3, 3], [0, 3]])), (3, 2, 2)),
        ((np.asarray([2, 2, 0, 2]), np.asarray([1, 1, 0, 3])), (4,)),
        ((None, np.asarray([1, 0, -2])), (1, 3, 4)),
        ((np.zeros(0, int), slice(1, 3)), (2,)),
    ],
)
def test_libraries_that_write_in_any_order(key, shape):
    values = np.random.default_rng(0).normal(size=shape)
    expected = np.zeros((3, 4))
    expected[key] = values
    written = discovery.CompatBackend("numpy", "array_api_compat.numpy").write(
        np.zeros((3, 4)).view(Unordered), key, values
    )
    np.testing.assert_array_equal(np.asarray(written), expected)


@namespaces
def test_masks(xp):
    x, w = variable(xp, [1.0, -2.0, 3.0]), variable(xp, [5.0])
    with autograd.record():
        y = x * 2.0
        y[y < 0] = 0.0
        y[xp.asarray([True, False, False])] = w * w
        loss = xp.sum(y[y > 0] ** 2)
    loss.backward()
    assert y.tolist() == [25.0, 0.0, 6.0]
    assert x.grad.tolist() == [0.0, 0.0, 24.0]
    assert w.grad.tolist() == [500.0]


def test_lists_are_written_like_arrays():
    x = xp.zeros(3)
    x[:2] = [1.0, 2.0]
    assert x.tolist() == [1.0, 2.0, 0.0]


def test_a_view_written_to_other_places_of_its_base():
    """Only the second half of `x[key] += y` is already done; these keys look alike, but are others."""
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    x[:, np.asarray([1, 0])] = x[:, 0:2]
    assert x.tolist() == [[2.0, 1.0], [4.0, 3.0]]
    x[True] = x[1]
    assert x.tolist() == [[4.0, 3.0], [4.0, 3.0]]


@pytest.mark.parametrize("integer", [1, np.int64(1), np.uint8(1)], ids=repr)
def test_any_integer_makes_a_view(integer):
    x = xp.zeros((2, 2))
    row = x[integer]
    row += 1.0
    assert x.tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_a_new_axis_alone_makes_a_view():
    x = xp.asarray([1.0, 2.0])
    row = x[None]
    x[0] = 5.0
    assert row.tolist() == [[5.0, 2.0]]
    row[0, 1] = 7.0
    assert x.tolist() == [5.0, 7.0]
    assert x[None].detach().shape == (1, 2)


def test_a_swap_as_in_numpy():
    x = variable(xp, [[1.0], [2.0]])
    numpys = np.asarray([[1.0], [2.0]])
    numpys[0], numpys[1] = numpys[1], numpys[0]  # the rows are views, so the first write shows in the second
    with autograd.record():
        y = x * 1.0
        y[0], y[1] = y[1], y[0]
    assert y.tolist() == numpys.tolist() == [[2.0], [2.0]]
    y.backward()
    assert x.grad.tolist() == [[0.0], [2.0]]


@namespaces
def test_a_value_may_have_leading_axes_of_length_one(xp):
    w = variable(xp, [[1.0, 2.0]])
    y = xp.zeros((2,))
    with autograd.record():
        y += xp.reshape(w * w, (2,))
        y[...] = xp.reshape(w, (2,)) * y
    y.backward()
    assert w.grad.tolist() == [[3.0, 12.0]]


def test_numpy_drops_leading_axes_of_length_one_of_a_value():
    w = variable(xp, [[1.0, 2.0]])
    y = xp.zeros(2)
    with autograd.record():
        y[...] = w * w
    y.backward()
    assert w.grad.tolist() == [[2.0, 4.0]]


@pytest.mark.parametrize("other", ["broadcast_to", "flip"])
def test_what_may_share_memory_with_a_raw_array_is_not_written_with_it(other):
    """What the library shares beyond our views is copied before it is written."""
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]]) * 1.0
    make = {"flip": lambda: xp.flip(x),
            "broadcast_to": lambda: xp.broadcast_to(x, (3, 2, 2))}[other]  # fmt: skip
    result = make()
    expected = result.tolist()
    x[0, 0] = 9.0
    assert result.tolist() == expected
    result[...] = 7.0
    assert x.tolist() == [[9.0, 2.0], [3.0, 4.0]]


# Residuals


@namespaces
def test_an_update_after_the_forward_pass_does_not_change_the_gradient(xp):
    x = variable(xp, [1.0, 2.0])
    with autograd.record():
        y = x * x
    x[:] = 10.0
    assert x.tolist() == [10.0, 10.0]
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0]


@namespaces
def test_writing_over_a_result_does_not_change_the_gradient(xp):
    x = variable(xp, [0.0, 1.0])
    with autograd.record():
        y = xp.exp(x)
        z = xp.sum(y)
    y[...] = 0.0
    z.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), np.exp([0.0, 1.0]))


@namespaces
def test_writing_over_a_result_while_recording_does_not_change_the_gradient(xp):
    x = variable(xp, [0.0, 1.0])
    with autograd.record():
        y = xp.exp(x)
        z = xp.sum(y)
        y[...] = 0.0
        y += 3.0
    z.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), np.exp([0.0, 1.0]))


@namespaces
def test_writing_through_views_does_not_corrupt_residuals(xp):
    x = variable(xp, [1.0, 2.0])
    with autograd.record():
        y = x * 1.0
        view = y[:1]
        loss = xp.sum(y * y) + xp.sum(view * view)
        view[...] = 100.0
        y[1:] = 200.0
    loss.backward()
    assert x.grad.tolist() == [4.0, 4.0]


@namespaces
def test_updating_a_parameter_through_its_view_or_detached_twin_does_not_corrupt_residuals(xp):
    x = variable(xp, [1.0, 2.0])
    with autograd.record():
        y = x * x
    x[:1][...] = 10.0
    x.detach()[1:] = 10.0
    assert x.tolist() == [10.0, 10.0]
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0]


@namespaces
def test_a_second_forward_pass_sees_the_update(xp):
    x = variable(xp, [1.0, 2.0])
    for expected in ([2.0, 4.0], [1.6, 3.2]):
        with autograd.record():
            loss = xp.sum(x * x)
        loss.backward()
        np.testing.assert_allclose(x.grad.asnumpy(), expected)
        x -= 0.1 * x.grad


# Variables


@namespaces
@pytest.mark.parametrize(
    "write",
    [
        lambda x: operator.setitem(x, 0, 9.0),
        lambda x: operator.setitem(x, ..., 9.0),
        lambda x: operator.iadd(x, 1.0),
        lambda x: operator.imul(x, x),
        lambda x: operator.setitem(x[1:], ..., 9.0),
        lambda x: operator.iadd(x[1:][:1], 1.0),
    ],
    ids=["item", "all", "+=", "*=", "view", "view of a view"],
)
def test_a_variable_refuses_to_be_written_while_recording(xp, write):
    x = variable(xp, [1.0, 2.0, 3.0])
    with autograd.record():
        before = x * x
        with pytest.raises(LeafWriteError, match=r"cannot be changed in place while recording.*pause\(\)"):
            write(x)
        after = x * x
    assert x.tolist() == [1.0, 2.0, 3.0]
    (before + 0.0).tolist()
    after.backward()
    before.backward()
    assert x.grad.tolist() == [2.0, 4.0, 6.0]


@namespaces
def test_an_older_view_of_a_variable_refuses_too(xp):
    x = variable(xp, [1.0, 2.0])
    view = x[:1]
    with autograd.record():
        with pytest.raises(LeafWriteError):
            view[...] = 5.0
        with pytest.raises(LeafWriteError):
            view += 5.0
    assert x.tolist() == [1.0, 2.0]
    assert view.tolist() == [1.0]


@namespaces
@pytest.mark.parametrize("way", [lambda x: x, lambda x: x.detach(), lambda x: x[...], lambda x: x[:1]])
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_what_shares_content_with_a_variable_refuses_too(xp, way, first):
    w = variable(xp, [4.0, 5.0])
    x = xp.asarray([1.0, 2.0])
    before = way(x)
    view = x[:1]
    view.attach_grad()
    other = before if first else way(x)
    with autograd.record():
        with pytest.raises(LeafWriteError):
            other[:] = w[: other.shape[0]] * 2.0
        loss = xp.sum(view * view)
    loss.backward()
    assert x.tolist() == [1.0, 2.0]
    assert view.grad.tolist() == [2.0]
    view.drop_grad()
    with autograd.record():
        x[:] = w * 2.0
        loss = xp.sum(view * view)
    loss.backward()
    assert w.grad.tolist() == [32.0, 0.0]


@namespaces
@pytest.mark.parametrize("way", [lambda y: y[:1], lambda y: y.detach()], ids=["view", "twin"])
def test_a_twin_of_a_variable_refuses_until_the_recording_ends(xp, way):
    x = variable(xp, [1.0, 2.0])
    twin = way(x)
    with autograd.record(), pytest.raises(LeafWriteError):
        twin[:1] = 3.0
    twin[:1] = 3.0
    with autograd.record(), autograd.pause():
        twin[:1] += 1.0
    assert x.tolist() == [4.0, 2.0]


MARKED_VIEWS = {
    "index": lambda y: y[0, :1],
    "view of a view": lambda y: y[0, :][:1],
    "transpose": lambda y: y.T[:1, 0],
}


@namespaces
@pytest.mark.parametrize("part", MARKED_VIEWS.values(), ids=MARKED_VIEWS)
@pytest.mark.parametrize("looked", [True, False], ids=["looked at", "unseen"])
def test_the_gradient_of_a_recorded_view_is_that_of_its_new_content(xp, part, looked):
    x = variable(xp, [[1.0, 2.0]])
    with autograd.record():
        y = x * x
        view = part(y)
        view.attach_grad()
        before = xp.sum(view)
        y *= 2.0
        if looked:
            view.asnumpy()
        loss = xp.sum(view * view) if looked else before
    loss.backward()
    assert view.grad.tolist() == ([4.0] if looked else [0.0])  # as that of an array that was itself written to
    assert x.grad.tolist() == ([[16.0, 0.0]] if looked else [[2.0, 0.0]])


@namespaces
def test_an_unrecorded_write_leaves_the_gradient_of_a_recorded_view(xp):
    x = variable(xp, [1.0, 2.0])
    with autograd.record():
        y = x * x
        view = y[:1]
        view.attach_grad()
        loss = xp.sum(view * view)
        with autograd.pause():
            y[:] = 7.0
    assert view.tolist() == [7.0]
    loss.backward()
    assert view.grad.tolist() == [2.0]
    assert x.grad.tolist() == [4.0, 0.0]


@namespaces
def test_a_variable_may_be_written_inside_pause_and_outside(xp):
    x = variable(xp, [1.0, 2.0])
    x += 1.0
    with autograd.record():
        with autograd.pause():
            x *= 2.0
            x[0] = 7.0
        loss = xp.sum(x * x)
    loss.backward()
    assert x.tolist() == [7.0, 6.0]
    assert x.grad.tolist() == [14.0, 12.0]


@namespaces
def test_an_update_keeps_a_variable_a_variable(xp):
    x = variable(xp, [1.0, 2.0])
    gradient = x.grad
    x -= 0.5
    assert x.grad is gradient
    with autograd.record():
        y = x * 3.0
    y.backward()
    assert x.grad.tolist() == [3.0, 3.0]


# Gradients are arrays, too


@namespaces
def test_a_kept_gradient_sees_later_ones(xp):
    x = variable(xp, [1.0, 2.0])
    gradient = x.grad
    part = gradient[1:]
    for factor in (2.0, 3.0):
        with autograd.record():
            y = x * factor
        y.backward()
        assert gradient.tolist() == [factor, factor]
        assert part.tolist() == [factor]
    assert x.grad is gradient


@namespaces
def test_a_gradient_can_be_set_to_zero(xp):
    x = xp.asarray([1.0, 2.0])
    x.attach_grad(grad_req="add")
    for expected in (2.0, 4.0):
        with autograd.record():
            y = x * 2.0
        y.backward()
        assert x.grad.tolist() == [expected, expected]
    x.grad[:] = 0
    assert x.grad.tolist() == [0.0, 0.0]
    with autograd.record():
        y = x * 2.0
    y.backward()
    assert x.grad.tolist() == [2.0, 2.0]
    x.zero_grad()
    assert x.grad.tolist() == [0.0, 0.0]


@namespaces
def test_a_gradient_does_not_share_memory_with_what_made_it(xp):
    x, w = variable(xp, [1.0, 2.0]), variable(xp, [1.0, 1.0])
    head = xp.asarray([3.0, 4.0])
    with autograd.record():
        y = x + w
    y.backward(head)
    x.grad[:] = 0.0
    assert w.grad.tolist() == [3.0, 4.0]
    assert head.tolist() == [3.0, 4.0]
    gradient = w.grad
    gradient *= 2.0
    assert head.tolist() == [3.0, 4.0]
    head[:] = 9.0
    assert w.grad.tolist() == [6.0, 8.0]


# Sharing


@namespaces
def test_detach_shares_content_both_ways(xp):
    x = variable(xp, [1.0, 2.0])
    twin = x.detach()
    twin[0] = 5.0
    assert x.tolist() == [5.0, 2.0]
    x[1] = 6.0
    assert twin.tolist() == [5.0, 6.0]
    x += 1.0
    assert twin.tolist() == [6.0, 7.0]
    twin *= 2.0
    assert x.tolist() == [12.0, 14.0]
    assert twin.grad is None


@namespaces
def test_detach_of_a_detached_array_shares_with_the_first(xp):
    x = variable(xp, [1.0, 2.0])
    twin = x.detach().detach()
    part, other = x.detach()[1:].detach(), x[1:][:1].detach()
    twin[0] = 5.0
    part[0] = 6.0
    assert other.tolist() == [6.0]
    other -= 1.0
    other[0] += 1.0
    assert x.tolist() == twin.tolist() == [5.0, 6.0]
    x += 1.0
    assert twin.tolist() == [6.0, 7.0]


@namespaces
def test_detach_of_a_recorded_array_drops_its_history_only(xp):
    x = variable(xp, [1.0, 2.0])
    with autograd.record():
        y = x * x
        z = xp.sum(y.detach() * x)
    z.backward()
    assert x.grad.tolist() == [1.0, 4.0]


@namespaces
def test_a_copy_shares_nothing(xp):
    x = xp.asarray([1.0, 2.0])
    other = x.copy()
    other[:] = 0.0
    x[0] = 9.0
    assert other.tolist() == [0.0, 0.0]
    assert x.tolist() == [9.0, 2.0]


@namespaces
def test_indexing_with_arrays_gives_a_copy(xp):
    x = xp.asarray([1.0, 2.0, 3.0])
    picked = x[x > 1.0]
    picked[:] = 0.0
    x[1] = 9.0
    assert picked.tolist() == [0.0, 0.0]
    assert x.tolist() == [1.0, 9.0, 3.0]


def test_data_is_the_raw_array_itself():
    raw = np.asarray([1.0, 2.0])
    assert xp.asarray(raw).data is raw


def test_a_raw_array_of_the_user_is_not_written_behind_his_back():
    raw = np.asarray([1.0, 2.0])
    x = xp.asarray(raw)
    x += 1.0
    x[0] = 9.0
    x[1:][...] = 8.0
    assert raw.tolist() == [1.0, 2.0]
    assert x.tolist() == [9.0, 8.0]


def test_a_raw_array_taken_out_is_not_written_behind_the_users_back():
    x = xp.asarray([1.0, 2.0])
    raw = x.data
    x += 1.0
    x[0] = 9.0
    assert raw.tolist() == [1.0, 2.0]


def test_a_raw_view_taken_out_is_not_written_behind_the_users_back():
    x = xp.zeros(3) + 1.0
    raw = x.data[1:]
    x[:] = 5.0
    assert raw.tolist() == [1.0, 1.0]


def test_a_raw_array_that_is_written_does_not_change_a_head_gradient_given_before():
    x = variable(xp, [1.0, 2.0])
    raw = np.asarray([3.0, 4.0])
    with autograd.record():
        y = x * 1.0
    y.backward(raw)
    raw[:] = 0.0
    assert x.grad.tolist() == [3.0, 4.0]


# dtypes and shapes


@namespaces
@pytest.mark.parametrize("update", [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow])
def test_an_integer_array_does_not_become_a_float_one(xp, update):
    x = xp.asarray([1, 2])
    # array-api-strict refuses to mix the two kinds with an error of its own
    message = r"cannot turn an array of dtype int64 into one of dtype float64.*x = x \+ y" if xp is not strict else None
    with pytest.raises(TypeError if xp is strict else InPlaceError, match=message):
        update(x, xp.asarray([0.5, 0.5]))
    assert x.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("have", "operand"),
    [(True, 1), (True, 1.0), (1, 1.0), (1, 1j), (1.0, 1j), (np.uint8(1), np.asarray([-1])), (np.float32(1), 1j)],
    ids=repr,
)
def test_what_an_update_refuses_is_what_numpy_refuses(have, operand):
    numpys, x = np.asarray([have]), xp.asarray(np.asarray([have]))
    with pytest.raises(TypeError, match="same_kind"):
        numpys += operand
    with pytest.raises(InPlaceError, match="cannot turn an array of dtype"):
        x += operand
    assert x.tolist() == numpys.tolist() == [have]


def test_float32_stays_float32():
    x = xp.asarray([1.0, 2.0], dtype=xp.float32)
    x += xp.asarray([0.5, 0.5], dtype=xp.float64)
    assert x.dtype == xp.float32
    assert x.tolist() == [1.5, 2.5]
    x[:1] = xp.asarray([7.0], dtype=xp.float64)
    assert x.dtype == xp.float32
    assert x.tolist() == [7.0, 2.5]


def test_float32_stays_float32_in_gradients_of_writes():
    x = variable(xp, np.asarray([1.0, 2.0], dtype=np.float32))
    w = variable(xp, np.asarray([3.0, 4.0]))
    with autograd.record():
        y = x * 1.0
        y *= w
        y[:1] = w[1:]
    y.backward()
    assert y.dtype == x.grad.dtype == xp.float32
    assert w.grad.dtype == xp.float64
    assert x.grad.tolist() == [0.0, 4.0]
    assert w.grad.tolist() == [0.0, 3.0]


@namespaces
def test_an_update_may_broadcast_its_operand_but_not_the_array(xp):
    x = xp.zeros((2, 3))
    x += xp.asarray([1.0, 2.0, 3.0])
    assert x.tolist() == [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]
    y = xp.zeros(3)
    with pytest.raises(InPlaceError, match=r"shape \(3,\) into one of shape \(2, 3\)"):
        y += xp.zeros((2, 3))
    assert y.shape == (3,)


def test_a_value_that_does_not_fit_is_refused_and_nothing_changes():
    x = variable(xp, [1.0, 2.0])
    with autograd.record():
        y = x * 2.0
        with pytest.raises(ValueError, match="broadcast"):
            y[:] = xp.zeros(3)
        with pytest.raises(IndexError):
            y[5] = 1.0
        loss = xp.sum(y)
    loss.backward()
    assert y.tolist() == [2.0, 4.0]
    assert x.grad.tolist() == [2.0, 2.0]


# Copies are made only where something else can see the memory


def address(x):
    return x.data.__array_interface__["data"][0]


def test_memory_that_only_the_array_holds_is_written_where_it_is():
    x = xp.zeros(1000) + 1.0
    place = address(x)
    for i in range(10):
        x[i] = 2.0
    x[100:200] = xp.ones(100)
    assert address(x) == place


def test_memory_that_only_the_array_holds_is_written_where_it_is_while_recording():
    w = variable(xp, [1.0])
    with autograd.record():
        x = xp.zeros(1000) + 1.0
        x[:1] = w  # x has a history from here on
        place = address(x)
        for i in range(10):
            x[i : i + 1] = w
    assert address(x) == place


def test_writing_through_a_view_does_not_copy_the_base_each_time():
    x = xp.zeros((100, 10)) + 1.0
    x[0, 0] = 2.0
    place = address(x)
    row = x[3, :]
    for _ in range(5):
        row[2:4] = 7.0
    del row
    x[4, :][0] = 1.0
    assert address(x) == place


@pytest.mark.parametrize("how", ["user", "residual", "raw given by the user"])
def test_memory_that_something_else_holds_is_copied_once(how):
    x = xp.asarray(np.ones(1000)) if how.startswith("raw") else xp.zeros(1000) + 1.0
    other = x.data if how == "user" else None
    if how == "residual":
        w = variable(xp, np.ones(1000))
        with autograd.record():
            other = w * x
    place = address(x)
    x[0] = 5.0
    if not how.startswith("raw"):
        assert address(x) != place
    place = address(x)
    x[1] = 5.0
    assert address(x) == place
    del other


# A view that was last looked at before a write is up to date for everything that looks at it


def _written_later(x):
    """A view of what is written over after it was made; its content is 2 x[:1]."""
    base = x.__array_namespace__().zeros(2)
    view = base[:1]
    base[:] = x * 2.0
    return view


def _shape_later(x):
    base = x.__array_namespace__().zeros((1, 2))
    view = base.T
    base[0, :] = x * 2.0
    return view[:1, 0]


LATER = [_written_later, _shape_later]

# What gives the gradient by x of the only element of v(x), one way or another.
WAYS = {
    "grad": lambda v: grad(lambda x: v(x)),
    "vjp": lambda v: lambda x: xpgrad.vjp(v, x)[1](np.ones(1))[0],
    "jvp": lambda v: lambda x: np.stack([xpgrad.jvp(v, (x,), (e,))[1][0] for e in np.eye(2)]),
    "jacobian": lambda v: lambda x: xpgrad.jacobian(v)(x)[0],
    "hessian": lambda v: lambda x: xpgrad.hessian(lambda x: v(x * x))(x)[0] / 2,
    "aux": lambda v: grad(lambda x: xpgrad.value_and_grad(lambda q: (xp.sum(q), v(q)), has_aux=True)(x)[0][1]),
    "checkpoint": lambda v: grad(lambda x: xpgrad.checkpoint(v)(x)),
    "argument of grad": lambda v: grad(lambda x: grad(lambda q: xp.sum(q**2) / 2)(v(x))),
    "argument of vjp": lambda v: grad(lambda x: xpgrad.vjp(lambda q: q * 1.0, v(x))[0]),
    "argument of hvp": lambda v: grad(lambda x: xpgrad.hvp(lambda q: xp.sum(q**3) / 6)(v(x), xp.ones(1))),
    "vector of hvp": lambda v: grad(lambda x: xpgrad.hvp(lambda q: xp.sum(q**2) / 2)(xp.ones(1), v(x))),
    "cotangent": lambda v: grad(lambda x: xpgrad.vjp(lambda q: q * 1.0, xp.ones(1))[1](v(x))[0]),
    "argument of a checkpoint": lambda v: grad(lambda x: xpgrad.checkpoint(lambda q: q * 1.0)(v(x))),
    "captured by a checkpoint": lambda v: grad(
        lambda x: (lambda view: xpgrad.checkpoint(lambda q: view * q)(xp.ones(1)))(v(x))
    ),
    "captured by grad": lambda v: grad(lambda x: (lambda view: grad(lambda q: view * q)(xp.ones(1)))(v(x))),
    "copy": lambda v: grad(lambda x: copy.copy(v(x))),
    "deepcopy": lambda v: grad(lambda x: copy.deepcopy([v(x)])[0]),
    "its gradient": lambda v: lambda x: _gradient_of_view(v, x),
}


def _gradient_of_view(v, raw):
    x = xp.asarray(raw)
    x.attach_grad()
    with autograd.record():
        view = v(x)
    view.backward()
    return x.grad


@pytest.mark.parametrize("view", LATER)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_looks_at_a_view_first_after_a_write_finds_its_history(way, view):
    assert np.asarray(way(view)(np.asarray([1.0, 2.0]))).tolist() == [2.0, 0.0]


# What cannot be differentiated says so.
REFUSALS = {
    "NumPy": (HistoryLostError, np.asarray),
    "NumPy's C code": (HistoryLostError, np.ascontiguousarray),
    "pickle": (HistoryLostError, pickle.dumps),
    "DLPack": (BufferError, np.from_dlpack),
    "float": (GradientLostWarning, float),
    "a parameter": (NotDifferentiableError, lambda view: xp.roll(xp.ones(2), view)),
    "a fill value": (NotDifferentiableError, lambda view: xp.full((2,), view[0])),
    "another library": (HistoryLostError, strict.asarray),
    "nondiff_argnums": (FunctionError, lambda view: _with_option(xp.ones(1), view)),
}

_with_option = xpgrad.custom_vjp(lambda x, option: x, nondiff_argnums=[1])
_with_option.defvjp(lambda x, option: (x, None), lambda option, residuals, g: (g,))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("view", LATER)
@pytest.mark.parametrize(("error", "use"), REFUSALS.values(), ids=REFUSALS)
def test_a_view_that_is_recorded_by_a_later_write_leaves_no_way_unnoticed(error, use, view):
    x = variable(xp, [1.0, 2.0])
    with autograd.record():
        late = view(x)
        with pytest.raises(error):
            use(late)


@pytest.mark.parametrize("view", LATER)
def test_a_graph_shows_the_write_that_a_view_follows(view):
    x = variable(xp, [1.0, 2.0])
    with autograd.record():
        graph = autograd.get_symbol(view(x))
    assert "setitem" in str(graph)


def test_values_of_views_that_a_transform_gives_out_are_those_after_the_write():
    def halves(x):
        base = xp.zeros(4)
        left, right = base[:2], base[2:]
        base[:2], base[2:] = x, x * x
        return left, right

    x = np.asarray([1.0, 2.0])
    left, right = xpgrad.vjp(halves, x)[0]
    assert (left.tolist(), right.tolist()) == ([1.0, 2.0], [1.0, 4.0])
    (_, (left, right)), _ = xpgrad.value_and_grad(lambda x: (xp.sum(x), halves(x)), has_aux=True)(x)
    assert (left.tolist(), right.tolist()) == ([1.0, 2.0], [1.0, 4.0])


def test_views_of_views_that_are_looked_at_later_have_an_order_of_their_own():
    x = variable(xp, [1.0, 2.0, 3.0])
    with autograd.record():
        base = xp.zeros(3)
        tail = base[1:]
        last, row, whole = tail[1:], xp.reshape(tail, (1, 2)), base[...]
        base[:] = x * x
        loss = xp.sum(last) + xp.sum(row * tail) + xp.sum(whole)
    loss.backward()
    assert x.grad.tolist() == [2.0, 4.0 + 2 * 4 * 4.0, 6.0 + 2 * 9 * 6.0 + 6.0]
