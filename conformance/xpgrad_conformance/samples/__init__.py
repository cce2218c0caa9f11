"""The inputs at which every derivative rule is tested, one file per chapter of the standard.

A function of one or two arrays that can be called without parameters gets samples from the registry; a function that
these do not suit has its own in the tables `SAMPLES`. Inputs keep away from kinks: those are the matter of the tests of
special values.
"""

from __future__ import annotations

from xpgrad_conformance.samples import (
    beyond,
    creation,
    elementwise,
    fft,
    indexing,
    linalg,
    linear_algebra,
    manipulation,
    searching,
    sets,
    sorting,
    special,
    statistical,
    utility,
)
from xpgrad_conformance.samples.base import Sample
from xpgrad_conformance.samples.defaults import defaults

CHAPTERS = (
    beyond,
    creation,
    elementwise,
    fft,
    indexing,
    linalg,
    linear_algebra,
    manipulation,
    searching,
    sets,
    sorting,
    special,
    statistical,
    utility,
)

#: Where the registry alone does not say what the inputs must look like.
SAMPLES: dict[str, list[Sample]] = {name: samples for c in CHAPTERS for name, samples in c.SAMPLES.items()}


def samples_of(name: str) -> list[Sample]:
    """All samples of a function; none if it is not in the tables and cannot get any from the registry."""
    return SAMPLES[name] if name in SAMPLES else defaults(name)
