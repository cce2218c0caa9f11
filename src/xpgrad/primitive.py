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
from collections.abc import Callable
from functools import cache
from typing import Any

from xpgrad.backend import Backend
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
            return own or backend.function(self.name)  # type: ignore[no-any-return]  # libraries are untyped
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


def registered(name: str) -> Primitive:
    """The primitive of this name."""
    return PRIMITIVES[name]


#: Those that rules and the engine are made of: namespaces have them, too, but do not show them.
HELPERS: set[str] = set()

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
    """
    for name in names.split():
        PRIMITIVES[name] = Primitive(name, inputs, elementwise, bilinear, selects, outputs, implementation, parameters)
        if not public:
            HELPERS.add(name)
    return PRIMITIVES[name]


def vjp(names: str, **rules: Rule) -> None:
    """Register the rules of primitives that share them.

    Parameters
    ----------
    names : str
        The names of the primitives, separated by spaces.
    **rules : callable
        By the name of an input, what makes its cotangent of that of the output. A recorded input without one raises.
    """
    edges = _edges(rules)
    for name in names.split():
        PRIMITIVES[name].rules = edges


def row_vjp(names: str, **rules: Rule) -> None:
    """Register rules for many cotangents at once, such as the rows of a Jacobian.

    Parameters
    ----------
    names : str
        The names of the primitives, separated by spaces.
    **rules : callable
        As for `vjp`; the cotangents lie along a first axis of ``g``. NotImplemented sends them one by one.
    """
    edges = _edges(rules)
    for name in names.split():
        PRIMITIVES[name].row_rules = edges


def _edges(rules: dict[str, Rule]) -> dict[str, Edge]:
    edges = {}
    for argument, rule in rules.items():
        first, *rest = _parameters(rule)
        edges[argument] = Edge(rule, first == "xp", tuple(rest[first == "xp" :]))
    return edges


def _parameters(rule: Rule) -> tuple[str, ...]:
    """The names of a rule's parameters; from a function's code in a fiftieth of the time that a signature takes."""
    code = getattr(rule, "__code__", None)
    return code.co_varnames[: code.co_argcount] if code else tuple(inspect.signature(rule).parameters)


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
