"""A region's task goes over its block in strips of some rows, so that what lies between input and sums stays small.

A block as a whole makes an array of its own size for every intermediate value, and fresh memory costs more than most
arithmetic. Strips are possible where each step does to a row what it would do if it were alone, or adds the rows up.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy
from dask._task_spec import DataNode, GraphNode, Task, TaskRef
from dask.array import chunk
from dask.array.reductions import mean_chunk

from xpgrad_dask.contractions import _einsum, _matmul, _part, _tensordot, _whole
from xpgrad_dask.factors import functions
from xpgrad_dask.heap import Reuse
from xpgrad_dask.layout import _broadcast_to
from xpgrad_dask.own_blocks import BY_ROWS
from xpgrad_dask.places import _looked_up
from xpgrad_dask.recurrences import _moved_up, _recurred
from xpgrad_dask.routes import part_in_place
from xpgrad_dask.special import of_block
from xpgrad_dask.sums import _cumulated, _length, _reduced, run_rule, sum_block, unwrapped
from xpgrad_dask.whole_axes import _unwrapping

#: The most bytes of an array in a strip, the best of those tried: with smaller ones threads wait for each other, larger
#: ones leave the cache.
_SMALL = 3 * 2**20
_FEWEST_ROWS = 64
_FEW_COLUMNS = 12

_OPERATORS = "abs add and_ eq floordiv ge gt invert le lshift lt mod mul ne neg or_ pos pow rshift sub truediv xor"
_NUMPY = "angle clip imag real round swapaxes transpose where"
#: What does the same to each row, whatever the others are, as ufuncs do, and reductions along other axes.
_BY_ROWS: set[Any] = {operator.getitem, run_rule, of_block, chunk.astype, _broadcast_to}
_BY_ROWS |= {
    _whole,
    _einsum,
    _matmul,
    _tensordot,
    _reduced,
    _cumulated,
    _moved_up,
    _recurred,
    _unwrapping,
    _looked_up,
    *BY_ROWS,
}
_BY_ROWS |= {getattr(operator, name) for name in _OPERATORS.split()}
_BY_ROWS |= {getattr(numpy, name) for name in _NUMPY.split()}
#: The packages whose functions are not a user's.
_NO_USERS = {"dask", "numpy", "xpgrad", "xpgrad_dask", "xpgrad_numpy"}
#: What adds up all that lies along its axes.
_SUMS = {chunk.sum, mean_chunk, sum_block, _length}


class Step(NamedTuple):
    """One member of a region.

    Attributes
    ----------
    task : Task
        What it does.
    needs : tuple of tuple
        What the task calls its inputs, which values they are, and how deep in lists it expects them.
    ends : tuple of int
        The values that nothing needs afterwards.
    """

    task: Any
    needs: tuple[tuple[str, int, int], ...]
    ends: tuple[int, ...]


class Strips(NamedTuple):
    """How a region goes over its blocks in strips.

    Attributes
    ----------
    axes : tuple of int or None
        For each value the axis of its rows; None if it has none, or is a sum over them.
    sums : frozenset of int
        The values that are sums over rows.
    later : frozenset of int
        The values that are made of these, once.
    """

    axes: tuple[int | None, ...]
    sums: frozenset[int]
    later: frozenset[int]

    @classmethod
    def of(cls, inputs: Sequence[int | None], members: Sequence[tuple[Task, Sequence[int], int]]) -> Strips | None:
        """How to go over blocks in strips; None where that is not possible.

        Parameters
        ----------
        inputs : sequence of int or None
            The axis of the rows in each of the first values, those from outside; None for what all blocks share.
        members : sequence of tuple
            For each other value its task, the values that this needs, and the axis of the rows of the result.
        """
        axes = [*inputs]
        sums: set[int] = set()
        later: set[int] = set()
        for at, (task, needs, axis) in enumerate(members, len(axes)):
            if not sums.union(later).isdisjoint(needs):
                if any(axes[i] is not None for i in needs):
                    return None
                later.add(at)
            elif adds_rows(task, axis):
                sums.add(at)
            elif not (_called(task) <= _BY_ROWS or _keeps_rows(task, axis)):
                return None
            axes.append(None if at in sums or at in later else axis)
        return cls(tuple(axes), frozenset(sums), frozenset(later))


def _called(task: Task) -> set[Any]:
    """What a task calls, without ufuncs and names."""
    return {f for f in functions(task) if not isinstance(f, numpy.ufunc | str)}


def calls_unknown(task: Task) -> bool:
    """Whether a task calls what is neither NumPy's nor ours, such as a function that a user gave to Dask."""
    modules = (str(getattr(f, "__module__", None)) for f in _called(task) - _BY_ROWS - _SUMS)
    return any(module.partition(".")[0] not in _NO_USERS for module in modules)


def _keeps_rows(task: Task, axis: int) -> bool:
    """Whether a task takes a part of a block that has all its rows."""
    return isinstance(task.func, partial) and task.func.func is part_in_place and axis in task.func.args[1]


def adds_rows(task: Task, axis: int) -> bool:
    """Whether a task adds up rows along an axis."""
    called = _called(task)
    if called and called <= _SUMS:
        along = task.kwargs.get("axis")
        return along is None or axis in numpy.atleast_1d(along)
    return _part in called and called <= {_part, _einsum, _matmul, _tensordot}


def run(
    steps: Sequence[Step],
    outputs: Sequence[int],
    how: Strips | None,
    made: Sequence[tuple[int, str, Any]],
    *blocks: Any,
) -> tuple[Any, ...]:
    """Run the members of a region on one block; some of its blocks are `made` here, of their shapes."""
    values: list[Any] = [*map(unwrapped, blocks)]
    for at, token, task in made:
        values[at] = task({token: values[at]})
    with Reuse():
        if how is None or not _large(values, how) or not _in_strips(steps, outputs, how, values):
            for task, needs, ends in steps:
                values.append(task({token: _wrapped(values[at], depth) for token, at, depth in needs}))
                for at in ends:
                    values[at] = None
    return tuple(values[at] for at in outputs)


def _wrapped(value: Any, depth: int) -> Any:
    """A block as Dask passes what is summed over: in a list for each axis."""
    for _ in range(depth):
        value = [value]
    return value


def _large(blocks: Sequence[Any], how: Strips) -> bool:
    """Whether blocks are large arrays of NumPy's own class, all with as many rows."""
    long = [(x, axis) for x, axis in zip(blocks, how.axes, strict=False) if axis is not None]
    return (
        all(type(x) is numpy.ndarray for x, _ in long)
        and len({x.shape[axis] for x, axis in long}) == 1
        and sum(x.nbytes for x, _ in long) >= 2 * _SMALL
    )


def _in_strips(steps: Sequence[Step], outputs: Sequence[int], how: Strips, values: list[Any]) -> bool:
    """Add what the members make to the values of their inputs; False, and nothing, if their arrays are too wide."""
    leads = {at: (slice(None),) * axis for at, axis in enumerate(how.axes) if axis is not None}
    long = [at for at in leads if at < len(values)]
    in_columns = not any(_few(values[at].shape) for at in long)
    calls = {at: _call(step, in_columns) for at, step in enumerate(steps, len(values))}
    now = [
        (at, calls[at], [i for i in step.ends if i not in how.sums])
        for at, step in enumerate(steps, len(values))
        if at not in how.later
    ]
    kept = [at for at in leads if at in outputs and at not in long]
    n = values[long[0]].shape[how.axes[long[0]]]
    made: dict[int, Any] = {}
    start, stop = 0, min(n, _FEWEST_ROWS)
    rows = 0
    while start < n:
        strip = [*values, *[None] * len(steps)]
        for at in long:
            strip[at] = values[at][(*leads[at], slice(start, stop))]
        widest = 1
        for at, call, ends in now:
            strip[at] = call(strip)
            if not rows:
                widest = max(widest, _bytes(strip[at], at in how.sums))
            for i in ends:
                strip[i] = None
        if not rows:
            # Input is read twice, forward and backward: the second time it should still be in the cache.
            read = max(values[at].nbytes for at in long)
            rows = min(stop * (_SMALL // widest), max(2 * _SMALL * n // read, stop))
        if not rows:
            return False
        for at in how.sums:
            made[at] = _sum(made[at], strip[at]) if start else strip[at]
        for at in kept:
            if not start:
                shape = (n if i == how.axes[at] else m for i, m in enumerate(strip[at].shape))
                made[at] = numpy.empty(tuple(shape), strip[at].dtype)
            made[at][(*leads[at], slice(start, stop))] = strip[at]
        start, stop = stop, min(stop + rows, n)
    values += map(made.get, calls)
    for at in sorted(how.later):
        values[at] = calls[at](values)
    return True


def _bytes(x: Any, counts: bool) -> int:
    """The bytes of a new array; of a view only if it counts as one."""
    return x.nbytes if isinstance(x, numpy.ndarray) and (counts or x.flags.owndata) else 0


def _sum(a: Any, b: Any) -> Any:
    return {name: a[name] + b[name] for name in a} if isinstance(a, dict) else a + b


def _call(step: Step, in_columns: bool) -> Callable[[list[Any]], Any]:
    """A member as a function of all values; a task itself would take several times as long as a small operation."""
    task = step.task
    function = _in_columns(task.func) if in_columns else task.func
    places: dict[Any, int] = {token: at for token, at, _ in step.needs}
    args = [x.value if isinstance(x, DataNode) else x for x in task.args]
    options = {name: x.value if isinstance(x, DataNode) else x for name, x in task.kwargs.items()}
    if any(isinstance(x, GraphNode) or (isinstance(x, TaskRef) and x.key not in places) for x in args) or any(
        isinstance(x, GraphNode | TaskRef) for x in options.values()
    ):
        return lambda values: task({token: values[at] for token, at in places.items()})
    moving = [(k, places[x.key]) for k, x in enumerate(args) if isinstance(x, TaskRef)]
    if not options and len(moving) == len(args) <= 2:  # most, in half the time: threads wait for whoever is in Python
        first, *other = [at for _, at in moving]
        if not other:
            return lambda values: function(values[first])
        (second,) = other
        return lambda values: function(values[first], values[second])

    def call(values: list[Any]) -> Any:
        given = args.copy()
        for k, at in moving:
            given[k] = values[at]
        return function(*given, **options)

    return call


def _few(shape: tuple[int, ...]) -> bool:
    """Whether an array has rows that are short, but longer than one number."""
    return len(shape) == 2 and 1 < shape[1] <= min(_FEW_COLUMNS, shape[0])


def _in_columns(function: Any) -> Any:
    """A function whose result lies column by column in memory if it has a few; others as they are.

    NumPy's loops go along the longer axis then: what broadcasts over the columns takes a third of the time. It pays
    where the data do not have short rows themselves, because both layouts in one operation take longer than either.
    """
    if isinstance(function, partial) and function.func is _whole and function.args == (_matmul,):
        return partial(_whole, _matmul_in_columns)
    return partial(_outer_in_columns, _UFUNCS[function]) if function in _UFUNCS else function


def _matmul_in_columns(a: Any, b: Any) -> Any:
    few = a.ndim == b.ndim == 2 and _few((a.shape[0], b.shape[1]))
    return _matmul(b.T, a.T).T if few else _matmul(a, b)


def _outer_in_columns(ufunc: numpy.ufunc, a: Any, b: Any) -> Any:
    """One number for each row with one for each column: of these NumPy would make rows."""
    rows, columns = (a, b) if numpy.ndim(a) == 2 else (b, a)
    outer = numpy.shape(rows)[1:] == (1,) and numpy.ndim(columns) == 1 and _few((len(rows), len(columns)))
    return ufunc(a, b, order="F") if outer else ufunc(a, b)


_UFUNCS = {
    operator.add: numpy.add,
    operator.mul: numpy.multiply,
    operator.sub: numpy.subtract,
    operator.truediv: numpy.divide,
}
