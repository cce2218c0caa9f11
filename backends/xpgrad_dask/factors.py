"""A cotangent that is one number for all blocks, and known only when all of them are done, as a factor at the end.

Where a loss is not linear in its sum over the data, as the root of a mean square, the way back would wait for that sum
and go over the data again. But it is linear in the cotangent. So it takes 1 in place of the number, in the same pass as
the sum, and what comes of it is multiplied by the number.

Where the cotangents of several sums meet in a block, what depends on one of them is taken apart from the rest: each has
a way back of its own, so that none waits.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from copy import copy
from functools import partial
from math import nan, prod
from typing import Any

import dask.array as da
import numpy
from array_api_compat import array_namespace
from dask._task_spec import Alias, DataNode, GraphNode, Task, _identity_cast, convert_legacy_graph
from dask.array import chunk
from dask.array.core import _concatenate2, _enforce_dtype
from dask.base import clone_key
from dask.blockwise import Blockwise, blockwise
from dask.highlevelgraph import HighLevelGraph, Layer
from toolz.functoolz import Compose

from xpgrad_dask.contractions import _einsum, _matmul, _part, _tensordot, _whole
from xpgrad_dask.layout import Within, _broadcast_to
from xpgrad_dask.own_blocks import BY_ROWS
from xpgrad_dask.shapes import known
from xpgrad_dask.sums import _reduced, _sum_chunk, _sum_of_list, run_rule, sum_block
from xpgrad_dask.written import Tasks


def _minus_like(block: Any, template: Any) -> Any:
    """The negative, in the template's shape."""
    return _broadcast_to(-block, template)


#: Functions by the arguments in which they are linear: all of them together, one of them, or the first.
_TOGETHER: set[Any] = {operator.add, operator.sub, operator.neg, operator.pos, numpy.swapaxes, numpy.transpose}
_TOGETHER |= {chunk.sum, _concatenate2, _sum_chunk, _sum_of_list, sum_block, "sum"} | BY_ROWS
_ONE = {operator.mul, _einsum, _matmul, _tensordot}
_FIRST: set[Any] = {operator.truediv, run_rule, _broadcast_to, _minus_like}
_AROUND = {_part, _reduced, _whole}  # their first argument says what they do with the blocks
_MOST = 3  # numbers of which each has its own way back through the blocks; with more, two passes take less time


def with_factors(graph: HighLevelGraph, wanted: set[str]) -> HighLevelGraph:
    """The same graph, in which what is linear in such a number no longer waits for it, where that saves a pass."""
    found, _ = _with_all(graph, wanted)
    if len(_candidates(found)) > 1:
        # Of several numbers some may be multiples of one, which is farther away, or the nearest may be the fewest.
        for step in (1, -1):
            apart, count = _with_all(found, wanted, True, step)
            if count <= _MOST and _passes(apart) < _passes(found):
                return apart
    return found


def _with_all(
    graph: HighLevelGraph, wanted: set[str], terms: bool = False, step: int = 1
) -> tuple[HighLevelGraph, int]:
    """The same graph with all numbers factored out that can be, and how many; sums may be taken apart into `terms`."""
    tried: set[str] = set()
    count = 0
    while name := next((name for name in _candidates(graph)[::step] if name not in tried), None):
        tried.add(name)
        before, graph = graph, _factored(graph, name, wanted, terms)
        count += graph is not before
    return graph, count


def _passes(graph: HighLevelGraph) -> int:
    """How often what leads to the end goes from many blocks to one and back to many."""
    passes: dict[str, int] = {}
    many = {name: len(layer.get_output_keys()) > 1 for name, layer in graph.layers.items()}
    for name in graph._toposort_layers():
        deps = graph.dependencies[name]
        back = [passes[dep] + (many[name] and not many[dep] and passes[dep] > 0) for dep in deps]
        passes[name] = max([int(many[name]), *back])
    return max(passes.values())


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
        kind = layer.collection_annotations or {}
        if name in leading and name in waiting and kind.get("shape") == () and kind["dtype"].kind == "f":
            found.append(name)
        if (name in leading or _in_blocks(layer)) and _may_be_linear(layer):
            leading |= graph.dependencies[name]
    return found


def _in_blocks(layer: Layer) -> bool:
    return isinstance(layer, Blockwise) and max(layer.dims.values(), default=1) > 1


def _may_be_linear(layer: Layer) -> bool:
    return not isinstance(layer, Blockwise) or set(functions(layer.task)) - _AROUND <= _TOGETHER | _ONE | _FIRST


def _factored(graph: HighLevelGraph, factor: str, wanted: set[str], terms: bool) -> HighLevelGraph:
    """The same graph with a number multiplied in where nothing in blocks is left to do, if that is possible."""
    work = _Factored(graph, factor, terms)
    outside = {dep for name, deps in graph.dependencies.items() if name not in work.linear for dep in deps}
    numblocks = {name: _numblocks(graph.layers[name]) for name in work.linear}
    wide = {name for name, blocks in numblocks.items() if prod(blocks) > 1}
    if not wide or wide & outside:
        return graph
    layers = {name: layer for name, layer in graph.layers.items() if name not in work.linear}
    dependencies = {name: graph.dependencies[name] for name in layers}
    one = (work.names[factor],)
    dtype = (graph.layers[factor].collection_annotations or {})["dtype"]
    layers[one[0]], dependencies[one[0]] = Tasks({one: DataNode(one, numpy.ones((), dtype))}), set()
    for name in work.linear:
        for own, layer, needed in work.copies(name):
            layers[own], dependencies[own] = layer, needed
    for name in work.linear & (outside | wanted):
        labels, unit = tuple(range(len(numblocks[name]))), work.names[name]
        operands: list[Any] = [unit, labels, factor, ()]
        given = {unit: numblocks[name], factor: ()}
        if name in work.rests:
            operands += [work.rests[name], labels]
            given[work.rests[name]] = numblocks[name]
        layers[name] = blockwise(times, name, labels, *operands, numblocks=given)
        dependencies[name] = set(given)
    return HighLevelGraph(layers, dependencies)


def times(r: Any, g: Any, rest: Any = None) -> Any:
    """The product of blocks; where a factor is zero, a zero. And what does not depend on the number, added.

    What is masked out is zero in the blocks, and stays zero where the number is not finite, as for the root of nothing.
    """
    with numpy.errstate(all="ignore"):
        out = r * g
    xp = array_namespace(out)
    if not g:
        out = xp.where(xp.isfinite(out), out, xp.zeros_like(out))
    elif not xp.isfinite(g):
        out = xp.where(r == 0, xp.zeros_like(out), out)
    return out if rest is None else out + rest


def _numblocks(layer: Layer) -> tuple[int, ...]:
    """The number of blocks along each axis."""
    return tuple(1 + max(places) for places in list(zip(*layer.get_output_keys(), strict=True))[1:])


class _Factored:
    """What is linear in a number, in a graph.

    Attributes
    ----------
    linear : set of str
        The layers whose blocks are, or are sums of such and of others.
    names : dict
        What these, and the number, are called when there is 1 in its place, without the others.
    rests : dict
        What the others are called, where there are some.
    """

    def __init__(self, graph: HighLevelGraph, factor: str, terms: bool) -> None:
        self.graph = graph
        self.linear: set[str] = set()
        self.rests: dict[str, str] = {}
        self.sums: set[str] = set()
        waiting = {factor}
        for name in graph._toposort_layers():
            inputs = graph.dependencies[name] & waiting
            if not inputs:
                continue
            waiting.add(name)
            if not inputs <= {*self.linear, factor}:
                continue
            with_rest = inputs & self.rests.keys()
            if with_rest in (set(), inputs) and self.is_linear(name, inputs):
                self.linear.add(name)
            elif terms and self.is_sum(name):
                self.linear.add(name)
                self.sums.add(name)
            else:
                continue
            if with_rest or name in self.sums:
                self.rests[name] = clone_key(name, (factor, "rest"))
        # By the number, too: where another was factored out before, the same layer may have been in that.
        self.names = {name: clone_key(name, factor) for name in (*self.linear, factor)}

    def is_linear(self, name: str, inputs: set[str]) -> bool:
        """Whether the blocks of a layer are linear in those of some inputs, taken together."""
        layer = self.graph.layers[name]
        if isinstance(layer, Within):
            return True
        if not isinstance(layer, Blockwise):
            tasks = self.tasks(name).values()
            if any(isinstance(task, DataNode) for task in tasks):  # a constant
                return False
            called = {function for task in tasks for function in functions(task)}
            return called <= _TOGETHER and self.graph.dependencies[name] <= inputs
        called = set(functions(layer.task)) - _AROUND
        places = [i for i, (x, _) in enumerate(layer.indices) if isinstance(x, str) and x in inputs]
        if called <= _TOGETHER:
            return len(places) == len(layer.indices)
        return (called <= _ONE and len(places) == 1) or (called <= _FIRST and places == [0])

    def is_sum(self, name: str) -> bool:
        """Whether a layer is the sum, or the difference, of two others of its dtype."""
        layer = self.graph.layers[name]
        if not isinstance(layer, Blockwise) or {*functions(layer.task)} not in ({operator.add}, {operator.sub}):
            return False
        if len(layer.indices) != 2 or len(self.graph.dependencies[name]) != 2:
            return False
        kinds = [self.graph.layers[x].collection_annotations or {} for x in (name, *self.graph.dependencies[name])]
        return len({kind.get("dtype") for kind in kinds}) == 1 and known(kinds[0].get("shape", (nan,)))

    def copies(self, name: str) -> Iterator[tuple[str, Layer, set[str]]]:
        """A layer with 1 in the number's place, and what does not depend on the number: names, and what they need."""
        for names in (self.names, self.rests):
            if name not in names:
                continue
            if name in self.sums:
                alone = names is self.rests
                layer: Any = self.graph.layers[name]
                terms = [x if alone and x not in self.names else names.get(x) for x, _ in layer.indices]
                yield from self.sum_of(layer, terms, names[name])
            else:
                yield names[name], self.renamed(name, names), {names.get(x, x) for x in self.graph.dependencies[name]}

    def sum_of(self, layer: Blockwise, terms: list[str | None], own: str) -> Iterator[tuple[str, Layer, set[str]]]:
        """A sum or a difference of other terms, of which one may be missing; the layer, and what it needs besides."""
        (function,) = {*functions(layer.task)}
        operands: list[Any] = []
        numblocks = {}
        for term, (x, labels) in zip(terms, layer.indices, strict=True):
            if term is not None:
                operands += [term, labels]
                numblocks[term] = layer.numblocks[str(x)]
        if None in terms:  # the other may be smaller
            function = _minus_like if terms[0] is None and function is operator.sub else _broadcast_to
            kind: Any = layer.collection_annotations
            template = da.empty(kind["shape"], chunks=kind["chunks"], dtype=kind["dtype"])
            operands += [template.name, layer.output_indices]
            numblocks[template.name] = template.numblocks
            for name, made in template.dask.layers.items():
                yield name, made, set(template.dask.dependencies[name])
        whole: Any = blockwise(function, own, layer.output_indices, *operands, numblocks=numblocks)
        whole.collection_annotations = layer.collection_annotations
        yield own, whole, set(numblocks)

    def tasks(self, name: str) -> dict[Any, Any]:
        """The tasks of a layer that is written out."""
        layer = self.graph.layers[name]
        inputs = (self.graph.layers[dep].get_output_keys() for dep in self.graph.dependencies[name])
        return convert_legacy_graph(dict(layer), set(layer).union(*inputs))

    def renamed(self, name: str, names: Mapping[str, str]) -> Layer:
        """A layer that reads others, and has another name."""
        layer = self.graph.layers[name]
        if isinstance(layer, Blockwise):
            return renamed(layer, names)
        made: Any = copy(layer)  # which keeps what is known of its kind
        tasks = {}
        for key, task in self.tasks(name).items():
            moved = {dep: (names.get(dep[0], dep[0]), *dep[1:]) for dep in task.dependencies}
            own = (names[name], *key[1:])
            tasks[own] = task.substitute(moved, key=own)
        made.mapping = tasks
        if isinstance(layer, Within):
            made.source = names.get(layer.source, layer.source)
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
