"""Running and recording primitives of any form: with keyword parameters, sequences of arrays, several outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from xpgrad.array import Array
from xpgrad.discovery import backend_of, floating
from xpgrad.errors import NotDifferentiableError
from xpgrad.node import Form, Node, Part
from xpgrad.primitive import Primitive, remember, required
from xpgrad.record import SCALARS, Functions, check_beside, compiled, forms_of, operand, own_array
from xpgrad.scope import is_recording


def general(primitive: Primitive) -> Callable[..., Any]:
    """The function of a primitive of any form, for arrays of any backend."""
    functions = Functions(primitive)
    plain = not (primitive.variadic or primitive.leading or primitive.optional)

    def apply(arguments: Sequence[Any], parameters: dict[str, Any]) -> Any:
        data: list[Any] = []
        nodes: list[Any] = []
        tracked: tuple[int, ...] = ()
        first: Any = None
        for x in arguments:
            if x.__class__ is Array:
                a, node = x._data, x._node
            else:
                a, node = (None, None) if x is None and primitive.optional else operand(x)
            if node is not None:
                tracked = (*tracked, len(data))
            if first is None:
                first = None if a.__class__ in SCALARS else a
            elif a.__class__ is not first.__class__ and a is not None:
                first = _leading_array(first, a)
            data.append(a)
            nodes.append(node)
        if not all(value.__class__ in _PLAIN for value in parameters.values()):
            parameters = {name: _raw_parameter(primitive, name, value) for name, value in parameters.items()}
        function = functions.get(first.__class__) or functions.of(*data)
        out = function(*data, **parameters) if plain else _run(primitive, function, data, parameters)
        recording = tracked and is_recording()
        if primitive.outputs == 1:
            if out.__class__ is not first.__class__:
                out = own_array(out, first)
            if not recording or not (out.dtype is data[tracked[0]].dtype or floating(out)):
                return Array(out)
            return Array(out, new_node(primitive, tracked, data, nodes, parameters, out, out.shape))
        if not recording:
            return _like_tuple(out, map(Array, out))
        shape = tuple((part.shape, part.dtype) for part in out)
        made = new_node(primitive, tracked, data, nodes, parameters, out, shape)
        parts = (Array(part, Part(made, i) if floating(part) else None) for i, part in enumerate(out))
        return _like_tuple(out, parts)

    defaults = {f"default_{name}": value for name, value in (primitive.optional | primitive.parameters).items()}
    signature = [name for name in primitive.inputs if name not in primitive.optional]
    signature += ["/", *(f"{name}=default_{name}" for name in primitive.optional)]
    given = []
    for name, default in primitive.parameters.items():
        signature.append(name if default is required else f"{name}=default_{name}")
        condition = f"if {name} is not None: " if default is None else ""
        given.append(f"    {condition}parameters[{name!r}] = {name}")  # a library need not know what is not given
    return compiled(
        _GENERAL,
        primitive,
        {"run": apply, **defaults},
        signature=", ".join(signature),
        given="\n".join(given),
        arguments=primitive.inputs[0] if primitive.variadic else f"({', '.join(primitive.inputs)},)",
    )


# Python itself binds the arguments, and says in its own words what is wrong with them.
_GENERAL = """
def apply({signature}):
    parameters = {{}}
{given}
    return run({arguments}, parameters)
"""

_PLAIN = frozenset((bool, int, float, str, slice, type(None)))  # hold no Array


def new_node(
    primitive: Primitive,
    tracked: tuple[int, ...],
    data: Sequence[Any],
    nodes: Sequence[Any],
    parameters: dict[str, Any],
    out: Any,
    shape: Any,
) -> Node:
    """The node of a call of any form."""
    plan = primitive.plan(tracked)
    if primitive.variadic:
        kept = plan.save(data, out, parameters) + tuple(remember(data[i]) for i in plan.forgotten(len(data)))
    else:
        kept = plan.save(*data, out, parameters)
    source = nodes[tracked[0]] if plan.single else tuple(nodes[i] for i in tracked)
    return Node(plan, source, kept, Form(forms_of(data, nodes), shape, parameters))


def _leading_array(first: Any, a: Any) -> Any:
    """Of two raw operands the one whose library computes."""
    check_beside(first, a)
    return a if a.__class__ not in SCALARS and backend_of(first).name in backend_of(a).mixes_with else first


def _raw_parameter(primitive: Primitive, name: str, value: Any) -> Any:
    """A parameter with raw arrays in place of Arrays; there is no gradient for a parameter."""
    if isinstance(value, tuple):  # an index, say
        return tuple(_raw_parameter(primitive, name, part) for part in value)
    if not isinstance(value, Array):
        return value
    if value._node is not None and is_recording():
        raise NotDifferentiableError(primitive.name, name)
    return value.data


def _run(primitive: Primitive, function: Callable[..., Any], data: list[Any], parameters: dict[str, Any]) -> Any:
    """Call the library: required parameters by position, as the standard has some of them, the others by name."""
    if primitive.variadic:
        return function(data, **parameters)
    required = data[: len(data) - len(primitive.optional)]
    optional = zip(primitive.optional, data[len(required) :], strict=True)
    given = {name: a for name, a in optional if a is not None}
    given |= {name: value for name, value in parameters.items() if name not in primitive.leading}
    return function(*required, *(parameters[name] for name in primitive.leading), **given)


def _like_tuple(out: Any, parts: Iterable[Array]) -> Any:
    """Several outputs as the library gives them: a named tuple keeps its names."""
    return type(out)(*parts) if hasattr(out, "_fields") else tuple(parts)
