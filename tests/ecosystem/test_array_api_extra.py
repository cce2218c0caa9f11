"""array-api-extra, unmodified."""

from __future__ import annotations

from typing import Any

import pytest
from differences import check_call, each

xpx = pytest.importorskip("array_api_extra", reason="array-api-extra is not installed")

CALLS = """
xpx.atleast_nd(x, ndim=4)
xpx.cov(x)
xpx.create_diagonal(x)
xpx.kron(x, c(x, M))
xpx.pad(x, 1)
xpx.pad(x, (1, 2), constant_values=3.0)
xpx.setdiff1d(x, c(x, [5.0]))
xpx.sinc(x)
xpx.sinc(x * 0)
xpx.nunique(x) * x
xpx.one_hot(c(x, [0, 1]), 3) * x[0, 0]
xpx.at(x * 1, 0).add(3.0)
xpx.at(x * 1)[0, 1].set(x[1, 1])
xpx.at(x * 1)[:, 1].multiply(x[:, 2])
xpx.at(x * 1)[0].min(0.5)
xpx.apply_where(x > 1, x, lambda a: a**2, lambda a: -a)
xpx.apply_where(x > 1, (x, x * 2), lambda a, b: a * b, fill_value=0.0)
xpx.partition(x, 2)[..., 2]
xpx.nan_to_num(x)
xpx.union1d(x, c(x, [9.0]))
xpx.lazy_apply(lambda a: a, x)
xpx.argpartition(x, 2) * x
xpx.apply_where(x > 1, x, np.exp, fill_value=0.0)
xpx.at(x)[0].set(x[1], copy=True)
xpx.at(x * 1)[0].add(x[1], copy=False)
xpx.create_diagonal(x[0], offset=1)
xpx.isclose(x, x) * x
xpx.kron(x, x)
xpx.pad(x, ((1, 0), (0, 2)))
xpx.pad(x, 1, mode="constant", constant_values=2.0)
xpx.partition(x, 1)[..., 1]
xpx.argpartition(x, 1)[..., 1] * x[:, 0]
xpx.setdiff1d(x, c(x, [0.5]))
xpx.union1d(x, c(x, [0.5]))
xpx.atleast_nd(x, ndim=3)
xpx.lazy_apply(lambda a: a * 2, x)
"""

NAMES: dict[str, Any] = {"xpx": xpx}


@each(CALLS)
def test_calls(call: str) -> None:
    check_call(call, NAMES, same=False)
