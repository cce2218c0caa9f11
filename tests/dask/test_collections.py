"""Arrays take part in Dask's collection protocol: whatever takes Dask arrays takes them."""

import pickle
from unittest.mock import Mock

import dask
import dask.array as da
import numpy as np
import pytest
from dask.base import tokenize

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd

pytestmark = pytest.mark.usefixtures("nothing_computes")

VALUES = np.arange(12.0).reshape(6, 2)


@pytest.fixture
def lazy():
    return xp.asarray(da.from_array(VALUES, chunks=(2, 2)))


@pytest.fixture
def recorded(lazy):
    lazy.attach_grad()
    with autograd.record():
        return xp.exp(lazy)


def test_an_array_is_a_collection_if_it_holds_one(lazy):
    assert dask.is_dask_collection(lazy)
    assert not dask.is_dask_collection(xn.asarray(VALUES))


def test_compute_gives_numpy_arrays(recorded, compute):
    found, nested = compute(recorded, {"a": [recorded]})
    assert type(found) is type(nested["a"][0]) is np.ndarray
    np.testing.assert_array_equal(found, np.exp(VALUES))
    np.testing.assert_array_equal(recorded.compute(scheduler="synchronous"), np.exp(VALUES))


def test_persist_gives_arrays_without_history(recorded):
    with dask.config.set(scheduler="synchronous"):
        (together,), method = dask.persist(recorded), recorded.persist()
    for kept in (together, method):
        assert isinstance(kept, xpgrad.Array)
        assert len(kept.__dask_graph__()) == 3
        with pytest.raises(xpgrad.errors.NotRecordedError):
            kept.backward()


def test_arrays_that_are_not_lazy_compute_and_persist_as_they_are():
    x = xn.asarray(VALUES)
    assert x.compute() is x.data
    assert x.persist().data is x.data


def test_a_view_persists(lazy):
    with dask.config.set(scheduler="synchronous"):
        assert lazy[:2].persist().shape == (2, 2)


def test_optimize_and_delayed(recorded, compute):
    (optimized,) = dask.optimize(recorded)
    assert isinstance(optimized, xpgrad.Array)
    total = dask.delayed(np.sum)(recorded)
    assert compute(total) == np.exp(VALUES).sum()


def test_arrays_are_optimized_together_with_raw_arrays(recorded):
    assert recorded.__dask_optimize__ is recorded.data.__dask_optimize__
    assert recorded.__dask_scheduler__ is recorded.data.__dask_scheduler__


def test_tokens_are_those_of_the_content(lazy):
    assert tokenize(lazy) == tokenize(xp.asarray(lazy.data))
    assert tokenize(lazy) != tokenize(lazy + 1)
    assert tokenize(xn.asarray(VALUES)) == tokenize(xn.asarray(VALUES.copy()))


def test_the_tape_stays_behind_where_results_are_put_together(recorded):
    finish, arguments = recorded.__dask_postcompute__()
    assert len(pickle.dumps((finish, arguments))) < 200


def test_other_schedulers_get_one_graph(recorded):
    scheduler = Mock(side_effect=dask.get)
    dask.compute(recorded, recorded.data + 1, scheduler=scheduler)
    assert scheduler.call_count == 1


def test_a_pickled_array_is_its_data(recorded):
    copy = pickle.loads(pickle.dumps(recorded))
    assert tokenize(copy) == tokenize(recorded)
    with pytest.raises(xpgrad.errors.NotRecordedError):
        copy.backward()
    w = xn.asarray(np.zeros(1000))
    w.attach_grad()
    with autograd.record():
        y = w
        for _ in range(100):
            y = y * w
    assert len(pickle.dumps(y)) < 8000 + 1000


def test_chunks_are_those_of_the_raw_array(lazy):
    assert lazy.chunks == ((2, 2, 2), (2,))
    assert not hasattr(xn.asarray(VALUES), "chunks")


def test_query_planning_is_refused():
    backend = type(xpgrad.discovery.get_named("dask"))()
    with dask.config.set({"array.query-planning": True}), pytest.raises(ImportError, match="query-planning"):
        assert backend.namespace
