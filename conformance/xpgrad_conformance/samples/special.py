"""Inputs of special functions that the registry cannot guess, and of exponentials that are summed."""

from __future__ import annotations

from typing import Any

import numpy as np

from xpgrad_conformance.samples.base import Sample, calls, floats


def _probabilities() -> list[Sample]:
    return [s for shape in ((2, 3), (), (0, 3)) for s in calls(floats(*shape, domain=(0.1, 0.9, False)))]


def _between_poles() -> list[Sample]:
    """Numbers of which none is next to an integer that is not positive."""
    x = floats(2, 3, domain=(0.3, 0.7, False))
    return [s for numbers in (x, 5 * x, x - 1, x - 4, x[0, 0], x[:0, :]) for s in calls(np.asarray(numbers))]


_AXES: Any = ({"axis": 0}, {"axis": -1}, {"axis": (0, 1)}, {"axis": None})


def _normalised() -> list[Sample]:
    return calls((2, 3), each=({}, *_AXES)) + calls((2, 3, 2), each=({"axis": (0, -1)},)) + calls((0, 3), each=_AXES)


def _summed() -> list[Sample]:
    return (
        calls((2, 3), each=({}, {"keepdims": True}, *_AXES))
        + calls((2, 3, 2), each=({"axis": (0, -1)}, {"axis": 1, "keepdims": True}))
        + calls(())
        + calls((0, 3), each=({"axis": 1}, {"axis": -1, "keepdims": True}))
    )


SAMPLES: dict[str, list[Sample]] = {
    "log_softmax": _normalised()[1:],
    "logsumexp": _summed(),
    "softmax": _normalised()[1:],
    "special.digamma": _between_poles(),
    "special.gammaln": _between_poles(),
    "special.log_softmax": _normalised(),
    "special.logit": _probabilities(),
    "special.logsumexp": [
        *_summed(),
        *calls((2, 3), None, np.abs(floats(2, 3, seed=2)), each=({}, {"keepdims": True})),
        *calls((2, 3), 0, np.abs(floats(3, seed=2)), each=({}, {"return_sign": True})),
        *calls((2, 3), 1, floats(2, 1, seed=2), each=({"return_sign": True},)),
    ],
    "special.ndtri": _probabilities(),
    "special.polygamma": [s for n in (0, 1, 3) for x in _between_poles() for s in calls(n, *x.arrays)],
    "special.psi": _between_poles(),
    "special.softmax": _normalised(),
    "special.zeta": [
        s for x in (2.0, 3.5) for q in ((2, 3), (), (0, 3)) for s in calls(x, np.asarray(abs(floats(*q))))
    ],
}
