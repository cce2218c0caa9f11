"""Sequences of different lengths in one array."""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array
from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.ops.indexing import integers


def _place_and_length(data: Array, sequence_length: Any, axis: int) -> tuple[Any, Any]:
    """The position in its sequence of every element, and the length of that; the batch is on the other leading axis."""
    xp = namespace(data)
    rest = (1,) * (data.ndim - 2)
    steps = xp.arange(data.shape[axis], device=data.device)
    lengths = integers(sequence_length)
    if axis == 0:
        return xp.reshape(steps, (-1, 1, *rest)), xp.reshape(lengths, (1, -1, *rest))
    return xp.reshape(steps, (1, -1, *rest)), xp.reshape(lengths, (-1, 1, *rest))


def sequence_mask(
    data: Any, sequence_length: Any = None, use_sequence_length: bool = False, value: float = 0.0, axis: int = 0
) -> Any:
    """A value in place of all elements after the end of their sequence, which runs along axis 0 or 1."""
    data = as_array(data)
    if not use_sequence_length or sequence_length is None:
        return data
    place, length = _place_and_length(data, sequence_length, axis)
    return namespace(data).where(place < length, data, value)


def sequence_last(data: Any, sequence_length: Any = None, use_sequence_length: bool = False, axis: int = 0) -> Any:
    """The last element of every sequence."""
    data = as_array(data)
    xp = namespace(data)
    if not use_sequence_length or sequence_length is None:
        return data[(slice(None),) * axis + (-1,)]
    _, length = _place_and_length(data, sequence_length, axis)
    places = xp.broadcast_to(length - 1, tuple(1 if i == axis else n for i, n in enumerate(data.shape)))
    return xp.squeeze(xp.take_along_axis(data, places, axis=axis), axis)


def sequence_reverse(data: Any, sequence_length: Any = None, use_sequence_length: bool = False, axis: int = 0) -> Any:
    """Every sequence backwards; what comes after its end stays."""
    data = as_array(data)
    xp = namespace(data)
    if not use_sequence_length or sequence_length is None:
        return xp.flip(data, axis=axis)
    place, length = _place_and_length(data, sequence_length, axis)
    source = xp.where(place < length, length - 1 - place, place)
    return xp.take_along_axis(data, xp.broadcast_to(source, data.shape), axis=axis)
