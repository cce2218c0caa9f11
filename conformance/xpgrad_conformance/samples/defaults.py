"""Samples that need no line in a table: they are guessed from what the registry says of a function.

The inputs of a call are arrays, or an array and a number: of every form that NumPy takes, in that of the `DOMAINS` in
which most of the results are finite, and not near a pole.
"""

from __future__ import annotations

import warnings
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np

from xpgrad.discovery import get_named
from xpgrad.errors import FunctionMissingError
from xpgrad.primitive import PRIMITIVES, raw_namespace
from xpgrad_conformance.samples.base import DOMAINS, Sample, floats

#: What rules see of NumPy, which is the reference.
NUMPY = raw_namespace(get_named("numpy"))

_FORMS: dict[int, Any] = {  # by the number of inputs; a tuple is the shape of an array
    1: [((2, 3),), ((),), ((0, 3),)],
    2: [((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2,)), ((0, 1), (3,)), ((2,), 1.3), (1.3, (2,))],
}
# Tried where a function is not element-wise: it may be one of square matrices, or a product.
_FURTHER: dict[int, Any] = {1: [((3, 3),)], 2: [((2, 3), (3, 2)), ((3, 3), (3,))]}


@cache
def defaults(name: str) -> list[Sample]:
    """The samples of a primitive of one or two arrays that can be called without parameters; none for others."""
    primitive = PRIMITIVES.get(name)
    if primitive is None or primitive.variadic or primitive.leading or primitive.optional:
        return []
    count = len(primitive.inputs)
    forms = _FORMS.get(count, []) + ([] if primitive.elementwise else _FURTHER.get(count, []))
    domains = [
        [sample for sample in (_sample(form, domain) for form in forms) if _tame(name, sample)] for domain in DOMAINS
    ]
    return max(domains, key=len)


def _sample(form: Any, domain: tuple[float, float, bool]) -> Sample:
    return Sample(tuple(floats(*a, seed=i, domain=domain) if isinstance(a, tuple) else a for i, a in enumerate(form)))


def _tame(name: str, sample: Sample) -> bool:
    """Whether NumPy takes a sample, and the results are not near a pole."""
    with warnings.catch_warnings(action="ignore"):
        try:
            out = attrgetter(name)(NUMPY)(*sample.arrays)
        except FunctionMissingError:  # SciPy is not installed; the tests are skipped, and say so
            return True
        except (TypeError, ValueError, IndexError, AttributeError, np.linalg.LinAlgError):
            return False
    return all(np.all(np.abs(part) < 8) for part in (out if isinstance(out, tuple | list) else (out,)))
