"""New arrays, on the active backend."""

from __future__ import annotations

from math import pi
from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.discovery import get_backend, get_named, is_array
from xpgrad.mxnet.context import device_for
from xpgrad.mxnet.dtypes import default_float, dtype_named, dtype_of
from xpgrad.mxnet.ops.arrays import as_array, namespace, shape_of
from xpgrad.mxnet.promotion import cast
from xpgrad.mxnet.util import is_np_default_dtype
from xpgrad.namespace import active


def _options(dtype: Any) -> dict[str, Any]:
    """The keywords of a creation function of the standard."""
    found = {"dtype": default_float() if dtype is None else dtype_of(dtype)}
    place = device_for(None)
    return found if place is None else found | {"device": place}


def array(object: Any, dtype: Any = None) -> Any:
    """A copy of an array, number or nested list; what is no array of MXNet's comes in the default dtype."""
    if isinstance(object, Array):
        return namespace(object).asarray(object, dtype=dtype_of(dtype), device=device_for(None), copy=True)
    options = _options(dtype)
    backend = get_named(get_backend())
    if backend.namespace.isdtype(options["dtype"], "integral") and not is_array(object):
        return cast(active().asarray(object, **{k: v for k, v in options.items() if k != "dtype"}), options["dtype"])
    if is_array(object):
        raw = backend.asarray(backend.namespace.asarray(object))
        return active().asarray(array_of(raw), copy=True, **options)
    return cast(active().asarray(object, **options), options["dtype"])


def from_numpy(ndarray: Any, zero_copy: bool = True) -> Any:
    """A NumPy array as an array of the same dtype; with `zero_copy` of the same memory, where the backend can."""
    return as_array(ndarray) if zero_copy else array(ndarray, ndarray.dtype)


def asarray(obj: Any, dtype: Any = None, copy: bool | None = None) -> Any:
    """An array as it is, where nothing has to change; anything else as by `array`."""
    if isinstance(obj, Array) and not copy and dtype_of(dtype) in (None, obj.dtype):
        return obj
    return array(obj, dtype)


def by_rows(order: str | None) -> None:
    """Refuse orders of memory other than C's.

    Raises
    ------
    NotImplementedError
        If another one is asked for.
    """
    if order not in (None, "C"):
        raise NotImplementedError(f"arrays lie in memory in the order 'C', not {order!r}: leave the parameter out.")


def zeros(shape: Any, dtype: Any = None, order: str = "C") -> Any:
    """Zeros."""
    by_rows(order)
    return active().zeros(shape_of(shape), **_options(dtype))


def ones(shape: Any, dtype: Any = None, order: str = "C") -> Any:
    """Ones."""
    by_rows(order)
    return active().ones(shape_of(shape), **_options(dtype))


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> Any:
    """One value everywhere; integers and booleans keep their kind."""
    by_rows(order)
    if isinstance(fill_value, Array):
        filled = fill_value if dtype is None else cast(fill_value, dtype_of(dtype))
        return namespace(filled).broadcast_to(filled, shape_of(shape))
    if dtype is None and isinstance(fill_value, bool | int):
        dtype = type(fill_value)
    return active().full(shape_of(shape), fill_value, **_options(dtype))


def zeros_like(a: Any, dtype: Any = None, order: str = "C") -> Any:
    """Zeros of the shape and dtype of another array."""
    by_rows(order)
    return namespace(a).zeros_like(a, dtype=dtype_of(dtype))


def empty_like(prototype: Any, dtype: Any = None, order: str = "C", subok: bool = False, shape: Any = None) -> Any:
    """Zeros of the dtype of another array, and of its shape or another one."""
    by_rows(order)
    return zeros(prototype.shape if shape is None else shape, prototype.dtype if dtype is None else dtype)


def ones_like(a: Any, dtype: Any = None, order: str = "C") -> Any:
    """Ones of the shape and dtype of another array."""
    by_rows(order)
    return namespace(a).ones_like(a, dtype=dtype_of(dtype))


def full_like(a: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> Any:
    """One value in the shape and dtype of another array."""
    by_rows(order)
    return namespace(a).full_like(a, fill_value, dtype=dtype_of(dtype))


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """Numbers at equal steps from `start` to before `stop`; from 0 to before `start` where that is all."""
    if dtype is None and is_np_default_dtype() and all(isinstance(n, int | None) for n in (start, stop, step)):
        dtype = int
    return active().arange(start, stop, step, **_options(dtype))


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` numbers at equal distances; with `retstep` also that distance."""
    if num < 0 or int(num) != num:
        raise ValueError(f"linspace takes a number of points, not {num}.")
    if axis != 0:
        raise NotImplementedError("linspace lays its numbers out along axis 0 only: move the axis with np.moveaxis.")
    out = active().linspace(start, stop, num, endpoint=endpoint, **_options(dtype))
    return (out, (stop - start) / max(num - endpoint, 1)) if retstep else out


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """`base` to the power of what `linspace` gives."""
    powers = linspace(start, stop, num, endpoint, dtype=dtype_named("float64"), axis=axis)
    return cast(base**powers, _options(dtype)["dtype"])


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on a diagonal, zeros elsewhere."""
    return active().eye(N, N if M is None else M, k=k, **_options(dtype))


def identity(n: int, dtype: Any = None) -> Any:
    """The unit matrix."""
    return eye(n, None, 0, dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on and below a diagonal."""
    return active().tril(ones((N, N if M is None else M), dtype), k=k)


def indices(dimensions: Any, dtype: Any = None) -> Any:
    """For every axis of a grid the index of each of its points along that axis."""
    axes = [arange(n, dtype=dtype or int) for n in dimensions]
    return active().stack(list(active().meshgrid(*axes, indexing="ij")))


def _window(M: int, coefficients: tuple[float, ...], dtype: Any) -> Any:
    """A sum of cosines over M points."""
    n = active().arange(M, **_options(dtype))
    angle = n * (2 * pi / max(M - 1, 1))
    out = 0 * n
    for k, a in enumerate(coefficients):
        out = out + (-1) ** k * a * active().cos(k * angle)
    return out if M > 1 else out * 0 + 1


def hanning(M: int, dtype: Any = None) -> Any:
    """The Hann window."""
    return _window(M, (0.5, 0.5), dtype)


def hamming(M: int, dtype: Any = None) -> Any:
    """The Hamming window."""
    return _window(M, (0.54, 0.46), dtype)


def blackman(M: int, dtype: Any = None) -> Any:
    """The Blackman window."""
    return _window(M, (0.42, 0.5, 0.08), dtype)


def tril_indices(n: int, k: int = 0, m: int | None = None) -> Any:
    """The rows and columns of the elements on and below a diagonal."""
    return tuple(active().nonzero(tri(max(n, 0), max(n if m is None else m, 0), k)))


def triu_indices(n: int, k: int = 0, m: int | None = None) -> Any:
    """The rows and columns of the elements on and above a diagonal."""
    return tuple(active().nonzero(tri(n, m, k - 1) == 0))


def genfromtxt(*arguments: Any, **keywords: Any) -> Any:
    """A text file as an array, read by NumPy; of the default dtype where none is asked for by name."""
    return array(get_named("numpy").function("genfromtxt")(*arguments, **keywords), keywords.get("dtype"))


def copy(a: Any) -> Any:
    """A copy, recorded like any operation."""
    return namespace(a).asarray(as_array(a), copy=True)
