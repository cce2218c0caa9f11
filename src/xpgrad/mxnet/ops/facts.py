"""Facts about arrays and dtypes, and how arrays are printed."""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array
from xpgrad.discovery import backend_of, get_named
from xpgrad.mxnet.dtypes import dtype_of
from xpgrad.mxnet.ops.arrays import as_array
from xpgrad.mxnet.provide import writes
from xpgrad.namespace import active


def shape(a: Any) -> tuple[int, ...]:
    """The shape of an array."""
    return as_array(a).shape


def ndim(a: Any) -> int:
    """The number of axes of an array."""
    return len(shape(a))


def size(a: Any, axis: int | None = None) -> Any:
    """The number of elements, or the length along an axis."""
    return as_array(a).size if axis is None else shape(a)[axis]


def finfo(dtype: Any) -> Any:
    """Facts about a floating-point dtype."""
    return active().finfo(dtype_of(dtype))


def iinfo(dtype: Any) -> Any:
    """Facts about an integer dtype."""
    return active().iinfo(dtype_of(dtype))


def _array_or_dtype(x: Any) -> Any:
    return x if isinstance(x, Array) else dtype_of(x)


def can_cast(from_: Any, to: Any) -> Any:
    """Whether a dtype holds all values of another."""
    return active().can_cast(_array_or_dtype(from_), dtype_of(to))


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype that several are promoted to: that of fractions, where there are any, whatever their width."""
    xp = active()
    found = [x.dtype if isinstance(x, Array) else dtype_of(x) for x in arrays_and_dtypes]
    for kind in ("complex floating", "real floating"):
        if leading := [dtype for dtype in found if xp.isdtype(dtype, kind)]:
            return xp.result_type(*leading)
    return xp.result_type(*found)


def promote_types(type1: Any, type2: Any) -> Any:
    """The dtype that two are promoted to."""
    return result_type(type1, type2)


@writes("a", "b")
def shares_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """Whether a write to one array would show in the other."""
    first, second = (x.data if isinstance(x, Array) else x for x in (a, b))
    try:
        return bool(backend_of(first).function("shares_memory")(first, second))
    except AttributeError:  # the library does not say
        return a is b or getattr(a, "_writes", a) is getattr(b, "_writes", b)


def set_printoptions(precision: int | None = None, threshold: int | None = None, **options: Any) -> None:
    """How arrays are printed, which NumPy does."""
    get_named("numpy").function("set_printoptions")(precision=precision, threshold=threshold, **options)
