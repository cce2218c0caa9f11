"""Inputs of the extension `fft`: even and odd lengths, cropped and padded with zeros, along one axis or several."""

from __future__ import annotations

from typing import Any

from xpgrad_conformance.samples.base import Sample, calls, complexes, floats


def _along_one(*xs: Any) -> list[Sample]:
    """Transforms along one axis."""
    each: list[dict[str, Any]] = [{"axis": axis} for axis in (0, 1)]
    each += [{"n": n, "norm": norm} for n, norm in ((2, "ortho"), (3, "forward"), (5, "backward"), (6, "ortho"))]
    return [
        sample for x in xs for sample in calls(x, each=({}, {"norm": "forward"}, *(each if x.ndim > 1 else each[2:])))
    ]


def _along_several(*xs: Any) -> list[Sample]:
    """Transforms along several axes."""
    each: tuple[dict[str, Any], ...] = (
        {},
        {"norm": "ortho"},
        {"axes": (1, 0), "norm": "forward"},
        {"axes": (0,), "s": (5,)},
        {"axes": (1, 0), "s": (3, 4)},
        {"axes": (0, -1), "s": (2, 2), "norm": "forward"},
    )
    return [sample for x in xs for sample in calls(x, each=each)]


def _shifts() -> list[Sample]:
    """Shifts, which real arrays take, too."""
    return calls((3, 4), each=({}, {"axes": 0}, {"axes": (0, -1)})) + calls(complexes(5))


_EMPTY: Any = ({}, {"n": 5})

SAMPLES: dict[str, list[Sample]] = {
    "fft.fft": _along_one(complexes(4), complexes(2, 3)) + calls(complexes(0, 3), each=_EMPTY),
    "fft.fftn": _along_several(complexes(2, 3), complexes(3, 2)) + calls(complexes(2, 2, 3), each=({"axes": (2, 0)},)),
    "fft.fftshift": _shifts(),
    "fft.hfft": _along_one(complexes(4), complexes(2, 3)) + calls(complexes(0, 3), each=_EMPTY),
    "fft.ifft": _along_one(complexes(4), complexes(2, 3)) + calls(complexes(0, 3), each=_EMPTY),
    "fft.ifftn": _along_several(complexes(2, 3), complexes(3, 2)) + calls(complexes(2, 2, 3), each=({"axes": (2, 0)},)),
    "fft.ifftshift": _shifts(),
    "fft.ihfft": _along_one(floats(4), floats(2, 3)) + calls((0, 3), each=_EMPTY),
    "fft.irfft": _along_one(complexes(4), complexes(2, 3)) + calls(complexes(0, 3), each=_EMPTY),
    "fft.irfftn": _along_several(complexes(2, 3), complexes(3, 2))
    + calls(complexes(2, 2, 3), each=({"axes": (2, 0)},)),
    "fft.rfft": _along_one(floats(4), floats(2, 3)) + calls((0, 3), each=_EMPTY),
    "fft.rfftn": _along_several(floats(2, 3), floats(3, 2)) + calls((2, 2, 3), each=({"axes": (2, 0)},)),
}
