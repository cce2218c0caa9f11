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
oe.contract("ij,kj->ik", x, x, backend="auto")
oe.contract("ij,kj->ik", x, x, optimize="greedy")
oe.contract("ij,kj->ik", x, x, optimize="dp")
oe.contract("ij,kj->ik", x, x, optimize="branch-2")
oe.contract("ij,kj->ik", x, x, optimize="auto-hq")
oe.contract("ij,kj,kl->il", x, x, x, optimize="random-greedy")
oe.contract("ij,kj,kl->il", x, x, x, optimize=[(0, 1), (0, 1)])
oe.contract("ij,kj,kl->il", x, x, x, optimize=False)
oe.contract("ij,kj,kl->il", x, x, x, memory_limit=8)
oe.contract("ij,kj,kl->il", x, x, x, use_blas=False)
oe.contract("abc,abc->", np.reshape(x, (2, 3, 2)), np.reshape(x, (2, 3, 2)))
oe.contract("...j,...j->...", x, x)
oe.contract("ij->ji", x)
oe.contract("ij->j", x)
oe.contract("ii->", s)
oe.contract("i,j->ij", x[0], x[1])
oe.contract("ij,j->i", x, x[0])
oe.contract("ij,ij->ij", x, x)
oe.contract_path("ij,kj->ik", x, x)[0] and x
oe.contract_expression("ij,jk->ik", c(x, M), (4, 3), constants=[0])(x.T)
oe.contract_expression("ij,jk,kl->il", (3, 4), c(x, M.T), (3, 4), constants=[1])(x, x)
oe.contract_expression("ij,kj->ik", (3, 4), (3, 4))(x, x)
oe.contract_expression("ij,kj->ik", (3, 4), (3, 4))(x, x, backend="auto")
oe.contract("ab,bc,cd,de->ae", x, x.T, x, x.T)
oe.contract("ij,kj->ik", x, x, backend="numpy")
oe.contract("ij,kj->ik", x, x, backend="object")
oe.contract("ij,kj,kl->il", x, x, x, backend="numpy")
oe.contract_expression("ij,kj->ik", (3, 4), (3, 4))(x, x, backend="numpy")
"""

NAMES: dict[str, Any] = {"oe": oe}


@each(CALLS)
def test_calls(call: str) -> None:
    check_call(call, NAMES, same=False)
