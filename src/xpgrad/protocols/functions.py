"""What computes NumPy's functions: the tables of all chapters, and how a call is bound to them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from xpgrad.array import Array
from xpgrad.errors import NoCounterpartError, UnsupportedTypeError
from xpgrad.protocols import (
    calculus,
    constants,
    histograms,
    matrices,
    products,
    reductions,
    selection,
    shapes,
    transforms,
    writes,
)
from xpgrad.protocols.conventions import dtype_of, namespace_for
from xpgrad.protocols.outputs import into
from xpgrad.protocols.turns import is_others_function, is_others_ufunc
from xpgrad.protocols.ufuncs import call_ufunc

#: Our function for each of NumPy's that has a gradient, by its name below ``numpy``.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: function
    for chapter in (calculus, histograms, matrices, products, reductions, selection, shapes, transforms, writes)
    for name, function in chapter.TABLE.items()
}

#: Parameters that mean nothing here: how memory is laid out, which class is wanted, how to compute.
_IGNORED = frozenset(("like", "optimize", "order", "overwrite_input", "subok"))

#: The functions in which the order of elements is not only a matter of memory.
_ORDERED = frozenset(("ravel", "reshape"))


def array_ufunc(self: Array, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What NumPy calls for its element-wise functions, and for those of others that are made like these."""
    if is_others_ufunc(inputs, options):
        return NotImplemented
    try:
        return call_ufunc(namespace_for(self, (*inputs, *options.values())), ufunc, method, inputs, options)
    except UnsupportedTypeError:
        return NotImplemented  # it may be the other operand's to compute


def array_function(self: Array, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """What NumPy calls for all its other functions."""
    if is_others_function(types, args, kwargs):
        return NotImplemented
    name = f"{func.__module__}.{func.__name__}".partition(".")[2]
    xp = namespace_for(self, (*args, *kwargs.values()))
    if name in constants.NAMES or name in constants.OUTSIDE:
        return constants.call(xp, name, func, args, kwargs)
    if name not in FUNCTIONS:
        raise NoCounterpartError(f"numpy.{name}")
    args, kwargs = _bound(xp, func, args, kwargs)
    out = kwargs.pop("out", None)
    result = FUNCTIONS[name](xp, *args, **kwargs)
    return result if out is None else into(out, result, kwargs.get("casting", "same_kind"))


def _bound(xp: Any, func: Any, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments without those that mean nothing here, `out` as a keyword, and the dtype in the library's terms."""
    signature = _signature(func)
    if signature is None:
        return args, kwargs
    bound = signature.bind(*args, **kwargs)
    ignored = _IGNORED - {"order"} if func.__name__ in _ORDERED else _IGNORED
    out = bound.arguments.pop("out", None)
    if bound.arguments.get("dtype") is not None:
        bound.arguments["dtype"] = dtype_of(xp, bound.arguments["dtype"])
    for key, value in list(bound.arguments.items()):
        # NumPy's own mark for what is not given, which has no public name.
        if key in ignored or type(value).__name__ == "_NoValueType":
            del bound.arguments[key]
    further = {key: value for key, value in bound.kwargs.items() if key not in ignored}
    return bound.args, further | {"out": out}


@cache
def _signature(func: Any) -> inspect.Signature | None:
    """The parameters of a function of NumPy's; those written in C do not tell theirs everywhere."""
    try:
        return inspect.signature(func)
    except ValueError:
        return None
