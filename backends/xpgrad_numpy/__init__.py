"""The NumPy backend: the array API standard as array-api-compat completes it, and NumPy's own scatter-add."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from math import prod
from typing import Any

import numpy

try:  # the C function behind numpy.count_nonzero; this test runs for almost every recorded operation
    from numpy._core.multiarray import count_nonzero
except ImportError:
    from numpy import count_nonzero

try:  # what is behind numpy.errstate, which takes three times as long to make it anew for every walk back
    from numpy._core import umath

    _ERRORS: Any = umath._extobj_contextvar  # not NumPy's to promise
    _IGNORED: Any = umath._make_extobj(all="ignore")
except (ImportError, AttributeError):
    _ERRORS = None

from xpgrad.backend import Backend
from xpgrad_numpy.reductions import extremes, reduction, sum_of_rows
from xpgrad_numpy.strips import IN_PLACE_FROM, all_finite, overwritten


class NumpyBackend(Backend):
    name = "numpy"
    library = "numpy"
    install = "pip install numpy"
    namespace_module = "array_api_compat.numpy"
    array_types = ("numpy.ndarray", "numpy.generic")
    special = "scipy.special"
    in_place_from = IN_PLACE_FROM
    count_nonzero = staticmethod(count_nonzero)  # type: ignore[assignment]  # of its overloads that of one array

    @property
    def functions(self) -> dict[str, Any]:
        own = {"getitem": getitem, "product": product, "scatter": scatter, "share": share, "where": where}
        return own | _METHODS

    def function(self, name: str) -> Any:
        found = super().function(name)
        if name.startswith("special."):
            found = getattr(found, "__wrapped__", found)  # SciPy wraps its ufuncs where SCIPY_ARRAY_API is set
        return weak(found) if name.startswith("special.") and getattr(found, "nin", 1) > 1 else found

    def asarray(self, x: Any) -> Any:
        return numpy.asarray(x)

    def is_scalar(self, x: Any) -> bool:
        return isinstance(x, numpy.generic)

    def copy(self, x: Any) -> Any:
        if not isinstance(x, numpy.ndarray) and hasattr(x, "__dlpack__"):
            return numpy.from_dlpack(x, device="cpu", copy=True)  # reads what another library's device holds, too
        return numpy.array(x)

    def full(self, shape: tuple[int, ...], value: complex, like: Any) -> Any:
        if shape == ():
            return numpy.array(value, dtype=like.dtype)  # five times faster
        if value == 0:
            return numpy.zeros(shape, dtype=like.dtype)  # takes memory only where it is written to
        return numpy.full(shape, value, dtype=like.dtype)

    def owned(self, x: Any) -> bool:
        flags = x.flags
        return flags.owndata and flags.writeable

    def fit(self, g: Any, like: Any) -> Any:
        if g.shape == like.shape:
            return numpy.asarray(g)
        out = numpy.empty(like.shape, dtype=like.dtype)
        out[...] = g  # four times faster than broadcast_to
        return out

    def add(self, total: Any, x: Any) -> Any:
        try:
            return numpy.add(total, x, total)
        except ValueError:  # it is smaller than x
            return total + x

    def add_at(self, total: Any, key: Any, values: Any) -> bool:
        repeats = any(map(_may_repeat, key if isinstance(key, tuple) else (key,)))
        if repeats or total.dtype != values.dtype:
            return False
        total[key] += values
        return True

    def overwritten(
        self, g: Any, kept: Sequence[Any], factor: int | None, rule: Callable[[Any, Sequence[Any]], Any]
    ) -> Any:
        return overwritten(g, kept, factor, rule)

    def all_finite(self, x: Any) -> bool:
        return all_finite(x)

    def silent(self) -> AbstractContextManager[Any]:
        return Silence() if _ERRORS else numpy.errstate(all="ignore")


class Silence:
    """As ``numpy.errstate(all="ignore")``, made once."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _ERRORS.set(_IGNORED)

    def __exit__(self, *exception: object) -> None:
        _ERRORS.reset(self._token)


_OWN = (numpy.ndarray, numpy.generic, complex, float, int)


def weak(ufunc: Any) -> Any:
    """A ufunc of SciPy's that leaves a float32 array beside a Python number in float32, as those of NumPy do.

    Beside an integer that is to stay one, a degree say, SciPy computes in float64 only.
    """
    degrees = {i for loop in ufunc.types for i, kind in enumerate(loop.partition("->")[0]) if kind in "lpq"}

    def apply(*inputs: Any) -> Any:
        exact = any(i in degrees and isinstance(x, int) for i, x in enumerate(inputs))
        dtype = numpy.result_type(*inputs, *([numpy.float64] if exact else []))
        return ufunc(
            *(
                x
                if (i in degrees and isinstance(x, int)) or not isinstance(x, _OWN)  # others have their own way
                else numpy.asarray(x, dtype=None if hasattr(x, "dtype") and not exact else dtype)
                for i, x in enumerate(inputs)
            )
        )

    return apply


# Methods, where NumPy's functions of these names call them after a while; NumPy's, where others call those.
_METHODS = {
    "expand_dims": lambda x, axis=0: x[(..., None)] if axis == -1 else numpy.expand_dims(x, axis),
    "matmul": numpy.matmul,
    "matrix_transpose": lambda x: x.mT,
    "max": reduction(numpy.maximum, extremes(numpy.maximum)),
    "mean": lambda x, **options: x.mean(**options),
    "min": reduction(numpy.minimum, extremes(numpy.minimum)),
    "permute_dims": lambda x, axes: x.transpose(axes),
    "prod": reduction(numpy.multiply),
    "reshape": lambda x, shape, **options: x.reshape(shape, **options),
    "sum": reduction(numpy.add, sum_of_rows),
}


_MANY = 100_000  # from here on it pays to import SciPy
_LARGE = 1000  # from here on it pays to look at the numbers first
_COUNTABLE = (numpy.float64, numpy.float32, numpy.float16)  # what bincount can add up without losing digits


def scatter(values: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape with the values added at key; repeated indices add up."""
    if isinstance(key, numpy.ndarray) and key.dtype != numpy.bool and values.dtype in _COUNTABLE:
        return scatter_rows(values, key, shape)
    out = numpy.zeros(shape, dtype=values.dtype)
    if any(map(_may_repeat, key if isinstance(key, tuple) else (key,))):
        numpy.add.at(out, key, values)
    else:  # twenty times faster for slices
        out[key] = values
    return out


def scatter_rows(values: Any, rows: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape with values added at rows.

    Counting is three times faster than `numpy.add.at`, and SciPy's sparse product another four, once it is imported.
    """
    length = prod(shape[1:])
    if values.size > _MANY and find_spec("scipy"):
        sparse = import_module("scipy.sparse")
        flat, count = rows.reshape(-1) % shape[0], rows.size
        picks = sparse.csr_array((numpy.ones(count, values.dtype), flat, numpy.arange(count + 1)), (count, shape[0]))
        return (picks.T @ values.reshape(count, length)).reshape(shape)
    places = (rows.reshape(-1, 1) % max(shape[0], 1)) * length + numpy.arange(length)
    sums = numpy.bincount(places.reshape(-1), weights=numpy.ravel(values), minlength=prod(shape))
    return sums.reshape(shape).astype(values.dtype, copy=False)


def _may_repeat(part: Any) -> bool:
    """Whether a part of a key is a list or an array of integers, which may name a place more than once."""
    return isinstance(part, list) or (isinstance(part, numpy.ndarray) and part.dtype != numpy.bool)


def where(condition: Any, x1: Any, x2: Any) -> Any:
    """As NumPy's, which stumbles over branches: a choice between numbers and 0 is five times faster as a product."""
    large = x2.__class__ is float and x2 == 0.0 and getattr(x1, "size", 0) > _LARGE and x1.dtype.kind in "fc"
    return x1 * condition if large and all_finite(x1) else numpy.where(condition, x1, x2)


def share(x: Any, alone: Any, chosen: Any) -> Any:
    """As the rule's, in one array: halves are counted in bytes, and 0 of them make a 0 of any finite number."""
    halves = 0.5 * x
    if x.size > _LARGE and x.shape == alone.shape == chosen.shape and all_finite(x):
        halves *= alone.view(numpy.uint8) + chosen.view(numpy.uint8)
        return halves
    return where(alone, halves, 0.0) + where(chosen, halves, 0.0)


def product(x1: Any, x2: Any) -> Any:
    """As matmul, which takes three times as long on small arrays, and lets no other thread run for a small result."""
    return x1.dot(x2) if 0 < x1.ndim < 3 and 0 < x2.ndim < 3 else numpy.matmul(x1, x2)


def getitem(x: Any, key: Any) -> Any:
    """NumPy takes every key as it is."""
    return x[key]


backend = NumpyBackend()
