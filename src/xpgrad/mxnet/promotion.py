"""What becomes of operands of two dtypes.

MXNet 2 promotes them: integers give way to floating-point numbers, whatever their width. MXNet 1 wants arrays of one
dtype, and where integers meet a number it loses its fraction.
"""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.discovery import backend_of, floating
from xpgrad.functions import function
from xpgrad.general import new_node
from xpgrad.mxnet.base import MXNetError
from xpgrad.mxnet.dtypes import default_float, dtype_named
from xpgrad.node import leaf
from xpgrad.operands import SCALARS, operand
from xpgrad.plan import shape_of
from xpgrad.primitive import PRIMITIVES
from xpgrad.record import binary
from xpgrad.scope import is_recording

WHOLE = frozenset((bool, int))

_astype = function("astype")
_trunc = function("trunc")
_divide = binary(PRIMITIVES["divide"], "/")
_remainder = binary(PRIMITIVES["remainder"], "%")
_ASTYPE = PRIMITIVES["astype"]


def rank(x: Array) -> int:
    """0 for booleans, 1 for integers, 2 for real and 3 for complex floating-point numbers."""
    kind = floating(x._data)
    if kind:
        return 2 if kind == "real" else 3
    return 0 if backend_of(x._data).namespace.isdtype(x.dtype, "bool") else 1


def converted(x: Array, dtype: Any) -> Array:
    """A copy of `x` in a dtype; the gradient passes through, also where fractions become integers."""
    out: Array = _astype(x, dtype)
    if out._node is None and x._node is not None and is_recording() and rank(out) and rank(x):
        shape = shape_of(out._data)
        out._node = new_node(_ASTYPE, (0,), (x._data,), (x._node,), {"dtype": out.dtype}, out._data, shape)
    return out


def cast(x: Array, dtype: Any) -> Array:
    """`x` in a dtype; itself where it has that already."""
    return x if x.dtype == dtype else converted(x, dtype)


def in_floating(x: Array) -> Array:
    """`x` as floating-point numbers."""
    return x if floating(x._data) else _astype(x, default_float())


def remainder(x1: Any, x2: Any) -> Any:
    """The remainder with the sign of the divisor; that of integers depends on nothing."""
    out = _remainder(x1, x2)
    if out._node is not None and not floating(out._data):
        out._node = leaf()
    return out


def common(*arrays: Array) -> list[Array]:
    """Arrays brought to one dtype."""
    first = arrays[0].dtype
    if all(x.dtype == first for x in arrays):
        return list(arrays)
    ranks = [rank(x) for x in arrays]
    leading = [x.dtype for x, r in zip(arrays, ranks, strict=True) if r == max(ranks)]
    dtype = leading[0] if len(leading) == 1 else arrays[0].__array_namespace__().result_type(*leading)
    return [cast(x, dtype) for x in arrays]


def beside(x1: Array, x2: Any) -> Any:
    """What stands beside an array: an Array or a number.

    Raises
    ------
    UnsupportedTypeError
        If it is neither an array nor a number.
    """
    if isinstance(x2, Array) or x2.__class__ in SCALARS:
        return x2
    raw, _ = operand(x2)
    return raw if raw.__class__ in SCALARS else array_of(backend_of(x1.data).asarray(raw))


def promoted(x1: Array, x2: Any) -> tuple[Any, Any]:
    """Two operands as MXNet 2 takes them."""
    x2 = beside(x1, x2)
    if isinstance(x2, Array):
        first, second = common(x1, x2)
        return first, second
    if x2.__class__ in WHOLE or floating(x1._data):
        return x1, x2
    return cast(x1, dtype_named("float64")), x2


def alike(x1: Array, x2: Any) -> tuple[Any, Any]:
    """Two operands as MXNet 1 takes them.

    Raises
    ------
    MXNetError
        If two arrays differ in dtype.
    """
    x2 = beside(x1, x2)
    if isinstance(x2, Array):
        if x1.dtype != x2.dtype:
            raise MXNetError(f"operands of dtypes {x1.dtype} and {x2.dtype}: convert one of them with astype().")
    elif x2.__class__ is float and not floating(x1._data):
        x2 = int(x2)
    return x1, x2


def quotient(x1: Any, x2: Any) -> Any:
    """The quotient of MXNet 2, a floating-point number."""
    if isinstance(x1, Array) and not floating(x1._data):
        x1 = in_floating(x1)
    if isinstance(x2, Array) and not floating(x2._data):
        x2 = in_floating(x2)
    return _divide(x1, x2)


def truncated_quotient(x1: Any, x2: Any) -> Any:
    """The quotient of MXNet 1, which is an integer where both operands are."""
    dtype = next(x.dtype for x in (x1, x2) if isinstance(x, Array))
    out = quotient(x1, x2)
    return out if out.dtype == dtype else cast(_trunc(out), dtype)
