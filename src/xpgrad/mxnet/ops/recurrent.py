"""Recurrent layers: a step for each kind of cell, and the loop over a sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from xpgrad.array import Array
from xpgrad.mxnet.base import MXNetError
from xpgrad.mxnet.ops import neural, primitives
from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.ops.elementwise import sigmoid
from xpgrad.mxnet.ops.indexing import integers
from xpgrad.mxnet.ops.sequence import sequence_reverse

State = tuple[Any, ...]


class Weights(NamedTuple):
    """What one direction of one layer learns: inputs and states to gates, their biases, and a projection."""

    i2h_weight: Any
    h2h_weight: Any
    i2h_bias: Any
    h2h_bias: Any
    h2r_weight: Any = None


def _tanh(x: Array) -> Any:
    return namespace(x).tanh(x)


def _parts(gates: Array, count: int) -> list[Any]:
    """Gates side by side, one by one."""
    size = gates.shape[-1] // count
    return [gates[..., i * size : (i + 1) * size] for i in range(count)]


def simple(activate: Callable[[Any], Any]) -> Callable[..., State]:
    """The step of a plain recurrent cell."""
    return lambda inputs, hidden, state: (activate(inputs + hidden),)


def lstm(inputs: Any, hidden: Any, state: State, squash: Any = _tanh, gate: Any = sigmoid) -> State:
    """The step of an LSTM (Hochreiter and Schmidhuber, 1997)."""
    i, f, g, o = _parts(inputs + hidden, 4)
    cell = gate(f) * state[1] + gate(i) * squash(g)
    return gate(o) * squash(cell), cell


def gru(inputs: Any, hidden: Any, state: State, squash: Any = _tanh, gate: Any = sigmoid) -> State:
    """The step of a GRU (Cho and others, 2014), whose reset gate acts on what the state has become."""
    (i_r, i_z, i_n), (h_r, h_z, h_n) = _parts(inputs, 3), _parts(hidden, 3)
    update = gate(i_z + h_z)
    return ((1 - update) * squash(i_n + gate(i_r + h_r) * h_n) + update * state[0],)


class Mode(NamedTuple):
    """A kind of cell: its step, and how many gates and states it has."""

    step: Callable[..., State]
    gates: int
    states: int


MODES = {
    "rnn_relu": Mode(simple(primitives.relu), 1, 1),
    "rnn_tanh": Mode(simple(_tanh), 1, 1),
    "lstm": Mode(lstm, 4, 2),
    "gru": Mode(gru, 3, 1),
}


def _direction(
    mode: Mode, x: Array, state: State, weights: Weights, lengths: Any, backwards: bool, clip: Any
) -> tuple[Any, State]:
    """One direction of one layer over a whole sequence: its outputs, and its last state."""
    xp = namespace(x)
    if backwards:
        x = sequence_reverse(x, lengths, lengths is not None)
    inputs = xp.matmul(x, xp.matrix_transpose(weights.i2h_weight)) + weights.i2h_bias
    h2h = xp.matrix_transpose(weights.h2h_weight)
    outputs = []
    for t in range(x.shape[0]):
        new = mode.step(inputs[t], xp.matmul(state[0], h2h) + weights.h2h_bias, state)
        if clip is not None and len(new) > 1:
            new = (new[0], xp.clip(new[1], *clip))
        if weights.h2r_weight is not None:
            new = (xp.matmul(new[0], xp.matrix_transpose(weights.h2r_weight)), *new[1:])
        if lengths is None:
            outputs.append(new[0])
        else:
            runs = xp.expand_dims(t < lengths, axis=-1)
            new = tuple(xp.where(runs, a, b) for a, b in zip(new, state, strict=True))
            outputs.append(xp.where(runs, new[0], 0.0))
        state = new
    out = xp.stack(outputs)
    return (sequence_reverse(out, lengths, lengths is not None) if backwards else out), state


def layers(
    mode: str,
    x: Array,
    states: list[Any],
    weights: list[list[Weights]],
    dropout: float = 0.0,
    lengths: Any = None,
    clip: Any = None,
) -> tuple[Any, list[Any]]:
    """Layers one upon the other, each in one direction or in both.

    Parameters
    ----------
    mode : str
        The kind of cell, a name in `MODES`.
    x : Array
        (steps, batch, inputs).
    states : list of Array
        Each of shape (layers * directions, batch, units).
    weights : list of lists
        For every layer the weights of its directions.
    dropout : float
        The probability with which, in training, what a layer gives to the next is set to 0.
    lengths : Array, optional
        The length of each sequence of the batch.
    clip : (min, max), optional
        Between what the cell of an LSTM is kept.

    Returns
    -------
    tuple
        The outputs, (steps, batch, units * directions), and the last states.
    """
    kind = MODES[mode]
    xp = namespace(x)
    last: list[list[Any]] = [[] for _ in range(kind.states)]
    for layer, directions in enumerate(weights):
        if layer and dropout:
            x = neural.dropout(x, dropout)
        outputs = []
        for i, own in enumerate(directions):
            place = layer * len(directions) + i
            out, state = _direction(kind, x, tuple(s[place] for s in states), own, lengths, i == 1, clip)
            outputs.append(out)
            for kept, part in zip(last, state, strict=True):
                kept.append(part)
        x = outputs[0] if len(outputs) == 1 else xp.concat(outputs, axis=-1)
    return x, [xp.stack(kept) for kept in last]


def _unpacked(
    parameters: Array, mode: Mode, inputs: int, units: int, count: int, directions: int, projection: int | None
) -> list[list[Weights]]:
    """The weights that lie one after the other in a vector: first all matrices, then all biases."""
    rows, fed = mode.gates * units, projection or units
    at = 0

    def take(*shape: int) -> Any:
        nonlocal at
        size = shape[0] * (shape[1] if len(shape) == 2 else 1)
        at += size
        return namespace(parameters).reshape(parameters[at - size : at], shape)

    widths = [width for width in (inputs, *[fed * directions] * (count - 1)) for _ in range(directions)]
    matrices = [(take(rows, n), take(rows, fed), take(fed, units) if projection else None) for n in widths]
    biases = [(take(rows), take(rows)) for _ in matrices]
    flat = [Weights(m[0], m[1], *b, m[2]) for m, b in zip(matrices, biases, strict=True)]
    return [flat[i : i + directions] for i in range(0, len(flat), directions)]


def rnn(
    data: Any,
    parameters: Any,
    state: Any,
    state_cell: Any = None,
    sequence_length: Any = None,
    state_size: int = 0,
    num_layers: int = 1,
    bidirectional: bool = False,
    mode: str = "lstm",
    p: float = 0.0,
    state_outputs: bool = False,
    projection_size: int | None = None,
    lstm_state_clip_min: float | None = None,
    lstm_state_clip_max: float | None = None,
    lstm_state_clip_nan: bool = False,
    use_sequence_length: bool = False,
) -> Any:
    """Recurrent layers whose weights lie one after the other in a vector.

    Parameters
    ----------
    data : Array
        (steps, batch, inputs).
    parameters : Array
        For each layer and direction the weights of inputs and states, and then the biases of both.
    state, state_cell : Array
        The first states, (layers * directions, batch, units); an LSTM has two.
    sequence_length : Array, optional
        With `use_sequence_length`, the length of each sequence.
    state_size, num_layers, bidirectional : int, int, bool
        How many units and layers there are, and whether they run in both directions.
    mode : {"rnn_relu", "rnn_tanh", "lstm", "gru"}
        The kind of cell.
    p : float
        The probability of dropout between layers.
    state_outputs : bool
        Return also the last states.
    projection_size : int, optional
        To how many units an LSTM's output is reduced.
    lstm_state_clip_min, lstm_state_clip_max : float, optional
        Between what the cell of an LSTM is kept.
    lstm_state_clip_nan, use_sequence_length : bool
        See above; NaN stays.
    """
    if mode not in MODES:
        raise MXNetError(f"RNN of mode {mode!r} is not provided: there are {', '.join(MODES)}.")
    x, kind = as_array(data), MODES[mode]
    if use_sequence_length and kind.states == 1 and sequence_length is None:
        state_cell, sequence_length = None, state_cell
    states = [as_array(state)] + ([as_array(state_cell)] if kind.states == 2 else [])
    weights = _unpacked(
        as_array(parameters), kind, x.shape[2], state_size, num_layers, 1 + bidirectional, projection_size
    )
    clip = None if lstm_state_clip_min is None else (lstm_state_clip_min, lstm_state_clip_max)
    lengths = integers(sequence_length) if use_sequence_length else None
    out, last = layers(mode, x, states, weights, p, lengths, clip)
    return [out, *last] if state_outputs else out
