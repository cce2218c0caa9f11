"""Forward and backward of a block in one task, where a function's cotangent does not wait for its value.

To pull a cotangent back through a function is to run it again, so its own blocks come with it for nothing. As long as
only values are wanted they are made alone; once a graph holds both, one task makes both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import dask.array as da
from dask.blockwise import blockwise
from dask.highlevelgraph import HighLevelGraph, Layer


class Forward(NamedTuple):
    """The blocks of a function that is pulled back through.

    Attributes
    ----------
    name : str
        Their layer.
    function : callable
        What returns the cotangents, and then a block of these.
    along : tuple of int or None
        The axis of the grid along which they lie, for each of their axes; None where there is one block.
    """

    name: str
    function: Callable[..., Any]
    along: tuple[int | None, ...]


class _Offer(NamedTuple):
    """Layers that could stand in the place of others, each with what it needs."""

    forward: str
    layers: dict[str, tuple[Layer, set[str]]]


def offer(pulled: da.Array, joint: da.Array, forward: Forward, own: Sequence[Any] = ()) -> None:
    """Note with a layer of cotangents that the tasks of `joint` make them, and the function's own blocks, too.

    Parameters
    ----------
    pulled : dask.array.Array
        Tuples of cotangents, or with `own` the blocks of the only one.
    joint : dask.array.Array
        Tuples of cotangents and one of the function's own blocks.
    forward : Forward
        Where those are known from.
    own : sequence of int or None
        The same for the only cotangent.
    """
    layers = {joint.name: (joint.dask.layers[joint.name], set(joint.dask.dependencies[joint.name]))}
    # What a key stands for stays the same: another graph may hold it, too, without the function's own blocks.
    cotangents, along = (0, own) if own else (slice(-1), range(joint.ndim))
    layers[pulled.name] = _part(pulled.name, cotangents, along, joint), {joint.name}
    layers[forward.name] = _part(forward.name, -1, forward.along, joint), {joint.name}
    layer: Any = pulled.dask.layers[pulled.name]
    layer.offer = _Offer(forward.name, layers)


def _part(name: str, k: int | slice, along: Sequence[Any], joint: da.Array) -> Layer:
    """One item of each tuple, or some."""
    labels = tuple(joint.ndim + i if axis is None else axis for i, axis in enumerate(along))
    new = {label: 1 for label, axis in zip(labels, along, strict=True) if axis is None}
    operands: list[Any] = [joint.name, tuple(range(joint.ndim))]
    return blockwise(itemgetter(k), name, labels, *operands, numblocks={joint.name: joint.numblocks}, new_axes=new)


def with_joint_tasks(graph: HighLevelGraph) -> HighLevelGraph:
    """The same graph, or one in which offers are taken."""
    layers, dependencies = dict(graph.layers), dict(graph.dependencies)
    taken = False
    for name, layer in graph.layers.items():
        found = getattr(layer, "offer", None)
        if found is None or found.forward not in layers or found.forward in _ancestors(name, dependencies):
            continue
        taken = True
        for other, (own, needs) in found.layers.items():
            if other in layers:  # what Dask says of the array, the size of its blocks for one
                own.collection_annotations = layers[other].collection_annotations
            layers[other], dependencies[other] = own, needs
    return HighLevelGraph(layers, dependencies) if taken else graph


def _ancestors(name: str, dependencies: Mapping[str, Collection[str]]) -> set[str]:
    """All layers that a layer needs, by way of others, too."""
    found: set[str] = set()
    stack = [name]
    while stack:
        new = set(dependencies[stack.pop()]).difference(found)
        found |= new
        stack += new
    return found
