"""Inputs of products and transposes; those of the extension are in linalg.py."""

from __future__ import annotations

from xpgrad_conformance.samples.base import Sample, calls

_PRODUCTS = [
    s
    for shapes in (
        ((3,), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3,)),
        ((2, 3), (3, 2)),
        ((2, 2, 3), (3, 2)),
        ((2, 3), (2, 3, 1)),
        ((2, 1, 2, 3), (3, 3, 1)),
        ((3,), (2, 3, 2)),
        ((2, 2, 3), (3,)),
        ((1, 2, 3), (2, 3, 2)),
        ((2, 0), (0, 3)),
        ((0, 3), (3,)),
    )
    for s in calls(*shapes)
]

SAMPLES: dict[str, list[Sample]] = {
    "matmul": _PRODUCTS,
    "matrix_transpose": calls((2, 3)) + calls((2, 1, 3)) + calls((0, 3)),
    "product": _PRODUCTS,
    "tensordot": [
        *calls((2, 3, 2), (3, 2, 1)),
        *calls((2, 3), (3, 2), each=({"axes": 1}, {"axes": 0}, {"axes": ((0,), (1,))}, {"axes": ((-1, 0), (0, -1))})),
        *calls(
            (2, 3, 2), (2, 2, 3), each=({"axes": ((1, 0), (2, 1))}, {"axes": ((2, 0), (0, 1))}, {"axes": ((1,), (2,))})
        ),
        *calls((3,), (3,), each=({"axes": 1},)),
        *calls((), (2,), each=({"axes": 0},)),
        *calls((2, 0), (0, 3), each=({"axes": 1},)),
    ],
    "vecdot": [
        *calls((3,), (3,)),
        *calls((2, 3), (2, 3), each=({}, {"axis": -2})),
        *calls((2, 1, 3), (4, 3)),
        *calls((3,), (2, 3)),
        *calls((2, 3, 1), (3, 2), each=({"axis": -2},)),
        *calls((0, 3), (3,)),
    ],
}
