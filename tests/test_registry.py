"""The registry against the array API standard: every function is differentiable, composed of such, or constant."""

from __future__ import annotations

import pytest

import xpgrad
from xpgrad.composites import COMPOSITES
from xpgrad.errors import NotDifferentiableError
from xpgrad.functions import function
from xpgrad.primitive import CONSTANTS, PRIMITIVES, Primitive, vjp

#: The functions of the standard's core, version 2025.12, by chapter.
STANDARD = {
    "creation": "arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril "
    "triu zeros zeros_like",
    "data types": "astype can_cast finfo iinfo isdtype result_type",
    "element-wise": "abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_invert bitwise_left_shift "
    "bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1 floor "
    "floor_divide greater greater_equal hypot imag isfinite isinf isnan less less_equal log log10 log1p log2 logaddexp "
    "logical_and logical_not logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow "
    "real reciprocal remainder round sign signbit sin sinh sqrt square subtract tan tanh trunc",
    "indexing": "take take_along_axis",
    "linear algebra": "matmul matrix_transpose tensordot vecdot",
    "manipulation": "broadcast_arrays broadcast_shapes broadcast_to concat expand_dims flip moveaxis permute_dims "
    "repeat reshape roll squeeze stack tile unstack",
    "searching": "argmax argmin count_nonzero nonzero searchsorted where",
    "sets": "isin unique_all unique_counts unique_inverse unique_values",
    "sorting": "argsort sort",
    "statistical": "cumulative_prod cumulative_sum max mean min prod std sum var",
    "utility": "all any diff",
}

#: The extensions linalg and fft are the next step; their names are dotted, so none may slip in unnoticed.
EXTENSIONS = ("linalg", "fft")

NAMES = " ".join(STANDARD.values()).split()

#: What the engine needs beyond the standard; each is written with the standard's own functions.
HELPERS = {"copy", "getitem", "scatter", "setitem", "to_device"}


def kinds(name: str) -> list[str]:
    """What a function is to the engine."""
    made_by_namespace = {*COMPOSITES, "asarray"}  # asarray passes gradients through stack and astype
    found = {"primitive": name in PRIMITIVES, "composite": name in made_by_namespace, "constant": name in CONSTANTS}
    return [kind for kind, is_kind in found.items() if is_kind]


@pytest.mark.parametrize("name", NAMES)
def test_every_function_of_the_standard_is_one_thing(name: str) -> None:
    assert len(kinds(name)) == 1


def test_nothing_else_is_registered() -> None:
    extensions = {name for name in (*PRIMITIVES, *CONSTANTS) if name.startswith(EXTENSIONS)}
    assert {*PRIMITIVES, *CONSTANTS, *COMPOSITES} - extensions - HELPERS <= set(NAMES)


def test_every_constant_has_a_reason() -> None:
    assert all(reason.strip() for reason in CONSTANTS.values())


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_every_input_that_may_hold_floats_has_a_rule(name: str) -> None:
    primitive = PRIMITIVES[name]
    assert set(primitive.inputs) - set(primitive.rules) <= {"indices", "condition"}  # integers and booleans


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_rules_ask_for_what_the_primitive_has(name: str) -> None:
    primitive = PRIMITIVES[name]
    shapes = {f"{argument}_shape" for argument in primitive.inputs}
    known = {*primitive.inputs, *shapes, *primitive.parameters, "out", *(["i"] if primitive.variadic else [])}
    for edge in primitive.rules.values():
        assert set(edge.needs) <= known


@pytest.mark.parametrize("backend", ["numpy", "array_api_strict"])
@pytest.mark.parametrize("name", [*NAMES, *sorted(HELPERS)])
def test_namespaces_offer_every_function(backend: str, name: str) -> None:
    assert callable(getattr(xpgrad.namespace(backend), name))


def test_a_primitive_may_lack_a_rule_for_an_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such an input is a constant at most; the other one is differentiated as usual."""
    xp = xpgrad.namespace("numpy")
    name = "scaled_by"
    monkeypatch.setitem(PRIMITIVES, name, Primitive(name, "x factor", True, False, 1, lambda xp, x, f: x * f, {}))
    vjp(name, x=lambda g, factor: g * factor)
    scaled_by = function(name)
    assert xpgrad.grad(lambda x: xp.sum(scaled_by(x, xp.asarray([3.0, 4.0]))))(xp.asarray([1.0, 2.0])).tolist() == [
        3,
        4,
    ]
    with pytest.raises(NotDifferentiableError, match="scaled_by has no derivative rule for its argument 'factor'"):
        xpgrad.grad(lambda f: xp.sum(scaled_by(xp.asarray([1.0, 2.0]), f)))(xp.asarray([3.0, 4.0]))
