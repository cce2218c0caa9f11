"""NumPy's ways with arguments: what counts as an array, and which dtypes become others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xpgrad.array import Array
from xpgrad.discovery import get_named, is_array, rank
from xpgrad.errors import UnknownLengthsError
from xpgrad.functions import as_array, as_arrays
from xpgrad.namespace import home_of, namespace


def arrays_in(arguments: Iterable[Any]) -> Iterable[Array]:
    """The Arrays among arguments, also in lists, tuples and dicts."""
    return among(arguments, (Array,))


def among(arguments: Iterable[Any], kinds: tuple[type, ...]) -> Iterable[Any]:
    """What is of these types among arguments, also in lists, tuples and dicts."""
    for x in arguments:
        if isinstance(x, kinds):
            yield x
        elif isinstance(x, list | tuple):
            yield from among(x, kinds)
        elif isinstance(x, dict):
            yield from among(x.values(), kinds)


def namespace_for(self: Array, arguments: Iterable[Any]) -> Any:
    """The namespace that computes: an Array's own, unless an array among the arguments is of a library beside NumPy.

    Raw arrays count: those of a lazy library would be computed by NumPy's namespace.
    """
    home = home_of(tuple(arguments))
    return self.__array_namespace__() if home is None else namespace(home)


def stays(x: Any) -> bool:
    """Whether this is an Array, or a raw array of a library beside NumPy, which NumPy would compute or transfer."""
    return isinstance(x, Array) or (is_array(x) and home_of(x) is not None)


def array(xp: Any, x: Any) -> Array:
    """An array that stays what it is; anything else that NumPy takes, as a constant."""
    return as_array(x) if stays(x) else xp.asarray(x)


def alike(xp: Any, *operands: Any) -> list[Array]:
    """Several operands as Arrays; beside an array, a number has the dtype that it has in arithmetic with it."""
    given = [x if isinstance(x, _NUMBERS) else array(xp, x) for x in operands]
    return as_arrays(given) if any(isinstance(x, Array) for x in given) else [array(xp, x) for x in given]


_NUMBERS = bool | int | float | complex


def floating(xp: Any, x: Any) -> Array:
    """An array of floating-point numbers; integers become those that NumPy makes of them."""
    x = array(xp, x)
    return x if xp.isdtype(x.dtype, ("real floating", "complex floating")) else xp.astype(x, xp.float64)


def check_lengths(what: str, *lengths: float) -> None:
    """Refuse lengths that a lazy library does not know yet."""
    if any(n != n for n in lengths):
        raise UnknownLengthsError(what)


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
    return xp.reshape(array(xp, x), (-1,))
