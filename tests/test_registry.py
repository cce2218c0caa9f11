"""The registry against the array API standard: every function is differentiable, composed of such, or constant."""

from __future__ import annotations

from operator import attrgetter

import array_api_strict
import pytest

import xpgrad
from xpgrad import Array, primitive
from xpgrad.composites import COMPOSITES
from xpgrad.errors import NotDifferentiableError
from xpgrad.functions import function
from xpgrad.primitive import CONSTANTS, PRIMITIVES, Primitive, required, vjp
from xpgrad_conformance import standard

#: What users of other libraries expect besides.
BEYOND = {"einsum", "log_softmax", "logsumexp", "pad", "sigmoid", "softmax"}

#: What the engine needs beyond the standard; each is written with the standard's own functions.
HELPERS = {
    *("contract", "copy", "getitem", "linalg.missing", "product", "recurrence"),
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
        {*COMPOSITES, *MADE_BY_NAMESPACE} - (VIEWS & PRIMITIVES.keys()) - {"astype"}
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
    assert primitive.HELPERS == HELPERS


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
