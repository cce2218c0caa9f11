"""Builds the array-API namespace of a backend from the registry.

A function that takes arrays computes with the library of the arrays it is given; only functions that make arrays out of
nothing depend on the namespace's own backend. So the functions of primitives are shared by all namespaces.
"""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Callable, Sequence
from functools import cache, partial, reduce
from operator import attrgetter
from types import ModuleType
from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.backend import Backend
from xpgrad.composites import COMPOSITES
from xpgrad.discovery import allocate, backend_of, check_named, checked, get_backend, get_named, is_array
from xpgrad.errors import HistoryLostError, NotDifferentiableError, UnknownNameError
from xpgrad.functions import as_array, function
from xpgrad.general import leading_array
from xpgrad.operands import SCALARS
from xpgrad.primitive import CONSTANTS, FORGETTING, FORMS, HELPERS, PRIMITIVES
from xpgrad.scope import is_recording

API_VERSION = "2025.12"

# Names that are the library's own: they hold no arrays.
_PLAIN = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128 "
    "__array_namespace_info__".split()
)

# Dtypes beyond the standard, of the libraries that have them.
_HALF = frozenset(("bfloat16", "float16"))

# Python's own numbers, whatever a library has in their place.
_NUMBERS = {"e": math.e, "inf": math.inf, "nan": math.nan, "newaxis": None, "pi": math.pi}

#: Everything that a namespace shows; "linalg.svd" is `svd` in the extension `linalg`.
NAMES = frozenset(
    {*(PRIMITIVES.keys() - HELPERS), *CONSTANTS, *COMPOSITES, *_PLAIN, *_NUMBERS, "asarray", "from_dlpack"}
)

EXTENSIONS = frozenset(extension for extension, dot, _ in (name.partition(".") for name in NAMES) if dot)


#: What gives NumPy's functions beyond those, each of which takes the namespace first: `protocols` adds itself.
FURTHER: list[Callable[[], dict[str, Callable[..., Any]]]] = []


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

    Raises
    ------
    UnknownBackendError
        If no plug-in and no module has this name. That the module is no array library, or a plug-in's library not
        installed, shows in the first function that needs it.
    """
    check_named(name)
    module = _module(name, "")
    vars(module).update(__array_api_version__=API_VERSION)
    return module


class _Namespace(ModuleType):
    """A module that goes to other processes by its name: of a plain one cloudpickle takes along all that it holds."""

    def __init__(self, backend_name: str, prefix: str) -> None:
        name = f"xpgrad.{backend_name}.{prefix}".rstrip(".")
        super().__init__(name, f"The array API standard's namespace over {backend_name}, differentiable.")
        self._origin = backend_name, prefix

    def __reduce__(self) -> tuple[Any, ...]:
        return _found, self._origin


def _found(backend_name: str, prefix: str) -> ModuleType:
    """A namespace, or one of its extensions, in this process."""
    module = namespace(backend_name)
    return attrgetter(prefix.rstrip("."))(module) if prefix else module


def _module(backend_name: str, prefix: str) -> ModuleType:
    """The namespace of a backend, or one of its extensions: then with the prefix of the names in it."""
    module = _Namespace(backend_name, prefix)

    def make(attribute: str) -> Any:
        if attribute.startswith("__") and attribute not in NAMES:  # Python asks every module, libraries or not
            raise AttributeError(f"{module.__name__} has no attribute {attribute!r}.")
        found = _attribute(backend_name, prefix + attribute)
        setattr(module, attribute, found)
        return found

    def public() -> list[str]:
        names = NAMES | (PRIMITIVES.keys() - HELPERS)  # some are registered later
        known = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
        return sorted({name.partition(".")[0] for name in known})

    vars(module).update(
        __getattr__=make,
        __dir__=lambda: public() + [name for name in _extras(backend_name) if not prefix],
        __all__=public(),
    )
    FORGETTING.append(lambda name: vars(module).pop(name.removeprefix(prefix), None))
    return module


def _extras(backend_name: str) -> list[str]:
    """What a backend has beyond the standard."""
    module = get_named(backend_name).extras
    return list(importlib.import_module(module).__all__) if module else []


def _attribute(backend_name: str, name: str) -> Any:
    """What a namespace holds under a name."""
    if name in EXTENSIONS or any(known.startswith(f"{name}.") for known in PRIMITIVES):
        return _module(backend_name, f"{name}.")
    if name == "asarray":
        return _asarray_of(backend_name)
    if name == "from_dlpack":
        return _from_dlpack_of(backend_name)
    if name in COMPOSITES:  # before the primitives: astype is one around the other
        return COMPOSITES[name]
    if name in PRIMITIVES:
        return function(name)
    if name in CONSTANTS:
        return _constant(get_named(backend_name), name)
    if name in _NUMBERS:
        return _NUMBERS[name]
    if name in _PLAIN:
        return get_named(backend_name).function(name)
    if name in _extras(backend_name):
        return getattr(importlib.import_module(get_named(backend_name).extras), name)
    if name in _HALF:
        return get_named(backend_name).function(name)
    for functions in (give() for give in FURTHER):
        if name in functions:
            return partial(functions[name], namespace(backend_name))
        if any(known.startswith(f"{name}.") for known in functions):
            return _module(backend_name, f"{name}.")
    extension, dot, own = name.rpartition(".")
    module = getattr(namespace(backend_name), extension) if dot else namespace(backend_name)
    raise UnknownNameError(module.__name__, own, lambda: dir(module))


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
    return as_array(x) if is_array(x) else x


# Parameters of creation functions that are values of the new array.
_VALUES = frozenset(("start", "stop", "step", "fill_value"))


def _constant(backend: Backend, name: str) -> Callable[..., Any]:
    """A function without a gradient: it takes Arrays, and gives Arrays without history."""
    own = backend.function(name)

    def call(arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
        arguments = unwrap(arguments)
        arrays = [x for x in arguments if is_array(x)]
        computing = backend_of(reduce(leading_array, arrays)) if arrays else backend
        raw = own if computing is backend else computing.function(name)
        # A library need not know what is not given.
        given = {key: unwrap(value) for key, value in keywords.items() if value is not None}
        return wrap(allocate(backend, raw, *arguments, **given))

    # Python itself binds the arguments, and says in its own words what is wrong with them.
    parameters = inspect.signature(eval(f"lambda {FORMS[name]}: None")).parameters.values()  # noqa: S307  # from the registry
    by_position = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.VAR_POSITIONAL)]
    values = ", ".join(f"{p.name}={p.name}" for p in parameters if p.name in _VALUES)
    positional = "".join(f"{str(p).partition('=')[0]}, " for p in by_position)
    named = ", ".join(f"{p.name!r}: {p.name}" for p in parameters if p not in by_position)
    source = f"lambda {FORMS[name]}: {f'refuse({values}) or ' if values else ''}call(({positional}), {{{named}}})"
    apply = eval(source, {"call": call, "refuse": partial(_refuse_tracked, name)})  # noqa: S307  # likewise
    apply.__name__, apply.__qualname__ = name.rpartition(".")[2], name
    apply.__module__ = f"xpgrad.{backend.name}"  # where pickle finds it again
    apply.__doc__ = f"``{name}``, computed by the library, without a gradient: {CONSTANTS[name]}."
    return apply


def _refuse_tracked(name: str, **values: Any) -> None:
    """Refuse values of a new array through which a gradient would have to flow."""
    for argument, value in values.items():
        if isinstance(value, Array) and value._node is not None and is_recording():
            raise NotDifferentiableError(name, argument)


def _holds_array(obj: Any) -> bool:
    """Whether an Array, or a raw array that NumPy does not know, is in a list or tuple, or in those in it."""
    return any(
        _holds_array(item) if isinstance(item, list | tuple) else isinstance(item, Array) or home_of(item) is not None
        for item in obj
    )


def home_of(obj: Any) -> str | None:
    """The name of an array's backend, or of that of the first array in a list or tuple, leaving out NumPy."""
    if obj.__class__ in SCALARS:
        return None
    if isinstance(obj, list | tuple):
        return next(filter(None, map(home_of, obj)), None)
    raw = obj.data if isinstance(obj, Array) else obj
    name = backend_of(raw).name if is_array(raw) else "numpy"
    return None if name == "numpy" else name


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Array:
    """Convert to an Array: of the active backend, but an array of a library other than NumPy stays one of that library.

    So nothing lazy is computed, and nothing leaves a device. Who wants that says so, by ``x.asnumpy()`` or by the
    `asarray` of a namespace, such as ``xpgrad.numpy.asarray(x)``.

    Parameters
    ----------
    obj : Array, raw array, number, or nested list or tuple of these
        An Array keeps its history; a list that holds arrays is stacked, with their histories.
    dtype, device : optional
        Those of the result.
    copy : bool, optional
        True: always copy. False: never, raise ValueError where a copy is needed. None: only where needed.

    Returns
    -------
    Array
        The Array itself where nothing has to change.

    Raises
    ------
    HistoryLostError
        If a recorded Array of NumPy's would have to be converted to the active backend.
    MaskedArrayError
        If `obj` has a mask, as NumPy's masked arrays have.
    """
    return namespace(home_of(obj) or get_backend()).asarray(obj, dtype=dtype, device=device, copy=copy)


def _asarray_of(backend_name: str) -> Callable[..., Array]:
    """The namespace's `asarray`."""

    def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Array:
        """Convert to an Array.

        Parameters
        ----------
        obj : Array, raw array, number, or nested list or tuple of these
            An Array keeps its history; a list that holds arrays is stacked, with their histories. An Array, or a raw
            array, of another backend is converted: a lazy one is computed for that, and a device may refuse.
        dtype, device : optional
            Those of the result.
        copy : bool, optional
            True: always copy. False: never, raise ValueError where a copy is needed. None: only where needed.

        Returns
        -------
        Array
            The Array itself where nothing has to change.

        Raises
        ------
        DtypeError
            If it holds neither numbers nor booleans.
        HistoryLostError
            If a recorded Array of another backend would have to be converted.
        MaskedArrayError
            If `obj` has a mask, as NumPy's masked arrays have.
        ValueError
            If a copy is needed, but must not be made.
        """
        backend = get_named(backend_name)
        if isinstance(obj, list | tuple) and _holds_array(obj):
            obj = function("stack")([asarray(item) for item in obj])
        if not isinstance(obj, Array) or not _stays(obj, backend):
            obj = obj.data if isinstance(obj, Array) else obj
            options = {"dtype": dtype, "device": device, "copy": copy}
            given = {key: value for key, value in options.items() if value is not None}
            if is_array(obj) and not given and backend_of(obj) is backend:  # in this order: a mask is refused
                return array_of(checked(backend.asarray(obj)))
            return array_of(checked(backend.asarray(allocate(backend, backend.function("asarray"), obj, **given))))
        if dtype is not None and dtype != obj.dtype:
            if copy is False:
                raise ValueError("a change of dtype needs a copy, but copy=False was given.")
            obj = function("astype")(obj, dtype)
        elif copy:
            obj = function("copy")(obj)
        if device is not None and device != obj.device:
            obj = function("to_device")(obj, device=device)
        return obj

    asarray.__qualname__ = "asarray"
    asarray.__module__ = f"xpgrad.{backend_name}"  # where pickle finds it again
    return asarray


def _stays(x: Array, backend: Backend) -> bool:
    """Whether an Array can be used as it is in the namespace of a backend; otherwise it must be converted.

    Raises
    ------
    HistoryLostError
        If the conversion would lose the history of a recorded array.
    """
    own = backend_of(x.data)
    tracked = x._node is not None and is_recording()
    if own is backend or (tracked and own.name in backend.mixes_with):
        return True
    if tracked:
        raise HistoryLostError(f"converting an array of {own.name} to one of {backend.name}")
    return False


def _from_dlpack_of(backend_name: str) -> Callable[..., Array]:
    """The namespace's `from_dlpack`."""

    def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Array:
        """Take over an array of any library through DLPack.

        Parameters
        ----------
        x : object
            Anything that has ``__dlpack__``. An Array of this backend keeps its history.
        device, copy : optional
            As for `asarray`.

        Returns
        -------
        Array
            Of this backend.

        Raises
        ------
        BufferError
            If the history of a recorded Array of another backend would be lost.
        """
        backend = get_named(backend_name)
        if isinstance(x, Array) and backend_of(x.data) is backend:
            return namespace(backend_name).asarray(x, device=device, copy=copy)
        given = {key: value for key, value in (("device", device), ("copy", copy)) if value is not None}
        return array_of(backend.asarray(allocate(backend, backend.function("from_dlpack"), x, **given)))

    from_dlpack.__qualname__ = "from_dlpack"
    from_dlpack.__module__ = f"xpgrad.{backend_name}"  # where pickle finds it again
    return from_dlpack


def active() -> ModuleType:
    """The namespace of the active backend."""
    return namespace(get_backend())
