"""Rows that are not counted yet: their blocks are joined where what Dask makes of several side by side would fail."""

from __future__ import annotations

from math import isnan
from typing import Any

import dask.array as da


def in_rows(x: Any, axis: int | None = None) -> Any:
    """An array of which a length is unknown in one block along an axis of known length, or along all of them."""
    if not isinstance(x, da.Array) or not any(map(isnan, x.shape)):
        return x
    several = (i for i, n in enumerate(x.numblocks) if n > 1 and axis in (None, i) and not isnan(x.shape[i]))
    whole = dict.fromkeys(several, -1)
    return x.rechunk(whole) if whole else x
