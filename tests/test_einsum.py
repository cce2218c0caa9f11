"""`einsum`: NumPy's results, the order of contraction, and errors. The conformance suite has the gradients."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp
from xpgrad.subscripts import contraction, greedy_path

SIZES = {"a": 2, "b": 3, "c": 4, "d": 2, "e": 3}


def arrays(subscripts: str) -> list[Any]:
    """Arrays of some shape that subscripts without an ellipsis fit."""
    rng = np.random.default_rng(0)
    terms = subscripts.replace(" ", "").partition("->")[0].split(",")
    return [rng.normal(size=tuple(SIZES[i] for i in term)) for term in terms]


SPELLED = (
    "ab,bc->ac", "ab,bc", "ab,bc->ca", "aa", "aa->a", "ab->", "ab->ba", "ba", "ab->b", "aab->b", "aba->ab", "aaa->a",
    "a,a->a", "a,a", "a,b", "a,b->ba", "eab,ebc->eac", "eab,ecb->cea", "ab,ab->", "ab,c->", "ab,c->c", "ab,bc,cd->ad",
    "ab,bc,cd,d->a", "ab,ab,ab->ab", "abc,ca,b->", "aab,bc,c->a", "abc,bcd->ad", "a,b,c->cab", "ab,bc,ac->",
    "abd,abd->a", " ab , bc -> a c ", "->", ",ab->ab",
)  # fmt: skip


@pytest.mark.parametrize("library", ["numpy", "array_api_strict", "torch"])
@pytest.mark.parametrize("subscripts", SPELLED)
def test_values_are_numpys(library: str, subscripts: str) -> None:
    if library == "torch":
        pytest.importorskip("torch", reason="needs PyTorch, which is not installed")
    namespace, operands = xpgrad.namespace(library), arrays(subscripts)
    found = namespace.einsum(subscripts, *(namespace.asarray(x, dtype=namespace.float64) for x in operands))
    np.testing.assert_allclose(found.asnumpy(), np.einsum(subscripts, *operands), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("...ab,...bc->...ac", [(5, 2, 3), (3, 4)]),
        ("...ab,...bc", [(5, 1, 2, 3), (4, 3, 4)]),
        ("...,...", [(2, 3), (3,)]),
        ("...a->a...", [(2, 3, 4)]),
        ("a...,a...->...", [(2, 3, 1), (2, 4)]),
        ("...a,...b", [(2, 3), (5, 1, 4)]),
        ("...aa->...a", [(2, 3, 3)]),
        ("ab->...ab", [(2, 3)]),
        ("...->", [()]),
        ("ab,ab->ab", [(1, 3), (2, 3)]),
        ("ab,ab", [(1, 3), (2, 1)]),
        ("ab,bc->ac", [(2, 1), (3, 4)]),
        ("ab,bc", [(0, 3), (3, 2)]),
        ("ab,bc", [(2, 0), (0, 2)]),
        ("aa->a", [(0, 0)]),
        ("aB", [(2, 3)]),
    ],
)
def test_ellipses_and_broadcasting(subscripts: str, shapes: Any) -> None:
    operands = [np.random.default_rng(i).normal(size=shape) for i, shape in enumerate(shapes)]
    found = xp.einsum(subscripts, *operands)
    np.testing.assert_allclose(found.asnumpy(), np.einsum(subscripts, *operands), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("lists", [([0, 1], [0, 1]), ([30, 1], [1, 30], [30]), ([0, ...], [0, ...], [..., 0])], ids=str)
def test_lists_in_place_of_letters(lists: Any) -> None:
    x = np.random.default_rng(0).normal(size=(3, 3))
    arguments = [x, lists[0], x, *lists[1:]]
    np.testing.assert_allclose(xp.einsum(*arguments).asnumpy(), np.einsum(*arguments), rtol=1e-12)
    np.testing.assert_allclose(xp.einsum(x, [1, 0]).asnumpy(), np.einsum(x, [1, 0]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ab", (2, 3), (2, 3)), r"einsum\('ab'\): these are the subscripts of 1 operands, not of 2"),
        (("abc", (2, 3)), r"einsum\('abc'\): 'abc' does not name 2 axes"),
        (("a", (2, 3)), r"'a' does not name 2 axes"),
        (("a2", (2, 3)), r"'a2' has more in it than letters and one ellipsis"),
        (("a..", (2, 3)), r"'a..' has more in it than letters"),
        (("...a...", (2, 3)), r"'...a...' has more in it than letters"),
        (("ab->c", (2, 3)), r"c is in the result, but in no operand"),
        (("ab->aa", (2, 3)), r"a is in the result more than once"),
        (("...a->a", (2, 3)), r"the result lacks the ellipsis"),
        (("ab,cb", (2, 3), (3, 4)), r"b is 3 and 4 long"),
        (("aa", (1, 3)), r"a is 1 and 3 long"),
        (("a...,...", (2, 3), (2,)), r"an axis of the ellipsis is 3 and 2 long"),
        (((2, 3), [0, 52]), r"list of integers from 0 to 51"),
        (((2, 3), [0, "a"]), r"list of integers from 0 to 51"),
        ((3, (2, 3)), r"subscripts as a string before the operands"),
    ],
    ids=str,
)
def test_errors_say_what_is_wrong(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        xp.einsum(*(np.zeros(a) if isinstance(a, tuple) else a for a in arguments))


def cost(subscripts: str, path: Any) -> int:
    """The number of products in a contraction in this order."""
    terms, _, out = subscripts.partition("->")
    left, total = terms.split(","), 0
    for i, j in path:
        second, first = left.pop(max(i, j)), left.pop(min(i, j))
        indices = set(first + second)
        total += int(np.prod([SIZES_OF_CHAIN[i] for i in indices]))
        left.append("".join(i for i in indices if i in out + "".join(left)))
    return total


SIZES_OF_CHAIN = {"a": 100, "b": 2, "c": 100, "d": 2, "e": 100}
CHAIN = "ab,bc,cd,de->ae"
SHAPES = ((100, 2), (2, 100), (100, 2), (2, 100))
CHEAPEST = 2 * 100 * 2 + 100 * 2 * 2 + 100 * 2 * 100  # the two in the middle first


@pytest.fixture
def forgetful() -> Any:
    contraction.cache_clear()
    yield
    contraction.cache_clear()


def test_three_and_more_are_contracted_in_a_cheap_order(forgetful: None) -> None:
    assert cost(CHAIN, contraction(CHAIN, SHAPES).path) == CHEAPEST
    assert cost(CHAIN, greedy_path(tuple("ab bc cd de".split()), "ae", SIZES_OF_CHAIN)) == CHEAPEST
    assert cost(CHAIN, [(0, 1), (0, 2), (0, 1)]) > 2 * CHEAPEST  # from left to right


def test_the_order_is_opt_einsums(monkeypatch: pytest.MonkeyPatch, forgetful: None) -> None:
    pytest.importorskip("opt_einsum", reason="opt_einsum is not installed")
    monkeypatch.setattr("opt_einsum.paths.auto", lambda *args: [(0, 3), (0, 1), (0, 1)])
    assert contraction(CHAIN, SHAPES).path == ((0, 3), (0, 1), (0, 1))


@pytest.mark.parametrize("subscripts", [s for s in SPELLED if s.count(",") > 1])
def test_without_opt_einsum(monkeypatch: pytest.MonkeyPatch, forgetful: None, subscripts: str) -> None:
    for module in ("opt_einsum", "opt_einsum.paths"):
        monkeypatch.setitem(sys.modules, module, None)  # as if it was not installed
    operands = arrays(subscripts)
    found = xp.einsum(subscripts, *operands)
    np.testing.assert_allclose(found.asnumpy(), np.einsum(subscripts, *operands), rtol=1e-12, atol=1e-12)
    xpgrad.check_grads(lambda *operands: xp.einsum(subscripts, *operands), operands, order=1)


def test_gradients_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=s) + 1j * rng.normal(size=s) for s in ((2, 3), (3, 4), (4, 2))]
    variables = [torch.tensor(x, requires_grad=True) for x in operands]
    torch.einsum("ab,bc,ca->a", *variables).abs().sum().backward()
    gradients = xpgrad.grad(lambda *x: xp.sum(xp.abs(xp.einsum("ab,bc,ca->a", *x))), argnums=(0, 1, 2))(*operands)
    for g, variable in zip(gradients, variables, strict=True):
        np.testing.assert_allclose(g, variable.grad.resolve_conj().numpy(), rtol=1e-12)


def test_single_precision_stays() -> None:
    x = np.ones((2, 2), dtype=np.float32)
    assert xp.einsum("ab,bc,cd", x, x, x).dtype == np.float32
    assert xpgrad.grad(lambda x: xp.einsum("ab,bc,cd->", x, x, x))(x).dtype == np.float32


def test_what_is_masked_out_leaves_no_trace() -> None:
    """Rows that are not looked at may hold anything, as in `@`."""
    x, w = np.asarray([[1.0, 2.0], [np.nan, np.inf]]), np.asarray([0.5, -0.5])
    seen = np.asarray([True, False])
    g = xpgrad.grad(lambda w: xp.sum(xp.where(seen, xp.einsum("ab,b->a", x, w), 0.0)))(w)
    assert g.tolist() == [1, 2]


@pytest.mark.parametrize("subscripts", ["ab,b->", "ab,b->b", "b,ab->a", "ab,ab,b->", "ab,cb,b->"])
@pytest.mark.parametrize(("narrow", "wide"), [("bool", "float64"), ("int8", "int64"), ("uint8", "float32")])
def test_nothing_is_summed_before_it_has_the_dtype_of_the_result(subscripts: str, narrow: str, wide: str) -> None:
    terms = subscripts.partition("->")[0].split(",")
    operands = [np.arange(1, 5).astype(wide) if term == "b" else np.full((3, 4), 100).astype(narrow) for term in terms]
    np.testing.assert_array_equal(xp.einsum(subscripts, *operands).asnumpy(), np.einsum(subscripts, *operands))
