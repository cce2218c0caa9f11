"""Primitives and their derivative rules: the registry, and the plan that says what a rule needs kept.

A rule is a small function that turns the cotangent of a primitive's output into the cotangent of one input. The names
of its parameters say what it needs; nothing else is kept while recording:

==================  ============================================================================
``g``               the cotangent of the output (a tuple for a primitive of several outputs)
``x``, ``x1``, …    the value of that input
``x_shape``, …      the shape of that input
``out``             the value of the output (a tuple for several outputs)
``axis``, …         a keyword parameter of the primitive
``i``               in a primitive that takes a sequence of arrays: the position of this input
``xp``              the namespace to compute with
==================  ============================================================================

The cotangent of an element-wise primitive may be smaller than its output, as long as it broadcasts to it; so may what a
rule returns. Summing over broadcast axes, restoring dtypes and adding contributions up is the engine's work.
This module knows nothing of arrays and nothing of any library.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import cache
from keyword import iskeyword
from types import FunctionType
from typing import Any

from xpgrad.backend import Backend
from xpgrad.errors import RuleError
from xpgrad.plan import Edge, Plan, Rule

#: Marks a parameter that has no default.
required: Any = inspect.Parameter.empty


class Primitive:
    """A function that the engine differentiates as one step.

    Parameters
    ----------
    name : str
        Its name in the namespace, dotted in an extension: "linalg.svd".
    inputs : str
        The names of its array inputs, separated by spaces; ``"*arrays"`` is one sequence of arrays.
    elementwise : bool
        Each element of the output depends on the same element of the (broadcast) inputs only.
    bilinear : bool
        Each element of the output is a sum of products of an element of each of the two inputs.
    selects : bool
        The output is a selection of the input, by a parameter `key`, and the rule needs the shape and the key.
    outputs : int
        1, or how many arrays the function returns as a tuple (0: it depends on the call).
    implementation : callable, optional
        ``implementation(xp, *inputs, **parameters)``, for a function that the standard lacks.
    parameters : dict
        Its further parameters with their defaults; an input named here is optional.
    """

    def __init__(
        self,
        name: str,
        inputs: str,
        elementwise: bool,
        bilinear: bool,
        selects: bool,
        outputs: int,
        implementation: Callable[..., Any] | None,
        parameters: dict[str, Any],
    ) -> None:
        self.name = name
        self.variadic = inputs.startswith("*")
        self.inputs = tuple(inputs.lstrip("*").split())
        self.elementwise = elementwise
        self.bilinear = bilinear
        self.selects = selects
        self.outputs = outputs
        self.implementation = implementation
        self.optional = {name: parameters[name] for name in self.inputs if name in parameters}
        self.parameters = {name: default for name, default in parameters.items() if name not in self.inputs}
        self.leading = tuple(name for name, default in self.parameters.items() if default is required)
        self.simple = elementwise and not parameters and len(self.inputs) <= 2
        self.rules: dict[str, Edge] = {}
        self.row_rules: dict[str, Edge] = {}
        self._plans: dict[tuple[int, ...], Plan] = {}

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join((*self.inputs, *self.parameters))})>"

    def __copy__(self) -> Primitive:
        made = object.__new__(type(self))
        vars(made).update(vars(self))
        return made

    def __reduce__(self) -> Any:
        # Rules are no data: what is registered is found again by its name.
        return (registered, (self.name,)) if PRIMITIVES.get(self.name) is self else super().__reduce__()

    def raw(self, backend: Backend) -> Callable[..., Any]:
        """The function for a backend's arrays: the backend's own, ours, or the library's; AttributeError for none."""
        own = backend.own(self.name, self.elementwise)
        if own is not None or self.implementation is None:
            return own or backend.function(self.name)
        implementation, xp = self.implementation, raw_namespace(backend)
        return lambda *arrays, **parameters: implementation(xp, *arrays, **parameters)

    def plan(self, tracked: tuple[int, ...]) -> Plan:
        """The plan for a call in which the inputs at the positions `tracked` are tracked."""
        found = self._plans.get(tracked)
        if found is None:
            found = self._plans[tracked] = Plan(self, tracked)
        return found


#: Every primitive, by name.
PRIMITIVES: dict[str, Primitive] = {}


#: What drops, by a primitive's name, what was made of it: called when it, or a rule of it, is registered anew.
FORGETTING: list[Callable[[str], object]] = []


def registered(name: str) -> Primitive:
    """The primitive of this name."""
    return PRIMITIVES[name]


#: Those that rules and the engine are made of: namespaces have them, too, but do not show them.
HELPERS: set[str] = set()


def _renew(names: Iterable[str]) -> None:
    """See to it that what is asked for from now on follows what is registered now."""
    for name in names:
        PRIMITIVES[name]._plans = {}
        for forget in FORGETTING:
            forget(name)


#: The functions that have no gradient, by name, with the reason.
CONSTANTS: dict[str, str] = {}

#: Their parameters, as Python writes them.
FORMS: dict[str, str] = {}


def primitive(
    names: str,
    inputs: str,
    *,
    elementwise: bool = False,
    bilinear: bool = False,
    selects: bool = False,
    outputs: int = 1,
    implementation: Callable[..., Any] | None = None,
    public: bool = True,
    **parameters: Any,
) -> Primitive:
    """Register primitives that share one form, and return the last.

    A name that is registered already gets the new form, and has no rules until they are registered again. Who has
    taken the old function out of its namespace, or recorded with it, keeps that.

    Parameters
    ----------
    names : str
        Their names, separated by spaces.
    inputs, elementwise, bilinear, selects, outputs, implementation
        As for `Primitive`.
    public : bool
        Whether namespaces show them among their functions.
    **parameters
        Further parameters with their defaults; ``required`` stands for none.

    Raises
    ------
    RuleError
        If a name cannot be one, or a parameter has a name that means something else in a rule.
    """
    listed = names.split()
    for name in listed or [names]:
        if not all(part.isidentifier() and not iskeyword(part) for part in name.split(".")):
            raise RuleError(f"{name!r} cannot be the name of a primitive: it must be an identifier, or dotted ones.")
        made = Primitive(name, inputs, elementwise, bilinear, selects, outputs, implementation, parameters)
        _check_names(made)
        PRIMITIVES[name] = made
        (HELPERS.discard if public else HELPERS.add)(name)
    _renew(listed)
    return made


def _check_names(primitive: Primitive) -> None:
    """Refuse names of inputs and parameters by which a rule could not tell what they are."""
    taken = {"xp", "g", "out", *("i" for _ in range(primitive.variadic)), *map("{}_shape".format, primitive.inputs)}
    names = [*primitive.inputs, *primitive.parameters]
    if not primitive.inputs or (primitive.variadic and len(primitive.inputs) > 1):
        raise RuleError(f"{primitive.name} needs the names of its inputs, such as 'x1 x2', or one sequence, '*arrays'.")
    for name in names:
        plain = name.isidentifier() and not iskeyword(name) and name[0] != "_"
        if not plain or name in taken or names.count(name) > 1:
            why = "means something else in a rule" if name in taken else "is no plain name, or is given twice"
            raise RuleError(f"{primitive.name} cannot have an input or parameter {name!r}, which {why}: rename it.")
    if primitive.inputs[0] in primitive.optional:
        raise RuleError(f"{primitive.name} needs a first input without a default, {primitive.inputs[0]} has one.")


def vjp(names: str, **rules: Rule) -> None:
    """Register the rules of primitives that share them; those of other inputs stay as they are.

    A rule that is there already is replaced, for what is computed by the namespaces' functions from now on: Array's
    operators keep their own.

    Parameters
    ----------
    names : str
        The names of the primitives, separated by spaces.
    **rules : callable
        By the name of an input, what makes its cotangent of that of the output. A recorded input without one raises.

    Raises
    ------
    RuleError
        If there is no such primitive or input, or a rule needs what the primitive does not have.
    """
    for primitive, edges in _edges(names, rules):
        primitive.rules = primitive.rules | edges
    _renew(names.split())


def row_vjp(names: str, **rules: Rule) -> None:
    """Register rules for many cotangents at once, such as the rows of a Jacobian.

    Parameters
    ----------
    names : str
        The names of the primitives, separated by spaces.
    **rules : callable
        As for `vjp`; the cotangents lie along a first axis of ``g``. NotImplemented sends them one by one.

    Raises
    ------
    RuleError
        As for `vjp`.
    """
    for primitive, edges in _edges(names, rules):
        primitive.row_rules = primitive.row_rules | edges


def _edges(names: str, rules: dict[str, Rule]) -> list[tuple[Primitive, dict[str, Edge]]]:
    """The primitives of some names, each with the edges that it gets: checked, so that all of them or none get theirs.

    Raises
    ------
    RuleError
        As for `vjp`.
    """
    edges = {}
    for argument, rule in rules.items():
        found = _parameters(rule)
        wants_namespace = found is not None and found[:1] == ("xp",)
        if not found or found[wants_namespace : wants_namespace + 1] != ("g",):
            raise RuleError(
                f"the rule of {names} for {argument!r} must take the cotangent g first, or xp and g, and by name what "
                "else it needs, as in lambda xp, g, x: g * xp.cos(x)."
            )
        edges[argument] = Edge(rule, wants_namespace, found[wants_namespace + 1 :])
    pairs = []
    for name in names.split():
        primitive = PRIMITIVES.get(name)
        if primitive is None:
            raise RuleError(f"there is no primitive {name!r}: register it first, with primitive({name!r}, ...).")
        if unknown := edges.keys() - set(primitive.inputs):
            raise RuleError(f"{name} has no input {min(unknown)!r}: its inputs are {', '.join(primitive.inputs)}.")
        shapes = map("{}_shape".format, primitive.inputs)
        known = (*primitive.inputs, *shapes, *primitive.parameters, "out", *["i"] * primitive.variadic)
        for argument, edge in edges.items():
            if missing := [need for need in edge.needs if need not in known]:
                raise RuleError(
                    f"the rule of {name} for {argument!r} asks for {missing[0]!r}, which {name} does not have: besides "
                    f"xp and g a rule can have {', '.join(known)}."
                )
        pairs.append((primitive, edges))
    return pairs


_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_OTHERS = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def _parameters(rule: Rule) -> tuple[str, ...] | None:
    """The names of a rule's parameters, None where it takes some by keyword or in any number.

    From a function's code in a fiftieth of the time that a signature takes.
    """
    if isinstance(rule, FunctionType) and not hasattr(rule, "__wrapped__"):
        code = rule.__code__
        plain = not (code.co_flags & _OTHERS or code.co_kwonlyargcount)
        return code.co_varnames[: code.co_argcount] if plain else None
    try:
        parameters = inspect.signature(rule).parameters
    except (TypeError, ValueError):  # it is no function, or one that does not say
        return None
    return tuple(parameters) if all(p.kind in _BY_POSITION for p in parameters.values()) else None


def constant(names: str, form: str, reason: str) -> None:
    """Register functions whose result has no gradient.

    Parameters
    ----------
    names : str
        Their names, separated by spaces.
    form : str
        Their parameters, as Python writes them.
    reason : str
        Why there is none, for the documents.
    """
    CONSTANTS.update(dict.fromkeys(names.split(), reason))
    FORMS.update(dict.fromkeys(names.split(), form))


class RawNamespace:
    """What rules see as ``xp`` when they compute on raw arrays: a library's functions and all primitives."""

    def __init__(self, backend: Backend, extension: str = "") -> None:
        self._backend = backend
        self._prefix = extension
        FORGETTING.append(self._forget)

    def _forget(self, name: str) -> None:
        vars(self).pop(name.removeprefix(self._prefix), None)

    def __getattr__(self, name: str) -> Any:
        full = self._prefix + name
        found: Any
        if full in PRIMITIVES:
            found = PRIMITIVES[full].raw(self._backend)
        elif any(known.startswith(f"{full}.") for known in PRIMITIVES):
            found = RawNamespace(self._backend, f"{full}.")
        else:
            found = self._backend.function(full)
        setattr(self, name, found)
        return found


@cache
def raw_namespace(backend: Backend) -> RawNamespace:
    """The raw namespace of a backend."""
    return RawNamespace(backend)
