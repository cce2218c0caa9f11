"""Inputs of the functions that look for unique values."""

from __future__ import annotations

from typing import Any

from xpgrad_conformance.samples.base import Sample, calls


def in_order(xp: Any, values: Any, *_: Any) -> tuple[Any, ...]:
    """The values in order, for the standard leaves open in which order they come."""
    complex_numbers = xp.isdtype(values.dtype, "complex floating")
    return (xp.take(values, xp.argsort(xp.real(values) + xp.imag(values) if complex_numbers else values), axis=0),)


SAMPLES: dict[str, list[Sample]] = {
    "unique_all": calls((2, 3), after=in_order) + calls((0,), after=in_order),
    "unique_counts": calls((2, 3), after=in_order),
    "unique_inverse": calls((2, 3), after=in_order),
    "unique_values": calls((2, 3), after=in_order) + calls((), after=in_order),
}
