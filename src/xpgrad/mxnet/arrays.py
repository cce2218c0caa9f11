"""The array classes: NDArray of MXNet 1, and ndarray of MXNet 2.

They are Arrays that look different, so everything in the core works on them. What the core computes is an Array;
`dressed` turns it into one of these by changing its class, which costs no second object, and `plain` goes the other
way. Operators and the methods that compute are attached where the functions of the namespaces are made.
"""

from __future__ import annotations

import re
import sys
from typing import Any, ClassVar

from xpgrad.array import Array, Follower, array_of
from xpgrad.discovery import backend_of
from xpgrad.errors import GradReqError
from xpgrad.functions import function
from xpgrad.inplace import Reshape, Version, assign, getitem, share
from xpgrad.mxnet.base import MXNetError, translated
from xpgrad.mxnet.context import Context, context_of, device_for
from xpgrad.mxnet.dtypes import dtype_of
from xpgrad.mxnet.promotion import cast, converted
from xpgrad.mxnet.util import is_np_array, is_np_default_dtype, is_np_shape
from xpgrad.variables import backward, detach, mark

_reshape = function("reshape")
_copy = function("copy")


def plain(x: Any) -> Any:
    """An Array of the same content and history in place of an NDArray, also inside lists and tuples."""
    if isinstance(x, NDArray):
        return array_of(x.data, x._node)
    if x.__class__ is list or x.__class__ is tuple:
        return type(x)(map(plain, x))
    return x


def dressed(x: Any, kind: type[NDArray]) -> Any:
    """New Arrays as arrays of one kind, also inside lists, tuples and dicts."""
    if isinstance(x, Array):
        if kind._wants_axes and not x.shape and not is_np_shape():
            x = _reshape(x, (1,))
        x.__class__ = kind._view_kind if isinstance(x, Follower) else kind._kind
        return x
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*(dressed(part, kind) for part in x))
    if isinstance(x, list | tuple):
        return type(x)(dressed(part, kind) for part in x)
    if isinstance(x, dict):
        return {name: dressed(part, kind) for name, part in x.items()}
    return x


def in_form(x: NDArray, out: Array) -> Any:
    """What a change of shape has made of an array, as a view of it: a write to one shows in the other."""
    key = Reshape(tuple(out.shape), tuple(x.shape))
    return dressed(share(x, out, key, follows=x._node is None or out._node is not None, keep=True), x._kind)


def kind_of(x: Any) -> type[NDArray]:
    """The class of an array, or what the style decides where it is none of MXNet's."""
    return x._kind if isinstance(x, NDArray) else current_kind()


def current_kind() -> type[NDArray]:
    """The class of arrays that are made of something else, which the style decides."""
    return ndarray if is_np_array() else NDArray


class Writes(Version):
    """Counts the writes to a gradient, and knows how many were seen."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    @property
    def fresh(self) -> bool:
        """Whether there was a write since this was last set to False."""
        return self.seen != self.count

    @fresh.setter
    def fresh(self, fresh: bool) -> None:
        self.seen = -1 if fresh else self.count


def writes_to(grad: Array) -> Writes:
    """The writes to a gradient, counted since this was first asked for."""
    found = getattr(grad, "_writes", None)
    if not isinstance(found, Writes):
        found = grad._writes = Writes()
    return found


class Kind(type):
    """The class of the array classes: that of views equals the class that they look like, ``type(x) == np.ndarray``."""

    _kind: Any = None

    def __eq__(cls, other: object) -> bool:
        return cls is other or (cls._kind is not None and cls._kind is getattr(other, "_kind", None))

    def __hash__(cls) -> int:
        return id(cls._kind or cls)


class NDArray(Array, metaclass=Kind):
    """An array of MXNet 1: a reduction has the shape (1,), and `attach_grad` cuts the array off from its history.

    Made by the functions of `xpgrad.mxnet.nd`.
    """

    __slots__ = ()

    #: The class itself, which a view is derived from.
    _kind: ClassVar[type[NDArray]]

    #: The class of what shares its content with another array: it looks the same.
    _view_kind: ClassVar[type[NDArray]]

    #: MXNet 1 has no arrays without axes.
    _wants_axes = True

    # NumPy's operators leave `ndarray * NDArray` to the NDArray, and its functions convert it.
    __array_ufunc__: ClassVar[Any] = None
    __array_function__: ClassVar[Any] = lambda self, func, types, args, kwargs: func._implementation(*args, **kwargs)

    #: Whether a recorded array loses its history where it becomes a variable.
    _cuts_history = True

    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Make room for a gradient, so that operations on this array are recorded.

        Parameters
        ----------
        grad_req : {"write", "add", "null"}
            Whether a backward pass replaces the gradient, adds to it, or leaves it alone.
        stype : {"default"}, optional
            MXNet's storage type; sparse arrays are not provided.

        Raises
        ------
        GradReqError
            If `grad_req` is unknown.
        MXNetError
            If a sparse gradient is asked for.
        """
        refuse_sparse(stype)
        if grad_req not in ("write", "add", "null"):
            raise GradReqError(grad_req)
        if self._cuts_history:
            self._node = None
        grad = self.grad
        if grad_req != "null":
            grad = array_of(backend_of(self.data).full(self.shape, 0, self._data))
            grad.__class__ = self._kind
            writes_to(grad)
        if grad is not None:  # "null" leaves a gradient that there is as it is
            mark(self, grad, grad_req)

    @property
    def _fresh_grad(self) -> bool:
        """Whether the gradient was written to since this was last set to False; `gluon.Trainer` looks at it."""
        grad = self.grad
        return grad is not None and writes_to(grad).fresh

    @_fresh_grad.setter
    def _fresh_grad(self, fresh: bool) -> None:
        if self.grad is not None:
            writes_to(self.grad).fresh = fresh

    @translated
    def backward(self, out_grad: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
        """Compute the gradient of this array and deliver it to the variables it was computed from.

        Parameters
        ----------
        out_grad : NDArray, raw array or number, optional
            The head gradient, of the shape of this array; ones by default.
        retain_graph : bool
            Keep the recorded computation, so that it can be differentiated again.
        train_mode : bool
            Whether user-defined functions run their backward in training mode.

        Raises
        ------
        MXNetError
            If nothing was recorded that leads here, an earlier backward freed it, or `out_grad` does not fit.
        """
        backward(self, out_grad, retain_graph, train_mode)

    def detach(self) -> NDArray:
        """An array of the same content without its history; a write to one shows in the other."""
        return dressed(detach(self), self._kind)

    def copy(self) -> NDArray:
        """A copy, recorded like any operation."""
        return dressed(_copy(self), self._kind)

    def copyto(self, other: NDArray | Context) -> NDArray:
        """Write the content, and while recording the history, into another array; or copy to a context."""
        if isinstance(other, Context):
            return self.copy().as_in_context(other)
        assign(other, function("broadcast_to")(cast(plain(self), other.dtype), other.shape))
        return other

    def astype(self, dtype: Any, copy: bool = True) -> NDArray:
        """The content in another dtype; with ``copy=False`` the array itself where nothing changes."""
        dtype = dtype_of(dtype)
        if not copy and self.dtype == dtype:
            return self
        return dressed(converted(self, dtype), self._kind)

    @property
    def context(self) -> Context:
        """Where the elements are."""
        return context_of(Array.device.fget(self))  # type: ignore[attr-defined]  # a property has it

    ctx = context
    device = context

    def as_in_context(self, context: Context) -> NDArray:
        """The array itself where it is there already, otherwise a copy in another context."""
        if Context(context).same_device(self.context):
            return self if Context(context).device_type == self.context.device_type else self.copy()
        return dressed(function("to_device")(self, device=device_for(context)), self._kind)

    as_in_ctx = as_in_context

    def to_device(self, device: Any, /, *, stream: Any = None) -> NDArray:
        """As `as_in_context`; a device of the backend's own is taken, too."""
        if isinstance(device, Context):
            return self.as_in_context(device)
        return dressed(function("to_device")(self, device=device, stream=stream), self._kind)

    def as_nd_ndarray(self) -> NDArray:
        """The same array as an `NDArray`: a write to one shows in the other."""
        return _shared(self, NDArray)

    def as_np_ndarray(self) -> NDArray:
        """The same array as a NumPy-style `ndarray`: a write to one shows in the other."""
        return _shared(self, ndarray)

    def asscalar(self) -> Any:
        """The only element as a number of NumPy's, which prints with the digits of its dtype.

        Raises
        ------
        ValueError
            If there is not exactly one element.
        """
        if self.size != 1:
            raise ValueError("the current array is not a scalar: asscalar() needs exactly one element.")
        return self.asnumpy().reshape(())[()]

    def __bool__(self) -> bool:
        if not self.size:
            return False
        if self.size != 1:
            raise ValueError(
                f"the truth value of an array of {self.size} elements is ambiguous: use all() or any() of it."
            )
        return bool(super().item())

    def __int__(self) -> int:
        return int(super().item())  # type: ignore[arg-type]  # a complex number raises, as it should

    def __float__(self) -> float:
        return float(super().item())  # type: ignore[arg-type]  # as above

    @property
    def stype(self) -> str:
        """MXNet's storage type; there are only dense arrays."""
        return "default"

    def tostype(self, stype: str) -> NDArray:
        """The array itself, which is dense."""
        refuse_sparse(stype)
        return self

    def wait_to_read(self) -> None:
        """Wait until the device has computed this array."""
        backend_of(self.data).synchronize()

    def expand_dims(self, axis: int, inplace: bool = False) -> NDArray:
        """A new axis of length 1; with `inplace` a write to one array shows in the other."""
        key = (*(slice(None),) * (axis % (self.ndim + 1)), None)
        found = getitem(self, key) if inplace else function("expand_dims")(self, axis=axis)
        return dressed(found, self._kind)

    def squeeze(self, axis: Any = None, inplace: bool = False) -> NDArray:
        """Axes of length 1 left out; with `inplace` a write to one array shows in the other."""
        if not inplace:
            return dressed(function("squeeze")(self, axis=self._single(axis)), self._kind)
        key = tuple(0 if i in self._single(axis) else slice(None) for i in range(self.ndim))
        return dressed(getitem(self, (*key, ...)), self._kind)

    def _single(self, axis: Any) -> tuple[int, ...]:
        """The axes that a parameter names, or all of length 1."""
        if axis is None:
            return tuple(i for i, n in enumerate(self.shape) if n == 1)
        return tuple(i % self.ndim for i in (axis if isinstance(axis, tuple | list) else (axis,)))

    @property
    def T(self) -> Any:  # type: ignore[override]  # noqa: N802  # MXNet's name
        """The array with its axes in the opposite order."""
        return dressed(function("permute_dims")(self, tuple(range(self.ndim))[::-1]), self._kind)

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError(f"an NDArray has no format {spec!r}: format x.asscalar().")
        return str(self)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.shape))
        return f"\n{self.asnumpy()}\n<{self._kind.__name__} {shape} @{self.context}>"

    __str__ = __repr__


class ndarray(NDArray):  # noqa: N801  # MXNet's name
    """An array of MXNet 2, in NumPy's style.

    Made by the functions of `xpgrad.mxnet.np`.
    """

    __slots__ = ()

    _wants_axes = False
    _cuts_history = False

    def __array_namespace__(self, *version: str | None, api_version: str | None = None) -> Any:
        """The standard's functions; where MXNet's own call names a version by position, those of `np`.

        Raises
        ------
        ValueError
            If MXNet does not know the version.
        """
        if not version:
            return super().__array_namespace__(api_version=api_version)
        if version[0] not in (None, "2021.10"):
            raise ValueError(f"MXNet's version of the standard is '2021.10', not {version[0]!r}.")
        return sys.modules["xpgrad.mxnet.numpy"]

    def item(self, *position: Any) -> bool | int | float | complex:
        """One element as a Python number: the only one, or that at a position, flat or along every axis."""
        return self.asnumpy().item(*position)

    def copy(self, order: str = "C") -> NDArray:
        """A copy, recorded like any operation.

        Raises
        ------
        NotImplementedError
            If `order` is another than "C".
        """
        if order != "C":
            raise NotImplementedError(f"arrays lie in memory in the order 'C', not {order!r}.")
        return NDArray.copy(self)

    def astype(  # type: ignore[override]  # NumPy's order of parameters
        self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> NDArray:
        """The content in another dtype; with ``copy=False`` the array itself where nothing changes."""
        return NDArray.astype(self, dtype, copy)

    def __repr__(self) -> str:
        values = self.asnumpy()
        text, kind = repr(values), str(values.dtype)
        if self.size:
            text = re.sub(r",\s+shape=\([\d, ]*\)", "", text)  # NumPy 2 adds it where it leaves elements out
        default = "float64" if is_np_default_dtype() else "float32"
        if "dtype=" in text and kind in (default, "bool"):
            text = text[: text.rindex(",")] + ")"
        elif "dtype=" not in text and kind not in (default, "bool"):
            text = f"{text[:-1]}, dtype={kind})"
        return text if not self.context.on_gpu else f"{text[:-1]}, ctx={self.context})"

    def __str__(self) -> str:
        text = str(self.asnumpy())
        return text if not self.context.on_gpu else f"{text} @{self.context}"

    def __format__(self, spec: str) -> str:
        if self.ndim and spec:
            raise TypeError(f"the format {spec!r} is for a single number: this array has the shape {self.shape}.")
        return Array.__format__(self, spec)


def _shared(x: NDArray, kind: type[NDArray]) -> NDArray:
    """An array of another kind that shares content and history with `x`."""
    return dressed(share(x, array_of(x.data, x._node), None, follows=True, keep=True), kind)


def refuse_sparse(stype: str | None) -> None:
    """Refuse storage types other than the dense one."""
    if stype not in (None, "default"):
        raise MXNetError(f"sparse arrays ({stype!r}) are not provided: use dense ones.")


def complete(kind: type[NDArray]) -> None:
    """Make a class a kind of arrays, and the class of its views, which look the same."""
    contents = {"__slots__": (), "__doc__": kind.__doc__, "__module__": kind.__module__}
    kind._kind, kind._view_kind = kind, Kind(kind.__name__, (kind, Follower), contents)  # type: ignore[assignment]  # it is one of arrays


complete(NDArray)
complete(ndarray)
