"""Inputs of the element-wise functions that the registry cannot guess."""

from __future__ import annotations

import numpy as np

from xpgrad_conformance.samples.base import Sample, calls, complexes

SAMPLES: dict[str, list[Sample]] = {
    "clip": [
        *calls((2, 3), None, None),
        *calls((2, 3), -0.9, None),
        *calls((2, 3), None, 0.8),
        *calls((2, 3), -0.9, 0.8),
        *calls((2, 3), np.asarray([-1.0, 0.6, -0.5]), np.asarray([[0.85], [0.95]])),
        *calls((2, 3), np.asarray([[-1.0, -2.5, -0.5]] * 2), None),
        *calls((), None, np.asarray(0.1)),
        *calls((4,), np.asarray([0.5, 0.4, -2.5, 0.2]), 0.3, extends="bounds do not cross"),
        *calls((4,), -0.3, np.asarray([0.5, -0.4, -2.5, 0.2]), extends="bounds do not cross"),
        *calls((0, 3), np.asarray(-1.0), 1.0),
    ],
    "imag": [
        *(s for shape in ((2, 3), (), (0, 3)) for s in calls(complexes(*shape))),
        *calls((2, 3), extends="imag is for complex arrays"),
    ],
    "real": calls((2, 3)),
}
