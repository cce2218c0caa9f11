"""The cases: every differentiable argument of every sample of every function, made from the registry.

A new primitive with rules is tested without writing a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xpgrad.composites import COMPOSITES
from xpgrad.functions import function
from xpgrad.primitive import PRIMITIVES
from xpgrad_conformance.samples import samples_of
from xpgrad_conformance.samples.base import Sample, complexified
from xpgrad_conformance.standard import FUNCTIONS, REAL_ONLY

assert callable(function)  # importing the functions is what fills the registry

#: Functions beyond the standard that know complex numbers; others have complex samples of their own, if at all.
_BEYOND = frozenset(
    (
        "contract copy einsum following getitem linalg.missing pad product recurrence scatter scatter_along_axis "
        "setitem to_device"
    ).split()
)

#: The functions whose samples are run with complex numbers, too.
_COMPLEX = (FUNCTIONS | _BEYOND) - REAL_ONLY

#: These take no arrays.
_OF_SHAPES = frozenset(("broadcast_shapes",))


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a function."""

    name: str
    sample: Sample

    @property
    def id(self) -> str:
        """What a test is called that runs this call."""
        return f"{self.name}({self.sample.label})"

    @property
    def is_complex(self) -> bool:
        """Whether some input holds complex numbers."""
        return any(kind_of(a) == "c" for a in self.sample.arrays)


@dataclass(frozen=True, eq=False)
class Case(Call):
    """One argument of one call."""

    position: int

    @property
    def id(self) -> str:
        """What a test is called that runs this case: ``multiply((2,3),(3))-d0`` is about the first input."""
        return f"{super().id}-d{self.position}"


def kind_of(a: Any) -> str:
    """The kind of the numbers in an array, as NumPy writes it: "f" and "c" are floating-point; "" for no array."""
    return a.dtype.kind if isinstance(a, np.ndarray | np.generic) else ""


def is_float(a: Any) -> bool:
    """Whether something is an array of floating-point numbers, real or complex."""
    return kind_of(a) in ("f", "c")


def differentiable(name: str, position: int) -> bool:
    """Whether a function has a gradient for its input at a position."""
    primitive = PRIMITIVES.get(name)
    return primitive is None or primitive.variadic or primitive.inputs[position] in primitive.rules


def _with_complex(name: str) -> Iterator[Sample]:
    """The samples of a function, and the same with complex numbers."""
    samples = samples_of(name)
    yield from samples
    if name not in _COMPLEX or any(kind_of(a) == "c" for sample in samples for a in sample.arrays):
        return
    for sample in samples:
        parameters: dict[str, Any] = {
            k: "complex128" if isinstance(v, str) and v == "float64" else v for k, v in sample.parameters.items()
        }
        arrays = [complexified(a, i) for i, a in enumerate(sample.arrays)]
        changed = [i for i, (a, b) in enumerate(zip(sample.arrays, arrays, strict=True)) if a is not b]
        numbers = [i for i in changed if isinstance(sample.arrays[i], float)]
        # A number may stay real beside complex arrays, and in element-wise functions and products so may an array.
        stay: list[int | None] = [None, *numbers]
        primitive = PRIMITIVES.get(name)
        if primitive and (primitive.elementwise or primitive.bilinear) and len(changed) == 2 and not numbers:
            stay += changed
        for i in stay:
            mixed = [sample.arrays[j] if j == i else a for j, a in enumerate(arrays)]
            yield replace(sample, arrays=tuple(mixed), parameters=parameters)


def wanted(name: str) -> set[int]:
    """The positions of the inputs that have a rule; of a sequence of arrays the first."""
    primitive = PRIMITIVES.get(name)
    if primitive is None or primitive.variadic:
        return {0}
    return {primitive.inputs.index(argument) for argument in primitive.rules}


#: Every function that has a gradient.
NAMES = sorted({*COMPOSITES, *(name for name, primitive in PRIMITIVES.items() if primitive.rules)} - _OF_SHAPES)

CALLS = [Call(name, sample) for name in NAMES for sample in _with_complex(name)]

CASES = [
    Case(call.name, call.sample, position)
    for call in CALLS
    for position, a in enumerate(call.sample.arrays)
    if is_float(a) and differentiable(call.name, position)
]
