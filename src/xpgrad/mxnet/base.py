"""MXNet's error, and what its namespaces say of a name that they lack."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache, wraps
from numbers import Integral, Number
from typing import Any

from xpgrad.errors import XpgradError

#: What MXNet takes for an integer, and for a number; NumPy's scalars are among them.
integer_types = (int, Integral)
numeric_types = (int, float, Number)


class MXNetError(XpgradError, RuntimeError):
    """What MXNet raises; the core's errors become MXNetErrors, too, where they pass through this layer."""


@cache
def _as_mxnet(kind: Any) -> Any:
    """The class of errors that are both of a kind of the core's and MXNetErrors."""
    if issubclass(kind, MXNetError):
        return kind
    return type(kind.__name__, (kind, MXNetError), {"__doc__": kind.__doc__, "__module__": kind.__module__})


def translated(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose errors can be caught as MXNetError as well as under the core's own names."""

    @wraps(f)
    def call(*arguments: Any, **keywords: Any) -> Any:
        try:
            return f(*arguments, **keywords)
        except XpgradError as error:
            error.__class__ = _as_mxnet(error.__class__)  # type: ignore[arg-type]  # a class is hashable
            raise

    return call


def lacking(module: str, names: Iterable[str]) -> Callable[[str], Any]:
    """The `__getattr__` of a module: it raises what there is instead of the name that was asked for."""

    def find(name: str) -> Any:
        near = get_close_matches(name, [known for known in names if not known.startswith("_")], n=4, cutoff=0.5)
        hint = f"The nearest names it has: {', '.join(near)}." if near else "dir() lists what it has."
        raise AttributeError(f"{module} does not provide {name!r}. {hint}", name=name)

    return find
