"""NumPy's functions that give booleans, places and facts, on the arrays of every library: as NumPy has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from differences import each

import xpgrad
import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.protocols import constants

X = np.asarray([[3.0, np.nan, 1.0], [np.inf, -np.inf, 0.0]])
Y = np.asarray([[3.0, np.nan, 1.0 + 1e-9], [np.inf, 2.0, 1e-7]])

CALLS = """
np.all(x > y)
np.allclose(x, y)
np.allclose(y, y, equal_nan=True)
np.any(x, axis=1)
np.argmax(x[:, ::2], axis=1)
np.argmin(x[:, ::2])
np.argpartition(x[1, :], 1)
np.argsort(x)
np.argsort(x[:, ::2], None, kind="stable")
np.argsort(x, axis=0)
np.array_equal(x, x)
np.array_equal(x, y, equal_nan=True)
np.array_equal(x, x, equal_nan=True)
np.array_equal(x, y[0, :])
np.array_equiv(y[:, 2] > 0, True)
np.array_equiv(x, y[:, :2])
np.can_cast(x, np.float64)
np.can_cast(x, np.int8)
np.count_nonzero(x)
np.empty_like(x).shape
np.flatnonzero(x)
np.full_like(x, 2.0)
np.isclose(x, y)
np.isclose(x, y, atol=0.0)
np.isclose(x, y, equal_nan=True)
np.isclose(x, 1)
np.iscomplex(x + 0j)
np.iscomplex(x)
np.iscomplexobj(x)
np.isin(np.nonzero(x)[0], np.nonzero(x)[1])
np.isneginf(x)
np.isposinf(x)
np.isposinf(np.nonzero(x)[0])
np.isreal(x)
np.isrealobj(x)
np.linalg.matrix_rank(np.where(x > 0, np.ones_like(x), 2.0))
np.nanargmax(x)
np.nanargmax(x, axis=1)
np.nanargmin(x, axis=0)
np.nanargmin(x[:, ::2], axis=1, keepdims=True)
np.ndim(x)
np.nonzero(x)
np.ones_like(x)
np.result_type(x, y) == x.dtype
np.searchsorted(np.sort(x[1, :]), y[1, :], "right")
np.shape(x)
np.size(x, 1)
np.zeros_like(x)
"""


def values(out: Any) -> list[Any]:
    return [xp.asarray(part).asnumpy() for part in (out if isinstance(out, tuple) else (out,))]


@pytest.mark.parametrize("library", ["numpy", "dask", "array_api_strict", "torch"])
@each(CALLS)
def test_every_library_gives_what_numpy_gives(call: str, library: str) -> None:
    if library == "torch":
        pytest.importorskip("torch", reason="needs PyTorch, which is not installed")
    wanted = eval(call, {"np": np, "x": X, "y": Y})
    pinned = xpgrad.namespace(library)
    x, y = pinned.asarray(X), pinned.asarray(Y)
    x.attach_grad()
    with autograd.record():
        found = eval(call, {"np": np, "x": x, "y": y})
    for a, b in zip(values(found), values(wanted), strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_function_that_the_page_names_is_called() -> None:
    assert {name for name in constants.EVERYWHERE if f"np.{name}(" not in CALLS} == set()


@pytest.mark.parametrize("library", ["dask", "array_api_strict"])
def test_where_there_is_nothing_but_nan_there_is_no_place(library: str) -> None:
    x = xpgrad.namespace(library).asarray([[np.nan, np.nan], [1.0, np.nan]])
    np.testing.assert_array_equal(np.nanargmax(x, axis=1).asnumpy(), [-1, 0])
