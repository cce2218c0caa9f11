"""mx.gluon.data.batchify: how samples become a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xpgrad.mxnet.arrays import NDArray, current_kind, dressed, plain
from xpgrad.mxnet.base import lacking, numpys
from xpgrad.mxnet.ops.arrays import namespace
from xpgrad.mxnet.ops.creation import array


def stacked(samples: Sequence[Any]) -> Any:
    """Samples along a new first axis; those of several parts part by part."""
    first = samples[0]
    if isinstance(first, NDArray):
        arrays = plain(list(samples))
        return dressed(namespace(arrays[0]).stack(arrays), first._kind)
    if isinstance(first, tuple | list):
        return [stacked(part) for part in zip(*samples, strict=True)]
    values = numpys("asarray")(samples)
    return dressed(array(values, values.dtype), current_kind())


class Stack:
    """Samples of one shape along a new first axis."""

    def __call__(self, data: Sequence[Any]) -> Any:
        """Make a batch of a list of samples."""
        return stacked(data)


class Pad:
    """Samples made equally long at their ends, then along a new first axis.

    Parameters
    ----------
    val : float
        What they are filled up with.
    dtype : optional
        That of the batch.
    round_to : int, optional
        Make lengths a multiple of this.
    """

    def __init__(self, val: float = 0, dtype: Any = None, round_to: int | None = None, **unused: Any) -> None:
        self._val = val
        self._dtype = dtype
        self._round_to = round_to

    def __call__(self, data: Sequence[Any]) -> Any:
        """Make a batch of a list of samples."""
        values = [x.asnumpy() if isinstance(x, NDArray) else numpys("asarray")(x) for x in data]
        step = self._round_to or 1
        shape = [-(-max(lengths) // step) * step for lengths in zip(*(x.shape for x in values), strict=True)]
        widths = [[(0, n - m) for n, m in zip(shape, x.shape, strict=True)] for x in values]
        padded = [numpys("pad")(x, w, constant_values=self._val) for x, w in zip(values, widths, strict=True)]
        batch = numpys("stack")(padded)
        return dressed(array(batch, self._dtype or batch.dtype), current_kind())


class Group:
    """A function for each part of the samples."""

    def __init__(self, fn: Any, *args: Callable[..., Any]) -> None:
        self._functions = [*fn] if isinstance(fn, list | tuple) else [fn, *args]

    def __call__(self, data: Sequence[Any]) -> Any:
        """Make a batch of a list of samples."""
        parts = zip(*data, strict=True)
        return tuple(make(list(part)) for make, part in zip(self._functions, parts, strict=True))


class AsList:
    """The samples as they are, in a list."""

    def __call__(self, data: Sequence[Any]) -> Any:
        """Make a batch of a list of samples."""
        return list(data)


__getattr__ = lacking("mx.gluon.data.batchify", globals())
