"""What a record consists of: nodes, their parts, and what `attach_grad` notes on them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple

from xpgrad.array import Array, array_of

# Counts down, so that a heap of these numbers yields the latest operation first.
next_order = count(0, -1).__next__


class Variable(NamedTuple):
    """What `attach_grad` notes: where the gradient goes, and whether it is added to what is there."""

    grad: Array
    add: bool


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
    parts : tuple
        Of a node with several outputs, weak references to the parts that stand for them; None for integers.
    """

    like: tuple[Any, ...] | None = None
    shape: Any = None
    parameters: Mapping[str, Any] = MappingProxyType({})
    variable: Variable | None = None
    parts: tuple[Any, ...] = ()


class Node:
    """A recorded operation, or a variable (then `plan` is None and there are no parents).

    Attributes
    ----------
    plan : Plan or None
        Which rules to run, on what.
    source : Node or Part, or tuple of these
        The parent, where the plan has a single edge; otherwise one for each edge. Once freed None, or in words what
        ended the walk that freed it.
    kept : tuple or None
        What the rules need besides the cotangent, then what `remember` noted; None once freed.
    form : Form or None
        What else is to know about the call.
    order : int or float
        Smaller for what was recorded later.
    """

    # Few slots and no tuple where one parent will do: on a long record the garbage collector's visits count. Without an
    # __init__, which `make_node` stands for, it is made in half the time.
    __slots__ = ("form", "kept", "order", "plan", "source")

    form: Form | None
    kept: tuple[Any, ...] | None
    order: float
    plan: Any
    source: Any

    @property
    def parents(self) -> tuple[Any, ...]:
        """The nodes of the tracked inputs."""
        if self.plan is None or self.kept is None:
            return ()
        return (self.source,) if self.plan.single else self.source

    @property
    def origins(self) -> tuple[tuple[int, Any], ...]:
        """The position and the node of every tracked input."""
        parents = self.parents
        return tuple(zip(self.plan.positions, parents, strict=True)) if parents else ()


def make_node(plan: Any, source: Any, kept: tuple[Any, ...], form: Form | None = None) -> Node:
    """A new node, later than all others."""
    made = Node()
    made.plan = plan
    made.source = source
    made.kept = kept
    made.form = form
    made.order = next_order()
    return made


class Part:
    """One output of a node that has several."""

    __slots__ = ("__weakref__", "form", "index", "node", "order")

    plan = None
    source = kept = ()

    def __init__(self, node: Node, index: int) -> None:
        self.node = node
        self.index = index
        self.form: Form | None = None
        self.order = next_order()

    @property
    def parents(self) -> tuple[Node]:
        """The node that made all outputs."""
        return (self.node,)

    @property
    def origins(self) -> tuple[tuple[int, Node]]:
        """As for `Node`."""
        return ((0, self.node),)


def leaf() -> Node:
    """A node at which histories begin."""
    return make_node(None, (), ())


def is_leaf(node: Any) -> bool:
    """Whether histories begin at this node: the array it belongs to is a variable."""
    return node.__class__ is Node and node.plan is None


def set_variable(node: Node | Part, variable: Variable | None) -> None:
    """Say where the gradient of a node is delivered."""
    node.form = (node.form or Form())._replace(variable=variable)


def move_variable(old: Node | Part | None, new: Node | Part | None) -> None:
    """After a recorded write the gradient that was asked for is that of the new content."""
    if old is not None and new is not None and old.form is not None and old.form.variable is not None:
        set_variable(new, old.form.variable)
        set_variable(old, None)


def tracked_residuals(node: Node) -> tuple[Any, ...]:
    """What a node keeps, with inputs and outputs as Arrays that know their history."""
    primitive = node.plan.primitive
    if primitive is None:
        return node.kept  # type: ignore[return-value]  # not freed; a user's function wraps what it kept itself
    origins = dict(node.origins)
    nodes = {name: origins.get(i) for i, name in enumerate(primitive.inputs)}

    def wrap(name: str, value: Any) -> Any:
        if name == "out":
            return _outputs(node, value)
        if name not in nodes:
            return value
        if primitive.variadic:
            return tuple(array_of(a, origins.get(i)) for i, a in enumerate(value))
        return array_of(value, nodes[name]) if hasattr(value, "dtype") else value

    return tuple(map(wrap, node.plan.needs, node.kept or ()))


def _outputs(node: Node, out: Any) -> Any:
    if node.plan.primitive.outputs == 1:
        return array_of(out, node)
    alive = [None if part is None else part() for part in node.form.parts]  # type: ignore[union-attr]  # it has one
    return tuple(array_of(value, alive[i] or Part(node, i)) for i, value in enumerate(out))
