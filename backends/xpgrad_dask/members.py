"""What may be in a region: layers whose blocks are made along one axis, each of the same blocks of others, or all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from math import prod
from operator import getitem
from typing import Any, NamedTuple

from dask._task_spec import DataNode, GraphNode, Task, TaskRef, convert_legacy_task
from dask.array import chunk
from dask.blockwise import Blockwise, BlockwiseDep, BlockwiseDepDict, blockwise_token
from dask.highlevelgraph import Layer, MaterializedLayer
from dask.layers import ArrayChunkShapeDep

from xpgrad_dask.layout import Within


class Input(NamedTuple):
    """What a layer takes from another.

    Attributes
    ----------
    token : str
        Where it goes.
    layer : str
        The other layer.
    axis : int or None
        The axis of its blocks, if it has several.
    ndim : int
        How many axes there are.
    depth : int
        How deep lists wrap a block.
    """

    token: str
    layer: str
    axis: int | None
    ndim: int
    depth: int = 0


class Member(NamedTuple):
    """A layer whose blocks lie along one axis of so many, and where each needs of others the same block, or all."""

    task: Task
    blocks: int
    axis: int
    ndim: int
    inputs: tuple[Input, ...]
    given: tuple[tuple[str, BlockwiseDep], ...] = ()  # what a block takes from no layer, and where it goes

    @property
    def is_made(self) -> bool:
        """Whether a block is made of its shape alone."""
        return not self.inputs and len(self.given) == 1

    def key(self, name: str, i: int) -> tuple[Any, ...]:
        """The key of block i."""
        return (name, *(i if axis == self.axis else 0 for axis in range(self.ndim)))


def as_member(name: str, layer: Layer, sources: Mapping[str, Layer]) -> Member | str:
    """A layer as a member; otherwise the reason why not, empty for what has nothing to do with blocks.

    Parameters
    ----------
    name, layer
        The layer.
    sources : mapping of str to Layer
        Those that it needs.
    """
    if isinstance(layer, Within):
        return _of_key(layer)
    if isinstance(layer, MaterializedLayer):
        return _of_tasks(name, layer, sources) or ""
    if not isinstance(layer, Blockwise):
        return ""
    wide = {label: n for label, n in layer.dims.items() if n > 1}
    if not wide:
        return ""
    if len(wide) > 1:
        return "it has two axes of blocks"
    ((batch, blocks),) = wide.items()
    if batch not in layer.output_indices:
        return "it joins blocks"
    if layer.annotations or layer.output_blocks:
        return "it is annotated, or was culled"
    literals = (x for x, labels in layer.indices if labels is None)
    if any(isinstance(x, TaskRef) or (isinstance(x, GraphNode) and x.dependencies) for x in literals):
        return "it takes a delayed value"
    task, inputs, given = layer.task, [], []
    for i, (source, labels) in enumerate(layer.indices):
        token = blockwise_token(i)
        if isinstance(source, str) and source in layer.io_deps:
            if labels != layer.output_indices:
                return "it takes what Dask makes for each block"
            given.append((token, layer.io_deps[source]))
        elif labels is None:
            task = task.substitute({token: source if isinstance(source, GraphNode) else DataNode(None, source)})
        elif token in task.dependencies and isinstance(source, str):
            along = [k for k, label in enumerate(labels) if label == batch and layer.numblocks[source][k] > 1]
            lost = sum(label not in layer.output_indices for label in labels)
            depth = 0 if layer.concatenate else lost
            inputs.append(Input(token, source, along[0] if along else None, len(labels), depth))
    if not inputs and not all(isinstance(dep, ArrayChunkShapeDep) for _, dep in given):
        return ""  # data are read once for all
    axis = layer.output_indices.index(batch)
    return Member(task, blocks, axis, len(layer.output_indices), tuple(inputs), tuple(given))


def _of_key(layer: Within) -> Member | str:
    """As `as_member`, for a key applied to blocks."""
    wide = [i for i, n in enumerate(layer.numblocks) if n > 1]
    if len(wide) != 1:
        return "it has two axes of blocks" if wide else ""
    axis = wide[0]
    task = Task("block", getitem, TaskRef("source"), layer.key)
    ndim = sum(part is not None for part in layer.key)
    inputs = (Input("source", layer.source, layer.axes[axis], ndim),)
    return Member(task, layer.numblocks[axis], axis, len(layer.numblocks), inputs)


class _Inner:
    """A task as a value, which Dask would otherwise take for one that is to run first."""

    def __init__(self, task: GraphNode) -> None:
        self.task = task

    def __dask_tokenize__(self) -> Any:
        return "inner", self.task.key


def _run(inner: _Inner, names: Sequence[str], *values: Any) -> Any:
    return inner.task(dict(zip(names, values, strict=True)))


def _of_tasks(name: str, layer: MaterializedLayer, sources: Mapping[str, Layer]) -> Member | None:
    """As `as_member`, for tasks that are written out; None unless each reads the blocks in its own place."""
    grid = _grid(name, layer)
    axis = _only_axis(grid, None)
    if not sources or layer.annotations or grid is None or axis is None:
        return None
    inputs = []
    for source, own in sources.items():
        other = _grid(source, own)
        if other is None or (max(other, default=1) > 1 and _only_axis(other, grid[axis]) is None):
            return None
        inputs.append(Input(source, source, _only_axis(other, grid[axis]), len(other)))
    tasks = _in_their_places(name, layer, axis, sources, {item.layer: item.axis for item in inputs})
    if tasks is None:
        return None
    key = _same_key(tasks.values(), inputs[0].axis)
    if key is not None:
        task = Task("block", getitem, TaskRef(inputs[0].token), key)
        return Member(task, grid[axis], axis, len(grid), (inputs[0],))
    names = DataNode(None, tuple(item.token for item in inputs))
    task = Task("block", _run, TaskRef("inner"), names, *(TaskRef(item.token) for item in inputs))
    given = BlockwiseDepDict({at: _Inner(own) for at, own in tasks.items()}, numblocks=grid)
    return Member(task, grid[axis], axis, len(grid), tuple(inputs), (("inner", given),))


def _in_their_places(
    name: str, layer: MaterializedLayer, axis: int, sources: Mapping[str, Layer], along: Mapping[str, int | None]
) -> dict[tuple[int, ...], GraphNode] | None:
    """The task of each place, in which a source stands for its block; None if one reads others, or not all."""
    keys: Any = _KeysOf({name, *sources})
    tasks = {}
    items: Mapping[Any, Any] = layer
    for key, legacy in items.items():
        _, *place = key
        task = convert_legacy_task(key, legacy, keys)
        needs: Any = task.dependencies if isinstance(task, GraphNode) else ()
        if {source for source, *_ in needs} != along.keys():
            return None
        if any((k := along[source]) is not None and where[k] != place[axis] for source, *where in needs):
            return None
        tasks[tuple(place)] = task.substitute({dep: dep[0] for dep in needs}, key=name)
    return tasks


class _KeysOf:
    """The keys of some layers, or of none that there are: those that tasks read, there are."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = names

    def __contains__(self, key: Any) -> bool:
        return isinstance(key, tuple) and bool(key) and key[0] in self.names


def _same_key(tasks: Collection[GraphNode], axis: int | None) -> Any:
    """The key of slices, integers and new axes that all tasks apply, if it leaves an axis alone; otherwise None."""
    found = None
    for task in tasks:
        if not isinstance(task, Task) or task.func not in (getitem, chunk.getitem) or len(task.args) != 2:
            return None
        key = task.args[1]
        if found is None:
            basic = isinstance(key, tuple) and all(part is None or isinstance(part, slice | int) for part in key)
            if not basic or axis is None or [part for part in key if part is not None][axis] != slice(None):
                return None
            found = key
        elif key != found:
            return None
    return found


def _only_axis(grid: tuple[int, ...] | None, blocks: int | None) -> int | None:
    """The axis of several blocks, of so many, if there is one and no other."""
    wide = [axis for axis, n in enumerate(grid or ()) if n > 1]
    return wide[0] if grid and len(wide) == 1 and blocks in (None, grid[wide[0]]) else None


def _grid(name: str, layer: Layer) -> tuple[int, ...] | None:
    """The number of blocks of a layer along each axis; None if its tasks are not such blocks alone."""
    if isinstance(layer, Blockwise):
        return tuple(layer.dims[label] for label in layer.output_indices)
    if isinstance(layer, Within):
        return layer.numblocks
    places = [key[1:] for key in layer.get_output_keys() if isinstance(key, tuple) and key[0] == name]
    if len(places) < len(layer) or len({*map(len, places)}) != 1 or not all(isinstance(i, int) for i in chain(*places)):
        return None
    grid = tuple(1 + max(along) for along in zip(*places, strict=True))
    return grid if prod(grid) == len(places) else None
