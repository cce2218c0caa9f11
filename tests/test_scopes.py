"""Recording and training scopes: nesting, exceptions, threads, and asyncio tasks."""

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.autograd import (
    is_recording,
    is_training,
    pause,
    predict_mode,
    record,
    set_recording,
    set_training,
    train_mode,
)
from xpgrad.errors import ScopeError


def state():
    return is_recording(), is_training()


@pytest.fixture(autouse=True)
def fresh():
    assert state() == (False, False)
    yield
    set_recording(False)
    set_training(False)


# What each scope sets, entered from each state. None leaves a state as it was.
SCOPES = {
    "record()": (record, (True, True)),
    "record(train_mode=False)": (lambda: record(train_mode=False), (True, False)),
    "record(None)": (lambda: record(None), (True, None)),
    "pause()": (pause, (False, False)),
    "pause(train_mode=True)": (lambda: pause(train_mode=True), (False, True)),
    "pause(None)": (lambda: pause(None), (False, None)),
    "train_mode()": (train_mode, (None, True)),
    "predict_mode()": (predict_mode, (None, False)),
}
STATES = [(False, False), (False, True), (True, False), (True, True)]
scopes = pytest.mark.parametrize("make", [make for make, _ in SCOPES.values()], ids=SCOPES)


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize(("make", "sets"), SCOPES.values(), ids=SCOPES)
def test_what_a_scope_sets_and_that_it_restores(make, sets, before):
    set_recording(before[0])
    set_training(before[1])
    with make() as entered:
        assert state() == tuple(old if new is None else new for old, new in zip(before, sets, strict=True))
    assert entered is None
    assert state() == before


def test_nested_scopes():
    with record():
        assert state() == (True, True)
        with pause():
            assert state() == (False, False)
            with record(train_mode=False):
                assert state() == (True, False)
                with train_mode():
                    assert state() == (True, True)
                assert state() == (True, False)
            assert state() == (False, False)
        with predict_mode():
            assert state() == (True, False)
        assert state() == (True, True)
    assert state() == (False, False)


@scopes
def test_an_exception_restores_the_state_and_is_not_swallowed(make):
    with pytest.raises(KeyError, match="through"), make():
        raise KeyError("through")
    assert state() == (False, False)


def test_an_exception_restores_every_level():
    with record():
        with pytest.raises(ZeroDivisionError), pause(), record(train_mode=False), train_mode():
            _ = 1 / 0
        assert state() == (True, True)


@scopes
def test_a_scope_may_be_used_again(make):
    scope = make()
    seen = []
    for _ in range(2):
        with scope:
            seen.append(state())
        assert state() == (False, False)
    assert seen[0] == seen[1]


@scopes
def test_a_scope_may_be_nested_in_itself(make):
    scope = make()
    with scope:
        inside = state()
        with scope:
            assert state() == inside
        assert state() == inside
    assert state() == (False, False)


def test_a_scope_nested_in_itself_with_another_between():
    outer, inner = record(), pause()
    with outer, inner, outer:
        assert state() == (True, True)
        with inner:
            assert state() == (False, False)
        assert state() == (True, True)
    assert state() == (False, False)


@scopes
def test_a_scope_may_be_a_decorator(make):
    with make():
        expected = state()

    @make()
    def seen(depth):
        """Docstring."""
        return (state(), *seen(depth - 1)) if depth else (state(),)

    assert seen(2) == (expected,) * 3
    assert state() == (False, False)
    assert seen.__doc__ == "Docstring."


def test_a_decorated_coroutine_runs_in_the_scope():
    @record()
    async def seen():
        await asyncio.sleep(0)
        return state()

    async def both():
        return await asyncio.gather(seen(), asyncio.to_thread(state)), state()

    (inside, beside), after = asyncio.run(both())
    assert inside == (True, True)
    assert beside == after == (False, False)


def test_a_generator_function_refuses_to_be_decorated():
    def generator():
        yield

    async def async_generator():
        yield

    for function in (generator, async_generator):
        with pytest.raises(ScopeError, match=rf"cannot decorate {function.__name__}.*with autograd\.record\(\):"):
            record()(function)


def holding(scope):
    with scope:
        yield


def test_a_generator_that_is_closed_in_another_scope_leaves_its_own_only():
    generator = holding(record())
    next(generator)
    with pause(), train_mode():
        generator.close()
        assert state() == (False, True)
    assert state() == (False, False)


def test_a_generator_that_outlives_the_scope_it_was_started_in_keeps_its_own():
    with predict_mode():
        generator = holding(record(None))
        next(generator)
        with train_mode():
            pass
    assert is_recording()
    generator.close()
    assert state() == (False, False)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1), (1, 2, 0), (0, 2, 1)], ids=str)
def test_scopes_may_be_left_in_any_order(order):
    generators = [holding(record()), holding(pause()), holding(record())]
    for generator in generators:
        next(generator)
    for i in order:
        generators[i].close()
    assert state() == (False, False)


def test_a_generator_that_is_closed_in_another_thread_changes_nothing_there():
    generator = holding(record())
    next(generator)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(generator.close).result()
        assert pool.submit(state).result() == (False, False)


def test_a_decorated_function_that_raises_restores_the_state():
    @record()
    def fails():
        raise ValueError

    with pytest.raises(ValueError):
        fails()
    assert state() == (False, False)


@pytest.mark.parametrize(("switch", "position"), [(set_recording, 0), (set_training, 1)])
def test_switches_return_the_previous_state(switch, position):
    assert switch(True) is False
    assert state()[position] is True
    assert switch(1) is True
    assert switch(0) is True
    assert switch(False) is False
    assert state() == (False, False)


@pytest.mark.parametrize("switch", [set_recording, set_training])
@pytest.mark.parametrize("value", ["yes", None, 1.0, []])
def test_switches_take_only_true_and_false(switch, value):
    with pytest.raises(TypeError, match="expected True or False"):
        switch(value)
    assert state() == (False, False)


def test_a_switch_inside_a_scope_is_undone_by_it():
    with record():
        set_recording(False)
        set_training(False)
        assert state() == (False, False)
    assert state() == (False, False)
    with pause():
        set_recording(True)
    assert state() == (False, False)


def test_recording_needs_the_scope_and_a_tracked_input():
    x, constant = xp.asarray([1.0]), xp.asarray([2.0])
    x.attach_grad()
    outside = x * constant
    with record():
        inside = x * constant
        without = constant * constant
        with pause():
            paused = x * constant
        mixed = paused * x
    for head in (outside, without, paused):
        with pytest.raises(xpgrad.errors.NotRecordedError):
            head.backward()
    inside.backward()
    assert x.grad.tolist() == [2.0]
    mixed.backward()
    assert x.grad.tolist() == [2.0]  # what was computed under pause is a constant


# Threads


def in_thread(function):
    """The result of a function that runs in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def test_a_new_thread_starts_with_everything_off():
    with record():
        assert in_thread(state) == (False, False)
        assert state() == (True, True)


def test_a_switch_in_a_thread_stays_there():
    def switch():
        set_recording(True)
        set_training(True)
        return state()

    assert in_thread(switch) == (True, True)
    assert state() == (False, False)


def test_one_scope_object_may_be_shared_by_threads():
    scope, inside, left = record(), threading.Barrier(2), threading.Barrier(2)
    seen = []

    def first():
        with scope:
            inside.wait()
            left.wait()  # until the other one has left
            seen.append(state())
        seen.append(state())

    def second():
        with pause(train_mode=True):
            with scope:
                inside.wait()
            seen.append(state())
            left.wait()

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [(False, True), (True, True), (False, False)]


def test_an_array_recorded_in_one_thread_is_differentiated_in_another():
    x = xp.asarray([1.0, 2.0])
    x.attach_grad()
    with record():
        y = x * x
    in_thread(y.backward)
    assert x.grad.tolist() == [2.0, 4.0]


def test_eight_threads_at_once():
    shared = xp.asarray(np.linspace(0.5, 1.5, 5))
    shared.attach_grad()
    ready = threading.Barrier(8)

    def work(seed):
        values = np.random.default_rng(seed).normal(size=5)
        x = xp.asarray(values)
        x.attach_grad()
        ready.wait()
        for i in range(100):
            with record():
                y = xp.exp(x) * shared
                y[i % 5] *= x[(i + 1) % 5]
                with pause():
                    factor = x * 2.0
                loss = xp.sum(y * factor)
                if i % 3 == 0:
                    (of_shared,) = autograd.grad(loss, [shared], retain_graph=True)
            loss.backward() if i % 2 else loss.backward(retain_graph=True)
            expected = np.exp(values) * shared.data * 2 * values
            j, k = i % 5, (i + 1) % 5
            product = expected[j]
            expected[j] *= values[k]
            expected[k] += product
            np.testing.assert_allclose(x.grad.asnumpy(), expected, rtol=1e-12)
            if i % 3 == 0:
                wanted = np.exp(values) * 2 * values
                wanted[j] *= values[k]
                np.testing.assert_allclose(of_shared.asnumpy(), wanted, rtol=1e-12)
            if state() != (False, False):
                raise AssertionError(state())
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


# asyncio tasks


def test_tasks_that_interleave_scopes_do_not_leak():
    async def task(make, expected, rounds):
        for _ in range(rounds):
            with make():
                await asyncio.sleep(0)
                assert state() == expected
                with pause():
                    await asyncio.sleep(0)
                    assert state() == (False, False)
                await asyncio.sleep(0)
                assert state() == expected
            await asyncio.sleep(0)
            assert state() == (False, False)

    async def main():
        await asyncio.gather(
            task(record, (True, True), 5),
            task(lambda: record(train_mode=False), (True, False), 7),
            task(train_mode, (False, True), 6),
        )
        assert state() == (False, False)

    asyncio.run(main())


def test_tasks_differentiate_independently():
    async def task(factor):
        x = xp.asarray([1.0, 2.0])
        x.attach_grad()
        with record():
            y = x * factor
            await asyncio.sleep(0)
            loss = xp.sum(y * x)
            await asyncio.sleep(0)
        loss.backward()
        return x.grad.tolist()

    async def main():
        return await asyncio.gather(*map(task, (1.0, 2.0, 3.0)))

    assert asyncio.run(main()) == [[2.0 * f, 4.0 * f] for f in (1.0, 2.0, 3.0)]


def test_a_task_inherits_the_scope_it_was_made_in():
    async def main():
        async def child():
            inherited = state()
            set_recording(False)
            return inherited

        with record():
            assert await asyncio.create_task(child()) == (True, True)
            assert state() == (True, True)

    asyncio.run(main())


# The garbage collector


def long_record():
    """Records until thousands of objects have outlived the collector's first generation."""
    x = xp.asarray([1.0])
    x.attach_grad()
    for _ in range(20_000):
        x = -x
    return x


def test_the_collector_is_spared_by_long_records_only():
    gc.collect()
    usual = gc.get_threshold()
    with autograd.record():
        assert gc.get_threshold() == usual
        kept = long_record()
        raised = gc.get_threshold()
        assert raised[:2] == usual[:2]
        assert raised[2] > usual[2]  # only the oldest generation is visited more seldom
        with autograd.pause():
            assert gc.get_threshold() == raised
    gc.collect(0)
    assert gc.get_threshold() == usual
    with pytest.raises(ZeroDivisionError), autograd.record():
        [long_record(), 1 / 0]
    gc.collect(0)
    assert gc.get_threshold() == usual
    autograd.set_recording(True)
    kept = long_record()  # noqa: F841  # keeps the record alive
    assert gc.get_threshold() == raised
    autograd.set_recording(False)
    gc.collect(0)
    assert gc.get_threshold() == usual


def test_a_threshold_set_while_recording_stays():
    usual = gc.get_threshold()
    try:
        with autograd.record():
            kept = long_record()  # noqa: F841  # keeps the record alive
            gc.set_threshold(500, 5, 5)
        gc.collect(0)
        assert gc.get_threshold() == (500, 5, 5)
    finally:
        gc.set_threshold(*usual)
