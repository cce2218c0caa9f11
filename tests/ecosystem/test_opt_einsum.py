"""opt_einsum, unmodified."""

from __future__ import annotations

from typing import Any

import pytest
from differences import check_call, each

oe = pytest.importorskip("opt_einsum", reason="opt_einsum is not installed")

CALLS = """
oe.contract("ij,kj->ik", x, x)
oe.contract("ij,jk,kl->il", x, c(x, M.T), x)
oe.contract("ij->", x)
oe.contract("ii->i", s)
oe.contract_expression("ij,jk->ik", (3, 4), (4, 3))(x, c(x, M.T))
oe.contract("ab,cb->ac", x, c(x, M), optimize="optimal")
oe.contract(x, [0, 1], x, [2, 1], [0, 2])
"""

NAMES: dict[str, Any] = {"oe": oe}


@each(CALLS)
def test_calls(call: str) -> None:
    check_call(call, NAMES, same=False)
