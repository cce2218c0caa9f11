"""NumPy's functions that write into their first argument: an Array, which keeps the history of what is written."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from xpgrad.array import Array
from xpgrad.errors import HistoryLostError
from xpgrad.inplace import setitem
from xpgrad.protocols.conventions import array, flat
from xpgrad.protocols.outputs import into
from xpgrad.protocols.selection import within


def _place(a: Any) -> Array:
    """The array to write to.

    Raises
    ------
    HistoryLostError
        If it is one of NumPy's own.
    """
    if not isinstance(a, Array):
        raise HistoryLostError("writing an Array into a NumPy array")
    return a


def _mask(xp: Any, mask: Any) -> Any:
    return xp.astype(array(xp, mask), xp.bool)


def copyto(xp: Any, dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    dst = _place(dst)
    number = isinstance(src, int | float | complex)  # which has no dtype of its own
    new = xp.broadcast_to(xp.asarray(src, dtype=xp.result_type(dst, src)) if number else array(xp, src), dst.shape)
    into(dst, new if where is True else xp.where(array(xp, where), new, dst), casting)


def place(xp: Any, arr: Any, mask: Any, vals: Any) -> None:
    """The values one after the other, and again from the first, where the mask is True."""
    arr, mask, vals = _place(arr), _mask(xp, mask), flat(xp, vals)
    count = int(xp.count_nonzero(mask))
    if count:
        setitem(arr, mask, xp.take(vals, xp.arange(count, device=arr.device) % vals.shape[0], axis=0))


def putmask(xp: Any, a: Any, mask: Any, values: Any) -> None:
    """As `place`, but every element takes the value at its own place among all."""
    a, values = _place(a), flat(xp, values)
    places = xp.arange(a.size, device=a.device) % values.shape[0]
    new = xp.reshape(xp.take(values, places, axis=0), a.shape)
    setitem(a, ..., xp.where(_mask(xp, mask), xp.astype(new, a.dtype), a))


def put(xp: Any, a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    a, v = _place(a), flat(xp, v)
    ind = within(xp, flat(xp, ind), a.size, mode)
    if not v.size:
        return
    values = xp.take(v, xp.arange(ind.shape[0], device=a.device) % v.shape[0], axis=0)
    row = xp.copy(flat(xp, a))
    setitem(row, ind, xp.astype(values, a.dtype))
    setitem(a, ..., xp.reshape(row, a.shape))


def put_along_axis(xp: Any, arr: Any, indices: Any, values: Any, axis: int) -> None:
    arr, indices = _place(arr), array(xp, indices)
    key = [
        xp.reshape(xp.arange(n, device=arr.device), tuple(n if j == i else 1 for j in range(arr.ndim)))
        for i, n in enumerate(arr.shape)
    ]
    key[axis] = indices
    setitem(arr, tuple(key), xp.broadcast_to(xp.astype(array(xp, values), arr.dtype), indices.shape))


def fill_diagonal(xp: Any, a: Any, val: Any, wrap: bool = False) -> None:
    """The values one after the other; with `wrap` the diagonal of a tall matrix starts anew below."""
    if a.ndim < 2 or (a.ndim > 2 and len(set(a.shape)) > 1):
        raise ValueError("fill_diagonal takes a matrix, or an array of more dimensions that are all equal.")
    step = 1 + sum(prod(a.shape[i:]) for i in range(1, a.ndim))
    end = a.size if wrap or a.ndim > 2 else min(a.size, a.shape[1] ** 2)
    put(xp, a, list(range(0, end, step)), val)


TABLE: dict[str, Callable[..., Any]] = {
    "copyto": copyto,
    "fill_diagonal": fill_diagonal,
    "place": place,
    "put": put,
    "put_along_axis": put_along_axis,
    "putmask": putmask,
}
