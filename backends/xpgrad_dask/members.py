"""What may be in a region: layers whose blocks are made along one axis, each of the same blocks of others, or all."""

from __future__ import annotations

from operator import getitem
from typing import Any, NamedTuple

from dask._task_spec import DataNode, GraphNode, Task, TaskRef
from dask.blockwise import Blockwise, BlockwiseDep, blockwise_token
from dask.highlevelgraph import Layer
from dask.layers import ArrayChunkShapeDep

from xpgrad_dask.layout import Within


class Input(NamedTuple):
    """What a layer takes from another: where it goes, its axis of blocks if it has one, and how deep lists wrap it."""

    token: str
    layer: str
    axis: int | None
    depth: int


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


def as_member(layer: Layer) -> Member | str:
    """A layer as a member; otherwise the reason why not, empty for what has nothing to do with blocks."""
    if isinstance(layer, Within):
        return _of_key(layer)
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
    for i, (name, labels) in enumerate(layer.indices):
        token = blockwise_token(i)
        if isinstance(name, str) and name in layer.io_deps:
            if labels != layer.output_indices:
                return "it takes what Dask makes for each block"
            given.append((token, layer.io_deps[name]))
        elif labels is None:
            task = task.substitute({token: name if isinstance(name, GraphNode) else DataNode(None, name)})
        elif token in task.dependencies and isinstance(name, str):
            along = [k for k, label in enumerate(labels) if label == batch and layer.numblocks[name][k] > 1]
            lost = sum(label not in layer.output_indices for label in labels)
            inputs.append(Input(token, name, along[0] if along else None, 0 if layer.concatenate else lost))
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
    inputs = (Input("source", layer.source, layer.axes[axis], 0),)
    return Member(task, layer.numblocks[axis], axis, len(layer.numblocks), inputs)
