"""Inputs of the functions in the chapter on utilities."""

from __future__ import annotations

from xpgrad_conformance.samples.base import Sample, calls

SAMPLES: dict[str, list[Sample]] = {
    "diff": calls((4, 3), each=({}, {"n": 2, "axis": 0}, {"n": 0}, {"axis": 0})),
}
