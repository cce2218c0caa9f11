"""What a key names, for libraries that know no more of indexing than the standard does."""

from __future__ import annotations

from math import prod
from typing import Any


def parts_of(key: Any) -> tuple[Any, ...]:
    """The parts of a key."""
    return key if isinstance(key, tuple) else (key,)


def lists_places(xp: Any, part: Any) -> bool:
    """Whether a part of a key is an array of integers, which may name a place more than once."""
    if hasattr(part, "dtype"):
        return not xp.isdtype(part.dtype, "bool")
    return isinstance(part, list)


def last_written(xp: Any, x: Any, key: Any, value: Any) -> Any:
    """What to write at a key: wherever it names a place more than once, the last value meant for that place.

    For libraries that write to such a place in any order, as they do on a GPU: the result would differ from run to run,
    and its gradient could be that of another.
    """
    if prod(getattr(value, "shape", ())) <= 1 or not any(lists_places(xp, part) for part in parts_of(key)):
        return value
    named = xp.reshape(xp.arange(prod(x.shape), device=getattr(x, "device", None)), x.shape)[key]
    places = xp.reshape(named, (-1,))
    order = xp.argsort(places)  # a stable sort
    last = xp.take(order, xp.searchsorted(xp.take(places, order, axis=0), places, side="right") - 1, axis=0)
    return xp.reshape(xp.take(xp.reshape(xp.broadcast_to(value, named.shape), (-1,)), last, axis=0), named.shape)
