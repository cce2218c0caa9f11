"""Arrays whose tasks are written out, one by one."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence, Set
from typing import Any

import dask.array as da
from dask._task_spec import GraphNode, Task, TaskRef, convert_legacy_graph, cull
from dask.base import clone_key
from dask.core import flatten
from dask.graph_manipulation import chunks as copies
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer


def written(name: str, tasks: Any, inputs: Sequence[da.Array], chunks: Sequence[Any], meta: Any) -> da.Array:
    """An array of tasks by key, or of a layer of such, that read some other arrays."""
    needed: Any = inputs  # Dask's arrays are collections, but their types say otherwise
    if isinstance(tasks, dict):
        tasks = Tasks(convert_legacy_graph(tasks, {*tasks, *flatten([x.__dask_keys__() for x in inputs])}))
    return da.Array(HighLevelGraph.from_collections(name, tasks, dependencies=needed), name, tuple(chunks), meta=meta)


class Tasks(MaterializedLayer):
    """A layer of `Task`s.

    Dask's own would keep the old names where `clone` and `bind` give new ones, and tasks that nothing needs if it has
    as many tasks as there are keys needed, of all layers together: so it is with blocks and what neighbours lend.
    """

    def cull(self, keys: Set[Any], all_hlg_keys: Collection[Any]) -> tuple[Tasks, Mapping[Any, set[Any]]]:
        """The tasks that lead to some keys, and what each of them needs."""
        tasks = cull(dict(self), keys & self.keys())
        return Tasks(tasks), {key: set(task.dependencies) for key, task in tasks.items()}

    def clone(self, keys: Set[Any], seed: Hashable, bind_to: Any = None) -> tuple[MaterializedLayer, bool]:
        """The layer with other names for some keys, and whether any of its tasks waits for `bind_to`."""
        made: dict[Any, GraphNode] = {}
        bound = False
        for key, task in self.items():
            if key in keys:
                key = clone_key(key, seed)
                moved = {dep: clone_key(dep, seed) for dep in task.dependencies if dep in keys}
                task = task.substitute(moved, key=key)
                if bind_to is not None and not moved:
                    task, bound = Task(key, copies.bind, task, TaskRef(bind_to)), True
            made[key] = task
        return Tasks(made), bound
