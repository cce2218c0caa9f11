"""Array: a library's own array, together with where it came from.

An Array holds the raw array and the node of the operation that made it. Everything that computes (operators, methods,
gradients) is attached by `operators`, which knows the primitives; this module only knows the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, ClassVar

from xpgrad.collection import Collection
from xpgrad.declared import Declared
from xpgrad.discovery import backend_of
from xpgrad.errors import UnknownLengthsError
from xpgrad.exits import Exits


class Array(Declared, Exits, Collection):
    """An array that can be differentiated; conforms to the Python array API standard.

    Made by `xpgrad.asarray` and the creation functions of a namespace, within the package by `array_of`.
    """

    # No __init__ and no __new__: without them `Array()` takes 42 ns less, a twelfth of an operation not recorded.

    # _grad is set by attach_grad only, _writes by the first view or in-place write, _view in views: others never pay.
    __slots__ = ("__weakref__", "_data", "_grad", "_node", "_view", "_writes")

    _data: Any
    _grad: Array
    _node: Any
    _view: Any
    # `_data` and `_node` by names that stay those of the slots where `Follower` redefines the others.
    _seen_data: Any
    _seen_node: Any
    _writes: Any

    # The class of a copy of it: views have one of their own.
    _kind: ClassVar[type[Array]]

    # NumPy leaves `ndarray * Array` to the Array; `protocols` puts NumPy's own functions in this place.
    __array_ufunc__: ClassVar[Any] = None
    __array_priority__ = 1000

    @property
    def data(self) -> Any:
        """The backend's own array."""
        return self._data

    @data.setter
    def data(self, _value: Any) -> None:
        raise AttributeError(
            "x.data cannot be assigned. Write into the array, x[...] = value, or make a new one, xp.asarray(value)."
        )

    @property
    def grad(self) -> Array | None:
        """The gradient that `attach_grad` made room for; None before."""
        return getattr(self, "_grad", None)

    @grad.setter
    def grad(self, value: Array) -> None:
        if value is not self.grad:  # what `x.grad *= 0` assigns in the end is the gradient itself
            raise AttributeError(
                "x.grad is made by attach_grad(). Write into it, x.grad[...] = value, or call zero_grad()."
            )

    # No write changes what follows, so it is asked of what was last seen.

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of elements along each axis."""
        return self._seen_data.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._seen_data.shape)

    @property
    def size(self) -> int | None:
        """Number of elements; None where a length is not known."""
        count = prod(self._seen_data.shape)
        return count if count == count else None  # a lazy library's unknown lengths are NaN

    @property
    def dtype(self) -> Any:
        """The backend's dtype of the elements."""
        return self._seen_data.dtype

    @property
    def device(self) -> Any:
        """The device that holds the elements; None, the library's default, where it does not say."""
        return getattr(self._seen_data, "device", None)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d array.")
        n = self.shape[0]
        if n != n:  # a lazy library does not know it yet
            raise UnknownLengthsError("len()")
        return n

    def __iter__(self) -> Iterator[Array]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array.")
        return (self[i] for i in range(len(self)))

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        if not hasattr(self, "_data"):
            return "<Array without data: xpgrad.asarray(...) makes one with them>"
        text = repr(self.data)
        for start in ("array(", "Array("):
            if text.startswith(start):
                return "Array" + text[len(start) - 1 :].replace("\n" + " " * len(start), "\n      ")
        return f"Array({text})"

    def __str__(self) -> str:
        return str(self.data)

    def __format__(self, spec: str) -> str:
        if spec and not self.shape:
            return format(self.item(), spec)
        try:
            return format(str(self), spec)
        except ValueError:
            raise TypeError(
                f"the format {spec!r} is for one number, and this array has shape {self.shape}: format its elements, "
                "as in [f'{v:.2f}' for v in x.tolist()], or str(x)."
            ) from None

    def __reduce__(self) -> Any:
        return array_of, (self.data, None, self._kind)

    @classmethod
    def _around(cls, data: Any) -> Array:
        return array_of(data, None, cls._kind)


Array._kind = Array
Array._seen_data, Array._seen_node = Array._data, Array._node  # type: ignore[misc]  # the slots themselves


class Follower(Array):
    """An Array that shares its content with another: a view of it, or what `detach` made. `_view` says how.

    To read its content or its history brings both up to date, so nobody finds them old. What they were when it last
    looked is known to the modules that bring it up to date: `_seen_data`, `_seen_node`. A class of its own, because the
    hot path asks for the class of an operand anyway.
    """

    __slots__ = ()

    def _current_data(self) -> Any:
        """The backend's own array."""
        self._view.refresh(self)
        return self._seen_data

    def _current_node(self) -> Any:
        self._view.refresh(self)
        return self._seen_node

    data = property(_current_data, Array.data.fset)  # type: ignore[attr-defined]  # a property here
    _data = property(_current_data, Array._seen_data.__set__)
    _node = property(_current_node, Array._seen_node.__set__)


def filled(like: Array, value: complex, shape: tuple[int, ...] | None = None) -> Array:
    """An Array without history, filled with one value; of the dtype, device and, by default, shape of another."""
    return array_of(backend_of(like.data).full(like.shape if shape is None else shape, value, like.data))


def array_of(data: Any, node: Any = None, kind: type[Array] = Array) -> Array:
    """The Array of a raw array, which is not copied, made by the recorded operation of the node, if any."""
    array = kind()
    array._data = data
    array._node = node
    return array
