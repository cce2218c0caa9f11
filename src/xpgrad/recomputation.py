"""Recomputation in place of memory: what a function computes on the way is computed again on the walk back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, wraps
from typing import Any

from xpgrad.array import Array
from xpgrad.custom import Call, arrays, name_of, snapshot, tracked
from xpgrad.discovery import get_backend, use_backend
from xpgrad.errors import DifferentiationError
from xpgrad.functional import entry
from xpgrad.node import leaf
from xpgrad.pullback import pull
from xpgrad.reach import boundary
from xpgrad.scope import is_recording, is_training, modes
from xpgrad.tree import tree_map


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """Trade time for memory: what `f` computes on the way is not kept, but computed again when it is differentiated.

    Gradients flow to tracked arrays among the arguments, nested as you like, and to those that `f` captures.

    Parameters
    ----------
    f : callable
        It is run again during the walk back, in the training mode it was first run in, so it must compute the same
        again: draw random numbers outside and pass them in, and leave alone the arrays that it captures until then.

    Returns
    -------
    callable
        The same function.

    Raises
    ------
    DifferentiationError
        During the walk back, if the second run used or returned something else than the first.
    """

    @wraps(f)
    def remembered(*args: Any, **kwargs: Any) -> Any:
        if not is_recording():
            return f(*args, **kwargs)
        arguments = tree_map((args, kwargs), lambda x: snapshot(x) if isinstance(x, Array) else x)
        run_again = partial(_Replay, f, arguments, is_training(), get_backend())
        first = run_again()
        if not any(map(tracked, arrays(first.out))):
            return first.out
        inputs = [x for x in arrays(arguments) if tracked(x)]
        return _Checkpoint(name_of(f), inputs, first, run_again).record_tree(first.out)

    return remembered


class _Replay:
    """One recorded run of a checkpointed function.

    Attributes
    ----------
    inputs : list of Array
        What the function saw, before it may have written to it, in place of the tracked Arrays among its arguments.
    out
        What it returned.
    captured : dict
        The nodes, other than the inputs, that its history goes on from, with their shapes and dtypes.
    """

    def __init__(self, f: Callable[..., Any], arguments: Any, training: bool, backend: str) -> None:
        args, kwargs = tree_map(arguments, lambda x: entry(x.data, x._node) if tracked(x) else x)
        self.inputs = [snapshot(x) for x in arrays((args, kwargs)) if tracked(x)]
        start = leaf().order
        with modes(True, training), use_backend(backend):
            self.out = f(*args, **kwargs)
        own = {x._node for x in self.inputs}
        begins = boundary(arrays(self.out), start)
        self.captured = {node: form for node, form in begins.items() if node not in own}


class _Checkpoint(Call):
    """The recorded call of a checkpointed function; what it keeps is its arguments."""

    def __init__(self, name: str, inputs: Sequence[Array], first: _Replay, run_again: Callable[[], _Replay]) -> None:
        super().__init__(name, inputs, arrays(first.out))
        self.parents += tuple(first.captured)
        self.like += tuple(first.captured.values())
        self.run_again = run_again

    def cotangents(self, gs: list[Any], create: bool) -> Sequence[Any]:
        again = self.run_again()
        outputs = arrays(again.out)
        targets = [x._node for x in again.inputs]
        captured = self.parents[len(targets) :]
        if tuple((y.shape, y.dtype) for y in outputs) != self.forms or again.captured.keys() != set(captured):
            raise DifferentiationError(
                f"{self.name} is checkpointed, but its second run did not use the same arrays or return the same "
                "shapes as its first. It must depend on nothing that changes in between: pass such things as arguments."
            )
        targets += captured
        if not targets:
            return []
        nodes = [y._node for y in outputs if tracked(y)]
        gs[:] = [g for y, g in zip(outputs, gs, strict=True) if tracked(y)]
        del again, outputs  # what the walk is done with takes no memory, nor do the cotangents that it began with
        found = pull(nodes, _emptying(gs), targets=targets, create=create, stop=True)
        return [found.get(node) for node in targets]


def _emptying(items: list[Any]) -> Iterator[Any]:
    """The items of a list, which lets go of them."""
    while items:
        yield items.pop(0)
