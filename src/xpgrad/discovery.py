"""The discovery of plug-ins, and the way from a name or an array's type to its backend.

Plug-ins are found through the entry point group ``xpgrad.backends``; a library without a plug-in is used through
array-api-compat. Array types are matched by name, so that no library is imported that the user did not import.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING, Any

from xpgrad.backend import Backend
from xpgrad.errors import (
    BackendConflictError,
    BackendWarning,
    DeviceError,
    DtypeError,
    LibraryMissingError,
    MaskedArrayError,
    UnknownBackendError,
    UnsupportedTypeError,
)
from xpgrad.keys import last_written
from xpgrad.scope import BACKEND, Scope

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "xpgrad.backends"


class CompatBackend(Backend):
    """A library without a plug-in, reached through array-api-compat."""

    install = "see the library's own documentation"

    def __init__(self, name: str, module: str) -> None:
        self.name = name
        self.library = name.split(".")[0]
        self.namespace_module = module
        self.array_types = ()

    def asarray(self, x: Any) -> Any:
        """As in `Backend`; what is an array of the library already stays the same object.

        What PyTorch is to differentiate is taken out of its graph: the gradients that are wanted here are xpgrad's.
        """
        if getattr(x, "requires_grad", False):
            return x.detach()
        return x if _BY_TYPE.get(type(x)) is self else self.namespace.asarray(x)

    @property
    def functions(self) -> dict[str, Any]:
        """As in `Backend`; not every library's arrays have the method."""
        return {"to_device": importlib.import_module("array_api_compat").to_device}

    def write(self, x: Any, key: Any, value: Any) -> Any:
        """As in `Backend`; where arrays cannot be written to, a new one is made."""
        value = last_written(self.namespace, x, key, value)
        if hasattr(x, "at"):
            return x.at[key].set(self.namespace.asarray(value, dtype=x.dtype))
        return super().write(x, key, value)

    def to_numpy(self, x: Any) -> Any:
        """As in `Backend`; an array may be sparse, of a graph, or yet to be conjugated, and NumPy knows no bfloat16."""
        for method in ("todense", "unwrap_numpy", "detach", "resolve_conj"):
            if hasattr(x, method):
                x = getattr(x, method)()
        return self.namespace.astype(x, self.namespace.float32) if "bfloat16" in str(x.dtype) else x

    def silent(self) -> AbstractContextManager[Any]:
        """As in `Backend`; many a library computes with NumPy underneath."""
        return get_named("numpy").silent()


@cache
def plugins() -> dict[str, Backend]:
    """Every plug-in that loads, by name. One that fails to load warns, and is left out.

    Raises
    ------
    BackendConflictError
        If two plug-ins claim one name.
    """
    from importlib.metadata import entry_points  # a third of the time that importing xpgrad would take

    found: dict[str, Backend] = {}
    origin: dict[str, str] = {}
    for entry in entry_points(group=GROUP):
        if origin.setdefault(entry.name, entry.value) != entry.value:
            raise BackendConflictError(f"the backend name {entry.name!r}", origin[entry.name], entry.value)
        try:
            found[entry.name] = _loaded(entry)
        except Exception as error:  # noqa: BLE001  # whatever a third party's import may raise
            package = entry.dist.name if entry.dist else entry.value
            warnings.warn(
                f"the backend plug-in {entry.name!r} failed to load ({type(error).__name__}: {error}); the other "
                f"backends are not affected. Reinstall or remove it: `pip install --force-reinstall {package}`.",
                BackendWarning,
                stacklevel=2,
            )
    return found


def _loaded(entry: EntryPoint) -> Backend:
    """The backend that an entry point names."""
    backend = entry.load()
    if not isinstance(backend, Backend) or backend.name != entry.name:
        raise TypeError(f"{entry.value} is not a Backend named {entry.name!r}")
    return backend


def available_backends() -> dict[str, Backend]:
    """The backends that can be used here, by name: their plug-in loads and their library is installed."""
    return {name: backend for name, backend in plugins().items() if backend.installed()}


def check_named(name: str) -> None:
    """Refuse a name that `get_named` would not know, without importing a library.

    Raises
    ------
    UnknownBackendError
        If no plug-in has this name, and no library that is installed or known to array-api-compat.
    """
    root = name.partition(".")[0]
    places = (root, f"array_api_compat.{root}") if _is_module_name(name) else ()
    found = any(place in sys.modules or importlib.util.find_spec(place) for place in places)
    if not found and name not in plugins():  # asked last: to list the plug-ins takes time that an import need not take
        raise UnknownBackendError(name, sorted(plugins()))


_BY_NAME: dict[str, Backend] = {}


def get_named(name: str) -> Backend:
    """The backend of this name: a plug-in, or any array-API library by its import name.

    Raises
    ------
    UnknownBackendError
        If there is neither.
    LibraryMissingError
        If the library is not installed.
    """
    found = _BY_NAME.get(name)
    if found is None:
        backend = plugins().get(name) or CompatBackend(name, _compat_module(name))
        backend.namespace  # noqa: B018  # imports the library, so that its absence is reported here
        found = _BY_NAME.setdefault(name, backend)  # the same object for every thread
    return found


def _compat_module(name: str) -> str:
    """The module that holds the array-API namespace of a library without a plug-in."""
    for module in (f"array_api_compat.{name}", f"{name}.numpy", name) if _is_module_name(name) else ():
        try:
            namespace = importlib.import_module(module)
        except ModuleNotFoundError as error:
            missing = error.name or module
            if module.startswith(missing):
                continue
            if missing == name:  # array-api-compat knows the library
                raise LibraryMissingError(name, name, f"pip install {name}") from None
            raise
        if hasattr(namespace, "__array_api_version__") or hasattr(namespace, "__array_namespace_info__"):
            return module
    raise UnknownBackendError(name, sorted(plugins()))


def _is_module_name(name: str) -> bool:
    """Whether a library could have this name; xpgrad's own namespaces are no library to build on."""
    parts = name.split(".")
    return all(part.isidentifier() for part in parts) and parts[0] != __name__.split(".")[0]


_BY_TYPE: dict[type, Backend] = {}

#: What gives the shape of an array as rules get it, for the array types of lazy backends.
SHAPES: dict[type, Callable[[Any], tuple[int, ...]]] = {}


def backend_of(x: Any) -> Backend:
    """The backend that a raw array belongs to.

    Raises
    ------
    UnsupportedTypeError
        If no backend and no library known to array-api-compat has this type.
    MaskedArrayError
        If it is an array of NumPy's with a mask.
    """
    kind = type(x)
    backend = _BY_TYPE.get(kind)
    if backend is None:
        backend = _BY_TYPE[kind] = _find_backend(x)
        if backend.lazy:
            SHAPES[kind] = backend.shape
    return backend


def allocate(backend: Backend, raw: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call a function that allocates; where that fails because the device cannot be used, say so."""
    try:
        return raw(*arguments, **keywords)
    except Exception as error:
        cause = backend.device_cause(error)
        if cause is None:
            raise
        raise DeviceError(backend.name, cause) from error


_FLOATING: dict[tuple[type, Any], str] = {}


def floating(x: Any) -> str:
    """What floating-point numbers a raw array holds: "real", "complex", or "" for none; others have no gradient."""
    key = type(x), x.dtype  # by type too: dtypes of two libraries may not be comparable
    found = _FLOATING.get(key)
    if found is None:
        isdtype = backend_of(x).function("isdtype")
        kinds = (kind for kind in ("real", "complex") if isdtype(x.dtype, f"{kind} floating"))
        found = _FLOATING[key] = next(kinds, "")
    return found


_KINDS = ("bool", "unsigned integer", "signed integer", "real floating", "complex floating")


def rank(isdtype: Callable[[Any, str], bool], dtype: Any) -> int:
    """The rank of a dtype's kind, by its library's `isdtype`; what is of a higher one does not fit into a lower."""
    return next(place for place, kind in enumerate(_KINDS) if isdtype(dtype, kind))


_NUMERIC: set[tuple[type, Any]] = set()


def checked(x: Any) -> Any:
    """A raw array as it is.

    Raises
    ------
    DtypeError
        If it holds neither numbers nor booleans.
    """
    key = type(x), x.dtype
    if key not in _NUMERIC:
        isdtype = backend_of(x).function("isdtype")
        if not any(isdtype(x.dtype, kind) for kind in _KINDS):
            raise DtypeError(x.dtype)
        _NUMERIC.add(key)
    return x


def is_array(x: Any) -> bool:
    """Whether `x` is an array of some library that xpgrad can use."""
    if isinstance(x, int | float | complex | str | list | tuple | dict | None):
        return False
    try:
        backend_of(x)
    except UnsupportedTypeError:
        return False
    return True


_MASKED = ("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray")  # newer and older names


def _find_backend(x: Any) -> Backend:
    for kind in type(x).__mro__:  # a plug-in for a subclass comes before one for its base
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name in _MASKED:
            raise MaskedArrayError
        claims = [backend for backend in plugins().values() if name in backend.array_types]
        if len(claims) > 1:
            raise BackendConflictError(f"the array type {name}", claims[0].name, claims[1].name)
        if claims:
            return claims[0]
    try:
        namespace = importlib.import_module("array_api_compat").array_namespace(x)
    except TypeError:
        raise UnsupportedTypeError(type(x)) from None
    module = namespace.__name__.removeprefix("array_api_compat.")
    try:
        return get_named(module.split(".")[0])
    except UnknownBackendError:  # the library keeps its namespace in a submodule
        return get_named(module)


_default: str | None = None


def get_backend() -> str:
    """Name of the active backend: `use_backend`, else `set_backend`, else XPGRAD_BACKEND, else "numpy"."""
    return BACKEND.get() or _default or os.environ.get("XPGRAD_BACKEND") or "numpy"


def set_backend(name: str) -> None:
    """Make `name` the backend of the whole process.

    Parameters
    ----------
    name : str
        A plug-in's name, or the import name of any array-API library.

    Raises
    ------
    UnknownBackendError
        If no plug-in and no library has this name.
    LibraryMissingError
        If the plug-in's library is not installed.
    """
    global _default
    _default = get_named(name).name


def use_backend(name: str) -> Scope:
    """Scope in which `name` is the active backend, for this thread or task only.

    Parameters
    ----------
    name : str
        As for `set_backend`.

    Returns
    -------
    Scope
        For ``with``, or to decorate a function.

    Raises
    ------
    UnknownBackendError, LibraryMissingError
        As for `set_backend`, when called, before the scope is entered.
    """
    return Scope((BACKEND, get_named(name).name))
