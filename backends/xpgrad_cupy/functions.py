"""Functions that are wider than CuPy's own, keep to the device asked for, and do not wait for any device.

array-api-compat makes arrays on CuPy's current device, whatever device it is given. CuPy counts the places of a mask
before it writes to them, and waits for the number; so does what array-api-compat makes of that, `clip` and `sign`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from math import pi
from sys import getrefcount
from typing import Any

import array_api_compat
import cupy
from cupy.cuda import memory

compat: Any = import_module("array_api_compat.cupy")  # typed only where CuPy is

#: One pass over memory, where CuPy's own functions need four: half the time of a long element-wise chain's gradient.
keep_zero = cupy.ElementwiseKernel("G g, R r", "R out", "out = g != G(0) || isfinite(r) ? r : R(0)", "xpgrad_keep_zero")


def as_array(x: Any) -> Any:
    """What is an array of CuPy's stays the same object; anything else is copied to the current device."""
    return x if isinstance(x, cupy.ndarray) else cupy.asarray(x)


def is_owned(x: Any) -> bool:
    """Whether no other array has this memory, nor any other library lent it (through DLPack, say)."""
    lone = getrefcount(x.data) == getrefcount(x.data.mem) == 2  # the attribute's, and that of the call
    return lone and isinstance(x.data.mem, memory.PooledMemory | memory.MemoryAsync | memory.Memory)


def devices() -> list[Any]:
    """The GPUs; none where there is no driver, for which CuPy raises."""
    try:
        return list(map(cupy.cuda.Device, range(cupy.cuda.runtime.getDeviceCount())))
    except cupy.cuda.runtime.CUDARuntimeError:
        return []


class Info(compat.__array_namespace_info__):  # type: ignore[misc]  # typed only where CuPy is
    """What the standard asks about a namespace, answered without a GPU, too."""

    def devices(self) -> list[Any]:
        """The GPUs."""
        return devices()


def gpu(device: Any) -> Any:
    """The device that an argument names."""
    if not isinstance(device, cupy.cuda.Device):
        raise TypeError(f"{device!r} is not a GPU, such as cupy.cuda.Device(0); x.asnumpy() brings values to the host.")
    return device


def placed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes an array, on the device it is given or on that of the array which it is to be like."""

    def make(*arguments: Any, device: Any = None, **options: Any) -> Any:
        if device is None and arguments and isinstance(arguments[0], cupy.ndarray):
            device = arguments[0].device
        with cupy.cuda.Device() if device is None else gpu(device):
            return function(*arguments, **options)

    return make


def to_device(x: Any, device: Any, /, *, stream: Any = None) -> Any:
    """Copy to another GPU."""
    return array_api_compat.to_device(x, gpu(device), stream=stream)


def isdtype(dtype: Any, kind: Any) -> bool:
    """NumPy's, which CuPy takes over, does not know bfloat16."""
    if cupy.dtype(dtype).name == "bfloat16":
        return any(k in ("real floating", "numeric", dtype) for k in (kind if isinstance(kind, tuple) else (kind,)))
    return bool(cupy.isdtype(dtype, kind))


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:  # noqa: A002  # the standard's names
    """Integers, whose bounds may be outside of their dtype, are left to array-api-compat."""
    if x.dtype.kind in "iu":
        return compat.clip(x, min, max)
    out = x if min is None else cupy.maximum(x, min)
    out = out if max is None else cupy.minimum(out, max)
    return x.copy() if out is x else out.astype(x.dtype, copy=False)


def solve(x1: Any, x2: Any, /) -> Any:
    """CuPy's takes stacks of one shape only."""
    if x2.ndim > 1:
        stack = cupy.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
        x1, x2 = (cupy.broadcast_to(x, (*stack, *x.shape[-2:])) for x in (x1, x2))
    return cupy.linalg.solve(x1, x2)


def ellipe(m: Any) -> Any:
    """The complete integral, which CuPy has not, is the incomplete one up to the right angle."""
    return import_module("cupyx.scipy.special").ellipeinc(pi / 2, m)


def is_mask(part: Any) -> bool:
    """Whether a key, or a part of one, is an array of booleans."""
    return bool(getattr(part, "dtype", None) == cupy.bool_)


def lists_places(key: Any) -> bool:
    """Whether a key holds integers that may name a place more than once, and no mask beside them."""
    arrays = [part for part in (key if isinstance(key, tuple) else (key,)) if isinstance(part, list | cupy.ndarray)]
    return bool(arrays) and not any(map(is_mask, arrays))


def beside(mask: Any, ndim: int) -> Any:
    """A mask with as many axes as what it selects from."""
    return mask.reshape(mask.shape + (1,) * (ndim - mask.ndim))


def getitem(x: Any, key: Any) -> Any:
    """CuPy takes every key as it is."""
    return x[key]


def write(x: Any, key: Any, value: Any) -> Any:
    """Write ``x[key] = value``, and return x."""
    if is_mask(key) and not getattr(value, "shape", ()):
        cupy.copyto(x, value, casting="unsafe", where=beside(key, x.ndim))
    else:
        x[key] = last_written(x, key, value) if getattr(value, "size", 1) > 1 and lists_places(key) else value
    return x


def last_written(x: Any, key: Any, value: Any) -> Any:
    """What to write at a key: CUDA would write any of the values meant for a place that the key names twice."""
    last = cupy.zeros(x.shape, dtype=cupy.int64)
    named = last[key]
    cupy.maximum.at(last, key, cupy.arange(named.size).reshape(named.shape))
    return cupy.take(cupy.broadcast_to(value, named.shape), last[key])


def setitem(x: Any, value: Any, key: Any) -> Any:
    """A copy of x with value written at key."""
    return write(x.copy(), key, value)


def scatter(values: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape with the values added at key; repeated indices add up."""
    if values.dtype.kind == "c" and lists_places(key):  # CUDA adds real numbers only
        return scatter(values.real, key, shape) + 1j * scatter(values.imag, key, shape)
    out = cupy.zeros(shape, dtype=values.dtype)
    if lists_places(key):
        cupy.add.at(out, key, values)
    elif not is_mask(key):
        out[key] = values
    elif values.size:
        places = cupy.cumsum(key.ravel()).reshape(key.shape) - 1
        out = cupy.where(beside(key, out.ndim), cupy.take(values, places, axis=0), out)
    return out


def add_at(total: Any, key: Any, values: Any) -> bool:
    """Add values to ``total[key]``, unless CuPy cannot or would wait; repeated indices add up."""
    if any(map(is_mask, key if isinstance(key, tuple) else (key,))) or (lists_places(key) and total.dtype.kind == "c"):
        return False
    cupy.add.at(total, key, values)
    return True


_MAKERS = "arange asarray empty empty_like eye full full_like linspace ones ones_like zeros zeros_like".split()

#: By the names that they have in a namespace, or as primitives.
FUNCTIONS: dict[str, Any] = {
    "__array_namespace_info__": Info,
    **{name: placed(getattr(compat, name)) for name in _MAKERS},
    "clip": clip,
    "fft.fftfreq": placed(compat.fft.fftfreq),
    "fft.rfftfreq": placed(compat.fft.rfftfreq),
    "getitem": getitem,
    "isdtype": isdtype,
    "linalg.solve": solve,
    "scatter": scatter,
    "setitem": setitem,
    "sign": cupy.sign,
    "special.ellipe": ellipe,
    "to_device": to_device,
}
