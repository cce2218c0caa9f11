"""Functions of the standard that are made of other functions, and so need no rules of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.array import Array
from xpgrad.functions import function
from xpgrad.record import operand


def broadcast_arrays(*arrays: Array) -> tuple[Array, ...]:
    """Broadcast arrays against one another."""
    shape = _broadcast_shape(*(x.shape for x in map(as_array, arrays)))
    return tuple(function("broadcast_to")(x, shape) for x in arrays)


def meshgrid(*arrays: Array, indexing: str = "xy") -> tuple[Array, ...]:
    """Coordinate grids from one-dimensional coordinates.

    Raises
    ------
    ValueError
        If `indexing` is neither "xy" nor "ij".
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing must be 'xy' or 'ij', not {indexing!r}.")
    grids = [as_array(x) for x in arrays]
    places = list(range(len(grids)))
    if indexing == "xy" and len(grids) > 1:
        places[:2] = [1, 0]
    shaped = [
        function("reshape")(x, tuple(-1 if place == i else 1 for i in range(len(grids))))
        for x, place in zip(grids, places, strict=True)
    ]
    return broadcast_arrays(*shaped)


def diff(
    x: Array, /, *, axis: int = -1, n: int = 1, prepend: Array | None = None, append: Array | None = None
) -> Array:
    """The n-th differences of neighbouring elements along an axis."""
    x = as_array(x)
    parts = [part for part in (prepend, x, append) if part is not None]
    if len(parts) > 1:
        x = function("concat")(parts, axis=axis)
    lead = (slice(None),) * (axis % x.ndim)
    for _ in range(n):
        x = x[(*lead, slice(1, None), ...)] - x[(*lead, slice(None, -1), ...)]
    return x


def as_array(x: Any) -> Array:
    """An Array as it is; anything else as a constant."""
    return x if isinstance(x, Array) else Array(operand(x)[0])


def _broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that shapes broadcast to.

    Raises
    ------
    ValueError
        If they do not broadcast.
    """
    ndim = max(map(len, shapes), default=0)
    columns = zip(*((1,) * (ndim - len(shape)) + shape for shape in shapes), strict=True)
    result = []
    for lengths in columns:
        wide = {n for n in lengths if n != 1}
        if len(wide) > 1:
            raise ValueError(f"shapes {', '.join(map(str, shapes))} do not broadcast.")
        result.append(wide.pop() if wide else 1)
    return tuple(result)


#: Every function of this file, by name.
COMPOSITES: dict[str, Callable[..., Any]] = {
    "broadcast_arrays": broadcast_arrays,
    "diff": diff,
    "meshgrid": meshgrid,
}
