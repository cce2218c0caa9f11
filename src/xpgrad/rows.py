"""The rows of a Jacobian in one walk back, instead of one walk for each.

A cotangent has one more axis here, the first, along which the rows lie. Element-wise rules broadcast over it as they
are; `rules.rows` says what others make of all rows at once, and where it does not, a rule runs row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from math import prod
from typing import Any

from xpgrad.array import Array
from xpgrad.cotangent import conjugated, guarded_pull, in_full, keep_zero, restore
from xpgrad.discovery import backend_of
from xpgrad.errors import GraphFreedError
from xpgrad.node import Part
from xpgrad.plan import device_of
from xpgrad.primitive import raw_namespace
from xpgrad.reach import leading_to

#: How many elements the rows of one walk may have, of an output or an input: what they take is bounded by this.
ELEMENTS = 1 << 20


def jacobian(y: Array, inputs: Sequence[Array]) -> list[Any]:
    """The raw Jacobian of one output by every input, of shape ``y.shape + x.shape``; the record is kept."""
    backend = backend_of(y._data)
    xp = raw_namespace(backend)
    targets = [x._node for x in inputs]
    useful = leading_to(targets, [y._node], stop=True) if y._node is not None else set()
    count = prod(y.shape)
    step = max(1, ELEMENTS // max(1, count, *(prod(x.shape) for x in inputs)))
    blocks = []
    for start in range(0, count, step):
        found = _pull(y._node, units(xp, y._data, start, min(start + step, count)), targets, useful) if useful else {}
        blocks.append(found)
    return [_joined(xp, backend, blocks, x, (*y.shape, *x.shape)) for x in inputs]


def _joined(xp: Any, backend: Any, blocks: Sequence[dict[Any, Any]], x: Array, shape: tuple[int, ...]) -> Any:
    """What the walks found for one input, as one array."""
    if not blocks or x._node not in blocks[0]:
        return backend.full(shape, 0, x._data)
    parts = [xp.broadcast_to(conjugated(g), (g.shape[0], *x.shape)) for g in (found[x._node] for found in blocks)]
    return xp.reshape(parts[0] if len(parts) == 1 else xp.concat(parts), shape)


def units(xp: Any, y: Any, start: int, stop: int) -> Any:
    """Of the unit vectors of the space that a raw array is from those from `start` on, one in each row."""
    numbers = xp.arange(prod(y.shape), device=device_of(y))
    rows = xp.astype(numbers == xp.reshape(numbers[start:stop], (-1, 1)), y.dtype)
    return xp.reshape(rows, (stop - start, *y.shape))


def _pull(head: Any, rows: Any, targets: Iterable[Any], useful: set[Any]) -> dict[Any, Any]:
    """As `pullback.pull` from one head, stopping at targets; cotangents may have axes of length 1, but none less."""
    wanted = set(targets)
    pending = {head: rows}
    heap = [(head.order, head)]
    found = {}
    while heap:
        node = heappop(heap)[1]
        g = pending.pop(node)
        if node in wanted:
            found[node] = g
            continue
        if node.kept is None:
            raise GraphFreedError(node.source)
        for parent, r in _pulled(node, g, useful):
            if parent in pending:
                pending[parent] = _sum(pending[parent], r)
            else:
                pending[parent] = r
                heappush(heap, (parent.order, parent))
    return found


def _sum(a: Any, b: Any) -> Any:
    """The sum of two cotangents, or of two lists of those of several outputs."""
    if a.__class__ is list:
        return [q if p is None else p if q is None else p + q for p, q in zip(a, b, strict=True)]
    return a + b


def _pulled(node: Any, g: Any, useful: set[Any]) -> Iterable[tuple[Any, Any]]:
    """The useful parents of a node with the cotangents that it has for them."""
    if node.__class__ is Part:
        parts: list[Any] = [None] * len(node.node.form.shape)  # type: ignore[union-attr]  # with several outputs there is one
        parts[node.index] = g
        return [(node.node, parts)]
    plan = node.plan
    if plan is None:
        return []
    if plan.primitive is None:
        return [(parent, r) for parent, r in _called(node, g) if r is not None and parent in useful]
    edges = [(i, pull, node.source if at is None else node.source[at]) for i, pull, at in plan.edges]
    return [(parent, _rows(node, i, pull, g)) for i, pull, parent in edges if parent in useful]


def _called(node: Any, g: Any) -> Iterable[tuple[Any, Any]]:
    """The parents of a user's function, which takes one cotangent at a time; None for what it never depends on."""
    call = node.kept[0]
    full = (_full(row, node) for row in _each(g))
    rows = [node.plan.run(list(g) if g.__class__ is tuple else [g], call, False) for g in full]
    for parent, i, column in zip(node.source, node.plan.positions, zip(*rows, strict=True), strict=True):
        known = next((r for r in column if r is not None), None)
        if known is None:
            yield parent, None
            continue
        xp = raw_namespace(backend_of(known))
        zero = xp.zeros_like(known)  # for one row there may be none where there is one for another
        shape = call.like[i][0]
        yield parent, xp.stack([xp.broadcast_to(zero if r is None else r, shape) for r in column])


def _rows(node: Any, i: int, pull: Any, g: Any) -> Any:
    """The cotangents of one input, all rows at once if the rule can do that."""
    plan, form, kept = node.plan, node.form, node.kept
    like = None if form is None or form.like is None else form.like[i]
    primitive = plan.primitive
    together = primitive.row_rules.get(primitive.inputs[0 if primitive.variadic else i])
    if primitive.elementwise or (together and g.__class__ is not list):
        backend = backend_of(g)
        xp = raw_namespace(backend)
        if form is not None and form.shape is not None:
            g = xp.broadcast_to(g, (g.shape[0], *form.shape))
        if primitive.elementwise:
            r = pull(xp, g, kept)
            if plan.guarded and not backend.all_finite(r):
                r = keep_zero(xp, g, r)
        else:
            known = dict(zip(plan.needs, kept, strict=False))
            needs = [known[name] for name in together.needs]
            r = together.rule(xp, g, *needs) if together.wants_namespace else together.rule(g, *needs)
        if r is not NotImplemented and not (primitive.bilinear and backend.all_finite(r) is False):
            return r if like is None else _restored(xp, r, *like)
    rows = [_row(node, pull, row, like) for row in _each(g)]
    return raw_namespace(backend_of(rows[0])).stack(rows)


def _row(node: Any, pull: Any, g: Any, like: Any) -> Any:
    """The cotangent of one input in full shape, for one row."""
    g = _full(g, node)
    backend = backend_of(g[0] if g.__class__ is tuple else g)
    xp = raw_namespace(backend)
    r = guarded_pull(xp, backend, node.plan, pull, g, node.kept) if node.plan.guarded else pull(xp, g, node.kept)
    return r if like is None else xp.broadcast_to(restore(xp, r, *like), like[0])


def _full(g: Any, node: Any) -> Any:
    return g if node.form is None or node.form.shape is None else in_full(g, node.form.shape)


def _each(g: Any) -> Iterable[Any]:
    """The rows, each as a cotangent of its own."""
    if g.__class__ is not list:
        return (g[i, ...] for i in range(g.shape[0]))
    count = next(part for part in g if part is not None).shape[0]
    return ([None if part is None else part[i, ...] for part in g] for i in range(count))


def _restored(xp: Any, r: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """As `restore`, for every row."""
    lead = r.ndim - 1 - len(shape)
    r = restore(xp, r, (r.shape[0], *(1,) * lead, *shape), dtype)
    return xp.reshape(r, (r.shape[0], *r.shape[1 + lead :])) if lead else r
