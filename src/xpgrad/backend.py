"""The contract of a backend: data about an array library, plus the few hooks that the array API standard lacks.

This module knows nothing of differentiation, and of no library.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any

from xpgrad.errors import LibraryMissingError


class Backend:
    """One array library: where its functions are, which types are its arrays, and what the standard lacks.

    Subclass it, set the attributes, override the hooks that the library can do better, and register an instance under
    the entry point group ``xpgrad.backends``. Importing the plug-in must not import the library.

    Attributes
    ----------
    name : str
        The name that `set_backend` takes.
    library : str
        The top-level module that must be importable for the backend to work.
    install : str
        The command that installs that library.
    namespace_module : str
        The module that holds the library's array-API namespace.
    array_types : tuple of str
        Qualified names of the array classes, such as ``"numpy.ndarray"``; subclasses are included.
    lazy : bool
        True where operations build a graph instead of computing.
    mixes_with : tuple of str
        The backends whose arrays may stand beside this one's in an operation; the result is this one's.
    """

    name: str
    library: str
    install: str
    namespace_module: str
    array_types: tuple[str, ...]
    lazy: bool = False
    mixes_with: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<xpgrad backend {self.name!r}>"

    @property
    def functions(self) -> Mapping[str, Any]:
        """Raw functions of its own, for primitives that the standard lacks or the library does slowly."""
        return {}

    @cached_property
    def namespace(self) -> Any:
        """The library's array-API namespace, imported on first use; LibraryMissingError where it is not installed."""
        if not self.installed():
            raise LibraryMissingError(self.name, self.library, self.install)
        return importlib.import_module(self.namespace_module)

    def installed(self) -> bool:
        """Whether the library could be imported, found out without importing it."""
        return sys.modules.get(self.library) is not None or importlib.util.find_spec(self.library) is not None

    def function(self, name: str) -> Any:
        """Raw function `name`, dotted for extensions ("linalg.svd"); AttributeError where the library has none."""
        found = self.namespace
        for part in name.split("."):
            found = getattr(found, part)
        return found

    def asarray(self, x: Any) -> Any:
        """Turn what an operation returned (a NumPy scalar, say) into an array of this library, without copying."""
        return self.namespace.asarray(x)

    def is_scalar(self, x: Any) -> bool:
        """Whether `x` is a scalar of the library's own, which is to mix like a Python number."""
        return False

    def to_numpy(self, x: Any) -> Any:
        """What NumPy can copy: `x` computed and transferred where needed."""
        return x

    def synchronize(self) -> None:
        """Wait until the device has finished what was asked of it."""

    def devices(self) -> list[Any]:
        """The devices that arrays may live on."""
        info = getattr(self.namespace, "__array_namespace_info__", None)
        return list(info().devices()) if info else ["cpu"]

    def owned(self, x: Any) -> bool:
        """Whether `x` may be written in place, given that nothing but the caller refers to the Python object."""
        return False

    def write(self, x: Any, key: Any, value: Any) -> Any:
        """Write ``x[key] = value`` into memory that only `x` sees; return the written array."""
        x[key] = value
        return x

    def full(self, shape: tuple[int, ...], value: complex, like: Any) -> Any:
        """An array filled with one value, of the dtype and on the device of a raw array `like`."""
        return self.namespace.full(shape, value, dtype=like.dtype, device=getattr(like, "device", None))

    def copy(self, x: Any) -> Any:
        """A copy of a raw array in memory of its own."""
        return self.namespace.asarray(x, copy=True)

    def may_hold_zero(self, x: Any) -> bool:
        """Whether some element may be zero; a backend that cannot tell without waiting for the device says True."""
        return True

    def all_finite(self, x: Any) -> bool | None:
        """Whether every element is finite; None where that cannot be told without waiting for the device."""
        return None

    def device_cause(self, error: Exception) -> str | None:
        """If a failed allocation means that the device cannot be used, the reason in words; otherwise None."""
        return None

    def silent(self) -> AbstractContextManager[Any]:
        """Context in which the library reports no floating-point warnings: the rules guard what they divide by."""
        return nullcontext()
