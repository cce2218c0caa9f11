"""The contract of a backend: data about an array library, plus the few hooks that the array API standard lacks.

This module knows nothing of differentiation, and of no library.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property
from math import inf
from operator import attrgetter
from typing import Any

from xpgrad.errors import FunctionMissingError, LibraryMissingError
from xpgrad.errors import UnknownLengthsError as UnknownLengthsError  # for plug-ins
from xpgrad.keys import parts_of


def zeroed(xp: Any, g: Any, r: Any) -> Any:
    """`r` as it is, but 0 where it is not finite and `g` is 0."""
    return xp.where((g != 0) | xp.isfinite(r), r, 0.0)


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
    count_nonzero : callable or None
        Tells how many elements are not zero, where that can be told without waiting for a device.
    special : str
        The module of SciPy's special functions for this library's arrays; otherwise they are sought in the namespace.
    in_place_from : float
        The size from which on it pays to write over a cotangent that nothing else refers to.
    extras : str
        The module whose ``__all__`` the namespace holds beyond the standard; it is made of xpgrad's public functions.
    mixes_with : tuple of str
        The backends whose arrays may stand beside this one's in an operation; the result is this one's.
    """

    name: str
    library: str
    install: str
    namespace_module: str
    array_types: tuple[str, ...]
    lazy: bool = False
    special: str = ""
    count_nonzero: Callable[[Any], int] | None = None
    in_place_from: float = inf
    extras: str = ""
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
        """Raw function `name`, dotted for extensions ("linalg.svd"); FunctionMissingError where there is none."""
        module, path = self.namespace, name
        if self.special and name.startswith("special."):
            library, path = self.special.partition(".")[0], name.removeprefix("special.")
            try:
                module = importlib.import_module(self.special)
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] != library:
                    raise
                raise FunctionMissingError(self.name, name, library) from None
        try:
            return attrgetter(path)(module)
        except AttributeError:
            raise FunctionMissingError(self.name, name) from None

    def own(self, name: str, elementwise: bool) -> Any:
        """Its own raw function for a primitive that the standard lacks, or None: the others are not called alike."""
        found = self.functions.get(name)
        if found is None and elementwise and name.startswith("special."):
            with suppress(FunctionMissingError):
                found = self.function(name)
        return found

    def shape(self, x: Any) -> tuple[int, ...]:
        """The shape as rules get it; a lazy library's may know more than lengths, and must equal any like it."""
        return x.shape

    def elementwise(self, name: str, function: Callable[..., Any], *arrays: Any) -> Any:
        """Apply a function, called `name`, to the blocks of broadcast arrays; only lazy backends are asked to."""
        raise NotImplementedError

    def together(self, arrays: Sequence[Any]) -> Sequence[Any]:
        """What one walk back has made, heads first: a lazy library may now join what they have in common."""
        return arrays

    def fit(self, g: Any, like: Any) -> Any:
        """A cotangent in the shape, and the layout if the library has such, of a raw array."""
        return self.asarray(g) if g.shape == like.shape else self.copy(self.namespace.broadcast_to(g, like.shape))

    def measured(self, g: Any, like: Any) -> Any:
        """A cotangent whose lengths a lazy library does not know, with those of another for the same array.

        The other may still be smaller: of length 1 along some axes.
        """
        raise NotImplementedError

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
        """Write ``x[key] = value`` into memory that only `x` sees; return the written array.

        Where the key names a place more than once, the last value counts.
        """
        parts = parts_of(key)
        if any(part is None for part in parts):  # the standard writes without new axes
            shape = x[key].shape
            key = tuple(part for part in parts if part is not None)
            if getattr(value, "shape", ()):
                value = self.namespace.reshape(self.namespace.broadcast_to(value, shape), x[key].shape)
        x[key] = value
        return x

    def add(self, total: Any, x: Any) -> Any:
        """The sum of two cotangents; `total` is not seen by anybody else, and may be written to."""
        return total + x

    def add_at(self, total: Any, key: Any, values: Any) -> bool:
        """Add values to ``total[key]`` in place, as for `add`, and say whether that was done."""
        return False

    def overwritten(
        self, g: Any, kept: Sequence[Any], factor: int | None, rule: Callable[[Any, Sequence[Any]], Any]
    ) -> Any:
        """What ``rule(g, kept)`` makes, element by element, in the memory of g; None where that does not pay.

        It is ``g * kept[factor]`` where there is a factor, but a zero stays zero.
        """
        return None

    def full(self, shape: tuple[int, ...], value: complex, like: Any) -> Any:
        """An array filled with one value, of the dtype and on the device of a raw array `like`."""
        return self.namespace.full(shape, value, dtype=like.dtype, device=getattr(like, "device", None))

    def copy(self, x: Any) -> Any:
        """A copy of a raw array in memory of its own."""
        return self.namespace.asarray(x, copy=True)

    def all_finite(self, x: Any) -> bool | None:
        """Whether every element is finite; None where that cannot be told without waiting for the device."""
        return None

    def keep_zero(self, g: Any, r: Any) -> Any:
        """What a rule made of a cotangent, but 0 where that was zero and `r` is not finite (0 * inf)."""
        return zeroed(self.namespace, g, r)

    def device_cause(self, error: Exception) -> str | None:
        """If a failed allocation means that the device cannot be used, the reason in words; otherwise None."""
        return None

    def silent(self) -> AbstractContextManager[Any]:
        """Context in which the library reports no floating-point warnings: the rules guard what they divide by."""
        return nullcontext()

    def computing(self, x: Any) -> AbstractContextManager[Any]:
        """Context in which rules compute on arrays like `x`: silently, and on the device of `x`."""
        return self.silent()

    def no_compute(self) -> AbstractContextManager[Any]:
        """Context in which a lazy library raises where it would compute; the conformance suite runs in it."""
        return nullcontext()
