"""What a key says, in steps that can each be undone: slices; integer arrays along one axis; the order of the axes.

NumPy's rules hold, of which Dask itself knows but some: any number of integer arrays of any number of dimensions, be
they known or yet to be computed.
"""

from __future__ import annotations

import operator
import sys
from math import isnan, nan, prod
from typing import Any

import dask.array as da
import numpy

from xpgrad.backend import UnknownLengthsError
from xpgrad_dask.layout import reshape, within_blocks


class Key:
    """A key, taken apart for arrays of one shape.

    Attributes
    ----------
    basic : tuple of slice or int
        First step: what is taken of every axis before arrays are applied.
    shape : tuple of int
        The shape after that step, and after `merge`.
    mask, index : array or None
        Second step: a mask yet to be computed, or integers, applied along `axis`.
    own_axis : int
        Where that axis is before the first step.
    result : list of float
        The lengths of the axes of what the key takes; NaN where it is not known.
    """

    def __init__(self, key: Any, shape: tuple[int, ...]) -> None:
        parts, gap = _parts(key, shape)
        arrays = [part for part in parts if is_array(part)]
        self.mask = next((part for part in arrays if part.dtype.kind == "b"), None)
        if self.mask is not None and (len(arrays) > 1 or self.mask.ndim not in (1, len(shape))):
            raise NotImplementedError("a mask that is a Dask array has one axis or all, and no other array beside it.")
        together = len(arrays) > 1  # then single integers are arrays as well

        def is_advanced(part: Any) -> bool:
            return is_array(part) or (together and is_integer(part))

        along = [part for part in parts if part is not None]
        self.basic = tuple(
            slice(None) if is_advanced(part) else _canonical(part, n) for part, n in zip(along, shape, strict=False)
        )
        kept = [(part, n) for part, n in zip(along, shape, strict=False) if not is_integer(part) or together]
        places = [i for i, (part, _) in enumerate(kept) if is_advanced(part)]
        self.shape = tuple(n if is_advanced(part) else _sliced(part, n) for part, n in kept)
        self.axis = places[0] if places else 0
        self.own_axis = next((i for i, part in enumerate(along) if is_advanced(part)), 0)
        self.index = None
        if arrays and self.mask is None:
            self.index = _joined([kept[i] for i in places])
        self._merged = places if together else []
        self._lengths = tuple(self.shape[i] for i in self._merged)
        if together:
            rest = tuple(n for i, n in enumerate(self.shape) if i not in places)
            self.shape, self.axis = (prod(self._lengths), *rest), 0
        self._count = 0 if not arrays else 1 if self.index is None else self.index.ndim
        involved = [i for i, part in enumerate(parts) if is_array(part) or is_integer(part)] if arrays else []
        # NumPy leaves the axes of arrays where they are, unless a slice, a new axis, or an Ellipsis that stands for
        # nothing is between arrays or integers.
        apart = involved and (len(involved) <= involved[-1] - involved[0] or involved[0] < gap <= involved[-1])
        first = involved[0] if involved and not apart else 0
        self._new: list[Any] = []
        self.result: list[float] = []
        lengths = iter(shape)
        for i, part in enumerate([*parts, None]):
            if i == first:
                self._place = sum(step is not None for step in self._new)
                self._new += [slice(None)] * self._count
                self.result += [nan] * self._count if self.index is None else self.index.shape
            if i == len(parts):
                break
            n = next(lengths) if _depth(part) else 1
            if i not in involved and not is_integer(part):
                self._new.append(part and slice(None))
                self.result.append(n if part is None else _sliced(part, n))

    def merge(self, x: da.Array) -> da.Array:
        """Make one axis of those that several arrays run over together."""
        if not self._merged:
            return x
        return reshape(da.moveaxis(x, self._merged, range(len(self._merged))), self.shape)

    def split(self, x: da.Array) -> da.Array:
        """Undo `merge`."""
        if not self._merged:
            return x
        return da.moveaxis(reshape(x, self._lengths + x.shape[1:]), range(len(self._merged)), self._merged)

    def arrange(self, x: da.Array) -> da.Array:
        """Third step: put the axes of the index where they belong, and insert the new ones."""
        x = _moved(x, self.axis, self._place, self._count)
        return within_blocks(x, tuple(self._new)) if None in self._new else x

    def disarrange(self, x: da.Array) -> da.Array:
        """Undo `arrange`, also for an array that has yet to be broadcast to its result."""
        missing = len(self._new) - x.ndim
        if missing:
            x = x[(None,) * missing if missing > 0 else (0,) * -missing]
        if None in self._new:
            x = within_blocks(x, tuple(0 if step is None else step for step in self._new))
        return _moved(x, self._place, self.axis, self._count)


def is_array(part: Any) -> bool:
    """Whether a part of a key is an array; one that is known and has no dimensions is an integer."""
    return isinstance(part, da.Array) or getattr(part, "ndim", 0) > 0


def is_integer(part: Any) -> bool:
    """Whether a part of a key is one integer."""
    return not (part is None or isinstance(part, slice) or is_array(part))


def needs_numpys_rules(key: tuple[Any, ...]) -> bool:
    """Whether a key has an array and besides another, or an integer, so that it does not go axis by axis."""
    along = [part for part in key if part is not None and part is not Ellipsis and not isinstance(part, slice)]
    return len(along) > 1 and any(isinstance(part, list) or is_array(part) for part in along)


def asked_by_xarray() -> bool:
    """Whether it is xarray that indexes. It takes a lazy array for Dask's own, whose indices go axis by axis."""
    frame = sys._getframe(1)
    while frame is not None and (module := frame.f_globals.get("__name__", "xpgrad")).startswith("xpgrad"):
        frame = frame.f_back  # type: ignore[assignment]  # None at the end
    return frame is not None and module == "xarray.core.indexing"


def _parts(key: Any, shape: tuple[int, ...]) -> tuple[list[Any], int]:
    """The parts of a key, one for each axis and for each new one, known masks as integers; the Ellipsis' end.

    Raises
    ------
    IndexError
        If an integer, a mask, or a part does not fit the axes.
    """
    given = [numpy.asarray(part, None if part else "int64") if isinstance(part, list) else part for part in _tuple(key)]
    used = sum(_depth(part) for part in given)
    if used > len(shape):
        raise IndexError(f"too many indices: the array has {len(shape)} axes, but {used} were indexed.")
    if not any(part is Ellipsis for part in given):
        given.append(Ellipsis)
    parts: list[Any] = []
    axis = gap = 0
    for part in given:
        lengths = shape[axis : axis + _depth(part)]
        axis += len(lengths)
        if part is Ellipsis:
            parts += [slice(None)] * (len(shape) - used)
            axis, gap = axis + len(shape) - used, len(parts)
        elif is_array(part) and part.dtype.kind == "b":
            if any(m != n for m, n in zip(part.shape, lengths, strict=True) if not isnan(m) and not isnan(n)):
                raise IndexError(f"a mask of shape {part.shape} does not fit axes of lengths {lengths}.")
            parts += numpy.nonzero(part) if isinstance(part, numpy.ndarray) else [part]
        else:
            if is_integer(part) and not isnan(lengths[0]) and not -lengths[0] <= operator.index(part) < lengths[0]:
                raise IndexError(f"index {part} is out of bounds for axis {axis - 1} of length {lengths[0]}.")
            parts.append(part)
    return parts, gap


def _tuple(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _depth(part: Any) -> int:
    """How many axes a part of a key takes."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if is_array(part) and part.dtype.kind == "b" else 1


def _canonical(part: Any, length: int) -> Any:
    """An integer or a slice as Dask understands it: arrays it does not take, and some with a negative step wrongly."""
    if is_integer(part):
        return operator.index(part)
    if isnan(length):
        return part
    span = range(length)[part]
    if (part.step or 1) > 0:
        return slice(None) if span == range(length) else part
    return slice(span[0], span[-1] - 1 if span[-1] else None, span.step) if span else slice(0, 0)


def _sliced(part: slice, length: int) -> int:
    """How many elements a slice takes."""
    return length if part == slice(None) or isnan(length) else len(range(length)[part])


def _joined(parts: list[tuple[Any, int]]) -> Any:
    """One index for all axes together, from that of each axis and its length."""
    if len(parts) == 1 and isinstance(parts[0][0], da.Array):
        return parts[0][0]  # the tasks count from the start
    total: Any = 0
    for index, n in parts:
        if isnan(n):
            raise UnknownLengthsError("this index")
        index = index if isinstance(index, da.Array) else numpy.asarray(index)
        if isinstance(index, numpy.ndarray) and index.size and not -n <= index.min() <= index.max() < n:
            raise IndexError(f"an index is out of bounds for an axis of length {n}.")
        total = total * n + index % max(n, 1)
    return total


def _moved(x: da.Array, source: int, place: int, count: int) -> da.Array:
    """Move neighbouring axes."""
    if source == place or not count:
        return x
    return da.moveaxis(x, [*range(source, source + count)], [*range(place, place + count)])
