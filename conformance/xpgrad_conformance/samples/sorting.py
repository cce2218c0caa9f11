"""Inputs of the functions that sort."""

from __future__ import annotations

from xpgrad_conformance.samples.base import Sample, calls

SAMPLES: dict[str, list[Sample]] = {
    "sort": calls(
        (2, 3), each=({}, {"axis": 0}, {"descending": True}, {"axis": 0, "descending": True, "stable": False})
    )
    + calls((4,))
    + calls((0, 3), each=({}, {"axis": 0})),
}
