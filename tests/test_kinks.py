"""The conventions at kinks: what the table in docs/semantics.md says, row by row, on two backends."""

import re
from pathlib import Path

import numpy as np
import pytest

import xpgrad

PAGE = (Path(__file__).parents[1] / "docs" / "semantics.md").read_text(encoding="utf-8")
TABLE = PAGE.split("## Kinks and ties")[1].split("\n\n")[2]
ROWS = dict(re.findall(r"^\| (.*?) \| (.*) \|$", TABLE, flags=re.MULTILINE)[1:])

EYE, WEIGHTS, ZEROS = [[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [3.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]]


def polar_factor(xp, x):
    """The nearest orthogonal matrix. From the identity it moves by the antisymmetric part of what is added to that."""
    u, _, vh = xp.linalg.svd(x)
    return u @ vh


#: By the first cell of a row: functions of the namespace and their inputs, where they are tried, and the gradients.
KINKS = {
    "`abs` at 0, real or complex": [
        (lambda xp, x: xp.abs(x), ([0.0, -2.0],), ([0, -1],)),
        (lambda xp, x: xp.abs(x), ([0j],), ([0j],)),
    ],
    "`max`, `min` of equal elements": [
        (lambda xp, x: xp.max(x), ([3.0, 1.0, 3.0],), ([0.5, 0, 0.5],)),
        (lambda xp, x: xp.min(x), ([3.0, 3.0, 3.0, 3.0],), ([0.25] * 4,)),
    ],
    "`maximum`, `minimum` of equals": [
        (lambda xp, x, y: xp.maximum(x, y), ([1.0], [1.0]), ([0.5], [0.5])),
        (lambda xp, x, y: xp.minimum(x, y), ([1.0], [1.0]), ([0.5], [0.5])),
        (lambda xp, x: xp.maximum(x, 0.0), ([0.0],), ([0.5],)),
    ],
    "`clip` on its bounds": [(lambda xp, x: xp.clip(x, 0.0, 1.0), ([-1.0, 0.0, 1.0, 2.0],), ([0, 1, 1, 0],))],
    "`hypot`, `atan2` and norms at 0, `std` where it is 0": [
        (lambda xp, x, y: xp.hypot(x, y), ([0.0], [0.0]), ([0], [0])),
        (lambda xp, x, y: xp.atan2(x, y), ([0.0], [0.0]), ([0], [0])),
        (lambda xp, x: xp.linalg.vector_norm(x), ([0.0, 0.0],), ([0, 0],)),
        (lambda xp, x: xp.linalg.matrix_norm(x, ord="nuc"), ([[0.0, 0.0]],), ([[0, 0]],)),
        (lambda xp, x: xp.std(x), ([2.0, 2.0],), ([0, 0],)),
    ],
    "`floor`, `ceil`, `round`, `trunc`, `sign`, `//`": [
        (lambda xp, x: xp.floor(x) + xp.ceil(x) + xp.round(x), ([0.5, 1.0],), ([0, 0],)),
        (lambda xp, x: xp.trunc(x) + xp.sign(x) + x // 2.0, ([0.0, 2.0],), ([0, 0],)),
    ],
    "`remainder(x, y)`": [(lambda xp, x, y: xp.remainder(x, y), ([7.5, 4.0], [2.0, 2.0]), ([1, 1], [-3, -2]))],
    "`sort`, `median` of equal elements": [
        (lambda xp, x: xp.sort(x) * xp.asarray([1.0, 2.0, 3.0]), ([2.0, 1.0, 2.0],), ([2, 1, 3],)),
        (lambda xp, x: xp.median(x), ([2.0, 1.0, 2.0],), ([1, 0, 0],)),
    ],
    "`eigh`, `svd`: the vectors of equal values": [
        (lambda xp, x: xp.linalg.eigh(x).eigenvectors * xp.asarray(WEIGHTS), (EYE,), (ZEROS,)),
        (lambda xp, x: polar_factor(xp, x) * xp.asarray(WEIGHTS), (EYE,), ([[0, -0.5], [0.5, 0]],)),
    ],
}


def test_every_row_is_tried():
    assert KINKS.keys() == ROWS.keys()


@pytest.mark.parametrize("backend", ["numpy", "array_api_strict"])
@pytest.mark.parametrize("row", KINKS)
def test_the_gradient_is_as_the_table_says(row, backend):
    xp = xpgrad.namespace(backend)
    for f, inputs, expected in KINKS[row]:
        xs = [xp.asarray(x) for x in inputs]
        found = xpgrad.grad(lambda *xs, f=f: f(xp, *xs), argnums=tuple(range(len(xs))))(*xs)
        for gradient, right in zip(found, expected, strict=True):
            np.testing.assert_allclose(gradient.asnumpy(), right, atol=1e-15)
