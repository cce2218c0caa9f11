"""Memory that NumPy is given of an Array: what is written there shows in the Array or is refused."""

import gc
import operator

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.array import Array


def test_a_write_by_numpy_shows_in_the_array():
    x = xp.zeros((2, 3))
    memory = np.asarray(x)
    memory[0, 1] = 5.0
    assert x.tolist() == [[0.0, 5.0, 0.0], [0.0, 0.0, 0.0]]
    assert np.asarray(x, copy=False)[0, 1] == 5.0


def test_a_write_by_numpy_into_a_view_shows_in_its_base():
    x = xp.reshape(xp.arange(6.0), (2, 3))
    row = x[1]
    np.asarray(row)[...] = 7.0
    assert x.tolist() == [[0.0, 1.0, 2.0], [7.0, 7.0, 7.0]]
    assert row.tolist() == [7.0] * 3


def test_memory_may_be_asked_for_more_than_once():
    x = xp.zeros(3)
    read, written = np.asarray(x), np.asarray(x)
    written[0] = 1.0
    assert read.tolist() == x.tolist() == [1.0, 0.0, 0.0]


def test_what_is_asked_for_many_times_is_not_kept():
    x = xp.zeros(3)
    first = np.asarray(x)
    for _ in range(100):
        np.asarray(x)[0] += 1.0
    assert first[0] == 100.0
    assert len(x._view.lent) == 1


def test_what_others_see_can_only_be_read():
    x = xp.asarray(np.zeros(3))
    other = x.data
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0] = 1.0
    assert other.tolist() == x.tolist() == [0.0] * 3


def test_a_variable_can_only_be_read():
    x = xp.zeros(3)
    x.attach_grad()
    assert not np.asarray(x).flags.writeable
    assert not np.asarray(x[1:]).flags.writeable
    assert not np.asarray(x.detach()).flags.writeable


def test_nothing_is_lent_while_recording():
    x = xp.zeros(3)
    with autograd.record():
        assert not np.asarray(x).flags.writeable
    assert np.asarray(x).flags.writeable


def test_what_a_record_has_kept_can_only_be_read():
    w, constant = xp.ones(3), xp.ones(3)
    w.attach_grad()
    with autograd.record():
        loss = xp.sum(w * constant)
    assert not np.asarray(constant).flags.writeable
    loss.backward()
    del loss
    assert np.asarray(constant).flags.writeable


@pytest.mark.parametrize("part", [lambda x: x, lambda x: x[1:], lambda x: xp.reshape(x, (1, 3)), lambda x: x.detach()])
@pytest.mark.parametrize("recorded", [lambda x: x, lambda x: x[1:], lambda x: x.detach()])
def test_a_record_keeps_what_was_there_when_memory_was_lent_before(part, recorded):
    w, constant = xp.asarray(2.0), xp.ones(3)
    shared = part(constant)
    memory = np.asarray(shared)
    w.attach_grad()
    with autograd.record():
        loss = xp.sum(w * recorded(constant))
    with pytest.raises(ValueError, match="read-only"):
        memory[...] = 9.0
    loss.backward()
    assert w.grad.item() == recorded(constant).size
    assert constant.tolist() == [1.0] * 3


def test_a_variable_that_was_lent_before_is_safe_once_recorded():
    x = xp.ones(3)
    memory = np.asarray(x)
    x.attach_grad()
    with autograd.record():
        loss = xp.sum(x * x)
    with pytest.raises(ValueError, match="read-only"):
        memory[0] = 9.0
    loss.backward()
    assert x.grad.tolist() == [2.0] * 3


def test_memory_that_was_lent_before_a_record_is_not_lent_again():
    w, constant = xp.ones(3), xp.ones(3)
    w.attach_grad()
    memory = np.asarray(constant)
    wrapped = xp.asarray(memory)
    with autograd.record():
        loss = xp.sum(w * wrapped)
    assert not np.asarray(constant).flags.writeable
    loss.backward()
    assert w.grad.tolist() == [1.0] * 3


def test_an_array_that_has_taken_over_anothers_memory_is_not_lent():
    x, y = xp.zeros(3), xp.ones(3)
    memory = np.asarray(x)
    x -= y
    kept = x.data
    assert not np.asarray(x).flags.writeable
    assert memory.tolist() == [0.0] * 3
    assert kept.tolist() == [-1.0] * 3


def test_writes_to_an_array_leave_what_was_only_read():
    x = xp.ones(3)
    x.attach_grad()
    read = np.asarray(x)
    x[0] = 5.0
    assert read.tolist() == [1.0] * 3
    assert x.tolist() == [5.0, 1.0, 1.0]


WRITES = {
    "item": lambda x: operator.setitem(x, 1, 2.0),
    "all": lambda x: operator.setitem(x, ..., 2.0),
    "another's content": lambda x: operator.setitem(x, slice(None), xp.full(3, 2.0)),
    "+=": lambda x: operator.iadd(x, 2.0),
    "view": lambda x: operator.setitem(x[1:], 0, 2.0),
    "twin": lambda x: operator.setitem(x.detach(), 1, 2.0),
    "out": lambda x: np.add(x, 2.0, out=x),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("part", [lambda x: x, lambda x: x[...], lambda x: x.detach(), lambda x: xp.reshape(x, (3,))])
def test_what_was_lent_before_a_write_is_not_lost_without_a_word(part, write):
    x = xp.zeros(3)
    lender = part(x)
    memory = np.asarray(lender)
    memory[0] = 1.0
    assert x[0].item() == 1.0
    write(x)
    with pytest.raises(ValueError, match="read-only"):
        memory[2] = 3.0
    assert x.tolist() == lender.tolist()
    assert x[1].item() == 2.0
    expected = x.tolist()
    np.asarray(lender)[2] = 3.0  # asked for again, it is lent again
    assert x.tolist() == lender.tolist() == [*expected[:2], 3.0]


def test_a_loan_ends_with_its_memory():
    gc.disable()
    try:
        x = xp.zeros(3)
        np.asarray(x)[0] = 1.0
        assert x.tolist() == [1.0, 0.0, 0.0]
        assert x.__class__ is Array
        where = x.data.ctypes.data
        x[1] = 2.0
        assert x.data.ctypes.data == where
    finally:
        gc.enable()


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float32", "complex64", "complex128"])
@pytest.mark.parametrize("shape", [(), (0, 2), (2, 3)])
def test_every_dtype_and_shape_is_lent(dtype, shape):
    x = xp.zeros(shape, dtype=getattr(xp, dtype))
    memory = np.asarray(x)
    assert (memory.shape, memory.dtype) == (shape, x.data.dtype)
    memory[...] = 1
    assert bool(xp.all(x == 1))


def test_another_dtype_is_a_copy_of_its_own():
    x = xp.zeros(3)
    np.asarray(x, dtype=np.float32)[0] = 1.0
    np.array(x)[0] = 1.0
    assert x.tolist() == [0.0] * 3
    assert np.asarray(x, dtype=np.float64).flags.writeable
    assert np.array(x, dtype=np.float64).flags.writeable


def test_what_is_copied_from_another_library_refuses_writes():
    pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    x = xpgrad.namespace("array_api_strict").asarray([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0] = 5.0
    with pytest.raises(ValueError, match=r"only have a copy of this array: leave copy=False out, or convert x\.data"):
        np.asarray(x, copy=False)


def test_what_is_written_into_one_gradient_is_not_written_into_another():
    a, b = xp.ones(3), xp.ones(3)
    for x in (a, b):
        x.attach_grad()
    held = [np.asarray(x.grad) for x in (a, b)]
    for _ in range(2):
        with autograd.record():
            loss = xp.sum(a + b)
        loss.backward()
        memory = np.asarray(a.grad)
        if memory.flags.writeable:
            memory[...] = 9.0
            assert a.grad.tolist() == [9.0] * 3
        assert b.grad.tolist() == [1.0] * 3
    assert [memory.tolist() for memory in held] == [[0.0] * 3] * 2
