"""Inputs of the functions that choose by a condition."""

from __future__ import annotations

import numpy as np

from xpgrad_conformance.samples.base import Sample, booleans, calls

_MASK = booleans([True, False, True], [False, False, True])

_CHOSEN = booleans([True, True, True], [False, False, True])

SAMPLES: dict[str, list[Sample]] = {
    "share": [
        *calls((2, 3), _MASK, _CHOSEN),
        *calls((3,), _MASK, _CHOSEN),
        *calls((), _MASK[:0], _CHOSEN[:0]),
        *calls((64, 32), np.arange(2048).reshape(64, 32) % 3 == 0, np.arange(2048).reshape(64, 32) % 3 < 2),
    ],
    "where": [
        *calls(_MASK, (2, 3), (2, 3)),
        *calls(_MASK, (3,), (2, 1)),
        *calls(_MASK[0, :], (2, 1), 0.5),
        *calls(_MASK, 0.5, (2, 3)),
        *calls(np.asarray(True), (), (2,)),
        *calls(_MASK[:0], (3,), (0, 1)),
    ],
}
