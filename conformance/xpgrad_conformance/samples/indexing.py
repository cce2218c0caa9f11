"""Inputs of reads and writes at keys."""

from __future__ import annotations

from typing import Any

import numpy as np

from xpgrad_conformance.samples.base import Sample, booleans, calls, floats, integers


def _indexed(shape: tuple[int, ...], *keys: Any, extends: str = "") -> list[Sample]:
    """Reads of an array at different keys."""
    return calls(shape, each=tuple({"key": key} for key in keys), extends=extends)


def _written(*keys: Any, extends: str = "") -> list[Sample]:
    """Writes of values that fill the place, of one that is broadcast to it, and of a number."""
    return [
        Sample((floats(2, 3), value), {"key": key}, extends)
        for key in keys
        for value in (floats(*np.zeros((2, 3))[key].shape, seed=1), floats(seed=2), 1.7)
    ]


_PLACES = integers(2, 0, -1, 0)  # repeated, and negative
_HALVES = integers(1, 0, -1, 1)
_GRID = integers([0, 1], [1, 1])
_MASK = booleans([True, False, True], [False, False, True])
_ROWS = booleans(True, False)
_BACK = slice(None, None, -1)
_ALL = slice(None)
_BASIC_KEYS = (
    ..., (1, ...), (-1, ...), (slice(0, 1), ...), (slice(1, None), ...), (slice(0, 0), ...), (_BACK, ...), (..., _BACK),
    (..., 1), (_ALL, slice(None, None, 2)), (0, slice(None, None, -2)), (1, 2),
)  # fmt: skip
_NEW_AXIS_KEYS = (None, ...), (_ALL, None, 1), (..., None, slice(None, None, 2))
_FLAT_KEYS = 1, _BACK, ()
_LISTED_KEYS = (_HALVES, _PLACES), (1, _PLACES), (_HALVES, 1), (_GRID, integers(2, 0))
_MIXED_KEYS = (_HALVES, _BACK), (None, _HALVES, ..., 0), (..., _PLACES), [0, 1, 1]
_MASKED_KEYS = (_ROWS, ...), (_ROWS, 1), (1, booleans(True, True, False)), (_ROWS, integers(2))

_FLAT = "every axis must be in the key, or an Ellipsis"
_MIXED = "integer arrays stand with integers only"
_ALONE = "a mask stands alone"
_NO_LIST = "integer arrays are keys of reads only"

SAMPLES: dict[str, list[Sample]] = {
    "getitem": [
        *_indexed((2, 3), *_BASIC_KEYS, *_NEW_AXIS_KEYS, *_LISTED_KEYS, _MASK, ~_MASK & False),
        *_indexed((2, 3), _HALVES, _HALVES[:0], (_ALL, _PLACES)),  # the standard knows these as take
        *_indexed((2, 3), *_FLAT_KEYS, extends=_FLAT),
        *_indexed((2, 3), *_MIXED_KEYS, extends=_MIXED),
        *_indexed((2, 3), *_MASKED_KEYS, extends=_ALONE),
        *_indexed((2, 3, 2), (_HALVES, _ALL, _HALVES), (0, slice(1, None), integers(1, 1)), extends=_MIXED),
        *_indexed((5,), 2, -1, slice(-2, None), slice(None, None, -2), _PLACES),
        *_indexed((), ..., (), None),
    ],
    "scatter": [
        *calls((4,), each=({"key": _PLACES, "shape": (4,)}, {"key": slice(None, None, -2), "shape": (8,)})),
        *calls((4,), each=({"key": (_HALVES, _PLACES), "shape": (2, 3)},)),
        *calls((2, 4), each=({"key": (_ALL, _PLACES), "shape": (2, 3)},)),
        *calls((3,), each=({"key": _MASK, "shape": (2, 3)},)),
        *calls((1, 2), each=({"key": (None, _ALL, 1), "shape": (2, 3)},)),
        *calls((0,), each=({"key": _PLACES[:0], "shape": (3,)},)),
    ],
    "scatter_along_axis": [
        *calls((2, 4), each=({"indices": integers([2, 0, -1, 0], [1, 1, 1, 0]), "shape": (2, 3)},)),
        *calls((2, 2), each=({"indices": integers([1, 1], [0, -1]), "shape": (3, 2), "axis": 0},)),
        *calls((2,), each=({"indices": integers(2, 2), "shape": (3,)},)),
    ],
    "setitem": [
        *_written(*_BASIC_KEYS, *_NEW_AXIS_KEYS, _MASK),
        *_written(*_FLAT_KEYS, extends=_FLAT),
        *_written(_HALVES, *_LISTED_KEYS, *_MIXED_KEYS, extends=_NO_LIST),
        *_written(*_MASKED_KEYS, extends=_ALONE),
    ],
    "take": [
        *calls((2, 3), _HALVES, each=({"axis": 0},)),
        *calls((2, 3), _PLACES, each=({"axis": 1}, {"axis": -1})),
        *calls((2, 3, 2), _PLACES, each=({"axis": 1},)),
        *calls((4,), _PLACES),
        *calls((2, 3), _PLACES[:0], each=({"axis": 1},)),
        *calls((2, 3), integers([0, 5], [5, 1]), each=({},), extends="take without axis is for one dimension"),
        *calls((2, 3), integers([0, 2], [2, 1]), each=({"axis": 1},), extends="indices have one dimension"),
        *calls((2, 3), np.asarray(1), each=({"axis": 1},), extends="indices have one dimension"),
    ],
    "take_along_axis": [
        *calls((2, 3), integers([2, 0, -1, 0], [1, 1, 1, 0])),
        *calls((2, 3), integers([0, 1, 1], [0, -1, 0], [1, 1, 1]), each=({"axis": 0},)),
        *calls((2, 3), integers([2, 2]), each=({"axis": 1},)),
        *calls((1, 3), integers([2], [0], [0]), each=({"axis": 1},)),
        *calls((3,), integers(2, 2)),
    ],
}
