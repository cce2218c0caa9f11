"""MXNet's error, and what its namespaces say of a name that they lack."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import cache, wraps
from importlib.abc import MetaPathFinder
from itertools import chain
from numbers import Integral, Number
from types import BuiltinMethodType, ModuleType
from typing import Any

from xpgrad.discovery import get_named
from xpgrad.errors import XpgradError

#: What MXNet takes for an integer, and for a number; NumPy's scalars are among them.
integer_types = (int, Integral)
numeric_types = (int, float, Number)


class MXNetError(XpgradError, RuntimeError):
    """What MXNet raises; the core's errors become MXNetErrors, too, where they pass through this layer."""


def numpys(name: str) -> Any:
    """What NumPy has under a name, for what is done on the host."""
    return get_named("numpy").function(name)


def listed(x: Any) -> list[Any]:
    """What may be one thing, or several, as a list."""
    return list(x) if isinstance(x, list | tuple) else [x]


@cache
def _as_mxnet(kind: Any) -> Any:
    """The class of errors that are both of a kind of the core's and MXNetErrors."""
    if issubclass(kind, MXNetError):
        return kind
    bases = (IndexError, ValueError) if kind is IndexError else (kind,)  # NumPy's AxisError is both, too
    return type(kind.__name__, (*bases, MXNetError), {"__doc__": kind.__doc__, "__module__": kind.__module__})


class UnsupportedOptionError(MXNetError, NotImplementedError, TypeError):
    """An option of NumPy's functions that MXNet's do not have."""


#: What NumPy's element-wise functions take beside their operands, and MXNet's only in this form.
UFUNC_OPTIONS = {"where": (True,), "subok": (True,), "dtype": (None,), "casting": ("same_kind",), "order": ("K",)}


def without_defaults(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Options of a function that takes none, without those that say what is so anyway.

    Raises
    ------
    UnsupportedOptionError
        If there is another one.
    """
    for option, value in options.items():
        if option in UFUNC_OPTIONS and value not in UFUNC_OPTIONS[option]:
            raise UnsupportedOptionError(f"{name} does not take {option}={value!r}: leave it out.")
    return {option: value for option, value in options.items() if option not in UFUNC_OPTIONS}


def translated(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose errors can be caught as MXNetError as well as under the core's own names."""

    @wraps(f)
    def call(*arguments: Any, **keywords: Any) -> Any:
        try:
            return f(*arguments, **keywords)
        except XpgradError as error:
            error.__class__ = _as_mxnet(error.__class__)  # type: ignore[arg-type]  # a class is hashable
            raise
        except (IndexError, ValueError) as error:  # a class of Python's own cannot be changed
            raise _as_mxnet(error.__class__)(*error.args) from error  # type: ignore[arg-type]  # as above

    return call


#: Where helpers come from that a module of MXNet's imports, and does not have itself.
_HELPERS = (
    *("__future__", "collections.abc", "typing"),
    *("xpgrad.functions", "xpgrad.mxnet.base", "xpgrad.mxnet.promotion", "xpgrad.mxnet.provide"),
)


def _is_public(name: str, names: Any) -> bool:
    """Whether a name is one of MXNet's; its modules are those that know what they lack."""
    value = names[name] if isinstance(names, dict) else None
    if isinstance(value, ModuleType):
        return "__getattr__" in vars(value) and not name.startswith("_")
    if isinstance(value, BuiltinMethodType) or (name.isupper() and isinstance(value, dict | tuple | list | str)):
        return False  # the look-up of the core's functions, and tables
    return not name.startswith("_") and getattr(value, "__module__", "") not in _HELPERS


def listing(names: Mapping[str, Any], *further: Iterable[str]) -> Callable[[], list[str]]:
    """The `__dir__` of a module: its public names, and those that are made when they are asked for."""
    return lambda: sorted({*(name for name in names if _is_public(name, names)), *chain(*further)})


def lacking(module: str, names: Iterable[str], why: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """The `__getattr__` of a module: it raises why a name is not there, or what there is instead of it."""

    def find(name: str) -> Any:
        if why is not None and name in why:
            raise AttributeError(f"{module}.{name} is not provided: {why[name]}", name=name)
        near = get_close_matches(name, [known for known in names if _is_public(known, names)], n=4, cutoff=0.5)
        hint = f"The nearest names it has: {', '.join(near)}." if near else "dir() lists what it has."
        raise AttributeError(f"{module} does not provide {name!r}. {hint}", name=name)

    find.tells_what_is_lacking = True  # type: ignore[attr-defined]  # what Lacking looks for
    return find


class Lacking(MetaPathFinder):
    """Says of a submodule that nobody has found what its package says of a name that it lacks."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:  # Python's own
        """Raise what the package's `__getattr__` does, as an error of an import."""
        package, _, name = fullname.rpartition(".")
        find = vars(sys.modules.get(package, sys)).get("__getattr__")
        if getattr(find, "tells_what_is_lacking", False):
            try:
                find(name)  # type: ignore[misc]  # it is callable then
            except AttributeError as error:
                raise ModuleNotFoundError(str(error)) from None


sys.meta_path.append(Lacking())


def registry(what: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two functions: a decorator of classes that can be named, and what makes one of them from its name.

    The decorator is used as ``@register`` or as ``@register("alias")``; the name is that of the class, in lower case.
    """
    known: dict[str, type] = {}

    def register(*names: Any) -> Any:
        def note(kind: type) -> type:
            known.update(dict.fromkeys((kind.__name__.lower(), *names), kind))
            return kind

        if len(names) == 1 and isinstance(names[0], type):
            kind, names = names[0], ()
            return note(kind)
        return note

    def create(name: Any, *arguments: Any, **options: Any) -> Any:
        if not isinstance(name, str):
            return name(*arguments, **options) if isinstance(name, type) else name
        kind = known.get(name.lower())
        if kind is None:
            raise ValueError(f"the {what} {name!r} is not known: there are {', '.join(sorted(known))}.")
        return kind(*arguments, **options)

    register.__doc__ = f"Make a class an {what} that can be named."
    create.__doc__ = f"The {what} of a name; what is one already stays as it is."
    return register, create
