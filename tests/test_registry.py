"""The registry against the array API standard: every function is differentiable, composed of such, or constant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import array_api_strict
import numpy as np
import pytest

import xpgrad
from xpgrad import Array
from xpgrad.composites import COMPOSITES
from xpgrad.errors import NotDifferentiableError, RuleError
from xpgrad.functions import function
from xpgrad.primitive import CONSTANTS, PRIMITIVES, Primitive, primitive, required, vjp
from xpgrad.primitive import HELPERS as ENGINE
from xpgrad_conformance import standard

#: What users of other libraries expect besides.
BEYOND = {"einsum", "log_softmax", "logsumexp", "pad", "sigmoid", "softmax"}

#: What the engine needs beyond the standard; each is written with the standard's own functions.
HELPERS = {
    *("contract", "copy", "following", "getitem", "linalg.missing", "product", "recurrence"),
    *("scatter", "scatter_along_axis", "setitem", "share", "to_device"),
}

#: These pass gradients through others.
MADE_BY_NAMESPACE = {"asarray", "from_dlpack"}

#: How array-api-strict is set up.
STRICT_ONLY = {"ArrayAPIStrictFlags", "Device"} | {f"{do}_array_api_strict_flags" for do in ("get", "reset", "set")}

#: Their results follow what they are made of, and the other way round.
VIEWS = {"expand_dims", "matrix_transpose", "moveaxis", "permute_dims", "reshape", "squeeze"}

BACKENDS = ("numpy", "array_api_strict")


def registered() -> set[str]:
    """All functions that namespaces have."""
    return {*PRIMITIVES, *CONSTANTS, *COMPOSITES, *MADE_BY_NAMESPACE}


def kinds(name: str) -> list[str]:
    """What a function is to the engine."""
    composites = (
        {*COMPOSITES, *MADE_BY_NAMESPACE} - (VIEWS & PRIMITIVES.keys()) - {"astype", "tile"}
    )  # which are ones around primitives of these names
    found = {"primitive": name in PRIMITIVES, "composite": name in composites, "constant": name in CONSTANTS}
    return [kind for kind, is_kind in found.items() if is_kind]


def test_the_list_of_the_standard_is_that_of_the_strict_library() -> None:
    assert array_api_strict.__array_api_version__ == standard.VERSION
    extensions = {f"{name}.{f}" for name in standard.EXTENSIONS for f in getattr(array_api_strict, name).__all__}
    names = {name for name in array_api_strict.__all__ if name not in STRICT_ONLY and not name.startswith("__")}
    assert (names | extensions) - standard.CONSTANTS - standard.DTYPES - standard.EXTENSIONS <= standard.FUNCTIONS
    assert all(callable(attrgetter(name)(array_api_strict)) for name in standard.FUNCTIONS)


@pytest.mark.parametrize("name", sorted(standard.FUNCTIONS))
def test_every_function_of_the_standard_is_one_thing(name: str) -> None:
    assert len(kinds(name)) == 1


def test_what_is_registered_is_the_standard_and_what_is_named_here() -> None:
    special = {name for name in registered() if name.startswith("special.")}  # SciPy's, for which there is no standard
    assert registered() - special == standard.FUNCTIONS | BEYOND | HELPERS
    assert ENGINE == HELPERS


def test_every_constant_has_a_reason() -> None:
    assert all(reason.strip() for reason in CONSTANTS.values())


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_every_input_that_may_hold_floats_has_a_rule(name: str) -> None:
    primitive = PRIMITIVES[name]
    # Integers, booleans, and parameters of special functions, by which these have no derivative in closed form.
    parameters = set("order n a b c v k df dfn dfd alpha beta".split()) if name.startswith("special.") else set()
    assert set(primitive.inputs) - set(primitive.rules) <= {"indices", "condition", "alone", "chosen"} | parameters


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_rules_ask_for_what_the_primitive_has(name: str) -> None:
    primitive = PRIMITIVES[name]
    shapes = {f"{argument}_shape" for argument in primitive.inputs}
    known = {*primitive.inputs, *shapes, *primitive.parameters, "out", *(["i"] if primitive.variadic else [])}
    for edge in primitive.rules.values():
        assert set(edge.needs) <= known


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", sorted(standard.FUNCTIONS | BEYOND | HELPERS))
def test_namespaces_offer_every_function(backend: str, name: str) -> None:
    assert callable(attrgetter(name)(xpgrad.namespace(backend)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_namespaces_show_the_standard_and_what_is_named_here(backend: str) -> None:
    xp = xpgrad.namespace(backend)
    shown = registered() - HELPERS
    core = {name for name in shown if "." not in name}
    others = {*standard.CONSTANTS, *standard.DTYPES, *standard.INFO, *standard.EXTENSIONS, "special"}
    assert set(dir(xp)) == core | others
    assert all(hasattr(xp, name) for name in others)
    for extension in standard.EXTENSIONS:
        names = {name.removeprefix(f"{extension}.") for name in shown if name.startswith(f"{extension}.")}
        assert set(dir(getattr(xp, extension))) == names


def test_an_array_has_the_standards_methods_and_attributes() -> None:
    operators = {f"__{form}{name}__" for name in standard.BINARY for form in ("", "r", "i")}
    assert standard.METHODS | standard.ATTRIBUTES | operators <= set(dir(Array))


def test_a_primitive_may_lack_a_rule_for_an_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such an input is a constant at most; the other one is differentiated as usual."""
    xp = xpgrad.namespace("numpy")
    name = "scaled_by"
    monkeypatch.setitem(
        PRIMITIVES, name, Primitive(name, "x factor", True, False, False, 1, lambda xp, x, f: x * f, {})
    )
    vjp(name, x=lambda g, factor: g * factor)
    scaled_by = function(name)
    assert xpgrad.grad(lambda x: xp.sum(scaled_by(x, xp.asarray([3.0, 4.0]))))(xp.asarray([1.0, 2.0])).tolist() == [
        3,
        4,
    ]
    with pytest.raises(NotDifferentiableError, match="scaled_by has no derivative rule for its argument 'factor'"):
        xpgrad.grad(lambda f: xp.sum(scaled_by(xp.asarray([1.0, 2.0]), f)))(xp.asarray([3.0, 4.0]))


def test_a_parameter_that_is_a_string_reaches_its_rule_in_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    xp = xpgrad.namespace("dask")
    name = "counted_by"
    form = {"unit": required}
    monkeypatch.setitem(PRIMITIVES, name, Primitive(name, "x", True, False, False, 1, lambda xp, x, unit: 2 * x, form))
    vjp(name, x=lambda g, x, unit: {"block": 2.0, "row": 0.0}[unit] * g)
    x = xp.asarray([1.0, 2.0])
    assert xpgrad.grad(lambda x: xp.sum(function(name)(x, "block")))(x).tolist() == [2, 2]


@pytest.fixture
def name() -> Iterator[str]:
    """The name of a primitive that the test registers."""
    yield "registered_here"
    PRIMITIVES.pop("registered_here", None)


def _twice(xp: Any, x: Any) -> Any:
    return 2 * x


def test_a_primitive_that_is_registered_again_is_the_new_one(name: str) -> None:
    """A notebook's cell may be run again."""
    xp, x = xpgrad.namespace("numpy"), np.asarray([1.0, 2.0])
    for factor in (2, 3):
        primitive(name, "x", elementwise=True, implementation=lambda xp, x, factor=factor: factor * x)
        vjp(name, x=_times(factor))
        for f in (getattr(xp, name), getattr(xpgrad, name), function(name), lambda x: getattr(xp, name)(x)):
            assert f(x).tolist() == [factor, 2 * factor]
            assert xpgrad.grad(f)(x).tolist() == [factor, factor]


def _times(factor: float) -> Callable[[Any], Any]:
    return lambda g: factor * g


@pytest.mark.parametrize("backend", ["numpy", "dask"])
def test_a_rule_that_is_registered_again_is_the_new_one(name: str, backend: str) -> None:
    xp = xpgrad.namespace(backend)
    primitive(name, "x", elementwise=True, implementation=_twice)
    for factor in (2.0, 5.0):
        vjp(name, x=_times(factor))
        f = getattr(xp, name)
        assert xpgrad.grad(lambda x, f=f: xp.sum(f(x)))(xp.ones(2)).tolist() == [factor, factor]


def test_a_record_keeps_the_rule_that_it_was_made_with(name: str) -> None:
    primitive(name, "x", elementwise=True, implementation=_twice)
    vjp(name, x=_times(2.0))
    x = xpgrad.asarray([1.0])
    x.attach_grad()
    with xpgrad.autograd.record():
        y = getattr(xpgrad, name)(x)
    vjp(name, x=lambda g, x: g * x * 7.0)
    y.backward()
    assert x.grad.tolist() == [2.0]  # type: ignore[union-attr]  # attached above


def test_rules_may_be_registered_one_by_one(name: str) -> None:
    primitive(name, "x1 x2", elementwise=True, implementation=lambda xp, x1, x2: x1 * x2)
    vjp(name, x1=lambda g, x2: g * x2)
    vjp(name, x2=lambda g, x1: g * x1)
    assert xpgrad.grad(getattr(xpgrad, name), (0, 1))(2.0, 3.0) == (3.0, 2.0)


@pytest.mark.parametrize("dotted", ["registered_here", "of_its_own.registered_here"])
def test_namespaces_show_what_is_registered_later(dotted: str) -> None:
    xp = xpgrad.namespace("numpy")
    primitive(dotted, "x", elementwise=True, implementation=_twice)
    try:
        assert attrgetter(dotted)(xpgrad)(1.0).item() == 2.0
        assert dotted.partition(".")[0] in {*dir(xpgrad)} & {*dir(xp)}
    finally:
        del PRIMITIVES[dotted]
        vars(xp).pop(dotted.partition(".")[0])


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"y": lambda g: g}, "registered_here has no input 'y': its inputs are x1, x2"),
        ({"x1": lambda g, x3: g * x3}, "rule of registered_here for 'x1' asks for 'x3', which .* can have x1, x2"),
        ({"x1": lambda g, i: g}, "asks for 'i'"),
        ({"x1": lambda g, j=2: g * j}, "asks for 'j'"),
        ({"x2": lambda x: x}, "rule of registered_here for 'x2' must take the cotangent g first"),
        ({"x2": lambda: 0}, "'x2' must take the cotangent g first"),
        ({"x2": lambda xp: 0}, "'x2' must take the cotangent g first"),
        ({"x2": lambda *a: a}, "'x2' must take the cotangent g first"),
        ({"x2": lambda g, *, x1: g * x1}, "'x2' must take the cotangent g first"),
        ({"x2": 3}, "'x2' must take the cotangent g first"),
        ({"x2": {}.get}, "'x2' must take the cotangent g first"),
    ],
)
def test_a_rule_that_cannot_be_run_is_refused_when_it_is_registered(
    name: str, rules: dict[str, Any], says: str
) -> None:
    primitive(name, "x1 x2", elementwise=True, implementation=lambda xp, x1, x2: x1 * x2)
    with pytest.raises(RuleError, match=says):
        vjp(name, **rules)
    assert not PRIMITIVES[name].rules


def test_a_rule_needs_its_primitive() -> None:
    with pytest.raises(RuleError, match="there is no primitive 'never_registered': register it first"):
        vjp("never_registered", x=lambda g: g)


@pytest.mark.parametrize("inputs", ["out", "g", "xp", "x x", "x 2", "lambda", "_x", "x x_shape", "*i", "", "*x y"])
def test_inputs_with_names_that_mean_something_else_are_refused(name: str, inputs: str) -> None:
    with pytest.raises(RuleError, match=r"registered_here (cannot have an input|needs the names of its inputs)"):
        primitive(name, inputs)
    assert name not in PRIMITIVES


def test_parameters_with_names_that_mean_something_else_are_refused(name: str) -> None:
    with pytest.raises(RuleError, match="cannot have an input or parameter 'out', which means something else"):
        primitive(name, "x", out=None)
    with pytest.raises(RuleError, match="needs a first input without a default"):
        primitive(name, "x", x=1.0)
    with pytest.raises(RuleError, match="'two-words' cannot be the name of a primitive"):
        primitive("two-words", "x")


@pytest.mark.parametrize("word", ["node", "function", "result", "plan", "Array", "is_recording"])
def test_names_that_the_engines_code_uses_are_refused(name: str, word: str) -> None:
    primitive(name, word, elementwise=True, implementation=_twice)
    vjp(name, **{word: _times(2.0)})
    with pytest.raises(RuleError, match=f"cannot have an input or parameter named '{word}'"):
        getattr(xpgrad, name)


@pytest.mark.parametrize("backend", ["numpy", "dask"])
@pytest.mark.parametrize("elementwise", [True, False])
def test_a_rule_that_returns_nothing_is_named(name: str, backend: str, elementwise: bool) -> None:
    xp = xpgrad.namespace(backend)
    primitive(name, "x", elementwise=elementwise, implementation=_twice)
    vjp(name, x=lambda g: None)
    with pytest.raises(RuleError, match="rule of registered_here for 'x' returned None: it must return the cotangent"):
        xpgrad.grad(lambda x: xp.sum(getattr(xp, name)(x) * x))(xp.ones(2))
