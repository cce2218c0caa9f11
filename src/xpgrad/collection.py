"""Array's part in Dask's collection protocol: whatever Dask asks of an Array, the raw array answers.

So ``dask.compute(loss, w.grad)`` and its like take Arrays for what they hold: one graph, in which what two of them
share is computed once. An Array that holds no Dask array is no collection; of the protocol it has nothing but the
method that says so. Nothing here knows Dask.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from xpgrad.errors import HistoryLostError
from xpgrad.scope import is_recording

_FOREIGN = "a function of the lazy library itself, instead of the namespace's,"


class Collection:
    """Base of Array that holds nothing."""

    __slots__ = ()

    data: Any
    _node: Any
    _kind: ClassVar[Any]

    def compute(self, **options: Any) -> Any:
        """The values, in the library that the blocks are made of, without their history.

        Parameters
        ----------
        **options
            Those of ``dask.compute``: ``scheduler``, ``num_workers``, …

        Returns
        -------
        array
            A raw array; if nothing was lazy, the one that this Array holds.
        """
        return self.data.compute(**options) if self.__dask_graph__() is not None else self.data

    def persist(self, **options: Any) -> Self:
        """An Array of the same content, computed and kept where it was computed; recorded, with its history.

        Parameters
        ----------
        **options
            Those of ``dask.persist``.
        """
        return self._with(self.data.persist(**options) if self.__dask_graph__() is not None else self.data)

    def _with(self, data: Any) -> Self:
        """An Array of the same content in another form."""
        if not self._recorded:
            return self._kind._around(data)
        out: Any = self.copy()  # type: ignore[attr-defined]  # attached to Array: a copy that keeps the history
        out._data = data
        return out

    @property
    def _recorded(self) -> bool:
        return self._node is not None and is_recording()

    @property
    def to_dask_array(self) -> Callable[[], Any]:
        """What Dask's own functions ask arrays for that are not Dask's: the raw array, if it is lazy.

        Raises
        ------
        HistoryLostError
            If the Array is being recorded: these functions are not.
        """
        # A property, because Dask asks whether there is one, and takes another way if not.
        if self._recorded:
            raise HistoryLostError(_FOREIGN)
        if self.__dask_graph__() is None:
            raise AttributeError("to_dask_array")
        return lambda: self.data

    if TYPE_CHECKING or sys.version_info < (3, 12):

        @property
        def chunks(self) -> Any:
            """The lengths of the blocks along each axis; AttributeError where the raw array has none."""
            return self.data.chunks

        @property
        def rechunk(self) -> Callable[..., Self]:
            """The namespace's function, with this array first; AttributeError where the raw array has no blocks."""
            return _rechunk(self)

    else:
        # Since Python 3.12 isinstance(x, protocol), with which xarray asks for blocks, takes any property of the class
        # for an attribute of x, even one that raises. Until 3.11 it did not, and __getattr__ would slow each
        # operation down by a quarter there.
        def __getattr__(self, name: str) -> Any:
            if name == "chunks":
                return self.data.chunks
            # What is missing otherwise says so in the words of its property, or Python's.
            return _rechunk(self) if name == "rechunk" else object.__getattribute__(self, name)

    def __dask_graph__(self) -> Any:
        asked = getattr(self.data, "__dask_graph__", None)
        return None if asked is None else asked()

    def __dask_keys__(self) -> Any:
        return self.data.__dask_keys__()

    def __dask_layers__(self) -> Any:
        return self.data.__dask_layers__()

    # The very objects of the raw array's class: Dask optimizes together what names the same function.
    @property
    def __dask_optimize__(self) -> Any:
        return self.data.__dask_optimize__

    @property
    def __dask_scheduler__(self) -> Any:
        return self.data.__dask_scheduler__

    @property
    def __dask_tokenize__(self) -> Any:
        # Of what is no collection Dask wants a token when one of its functions takes it for a constant.
        if self._recorded and (self.__dask_graph__() is None or self._taken_for_constant()):
            raise HistoryLostError(_FOREIGN)
        return self.data.__dask_tokenize__

    # Runs where the graph ran, so it must not bring the history along: the raw array's own.
    def __dask_postcompute__(self) -> Any:
        if self._recorded and self._taken_for_constant():
            raise HistoryLostError(_FOREIGN)
        return self.data.__dask_postcompute__()

    def _taken_for_constant(self) -> bool:
        """Whether a function of the lazy library asks for a task of the values, and not for the values."""
        library = type(self.data).__module__.partition(".")[0]
        frame = sys._getframe(2)
        while frame is not None and (module := frame.f_globals.get("__name__", "")).startswith(f"{library}."):
            if module.endswith(".delayed") or frame.f_code.co_name == "from_array":
                return True
            frame = frame.f_back  # type: ignore[assignment]  # None at the end
        return False

    def __dask_postpersist__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        rebuild, arguments = self.data.__dask_postpersist__()
        return _rebuild, (self._with, rebuild, *arguments)


def _rechunk(x: Any) -> Callable[..., Any]:
    """What xarray calls by this name of arrays that have blocks."""
    _ = x.data.chunks
    return partial(x.__array_namespace__().rechunk, x)


def _rebuild(
    graph: Any, around: Callable[[Any], Any], rebuild: Callable[..., Any], *arguments: Any, **options: Any
) -> Any:
    """The Array around a raw array that Dask persisted, optimized or cloned."""
    return around(rebuild(graph, *arguments, **options))
