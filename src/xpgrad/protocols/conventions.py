"""NumPy's ways with arguments: what counts as an array, axes, and elements that are left out."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import Any

from xpgrad.array import Array


def arrays_in(arguments: Iterable[Any]) -> Iterable[Array]:
    """The Arrays among arguments, also in lists, tuples and dicts."""
    for x in arguments:
        if isinstance(x, Array):
            yield x
        elif isinstance(x, list | tuple):
            yield from arrays_in(x)
        elif isinstance(x, dict):
            yield from arrays_in(x.values())


def array(xp: Any, x: Any) -> Array:
    """An Array as it is; anything else that NumPy takes, as a constant."""
    return x if isinstance(x, Array) else xp.asarray(x)


def floating(xp: Any, x: Any) -> Array:
    """An array of floating-point numbers; integers become those that NumPy makes of them."""
    x = array(xp, x)
    return x if xp.isdtype(x.dtype, ("real floating", "complex floating")) else xp.astype(x, xp.float64)  # type: ignore[no-any-return]  # made by name


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` names, as non-negative numbers; all for None.

    Raises
    ------
    ValueError
        If there is no such axis.
    """
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(map(index, axis)) if isinstance(axis, list | tuple) else (index(axis),)
    if any(not -ndim <= a < ndim for a in axes):
        raise ValueError(f"axis {axis} is out of bounds for an array of dimension {ndim}.")
    return tuple(a % ndim for a in axes)


def flat(xp: Any, x: Any) -> Array:
    """All elements in one dimension."""
    return xp.reshape(array(xp, x), (-1,))  # type: ignore[no-any-return]  # made by name


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """The key that takes `part` along a non-negative axis."""
    return (*(slice(None),) * axis, part, ...)


def is_complex(xp: Any, x: Any) -> bool:
    """Whether an array holds complex numbers."""
    return bool(xp.isdtype(x.dtype, "complex floating"))
