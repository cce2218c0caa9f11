"""What an axis names, and the key of a part along it."""

from __future__ import annotations

from operator import index
from typing import Any


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` names, as non-negative numbers; all for None.

    Raises
    ------
    ValueError
        If there is no such axis.
    """
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(map(index, axis)) if isinstance(axis, (list, tuple)) else (index(axis),)
    for a in axes:  # without generators: half the time, which every sum along an axis takes
        if not -ndim <= a < ndim:
            raise ValueError(f"axis {axis} is out of bounds for an array of dimension {ndim}.")
    return tuple([a % ndim for a in axes])


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """The key that takes `part` along a non-negative axis."""
    return (*(slice(None),) * axis, part, ...)
