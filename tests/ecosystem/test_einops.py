"""einops, unmodified: its own functions, and those for the array API standard."""

from __future__ import annotations

from typing import Any

import pytest
from differences import check_call, each

einops = pytest.importorskip("einops", reason="einops is not installed")

from einops import array_api

CALLS = """
einops.rearrange(x, "a b -> b a")
einops.rearrange(x, "a (b c) -> a b c", b=2)
einops.reduce(x, "a b -> a", "mean")
einops.reduce(x, "a (b c) -> b", "max", c=2)
einops.reduce(x, "a b -> ", "prod")
einops.reduce(x, "a b -> b", "min")
einops.repeat(x, "a b -> a r b", r=3)
einops.pack([x, 2 * x], "* b")[0]
einops.unpack(x, [[1], [3]], "a *")
einops.einsum(x, x, "a b, c b -> a c")
einops.rearrange([x, x], "r a b -> a r b")
ea.rearrange(x, "a b -> b a")
ea.reduce(x, "a b -> a", "mean")
ea.repeat(x, "a b -> a b 2")
ea.pack([x, x], "* b")[0]
ea.unpack(x, [[1], [3]], "a *")
"""

NAMES: dict[str, Any] = {"einops": einops, "ea": array_api}


@each(CALLS)
def test_calls(call: str) -> None:
    check_call(call, NAMES, same=False)
