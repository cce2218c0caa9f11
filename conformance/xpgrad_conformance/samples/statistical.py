"""Inputs of reductions and cumulative functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from xpgrad_conformance.samples.base import Sample, calls, floats


def _reductions(*zero_size: dict[str, Any]) -> list[Sample]:
    axes: Any = ({}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": (0, -1)}, {"keepdims": True})
    return (
        calls((2, 3, 2), each=axes)
        + calls((), each=({}, {"keepdims": True}))
        + calls((0, 3), each=({"axis": 1}, {"axis": -1, "keepdims": True}, *zero_size))
    )


def _cumulative() -> list[Sample]:
    return (
        calls((4,), each=({}, {"include_initial": True}))
        + calls((1,), each=({}, {"include_initial": True}))
        + calls(
            (2, 3),
            each=({"axis": 0}, {"axis": -1}, {"axis": 1, "include_initial": True}, {"axis": 0, "dtype": "float64"}),
        )
        + calls((0, 3), each=({"axis": 1}, {"axis": 0}, {"axis": 0, "include_initial": True}))
    )


def _with_zeros(*shape: int, at: tuple[int, ...]) -> Any:
    x = floats(*shape)
    np.put(x, at, 0.0)
    return x


SAMPLES: dict[str, list[Sample]] = {
    "cumulative_prod": [
        *_cumulative(),
        *(s for at in ((1,), (0,), (1, 3), (4,), (0, 1, 2, 3, 4)) for s in calls(_with_zeros(5, at=at))),
        *calls(_with_zeros(3, 2, at=(0, 3, 4)), each=({"axis": 0}, {"axis": 1, "include_initial": True})),
    ],
    "cumulative_sum": _cumulative(),
    "following": [
        *calls((5,), each=({"axis": 0}, {"axis": 0, "last": 1.0})),
        *calls((1, 3), each=({"axis": 0}, {"axis": 1})),
        *calls((0, 3), each=({"axis": 0}, {"axis": 1})),
        *calls((4, 3), each=({"axis": 0}, {"axis": -1, "last": 2.0})),
    ],
    "max": _reductions(),
    "mean": _reductions(),
    "min": _reductions(),
    "prod": [
        *_reductions({"axis": 0}, {}),
        *(s for at in ((1,), (1, 2), (0, 1, 2, 3)) for s in calls(_with_zeros(4, at=at))),
        *calls(
            _with_zeros(2, 3, 2, at=(0, 4, 5)),
            each=({}, {"axis": 1}, {"axis": (0, 2), "keepdims": True}, {"axis": 0, "dtype": "float64"}),
        ),
    ],
    "recurrence": [
        *calls((5,), (5,), each=({"axis": 0},)),
        *calls((1,), (1,), each=({"axis": 0},)),
        *calls((0, 3), (0, 3), each=({"axis": 0}, {"axis": 1})),
        *calls((4, 3), _with_zeros(4, 3, at=(0, 4, 5)), each=({"axis": 0}, {"axis": -1})),
    ],
    "std": _reductions()
    + calls((2, 3), each=({"correction": 1}, {"correction": 0.5, "axis": 1}, {"correction": 1.0, "axis": 0})),
    "sum": _reductions({"axis": 0}, {}) + calls((2, 3), each=({"dtype": "float64"}, {"axis": ()})),
    "var": _reductions()
    + calls((2, 3), each=({"correction": 1}, {"correction": 0.5, "axis": 1}, {"correction": 1.0, "axis": 0})),
}
