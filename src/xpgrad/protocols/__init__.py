"""NumPy's own functions on Arrays: `numpy.exp(x)` and `numpy.linalg.norm(x)` are recorded like our own.

NumPy hands such a call over (``__array_ufunc__``, ``__array_function__``), and tables say which of our functions
computes it: one file per chapter of NumPy, each function with NumPy's parameters behind the namespace `xp`. What is in
no table is refused, so that no history is lost unseen. The tables are imported when they are first asked: that takes a
quarter of the time that importing xpgrad would.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from math import prod
from typing import Any

from xpgrad.array import Array
from xpgrad.composites import COMPOSITES
from xpgrad.functions import function
from xpgrad.namespace import FURTHER

#: The methods and attributes of NumPy's arrays that the standard's do not have, and that other libraries use.
METHODS = (
    "argsort choose clip compress conj conjugate cumprod cumsum diagonal dot fill flatten nonzero partition put ravel "
    "repeat round searchsorted sort squeeze swapaxes take trace transpose view"
).split()
#: Methods that are the standard's functions, until they are called as only NumPy's can be.
SHARED = "max mean min prod reshape std sum var".split()
PARTS = ("real", "imag")
SIZES: dict[str, Callable[[Array], int]] = {
    "itemsize": lambda x: x._data.dtype.itemsize,
    "nbytes": lambda x: x._data.dtype.itemsize * prod(x._data.shape),
}


def array_ufunc(self: Array, *arguments: Any, **options: Any) -> Any:
    """What NumPy calls for its element-wise functions, and for those of others that are made like these."""
    return import_module("xpgrad.protocols.functions").array_ufunc(self, *arguments, **options)


def array_function(self: Array, *arguments: Any) -> Any:
    """What NumPy calls for all its other functions."""
    return import_module("xpgrad.protocols.functions").array_function(self, *arguments)


def numpys() -> dict[str, Callable[..., Any]]:
    """NumPy's functions by their names below ``numpy``; each takes the namespace first."""
    return import_module("xpgrad.protocols.functions").FUNCTIONS


def method(name: str) -> Callable[..., Any]:
    """A method of NumPy's arrays."""

    def apply(self: Array, *arguments: Any, **options: Any) -> Any:
        function = import_module("xpgrad.protocols.methods").METHODS[name]
        return function(self.__array_namespace__(), self, *arguments, **options)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"As that of NumPy's arrays: {name}."
    return apply


def _flat(self: Array) -> Any:
    """All elements in one dimension, to be read and written."""
    return import_module("xpgrad.protocols.methods").Flat(self)


def _set_flat(self: Array, value: Any) -> None:
    _flat(self)[:] = value


def shared(name: str) -> Callable[..., Any]:
    """A method that the standard's function serves where it can, which takes less time."""
    plain, further = COMPOSITES.get(name) or function(name), method(name)
    places = 1 if name == "reshape" else 0

    def apply(self: Array, *arguments: Any, **options: Any) -> Any:
        if len(arguments) == places and options.keys() <= _STANDARD:
            return plain(self, *arguments, **options)
        return further(self, *arguments, **options)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = further.__doc__
    return apply


_STANDARD = frozenset(("axis", "copy", "keepdims"))


def part(name: str) -> property:
    """The real or the imaginary part as an attribute."""
    return property(lambda self: numpys()[name](self.__array_namespace__(), self), doc=f"The {name} part.")


FURTHER.append(numpys)
Array.__array_ufunc__ = array_ufunc
Array.__array_function__ = array_function  # type: ignore[attr-defined]  # this is where it comes from
for _name in METHODS:
    setattr(Array, _name, method(_name))
for _name in SHARED:
    setattr(Array, _name, shared(_name))
for _name in PARTS:
    setattr(Array, _name, part(_name))
Array.flat = property(_flat, _set_flat)  # type: ignore[attr-defined]  # likewise
for _name, _size in SIZES.items():
    setattr(Array, _name, property(_size, doc=f"As that of NumPy's arrays: {_name}."))
