"""The functions of primitives, for arrays of any backend."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from xpgrad import rules
from xpgrad.array import Array, array_of
from xpgrad.general import general
from xpgrad.operands import operand
from xpgrad.primitive import PRIMITIVES, Primitive
from xpgrad.record import binary, unary

assert rules.__all__  # noqa: S101  # importing the rules is what fills the registry

#: What makes the function of an element-wise primitive without parameters, by its number of inputs.
_SIMPLE: dict[int, Callable[[Primitive], Callable[..., Any]]] = {1: unary, 2: binary}


def as_array(x: Any) -> Array:
    """An Array as it is; anything else as a constant."""
    return x if isinstance(x, Array) else array_of(operand(x)[0])


@cache
def function(name: str) -> Callable[..., Any]:
    """The function of the primitive that is registered under a name, for arrays of any backend."""
    return function_of(PRIMITIVES[name])


@cache
def function_of(primitive: Primitive) -> Callable[..., Any]:
    """The function of a primitive, registered or not, for arrays of any backend."""
    name = primitive.name
    complete = primitive.rules.keys() == set(primitive.inputs)
    make = _SIMPLE[len(primitive.inputs)] if primitive.simple and complete else general
    apply = make(primitive)
    apply.__name__, apply.__qualname__ = name.rpartition(".")[2], name
    apply.__module__ = "xpgrad"  # where pickle finds it again
    apply.__doc__ = f"``{name}``, differentiable, computed by the library of the arrays that it is given."
    return apply
