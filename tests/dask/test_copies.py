"""Cheap steps between blocks along two axes run in the tasks of what reads them."""

from collections import Counter

import dask
import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import Data, factorisation, factorisation_by_hand, tracked
from dask.callbacks import Callback
from dask.highlevelgraph import HighLevelGraph

import xpgrad.dask as xp
from xpgrad_dask.copies import with_copies

pytestmark = pytest.mark.usefixtures("nothing_computes")


class Tasks(Callback):
    """Counts the tasks that run, by the names of their layers."""

    def __init__(self):
        self.counts = Counter()

    def _posttask(self, key, *_):
        self.counts[key[0].rsplit("-", 1)[0] if isinstance(key, tuple) else key] += 1


def test_the_cotangent_of_a_square_is_no_task_of_its_own(compute):
    data = Data(9, 60)
    with Tasks() as ran:
        found = compute(*factorisation(data))
    assert ran.counts["sub"] == 9  # what it is made of is made once
    assert not any(name.startswith("multiply_vjp") for name in ran.counts)
    for a, b in zip(found, compute(*factorisation_by_hand(data)), strict=True):
        np.testing.assert_allclose(a, b)


def test_a_dear_step_runs_once(compute):
    data = Data(9, 60)

    def loss(u, v):
        return xp.sum(xp.exp(u @ v.T - xp.asarray(data.R)))

    with Tasks() as ran:
        found = compute(*tracked(loss, data.U, data.V))
    assert ran.counts["exp"] == 9
    with dask.config.set({"xpgrad.fusion": False}):
        expected = compute(*tracked(loss, data.U, data.V))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b)


def test_what_is_wanted_is_not_copied():
    x = da.ones((6, 6), chunks=3)
    twice = x * 2
    graph = HighLevelGraph.merge(da.exp(twice).dask, da.sin(twice).dask)
    assert with_copies(graph, {twice.name}) is graph
    assert len(with_copies(graph, set()).layers) == len(graph.layers) + 1
