"""Memory that NumPy is given of an Array: ``numpy.asarray(x)``, and what other libraries ask of NumPy.

What compiled code writes there is to show in the Array, and is never to change what a record has kept. So memory that
can be written to is lent only where nothing else sees it and no history is at stake; otherwise it can only be read,
and a write is refused. When an array is recorded whose memory is lent, or written to, it moves to a copy, and what was
lent can only be read from then on.
"""

from __future__ import annotations

from itertools import count
from sys import getrefcount
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from xpgrad.array import Array, Follower, array_of
from xpgrad.discovery import backend_of, get_named
from xpgrad.errors import HistoryLostError
from xpgrad.inplace import SOLE, View, references, version_of, view_of
from xpgrad.node import next_order
from xpgrad.scope import is_recording


class Loan(View):
    """How an array whose memory is lent follows its own content: before it is recorded it moves to a copy."""

    __slots__ = ("lent", "recorded")

    def __init__(self, array: Array) -> None:
        self.base = lambda: None  # type: ignore[assignment]  # as the weak reference of a view whose base is gone
        self.keep = self.key = None
        self.follows = False
        self.version = version_of(array)
        self.seen = self.version.count
        self.version.loan = self
        self.lent: WeakValueDictionary[int, Any] = WeakValueDictionary()  # by identity: NumPy's arrays have no hash
        self.recorded = _recorded()

    def refresh(self, array: Array) -> None:
        """End the loan where nobody has the memory any more, or where something is about to be recorded."""
        alive = list(self.lent.values())
        if alive and not is_recording():
            return
        root = self.end(array)
        if alive:
            root._seen_data = backend_of(root._seen_data).copy(root._seen_data)
            self.version.count += 1

    def end(self, array: Array) -> Array:
        """Let what was lent be read only; return the array that lent it."""
        root = _bases(array)[-1]
        for memory in self.lent.values():
            memory.flags.writeable = False
        self.version.loan = None
        root.__class__ = Array
        return root

    def unseen(self) -> bool:
        """Whether nothing was written or recorded since this was last asked: nobody else has come to see the memory."""
        before, now = (self.recorded, self.seen), (_recorded(), self.version.count)
        self.recorded, self.seen = now
        return now == before


_asked = count(0, -1).__next__  # as `next_order` counts
_asking = Lock()


def _recorded() -> int:
    """A number that changes with every node."""
    with _asking:
        return next_order() - _asked()


def memory(array: Array, dtype: Any = None, copy: bool | None = None) -> Any:
    """What NumPy is given as the memory of an array (``__array__``).

    Raises
    ------
    HistoryLostError
        If the array is being recorded.
    ValueError
        If `copy` is False where only a copy can be had.
    """
    if array._node is not None and is_recording():
        raise HistoryLostError("converting to a NumPy array")
    if array.__class__ not in (Array, Follower) or backend_of(array.data) is not get_named("numpy"):
        if copy is False:
            raise ValueError("NumPy can only have a copy of this array: leave copy=False out, or convert x.data.")
        values = array.asnumpy()
        if not copy and array.__class__ in (Array, Follower):
            values.flags.writeable = False
    elif copy or dtype not in (None, array.dtype):
        values = array.asnumpy()
    else:
        values = _lent(array)
    return values if dtype in (None, values.dtype) else values.astype(dtype)


def _lent(array: Array) -> Any:
    """The memory itself; to be only read where a record, or anything but the array and its bases, may see it."""
    host, chain = get_named("numpy"), _bases(array)
    root = chain[-1]
    loan: Any = version_of(root).loan
    free = not is_recording() and all(x._seen_node is None and x.__class__ in (Array, Follower) for x in chain)
    if not (free and array._seen_data.flags.writeable and ((loan is not None and loan.unseen()) or _alone(chain))):
        values = host.asarray(array._seen_data)[...]
        values.flags.writeable = False
        return values
    if loan is None:
        loan = root._view = Loan(root)
        root.__class__ = Follower
    values = host.asarray(memoryview(array._seen_data))
    loan.lent[id(values)] = values
    return values


def _bases(array: Array) -> list[Array]:
    """An array, what it is a view of, and so on."""
    chain = [array]
    while (view := view_of(chain[-1])) is not None and (base := view.base()) is not None:
        chain.append(base)
    return chain


def _owner(a: Any) -> Any:
    return a if a.base is None else a.base


def _references(chain: list[Array]) -> int:
    """How many references there are to what the memory of the last of some arrays belongs to."""
    owner = _owner(chain[-1]._seen_data)
    return getrefcount(owner)


def _alone(chain: list[Array]) -> bool:
    """Whether nothing refers to the memory but these arrays, of which each is a view of the next."""
    data = chain[-1]._seen_data
    owner = _owner(data)
    seen = all(x._seen_data is owner or (x._seen_data.base is owner and references(x) == SOLE) for x in chain)
    if not seen or owner.__class__ is not data.__class__:
        return False
    del data, owner
    return _references(chain) == _WITHOUT_ARRAYS + len(chain)


class _Nothing:
    base = None


#: How many references `_references` counts besides those of the arrays.
_WITHOUT_ARRAYS = _references([array_of(_Nothing())]) - 1
