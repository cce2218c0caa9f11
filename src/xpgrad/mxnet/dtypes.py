"""MXNet's names for dtypes, and its defaults."""

from __future__ import annotations

from typing import Any

from xpgrad.discovery import get_backend, get_named
from xpgrad.mxnet.util import is_np_default_dtype

NAMES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split()
)

_ALIASES = {"bool_": "bool", "int": "int64", "double": "float64", "half": "float16"}


def dtype_named(name: str) -> Any:
    """The active backend's dtype of a name.

    Raises
    ------
    AttributeError
        If the backend has none of this name.
    """
    return get_named(get_backend()).function(name)


def default_float() -> Any:
    """The dtype of floating-point numbers where none is asked for."""
    return dtype_named("float64" if is_np_default_dtype() else "float32")


def dtype_of(dtype: Any) -> Any:
    """The active backend's dtype for whatever may stand for one; None stays None.

    Parameters
    ----------
    dtype : str, Python type, NumPy's type or dtype, or the backend's own
        `float` is the default floating-point dtype.
    """
    if dtype is float or (isinstance(dtype, str) and dtype == "float"):  # NumPy's float64 equals "float", too
        return default_float()
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", None)
    name = _ALIASES.get(str(name), name)
    if isinstance(dtype, str) and name not in NAMES:  # one of NumPy's codes, such as "f4"
        name = get_named("numpy").function("dtype")(dtype).name
    return dtype_named(name) if name in NAMES else dtype
