"""NumPy's functions that write into their first argument: an Array, which keeps the history of what is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.array import Array
from xpgrad.errors import HistoryLostError
from xpgrad.inplace import setitem
from xpgrad.protocols.conventions import array, flat


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


def copyto(xp: Any, dst: Any, src: Any, where: Any = True) -> None:
    dst = _place(dst)
    new = xp.broadcast_to(xp.astype(array(xp, src), dst.dtype), dst.shape)
    setitem(dst, ..., new if where is True else xp.where(array(xp, where), new, dst))


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
    a, ind, v = _place(a), flat(xp, ind), flat(xp, v)
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
    a = _place(a)
    n = min(a.shape)
    places = xp.arange(n, device=a.device)
    values = xp.broadcast_to(xp.astype(flat(xp, val), a.dtype), (n,)) if array(xp, val).size == 1 else flat(xp, val)[:n]
    setitem(a, (places,) * a.ndim, values)


TABLE: dict[str, Callable[..., Any]] = {
    "copyto": copyto,
    "fill_diagonal": fill_diagonal,
    "place": place,
    "put": put,
    "put_along_axis": put_along_axis,
    "putmask": putmask,
}
