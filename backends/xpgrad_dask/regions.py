"""Region fusion: what a block goes through on its own, forward and backward, becomes one task.

A region is a set of Dask's blockwise layers over one axis of blocks, of which none depends on another by way of
something that joins blocks. Dask itself fuses such layers only where each has a single consumer, and so hardly ever
forward with backward. What joins blocks afterwards, the trees of sums, reads its part out of the region's tasks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import prod
from operator import itemgetter
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
from dask._task_spec import Alias, Task, TaskRef, convert_legacy_graph
from dask.base import tokenize
from dask.blockwise import BlockwiseDepDict, blockwise
from dask.highlevelgraph import HighLevelGraph, Layer, MaterializedLayer

from xpgrad_dask.copies import with_copies
from xpgrad_dask.factors import with_factors
from xpgrad_dask.joint import with_joint_tasks
from xpgrad_dask.members import Member, as_member
from xpgrad_dask.passes import late, soon
from xpgrad_dask.routes import WORTH_A_TASK
from xpgrad_dask.strips import Step, Strips, adds_rows, calls_unknown, run
from xpgrad_dask.written import Tasks


@dataclass(frozen=True)
class Region:
    """Layers that run as one task for each of some blocks.

    Attributes
    ----------
    name : str
        The name of those tasks.
    blocks : int
        Their number.
    members : tuple of str
        The layers, in the order in which they run.
    outputs : tuple of str
        Those of them that something else needs.
    """

    name: str
    blocks: int
    members: tuple[str, ...]
    outputs: tuple[str, ...]


class Report(NamedTuple):
    """What became of a graph: its regions, and the layers over blocks that are in none, with the reason."""

    regions: list[Region]
    apart: dict[str, str]


def fuse(arrays: Sequence[da.Array], by_regions: bool = True) -> tuple[list[da.Array], Report]:
    """The same arrays, of one graph in which regions are fused, and what became of it.

    Parameters
    ----------
    arrays : sequence of dask.array.Array
        They may depend on one another.
    by_regions : bool
        Otherwise only the functions of blocks go forward and backward in the same tasks.
    """
    wanted = {x.name for x in arrays}
    merged = HighLevelGraph.merge(*(x.dask for x in arrays))
    graph = with_joint_tasks(with_factors(merged, wanted) if by_regions else merged)
    work = _Work(with_copies(graph, wanted) if by_regions else graph, wanted)
    regions = [work.emit(members) for members in work.groups()] if by_regions else []
    for name in work.single:
        work.gather(name)
    if regions or work.graph is not merged:
        arrays = [da.Array(work.graph_of(x.name), x.name, x.chunks, meta=x._meta) for x in arrays]
    return [*arrays], Report(regions, work.apart)


_WRITTEN_OUT = (MaterializedLayer, Tasks)

#: For layers whose keys are gone: where the block of each key is found, as the place in a tuple and the tuple's key.
_Parts = dict[str, dict[Any, tuple[int, Any]]]


class _Work:
    """A graph that is being rewritten."""

    def __init__(self, graph: HighLevelGraph, wanted: set[str]) -> None:
        self.graph = graph
        self.wanted = wanted
        self.order = _needed(graph.dependencies, wanted)
        self.layers: dict[str, Layer] = {name: graph.layers[name] for name in self.order}
        self.dependencies = {name: set(graph.dependencies[name]) for name in self.order}
        self.users: dict[str, set[str]] = {name: set() for name in self.order}
        for name, deps in self.dependencies.items():
            for dep in deps:
                self.users[dep].add(name)
        self.local: dict[str, Member] = {}
        self.apart: dict[str, str] = {}
        self.single: list[str] = []
        for name, layer in self.layers.items():
            found = as_member(name, layer, {dep: graph.layers[dep] for dep in self.dependencies[name]})
            if isinstance(found, Member):
                self.local[name] = found
            elif found:
                self.apart[name] = found
        for name in [*self.local]:
            if self._prepares(name):
                del self.local[name]
                self.apart[name] = "it prepares data, once for all that read them"

    def graph_of(self, name: str) -> HighLevelGraph:
        """The graph of one array; Dask expects nothing in it that the array does not need."""
        needed = _needed(self.dependencies, {name})
        layers = {layer: self.layers[layer] for layer in needed}
        return HighLevelGraph(layers, {layer: self.dependencies[layer] for layer in needed})

    def _prepares(self, name: str) -> bool:
        """Whether a layer is an unknown function of data that nothing in a region has made."""
        own = self.local[name]
        made = (item.layer not in self.local or self.local[item.layer].is_made for item in own.inputs)
        alone = all(made) and all(item.axis is not None for item in own.inputs)
        return bool(own.inputs) and alone and calls_unknown(own.task)

    def groups(self) -> list[tuple[str, ...]]:
        """The members of each region, the earliest region first."""
        first = soon(self.order, self.dependencies, self.local)
        last = late(self.order, self.users, self.local, self.wanted, first)
        groups = min(map(self._grouped, (first, last)), key=self._tasks_a_block)
        found = [members for members in groups if self._worthwhile(members)]
        for members in groups:
            if members not in found:
                self.apart |= dict.fromkeys(members, "it would save no task")
                self.single += members
        self.local = {name: self.local[name] for members in found for name in members}
        return found

    def _grouped(self, passes: Mapping[str, int]) -> list[tuple[str, ...]]:
        """Layers that belong together: one needs the other, or both the same blocks of something else."""
        leader: dict[Hashable, Hashable] = {}

        def find(x: Hashable) -> Hashable:
            while leader.setdefault(x, x) != x:
                x = leader[x]
            return x

        for name, own in self.local.items():
            for item in own.inputs:
                if item.axis is not None:
                    near = item.layer in self.local and passes[item.layer] == passes[name]
                    leader[find(item.layer if near else (item.layer, item.axis, passes[name]))] = find(name)
        groups: dict[Hashable, list[str]] = {}
        for name in self.order:
            if name in self.local:
                groups.setdefault(find(name), []).append(name)
        return sorted(map(tuple, groups.values()), key=lambda members: passes[members[0]])

    def _tasks_a_block(self, groups: Sequence[tuple[str, ...]]) -> int:
        return sum(1 if self._worthwhile(members) else len(members) for members in groups)

    def _worthwhile(self, members: Sequence[str]) -> bool:
        """Whether a region saves tasks: it adds one, and one for each member whose own keys are still needed."""
        return len(members) > 1 + sum(self._must_stay(name, set(members)) for name in members)

    def emit(self, members: tuple[str, ...]) -> Region:
        """Put a region in the place of its members."""
        outputs = tuple(name for name in members if name in self.wanted or not self.users[name].issubset(members))
        label = self._free(f"region-{tokenize(members, outputs)}")
        region = Region(label, self.local[members[0]].blocks, members, outputs)
        sums = self._sums(members)
        small = [name for name in outputs if name in sums]
        large = [name for name in outputs if name not in sums and self._bytes(name) > WORTH_A_TASK]
        self._add_tasks(region)
        for name in reversed(members):
            self._remove(name)
        self.gather(region.name)
        parts = {}
        for place, name in enumerate(outputs):
            own = self.local[name]
            parts[name] = {own.key(name, i): (place, (region.name, i)) for i in range(region.blocks)}
        if small and large:  # sums do not travel with blocks
            places = tuple(map(outputs.index, small))
            apart = f"parts-{tokenize(region.name, places)}"
            keys = [(apart, i) for i in range(region.blocks)]
            tasks = {key: Task(key, partial(_some, places), TaskRef((region.name, i))) for i, key in enumerate(keys)}
            self._add(apart, Tasks(tasks), {region.name})
            for place, name in enumerate(small):
                parts[name] = {key: (place, keys[i]) for key, (_, (_, i)) in parts[name].items()}
        while parts:
            parts = self._deliver(parts)
        return region

    def _free(self, name: str) -> str:
        """A name like this that no member has: an earlier region, which may do the same, may be one of a later one."""
        while name in self.local:
            name = f"{name}-again"
        return name

    def _bytes(self, name: str) -> float:
        """The bytes of a block of a layer, 0 where Dask does not say."""
        known = self.layers[name].collection_annotations or {}
        return prod(known["chunksize"]) * known["dtype"].itemsize if "chunksize" in known else 0

    def _sums(self, members: Sequence[str]) -> set[str]:
        """Those members that are sums over rows, or made of such."""
        found: set[str] = set()
        for name in members:
            own = self.local[name]
            if adds_rows(own.task, own.axis) or any(item.layer in found for item in own.inputs):
                found.add(name)
        return found

    def _add(self, name: str, layer: Layer, dependencies: set[str]) -> None:
        """Add a layer, or put another in its place."""
        for dep in self.dependencies.get(name, ()):
            self.users[dep].discard(name)
        self.layers[name], self.dependencies[name] = layer, dependencies
        self.users.setdefault(name, set())
        for dep in dependencies:
            self.users.setdefault(dep, set()).add(name)

    def _remove(self, name: str) -> None:
        """Remove a layer; what needs it will find its blocks elsewhere."""
        for dep in self.dependencies.pop(name):
            self.users[dep].discard(name)
        del self.layers[name]

    def _must_stay(self, name: str, members: Collection[str] = ()) -> bool:
        """Whether a layer's own keys are needed outside a region, where not all that reads them can be rewritten."""
        users = self.users[name].difference(members)
        fixed = (user in self.local or type(self.layers[user]) not in _WRITTEN_OUT for user in users)
        return name in self.wanted or any(fixed)

    def _deliver(self, parts: _Parts) -> _Parts:
        """Let what read the blocks of layers read parts of tuples, and return the same for tuples made meanwhile."""
        for name in [name for name in parts if self._must_stay(name)]:
            own = parts.pop(name)
            tasks = {key: Task(key, itemgetter(place), TaskRef(whole)) for key, (place, whole) in own.items()}
            self._add(name, Tasks(tasks), _layers_of(own))
        users = {user: self._rewritten(user, parts) for user in sorted({u for name in parts for u in self.users[name]})}
        # Trees over the same blocks join them in the same groups: they become one tree, of tuples.
        alike: dict[Any, list[str]] = {}
        tuples = _layers_of(*parts.values())
        for user, tasks in users.items():
            reads = frozenset(task.dependencies for task in tasks.values())
            only_tuples = {key[0] for keys in reads for key in keys} <= tuples
            alike.setdefault(reads if only_tuples and len(reads) == len(tasks) else user, []).append(user)
        following: _Parts = {}
        for group in alike.values():
            needed = {dep for user in group for dep in self.dependencies[user]}
            needed = needed.difference(parts) | {
                key[0] for task in users[group[0]].values() for key in task.dependencies if key[0] in tuples
            }
            if len(group) == 1:
                self._add(group[0], Tasks(users[group[0]]), needed)
                continue
            name = self._free(f"joined-{tokenize(group, sorted(needed))}")
            by_reads = [{task.dependencies: task for task in users[user].values()} for user in group]
            joined = {}
            for i, keys in enumerate(by_reads[0]):
                joined[name, i] = Task((name, i), _tuple, *(tasks[keys] for tasks in by_reads))
                for place, (user, tasks) in enumerate(zip(group, by_reads, strict=True)):
                    following.setdefault(user, {})[tasks[keys].key] = (place, (name, i))
            self._add(name, Tasks(joined), needed)
            for user in group:
                self._remove(user)
        return following

    def _rewritten(self, user: str, parts: _Parts) -> dict[Any, Any]:
        """The tasks of a layer, reading parts of tuples in place of keys that are gone."""
        gone = {key: part for own in parts.values() for key, part in own.items()}
        tasks = self._tasks(user, gone)
        nodes = {key: Task(key, itemgetter(place), TaskRef(whole)) for key, (place, whole) in gone.items()}
        for key, task in tasks.items():
            if isinstance(task, Alias) and task.target in gone:
                place, whole = gone[task.target]
                tasks[key] = Task(key, itemgetter(place), TaskRef(whole))
            elif any(dep in gone for dep in task.dependencies):  # isdisjoint would go through all that is gone
                tasks[key] = task.substitute(nodes)
        return tasks

    def _tasks(self, name: str, others: Collection[Any] = ()) -> dict[Any, Any]:
        """The tasks of a layer, which may read what other layers make, and `others`."""
        tasks = dict(self.layers[name])
        known = (self.layers[dep].get_output_keys() for dep in self.dependencies[name] if dep in self.layers)
        return convert_legacy_graph(tasks, set(tasks).union(others, *known))

    def _add_tasks(self, region: Region) -> None:
        """Add the layer of a region's tasks."""
        numbers = count()
        values: dict[Any, int] = {}
        axes: list[int | None] = []
        operands: list[Any] = []
        numblocks = {}
        for (name, axis), ndim in self._outside(region).items():
            values[name, axis] = next(numbers)
            axes.append(axis)
            if (number := self._number(name)) is not None:
                operands += [number, None]
                continue
            operands += [name, tuple("i" if k == axis else f"{name}.{k}" for k in range(ndim))]
            numblocks[name] = tuple(region.blocks if k == axis else 1 for k in range(ndim))
        made = []
        for name in region.members:
            own = self.local[name]
            for token, dep in own.given:
                value = name if own.is_made else (name, token)
                values[value] = next(numbers)
                axes.append(own.axis if own.is_made else None)
                parts = {(i,): dep[own.key(name, i)[1:]] for i in range(region.blocks)}
                operands += [BlockwiseDepDict(parts, numblocks=(region.blocks,)), "i"]
                if own.is_made:
                    made.append((values[value], token, own.task))
        steps = []
        for name in region.members:
            own = self.local[name]
            if own.is_made:
                continue
            sources = [i.layer if i.layer in region.members else (i.layer, i.axis) for i in own.inputs]
            needs = [(i.token, values[source], i.depth) for i, source in zip(own.inputs, sources, strict=True)]
            needs += [(token, values[name, token], 0) for token, _ in own.given]
            values[name] = next(numbers)
            steps.append((own.task, tuple(needs), own.axis))
        outputs = tuple(values[name] for name in region.outputs)
        how = Strips.of(axes, [(task, [at for _, at, _ in needs], axis) for task, needs, axis in steps])
        function = partial(run, _with_ends(steps, outputs), outputs, how, tuple(made))
        layer: Any = blockwise(function, region.name, "i", *operands, numblocks=numblocks)
        layer.region = region  # for `explain`
        self._add(region.name, layer, set(numblocks))

    def gather(self, name: str) -> None:
        """Let a layer's tasks gather parts of blocks themselves, where nothing else reads what is gathered.

        Dask fuses a task with the only one that it needs, but not if it has met what reads its result before.
        """
        for source in sorted(self.dependencies[name] - self.wanted):
            alone = type(self.layers[source]) in _WRITTEN_OUT and self.users[source] == {name}
            if not alone or not self.dependencies[source]:
                continue
            gathering, tasks = self._tasks(source), self._tasks(name)
            read = Counter(key for task in (*tasks.values(), *gathering.values()) for key in task.dependencies)
            once = {key for task in tasks.values() for key in task.dependencies if read[key] == 1}
            own = {key: task for key, task in gathering.items() if key in once}
            before: Any = self.layers[name]
            layer: Any = Tasks({key: _reading(own, key, task) for key, task in tasks.items()})
            if hasattr(before, "region"):
                layer.region = before.region  # for `explain`
            # The source stays whole: what is computed along with this may have a layer of its name, and need all of it.
            needed = self.dependencies[name] | self.dependencies[source]
            self._add(name, layer, needed - {source} if own.keys() == gathering.keys() else needed)

    def _number(self, name: str) -> Any:
        """The content of a layer that is one number, or None.

        Dask's scheduler takes the worker that has it for one to run on, and so moves blocks.
        """
        layer = self.layers[name]
        (value,) = layer.values() if type(layer) is MaterializedLayer and len(layer) == 1 else (None,)
        return value if isinstance(value, np.ndarray) and value.ndim == 0 else None

    def _outside(self, region: Region) -> dict[tuple[str, int | None], int]:
        """What a region takes from outside: the layers with their axes of blocks, and how many axes there are."""
        inputs = [item for name in region.members for item in self.local[name].inputs]
        return {(item.layer, item.axis): item.ndim for item in inputs if item.layer not in region.members}


def _layers_of(*parts: Mapping[Any, Any]) -> set[str]:
    """The layers of tuples that parts are found in."""
    return {whole[0] for own in parts for _, whole in own.values()}


def _some(places: Sequence[int], values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(values[place] for place in places)


def _tuple(*values: Any) -> tuple[Any, ...]:
    return values


def _needed(dependencies: Mapping[str, Any], wanted: set[str]) -> list[str]:
    """The layers that some layers need, each after those that it needs itself."""
    order: dict[str, None] = {}
    stack = [(name, False) for name in sorted(wanted)]  # so that another process gives the same names
    while stack:
        name, ready = stack.pop()
        if ready:
            order[name] = None
        elif name not in order:
            stack.append((name, True))
            stack += [(dep, False) for dep in sorted(dependencies[name])]
    return [*order]


def _with_ends(steps: Sequence[Any], kept: Sequence[int]) -> tuple[Step, ...]:
    """The steps, each with the values that nothing needs after it."""
    last: dict[int, int] = {}
    for at, (_, needs, _) in enumerate(steps):
        last |= {value: at for _, value, _ in needs}
    ends: dict[int, list[int]] = {}
    for value, at in last.items():
        if value not in kept:
            ends.setdefault(at, []).append(value)
    return tuple(Step(task, needs, tuple(ends.get(at, ()))) for at, (task, needs, _) in enumerate(steps))


def _reading(own: dict[Any, Any], key: Any, task: Any) -> Any:
    """A task that has others within it, which it reads; what Dask makes of an alias of an alias has the other's key."""
    found = task.substitute(own, key=key)
    return Alias(key, found.target) if isinstance(found, Alias) else found
