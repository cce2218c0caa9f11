"""The functions of primitives, for arrays of any backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from xpgrad import rules
from xpgrad.array import Array, array_of
from xpgrad.discovery import backend_of
from xpgrad.general import general
from xpgrad.operands import SCALARS, operand, own_array
from xpgrad.plan import device_of
from xpgrad.primitive import FORGETTING, PRIMITIVES, Primitive
from xpgrad.record import binary, unary

assert rules.__all__  # noqa: S101  # importing the rules is what fills the registry

#: What makes the function of an element-wise primitive without parameters, by its number of inputs.
_SIMPLE: dict[int, Callable[[Primitive], Callable[..., Any]]] = {1: unary, 2: binary}


def as_array(x: Any) -> Array:
    """An Array as it is; a raw array as a constant; a number as an array of the active backend.

    Raises
    ------
    UnsupportedTypeError
        If it is none of these.
    """
    if isinstance(x, Array):
        return x
    return array_of(own_array(x) if isinstance(x, int | float | complex) else backend_of(x).asarray(x))


def as_arrays(values: Sequence[Any]) -> list[Array]:
    """The same for several; beside an array, a number is one of that library, and has the dtype it has in arithmetic.

    Raises
    ------
    UnsupportedTypeError
        As above.
    """
    raw = [operand(x)[0] for x in values]
    like = next((a for a in raw if a.__class__ not in SCALARS), None)
    if like is None:
        return [as_array(x) for x in values]
    library = backend_of(like)
    dtypes = (library.function("result_type")(like.dtype, a) if a.__class__ in SCALARS else None for a in raw)
    return [
        as_array(x) if dtype is None else array_of(library.function("asarray")(a, dtype=dtype, device=device_of(like)))
        for x, a, dtype in zip(values, raw, dtypes, strict=True)
    ]


class _Functions(dict[str, Callable[..., Any]]):
    """The functions of registered primitives, made when they are first asked for."""

    def __missing__(self, name: str) -> Callable[..., Any]:
        made = self[name] = _made(PRIMITIVES[name])
        return made


_FUNCTIONS = _Functions()
FORGETTING.append(lambda name: _FUNCTIONS.pop(name, None))

#: The function of the primitive that is registered under a name, for arrays of any backend.
function: Callable[[str], Callable[..., Any]] = _FUNCTIONS.__getitem__


def function_of(primitive: Primitive) -> Callable[..., Any]:
    """The function of a primitive, registered or not, for arrays of any backend."""
    return function(primitive.name) if PRIMITIVES.get(primitive.name) is primitive else _made_once(primitive)


def _made(primitive: Primitive) -> Callable[..., Any]:
    name = primitive.name
    complete = primitive.rules.keys() == set(primitive.inputs)
    make = _SIMPLE[len(primitive.inputs)] if primitive.simple and complete else general
    apply = make(primitive)
    apply.__name__, apply.__qualname__ = name.rpartition(".")[2], name
    apply.__module__ = "xpgrad"  # where pickle finds it again
    apply.__doc__ = f"``{name}``, differentiable, computed by the library of the arrays that it is given."
    return apply


_made_once = cache(_made)
