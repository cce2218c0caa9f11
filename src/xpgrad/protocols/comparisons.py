"""NumPy's comparisons and searches that the standard lacks, made of its functions: booleans and places, constants."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from xpgrad.protocols.conventions import array, castable, check_lengths, dtype_of, flat, floating
from xpgrad.rules.elementwise import is_complex


def isclose(xp: Any, a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    a, b = floating(xp, a), floating(xp, b)
    finite = xp.isfinite(a) & xp.isfinite(b)
    x, y = xp.where(finite, a, 0.0), xp.where(finite, b, 0.0)  # infinities have no difference
    near = (finite & (xp.abs(x - y) <= atol + rtol * xp.abs(y))) | (a == b)
    return near | (xp.isnan(a) & xp.isnan(b)) if equal_nan else near


def array_equal(xp: Any, a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    a1, a2 = array(xp, a1), array(xp, a2)
    check_lengths("array_equal's arguments", *a1.shape, *a2.shape)
    return a1.shape == a2.shape and xp.all(_same(xp, a1, a2) if equal_nan else a1 == a2)


def _same(xp: Any, a1: Any, a2: Any) -> Any:
    return (a1 == a2) | (xp.isnan(floating(xp, a1)) & xp.isnan(floating(xp, a2)))


def array_equiv(xp: Any, a1: Any, a2: Any) -> Any:
    a1, a2 = array(xp, a1), array(xp, a2)
    try:
        xp.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return xp.all(a1 == a2)


def argsort(xp: Any, a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    return xp.argsort(flat(xp, a), axis=0) if axis is None else xp.argsort(array(xp, a), axis=axis)


def argpartition(xp: Any, a: Any, kth: Any, axis: int | None = -1, kind: Any = None, order: Any = None) -> Any:
    return argsort(xp, a, axis)


def searchsorted(xp: Any, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    return xp.searchsorted(array(xp, a), array(xp, v), side=side, sorter=sorter)


def _but_nan(name: str, last: float) -> Callable[..., Any]:
    """The place of an extreme among what is not NaN, which is made the last to be chosen.

    It is -1 where there is nothing else, as in CuPy: NumPy raises, for which a lazy array would have to be computed.
    """

    def search(xp: Any, a: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
        a = floating(xp, a)
        missing = xp.isnan(a)
        place = getattr(xp, name)(xp.where(missing, last, a), axis=axis, keepdims=keepdims)
        return xp.where(xp.all(missing, axis=axis, keepdims=keepdims), -1, place)

    return search


def can_cast(xp: Any, from_: Any, to: Any, casting: str = "safe") -> bool:
    return castable(xp, dtype_of(xp, getattr(from_, "dtype", from_)), dtype_of(xp, to), casting)


def iscomplex(xp: Any, x: Any) -> Any:
    x = array(xp, x)
    return xp.imag(x) != 0 if is_complex(xp, x) else xp.zeros_like(x, dtype=xp.bool)


#: Our function for each, which takes the namespace first.
TABLE: dict[str, Callable[..., Any]] = {
    "allclose": lambda xp, *arguments, **options: xp.all(isclose(xp, *arguments, **options)),
    "argpartition": argpartition,
    "argsort": argsort,
    "array_equal": array_equal,
    "array_equiv": array_equiv,
    "can_cast": can_cast,
    "flatnonzero": lambda xp, a: xp.nonzero(flat(xp, a))[0],
    "isclose": isclose,
    "iscomplex": iscomplex,
    "isneginf": lambda xp, x: xp.equal(floating(xp, x), -inf),
    "isposinf": lambda xp, x: xp.equal(floating(xp, x), inf),
    "isreal": lambda xp, x: ~iscomplex(xp, x),
    "nanargmax": _but_nan("argmax", -inf),
    "nanargmin": _but_nan("argmin", inf),
    "searchsorted": searchsorted,
}
