"""Ways out of the recorded world: Python numbers, NumPy, DLPack, pickles.

What leaves has no history. A conversion that NumPy or another library makes without being asked refuses to drop the
history of an array that is being recorded; one that the user asks for by name works.
"""

from __future__ import annotations

import operator
import sys
import warnings
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, SupportsIndex

from xpgrad.discovery import backend_of, get_named
from xpgrad.errors import DLPackHistoryLostError, GradientLostWarning, HistoryLostError
from xpgrad.scope import is_recording

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy

#: File and line of the last place where a recorded array became a Python number.
last_exit: ContextVar[str | None] = ContextVar("xpgrad_last_exit", default=None)


class Exits:
    """Base of Array that holds nothing."""

    __slots__ = ()

    data: Any
    _data: Any
    _node: Any
    _around: Callable[[Any], Any]

    def asnumpy(self) -> numpy.ndarray[Any, Any]:
        """A NumPy copy of the values, without their history; computes and transfers where needed."""
        return get_named("numpy").copy(backend_of(self.data).to_numpy(self._data))

    def item(self) -> bool | int | float | complex:
        """The only element as a Python number, without its history.

        Raises
        ------
        ValueError
            If the array does not have exactly one element.
        """
        return self.asnumpy().item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers, without their history."""
        return self.asnumpy().tolist()

    def __bool__(self) -> bool:
        return bool(self.data)

    def __int__(self) -> int:
        return int(self.data)

    def __index__(self) -> int:
        x = self.data
        if not hasattr(x, "__index__"):  # not every library's arrays have the method
            x = self.item()
        return operator.index(x)

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
        caller = sys._getframe(2)
        last_exit.set(f"{caller.f_code.co_filename}:{caller.f_lineno}")
        warnings.warn(
            f"{what} of a recorded array drops its history: no gradient flows through the number. Keep the array, "
            "or use x.detach() to say that this is meant.",
            GradientLostWarning,
            stacklevel=3,
        )

    @property
    def _mask(self) -> Any:
        """What numpy.ma asks of an array, in which it takes `_data` for memory of its own kind."""
        if self._node is not None and is_recording():
            raise HistoryLostError("numpy.ma, which knows no Arrays,")
        raise AttributeError("an Array has no mask.")

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[Any, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        if self._node is not None and is_recording():
            raise DLPackHistoryLostError
        options = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        return self.data.__dlpack__(**{name: value for name, value in options.items() if value is not None})

    def __dlpack_device__(self) -> Any:
        return self._data.__dlpack_device__()

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        if self._node is not None and is_recording():
            raise HistoryLostError("pickling, which is also how other processes are given arrays,")
        return super().__reduce_ex__(protocol)

    def __copy__(self) -> Any:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: Any) -> Any:
        if self._node is not None and is_recording():
            return self.copy()  # type: ignore[attr-defined]  # attached to Array: a copy that keeps the history
        return self._around(backend_of(self.data).copy(self._data))
