"""Nested parameters: the leaves of dicts, lists and tuples, and how to put new leaves in their places.

Dicts, lists, tuples, named tuples and their subclasses are branches; None is a branch without leaves; everything else
is a leaf. A tree serves as the template of trees of the same form, so no description of the form is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any

from xpgrad.errors import XpgradError

_CONTAINERS = (dict, list, tuple)


def leaves(tree: Any) -> list[Any]:
    """The leaves of a tree."""
    if not isinstance(tree, _CONTAINERS):
        return [] if tree is None else [tree]
    branches = tree.values() if isinstance(tree, dict) else tree
    return [leaf for branch in branches for leaf in leaves(branch)]


def placed_leaves(tree: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a tree together with its place, written as Python would reach it: ``['layers'][0].weight``."""
    branches = _branches(tree)
    if branches is None:
        yield place, tree
        return
    for step, branch in branches:
        yield from placed_leaves(branch, place + step)


def rebuild(like: Any, new: Iterable[Any]) -> Any:
    """A tree of the form of `like` with new leaves, in the order of `leaves`."""
    following = iter(new)
    return tree_map(like, lambda _: next(following))


def tree_map(tree: Any, function: Callable[[Any], Any]) -> Any:
    """A tree of the same form whose leaves are the function's results for the old ones."""
    if not isinstance(tree, _CONTAINERS):
        return None if tree is None else function(tree)
    if isinstance(tree, dict):
        out = copy(tree)  # keeps what a subclass adds, a default factory say
        for key, branch in tree.items():
            out[key] = tree_map(branch, function)
        return out
    branches = [tree_map(branch, function) for branch in tree]
    return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)


def aligned(
    like: Any, tree: Any, place: str, error: type[XpgradError], *, gaps: bool = False
) -> Iterator[tuple[str, Any, Any]]:
    """Pair the leaves of two trees of the same form: place, leaf of `like`, what stands there in `tree`.

    Parameters
    ----------
    like, tree
        The trees. Only the form of `like` counts: a list may stand for a tuple.
    place : str
        What `tree` is, for the error message.
    error : type of XpgradError
        Raised, with the place in its message, where the forms differ.
    gaps : bool
        None may stand for a leaf or a whole branch, and is paired with each of its leaves.
    """
    if tree is None and gaps:
        yield from ((where, leaf, None) for where, leaf in placed_leaves(like, place))
        return
    expected, given = _branches(like), _branches(tree)
    if expected is None:
        if given is not None:
            raise error(f"{place} should be an array, but is {_named(tree)}.")
        yield place, like, tree
        return
    if isinstance(like, dict):
        if not isinstance(tree, dict) or tree.keys() != like.keys():
            found = f"the keys {list(tree)}" if isinstance(tree, dict) else _named(tree)
            raise error(f"{place} should be a dict with the keys {list(like)}, but is or has {found}.")
        given = [(step, tree[key]) for (step, _), key in zip(expected, like, strict=True)]
    elif given is None or isinstance(tree, dict) or len(given) != len(expected):
        raise error(f"{place} should be {_described(like)}, but is {_described(tree)}.")
    for (step, branch), (_, other) in zip(expected, given, strict=True):
        yield from aligned(branch, other, place + step, error, gaps=gaps)


def _branches(tree: Any) -> list[tuple[str, Any]] | None:
    """The branches of a tree, each with the step that leads to it; None for a leaf."""
    if not isinstance(tree, _CONTAINERS):
        return [] if tree is None else None
    if isinstance(tree, dict):
        return [(f"[{key!r}]", branch) for key, branch in tree.items()]
    if hasattr(tree, "_fields"):
        return [(f".{name}", branch) for name, branch in zip(tree._fields, tree, strict=True)]
    return [(f"[{i}]", branch) for i, branch in enumerate(tree)]


def _named(tree: Any) -> str:
    return "None" if tree is None else f"a {type(tree).__name__}"


def _described(tree: Any) -> str:
    return f"a {type(tree).__name__} of length {len(tree)}" if isinstance(tree, list | tuple) else _named(tree)
