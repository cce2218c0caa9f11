"""Array: a library's own array, together with where it came from.

An Array holds the raw array and the node of the operation that made it. Everything that computes (operators, methods,
gradients) is attached by `operators`, which knows the primitives; this module only knows the data.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar

from xpgrad.backend import backend_of
from xpgrad.errors import DLPackHistoryLostError, GradientLostWarning, HistoryLostError
from xpgrad.scope import is_recording

if TYPE_CHECKING:
    import numpy

#: File and line of the last place where a recorded array became a Python number.
last_exit: ContextVar[str | None] = ContextVar("xpgrad_last_exit", default=None)

_Unary = Callable[["Array"], "Array"]
_Binary = Callable[["Array", Any], "Array"]


class Array:
    """An array that can be differentiated; conforms to the Python array API standard.

    Made by `xpgrad.asarray` and the creation functions of a namespace.

    Parameters
    ----------
    data : array
        The backend's own array. It is not copied.
    node : Node, optional
        The recorded operation that made it.
    """

    # _grad is set by attach_grad only, _writes by the first view or in-place write: a plain result never pays for them.
    __slots__ = ("__weakref__", "_data", "_grad", "_node", "_view", "_writes")

    _data: Any
    _grad: Array
    _node: Any
    _view: Any
    _writes: Any

    # Attached by `operators`. ClassVar, because they are methods, not attributes that hold functions.
    attach_grad: ClassVar[Callable[..., None]]
    drop_grad: ClassVar[Callable[[Array], None]]
    zero_grad: ClassVar[Callable[[Array], None]]
    backward: ClassVar[Callable[..., None]]
    detach: ClassVar[_Unary]
    copy: ClassVar[_Unary]
    to_device: ClassVar[Callable[..., Array]]
    __array_namespace__: ClassVar[Callable[..., Any]]
    all: ClassVar[Callable[..., Array]]
    any: ClassVar[Callable[..., Array]]
    argmax: ClassVar[Callable[..., Array]]
    argmin: ClassVar[Callable[..., Array]]
    astype: ClassVar[Callable[..., Array]]
    max: ClassVar[Callable[..., Array]]
    mean: ClassVar[Callable[..., Array]]
    min: ClassVar[Callable[..., Array]]
    prod: ClassVar[Callable[..., Array]]
    reshape: ClassVar[Callable[..., Array]]
    squeeze: ClassVar[Callable[..., Array]]
    std: ClassVar[Callable[..., Array]]
    sum: ClassVar[Callable[..., Array]]
    take: ClassVar[Callable[..., Array]]
    var: ClassVar[Callable[..., Array]]
    T: Array
    mT: Array  # noqa: N815  # the standard's name
    __getitem__: ClassVar[_Binary]
    __setitem__: ClassVar[Callable[[Array, Any, Any], None]]
    __neg__: ClassVar[_Unary]
    __pos__: ClassVar[_Unary]
    __abs__: ClassVar[_Unary]
    __invert__: ClassVar[_Unary]
    __add__: ClassVar[_Binary]
    __radd__: ClassVar[_Binary]
    __sub__: ClassVar[_Binary]
    __rsub__: ClassVar[_Binary]
    __mul__: ClassVar[_Binary]
    __rmul__: ClassVar[_Binary]
    __truediv__: ClassVar[_Binary]
    __rtruediv__: ClassVar[_Binary]
    __floordiv__: ClassVar[_Binary]
    __rfloordiv__: ClassVar[_Binary]
    __mod__: ClassVar[_Binary]
    __rmod__: ClassVar[_Binary]
    __pow__: ClassVar[_Binary]
    __rpow__: ClassVar[_Binary]
    __matmul__: ClassVar[_Binary]
    __rmatmul__: ClassVar[_Binary]
    __and__: ClassVar[_Binary]
    __rand__: ClassVar[_Binary]
    __or__: ClassVar[_Binary]
    __ror__: ClassVar[_Binary]
    __xor__: ClassVar[_Binary]
    __rxor__: ClassVar[_Binary]
    __lshift__: ClassVar[_Binary]
    __rlshift__: ClassVar[_Binary]
    __rshift__: ClassVar[_Binary]
    __rrshift__: ClassVar[_Binary]
    __lt__: ClassVar[_Binary]
    __le__: ClassVar[_Binary]
    __gt__: ClassVar[_Binary]
    __ge__: ClassVar[_Binary]

    # NumPy leaves `ndarray * Array` to the Array; its own functions refuse an Array instead of dropping its history.
    __array_ufunc__ = None
    __array_priority__ = 1000

    def __init__(self, data: Any, node: Any = None) -> None:
        self._data = data
        self._node = node
        self._view = None

    @property
    def data(self) -> Any:
        """The backend's own array."""
        if self._view is not None:
            self._view.refresh(self)
        return self._data

    @property
    def grad(self) -> Array | None:
        """The gradient that `attach_grad` made room for; None before."""
        return getattr(self, "_grad", None)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of elements along each axis."""
        return self._data.shape  # type: ignore[no-any-return]  # raw arrays are untyped

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._data.shape)

    @property
    def size(self) -> int | None:
        """Number of elements."""
        count = 1
        for length in self._data.shape:
            count *= length
        return count

    @property
    def dtype(self) -> Any:
        """The backend's dtype of the elements."""
        return self._data.dtype

    @property
    def device(self) -> Any:
        """The device that holds the elements."""
        return getattr(self._data, "device", "cpu")

    def asnumpy(self) -> numpy.ndarray[Any, Any]:
        """A NumPy copy of the values, without their history; computes and transfers where needed."""
        return backend_of(self.data).to_numpy(self._data)  # type: ignore[no-any-return]  # a hook is untyped

    def item(self) -> bool | int | float | complex:
        """The only element as a Python number, without its history.

        Raises
        ------
        ValueError
            If the array does not have exactly one element.
        """
        return self.asnumpy().item()  # type: ignore[no-any-return]  # NumPy types item() as Any

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers, without their history."""
        return self.asnumpy().tolist()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d array.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array.")
        return (self[i] for i in range(self.shape[0]))

    def __bool__(self) -> bool:
        return bool(self.data)

    def __int__(self) -> int:
        return int(self.data)

    def __index__(self) -> int:
        return self.data.__index__()  # type: ignore[no-any-return]  # raw arrays are untyped

    def __float__(self) -> float:
        self._leave("float()")
        return float(self.data)

    def __complex__(self) -> complex:
        self._leave("complex()")
        return complex(self.data)

    def _leave(self, what: str) -> None:
        """Warn where a recorded array becomes a Python number, and remember the place."""
        if self._node is None or not is_recording():
            return
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.warn("", stacklevel=3)
        place = f"{caught[0].filename}:{caught[0].lineno}"
        last_exit.set(place)
        warnings.warn(
            f"{what} of a recorded array drops its history: no gradient flows through the number. Keep the array, "
            "or use x.detach() to say that this is meant.",
            GradientLostWarning,
            stacklevel=3,
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self._node is not None and is_recording():
            raise HistoryLostError("converting to a NumPy array")
        if copy is False:
            raise ValueError("converting an Array to NumPy copies it: leave copy=False out, or convert x.data.")
        values = self.asnumpy()
        return values if dtype is None else values.astype(dtype)

    def __dlpack__(self, **options: Any) -> Any:
        if self._node is not None and is_recording():
            raise DLPackHistoryLostError
        return self.data.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._data.__dlpack_device__()

    def __reduce__(self) -> Any:
        return Array, (self.data,)

    def __deepcopy__(self, memo: Any) -> Array:
        return self.detach().copy()

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        text = repr(self.data)
        for start in ("array(", "Array("):
            if text.startswith(start):
                return "Array" + text[len(start) - 1 :].replace("\n" + " " * len(start), "\n      ")
        return f"Array({text})"

    def __str__(self) -> str:
        return str(self.data)

    def __format__(self, spec: str) -> str:
        return format(str(self) if self.shape or not spec else self.item(), spec)
