"""The hot path: run a primitive on raw arrays and, while recording, note what its rules will need.

`unary` and `binary` are written out because they carry almost every call; `general` serves all other forms. All of
them let the operands decide which library computes, and return an Array. Only what the plan asks for is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple

from xpgrad.array import Array
from xpgrad.backend import backend_of, get_backend, get_named
from xpgrad.errors import MixedBackendsError, NotDifferentiableError, UnsupportedTypeError
from xpgrad.primitive import Primitive, positions, remember, shape_of
from xpgrad.scope import is_recording

# Counts down, so that a heap of these numbers yields the latest operation first.
_next_order = count(0, -1).__next__

_REAL_SCALARS = frozenset((bool, int, float))
_SCALARS = _REAL_SCALARS | {complex}


class Form(NamedTuple):
    """What a node notes beyond an element-wise operation on operands of one shape and dtype.

    Attributes
    ----------
    like : tuple of (shape, dtype) or None
        For every tracked input what its cotangent must be restored to; None where it fits as it is.
    shape : tuple of int or None
        The shape that the cotangent must have before the rules run; None if it may be smaller. For several outputs,
        the (shape, dtype) of each.
    parameters : dict
        The keyword parameters of the call.
    variable : Variable or None
        Where the gradient is delivered, after `attach_grad`.
    """

    like: tuple[Any, ...] | None = None
    shape: Any = None
    parameters: Mapping[str, Any] = MappingProxyType({})
    variable: Variable | None = None


def mark(node: Node | Part, variable: Variable | None) -> None:
    """Say where the gradient of a node is delivered."""
    node.form = (node.form or Form())._replace(variable=variable)


class Node:
    """A recorded operation, or a variable (then `plan` is None and there are no parents).

    Attributes
    ----------
    plan : Plan or None
        Which rules to run, on what.
    source : Node or Part, or tuple of these
        The parent, where the plan has a single edge; otherwise one for each edge.
    kept : tuple or None
        What the rules need besides the cotangent, in the order of the plan; None once freed. After that, for every
        constant that no rule needs, a number or a weak reference, so that the operation can be shown and run again for
        as long as the constant lives.
    form : Form or None
        What else is to know about the call.
    order : int
        Smaller for what was recorded later.
    """

    # Few slots and no tuple where one parent will do: on a long record the garbage collector's visits count.
    __slots__ = ("form", "kept", "order", "plan", "source")

    def __init__(self, plan: Any, source: Any, kept: tuple[Any, ...], form: Form | None = None) -> None:
        self.plan = plan
        self.source = source
        self.kept: tuple[Any, ...] | None = kept
        self.form = form
        self.order = _next_order()

    @property
    def origins(self) -> tuple[tuple[int, Any], ...]:
        """The position and the node of every tracked input."""
        if self.plan is None or self.kept is None:
            return ()
        sources = (self.source,) if self.plan.single else self.source
        return tuple(zip(self.plan.positions, sources, strict=True))


def move_variable(old: Node | Part | None, new: Node | Part | None) -> None:
    """After a recorded write the gradient that was asked for is that of the new content."""
    if old is not None and new is not None and old.form is not None and old.form.variable is not None:
        mark(new, old.form.variable)
        mark(old, None)


class Part:
    """One output of a node that has several."""

    __slots__ = ("form", "index", "node", "order")

    plan = None
    source = kept = ()

    def __init__(self, node: Node, index: int) -> None:
        self.node = node
        self.index = index
        self.form: Form | None = None
        self.order = _next_order()

    @property
    def origins(self) -> tuple[tuple[int, Node]]:
        """The node that made all outputs."""
        return ((0, self.node),)


class Variable:
    """What `attach_grad` notes: where the gradient goes, and how."""

    __slots__ = ("add", "grad")

    def __init__(self, grad: Array, add: bool) -> None:
        self.grad = grad
        self.add = add


def leaf() -> Node:
    """A node at which histories begin."""
    return Node(None, (), ())


def operand(x: Any) -> tuple[Any, Any]:
    """The raw value and the node of whatever may stand beside an Array.

    Raises
    ------
    UnsupportedTypeError
        If `x` is neither an array nor a number.
    """
    if isinstance(x, Array):
        return x.data, x._node
    if x.__class__ in _SCALARS:
        return x, None
    backend = backend_of(x)
    return (x.item() if backend.is_scalar(x) else backend.asarray(x)), None


def check_beside(a: Any, b: Any) -> None:
    """Refuse raw operands of two backends; NumPy constants may stand beside the arrays of a backend that takes them.

    Raises
    ------
    MixedBackendsError
        If the operands do not belong together.
    """
    if a.__class__ in _SCALARS or b.__class__ in _SCALARS:
        return
    first, second = backend_of(a), backend_of(b)
    if first is not second and second.name not in first.mixes_with and first.name not in second.mixes_with:
        raise MixedBackendsError(first.name, second.name)


def own_array(out: Any, *operands: Any) -> Any:
    """The result of a raw operation as an array of the operands' library: NumPy makes scalars of 0-d results."""
    for a in operands:
        if a.__class__ not in _SCALARS and a is not None:
            return backend_of(a).asarray(out)
    return get_named(get_backend()).asarray(out)


def restoration(inputs: Sequence[Any], nodes: Sequence[Any], out: Any) -> Form | None:
    """What to note of an element-wise operation on operands of different shapes or dtypes."""
    tracked = [a for a, node in zip(inputs, nodes, strict=True) if node is not None]
    broadcast = any(a.shape != out.shape for a in tracked)
    if not broadcast and all(a.dtype == out.dtype for a in tracked):
        return None
    return Form(_forms(inputs, nodes), out.shape if broadcast else None)


def _forms(inputs: Sequence[Any], nodes: Sequence[Any]) -> tuple[Any, ...]:
    """The shape and dtype of every tracked input."""
    return tuple(None if node is None else (a.shape, a.dtype) for a, node in zip(inputs, nodes, strict=True))


class Functions(dict[type, Callable[..., Any]]):
    """The raw functions that compute one primitive, by type of the raw array; found on first use."""

    def __init__(self, primitive: Primitive) -> None:
        self._primitive = primitive

    def find(self, *operands: Any) -> Callable[..., Any]:
        """The function for raw operands of a type not met before."""
        for a in operands:
            if a.__class__ not in _SCALARS and a is not None:
                backend = backend_of(a)
                found = self[type(a)] = self._primitive.raw(backend)
                return found
        return self._primitive.raw(get_named(get_backend()))


def unary(primitive: Primitive) -> Callable[..., Array]:
    """The function of an element-wise primitive of one array, for arrays of any backend."""
    plan = primitive.plan((0,))
    save = plan.save
    functions = Functions(primitive)

    def apply(x: Any, /) -> Array:
        if x.__class__ is Array:
            if x._view is not None:
                x._view.refresh(x)
            a, node = x._data, x._node
        else:
            a, node = operand(x)
        out = (functions.get(a.__class__) or functions.find(a))(a)
        if out.__class__ is not a.__class__:
            out = own_array(out, a)
        if node is None or not is_recording():
            return Array(out)
        return Array(out, Node(plan, node, save(a, out)))

    return apply


def binary(primitive: Primitive, operator: Callable[[Any, Any], Any] | None = None) -> Callable[..., Any]:
    """The function of an element-wise primitive of two arrays, for arrays of any backend.

    With `operator`, Python's own operator on the raw arrays, it serves as an operator method: it leaves operands that
    it does not know to their own reflected method.
    """
    only_first, only_second, both = (primitive.plan(tracked) for tracked in ((0,), (1,), (0, 1)))
    functions = Functions(primitive)

    def apply(x1: Any, x2: Any, /) -> Any:
        if x1.__class__ is Array:
            if x1._view is not None:
                x1._view.refresh(x1)
            a, n1 = x1._data, x1._node
        else:
            try:
                a, n1 = operand(x1)
            except UnsupportedTypeError:
                if operator is not None:
                    return NotImplemented
                raise
        real_scalar = False
        if x2.__class__ is Array:
            if x2._view is not None:
                x2._view.refresh(x2)
            b, n2 = x2._data, x2._node
        elif x2.__class__ in _REAL_SCALARS:
            b, n2 = x2, None
            real_scalar = True
        else:
            try:
                b, n2 = operand(x2)
            except UnsupportedTypeError:
                if operator is not None:
                    return NotImplemented
                raise
        if not real_scalar and a.__class__ is not b.__class__:
            check_beside(a, b)
        if operator is None:
            array = b if a.__class__ in _SCALARS else a
            out = (functions.get(array.__class__) or functions.find(a, b))(a, b)
        else:
            out = operator(a, b)
        if out.__class__ is not a.__class__ and out.__class__ is not b.__class__:
            out = own_array(out, a, b)
        if n1 is None:
            if n2 is None or not is_recording():
                return Array(out)
            plan, source = only_second, n2
        elif not is_recording():
            return Array(out)
        elif n2 is None:
            plan, source = only_first, n1
        else:
            plan, source = both, (n1, n2)
        if real_scalar or (
            a.__class__ is b.__class__
            and a.shape == b.shape
            and (n1 is None or a.dtype is out.dtype)
            and (n2 is None or b.dtype is out.dtype)
        ):
            form = None
        else:
            form = restoration((a, b), (n1, n2), out)
        return Array(out, Node(plan, source, plan.save(a, b, out), form))

    return apply


def general(primitive: Primitive) -> Callable[..., Any]:
    """The function of a primitive of any other form, for arrays of any backend."""
    functions = Functions(primitive)
    inputs, parameters, leading = primitive.inputs, primitive.parameters, frozenset(primitive.leading)
    count = len(inputs)

    def apply(*arguments: Any, **keywords: Any) -> Any:
        if len(arguments) != count or not keywords.keys() <= parameters.keys():
            bound = primitive.signature.bind(*arguments, **keywords).arguments
            arguments = tuple(bound.get(name) for name in inputs)
            keywords = {name: value for name, value in bound.items() if name in parameters}
        elif not keywords.keys() >= leading:
            primitive.signature.bind(*arguments, **keywords)  # raises: a parameter without default is missing
        arrays = arguments[0] if primitive.variadic else arguments
        return call(primitive, functions, arrays, keywords)

    return apply


def call(primitive: Primitive, functions: Functions, arrays: Sequence[Any], parameters: dict[str, Any]) -> Any:
    """Run a primitive on its inputs and keyword parameters, and record it."""
    data: list[Any] = []
    nodes: list[Any] = []
    first: Any = None
    for x in arrays:
        a, node = (None, None) if x is None and primitive.optional else operand(x)
        if a is not None and a.__class__ not in _SCALARS:
            if first is None:
                first = a
            elif a.__class__ is not first.__class__:
                check_beside(first, a)
                if backend_of(first).name in backend_of(a).mixes_with:
                    first = a
        data.append(a)
        nodes.append(node)
    for name, value in parameters.items():
        if isinstance(value, Array):
            if value._node is not None and is_recording():
                raise NotDifferentiableError(primitive.name, name)
            parameters = parameters | {name: value.data}
        elif isinstance(value, tuple) and any(isinstance(part, Array) for part in value):  # an index, say
            parameters = parameters | {name: tuple(part.data if isinstance(part, Array) else part for part in value)}
    function = functions.get(first.__class__) or functions.find(*data)
    if primitive.variadic:
        out = function(data, **parameters)
    else:
        given = {
            name: a
            for name, a in zip(primitive.inputs, data, strict=True)
            if name in primitive.optional and a is not None
        }
        required = data[: len(data) - len(primitive.optional)]
        leading = [parameters[name] for name in primitive.leading]  # the standard takes some of these by position only
        named = {name: value for name, value in parameters.items() if name not in primitive.leading}
        out = function(*required, *leading, **given, **named)
    if primitive.outputs == 1:
        if out.__class__ is not first.__class__:
            out = own_array(out, first)
        if not is_recording() or not positions(nodes) or not differentiable(out):
            return Array(out)
        return Array(out, new_node(primitive, data, nodes, parameters, out, out.shape))
    if not is_recording() or not positions(nodes):
        return _like_tuple(out, (Array(part) for part in out))
    node = new_node(primitive, data, nodes, parameters, out, tuple((part.shape, part.dtype) for part in out))
    return _like_tuple(
        out, (Array(part, Part(node, i) if differentiable(part) else None) for i, part in enumerate(out))
    )


def _like_tuple(out: Any, parts: Iterable[Array]) -> Any:
    """Several outputs as the library gives them: a named tuple keeps its names."""
    return type(out)(*parts) if hasattr(out, "_fields") else tuple(parts)


def new_node(primitive: Primitive, data: Any, nodes: Any, parameters: Any, out: Any, shape: Any) -> Node:
    """The node of a call of any form."""
    plan = primitive.plan(positions(nodes))
    if primitive.variadic:
        name = primitive.inputs[0]
        values = {name: tuple(data), f"{name}_shape": tuple(shape_of(a) for a in data)}
    else:
        values = dict(zip(primitive.inputs, data, strict=True))
        values |= {f"{name}_shape": shape_of(a) for name, a in values.items()}
    values |= primitive.parameters | parameters | {"out": out}
    kept = tuple((values | {"i": i})[name] for i, _, _, part, _ in plan.edges for name in plan.needs[part])
    forgotten = tuple(remember(data[i]) for i in plan.forgotten(len(data)))
    sources = tuple(nodes[i] for i in plan.positions)
    return Node(
        plan, sources[0] if plan.single else sources, kept + forgotten, Form(_forms(data, nodes), shape, parameters)
    )


_DIFFERENTIABLE: dict[tuple[type, Any], bool] = {}


def differentiable(a: Any) -> bool:
    """Whether a raw array holds real or complex floating-point numbers."""
    key = type(a), a.dtype  # by type too: dtypes of two libraries may not be comparable
    found = _DIFFERENTIABLE.get(key)
    if found is None:
        found = backend_of(a).namespace.isdtype(a.dtype, ("real floating", "complex floating"))
        _DIFFERENTIABLE[key] = found
    return found


def is_leaf(node: Any) -> bool:
    """Whether histories begin at this node: the array it belongs to is a variable."""
    return node.__class__ is Node and node.plan is None
