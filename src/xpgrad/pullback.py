"""The reverse walk: from the cotangents of heads to those of what they depend on.

The walk takes the latest operation first, so a node is reached when all its contributions are in; it does not recurse.
In the raw world it computes on the library's own arrays; in the tracked world (`create`) on Arrays, while recording, so
that its result can be differentiated again. A rule cannot tell the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from math import inf
from sys import getrefcount
from typing import Any

from xpgrad.cotangent import (
    COUNTED,
    LONE,
    WORLDS,
    added,
    added_at,
    conjugated,
    guarded_pull,
    in_full,
    restore,
    world_of,
)
from xpgrad.errors import GraphFreedError
from xpgrad.lazy import edges_in_blocks
from xpgrad.node import Form, Node, Part, tracked_residuals
from xpgrad.reach import leading_to


def pull(
    heads: Sequence[Any],
    cotangents: Iterable[Any],
    *,
    targets: Iterable[Any] | None = None,
    retain: bool = False,
    create: bool = False,
    stop: bool = False,
    useful: set[Any] | None = None,
) -> dict[Any, Any]:
    """Walk from the nodes of heads to variables; return the cotangent of each by node, which may still be smaller.

    Parameters
    ----------
    heads, cotangents : sequence of Node or Part, iterable of array
        Where to start, with raw arrays, or with Arrays where `create` is set.
    targets : iterable of Node or Part, optional
        Deliver to these, and visit only what leads to them; by default to every variable that is reached.
    retain : bool
        Keep the recorded computation; otherwise it is freed while walking.
    create : bool
        Compute in the tracked world; this keeps the recorded computation too.
    stop : bool
        Deliver to the targets, but do not walk on through them.
    useful : set, optional
        What `leading_to` gave for these targets, where the caller has asked already.
    """
    wanted = None if targets is None else set(targets)
    if wanted is not None and useful is None and not stop:
        useful = leading_to(wanted, heads)
    # What was recorded before the targets does not lead to them; orders are negative.
    limit = max((node.order for node in wanted), default=-inf) if wanted is not None and stop else 0
    freeing = not (create or retain)
    pending: dict[Any, Any] = {}
    heap: list[tuple[float, Any]] = []
    found: dict[Any, Any] = {}
    for head, g in zip(heads, cotangents, strict=True):
        if head.order <= limit:
            _contribute(head, conjugated(g), pending, heap, useful)
    xp: Any = None  # the world of the last cotangent, and the classes of those that share it
    backend: Any = None
    count_nonzero: Any = None
    swift = False
    kinds: set[Any] = set()
    handed: Any = None
    node: Any = None  # the next node, where it need not go through the heap
    # What runs for every node stands here at length: a call of a function for each would be felt in every walk, and its
    # arguments would be references that keep cotangents from being added and multiplied in place.
    while True:
        if node is None:
            if not heap:
                for leaf, g in pending.items():  # nothing else is left
                    form = leaf.form
                    if leaf in wanted if wanted is not None else form is not None and form.variable is not None:
                        found[leaf] = g
                return {target: conjugated(g) for target, g in found.items()}
            node = heappop(heap)[1]
            g = pending.pop(node)
        plan, kept, form, source = node.plan, node.kept, node.form, node.source
        # Most of a long record is chains of operations of one input and one shape. They need nothing of what follows
        # this loop, which makes a walk along them a third shorter.
        while (
            swift
            and form is None
            and plan is not None
            and plan.swift
            and kept is not None
            and g.__class__ in kinds
            and (wanted is None or (node not in wanted and source.order <= limit))
        ):
            if freeing:
                node.kept = node.source = None
            if plan.guarded and (count_nonzero is None or (size := g.size) > COUNTED or count_nonzero(g) != size):
                lone = getrefcount(g) == LONE
                g = guarded_pull(xp, backend, plan, plan.pull, g, kept, lone)
            else:
                rule = plan.rule
                g = plan.pull(xp, g, kept) if rule is None else rule(g, kept[0])
            node = source
            if heap and heap[0][0] <= node.order:
                _contribute(node, g, pending, heap, None)
                node = None
                break
            plan, kept, form, source = node.plan, node.kept, node.form, node.source
        if node is None:
            continue
        if plan is None and node.__class__ is Node:  # a leaf waits for the end, not in the heap: 1 % of a small step
            pending[node] = added(pending.pop(node), g) if node in pending else g
            node = None
            continue
        if form is None:
            like = shape = variable = None
        else:
            like, shape, _, variable, _ = form
        if wanted is None:
            if variable is not None:
                found[node] = g
        elif node in wanted:
            found[node] = g
            if stop or useful.isdisjoint(node.parents):  # type: ignore[union-attr]  # set unless `stop` is
                node = None
                continue
        if plan is None:
            if useful is None or node.node in useful:
                _collect(node, g, pending, heap)
            node = None
            continue
        if kept is None:
            raise GraphFreedError(source)
        if freeing:
            node.kept = node.source = None
            if form is not None:
                node.form = None if variable is None else Form(variable=variable)
        elif create:
            kept = tracked_residuals(node)
        if shape is not None and (g.__class__ is list or g.shape != shape):
            g = in_full(g, shape)
        node = None
        primitive = plan.primitive
        if primitive is None:  # a user's function, with a backward of its own
            handed, g = list(g) if g.__class__ is tuple else [g], None  # a checkpoint lets go of it early
            try:
                handed = plan.run(handed, kept[0], create)
            except BaseException as failure:
                if freeing:
                    _note(failure, heads)
                raise
            _contribute_all(source, handed, limit, pending, heap, useful)
            kept = handed = None
            continue
        if g.__class__ not in kinds:  # the library seldom changes on the way
            xp, backend, count_nonzero, swift, kinds = WORLDS.get(g.__class__) or world_of(g)
        if primitive.elementwise and backend.lazy and source and not create:
            edges, guarded = edges_in_blocks(plan, not plan.single and source[0] is source[1]), False
        else:
            edges, guarded = plan.edges, plan.guarded
            if guarded and count_nonzero is not None:  # here and not in a helper: it saves a tenth of the walk
                guarded = (size := g.size) > COUNTED or count_nonzero(g._data if create else g) != size
        carried = None  # the cotangent of the next node
        for i, pull_back, at in edges:
            parent = source if at is None else source[at]
            if parent.order > limit:  # a history from outside: from now on, avoid what leads there alone
                if useful is None:
                    useful = leading_to(wanted or (), [*pending, *((source,) if at is None else source)], stop)
                continue
            if useful is not None and parent not in useful:
                continue
            # Without ``*kept``: a tuple of arguments would be one reference more, and nothing be added in place.
            if plan.selects and parent in pending and added_at(pending[parent], g, kept[0], kept[1]):
                continue
            if guarded:
                last = at is None or i == edges[-1][0]
                lone = last and not create and getrefcount(g) == LONE
                r = guarded_pull(xp, backend, plan, pull_back, g, kept, lone)
            else:
                r = pull_back(xp, g, kept)
            if like is not None:
                shape, dtype = like[i]
                if r.dtype is not dtype or r.shape != shape:
                    r = restore(xp, r, shape, dtype)
            if parent is node:
                carried = carried + r
            elif pending and parent in pending:
                pending[parent] = added(pending.pop(parent), r)
            elif node is None and parent.plan is not None:
                node, carried = parent, r
            else:
                pending[parent] = r
                if parent.plan is not None or parent.__class__ is Part:
                    heappush(heap, (parent.order, parent))
        g, carried, r, kept = carried, None, None, None  # what is done with takes no memory while the next rule runs
        if node is not None and heap and heap[0][0] < node.order:
            pending[node] = g
            heappush(heap, (node.order, node))
            node = None


def _note(failure: BaseException, heads: Iterable[Any]) -> None:
    """Let the heads that were freed on the way to a failure say so: another walk would start there."""
    for head in heads:
        node = head.node if head.__class__ is Part else head
        if node.kept is None:
            node.source = f"{type(failure).__name__}: {failure}"


def _contribute(node: Any, g: Any, pending: dict[Any, Any], heap: list[tuple[float, Any]], useful: Any) -> None:
    """Add to the cotangent of a node, if it is on the way."""
    if node in pending:
        pending[node] = added(pending.pop(node), g)
    elif useful is None or node in useful:
        pending[node] = g
        if node.plan is not None or node.__class__ is Part:
            heappush(heap, (node.order, node))


def _contribute_all(
    parents: Sequence[Any],
    cotangents: Sequence[Any],
    limit: float,
    pending: dict[Any, Any],
    heap: list[tuple[float, Any]],
    useful: Any,
) -> None:
    """Add what a user's function gave to the cotangents of its inputs; None stands for zeros."""
    for parent, r in zip(parents, cotangents, strict=True):
        if r is not None and parent.order <= limit:
            _contribute(parent, r, pending, heap, useful)


def _collect(part: Part, g: Any, pending: dict[Any, Any], heap: list[tuple[float, Any]]) -> None:
    """Note the cotangent of one of several outputs with the node that made them."""
    node = part.node
    if node.kept is None:
        raise GraphFreedError(node.source)
    if node not in pending:
        pending[node] = [None] * len(node.form.shape)  # type: ignore[union-attr]  # with several outputs there is one
        heappush(heap, (node.order, node))
    known = pending[node][part.index]  # from another Part of the same output: rules get one of their own
    pending[node][part.index] = g if known is None else known + g
