"""Inputs of the functions that change the shape or the order of arrays."""

from __future__ import annotations

from xpgrad_conformance.samples.base import Sample, calls, integers

SAMPLES: dict[str, list[Sample]] = {
    "broadcast_arrays": calls((2, 1), (3,), ()),
    "broadcast_to": [
        sample
        for x in ((3,), (2, 1), (1, 3), (2, 3), ())
        for sample in calls(x, each=({"shape": (2, 3)}, {"shape": (2, 2, 3)}))
    ],
    "concat": [
        *calls((2, 3), (1, 3)),
        *calls((2, 1), (2, 3), (2, 2), each=({"axis": -1}, {"axis": 1})),
        *calls((2, 3), (4,), (), each=({"axis": None},)),
        *calls((2, 3), (0, 3), (1, 3), each=({"axis": 0}, {"axis": None})),
    ],
    "expand_dims": calls((2, 3), each=({"axis": 0}, {"axis": 1}, {"axis": -1})) + calls((), each=({"axis": 0},)),
    "flip": calls((2, 3), each=({}, {"axis": 0}, {"axis": (0, -1)})) + calls((0, 3)),
    "moveaxis": calls(
        (2, 3, 1),
        each=(
            {"source": 0, "destination": -1},
            {"source": (0, 1), "destination": (2, 0)},
            {"source": -1, "destination": 1},
        ),
    ),
    "permute_dims": calls((2, 3, 1), each=({"axes": (2, 0, 1)}, {"axes": (0, -1, 1)}))
    + calls((), each=({"axes": ()},)),
    "repeat": [
        *calls(
            (2, 3),
            each=({"repeats": 2, "axis": 0}, {"repeats": 3, "axis": -1}, {"repeats": 0, "axis": 1}, {"repeats": 2}),
        ),
        *calls((2, 3), each=({"repeats": integers(2, 0, 1), "axis": 1}, {"repeats": integers(3, 1), "axis": -2})),
        *calls((3,), each=({"repeats": integers(1, 0, 2)}, {"repeats": 2})),
        *calls((0, 3), each=({"repeats": 2, "axis": 0}, {"repeats": 2, "axis": 1})),
    ],
    "reshape": calls(
        (2, 3), each=({"shape": (3, 2)}, {"shape": (-1,)}, {"shape": (1, 6, 1)}, {"shape": (6,), "copy": True})
    )
    + calls((), each=({"shape": (1, 1)},))
    + calls((0, 3), each=({"shape": (3, 0, 2)},)),
    "roll": calls(
        (2, 3),
        each=(
            {"shift": 2},
            {"shift": -1, "axis": 1},
            {"shift": (1, -2), "axis": (0, 1)},
            {"shift": (1, 1), "axis": (-1, -1)},
        ),
    )
    + calls((2, 3), each=({"shift": 1, "axis": (0, 1)},)),
    "squeeze": calls((1, 3, 1), each=({"axis": 0}, {"axis": (0, -1)})),
    "stack": calls((2, 3), (2, 3), each=({}, {"axis": 1}, {"axis": -1})) + calls((), (), ()) + calls((0,), (0,)),
    "tile": calls(
        (2, 3),
        each=({"repetitions": (2,)}, {"repetitions": (2, 1, 2)}, {"repetitions": (3, 2)}, {"repetitions": (0, 1)}),
    )
    + calls((), each=({"repetitions": (2, 2)},)),
    "unstack": calls((2, 3), each=({}, {"axis": -1})) + calls((2, 1, 3), each=({"axis": 1},)),
}
