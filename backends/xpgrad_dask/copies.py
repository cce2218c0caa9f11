"""A cheap step that several others read, once for each of these: Dask then runs it in their tasks.

With blocks along two axes there are no regions. A product with a number, such as the cotangent of a square, would be a
task of its own and a block more in memory until all have read it; by then a worker has begun with other blocks.
"""

from __future__ import annotations

import operator
from functools import partial
from typing import Any

from dask.base import clone_key
from dask.blockwise import Blockwise
from dask.highlevelgraph import HighLevelGraph, Layer

from xpgrad_dask.factors import functions, renamed
from xpgrad_dask.sums import run_rule

_CHEAP = {operator.add, operator.mul, operator.neg, operator.pos, operator.sub}


def with_copies(graph: HighLevelGraph, wanted: set[str]) -> HighLevelGraph:
    """The same graph, or one in which cheap steps are copied."""
    layers: dict[str, Any] = dict(graph.layers)
    dependencies = {name: set(deps) for name, deps in graph.dependencies.items()}
    for name in reversed(graph._toposort_layers()):
        if name in wanted or not _may_be_copied(layers[name]):
            continue
        readers = [user for user, deps in dependencies.items() if name in deps]
        if not all(isinstance(layers[user], Blockwise) and _is_plain(layers[user]) for user in readers):
            continue
        for number, user in enumerate(readers[1:]):
            copied = clone_key(name, number)
            layers[copied], dependencies[copied] = renamed(layers[name], {name: copied}), set(dependencies[name])
            layers[user] = renamed(layers[user], {name: copied})
            dependencies[user] = dependencies[user] - {name} | {copied}
    return HighLevelGraph(layers, dependencies) if len(layers) > len(graph.layers) else graph


def _may_be_copied(layer: Layer) -> bool:
    """Whether a layer lies in blocks along several axes, each made of one other by little work."""
    if not isinstance(layer, Blockwise) or sum(n > 1 for n in layer.dims.values()) < 2 or not _is_plain(layer):
        return False
    return [labels for _, labels in layer.indices if labels] == [layer.output_indices] and _is_cheap(layer)


def _is_plain(layer: Blockwise) -> bool:
    """Whether Dask fuses a layer with others, and nothing is said of it that a renamed one would lack."""
    return not (layer.io_deps or layer.annotations or layer.output_blocks)


def _is_cheap(layer: Blockwise) -> bool:
    """Whether a layer adds or multiplies."""
    called = set(functions(layer.task))
    if called != {run_rule}:
        return called <= _CHEAP
    function = layer.task.func
    rule = function.args[0] if isinstance(function, partial) and function.args else None
    return isinstance(rule, partial) and rule.args[0] in (("multiply", "x1"), ("multiply", "x2"))
