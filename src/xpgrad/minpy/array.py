"""MinPy's arrays: NumPy's looks, and a class of their own for numbers."""

from __future__ import annotations

from xpgrad.mxnet.arrays import complete, ndarray


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
        return repr(self.item())

    __str__ = __repr__


complete(Array)
complete(Number)
