"""Inputs of the functions that make arrays out of others, or move them between dtypes and devices."""

from __future__ import annotations

from xpgrad_conformance.samples.base import Sample, calls

SAMPLES: dict[str, list[Sample]] = {
    "astype": calls((2, 3), each=({"dtype": "float64"}, {"dtype": "float64", "copy": False})),
    "meshgrid": calls((2,), (3,), each=({}, {"indexing": "ij"})) + calls((2,), (1,), (3,)) + calls((2,)),
    "to_device": calls((2, 3), each=({"device": "cpu"},)),
    "tril": calls((3, 3), each=({}, {"k": 1}, {"k": -1})) + calls((2, 2, 3)) + calls((0, 3)),
    "triu": calls((3, 3), each=({}, {"k": 1}, {"k": -1})) + calls((2, 2, 3)) + calls((0, 3)),
}
