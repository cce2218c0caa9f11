"""Whose turn a call of NumPy's is: where a class that we do not know takes part, that class's (NEP 13, NEP 18)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xpgrad.array import Array
from xpgrad.discovery import backend_of
from xpgrad.errors import UnsupportedTypeError
from xpgrad.protocols.conventions import among


def is_others_ufunc(inputs: Iterable[Any], options: dict[str, Any]) -> bool:
    """Whether an element-wise function is for another class to compute."""
    operands = (*inputs, *(options.get("out") or ()), options.get("where"))
    return any(hasattr(type(x), "__array_ufunc__") and _is_foreign(x) for x in operands)


def is_others_function(types: Iterable[type], args: Iterable[Any], kwargs: dict[str, Any]) -> bool:
    """Whether any other function is; `types` are those that NumPy has found among the arguments."""
    others = tuple(kind for kind in types if not issubclass(kind, Array))
    return any(map(_is_foreign, among((*args, *kwargs.values()), others)))


def _is_foreign(x: Any) -> bool:
    """Whether an operand is no Array, and of no library that xpgrad computes with."""
    if isinstance(x, Array):
        return False
    try:
        backend_of(x)
    except UnsupportedTypeError:
        return True
    return False
