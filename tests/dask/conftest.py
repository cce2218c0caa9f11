"""Graphs are built under a scheduler that refuses to compute, where `nothing_computes` is in use; `compute` does."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks.dask has the workloads; it is no part of the package

dask = pytest.importorskip("dask")
pytest.importorskip("dask.array")

from xpgrad_dask import refuse


@pytest.fixture
def nothing_computes():
    with dask.config.set(scheduler=refuse):
        yield


@pytest.fixture
def compute():
    """Compute some arrays together, in this thread; a list for several."""

    def run(*arrays):
        found = dask.compute(*arrays, scheduler="synchronous")
        return found[0] if len(arrays) == 1 else found

    return run


@pytest.fixture
def tasks():
    """Count the tasks that some arrays take together, as a scheduler would get them; what is persisted not included."""

    from benchmarks.dask import measure

    return lambda *arrays: measure.tasks(arrays)
