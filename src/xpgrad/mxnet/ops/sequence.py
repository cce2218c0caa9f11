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


#: Stands for the logarithm of 0: no sum of probabilities notices it, and differences of it are not NaN.
_IMPOSSIBLE = -1e30


def ctc_loss(
    data: Any,
    label: Any,
    data_lengths: Any = None,
    label_lengths: Any = None,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: str = "first",
) -> Any:
    """Minus the logarithm of the probability of all alignments of a label (Graves and others, 2006).

    Parameters
    ----------
    data : Array
        (steps, batch, classes); a softmax makes them probabilities.
    label : Array
        (batch, length), the classes in order; filled up with 0 where the blank is first, and with -1 where it is last.
    data_lengths, label_lengths : Array, optional
        How many steps and labels of each sample count, if `use_data_lengths` and `use_label_lengths` say so.
    use_data_lengths, use_label_lengths : bool
        See above.
    blank_label : {"first", "last"}
        Which class is the blank.
    """
    data = as_array(data)
    xp = namespace(data)
    steps, batch, classes = data.shape
    blank, filler = (0, 0) if blank_label == "first" else (classes - 1, -1)
    classes_of: Any = integers(label)
    counted = integers(label_lengths) if use_label_lengths else xp.sum(
        xp.astype(xp.cumulative_sum(xp.astype(classes_of == filler, classes_of.dtype), axis=1) == 0, classes_of.dtype),
        axis=1,
    )  # fmt: skip
    blanks = xp.full_like(classes_of, blank)
    pairs = xp.reshape(xp.stack([blanks, xp.where(classes_of < 0, blank, classes_of)], axis=2), (batch, -1))
    states = xp.concat([pairs, blanks[:, :1]], axis=1)  # a blank before, between and after the labels
    nothing = xp.full((batch, 2), _IMPOSSIBLE, dtype=data.dtype, device=data.device)

    def later(x: Any, by: int) -> Any:
        return xp.concat([nothing[:, :by], x[:, :-by]], axis=1)

    before = xp.concat([xp.full((batch, 2), blank, dtype=states.dtype, device=data.device), states[:, :-2]], axis=1)
    skips = (states != blank) & (states != before)
    logits = xp.take_along_axis(xp.log_softmax(data, axis=-1), xp.broadcast_to(states, (steps, *states.shape)), axis=2)
    place = xp.arange(states.shape[1], device=data.device)
    alpha = xp.where(place < 2, logits[0], _IMPOSSIBLE)
    lengths = integers(data_lengths) if use_data_lengths else None
    for t in range(1, steps):
        come = xp.logaddexp(xp.logaddexp(alpha, later(alpha, 1)), xp.where(skips, later(alpha, 2), _IMPOSSIBLE))
        new = come + logits[t]
        alpha = new if lengths is None else xp.where(xp.expand_dims(t < lengths, axis=1), new, alpha)
    ends = xp.expand_dims(2 * counted, axis=1)
    final = xp.where((place == ends) | (place == ends - 1), alpha, _IMPOSSIBLE)
    largest = xp.max(final, axis=1, keepdims=True).detach()
    return -(xp.log(xp.sum(xp.exp(final - largest), axis=1)) + largest[:, 0])
