"""The NumPy backend: the array API standard as array-api-compat completes it, and NumPy's own scatter-add."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy

try:  # the C function behind numpy.count_nonzero; this test runs for almost every recorded operation
    from numpy._core.multiarray import count_nonzero
except ImportError:
    from numpy import count_nonzero

from xpgrad.backend import Backend


class NumpyBackend(Backend):
    name = "numpy"
    library = "numpy"
    install = "pip install numpy"
    namespace_module = "array_api_compat.numpy"
    array_types = ("numpy.ndarray", "numpy.generic")

    @property
    def functions(self) -> dict[str, Any]:
        return {"getitem": getitem, "scatter": scatter}

    def asarray(self, x: Any) -> Any:
        return numpy.asarray(x)

    def is_scalar(self, x: Any) -> bool:
        return isinstance(x, numpy.generic)

    def copy(self, x: Any) -> Any:
        if not isinstance(x, numpy.ndarray) and hasattr(x, "__dlpack__"):
            return numpy.from_dlpack(x, device="cpu", copy=True)  # reads what another library's device holds, too
        return numpy.array(x)

    def full(self, shape: tuple[int, ...], value: complex, like: Any) -> Any:
        return numpy.full(shape, value, dtype=like.dtype)

    def owned(self, x: Any) -> bool:
        return bool(x.flags.owndata and x.flags.writeable)

    def may_hold_zero(self, x: Any) -> bool:
        return count_nonzero(x) != x.size  # type: ignore[no-any-return]  # bool() costs time on every operation

    def all_finite(self, x: Any) -> bool:
        return bool(numpy.isfinite(numpy.add.reduce(x, axis=None)))  # an overflow is only a false alarm

    def silent(self) -> AbstractContextManager[Any]:
        return numpy.errstate(all="ignore")


def scatter(values: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape with the values added at key; repeated indices add up."""
    out = numpy.zeros(shape, dtype=values.dtype)
    if any(map(_may_repeat, key if isinstance(key, tuple) else (key,))):
        numpy.add.at(out, key, values)
    else:  # twenty times faster for slices
        out[key] = values
    return out


def _may_repeat(part: Any) -> bool:
    """Whether a part of a key is a list or an array of integers, which may name a place more than once."""
    return isinstance(part, list) or (isinstance(part, numpy.ndarray) and part.dtype != numpy.bool)


def getitem(x: Any, key: Any) -> Any:
    """NumPy takes every key as it is."""
    return x[key]


backend = NumpyBackend()
