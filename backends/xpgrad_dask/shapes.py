"""A shape that knows its chunks, so that what a rule makes of it has the chunks of the input that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, prod
from typing import Any, Self

import dask.array as da

from xpgrad.backend import UnknownLengthsError
from xpgrad_dask.sums import length


class Shape(tuple[int, ...]):
    """The shape of an array, with its chunks; a length that is not known is NaN, and equal to any other such.

    Attributes
    ----------
    chunks : tuple of tuple of int, or None
        The chunks along each axis; None for the shape of a NumPy array.
    template : dask.array.Array or None
        Where a length is unknown, an array that has it.
    """

    chunks: tuple[tuple[int, ...], ...] | None
    template: da.Array | None

    @classmethod
    def of(cls, x: Any) -> Self:
        """The shape of an array."""
        shape = cls(x.shape)
        shape.chunks = getattr(x, "chunks", None)
        shape.template = None if known(shape) else x
        return shape

    @classmethod
    def made(cls, lengths: tuple[int, ...], chunks: tuple[tuple[int, ...], ...]) -> Self:
        """A shape of known lengths, or of one that has a template."""
        if isinstance(lengths, cls):
            return lengths
        shape = cls(lengths)
        shape.chunks, shape.template = chunks, None
        return shape

    def count(self, axes: tuple[int, ...]) -> Any:
        """How many elements lie along some axes; an array yet to be computed where a length is not known."""
        return prod(length(self.template, i) if self.template is not None and isnan(self[i]) else self[i] for i in axes)

    @staticmethod
    def part(g: Any, i: int, shapes: Sequence[tuple[int, ...]], axis: int) -> Any:
        """Of what was joined from arrays of some shapes along an axis, the blocks of array i."""
        if not isinstance(g, da.Array):
            raise UnknownLengthsError("a second derivative of concat")
        counts = [len(chunks[axis]) if (chunks := getattr(shape, "chunks", None)) else 1 for shape in shapes]
        start = sum(counts[:i])
        return g.blocks[(*(slice(None),) * axis, slice(start, start + counts[i]))]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, tuple) or len(other) != len(self):
            return False
        return all(n == m or (isnan(n) and isnan(m)) for n, m in zip(self, other, strict=True))

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__


def known(shape: tuple[int, ...]) -> bool:
    """Whether every length is known."""
    return not any(map(isnan, shape))


def rechunked(x: da.Array, chunks: Any, **options: Any) -> da.Array:
    """``x.rechunk(chunks)``, also of an array without elements, which Dask leaves as it is."""
    found = x.rechunk(chunks, **options)
    spelled_out = isinstance(chunks, tuple) and all(isinstance(lengths, tuple) for lengths in chunks)
    return da.empty_like(x, chunks=chunks) if spelled_out and not any(x.shape) and found.chunks != chunks else found
