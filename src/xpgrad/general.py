"""Running and recording primitives of any form: with keyword parameters, sequences of arrays, several outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from weakref import ref

from xpgrad.array import Array, array_of
from xpgrad.discovery import SHAPES, backend_of, floating
from xpgrad.errors import NotAnArrayError, NotDifferentiableError
from xpgrad.node import Form, Node, Part, make_node
from xpgrad.operands import SCALARS, check_beside, functions_of, operand, own_array
from xpgrad.plan import remember, shape_of
from xpgrad.primitive import Primitive, required
from xpgrad.record import choice_by, compiled, forms_of
from xpgrad.rehearsal import rehearse
from xpgrad.scope import is_recording


def general(primitive: Primitive) -> Callable[..., Any]:
    """The function of a primitive of any form, for arrays of any backend."""
    if (
        len(primitive.inputs) == len(primitive.rules) <= 2
        and primitive.outputs == 1
        and not (primitive.variadic or primitive.optional)
    ):
        return _written_out(primitive)
    functions, find = functions_of(primitive, {})
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
                first = leading_array(first, a)
            data.append(a)
            nodes.append(node)
        if not all(value.__class__ in _PLAIN for value in parameters.values()):
            parameters = {name: raw_parameter(primitive, name, value) for name, value in parameters.items()}
            first = leading_parameter(parameters.values(), first)
        function = functions.get(first.__class__) or find(first)
        out = function(*data, **parameters) if plain else _run(primitive, function, data, parameters)
        recording = tracked and is_recording()
        if primitive.outputs == 1:
            if out.__class__ is not first.__class__:
                out = own_array(out, first)
            if not recording or not (out.dtype is data[tracked[0]].dtype or floating(out)):
                return array_of(out)
            return array_of(out, new_node(primitive, tracked, data, nodes, parameters, out, shape_of(out)))
        if not recording:
            return _like_tuple(out, map(array_of, out))
        shape = tuple((shape_of(part), part.dtype) for part in out)
        made = new_node(primitive, tracked, data, nodes, parameters, out, shape)
        parts = [Part(made, i) if floating(part) else None for i, part in enumerate(out)]
        made.form = made.form._replace(parts=tuple(None if part is None else ref(part) for part in parts))  # type: ignore[union-attr]  # new_node gives it one
        return _like_tuple(out, map(array_of, out, parts))

    defaults = {f"default_{name}": value for name, value in (primitive.optional | primitive.parameters).items()}
    signature = [name for name in primitive.inputs if name not in primitive.optional]
    signature += ["/", *(f"{name}=default_{name}" for name in primitive.optional)]
    signature += _signature(primitive)
    return compiled(
        _GENERAL,
        primitive,
        {"run": apply, **defaults},
        signature=", ".join(signature),
        given="\n".join(_given(primitive, "parameters")),
        arguments=primitive.inputs[0] if primitive.variadic else f"({', '.join(primitive.inputs)},)",
    )


# Python itself binds the arguments, and says in its own words what is wrong with them.
_GENERAL = """
def apply({signature}):
    parameters = {{}}
{given}
    return run({arguments}, parameters)
"""

# The same for one or two arrays and one output, written out: most calls are of this form, and take half as long.
_WRITTEN_OUT = """
def apply({signature}):
{raw}
{operands}
{options}
    _leading = {leading}
    if SHAPES:
        _leading = leading_parameter(({parameters}), _leading)
{choose}
    _result = Array()
    _result._data = out = function({call})
    if out.__class__ is not _leading.__class__:
        _result._data = out = own_array(out, _leading)
    if {constant} or not is_recording() or not (out.dtype is _leading.dtype or floating(out)):
        _result._node = None
        return _result
    _result._node = _made = Node()
{choice}
    _made.form = new_form(Form, (({forms}), shape_of(out), {given}, None, ()))
    _made.order = next_order()
    if SHAPES and out.__class__ in SHAPES:
        rehearse(_made, out)
    return _result
"""

_OPERAND = """
    if {x}.__class__ is Array:
        {x}, _n{i} = {x}._data, {x}._node
    else:
        {x}, _n{i} = operand({x})"""

_CHOICES = {
    1: """
    _made.plan, _made.source, _made.kept = only, _n0, ({only})""",
    2: """
    if _n1 is None:
        _made.plan, _made.source, _made.kept = first, _n0, ({first})
    elif _n0 is None:
        _made.plan, _made.source, _made.kept = second, _n1, ({second})
    else:
        _made.plan, _made.source, _made.kept = both, (_n0, _n1), ({both})""",
}


def _written_out(primitive: Primitive) -> Callable[..., Any]:
    """The function of a primitive of one or two arrays and one output."""
    inputs = primitive.inputs
    patterns = {"only": (0,)} if len(inputs) == 1 else {"first": (0,), "second": (1,), "both": (0, 1)}
    plans = {name: primitive.plan(tracked) for name, tracked in patterns.items()}
    known = {
        **{f"default_{name}": value for name, value in primitive.parameters.items()},
        **plans,
        "primitive": primitive,
        "PLAIN": _PLAIN,
        "SHAPES": SHAPES,
        "Form": Form,
        **{f.__name__: f for f in (raw_parameter, leading_parameter, leading_array, floating, rehearse)},
    }
    check = "    if {0}.__class__ not in PLAIN: {0} = raw_parameter(primitive, {0!r}, {0})"
    a, *b = inputs
    named = len(primitive.parameters) > len(primitive.leading)  # an empty ** in a call takes a tenth of a microsecond
    required = "".join(f"{name!r}: {name}, " for name in primitive.leading)
    return compiled(
        _WRITTEN_OUT,
        primitive,
        known,
        signature=", ".join([*inputs, "/", *_signature(primitive)]),
        raw="\n".join(check.format(name) for name in primitive.parameters),
        operands="".join(_OPERAND.format(x=x, i=i) for i, x in enumerate(inputs)),
        options="\n".join(["    _options = {}", *_given(primitive, "_options", primitive.leading)]) if named else "",
        leading=f"{a} if {a}.__class__ is {b[0]}.__class__ else leading_array({a}, {b[0]})" if b else a,
        parameters="".join(f"{name}, " for name in primitive.parameters),
        choose=choice_by("_leading", "_leading"),
        call=", ".join([*inputs, *primitive.leading, *["**_options"] * named]),
        constant=" and ".join(f"_n{i} is None" for i in range(len(inputs))),
        choice=_CHOICES[len(inputs)].format(**{name: plan.kept for name, plan in plans.items()}),
        forms="".join(f"None if _n{i} is None else (shape_of({x}), {x}.dtype), " for i, x in enumerate(inputs)),
        given="_options" if named and not required else f"{{{required}{'**_options' if named else ''}}}",
    )


def _signature(primitive: Primitive) -> list[str]:
    """The parameters as Python source, with `default_<name>` for their defaults."""
    items = primitive.parameters.items()
    return [name if default is required else f"{name}=default_{name}" for name, default in items]


def _given(primitive: Primitive, target: str, without: tuple[str, ...] = ()) -> Iterable[str]:
    """The lines that collect the parameters in a dict; a library need not know what is not given."""
    for name, default in primitive.parameters.items():
        if name not in without:
            yield f"    {f'if {name} is not None: ' if default is None else ''}{target}[{name!r}] = {name}"


_PLAIN = frozenset((bool, int, float, str, slice, type(None)))  # hold no Array
_SEQUENCES = frozenset((list, tuple))


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
    values = [parameters.get(name, default) for name, default in primitive.parameters.items()]
    if primitive.variadic:
        kept = plan.save(data, out, *values) + tuple(remember(data[i]) for i in plan.forgotten(len(data)))
    else:
        kept = plan.save(*data, out, *values)
    source = nodes[tracked[0]] if plan.single else tuple(nodes[i] for i in tracked)
    made = make_node(plan, source, kept, Form(forms_of(data, nodes), shape, parameters))
    if SHAPES:
        rehearse(made, data[0] if out is None else out)  # a write has no output yet: it will be like what it changes
    return made


def leading_array(first: Any, a: Any) -> Any:
    """Of two raw operands the one whose library computes."""
    check_beside(first, a)
    return a if a.__class__ not in SCALARS and backend_of(first).name in backend_of(a).mixes_with else first


def leading_parameter(values: Iterable[Any], first: Any) -> Any:
    """An array of a lazy library among the parameters, in a key say, or else the leading input."""
    parts = (part for value in values for part in (value if isinstance(value, tuple) else (value,)))
    return next((part for part in parts if part.__class__ in SHAPES), first)


def raw_parameter(primitive: Primitive, name: str, value: Any) -> Any:
    """A parameter with raw arrays in place of Arrays; there is no gradient for a parameter.

    A list becomes a tuple, which nobody changes before its rule runs; but one in a key stands for an array.
    """
    if value.__class__ in _SEQUENCES and (value.__class__ is tuple or name != "key"):
        return tuple([part if part.__class__ in _PLAIN else raw_parameter(primitive, name, part) for part in value])
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
    if required[0].__class__ in SCALARS:
        raise NotAnArrayError(f"{primitive.inputs[0]} of {primitive.name}", required[0], "Convert it: xp.asarray(...).")
    optional = zip(primitive.optional, data[len(required) :], strict=True)
    given = {name: a for name, a in optional if a is not None}
    given |= {name: value for name, value in parameters.items() if name not in primitive.leading}
    return function(*required, *(parameters[name] for name in primitive.leading), **given)


def _like_tuple(out: Any, parts: Iterable[Array]) -> Any:
    """Several outputs as the library gives them: a named tuple keeps its names."""
    return type(out)(*parts) if hasattr(out, "_fields") else tuple(parts)
