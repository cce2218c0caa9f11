"""SciPy's special functions, block by block; on Dask arrays themselves some compute, and some fail."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import dask.array as da
from dask.array.core import elemwise
from dask.base import tokenize
from scipy import special

from xpgrad_dask.known import Known, plain
from xpgrad_numpy import backend


def in_blocks(name: str) -> Callable[..., Any]:
    """A function of `scipy.special` for Dask arrays, numbers, and NumPy arrays beside them."""

    def result(k: int, given: list[Any], options: dict[str, Any]) -> Any:
        function = partial(of_block, name, k, options)
        if any(isinstance(x, da.Array) for x in given):
            return elemwise(function, *given, name=f"{name}-{tokenize(function, *given)}")
        return Known.of(function(*given))

    def apply(*inputs: Any, **options: Any) -> Any:
        given = [plain(x) for x in inputs]
        found = tuple(result(k, given, options) for k in range(results))
        return found if results > 1 else found[0]

    results = getattr(getattr(special, name), "nout", 1)
    apply.__name__ = name
    return apply


def of_block(name: str, k: int, options: dict[str, Any], *blocks: Any) -> Any:
    """Result k of a function."""
    found = backend.function(f"special.{name}")(*blocks, **options)
    return found[k] if isinstance(found, tuple) else found
