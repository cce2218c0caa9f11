"""Losses of arrays in memory and of Dask arrays in one walk back: nothing is computed early."""

import dask.array as da
import numpy as np
import pytest

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd

pytestmark = pytest.mark.usefixtures("nothing_computes")

DATA = np.random.default_rng(0).uniform(0.5, 2, size=(6, 3))
WEIGHTS = np.asarray([0.3, 1.2, 0.9])


def in_memory(w, x):
    return xn.sum(xn.exp(w) * xn.sqrt(w))


def over_data(w, x):
    return xn.sum(xn.log(x * w) * (x / w))


ORDERS = {"memory first": (in_memory, over_data), "data first": (over_data, in_memory)}


def values(w, x, order):
    return [loss(w, x) for loss in ORDERS[order]]


@pytest.fixture(params=ORDERS)
def order(request):
    return request.param


def assert_same(compute, f):
    """What a function gives of data in blocks and of data in memory is the same."""
    found = compute(*f(xp.asarray(da.from_array(DATA, chunks=2))))
    for a, b in zip(found, f(xn.asarray(DATA)), strict=True):
        np.testing.assert_allclose(a, b.asnumpy(), rtol=1e-12)


def test_gradients_of_gradients(order, compute):
    def gradients(x):
        w = xn.asarray(WEIGHTS)
        w.attach_grad()
        with autograd.record():
            first = autograd.grad(values(w, x, order), w, create_graph=True, retain_graph=True)
            change = xn.sum(first * first)
        return first, autograd.grad(change, w)

    assert_same(compute, gradients)


def test_jvp(order, compute):
    def derivatives(x):
        w = xn.asarray(WEIGHTS)
        _, by_w = xpgrad.jvp(lambda w: values(w, x, order), (w,), (w,))
        _, by_both = xpgrad.jvp(lambda w, x: values(w, x, order), (w, x), (w, x))
        return [*by_w, *by_both]

    assert_same(compute, derivatives)
