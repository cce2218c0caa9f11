"""A cotangent that is one number for all blocks, and known only when all of them are done, as a factor at the end.

Where a loss is not linear in its sum over the data, as the root of a mean square, the way back would wait for that sum
and go over the data again. But it is linear in the cotangent. So it takes 1 in place of the number, in the same pass as
the sum, and what comes of it is multiplied by the number.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from copy import copy
from functools import partial
from math import prod
from typing import Any

import numpy
from array_api_compat import array_namespace
from dask._task_spec import Alias, DataNode, GraphNode, Task, _identity_cast, convert_legacy_graph
from dask.array import chunk
from dask.array.core import _concatenate2, _enforce_dtype
from dask.base import clone_key
from dask.blockwise import Blockwise, blockwise
from dask.highlevelgraph import HighLevelGraph, Layer, MaterializedLayer
from toolz.functoolz import Compose

from xpgrad_dask.contractions import _matmul, _part, _tensordot, _whole
from xpgrad_dask.layout import Within, _broadcast_to
from xpgrad_dask.own_blocks import BY_ROWS
from xpgrad_dask.sums import _reduced, _sum_chunk, _sum_of_list, run_rule, sum_block

#: Functions by the arguments in which they are linear: all of them together, one of them, or the first.
_TOGETHER: set[Any] = {operator.add, operator.sub, operator.neg, operator.pos, numpy.swapaxes, numpy.transpose}
_TOGETHER |= {chunk.sum, _concatenate2, _sum_chunk, _sum_of_list, sum_block, "sum"} | BY_ROWS
_ONE = {operator.mul, _matmul, _tensordot}
_FIRST = {operator.truediv, run_rule, _broadcast_to}
_AROUND = {_part, _reduced, _whole}  # their first argument says what they do with the blocks


def with_factors(graph: HighLevelGraph, wanted: set[str]) -> HighLevelGraph:
    """The same graph, in which what is linear in such a number no longer waits for it, where that saves a pass."""
    tried: set[str] = set()
    while name := next((name for name in _candidates(graph) if name not in tried), None):
        tried.add(name)
        graph = _factored(graph, name, wanted)
    return graph


def _candidates(graph: HighLevelGraph) -> list[str]:
    """Real numbers that wait for several blocks, and in which several may be linear; the nearest to these first."""
    order = graph._toposort_layers()
    waiting: set[str] = set()
    for name in order:
        if not waiting.isdisjoint(graph.dependencies[name]) or _in_blocks(graph.layers[name]):
            waiting.add(name)
    leading: set[str] = set()  # to what is in blocks, by way of what may be linear
    found = []
    for name in reversed(order):
        layer = graph.layers[name]
        known = layer.collection_annotations or {}
        if name in leading and name in waiting and known.get("shape") == () and known["dtype"].kind == "f":
            found.append(name)
        if (name in leading or _in_blocks(layer)) and _may_be_linear(layer):
            leading |= graph.dependencies[name]
    return found


def _in_blocks(layer: Layer) -> bool:
    return isinstance(layer, Blockwise) and max(layer.dims.values(), default=1) > 1


def _may_be_linear(layer: Layer) -> bool:
    return not isinstance(layer, Blockwise) or set(functions(layer.task)) - _AROUND <= _TOGETHER | _ONE | _FIRST


def _factored(graph: HighLevelGraph, factor: str, wanted: set[str]) -> HighLevelGraph:
    """The same graph with a number multiplied in where nothing in blocks is left to do, if that is possible."""
    work = _Factored(graph, factor)
    outside = {dep for name, deps in graph.dependencies.items() if name not in work.linear for dep in deps}
    numblocks = {name: _numblocks(graph.layers[name]) for name in work.linear}
    wide = {name for name, blocks in numblocks.items() if prod(blocks) > 1}
    if not wide or wide & outside:
        return graph
    layers = {name: layer for name, layer in graph.layers.items() if name not in work.linear}
    dependencies = {name: graph.dependencies[name] for name in layers}
    one = (work.names[factor],)
    dtype = (graph.layers[factor].collection_annotations or {})["dtype"]
    layers[one[0]], dependencies[one[0]] = MaterializedLayer({one: DataNode(one, numpy.ones((), dtype))}), set()
    for name in work.linear:
        layers[work.names[name]] = work.renamed(name)
        dependencies[work.names[name]] = {work.names.get(dep, dep) for dep in graph.dependencies[name]}
    for name in work.linear & (outside | wanted):
        labels, unit = tuple(range(len(numblocks[name]))), work.names[name]
        given = {unit: numblocks[name], factor: ()}
        layers[name] = blockwise(times, name, labels, unit, labels, factor, (), numblocks=given)
        dependencies[name] = set(given)
    return HighLevelGraph(layers, dependencies)


def times(r: Any, g: Any) -> Any:
    """The product of blocks; where the number is zero, a zero."""
    with numpy.errstate(all="ignore"):
        out = r * g
    xp = array_namespace(out)
    return out if g else xp.where(xp.isfinite(out), out, xp.zeros_like(out))


def _numblocks(layer: Layer) -> tuple[int, ...]:
    """The number of blocks along each axis."""
    return tuple(1 + max(places) for places in list(zip(*layer.get_output_keys(), strict=True))[1:])


class _Factored:
    """What is linear in a number, in a graph.

    Attributes
    ----------
    linear : set of str
        The layers whose blocks are.
    names : dict
        What these, and the number, are called when there is 1 in its place.
    """

    def __init__(self, graph: HighLevelGraph, factor: str) -> None:
        self.graph = graph
        self.linear: set[str] = set()
        for name in graph._toposort_layers():
            inputs = graph.dependencies[name] & {*self.linear, factor}
            if inputs and self.is_linear(name, inputs):
                self.linear.add(name)
        # By the number, too: where another was factored out before, the same layer may have been in that.
        self.names = {name: clone_key(name, factor) for name in (*self.linear, factor)}

    def is_linear(self, name: str, inputs: set[str]) -> bool:
        """Whether the blocks of a layer are linear in those of some inputs, taken together."""
        layer = self.graph.layers[name]
        if isinstance(layer, Within):
            return True
        if not isinstance(layer, Blockwise):
            called = {function for task in self.tasks(name).values() for function in functions(task)}
            return called <= _TOGETHER and self.graph.dependencies[name] <= inputs
        called = set(functions(layer.task)) - _AROUND
        places = [i for i, (x, _) in enumerate(layer.indices) if isinstance(x, str) and x in inputs]
        if called <= _TOGETHER:
            return len(places) == len(layer.indices)
        return (called <= _ONE and len(places) == 1) or (called <= _FIRST and places == [0])

    def tasks(self, name: str) -> dict[Any, Any]:
        """The tasks of a layer that is written out."""
        layer = self.graph.layers[name]
        inputs = (self.graph.layers[dep].get_output_keys() for dep in self.graph.dependencies[name])
        return convert_legacy_graph(dict(layer), set(layer).union(*inputs))

    def renamed(self, name: str) -> Layer:
        """A layer with 1 in the number's place."""
        layer = self.graph.layers[name]
        if isinstance(layer, Blockwise):
            return renamed(layer, self.names)
        made: Any = copy(layer)  # which keeps what is known of its kind
        tasks = {}
        for key, task in self.tasks(name).items():
            moved = {dep: (self.names.get(dep[0], dep[0]), *dep[1:]) for dep in task.dependencies}
            own = (self.names[name], *key[1:])
            tasks[own] = task.substitute(moved, key=own)
        made.mapping = tasks
        if isinstance(layer, Within):
            made.source = self.names.get(layer.source, layer.source)
        return made


def renamed(layer: Blockwise, names: Mapping[str, str]) -> Blockwise:
    """A layer of blocks in which some layers, perhaps itself, have other names."""
    own = names.get(layer.output, layer.output)
    made = Blockwise(
        own,
        layer.output_indices,
        layer.task.substitute({}, key=own),
        [(names.get(x, x) if isinstance(x, str) else x, labels) for x, labels in layer.indices],
        {names.get(x, x): blocks for x, blocks in layer.numblocks.items()},
        layer.concatenate,
        layer.new_axes,
    )
    made.collection_annotations = layer.collection_annotations
    return made


def functions(node: GraphNode) -> Iterator[Any]:
    """What a task calls, and the tasks inside it."""
    stack: list[Any] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, Task):
            stack += [part for part in (*item.args, *item.kwargs.values()) if isinstance(part, Task)]
            if item.func is _enforce_dtype:
                stack.append(item.kwargs["enforce_dtype_function"])
            elif item.func is not _identity_cast:  # which makes a list
                stack.append(item.func)
        elif isinstance(item, partial):
            stack.append(item.func)
            stack += item.args[:1] if item.func in _AROUND else ()
        elif isinstance(item, Compose):
            stack += [item.first, *item.funcs]
        elif not isinstance(item, Alias):
            yield item
