"""Where NumPy's functions are to write their results: ``out=``."""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array
from xpgrad.discovery import get_named
from xpgrad.errors import HistoryLostError, InPlaceError
from xpgrad.inplace import setitem
from xpgrad.protocols.conventions import castable
from xpgrad.scope import is_recording


def is_recorded(x: Any) -> bool:
    """Whether an array has a history that must not be lost."""
    return isinstance(x, Array) and x._node is not None and is_recording()


def into(out: Any, result: Any, casting: str = "same_kind") -> Any:
    """Write a result where it is wanted, and return that place.

    Raises
    ------
    HistoryLostError
        If it has a history, and the place is no Array.
    InPlaceError
        If the place is for numbers of a lesser kind, unless `casting` says otherwise.
    ValueError
        If the place has another shape.
    """
    if isinstance(out, tuple):
        results = result if isinstance(result, tuple) else (result,)
        places = tuple(r if place is None else into(place, r, casting) for place, r in zip(out, results, strict=True))
        return places if len(places) > 1 else places[0]
    if tuple(out.shape) != tuple(result.shape):
        raise ValueError(f"out has the shape {out.shape}, but the result has {result.shape}.")
    if isinstance(out, Array):
        if not castable(out.__array_namespace__(), result.dtype, out.dtype, casting):
            raise InPlaceError(f"dtype {out.dtype}", f"dtype {result.dtype}")
        setitem(out, ..., result)
        return out
    if is_recorded(result):
        raise HistoryLostError("writing into a NumPy array (out=, or y += x)")
    get_named("numpy").namespace.copyto(out, result.asnumpy(), casting=casting)
    return out
