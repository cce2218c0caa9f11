"""Attaches operators and methods to Array, from tables."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from xpgrad import inplace, loans, variables
from xpgrad.array import Array, array_of
from xpgrad.composites import matrix_transpose
from xpgrad.errors import UnsupportedTypeError
from xpgrad.functions import function
from xpgrad.namespace import namespace_of
from xpgrad.operands import check_beside, declined, operand, own_array
from xpgrad.primitive import PRIMITIVES
from xpgrad.record import binary

# Operators with a gradient: the stem of the method, the primitive, Python's sign.
_DIFFERENTIABLE = (
    ("add", "add", "+"),
    ("sub", "subtract", "-"),
    ("mul", "multiply", "*"),
    ("truediv", "divide", "/"),
    ("floordiv", "floor_divide", "//"),
    ("mod", "remainder", "%"),
    ("pow", "pow", "**"),
)

# Operators without one: the stem of the method, Python's operator on raw arrays.
_CONSTANT = (
    ("and", operator.and_),
    ("or", operator.or_),
    ("xor", operator.xor),
    ("lshift", operator.lshift),
    ("rshift", operator.rshift),
)
_COMPARISONS = (
    ("eq", operator.eq),
    ("ne", operator.ne),
    ("lt", operator.lt),
    ("le", operator.le),
    ("gt", operator.gt),
    ("ge", operator.ge),
)

# Functions that NumPy's users expect as methods, too; `protocols` adds those that NumPy calls in further ways.
_METHODS = "all any argmax argmin astype".split()


def _reflected(apply: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x2, x1: apply(x1, x2)


def _in_place(apply: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def update(self: Array, other: Any) -> Any:
        out = apply(self, other)
        return out if out is NotImplemented else inplace.assign(self, out)

    return update


def _constant(raw: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(self: Array, other: Any) -> Any:
        a = self.data
        try:
            b, _ = operand(other)
        except UnsupportedTypeError as error:
            return NotImplemented if raw in (operator.eq, operator.ne) else declined(error)
        if a.__class__ is not b.__class__:
            check_beside(a, b)
        out = raw(a, b)
        return array_of(out if out.__class__ is b.__class__ else own_array(out, a))  # NumPy's beside a lazy one is lazy

    return apply


_recorded_matmul = function("matmul")


def _matmul(self: Array, other: Any) -> Any:
    try:
        return _recorded_matmul(self, other)
    except UnsupportedTypeError as error:
        return declined(error)


def _divmod(x1: Any, x2: Any) -> tuple[Any, Any]:
    return x1 // x2, x1 % x2


def _transpose(self: Array) -> Any:
    """The transpose of a two-dimensional array."""
    if self.ndim != 2:
        raise ValueError(f"T is for 2 dimensions, this array has {self.ndim}. Use mT or xp.permute_dims.")
    return matrix_transpose(self)


def _invert(self: Array) -> Array:
    return array_of(own_array(~self.data, self._data))


def _methods() -> dict[str, Any]:
    """Every operator and method of Array, by name."""
    table: dict[str, Any] = {}
    for stem, name, sign in _DIFFERENTIABLE:
        apply = binary(PRIMITIVES[name], sign)
        table |= {f"__{stem}__": apply, f"__i{stem}__": _in_place(apply)}
        table[f"__r{stem}__"] = binary(PRIMITIVES[name], sign, reflected=True)
    for stem, raw in _CONSTANT:
        apply = _constant(raw)
        table |= {f"__{stem}__": apply, f"__r{stem}__": _constant(_reflected(raw)), f"__i{stem}__": _in_place(apply)}
    table |= {f"__{stem}__": _constant(raw) for stem, raw in _COMPARISONS}
    table |= {"__matmul__": _matmul, "__rmatmul__": _reflected(_matmul), "__imatmul__": _in_place(_matmul)}
    table |= {"__divmod__": _divmod, "__rdivmod__": _reflected(_divmod)}
    table |= {"__neg__": function("negative"), "__pos__": function("positive"), "__abs__": function("abs")}
    table |= {"__invert__": _invert, "T": property(_transpose), "mT": property(matrix_transpose)}
    table |= {name: _method(name) for name in _METHODS}
    table |= {"copy": function("copy"), "to_device": function("to_device"), "__array_namespace__": namespace_of}
    table |= {"__getitem__": inplace.getitem, "__setitem__": inplace.setitem, "__array__": loans.memory}
    for method in (
        inplace.compute_chunk_sizes,
        variables.attach_grad,
        variables.backward,
        variables.detach,
        variables.drop_grad,
        variables.zero_grad,
    ):
        table[method.__name__] = method
    return table


def _method(name: str) -> Callable[..., Any]:
    """A function of the array's namespace as a method."""

    def method(self: Array, *arguments: Any, **keywords: Any) -> Any:
        return getattr(self.__array_namespace__(), name)(self, *arguments, **keywords)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``xp.{name}`` of this array."
    return method


for _name, _value in _methods().items():
    setattr(Array, _name, _value)
