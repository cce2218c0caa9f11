"""Array's part in Dask's collection protocol: whatever Dask asks of an Array, the raw array answers.

So ``dask.compute(loss, w.grad)`` and its like take Arrays for what they hold: one graph, in which what two of them
share is computed once. An Array that holds no Dask array is no collection; of the protocol it has nothing but the
method that says so. Nothing here knows Dask.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from xpgrad.errors import HistoryLostError
from xpgrad.scope import is_recording


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
        """An Array of the same content, computed and kept where it was computed, without its history.

        Parameters
        ----------
        **options
            Those of ``dask.persist``.
        """
        data = self.data.persist(**options) if self.__dask_graph__() is not None else self.data
        return self._kind._around(data)  # type: ignore[no-any-return]  # declared as any

    @property
    def to_dask_array(self) -> Callable[[], Any]:
        """What Dask's own functions ask arrays for that are not Dask's: the raw array, if it is lazy.

        Raises
        ------
        HistoryLostError
            If the Array is being recorded: these functions are not.
        """
        # A property, because Dask asks whether there is one, and takes another way if not.
        if self._node is not None and is_recording():
            raise HistoryLostError("a function of the lazy library itself, instead of the namespace's,")
        if self.__dask_graph__() is None:
            raise AttributeError("to_dask_array")
        return lambda: self.data

    if TYPE_CHECKING or sys.version_info < (3, 12):

        @property
        def chunks(self) -> Any:
            """The lengths of the blocks along each axis; AttributeError where the raw array has none."""
            return self.data.chunks

    else:
        # Since Python 3.12 isinstance(x, protocol), with which xarray asks for blocks, takes any property of the class
        # for an attribute of x, even one that raises. Until 3.11 it did not, and __getattr__ would slow each
        # operation down by a quarter there.
        def __getattr__(self, name: str) -> Any:
            # What is missing otherwise says so in the words of its property, or Python's.
            return self.data.chunks if name == "chunks" else object.__getattribute__(self, name)

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
        return self.data.__dask_tokenize__

    # Runs where the graph ran, so it must not bring the history along: the raw array's own.
    def __dask_postcompute__(self) -> Any:
        return self.data.__dask_postcompute__()

    def __dask_postpersist__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        rebuild, arguments = self.data.__dask_postpersist__()
        return _rebuild, (self._kind._around, rebuild, *arguments)


def _rebuild(
    graph: Any, around: Callable[[Any], Any], rebuild: Callable[..., Any], *arguments: Any, **options: Any
) -> Any:
    """The Array around a persisted raw array."""
    return around(rebuild(graph, *arguments, **options))
