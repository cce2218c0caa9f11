"""Element-wise rules on lazy libraries: the whole rule runs inside the blocks, as one step.

As whole-array operations a rule and the care of its zeros would be up to eight steps. Inside a block it can also be
seen whether there is a zero to care for. What a worker needs is found by name, so a step is small to send, and is the
same step when the graph is built again.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import cache, partial
from math import isfinite
from typing import Any

from xpgrad.cotangent import COUNTED, keep_zero
from xpgrad.discovery import backend_of
from xpgrad.plan import Edge, Plan, is_own
from xpgrad.primitive import PRIMITIVES, raw_namespace


@cache
def edges_in_blocks(plan: Plan, square: bool) -> tuple[tuple[int, Callable[..., Any], int | None], ...]:
    """The edges of an element-wise plan, with rules that run inside the blocks; `square` says that its inputs are one.

    The two edges of a product of one array with itself are one: g is doubled, which may be a single number still.
    """
    primitive, edges, start = plan.primitive, [], 0
    for i, pull, at in plan.edges:
        name = primitive.inputs[i]
        edge = primitive.rules[name]
        if _passes(edge):
            edges.append((i, _pass, at))
            continue
        # By name if it is one of xpgrad's own primitives, otherwise the rule itself travels.
        known = is_own(edge.rule) and PRIMITIVES.get(primitive.name) is primitive
        reference = (primitive.name, name) if known else edge
        part = slice(start, start + len(edge.needs))
        edges.append((i, partial(_step, reference, pull, plan.guarded, part), at))
        start = part.stop
        if square and known and primitive.name == "multiply":
            return ((i, partial(_doubled, edges[0][1]), at),)
    return tuple(edges)


def _passes(edge: Edge) -> bool:
    """Whether a rule leaves the cotangent as it is."""
    g: Any = object()
    try:
        return not edge.needs and not edge.wants_namespace and edge.rule(g) is g
    except TypeError:
        return False


def _doubled(step: Callable[..., Any], xp: Any, g: Any, kept: tuple[Any, ...]) -> Any:
    return step(xp, g + g, kept)


def _pass(_: Any, g: Any, __: tuple[Any, ...]) -> Any:
    return g


def _step(
    reference: tuple[str, str] | Edge,
    pull: Callable[..., Any],
    guarded: bool,
    part: slice,
    xp: Any,
    g: Any,
    kept: tuple[Any, ...],
) -> Any:
    """Run a rule on the blocks of the arrays that it needs; what else it needs goes along."""
    constants, arrays = [], []
    for a in kept[part]:
        is_array = hasattr(a, "dtype")
        constants.append(_Mark.BLOCK if is_array else a)
        if is_array:
            arrays.append(a)
    name = f"{reference[0]}_vjp" if reference.__class__ is tuple else "vjp"
    if all(isinstance(a, int | float) and a and isfinite(a) for a in constants):
        guarded = False
    function = partial(run_in_block, reference, guarded, tuple(constants))
    r = backend_of(g).elementwise(name, function, g, *arrays)
    # Dask says no more than this of a rule that fails: on whole arrays it says itself what is wrong.
    return pull(xp, g, kept) if r is NotImplemented else r


class _Mark(Enum):
    """A mark among constants; it pickles, and the keys of tasks tell it from all that a user may give."""

    BLOCK = "where an array comes in"


def run_in_block(reference: tuple[str, str] | Edge, guarded: bool, constants: Any, g: Any, *arrays: Any) -> Any:
    """Run a rule on one block."""
    rule, wants_namespace, _ = (
        reference if isinstance(reference, Edge) else PRIMITIVES[reference[0]].rules[reference[1]]
    )
    backend = backend_of(g)
    xp = raw_namespace(backend)
    blocks = iter(arrays)
    needs = [next(blocks) if a is _Mark.BLOCK else a for a in constants]
    with backend.silent():
        r = rule(xp, g, *needs) if wants_namespace else rule(g, *needs)
        if guarded and not (g.size <= COUNTED and _without_zero(backend, g)) and not backend.all_finite(r):
            r = keep_zero(xp, g, r)
    if not all(_covers(r.shape, a.shape) for a in (g, *arrays)):  # its shape is known already
        r = xp.broadcast_to(r, xp.broadcast_arrays(g, *arrays)[0].shape)
    return r


def _covers(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether an array of the other shape broadcasts to a shape; a rule may leave its result smaller."""
    if shape == other or not other:
        return True
    pairs = zip(reversed(shape), reversed(other), strict=False)
    return len(shape) >= len(other) and all(n == m or m == 1 for n, m in pairs)


def _without_zero(backend: Any, g: Any) -> bool:
    return backend.count_nonzero is not None and backend.count_nonzero(g) == g.size
