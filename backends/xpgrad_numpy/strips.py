"""Passes over large arrays strip by strip: what is made on the way stays in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import numpy

_PART = 2**16  # elements
_ONE_THREAD = 10_000  # numbers; with more, BLAS uses threads, which take ten times as long if kept waiting
IN_PLACE_FROM = 2 * _PART
_all = numpy.logical_and.reduce


def all_finite(x: Any) -> bool:
    """Whether every element is finite; a sum of squares or a sum tells in half the time, unless it overflows."""
    flags = x.flags
    if (flags.c_contiguous or flags.f_contiguous) and x.dtype.char in "dfDF":
        flat = x.ravel("K")
        if flat.dtype.kind == "c":
            flat = flat.view(flat.real.dtype)
        if isfinite(flat.dot(flat) if flat.size <= _ONE_THREAD else numpy.einsum("i->", flat)):
            return True
    parts = [x] if x.size <= _PART else numpy.array_split(x, x.size // _PART + 1)
    return all(_all(numpy.isfinite(part), None) for part in parts)


def overwritten(g: Any, kept: Sequence[Any], factor: int | None, rule: Callable[[Any, Sequence[Any]], Any]) -> Any:
    """What an element-wise rule makes of g, in its memory; None where that does not pay.

    Fresh memory for 1e7 elements takes as long as a product of them. To multiply by a factor without a copy of each
    strip saves 3 % of logistic regression's gradient on 1e6 samples.
    """
    if g.size > len(g) * _PART or not g.flags.c_contiguous:
        return None
    depths = [a.ndim if isinstance(a, numpy.ndarray) else 0 for a in kept]
    if max(depths, default=0) > g.ndim:  # g is to be broadcast
        return None
    rows = _PART * len(g) // g.size
    cut = [depth == g.ndim and len(a) == len(g) for a, depth in zip(kept, depths, strict=True)]
    for start in range(0, len(g), rows):
        strip = g[start : start + rows]
        part = [a[start : start + rows] if along else a for a, along in zip(kept, cut, strict=True)]
        if factor is not None and _scales(strip, part[factor]):
            strip *= part[factor]
            continue
        r = rule(strip, part)
        if not start and (r.shape != strip.shape or r.dtype != g.dtype):
            return None
        strip[...] = r
    return g


def _scales(g: Any, x: Any) -> bool:
    """Whether g may become ``g * x`` in place, where zeros have to stay zero."""
    return isinstance(x, numpy.ndarray) and x.shape == g.shape and x.dtype == g.dtype and all_finite(x)
