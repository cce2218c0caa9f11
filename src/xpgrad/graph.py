"""A recorded computation as a value: list it, draw it, run it again with other inputs.

Recording keeps only what the derivative rules need. So a constant that no rule asks for is known to a Graph as long as
somebody else keeps it alive; running the graph after that says which one is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import ref

from xpgrad.array import Array
from xpgrad.discovery import is_array
from xpgrad.errors import GraphFreedError, GraphInputError, NotRecordedError
from xpgrad.functions import function_of
from xpgrad.node import Node, Part
from xpgrad.primitive import Primitive


@dataclass(frozen=True)
class Operation:
    """One step of a graph.

    Attributes
    ----------
    name : str
        The primitive, or the class of a user-defined function; "variable" for an input of the graph.
    label : str
        The unique name of its result.
    operands : tuple
        For every input the label of the operation that makes it, or the constant itself.
    parameters : dict
        Its keyword parameters.
    shape, dtype
        Those of its result; tuples of them for several results.
    primitive : Primitive or None
        What computes it; None for a user-defined function, which may have any name.
    """

    name: str
    label: str
    operands: tuple[Any, ...]
    parameters: dict[str, Any]
    shape: Any
    dtype: Any
    primitive: Primitive | None = field(default=None, repr=False)

    def __str__(self) -> str:
        operands = [x if isinstance(x, Label) else _brief(x) for x in self.operands]
        operands += [f"{name}={_brief(value)}" for name, value in self.parameters.items()]
        return f"{self.label}: {self.form} = {self.name}({', '.join(operands)})"

    @property
    def form(self) -> str:
        """The dtype and shape of its result in a few characters: ``float64[2, 3]``."""
        several = isinstance(self.dtype, tuple)
        pairs = zip(self.dtype, self.shape, strict=True) if several else [(self.dtype, self.shape)]
        return ", ".join(f"{dtype}{list(shape)}" for dtype, shape in pairs)


class Choice(Operation):
    """The step from an operation of several results to one of them."""


class Label(str):
    """The name of an operation's result, told apart from a constant that is a string."""

    __slots__ = ()


@dataclass(frozen=True)
class Missing:
    """A constant that was not kept, and that nobody keeps alive any more."""

    def __str__(self) -> str:
        return "<constant not kept>"


@dataclass(frozen=True)
class Graph:
    """The operations that lead from variables to one recorded array, in the order in which they ran.

    Attributes
    ----------
    variables : tuple of Operation
        The inputs of the graph, in the order in which they became variables.
    operations : tuple of Operation
        Every step; the last one makes the result.
    """

    variables: tuple[Operation, ...]
    operations: tuple[Operation, ...]

    def list_arguments(self) -> list[str]:
        """The labels of the variables."""
        return [str(variable.label) for variable in self.variables]

    def list_outputs(self) -> list[str]:
        """The label of the result."""
        return [f"{self._last.label}_output"]

    @property
    def _last(self) -> Operation:
        return (*self.variables, *self.operations)[-1]

    def __str__(self) -> str:
        lines = [f"{x.label}: {x.form}" for x in self.variables]
        return "\n".join([*lines, *map(str, self.operations)])

    def to_dot(self) -> str:
        """The graph in Graphviz's DOT language: variables as boxes, operations as ellipses, arrows along the data."""
        boxes = [f'  "{x.label}" [shape=box, label="{x.label}\\n{x.form}"];' for x in self.variables]
        lines = ["digraph {", "  rankdir=BT;", *boxes]
        for step in self.operations:
            arrows = [f'  "{x}" -> "{step.label}";' for x in step.operands if isinstance(x, Label)]
            lines += [f'  "{step.label}" [label="{step.name}\\n{step.form}"];', *arrows]
        return "\n".join([*lines, "}"])

    def __call__(self, *arrays: Any, **named: Any) -> Any:
        """Run the graph again with other inputs.

        Parameters
        ----------
        *arrays, **named
            An array for every variable, in order or by label; shapes may differ from the recorded ones where the
            operations allow it. Recording works as usual.

        Returns
        -------
        Array
            The result for these inputs.

        Raises
        ------
        GraphInputError
            If an input is missing or unknown, if a constant is gone, or if a user-defined function is in the way.
        """
        labels = self.list_arguments()
        values: dict[str, Any] = dict(zip(labels, arrays, strict=False))
        if len(arrays) > len(labels) or values.keys() & named.keys() or {*values, *named} != {*labels}:
            given = [*list(values)[: len(arrays)], *named]
            raise GraphInputError(f"the graph takes {labels}, one array each; it was given {len(arrays)} and {given}.")
        values |= named
        for step in self.operations:
            operands = [values[x] if isinstance(x, Label) else x for x in step.operands]
            values[step.label] = _run(step, operands)
        return values[self._last.label]


def get_symbol(x: Array) -> Graph:
    """The recorded computation that leads to an array.

    Parameters
    ----------
    x : Array
        What was recorded.

    Returns
    -------
    Graph
        Its operations and variables; it outlives the record, which backward frees.

    Raises
    ------
    NotRecordedError
        If nothing was recorded that leads to it.
    GraphFreedError
        If backward has freed the record.
    """
    if not isinstance(x, Array) or x._node is None:
        raise NotRecordedError
    nodes = _ancestors(x._node)
    forms = _forms(nodes, x)
    labels: dict[Any, Label] = {}
    variables: list[Operation] = []
    operations: list[Operation] = []
    for node in nodes:
        if node.plan is None and node.__class__ is Node:
            labels[node] = Label(f"var{len(variables)}")
            variables.append(Operation("variable", labels[node], (), {}, *forms[node]))
            continue
        chosen = node.__class__ is Part
        primitive = None if chosen else node.plan.primitive
        name = "part" if chosen else (primitive or node.plan).name
        labels[node] = Label(f"{name}{len(operations)}")
        operands, parameters = _arguments(node, labels)
        kind = Choice if chosen else Operation
        operations.append(kind(name, labels[node], operands, parameters, *forms[node], primitive))
    return Graph(tuple(variables), tuple(operations))


def _ancestors(head: Any) -> list[Any]:
    """All nodes that lead to the head, the earliest first."""
    seen, stack = set(), [head]
    while stack:
        node = stack.pop()
        if node not in seen:
            if node.kept is None:
                raise GraphFreedError(node.source)
            seen.add(node)
            stack.extend(parent for _, parent in node.origins)
    return sorted(seen, key=lambda node: -node.order)


def _forms(nodes: list[Any], head: Array) -> dict[Any, tuple[Any, Any]]:
    """The shape and dtype of every result, found from the head backwards: most nodes do not store them."""
    forms: dict[Any, tuple[Any, Any]] = {nodes[-1]: (head.shape, head.dtype)}
    for node in reversed(nodes):
        if node.__class__ is Part:
            shapes, dtypes = zip(*node.node.form.shape, strict=True)  # type: ignore[union-attr]  # with parts there is one
            forms.setdefault(node.node, (shapes, dtypes))
            continue
        for i, parent in node.origins:
            forms.setdefault(parent, node.form.like[i] if node.form and node.form.like else forms[node])
    return forms


def _arguments(node: Any, labels: dict[Any, Label]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The operands and parameters of a recorded call."""
    if node.__class__ is Part:
        return (labels[node.node],), {"index": node.index}
    operands: dict[int, Any] = {i: labels[parent] for i, parent in node.origins}
    parameters = {} if node.form is None else dict(node.form.parameters)
    primitive = node.plan.primitive
    if primitive is not None:
        count = len(node.form.like) if primitive.variadic else len(primitive.inputs)
        kept = dict(zip(node.plan.needs, node.kept, strict=False))
        operands |= {i: kept[name] for i, name in enumerate(primitive.inputs) if name in kept and i not in operands}
        if primitive.variadic and primitive.inputs[0] in kept:
            operands = dict(enumerate(kept[primitive.inputs[0]])) | operands
        constants = node.kept[len(node.plan.needs) :]
        operands |= {i: _alive(x) for i, x in zip(node.plan.forgotten(count), constants, strict=True)}
    return tuple(operands[i] for i in sorted(operands)), parameters


def _alive(constant: Any) -> Any:
    """A constant that was remembered, as far as it still lives."""
    if not isinstance(constant, ref):
        return constant
    found = constant()
    return Missing() if found is None else found


def _run(step: Operation, operands: list[Any]) -> Any:
    """Run one step on new operands."""
    if any(isinstance(x, Missing) for x in operands):
        raise GraphInputError(
            f"{step.label} used a constant that was not kept and is gone. Keep a reference to it, or make it a "
            "variable with attach_grad() before recording."
        )
    if isinstance(step, Choice):
        return operands[0][step.parameters["index"]]
    if step.primitive is None:
        raise GraphInputError(
            f"{step.label} is a user-defined function, which a graph cannot run again: call it instead."
        )
    arguments = [operands] if step.primitive.variadic else operands
    return function_of(step.primitive)(*arguments, **step.parameters)


def _brief(x: Any) -> str:
    """A constant in a few characters."""
    if is_array(x):
        return f"{x.dtype}{list(x.shape)}"
    return str(x) if isinstance(x, Missing) else repr(x)
