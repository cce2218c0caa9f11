"""Builds the array-API namespace of a backend from the registry.

A function that takes arrays computes with the library of the arrays it is given; only functions that make arrays out of
nothing depend on the namespace's own backend. So the functions of primitives are shared by all namespaces.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from types import ModuleType
from typing import Any

from xpgrad.array import Array
from xpgrad.backend import Backend
from xpgrad.composites import COMPOSITES
from xpgrad.discovery import backend_of, get_backend, get_named, is_array
from xpgrad.errors import DeviceError
from xpgrad.functions import function
from xpgrad.primitive import CONSTANTS, PRIMITIVES

API_VERSION = "2025.12"

# Names that are the library's own: they hold no arrays.
_PLAIN = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128 e inf nan newaxis pi "
    "__array_namespace_info__".split()
)

#: Everything that a namespace holds; "linalg.svd" is `svd` in the extension `linalg`.
NAMES = frozenset({*PRIMITIVES, *CONSTANTS, *COMPOSITES, *_PLAIN, "asarray"})

EXTENSIONS = frozenset(extension for extension, dot, _ in (name.partition(".") for name in NAMES) if dot)


@cache
def namespace(name: str) -> ModuleType:
    """The namespace pinned to one backend.

    Parameters
    ----------
    name : str
        A plug-in's name, or the import name of any array-API library.

    Returns
    -------
    module
        The standard's functions; the same object for the same name. Every attribute is made when it is first asked
        for, and so is the library imported.
    """
    module = _module(name, "")
    vars(module).update(__array_api_version__=API_VERSION)
    return module


def _module(backend_name: str, prefix: str) -> ModuleType:
    """The namespace of a backend, or one of its extensions: then with the prefix of the names in it."""
    # A plain module, because Python finds attributes fastest in those.
    module = ModuleType(
        f"xpgrad.{backend_name}.{prefix}".rstrip("."),
        f"The array API standard's namespace over {backend_name}, differentiable.",
    )

    def make(attribute: str) -> Any:
        found = _attribute(backend_name, prefix + attribute)
        setattr(module, attribute, found)
        return found

    known = (name.removeprefix(prefix) for name in NAMES if name.startswith(prefix))
    public = sorted({name.partition(".")[0] for name in known})
    vars(module).update(__getattr__=make, __dir__=lambda: public, __all__=public)
    return module


def _attribute(backend_name: str, name: str) -> Any:
    """What a namespace holds under a name."""
    if name in EXTENSIONS:
        return _module(backend_name, f"{name}.")
    if name == "asarray":
        return _asarray_of(backend_name)
    if name in PRIMITIVES:
        return function(name)
    if name in COMPOSITES:
        return COMPOSITES[name]
    if name in CONSTANTS:
        return _constant(get_named(backend_name), name)
    if name in _PLAIN:
        return get_named(backend_name).function(name)
    raise AttributeError(
        f"xpgrad.{backend_name} has no attribute {name!r}: no function of that name has a derivative rule, or is "
        "known to have no gradient. dir() lists what there is; on raw arrays call the library itself."
    )


def namespace_of(array: Array, /, *, api_version: str | None = None) -> ModuleType:
    """The namespace whose functions made this array (the standard's ``__array_namespace__``).

    Raises
    ------
    ValueError
        If the version of the standard asked for is unknown.
    """
    if api_version is not None and api_version not in ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12"):
        raise ValueError(f"unknown version {api_version!r} of the array API standard.")
    return namespace(backend_of(array._data).name)


def unwrap(x: Any) -> Any:
    """Raw arrays in place of Arrays, also inside lists and tuples."""
    if isinstance(x, Array):
        return x.data
    if isinstance(x, list | tuple):
        return type(x)(*map(unwrap, x)) if hasattr(x, "_fields") else type(x)(map(unwrap, x))
    return x


def wrap(x: Any) -> Any:
    """Arrays in place of raw arrays, also inside tuples and lists."""
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*map(wrap, x))
    if isinstance(x, list | tuple):
        return type(x)(map(wrap, x))
    return Array(backend_of(x).asarray(x)) if is_array(x) else x


def _constant(backend: Backend, name: str) -> Callable[..., Any]:
    """A function without a gradient: it takes Arrays, and gives Arrays without history."""
    own = backend.function(name)

    @wraps(own)
    def apply(*arguments: Any, **keywords: Any) -> Any:
        arguments = unwrap(arguments)
        raw = own
        for x in arguments:
            if is_array(x) and backend_of(x) is not backend:
                raw = backend_of(x).function(name)
                break
        return wrap(_run(backend, raw, *arguments, **{key: unwrap(value) for key, value in keywords.items()}))

    apply.__name__, apply.__qualname__ = name.rpartition(".")[2], name
    apply.__module__ = f"xpgrad.{backend.name}"  # where pickle finds it again
    return apply


def _run(backend: Backend, raw: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call a function that allocates; where that fails because the device cannot be used, say so."""
    try:
        return raw(*arguments, **keywords)
    except Exception as error:
        cause = backend.device_cause(error)
        if cause is None:
            raise
        raise DeviceError(backend.name, cause) from error


def _holds_array(obj: Any) -> bool:
    return any(isinstance(item, Array) or (isinstance(item, list | tuple) and _holds_array(item)) for item in obj)


def _asarray_of(backend_name: str) -> Callable[..., Array]:
    """The namespace's `asarray`."""

    def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Array:
        """Convert to an Array.

        Parameters
        ----------
        obj : Array, raw array, number, or nested list or tuple of these
            An Array keeps its history; a list that holds Arrays is stacked, with their histories.
        dtype, device : optional
            Those of the result.
        copy : bool, optional
            True: always copy. False: never, raise ValueError where a copy is needed. None: only where needed.

        Returns
        -------
        Array
            The Array itself where nothing has to change.
        """
        backend = get_named(backend_name)
        if isinstance(obj, list | tuple) and _holds_array(obj):
            obj = function("stack")([asarray(item) for item in obj])
        if not isinstance(obj, Array):
            options = {"dtype": dtype, "device": device, "copy": copy}
            given = {key: value for key, value in options.items() if value is not None}
            if not given and is_array(obj) and backend_of(obj) is backend:
                return Array(backend.asarray(obj))
            return Array(backend.asarray(_run(backend, backend.function("asarray"), unwrap(obj), **given)))
        if dtype is not None and dtype != obj.dtype:
            if copy is False:
                raise ValueError("a change of dtype needs a copy, but copy=False was given.")
            obj = function("astype")(obj, dtype)
        elif copy:
            obj = function("copy")(obj)
        if device is not None and device != obj.device:
            obj = function("to_device")(obj, device=device)
        return obj  # type: ignore[no-any-return]  # functions of primitives are untyped

    asarray.__qualname__ = "asarray"
    asarray.__module__ = f"xpgrad.{backend_name}"  # where pickle finds it again
    return asarray


def active() -> ModuleType:
    """The namespace of the active backend."""
    return namespace(get_backend())
