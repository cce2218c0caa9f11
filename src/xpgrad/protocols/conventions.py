"""NumPy's ways with arguments: what counts as an array, axes, and elements that are left out."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import Any

from xpgrad.array import Array
from xpgrad.discovery import get_named


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


_KINDS = ("bool", "unsigned integer", "signed integer", "real floating", "complex floating")


def castable(xp: Any, old: Any, new: Any, casting: str) -> bool:
    """Whether NumPy's rule lets numbers of one dtype become those of another."""
    if casting == "same_kind":
        before, after = (next(rank for rank, kind in enumerate(_KINDS) if xp.isdtype(d, kind)) for d in (old, new))
        return before <= after
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
