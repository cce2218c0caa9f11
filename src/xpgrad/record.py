"""The hot path: run a primitive on raw arrays and, while recording, note what its rules will need.

`unary` and `binary` are written out because they carry almost every call; `general` has all other forms. All of them
let the operands decide which library computes, and return an Array. Only what the plan asks for is kept.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Sequence
from typing import Any

from xpgrad.array import Array
from xpgrad.errors import RuleError, UnsupportedTypeError
from xpgrad.node import Form, Node, next_order
from xpgrad.operands import REAL_SCALARS, check_beside, declined, functions_of, operand, own_array
from xpgrad.plan import remember, shape_of
from xpgrad.primitive import Primitive
from xpgrad.scope import is_recording


def restoration(x1: Any, n1: Any, x2: Any, n2: Any, out: Any) -> Form | None:
    """What to note of an element-wise operation on operands of different shapes or dtypes."""
    shape: Any = shape_of(out)
    first = None if n1 is None else (shape_of(x1), x1.dtype)
    second = None if n2 is None else (shape_of(x2), x2.dtype)
    if (first is None or first[0] == shape) and (second is None or second[0] == shape):
        shape = None
        if (first is None or first[1] == out.dtype) and (second is None or second[1] == out.dtype):
            return None
    return new_form(Form, ((first, second), shape, _NO_PARAMETERS, None, ()))


def forms_of(inputs: Sequence[Any], nodes: Sequence[Any]) -> tuple[Any, ...]:
    """The shape and dtype of every tracked input."""
    return tuple([None if node is None else (shape_of(a), a.dtype) for a, node in zip(inputs, nodes, strict=True)])


def widens(primitive: Primitive) -> bool:
    """Whether a library's result may have another dtype than its inputs, which the standard rules out."""
    return primitive.name.startswith("special.")


def unary(primitive: Primitive) -> Callable[..., Array]:
    """The function of a simple primitive of one array, for arrays of any backend."""
    a = primitive.inputs[0]
    plan = primitive.plan((0,))
    alike = f"out.dtype is {a}.dtype" if widens(primitive) else "True"
    return compiled(_UNARY, primitive, {"plan": plan}, a=a, choose=choice_by(a, a), kept=plan.kept, alike=alike)


def binary(primitive: Primitive, operator: str = "", reflected: bool = False) -> Callable[..., Any]:
    """The function of a simple primitive of two arrays, for arrays of any backend.

    With `operator`, Python's own sign, it serves as an operator method: raw arrays bring their own operator, and
    operands that are not known are left to their own reflected method; `reflected` takes the right operand first.
    """
    a, b = primitive.inputs
    fits = f"{a}.shape == {b}.shape and {a}.dtype is {b}.dtype"
    plans = {name: primitive.plan(tracked) for name, tracked in (("first", (0,)), ("second", (1,)), ("both", (0, 1)))}
    return compiled(
        _BINARY,
        primitive,
        plans,
        a=a,
        b=b,
        signature=f"{b}, {a}" if reflected else f"{a}, {b}",
        choose="" if operator else choice_by(a, f"{a}, {b}"),
        compute=f"{a} {operator} {b}" if operator else f"function({a}, {b})",
        refuse="return declined(_error)" if operator else "raise",
        alike=f"alike and {fits} is out.dtype" if widens(primitive) else f"alike is None or (alike and {fits})",
        **{f"kept_by_{name}": plan.kept for name, plan in plans.items()},
    )


def choice_by(x: str, operands: str) -> str:
    """The lines that choose the function by the type of a raw operand; a name takes 25 ns less than the dict."""
    return _CHOICE.format(x=x, operands=operands)


# What runs for almost every operation is compiled for each primitive: a call or two of helpers would cost a tenth more.
_CHOICE = """
    if {x}.__class__ is usual:
        function = usual_function
    else:
        function = functions.get({x}.__class__) or find({operands})"""

_UNARY = """
def apply({a}, /):
    if {a}.__class__ is Array:
        {a}, node = {a}._data, {a}._node
    else:
        {a}, node = operand({a})
{choose}
    result = Array()
    result._data = out = function({a})
    if out.__class__ is not {a}.__class__:
        result._data = out = own_array(out, {a})
    if node is None or not is_recording():
        result._node = None
        return result
    result._node = made = Node()
    made.plan = plan
    made.source = node
    made.kept = ({kept})
    made.form = None if {alike} else restoration({a}, node, None, None, out)
    made.order = next_order()
    return result
"""

_BINARY = """
def apply({signature}, /):
    if {a}.__class__ is Array:
        {a}, n1 = {a}._data, {a}._node
    elif {a}.__class__ in REAL_SCALARS:
        n1 = None
    else:
        try:
            {a}, n1 = operand({a})
        except UnsupportedTypeError as _error:
            {refuse}
    if {b}.__class__ is Array:
        {b}, n2 = {b}._data, {b}._node
        if {a}.__class__ is {b}.__class__:
            alike = True
        elif {a}.__class__ in REAL_SCALARS:
            alike = None
        else:
            alike = False
            check_beside({a}, {b})
    elif {b}.__class__ in REAL_SCALARS:
        n2 = alike = None
    else:
        try:
            {b}, n2 = operand({b})
        except UnsupportedTypeError as _error:
            {refuse}
        alike = {a}.__class__ is {b}.__class__
        if not alike:
            check_beside({a}, {b})
{choose}
    result = Array()
    result._data = out = {compute}
    if out.__class__ is not {a}.__class__ and out.__class__ is not {b}.__class__:
        result._data = out = own_array(out, {a}, {b})
    if n1 is None:
        if n2 is None or not is_recording():
            result._node = None
            return result
        result._node = made = Node()
        made.plan = second
        made.source = n2
        made.kept = ({kept_by_second})
    elif not is_recording():
        result._node = None
        return result
    elif n2 is None:
        result._node = made = Node()
        made.plan = first
        made.source = n1
        made.kept = ({kept_by_first})
    else:
        result._node = made = Node()
        made.plan = both
        made.source = (n1, n2)
        made.kept = ({kept_by_both})
    made.order = next_order()
    if {alike}:
        made.form = None
    else:
        made.form = restoration({a}, n1, {b}, n2, out)
    return result
"""

_NO_PARAMETERS = Form().parameters
new_form = tuple.__new__  # without binding of arguments: five times faster

_HELPERS = (
    *(Array, Node, UnsupportedTypeError),
    *(check_beside, declined, operand, own_array, remember, restoration, shape_of),
)
_KNOWN = {helper.__name__: helper for helper in _HELPERS} | {
    "REAL_SCALARS": REAL_SCALARS,
    "is_recording": is_recording,
    "new_form": new_form,
    "next_order": next_order,
}


# The names in a template that are neither filled in nor attributes.
_WORDS = re.compile(r"(?<![\w.{])[A-Za-z_]\w*(?!\w|})").findall


def compiled(template: str, primitive: Primitive, known: dict[str, Any], **parts: str) -> Callable[..., Any]:
    """The function that a template describes; tracebacks show its lines.

    Raises
    ------
    RuleError
        If an input or a parameter has a name that the template needs for something else.
    """
    source = template.format(**parts)
    file = f"<xpgrad {primitive.name}, {', '.join(parts.values())}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    scope: dict[str, Any] = dict(_KNOWN) | known
    scope["functions"], scope["find"] = functions_of(primitive, scope)
    if clashes := {*scope, *_WORDS(template + _CHOICE)} & {*primitive.inputs, *primitive.parameters}:
        raise RuleError(
            f"{primitive.name} cannot have an input or parameter named {min(clashes)!r}, which the code that runs it "
            "uses itself: rename it."
        )
    exec(compile(source, file, "exec"), scope)  # noqa: S102  # the source is made of registered names
    return scope["apply"]
