"""Recurrent cells: one step at a time, or unrolled over a sequence."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from xpgrad.mxnet.arrays import NDArray, dressed, kind_of, plain
from xpgrad.mxnet.generator import draw
from xpgrad.mxnet.gluon.block import Block, HybridBlock
from xpgrad.mxnet.gluon.parameter import Parameter
from xpgrad.mxnet.gluon.rnn.layers import begin_states
from xpgrad.mxnet.ops import neural, recurrent
from xpgrad.mxnet.ops.arrays import namespace
from xpgrad.mxnet.ops.recurrent import Weights
from xpgrad.mxnet.ops.sequence import sequence_last, sequence_mask, sequence_reverse
from xpgrad.scope import is_training


def _steps(inputs: Any, axis: int) -> list[Any]:
    """The steps of a sequence, which is an array or a list already."""
    if not isinstance(inputs, NDArray):
        return list(inputs)
    x = plain(inputs)
    return [dressed(step, kind_of(inputs)) for step in namespace(x).unstack(x, axis=axis)]


def _joined(steps: list[Any], axis: int) -> Any:
    """Steps as one array."""
    listed = plain(steps)
    return dressed(namespace(listed[0]).stack(listed, axis=axis), kind_of(steps[0]))


class RecurrentCell(Block):
    """A cell: ``output, states = cell(input, states)``."""

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        """The shape and layout of each state."""
        raise NotImplementedError(f"{type(self).__name__} has no state_info().")

    def reset(self) -> None:
        """Forget what is kept from step to step."""
        for child in self._children.values():
            if isinstance(child, RecurrentCell):
                child.reset()

    def begin_state(self, batch_size: int = 0, func: Any = None, **kwargs: Any) -> list[Any]:
        """The first states, zeros or what a function of their shape makes."""
        return begin_states(self.state_info(batch_size), func, kwargs)

    def unroll(
        self,
        length: int,
        inputs: Any,
        begin_state: Any = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Any, Any]:
        """Run over a sequence.

        Parameters
        ----------
        length : int
            The number of steps.
        inputs : NDArray, or list of NDArray
            A sequence in one array, or its steps.
        begin_state : list of NDArray, optional
            The first states; zeros by default.
        layout : {"NTC", "TNC"}
            The order of batch, steps and units.
        merge_outputs : bool, optional
            Whether the outputs are one array; by default as the inputs are.
        valid_length : NDArray, optional
            The length of each sequence; what comes after it is 0, and the states are those at its end.
        """
        self.reset()
        axis = layout.index("T")
        merge = isinstance(inputs, NDArray) if merge_outputs is None else merge_outputs
        steps = _steps(inputs, axis)
        states = self.begin_state(steps[0].shape[0], ctx=steps[0].ctx) if begin_state is None else begin_state
        outputs, states = self._unrolled(steps[:length], list(states), valid_length)
        if valid_length is not None:
            x = plain(_joined(outputs, axis))
            masked = dressed(sequence_mask(x, plain(valid_length), True, 0.0, axis), kind_of(outputs[0]))
            return (masked if merge else _steps(masked, axis)), states
        return (_joined(outputs, axis) if merge else outputs), states

    def _unrolled(self, steps: list[Any], states: list[Any], valid_length: Any) -> tuple[list[Any], list[Any]]:
        """The output of every step, and the last states, or those at the end of each sequence."""
        outputs, history = [], []
        for x in steps:
            out, states = self(x, states)
            outputs.append(out)
            history.append(states)
        if valid_length is not None:
            states = [
                dressed(sequence_last(plain(_joined(list(kept), 0)), plain(valid_length), True), kind_of(kept[0]))
                for kept in zip(*history, strict=True)
            ]
        return outputs, states


class HybridRecurrentCell(RecurrentCell, HybridBlock):
    """The same; MXNet can compile it."""


class _GatedCell(HybridRecurrentCell):
    """A cell whose gates are sums of what inputs and states contribute.

    Parameters
    ----------
    hidden_size : int
        How many units it has.
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer : optional
        How the weights and biases of inputs (i2h) and states (h2h) begin.
    input_size : int
        How many inputs it has; 0 where the first step finds it.
    activation, recurrent_activation : str
        The activation functions of its output and of its gates.
    """

    _gates, _states = 1, 1

    def __init__(
        self,
        hidden_size: int,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._hidden_size = hidden_size
        self._activation = activation
        self._recurrent_activation = recurrent_activation
        rows = self._gates * hidden_size
        options: Any = {"allow_deferred_init": True}
        self.i2h_weight = Parameter("i2h_weight", shape=(rows, input_size), init=i2h_weight_initializer, **options)
        self.h2h_weight = Parameter("h2h_weight", shape=(rows, hidden_size), init=h2h_weight_initializer, **options)
        self.i2h_bias = Parameter("i2h_bias", shape=(rows,), init=i2h_bias_initializer, **options)
        self.h2h_bias = Parameter("h2h_bias", shape=(rows,), init=h2h_bias_initializer, **options)

    def _alias(self) -> str:
        return type(self).__name__.removesuffix("Cell").lower()

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        """The shape and layout of each state."""
        return [{"shape": (batch_size, self._hidden_size), "__layout__": "NC"}] * self._states

    def infer_shape(self, x: Any, *args: Any) -> None:
        """Find the number of inputs."""
        self.i2h_weight.shape = (self._gates * self._hidden_size, x.shape[-1])

    def forward(self, inputs: Any, states: Any) -> Any:
        """One step."""
        x, state = plain(inputs), tuple(map(plain, states))
        weights = Weights(*(p.beside(x) for p in (self.i2h_weight, self.h2h_weight, self.i2h_bias, self.h2h_bias)))
        contributed = (
            neural.fully_connected(x, weights.i2h_weight, weights.i2h_bias, flatten=False),
            neural.fully_connected(state[0], weights.h2h_weight, weights.h2h_bias, flatten=False),
        )
        new = dressed(list(self._step(*contributed, state)), kind_of(inputs))
        return new[0], new

    def _step(self, inputs: Any, hidden: Any, state: Any) -> Any:
        """The new states, of which the first is the output."""
        raise NotImplementedError

    def _activate(self, x: Any) -> Any:
        return _activated(x, self._activation)

    def _gate(self, x: Any) -> Any:
        return _activated(x, self._recurrent_activation)

    def __repr__(self) -> str:
        rows, inputs = self.i2h_weight.shape or (0, 0)
        return f"{type(self).__name__}({inputs or None} -> {rows})"


def _activated(x: Any, activation: Any) -> Any:
    """An activation function, by name or as a block or function of arrays."""
    return neural.activation(x, activation) if isinstance(activation, str) else plain(activation(dressed(x, NDArray)))


class RNNCell(_GatedCell):
    """A plain recurrent cell."""

    def __init__(self, hidden_size: int, activation: Any = "tanh", **kwargs: Any) -> None:
        super().__init__(hidden_size, activation=activation, **kwargs)

    def _step(self, inputs: Any, hidden: Any, state: Any) -> Any:
        return recurrent.simple(self._activate)(inputs, hidden, state)

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, {self._activation})"


class LSTMCell(_GatedCell):
    """A cell of an LSTM (Hochreiter and Schmidhuber, 1997)."""

    _gates, _states = 4, 2

    def _step(self, inputs: Any, hidden: Any, state: Any) -> Any:
        return recurrent.lstm(inputs, hidden, state, self._activate, self._gate)


class GRUCell(_GatedCell):
    """A cell of a GRU (Cho and others, 2014)."""

    _gates = 3

    def _step(self, inputs: Any, hidden: Any, state: Any) -> Any:
        return recurrent.gru(inputs, hidden, state, self._activate, self._gate)


class SequentialRNNCell(RecurrentCell):
    """Cells one upon the other."""

    def add(self, cell: RecurrentCell) -> None:
        """Put a cell on top."""
        self.register_child(cell)

    @property
    def _cells(self) -> list[Any]:
        return list(self._children.values())

    def _shares(self, states: Any) -> list[list[Any]]:
        """The states of each cell."""
        ends = [0]
        for cell in self._cells:
            ends.append(ends[-1] + len(cell.state_info()))
        return [list(states[a:b]) for a, b in pairwise(ends)]

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        """The shapes and layouts of all states."""
        return [info for cell in self._cells for info in cell.state_info(batch_size)]

    def begin_state(self, batch_size: int = 0, func: Any = None, **kwargs: Any) -> list[Any]:
        """The first states of all cells."""
        return [state for cell in self._cells for state in cell.begin_state(batch_size, func, **kwargs)]

    def forward(self, inputs: Any, states: Any) -> Any:
        """One step of all cells."""
        new: list[Any] = []
        for cell, own in zip(self._cells, self._shares(states), strict=True):
            inputs, own = cell(inputs, own)
            new += own
        return inputs, new

    def _unrolled(self, steps: list[Any], states: list[Any], valid_length: Any) -> tuple[list[Any], list[Any]]:
        new: list[Any] = []
        for cell, own in zip(self._cells, self._shares(states), strict=True):
            steps, own = cell._unrolled(steps, own, valid_length)
            new += own
        return steps, new

    def __getitem__(self, i: int) -> Any:
        return self._cells[i]

    def __len__(self) -> int:
        return len(self._children)


class HybridSequentialRNNCell(SequentialRNNCell, HybridRecurrentCell):
    """The same; MXNet can compile it."""

    def forward(self, inputs: Any, states: Any) -> Any:
        """One step of all cells."""
        return SequentialRNNCell.forward(self, inputs, states)


class DropoutCell(HybridRecurrentCell):
    """Dropout between cells; it has no states."""

    def __init__(self, rate: float, axes: tuple[int, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._rate = rate
        self._axes = axes

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        """No states."""
        return []

    def forward(self, inputs: Any, states: Any) -> Any:
        """One step."""
        return dressed(neural.dropout(plain(inputs), self._rate, axes=self._axes), kind_of(inputs)), states

    def __repr__(self) -> str:
        return f"{type(self).__name__}(rate={self._rate}, axes={self._axes})"


class ModifierCell(HybridRecurrentCell):
    """A cell that changes what another one does."""

    def __init__(self, base_cell: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.base_cell = base_cell

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        """The states of the other cell."""
        return self.base_cell.state_info(batch_size)

    def begin_state(self, batch_size: int = 0, func: Any = None, **kwargs: Any) -> list[Any]:
        """The first states of the other cell."""
        return self.base_cell.begin_state(batch_size, func, **kwargs)


class ResidualCell(ModifierCell):
    """The input is added to the output."""

    def forward(self, inputs: Any, states: Any) -> Any:
        """One step."""
        out, states = self.base_cell(inputs, states)
        return out + inputs, states


class ZoneoutCell(ModifierCell):
    """In training, parts of outputs and states stay at random what they were (Krueger and others, 2016)."""

    def __init__(
        self, base_cell: Any, zoneout_outputs: float = 0.0, zoneout_states: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(base_cell, **kwargs)
        self._rates = (zoneout_outputs, zoneout_states)
        self._previous: Any = None

    def reset(self) -> None:
        """Forget the output of the step before."""
        super().reset()
        self._previous = None

    def forward(self, inputs: Any, states: Any) -> Any:
        """One step."""
        out, new = self.base_cell(inputs, states)
        out = _stays(self._rates[0], out, 0 * out if self._previous is None else self._previous)
        self._previous = out
        return out, [_stays(self._rates[1], a, b) for a, b in zip(new, states, strict=True)]


def _stays(rate: float, new: Any, old: Any) -> Any:
    """Elements of something new that, in training, stay with this probability what they were."""
    if not rate or not is_training():
        return new
    x = plain(new)
    stay = draw("random", size=x.shape, dtype=x.dtype) < rate
    return dressed(namespace(x).where(stay, plain(old), x), kind_of(new))


class BidirectionalCell(HybridRecurrentCell):
    """Two cells that run over a sequence in opposite directions; their outputs are joined. Only for `unroll`."""

    def __init__(self, l_cell: Any, r_cell: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.l_cell = l_cell
        self.r_cell = r_cell

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Raise: a step has no place in both directions."""
        raise NotImplementedError("a bidirectional cell needs the whole sequence: call unroll().")

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        """The states of both."""
        return [*self.l_cell.state_info(batch_size), *self.r_cell.state_info(batch_size)]

    def begin_state(self, batch_size: int = 0, func: Any = None, **kwargs: Any) -> list[Any]:
        """The first states of both."""
        return [state for cell in (self.l_cell, self.r_cell) for state in cell.begin_state(batch_size, func, **kwargs)]

    def _unrolled(self, steps: list[Any], states: list[Any], valid_length: Any) -> tuple[list[Any], list[Any]]:
        count = len(self.l_cell.state_info())
        forth, last = self.l_cell._unrolled(steps, states[:count], valid_length)
        back, first = self.r_cell._unrolled(_backwards(steps, valid_length), states[count:], valid_length)
        joined = [
            dressed(namespace(a).concat([plain(a), plain(b)], axis=-1), kind_of(a))
            for a, b in zip(forth, _backwards(back, valid_length), strict=True)
        ]
        return joined, [*last, *first]


def _backwards(steps: list[Any], valid_length: Any) -> list[Any]:
    """A sequence backwards; what comes after its end stays."""
    if valid_length is None:
        return steps[::-1]
    x = _joined(steps, 0)
    return _steps(dressed(sequence_reverse(plain(x), plain(valid_length), True), kind_of(x)), 0)
