"""The plan of a call: from the names of a rule's parameters, what is kept while recording and how the rule is run.

A primitive has a plan for every pattern of tracked inputs. The functions that save and that run the rules are compiled
here once, when the plan is made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from xpgrad.discovery import SHAPES
from xpgrad.errors import NotDifferentiableError, RuleError

if TYPE_CHECKING:
    from xpgrad.primitive import Primitive

Rule = Callable[..., Any]


class Edge(NamedTuple):
    """A rule, whether it takes the namespace first, and the names of what it needs besides ``xp`` and ``g``."""

    rule: Rule
    wants_namespace: bool
    needs: tuple[str, ...]


class Plan:
    """What one pattern of tracked inputs keeps, and which rules it runs.

    Attributes
    ----------
    positions : tuple of int
        The positions of the tracked inputs.
    single : bool
        There is only one of them.
    edges : tuple of (int, callable, int or None)
        For every tracked input: its position, its rule as ``pull(xp, g, kept)``, and its place among the edges, None
        where it is the only one.
    needs : tuple of str
        The names of what is kept, for one edge after the other.
    kept : str
        What a node keeps, as the inside of a Python tuple: picking by name at every call would double its cost.
    save : callable
        ``save(*inputs, out, *parameters)`` gives that tuple.
    guarded : bool
        A zero cotangent must stay zero, even where the local derivative is infinite or NaN.
    swift : bool
        There is only one edge, of an element-wise primitive.
    pull : callable or None
        The rule of the first edge, if there is one, as ``pull(xp, g, kept)``.
    rule : callable or None
        That rule itself, where it takes just the cotangent and one thing kept: a thirtieth of a walk along a chain.
    """

    __slots__ = (
        *("edges", "guarded", "kept", "needs", "positions", "primitive"),
        *("pull", "rule", "save", "selects", "single", "swift"),
    )

    def __init__(self, primitive: Primitive, tracked: tuple[int, ...]) -> None:
        self.primitive = primitive
        self.positions = tracked
        self.single = len(tracked) == 1
        self.needs: tuple[str, ...] = ()
        edges = []
        needs_of: list[tuple[int, tuple[str, ...]]] = []
        for at, i in enumerate(tracked):
            name = primitive.inputs[0 if primitive.variadic else i]
            if name not in primitive.rules:
                raise NotDifferentiableError(primitive.name, name)
            rule, wants_namespace, needs = primitive.rules[name]
            arguments = [f"kept[{len(self.needs) + n}]" for n in range(len(needs))]
            call = f"rule({', '.join([*['xp'] * wants_namespace, 'g', *arguments])})"
            if not is_own(rule):
                call = f"refuse() if (r := {call}) is None else r"
            scope = {"rule": rule, "refuse": partial(_refuse_none, primitive.name, name)}
            pull = eval(f"lambda xp, g, kept: {call}", scope)  # noqa: S307  # made of numbers only; a tenth faster than unpacking
            pull.factor = len(self.needs) if _scales(primitive.rules[name]) else None
            edges.append((i, pull, None if self.single else at))
            needs_of.append((i, needs))
            self.needs += needs
        self.edges = tuple(edges)
        self.pull = edges[0][1] if edges else None
        single = len(edges) == len(self.needs) == 1 and not wants_namespace
        self.rule = rule if single and is_own(rule) else None
        self.swift = self.single and primitive.elementwise
        self.selects = primitive.selects
        self.guarded = primitive.bilinear or (primitive.elementwise and bool(self.needs))
        self.kept = self._source(needs_of)
        names = ", ".join((*primitive.inputs, "out", *primitive.parameters))
        self.save = eval(f"lambda {names}: ({self.kept})", {"shape_of": shape_of, "remember": remember})  # noqa: S307  # made of registered names

    def forgotten(self, count: int) -> tuple[int, ...]:
        """Of `count` inputs the positions of the constants that no rule needs."""
        names = self.primitive.inputs * count if self.primitive.variadic else self.primitive.inputs
        return tuple(i for i in range(count) if i not in self.positions and names[i] not in self.needs)

    def _source(self, needs_of: list[tuple[int, tuple[str, ...]]]) -> str:
        """What is kept, as Python source: ``"x2, x1, "``, say."""
        primitive = self.primitive
        shape = "tuple(map(shape_of, {}))" if primitive.variadic else "shape_of({})"
        sources = {f"{name}_shape": shape.format(name) for name in primitive.inputs}
        sources |= {name: f"tuple({name})" for name in primitive.inputs if primitive.variadic}
        kept = [str(i) if name == "i" else sources.get(name, name) for i, needs in needs_of for name in needs]
        if not primitive.variadic:
            kept += [f"remember({primitive.inputs[i]})" for i in self.forgotten(len(primitive.inputs))]
        return "".join(f"{item}, " for item in kept)


def is_own(rule: Rule) -> bool:
    """Whether a rule is one of xpgrad's own: what these return is known, and they are found by name anywhere."""
    return getattr(rule, "__module__", "").startswith("xpgrad.")


def _refuse_none(primitive: str, argument: str) -> None:
    raise RuleError(
        f"the rule of {primitive} for {argument!r} returned None: it must return the cotangent of {argument!r}, zeros "
        "where there is none. Is a return missing?"
    )


class _Cotangent:
    def __mul__(self, other: Any) -> tuple[Any, Any]:
        return self, other


def _scales(edge: Edge) -> bool:
    """Whether a rule just multiplies the cotangent with the one thing that it needs."""
    g, x = _Cotangent(), object()
    try:
        return len(edge.needs) == 1 and not edge.wants_namespace and edge.rule(g, x) == (g, x)
    except (AttributeError, TypeError):
        return False


_NUMBERS = frozenset((bool, int, float, complex, type(None)))


def remember(a: Any) -> Any:
    """What to note of a constant that no rule needs, so that a graph can be shown and run again while it lives."""
    if a.__class__ in _NUMBERS or a.__class__ in SHAPES:  # what is lazy holds no data
        return a
    try:
        return ref(a)
    except TypeError:  # a library's arrays may not allow weak references
        return None


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array, () for a Python number."""
    if SHAPES and x.__class__ in SHAPES:
        return SHAPES[x.__class__](x)
    try:
        return x.shape
    except AttributeError:
        return ()


def device_of(x: Any) -> Any:
    """The device of an array; None, which stands for the library's default, where an array does not say which it is."""
    return getattr(x, "device", None)
