"""Where NumPy's functions are to write their results: ``out=``."""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array
from xpgrad.errors import HistoryLostError
from xpgrad.inplace import setitem
from xpgrad.scope import is_recording


def is_recorded(x: Any) -> bool:
    """Whether an array has a history that must not be lost."""
    return isinstance(x, Array) and x._node is not None and is_recording()


def into(out: Any, result: Any) -> Any:
    """Write a result where it is wanted, and return that place.

    Raises
    ------
    HistoryLostError
        If it has a history, and the place is no Array.
    ValueError
        If the place has another shape.
    """
    if isinstance(out, tuple):
        results = result if isinstance(result, tuple) else (result,)
        places = tuple(r if place is None else into(place, r) for place, r in zip(out, results, strict=True))
        return places if len(places) > 1 else places[0]
    if tuple(out.shape) != tuple(result.shape):
        raise ValueError(f"out has the shape {out.shape}, but the result has {result.shape}.")
    if isinstance(out, Array):
        setitem(out, ..., result)
        return out
    if is_recorded(result):
        raise HistoryLostError("writing into a NumPy array (out=, or y += x)")
    out[...] = result.asnumpy()
    return out
