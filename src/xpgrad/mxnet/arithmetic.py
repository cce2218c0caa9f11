"""Attaches operators, indexing and in-place writes to the array classes.

MXNet 2 promotes operands of different dtypes, MXNet 1 wants them alike, keeps integers where they meet fractions, and
answers comparisons in numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from xpgrad import inplace
from xpgrad.array import Array, array_of
from xpgrad.discovery import floating
from xpgrad.errors import UnsupportedTypeError
from xpgrad.functions import function
from xpgrad.mxnet.arrays import NDArray, dressed, ndarray
from xpgrad.mxnet.base import translated
from xpgrad.mxnet.dtypes import dtype_named
from xpgrad.mxnet.promotion import alike, beside, cast, promoted, quotient, remainder, truncated_quotient
from xpgrad.mxnet.provide import note_constants
from xpgrad.mxnet.util import is_np_shape
from xpgrad.operands import declined
from xpgrad.primitive import PRIMITIVES
from xpgrad.record import binary
from xpgrad.scope import is_recording

_ARITHMETIC = (
    ("add", "add", "+"),
    ("sub", "subtract", "-"),
    ("mul", "multiply", "*"),
    ("truediv", "divide", "/"),
    ("floordiv", "floor_divide", "//"),
    ("mod", "remainder", "%"),
    ("pow", "pow", "**"),
)
_BITWISE = ("and", "or", "xor", "lshift", "rshift")
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def _operator(apply: Callable[[Any, Any], Any], match: Callable[[Any, Any], Any], reflected: bool) -> Any:
    """The method that applies a function of two arrays to operands that `match` has brought together."""

    def method(self: NDArray, other: Any) -> Any:
        kind = self._kind
        x1: Any = self
        if other.__class__ is kind:
            if self._data.dtype is not other._data.dtype:
                x1, other = match(self, other)
        elif other.__class__ is not int and (other.__class__ is not float or not floating(self._data)):
            try:
                x1, other = match(self, other)
            except UnsupportedTypeError as error:
                return declined(error)
        out = apply(other, x1) if reflected else apply(x1, other)
        if out is not NotImplemented:
            out.__class__ = kind
        return out

    return method


def _in_place(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The method that writes what an operator gives into its first operand."""

    @translated
    def update(self: NDArray, other: Any) -> Any:
        out = method(self, other)
        return out if out is NotImplemented else inplace.assign(self, out)

    return update


def _comparison(stem: str, in_numbers: bool) -> Callable[[Any, Any], Any]:
    """A comparison; MXNet 1 answers in the dtype of the array."""
    compare = getattr(Array, f"__{stem}__")

    def method(self: NDArray, other: Any) -> Any:
        out = compare(self, other)
        if out is NotImplemented:
            return out
        if is_recording():
            note_constants(out, (self, other))
        return dressed(cast(out, self.dtype) if in_numbers else out, self._kind)

    return method


def _dressed_method(name: str) -> Callable[..., Any]:
    """An operator or method of Array that gives an array of this class."""
    apply = getattr(Array, name)

    def method(self: NDArray, *others: Any, **options: Any) -> Any:
        out = apply(self, *others, **options)
        return out if out is NotImplemented else dressed(out, self._kind)

    return method


def _matmul(self: NDArray, other: Any) -> Any:
    try:
        x1, x2 = promoted(self, other)
    except UnsupportedTypeError as error:
        return declined(error)
    return dressed(function("matmul")(x1, x2), self._kind)


def index(x: NDArray, key: Any) -> Any:
    """A key as the core takes it: MXNet also takes floating-point numbers for indices."""
    parts = tuple(_index_part(x, part) for part in key) if isinstance(key, tuple) else (_index_part(x, key),)
    if x._wants_axes and len(parts) == x.ndim and all(map(_is_integer, parts)) and not is_np_shape():
        parts = (*parts[:-1], _as_slice(operator.index(parts[-1]), x.shape[-1]))
    return parts if isinstance(key, tuple) or parts[0].__class__ is slice else parts[0]


def _index_part(x: NDArray, part: Any) -> Any:
    if isinstance(part, list | range):
        part = list(part)
        part = x.__array_namespace__().asarray(part) if part else function("astype")(x[:0], dtype_named("int64"))
    if isinstance(part, Array):
        return function("astype")(part, dtype_named("int64")).data if floating(part.data) else part.data
    return part


def _is_integer(part: Any) -> bool:
    return hasattr(part, "__index__") and not isinstance(part, bool) and not getattr(part, "shape", ())


def _as_slice(i: int, length: int) -> slice:
    """The slice of length 1 in place of an integer.

    Raises
    ------
    IndexError
        If there is no such element.
    """
    if not -length <= i < length:
        raise IndexError(f"index {i} is out of bounds for an axis of length {length}.")
    i %= length
    return slice(i, i + 1)


@translated
def _getitem(self: NDArray, key: Any) -> Any:
    out = inplace.getitem(self, index(self, key))
    return dressed(out, self._kind)


@translated
def _setitem(self: NDArray, key: Any, value: Any) -> None:
    if isinstance(value, Array) and value.dtype != self.dtype:
        value = cast(value, self.dtype)
    shape = getattr(value, "shape", ())
    if shape and all(n == 1 for n in shape):
        value = value[(0,) * len(shape)]  # one element is a number for MXNet
    inplace.setitem(self, index(self, key), value)


def _attach(kind: type[NDArray], match: Callable[[Any, Any], Any], divide: Callable[[Any, Any], Any]) -> None:
    """Give a class its operators."""
    own = {"divide": divide, "remainder": remainder}
    for stem, name, sign in _ARITHMETIC:
        apply = own.get(name) or binary(PRIMITIVES[name], sign)
        method = _operator(apply, match, reflected=False)
        setattr(kind, f"__{stem}__", method)
        setattr(kind, f"__r{stem}__", _operator(apply, match, reflected=True))
        setattr(kind, f"__i{stem}__", _in_place(method))
    for stem in _COMPARISONS:
        setattr(kind, f"__{stem}__", _comparison(stem, in_numbers=kind._wants_axes))


_attach(NDArray, alike, truncated_quotient)
_attach(ndarray, promoted, quotient)
for _name in ("neg", "pos", "abs", "invert", *_BITWISE, *(f"r{stem}" for stem in _BITWISE)):
    setattr(NDArray, f"__{_name}__", _dressed_method(f"__{_name}__"))
for _name in "conj conjugate cumprod cumsum diagonal dot std trace var".split():
    setattr(NDArray, _name, _dressed_method(_name))
for _name in _BITWISE:
    setattr(NDArray, f"__i{_name}__", _in_place(getattr(NDArray, f"__{_name}__")))
_methods: dict[str, Any] = {
    "__matmul__": _matmul,
    "__rmatmul__": lambda self, other: _matmul(dressed(array_of(beside(self, other).data), self._kind), self),
    "__imatmul__": _in_place(_matmul),
    "__getitem__": _getitem,
    "__setitem__": _setitem,
}
for _name, _method in _methods.items():
    setattr(NDArray, _name, _method)
