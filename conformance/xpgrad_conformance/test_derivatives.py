"""Every derivative rule in the registry on the backend under test, against differences of NumPy's own functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xpgrad.primitive import PRIMITIVES
from xpgrad_conformance.cases import CALLS, CASES, NAMES, Call, Case, wanted
from xpgrad_conformance.conftest import Compare
from xpgrad_conformance.reference import outputs, reference
from xpgrad_conformance.standard import FUNCTIONS
from xpgrad_conformance.target import Run, Target, single


def each(cases: list[Any]) -> Any:
    """A test for each of the cases."""
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def run(target: Target, case: Call, arrays: Any = None, weights: Any = (), split: int | None = None) -> Run:
    """The call, recorded; skips the test if it goes beyond the standard and the library does not go there."""
    if case.sample.extends and not target.extends(case, outputs(case, case.sample.arrays)):
        pytest.skip(f"goes beyond the standard, and {target} does not: {case.sample.extends}")
    return Run(target, case, case.sample.arrays if arrays is None else arrays, weights, split)


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_with_a_rule_has_a_sample(name: str) -> None:
    tested = {case.position for case in CASES if case.name == name}
    assert wanted(name) <= tested, f"add samples of {name} to its chapter in xpgrad_conformance/samples"


@each(CALLS)
def test_value(target: Target, case: Call, near: Compare, alike: Compare, identical: Compare) -> None:
    """A primitive's recorded values are the library's own, in both precisions; and they are NumPy's, to rounding."""
    same = identical if case.name in PRIMITIVES else alike
    meant = case.name in PRIMITIVES or case.name in FUNCTIONS  # by other names a library may mean something else
    for arrays in (case.sample.arrays, tuple(map(single, case.sample.arrays))):
        found = run(target, case, arrays).outs
        if meant and target.has(case.name):
            for out, own in zip(found, target.values(case, arrays), strict=True):
                same(out.asnumpy(), own, "recorded value, raw value")
    for out, numpys in zip(run(target, case).heads, outputs(case, case.sample.arrays), strict=True):
        near(out.asnumpy(), np.asarray(numpys), "value, NumPy's value")


@each(CASES)
def test_gradient(target: Target, case: Case, near: Compare, alike: Compare) -> None:
    """In both worlds, of raw and of tracked arrays, with a given cotangent and with the default one, which is 1."""
    expected = reference(case)
    found = run(target, case, weights=expected.weights)
    raw, tracked = (found.gradient(case.position, create_graph=create).asnumpy() for create in (False, True))
    near(raw, expected.gradient, "gradient, differences")
    alike(tracked, raw, "gradient with create_graph=True, without")
    ones = run(target, case, weights=[np.ones_like(w) for w in expected.weights])
    for create in (False, True):
        # The default cotangent has no dimensions, and rules may pass it on like that.
        by_default = ones.gradient(case.position, create_graph=create, default_head=True).asnumpy()
        explicit = ones.gradient(case.position, create_graph=create).asnumpy()
        near(by_default, explicit, f"gradient with the default cotangent, with ones; create_graph={create}")
    check_added_to_in_parts(target, case, near)
    check_single_precision(target, case)


def check_added_to_in_parts(target: Target, case: Case, near: Compare) -> None:
    """What an index sends back is added to what the rule made, whose cotangent may still be smaller than its array."""
    expected = reference(case)
    if not np.size(expected.gradient) or not np.ndim(expected.gradient):
        return
    found = run(target, case, weights=expected.weights, split=case.position).gradient_with_part(case.position)
    both = np.array(expected.gradient)
    both[..., :1] += 2.0
    near(found.asnumpy(), both, "gradient with that of a part, differences")


def check_single_precision(target: Target, case: Case) -> None:
    """The gradient has the dtype of its variable, also beside operands of another dtype."""
    expected = reference(case)
    arrays = case.sample.arrays
    alone = [single(a) if i == case.position else a for i, a in enumerate(arrays)]
    scale = max(1.0, np.max(np.abs(expected.gradient), initial=0.0))
    for inputs, weights in (
        (list(map(single, arrays)), list(map(single, expected.weights))),
        (alone, expected.weights),
    ):
        if inputs is alone and target.refuses(case, alone):
            continue
        for create in (False, True):
            found = run(target, case, inputs, weights).gradient(case.position, create_graph=create).asnumpy()
            what = f"gradient by an array in single precision, differences; create_graph={create}"
            assert found.dtype == single(arrays[case.position]).dtype, what
            np.testing.assert_allclose(found, expected.gradient, rtol=1e-3, atol=1e-4 * scale, err_msg=what)


@each(CASES)
def test_forward_mode(target: Target, case: Case, near: Compare) -> None:
    run(target, case)
    expected = reference(case)
    for found, tangent in zip(target.jvp(case, expected.direction), expected.tangents, strict=True):
        near(found, np.asarray(tangent), "tangent, differences")


@each(CASES)
def test_second_order(target: Target, case: Case, near: Compare) -> None:
    """By every input, and by the cotangent."""
    expected = reference(case)
    found = run(target, case, weights=expected.weights).second_order(case.position, expected.direction)
    for i, (gradient, differences) in enumerate(zip(found, expected.second, strict=True)):
        what = f"second order by array {i} of the inputs and cotangents, differences"
        near(gradient, np.asarray(differences), what, expected.rounding)
