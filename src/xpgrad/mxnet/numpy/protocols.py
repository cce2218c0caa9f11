"""NumPy's own functions on arrays of MXNet 2: they are those of mx.np, and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xpgrad.discovery import get_named
from xpgrad.mxnet.arrays import ndarray
from xpgrad.protocols.turns import is_others_function, is_others_ufunc

Table = Mapping[str, Callable[..., Any]]


def dispatch(functions: Table, linalg: Table) -> None:
    """Let NumPy find the functions of mx.np, by name; what is not among them it refuses."""

    def array_ufunc(self: ndarray, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        found = functions.get(ufunc.__name__)
        (out,) = options.pop("out", (None,))
        if method != "__call__" or found is None or options or is_others_ufunc((*inputs, out), {}):
            return NotImplemented
        is_scalar = get_named("numpy").is_scalar  # NumPy's scalars mix like Python's numbers
        result = found(*(x.item() if is_scalar(x) else x for x in inputs))
        if out is None:
            return result
        out[...] = result if isinstance(out, ndarray) else result.asnumpy()
        return out

    def array_function(self: ndarray, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = (linalg if func.__module__ == "numpy.linalg" else functions).get(func.__name__)
        return NotImplemented if found is None or is_others_function(types, args, kwargs) else found(*args, **kwargs)

    ndarray.__array_ufunc__ = array_ufunc
    ndarray.__array_function__ = array_function
