"""Which part of a record lies between heads and targets, and where it begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from xpgrad.array import Array
from xpgrad.errors import GraphFreedError
from xpgrad.node import is_leaf


def leading_to(targets: Iterable[Any], heads: Sequence[Any], stop: bool = False) -> set[Any]:
    """The targets that the heads depend on, and the nodes that the walk must pass to get there; `stop` as in `pull`."""
    wanted = set(targets)
    seen: set[Any] = set()
    stack = list(heads)
    oldest = max((node.order for node in wanted), default=-inf)
    while stack:
        node = stack.pop()
        if node in seen or node.order > oldest:  # what was recorded before the targets does not lead to them
            continue
        seen.add(node)
        if node in wanted and stop:
            continue
        if node.kept is None and node.order < oldest:
            raise GraphFreedError(node.source)  # it no longer knows its parents, and might lead to a target
        stack.extend(node.parents)
    useful = wanted & seen
    for node in sorted(seen, key=lambda node: -node.order):
        if not (stop and node in wanted) and not useful.isdisjoint(node.parents):
            useful.add(node)
    return useful


def boundary(heads: Iterable[Array], start: float) -> dict[Any, Any]:
    """Where the history of heads since `start` begins: earlier nodes and variables, with their shapes and dtypes."""
    found: dict[Any, Any] = {}
    seen = set()
    stack: list[Any] = [(y._node, (y.shape, y.dtype)) for y in heads if y._node is not None]
    while stack:
        node, form = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.order > start or is_leaf(node):
            found[node] = form
        else:
            stack += [
                (parent, node.form.like[i] if node.form and node.form.like else form) for i, parent in node.origins
            ]
    return found
