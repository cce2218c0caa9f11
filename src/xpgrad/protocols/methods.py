"""Methods and attributes of NumPy's arrays that the standard's do not have, and that other libraries use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from xpgrad.errors import NoCounterpartError
from xpgrad.inplace import assign, setitem
from xpgrad.protocols import calculus, comparisons, products, reductions, selection, shapes, writes
from xpgrad.protocols.conventions import array
from xpgrad.protocols.outputs import into
from xpgrad.rules.elementwise import is_complex


def _transpose(xp: Any, x: Any, *axes: Any) -> Any:
    return shapes.transpose(xp, x, axes if len(axes) > 1 else axes[0] if axes else None)


def _conj(xp: Any, x: Any) -> Any:
    return xp.conj(x)


def _view(xp: Any, x: Any, dtype: Any = None) -> Any:
    """Complex numbers as pairs of real ones, or the other way round; in memory of their own unless the dtype stays.

    Raises
    ------
    NoCounterpartError
        If the numbers of `x` are none of these.
    """
    dtype = x.dtype if dtype is None else xp.empty(0, dtype=dtype).dtype
    if dtype == x.dtype:
        return x[...]
    if is_complex(xp, x) and dtype == xp.real(x).dtype:
        pairs = xp.stack([xp.real(x), xp.imag(x)], axis=-1)
        return xp.reshape(pairs, (*x.shape[:-1], 2 * x.shape[-1]))
    if dtype == xp.result_type(x.dtype, xp.complex64) and x.shape[-1] % 2 == 0:
        return x[..., ::2] + 1j * x[..., 1::2]
    raise NoCounterpartError(f"numpy.ndarray.view from {x.dtype} to {dtype}", "x.data.view(dtype)")


def _reshape(xp: Any, x: Any, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
    shape = shape[0] if len(shape) == 1 else shape
    return xp.reshape(x, shape, copy=copy) if order == "C" else shapes.reshape(xp, x, shape, order)


def _sort(xp: Any, x: Any, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
    assign(x, xp.sort(x, axis=axis))


def _partition(xp: Any, x: Any, kth: Any, axis: int = -1, kind: Any = None, order: Any = None) -> None:
    assign(x, selection.partition(xp, x, kth, axis))


def _fill(xp: Any, x: Any, value: Any) -> None:
    setitem(x, ..., value)


def _put(xp: Any, x: Any, indices: Any, values: Any, mode: str = "raise") -> None:
    writes.put(xp, x, indices, values, mode)


class Flat:
    """All elements of an array in one dimension, to be read and written (``x.flat``)."""

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        self._array = array

    def __len__(self) -> int:
        return int(self._array.size)

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])

    def __getitem__(self, key: Any) -> Any:
        xp = self._array.__array_namespace__()
        return xp.copy(xp.reshape(self._array, (-1,))[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        xp = self._array.__array_namespace__()
        row = xp.copy(xp.reshape(self._array, (-1,)))
        if hasattr(value, "__len__") and (value := array(xp, value)).ndim and value.size and row[key].ndim:
            value = shapes.resize(xp, value, row[key].shape)  # NumPy repeats what is shorter, and leaves out the rest
        row[key] = value
        setitem(self._array, ..., xp.reshape(row, self._array.shape))


def _with_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function with `out`, which stands where NumPy's method has it: after axis and dtype, or after one argument."""
    has_dtype = "dtype" in inspect.signature(function).parameters

    def method(xp: Any, x: Any, *arguments: Any, out: Any = None, **options: Any) -> Any:
        place = 2 if has_dtype else 1
        if len(arguments) > place:
            out, arguments = arguments[place], (*arguments[:place], *arguments[place + 1 :])
        result = function(xp, x, *arguments, **options)
        return result if out is None else into(out, result)

    return method


#: The function behind each method, which takes the namespace and the array first.
METHODS: dict[str, Callable[..., Any]] = {
    "argsort": comparisons.argsort,
    "choose": selection.choose,
    "clip": _with_out(selection.clip),
    "compress": lambda xp, x, condition, axis=None: selection.compress(xp, condition, x, axis),
    "conj": _conj,
    "conjugate": _conj,
    "cumprod": _with_out(calculus.cumprod),
    "cumsum": _with_out(calculus.cumsum),
    "diagonal": shapes.diagonal,
    "dot": _with_out(products.dot),
    "fill": _fill,
    "flatten": lambda xp, x, order="C": xp.copy(shapes.ravel(xp, x, order)),
    "nonzero": lambda xp, x: xp.nonzero(x),
    "partition": _partition,
    "put": _put,
    "ravel": shapes.ravel,
    "repeat": shapes.repeat,
    "reshape": _reshape,
    "round": selection.round_,
    "searchsorted": comparisons.searchsorted,
    "sort": _sort,
    "squeeze": shapes.squeeze,
    "swapaxes": shapes.swapaxes,
    "take": selection.take,
    "trace": shapes.trace,
    "transpose": _transpose,
    "view": _view,
    **{name: _with_out(reductions.TABLE[name]) for name in ("max", "mean", "min", "prod", "std", "sum", "var")},
}
