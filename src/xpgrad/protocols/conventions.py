"""NumPy's ways with arguments: what counts as an array, and which dtypes become others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xpgrad.array import Array
from xpgrad.discovery import get_named, rank


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


def check_lengths(what: str, *lengths: float) -> None:
    """Refuse lengths that a lazy library does not know yet."""
    if any(n != n for n in lengths):
        raise ValueError(f"{what} need the lengths of blocks, which are not known yet: call compute_chunk_sizes().")


def dtype_of(xp: Any, dtype: Any) -> Any:
    """A dtype that may be one of NumPy's, as one of the namespace's."""
    try:
        return getattr(xp, get_named("numpy").namespace.dtype(dtype).name, dtype)
    except TypeError:  # it is the library's own
        return dtype


def castable(xp: Any, old: Any, new: Any, casting: str) -> bool:
    """Whether NumPy's rule lets numbers of one dtype become those of another."""
    if casting == "same_kind":
        return rank(xp.isdtype, old) <= rank(xp.isdtype, new)
    return casting == "unsafe" or bool(old == new) or (casting == "safe" and bool(xp.can_cast(old, new)))


def cast(xp: Any, x: Any, dtype: Any, casting: str = "same_kind") -> Any:
    """An array in a dtype, as it is for None.

    Raises
    ------
    TypeError
        If NumPy's rule for `casting` forbids it.
    """
    x = array(xp, x)
    if dtype is None:
        return x
    if not castable(xp, x.dtype, dtype, casting):
        raise TypeError(f"cannot cast {x.dtype} to {dtype} by the rule {casting!r}: convert first, with xp.astype.")
    return xp.astype(x, dtype, copy=False)


def flat(xp: Any, x: Any) -> Array:
    """All elements in one dimension."""
    return xp.reshape(array(xp, x), (-1,))  # type: ignore[no-any-return]  # made by name
