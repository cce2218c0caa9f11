"""Indexing, writing in place, and views, on every backend as in NumPy.

A write changes the Array for all who hold it. The result of a basic index is a view: a write to it shows in the array
it came from, and the other way round. This works through a base, a key and a version number, not through shared
memory, so it also works where the library has none. While recording, a write is recorded like any other operation.
Memory that something else can still see, a kept residual say, is never written: the Array moves to a copy first.
An array whose axes are permuted is a view, too, and so is one of another shape where the library shares its memory, as
code written for NumPy expects.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from math import inf, nextafter
from numbers import Integral
from sys import getrefcount
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from xpgrad.array import Array, Follower, array_of
from xpgrad.discovery import backend_of, floating, rank
from xpgrad.errors import InPlaceError, LeafWriteError
from xpgrad.general import general, leading_array, leading_parameter, new_node
from xpgrad.node import Node, is_leaf, move_variable, next_order
from xpgrad.operands import SCALARS, operand
from xpgrad.plan import device_of, shape_of
from xpgrad.primitive import Primitive
from xpgrad.rules.indexing import GETITEM, SETITEM
from xpgrad.rules.manipulation import PERMUTE, RESHAPE, inverse
from xpgrad.scope import is_recording


class Turn(NamedTuple):
    """The key of a view whose axes are those of its base in another order."""

    axes: tuple[int, ...]

    def of(self, a: Any) -> Any:
        """The raw array with its axes in this order."""
        return backend_of(a).function("permute_dims")(a, self.axes)

    def back(self) -> Turn:
        """The key that undoes this one."""
        return Turn(inverse(self.axes))  # type: ignore[no-untyped-call]  # a helper of the rules

    def call(self) -> tuple[Primitive, dict[str, Any]]:
        """The primitive that does this, and its parameters."""
        return PERMUTE, {"axes": self.axes}


class Reshape(NamedTuple):
    """The key of a view whose elements are those of its base in another shape."""

    shape: tuple[int, ...]
    before: tuple[int, ...]

    def of(self, a: Any) -> Any:
        """The raw array in this shape."""
        return backend_of(a).function("reshape")(a, self.shape)

    def back(self) -> Reshape:
        """The key that undoes this one."""
        return Reshape(self.before, self.shape)

    def call(self) -> tuple[Primitive, dict[str, Any]]:
        """The primitive that does this, and its parameters."""
        return RESHAPE, {"shape": self.shape}


_dating = Lock()


class Version:
    """Counts the writes to an array and to everything that shares its content, and tells of memory that is lent.

    Attributes
    ----------
    count : int
        The number of writes.
    order : int or float
        That of the node that last brought a follower up to date with the last write.
    loan : View or None
        Who has the memory that is lent.
    marked : mapping
        Those of these arrays that a gradient is wanted of, by identity: an Array equals no other as a whole.
    """

    __slots__ = ("count", "loan", "marked", "order")

    def __init__(self) -> None:
        self.count = 0
        self.order: float = inf
        self.loan: View | None = None
        self.marked: WeakValueDictionary[int, Array] | None = None

    def mark(self, array: Array) -> None:
        """Note that a gradient is wanted of an array."""
        if self.marked is None:
            self.marked = WeakValueDictionary()
        self.marked[id(array)] = array

    def written(self) -> None:
        """After a recorded write the gradient that was asked for of a view is that of its new content."""
        self.order = next_order()
        if self.marked is not None:
            for array in self.marked.values():
                if (view := view_of(array)) is not None:
                    view.refresh(array)

    def date(self, node: Node) -> None:
        """Order the node of a follower as if it had been recorded at the time of the write that it follows.

        When the follower is first looked at must not decide on which side of the border of a transform it lies.
        """
        with _dating:
            order = nextafter(self.order, -inf)
            # Not where another node may have that order: before any write, and after a great many followers.
            if not order.is_integer() and all(parent.order > order for parent in node.parents):
                node.order = self.order = order


class View:
    """How an array follows its base.

    A view by index keeps its base alive and takes over its history; the result of `detach` does neither.
    """

    __slots__ = ("base", "follows", "keep", "key", "seen", "version")

    def __init__(self, base: Array, key: Any, follows: bool, keep: bool) -> None:
        self.base = weakref.ref(base)
        self.keep = base if keep else None
        self.key = key
        self.follows = follows
        self.version = version_of(base)
        self.seen = self.version.count

    def refresh(self, array: Array) -> None:
        """Bring `array` up to date with the writes to what it shares content with."""
        if self.version.loan is not None:
            self.version.loan.refresh(array)
        count = self.version.count
        if self.seen == count:
            return
        stale = []
        current: Any = array
        while (view := view_of(current)) is not None and view.seen != count:
            stale.append(current)
            current = view.base()
        for follower in reversed(stale):
            view = follower._view
            base = view.base()
            if base is None:  # what a detached array came from is gone, and with it whoever could write to it
                follower.__class__ = follower._kind
                continue
            follower._seen_data = _index(base._seen_data, view.key)
            if view.follows and not is_leaf(follower._seen_node):
                _follow(follower, base, view)
            view.seen = count  # last, so that no other thread takes the old content for the new


def _follow(follower: Array, base: Array, view: View) -> None:
    """Give an array the history of the one that it follows."""
    old, node = follower._seen_node, base._seen_node
    if node is not None and view.key is not None:
        if old is not None and old.source is node:
            return  # the write was not recorded
        node = _getitem_node(base, view.key)
        view.version.date(node)
    if node is not old:
        move_variable(old, node)
        follower._seen_node = node


def view_of(x: Any) -> View | None:
    """How an array follows another, None where it does not."""
    return x._view if x.__class__ is not Array and isinstance(x, Follower) else None


def version_of(array: Array) -> Version:
    """The version that an array shares with its views, made when it is first asked for."""
    version: Version | None = getattr(array, "_writes", None)
    if version is None:
        array._writes = version = Version()
        if is_leaf(array._seen_node):
            version.mark(array)
    return version


def share(array: Array, out: Array, key: Any, follows: bool, keep: bool) -> Array:
    """Make `out` follow `array`."""
    out.__class__ = Follower
    out._view = View(array, key, follows, keep)
    out._writes = out._view.version
    return out


def turned(x: Array, axes: Sequence[int]) -> Array:
    """The array with its axes in another order, as a view."""
    out: Array = _permute(x, axes=tuple(axes))
    key = Turn(tuple(axis % x.ndim for axis in axes))
    return share(x, out, key, follows=x._node is None or out._node is not None, keep=True)


def getitem(self: Array, key: Any, /) -> Array:
    """``x[key]``; a basic key (integers, slices, None, Ellipsis) gives a view, arrays give a copy."""
    if key.__class__ is slice:  # most keys; to ask nothing of them saves a sixth
        out: Array = _getitem(self, key=key)
    else:
        key = raw_key(key)
        out = _getitem(self, key=key)
        whole = _is_basic(key) and (out._data.shape or key is Ellipsis or (isinstance(key, tuple) and Ellipsis in key))
        if not whole:
            return out  # as in NumPy: a full set of integers, or an array, picks values instead of viewing them
    return share(self, out, key, follows=self._seen_node is None or out._node is not None, keep=True)


def reshaped(x: Array, out: Array) -> Array:
    """What a change of shape has made of an array; a view where both raw arrays share memory."""
    if out is x or _owner(out._data) is not _owner(x._data):
        return out
    key = Reshape(tuple(out.shape), tuple(x.shape))
    return share(x, out, key, follows=x._node is None or out._node is not None, keep=True)


def _owner(a: Any) -> Any:
    """The raw array whose memory it is; a new object where a library does not tell, or cannot share."""
    for name in ("base", "_base"):  # NumPy's, and PyTorch's
        if hasattr(a, name):
            base = getattr(a, name)
            return a if base is None else base
    return object()


def viewed(x: Array, key: Any) -> Array:
    """The view of an array that a view of another one of its form has the key of."""
    if not isinstance(key, Turn | Reshape):
        return getitem(x, key)
    return turned(x, key.axes) if isinstance(key, Turn) else reshaped(x, _reshape(x, key.shape))


def setitem(self: Array, key: Any, value: Any, /) -> None:
    """``x[key] = value``, recorded if `x` or `value` is tracked.

    Raises
    ------
    LeafWriteError
        If this would change a variable while recording.
    """
    key = raw_key(key)
    view = view_of(value)
    if view is not None and view.keep is self and _is_basic(key) and view.key == key:
        return  # the second half of `x[key] += y`: the view has written through already
    if value.__class__ is list or value.__class__ is tuple:
        value = self.__array_namespace__().asarray(value, dtype=self.dtype)
    if is_recording():
        _refuse_leaf(self)
    elif _replaces(key, value, self):
        assign(self, value)
        return
    data, node = operand(value)
    if (following := view_of(self)) is not None:
        following.refresh(self)
    _publish(self, *_put(self, key, data, node))


_ALL = slice(None)


def _replaces(key: Any, value: Any, array: Array) -> bool:
    """Whether ``array[:] = value`` may take over the content of value: a third of the time of a copy."""
    if value.__class__ is not Array or key.__class__ is not slice or key != _ALL:
        return False
    old, new = array._data, value._data
    alike = new.__class__ is old.__class__ and new.shape == old.shape and new.dtype == old.dtype
    return alike and device_of(new) == device_of(old) and backend_of(new).owned(new)


def assign(self: Array, new: Array) -> Array:
    """Give an array the content and, while recording, the history of another of the same shape.

    Raises
    ------
    LeafWriteError
        If this would change a variable while recording.
    InPlaceError
        If the shapes differ, or the dtype would change its kind.
    """
    recording = is_recording()
    if recording:
        _refuse_leaf(self)
    # Classes and shapes are compared before anything is called: a tenth of an assignment.
    if self.__class__ is not Array and (following := view_of(self)) is not None:
        following.refresh(self)
    old, data = self._seen_data, new._data
    if data.shape != old.shape and shape_of(data) != old.shape:
        raise InPlaceError(f"shape {self.shape}", f"shape {new.shape}")
    if data.dtype is not old.dtype and data.dtype != old.dtype:
        isdtype = backend_of(old).function("isdtype")
        if rank(isdtype, data.dtype) > rank(isdtype, old.dtype):
            raise InPlaceError(f"dtype {self.dtype}", f"dtype {new.dtype}")
        new = new.__array_namespace__().astype(new, self.dtype)
    _publish(self, new._data, new._node if recording else self._seen_node)
    return self


def set_content(self: Array, data: Any) -> None:
    """Give an array another content of the same form, unrecorded; its history stays."""
    if self.__class__ is not Array and (following := view_of(self)) is not None:
        following.refresh(self)
    _publish(self, data, self._seen_node)


def compute_chunk_sizes(self: Array) -> Array:
    """Compute the lengths of blocks that are not known, as after a mask; the array knows them from then on.

    Returns
    -------
    Array
        This array. What was recorded of it stays differentiable.

    Raises
    ------
    AttributeError
        If its library knows no such blocks.
    """
    known = self.__array_namespace__().compute_chunk_sizes(self)
    self._data = known._data
    if known._node is not None and not is_leaf(self._node):
        self._node = known._node
    if self.grad is not None:
        compute_chunk_sizes(self.grad)
    return self


def raw_key(key: Any) -> Any:
    """A key with raw arrays in place of Arrays; never None, which as the key of a view means the whole array."""
    if key is None:
        return (None,)
    if isinstance(key, tuple):
        return tuple(part.data if isinstance(part, Array) else part for part in key)
    return key.data if isinstance(key, Array) else key


_BASIC = (slice, Integral)  # a union would be made anew by every call


def _is_basic(key: Any) -> bool:
    """Whether a key is made of integers, slices, None and Ellipsis only."""
    if isinstance(key, tuple):
        return all(map(_is_basic, key))
    return key is None or key is Ellipsis or (isinstance(key, _BASIC) and not isinstance(key, bool))


def _index(a: Any, key: Any) -> Any:
    if isinstance(key, Turn | Reshape):
        return key.of(a)
    return a if key is None else backend_of(a).asarray(a[key])


def _getitem_node(base: Array, key: Any) -> Any:
    """The history of ``base[key]``, recorded whatever the scope: the write that it follows was recorded."""
    out = _index(base._seen_data, key)
    primitive, parameters = key.call() if isinstance(key, Turn | Reshape) else (GETITEM, {"key": key})
    return new_node(primitive, (0,), (base._seen_data,), (base._seen_node,), parameters, out, shape_of(out))


def _refuse_leaf(array: Array) -> None:
    """A variable is not written to while recording, nor is anything that shares its content."""
    if is_leaf(array._seen_node):
        raise LeafWriteError
    version = getattr(array, "_writes", None)
    if version is not None and version.marked and any(is_leaf(x._seen_node) for x in version.marked.values()):
        raise LeafWriteError


def _put(array: Array, key: Any, value: Any, value_node: Any) -> tuple[Any, Any]:
    """The content and the history of `array` after writing a raw value at `key`."""
    old = array._seen_data
    node = array._seen_node
    leading = _leading(old, key, value)
    if is_recording() and not (node is None and value_node is None) and floating(old):
        nodes = (node, value_node)
        tracked = tuple(i for i, n in enumerate(nodes) if n is not None)
        node = new_node(SETITEM, tracked, (old, value), nodes, {"key": key}, None, shape_of(old))
    if leading is not old:  # what is yet to be computed makes lazy what it is written into
        return backend_of(leading).write(old, key, value), node
    del old, leading
    return backend_of(array._seen_data).write(_writable(array), key, value), node


_IN_MEMORY = frozenset((slice, int, type(...)))  # most keys


def _leading(old: Any, key: Any, value: Any) -> Any:
    """The raw array whose library writes."""
    if value.__class__ is not old.__class__ and value.__class__ not in SCALARS:
        old = leading_array(old, value)
    return old if key.__class__ in _IN_MEMORY else leading_parameter((key,), old)


def writable(array: Array) -> Any:
    """The raw content of an array, copied if anything else can still see that memory."""
    if (following := view_of(array)) is not None:
        following.refresh(array)
    return _writable(array)


def _writable(array: Array) -> Any:
    backend = backend_of(array._seen_data)
    sole = references(array) == SOLE and backend.owned(array._seen_data)
    return array._seen_data if sole else backend.copy(array._seen_data)


def _publish(array: Array, data: Any, node: Any) -> None:
    """Store new content, and write it through to everything that `array` is a view of."""
    version = getattr(array, "_writes", None)
    if version is None and node is array._seen_node:  # most updates of variables; saves a quarter of one
        array._seen_data = data
        return
    if version is not None:
        version.count += 1
    while True:
        array._seen_data = data
        if node is not array._seen_node:
            move_variable(array._seen_node, node)
            array._seen_node = node
        if version is None or (view := view_of(array)) is None or (base := view.base()) is None:
            break
        view.seen = version.count
        if view.key is None:
            node = base._seen_node
        elif isinstance(view.key, Turn | Reshape):
            back = view.key.back()
            if not is_recording():
                node = base._seen_node
            elif node is not None:
                node = _getitem_node(array_of(data, node), back)
            data = _index(data, back)
        else:
            array._seen_data = None  # lets the base be written in place if nothing else refers to its memory
            written, node = _put(base, view.key, data, node)
            array._seen_data = data
            data = written
        array = base
    if version is not None and node is not None:
        version.written()
    if version is not None and version.loan is not None:  # whoever has the memory has that of the old content
        version.loan.end(array)


def references(array: Array) -> int:
    """How many references there are to the raw array of an Array, the Array's own and those of this call included."""
    return getrefcount(array._seen_data)


SOLE = references(array_of(object()))
_getitem = general(GETITEM)
_permute = general(PERMUTE)
_reshape = general(RESHAPE)
