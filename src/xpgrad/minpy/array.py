"""MinPy's arrays: NumPy's looks, and a class of their own for numbers."""

from __future__ import annotations

from typing import Any

from xpgrad.mxnet.arrays import complete, dressed, ndarray


class Array(ndarray):
    """An array; made by the functions of `xpgrad.minpy.numpy`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(self.asnumpy())

    def __str__(self) -> str:
        return str(self.asnumpy())


class Number(Array):
    """A number that can be differentiated; what a gradient by a Python number is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return Array.__repr__(self) if self.shape else repr(self.item())

    def __str__(self) -> str:
        return Array.__str__(self) if self.shape else repr(self)


def _getitem(self: Array, key: Any) -> Any:
    out = ndarray.__getitem__(self, key)
    return out if out.shape else dressed(out, Number)


complete(Array)
complete(Number)
Array.__getitem__ = _getitem  # type: ignore[assignment]  # a single element is a number
