"""Arrays of the stand-in, and the functions that take them."""

from __future__ import annotations

from functools import wraps

import numpy

from cupy.calls import note, wait
from cupy.cuda.device import Device, check
from cupy.cuda.memory import MemoryPointer, PooledMemory


class ndarray:
    """A NumPy array on a device."""

    __slots__ = ("__weakref__", "_a", "base", "data", "device")
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, a, base=None):
        self._a = a
        self.base = base
        self.device = Device()
        self.data = MemoryPointer(PooledMemory() if base is None else base.data.mem)

    def __array__(self, *arguments, **keywords):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def get(self):
        wait("get")
        return self._a.copy()

    def item(self):
        wait("item")
        return self._a.item()

    def tolist(self):
        wait("tolist")
        return self._a.tolist()

    def __getitem__(self, key):
        _wait_for_masks(key)
        return _made(self._a[_key(key)], (self,))

    def __setitem__(self, key, value):
        _wait_for_masks(key)
        check(self.device)
        key, value = _key(key), _raw(value)
        if any(isinstance(part, list | numpy.ndarray) for part in (key if isinstance(key, tuple) else (key,))):
            places = numpy.arange(self._a.size).reshape(self._a.shape)[key]
            value = numpy.broadcast_to(value, places.shape).ravel()
            key, value = numpy.unravel_index(places.ravel()[::-1], self._a.shape), value[::-1]  # CUDA knows no order
        self._a[key] = value

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        return repr(self._a)

    def __format__(self, spec):
        return format(self._a, spec)

    @property
    def shape(self):
        return self._a.shape

    @shape.setter
    def shape(self, shape):
        self._a.shape = shape


def _wait_for_masks(key):
    """How many places a mask selects is known on the device only."""
    for part in key if isinstance(key, tuple) else (key,):
        if getattr(part, "dtype", None) == numpy.bool:
            wait("mask")


def _key(key):
    return tuple(map(_raw, key)) if isinstance(key, tuple) else _raw(key)


def _raw(x):
    """The NumPy array of an argument, which must be on the current device."""
    if isinstance(x, ndarray):
        check(x.device)
        return x._a
    if isinstance(x, numpy.ndarray):
        raise TypeError(f"Unsupported type {type(x)}")
    if type(x) in (list, tuple):
        return type(x)(map(_raw, x))
    return x


def _made(out, sources):
    """The result of a computation: an array of its own, or a view of one of its inputs."""
    if isinstance(out, tuple | list):
        parts = [_made(part, sources) for part in out]
        return type(out)(*parts) if hasattr(out, "_fields") else type(out)(parts)
    if not isinstance(out, numpy.ndarray | numpy.generic):
        return out
    out = numpy.asarray(out)
    arrays = (x for x in sources if isinstance(x, ndarray))
    base = next((x for x in arrays if numpy.may_share_memory(x._a, out)), None)
    return ndarray(out, base if base is None or base.base is None else base.base)


#: Functions whose result has a shape that depends on values.
_WAITING = {"argwhere", "extract", "flatnonzero", "nonzero", "unique"}

#: Functions that do not read their array, which may be anywhere.
_UNREAD = {"empty_like", "full_like", "ones_like", "zeros_like"}


def function(name, computed):
    """A function that computes with NumPy's."""

    @wraps(computed)
    def call(*arguments, **keywords):
        note(name, arguments, keywords)
        if name in _WAITING or (name == "repeat" and isinstance(arguments[1], ndarray)):
            wait(name)
        with numpy.errstate(all="ignore"):
            raw = [x._a if name in _UNREAD and isinstance(x, ndarray) else _raw(x) for x in arguments]
            out = computed(*raw, **{key: _raw(value) for key, value in keywords.items()})
        return _made(out, arguments)

    return call


class array_ufunc:
    """A ufunc."""

    def __init__(self, name, ufunc):
        self._call = function(name, ufunc)
        self._at = function(f"{name}.at", ufunc.at)
        self._name = name

    def __call__(self, *arguments, **keywords):
        return self._call(*arguments, **keywords)

    def at(self, a, indices, b=None):
        _wait_for_masks(indices)
        note(f"{self._name}.at", (a, indices, b), {})
        check(a.device)
        arrays = [part for part in (indices if isinstance(indices, tuple) else (indices,)) if isinstance(part, ndarray)]
        if a.dtype.kind == "c" and arrays:
            raise TypeError("there is no atomicAdd for complex numbers.")
        getattr(numpy, self._name).at(a._a, _key(indices), _raw(b))


#: What a kernel of the plug-in computes, which is written in CUDA's C++, by its name.
_KERNELS = {"xpgrad_keep_zero": lambda g, r: numpy.where((g != 0) | numpy.isfinite(r), r, numpy.zeros((), r.dtype))}


def ElementwiseKernel(in_params, out_params, operation, name):
    note("ElementwiseKernel", (in_params, out_params, operation, name), {})
    return function(name, _KERNELS[name])


def of_dtypes(computed):
    """A function of dtypes; of an array it takes the dtype."""
    return lambda *arguments: computed(*(x.dtype if isinstance(x, ndarray) else x for x in arguments))


#: The functions that are not made of NumPy's alike.
OWN = {"array", "asarray", "asnumpy", "finfo", "iinfo", "isdtype", "result_type", "can_cast"}


def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    note("array", (obj,), {key: None for key, value in (("dtype", dtype), ("copy", copy)) if value is not None})
    if isinstance(obj, ndarray):  # taken over from another device, too
        if not copy and obj.device == Device() and dtype in (None, obj.dtype):
            return obj
        return ndarray(numpy.array(obj._a, dtype=dtype))
    if isinstance(obj, list | tuple):
        obj = [x._a if isinstance(x, ndarray) else x for x in obj]
    return ndarray(numpy.array(obj, dtype=dtype, ndmin=ndmin))


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    return array(a, dtype=dtype, copy=bool(copy))


def asnumpy(a):
    return a.get() if isinstance(a, ndarray) else numpy.asarray(a)


_METHODS = """
    all any argmax argmin argsort astype conj copy cumprod cumsum diagonal fill flatten max mean min nonzero prod ravel
    repeat reshape round searchsorted sort squeeze std sum swapaxes take trace transpose var view
""".split()
_ATTRIBUTES = "T mT imag itemsize nbytes ndim real size strides".split()


def _method(name):
    computed = function(f"ndarray.{name}", getattr(numpy.ndarray, name))
    return lambda self, *arguments, **keywords: computed(self, *arguments, **keywords)


for _name in _METHODS:
    setattr(ndarray, _name, _method(_name))
for _name in _ATTRIBUTES:
    setattr(ndarray, _name, property(lambda self, name=_name: _made(getattr(self._a, name), (self,))))
ndarray.dtype = property(lambda self: self._a.dtype)

_BINARY = {
    "add": "add", "and": "bitwise_and", "floordiv": "floor_divide", "lshift": "left_shift", "matmul": "matmul",
    "mod": "remainder", "mul": "multiply", "or": "bitwise_or", "pow": "power", "rshift": "right_shift",
    "sub": "subtract", "truediv": "true_divide", "xor": "bitwise_xor", "eq": "equal", "ne": "not_equal", "lt": "less",
    "le": "less_equal", "gt": "greater", "ge": "greater_equal",
}  # fmt: skip
_UNARY = {"abs": "absolute", "invert": "invert", "neg": "negative", "pos": "positive"}


def _operator(ufunc, reflected, in_place):
    computed = function(ufunc, getattr(numpy, ufunc))

    def call(self, other):
        if not isinstance(other, ndarray) and getattr(other, "__array_ufunc__", 0) is None:
            return NotImplemented
        if in_place:
            computed(self, other, out=self)
            return self
        return computed(other, self) if reflected else computed(self, other)

    return call


for _name, _ufunc in _BINARY.items():
    setattr(ndarray, f"__{_name}__", _operator(_ufunc, False, False))
    if _ufunc not in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
        setattr(ndarray, f"__r{_name}__", _operator(_ufunc, True, False))
        if _name != "matmul":
            setattr(ndarray, f"__i{_name}__", _operator(_ufunc, False, True))
for _name, _ufunc in _UNARY.items():
    _computed = function(_ufunc, getattr(numpy, _ufunc))
    setattr(ndarray, f"__{_name}__", lambda self, computed=_computed: computed(self))
for _name, _convert in (("bool", bool), ("complex", complex), ("float", float), ("int", int)):
    setattr(ndarray, f"__{_name}__", lambda self, name=_name, convert=_convert: wait(name) or convert(self._a))
ndarray.__module__ = "cupy"
