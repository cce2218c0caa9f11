"""Inputs of functions beyond the standard: sums of products, and padding."""

from __future__ import annotations

from typing import Any

from xpgrad_conformance.samples.base import Sample, calls, complexes

_WIDTHS: Any = ({"pad_width": 1}, {"pad_width": ((0, 2), (3, 1))}, {"pad_width": 0})

SAMPLES: dict[str, list[Sample]] = {
    "contract": [
        *calls((2, 3), (3, 2), each=({"subscripts": "ab,bc->ac"}, {"subscripts": "ab,bc->ca"})),
        *calls(
            (2, 3), (2, 3), each=({"subscripts": "ab,ab->"}, {"subscripts": "ab,ab->b"}, {"subscripts": "ab,ab->ba"})
        ),
        *calls((2, 3, 2), (2, 2, 3), each=({"subscripts": "abc,dcb->da"}, {"subscripts": "abc,adb->acd"})),
        *calls((2,), (3,), each=({"subscripts": "a,b->ba"},)),
        *calls((), (2,), each=({"subscripts": ",a->a"},)),
        *calls((2, 0), (0, 3), each=({"subscripts": "ab,bc->ac"},)),
        *calls((0, 3), (3,), each=({"subscripts": "ab,b->a"},)),
        *calls(
            complexes(2, 3), complexes(2, 3, seed=1), each=({"subscripts": "ab,ab->a"}, {"subscripts": "ab,ab->ab"})
        ),
        *calls(complexes(2, 3), (2, 3), each=({"subscripts": "ab,cb->ac"},)),
    ],
    "einsum": [
        # A list of integers after every operand, so that the first input is one to differentiate by.
        *calls((2, 3), [0, 1], (3, 2), [1, 2], [2, 0]),
        *calls((2, 3), [0, 1], (2, 3), [0, 1]),
        *calls((2, 3, 2), [0, ..., 1], (3, 2), [..., 0], [..., 1]),
        *calls(complexes(2, 3), [0, 1], complexes(3, 2, seed=1), [1, 2], complexes(2, seed=2), [2], [0]),
        *calls(complexes(2, 2), [0, 0], (2,), [0]),
        *(
            s
            for subscripts, *shapes in (
                ("ab,bc", (2, 3), (3, 2)),
                ("aba", (2, 3, 2)),
                ("aab->ba", (2, 2, 3)),
                ("aaa->a", (2, 2, 2)),
                ("ab->", (2, 3)),
                ("ba", (2, 3)),
                ("...a,...b->...ab", (2, 1), (2, 3)),
                ("...ab,...bc", (2, 1, 2, 3), (3, 3, 2)),
                ("ab,ab->a", (1, 3), (2, 1)),
                ("a,a->a", (2,), (2,)),
                ("ab,bc,cd", (2, 3), (3, 2), (2, 2)),
                ("a,b,ab,a->", (2,), (3,), (2, 3), (2,)),
                ("ab,bc,ca->", (2, 3), (3, 2), (2, 2)),
                ("ab,bc", (2, 0), (0, 3)),
                ("aa->a", (0, 0)),
            )
            for s in calls(subscripts, *shapes)
        ),
    ],
    "pad": [
        *calls((2, 3), each=_WIDTHS),
        *calls(
            (2, 3), each=tuple(w | {"mode": mode} for mode in ("edge", "reflect", "symmetric", "wrap") for w in _WIDTHS)
        ),
        *calls(
            (2, 3), each=tuple(w | {"constant_values": values} for values in (1.5, ((1, 2), (3, 0.5))) for w in _WIDTHS)
        ),
        *calls((2,), each=({"pad_width": (1, 5), "mode": "reflect"}, {"pad_width": (5,), "mode": "symmetric"})),
        *calls((1,), each=({"pad_width": 2, "mode": "reflect"},)),
        *calls((), each=({"pad_width": 1},)),
        *calls(complexes(2), each=({"pad_width": 1}, {"pad_width": 2, "mode": "wrap"})),
        *calls((0, 3), each=({"pad_width": 1}, {"pad_width": ((0, 0), (1, 1)), "mode": "wrap"})),
    ],
}
