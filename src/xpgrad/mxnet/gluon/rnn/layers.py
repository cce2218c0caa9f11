"""Recurrent layers over whole sequences."""

from __future__ import annotations

from typing import Any

from xpgrad.mxnet.arrays import NDArray, current_kind, dressed, kind_of, plain
from xpgrad.mxnet.context import at
from xpgrad.mxnet.gluon.block import HybridBlock
from xpgrad.mxnet.gluon.parameter import Parameter
from xpgrad.mxnet.ops.arrays import namespace
from xpgrad.mxnet.ops.creation import zeros
from xpgrad.mxnet.ops.indexing import integers
from xpgrad.mxnet.ops.recurrent import MODES, Weights, layers


class _RNNLayer(HybridBlock):
    """Layers of cells, one upon the other, in one direction or in both.

    Called with inputs it gives the outputs of the last layer; called with inputs and states, outputs and states.

    Parameters
    ----------
    hidden_size, num_layers : int
        How many units a layer has, and how many layers there are.
    layout : {"TNC", "NTC"}
        The order of steps, batch and units.
    dropout : float
        The probability with which, in training, what a layer gives to the next is set to 0.
    bidirectional : bool
        Whether another layer runs backwards beside each.
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer : optional
        How the weights and biases of inputs (i2h) and states (h2h) begin.
    input_size : int
        How many inputs a step has; 0 where the first forward pass finds it.
    dtype : optional
        That of the parameters.
    projection_size : int, optional
        To how many units an LSTM's output is reduced.
    use_sequence_length : bool
        Whether the layer is called with the length of each sequence, too.
    state_clip_min, state_clip_max : float, optional
        Between what the cell of an LSTM is kept.
    """

    #: The kind of cell, a name in `MODES`.
    _mode = ""

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        layout: str = "TNC",
        dropout: float = 0,
        bidirectional: bool = False,
        input_size: int = 0,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        dtype: Any = "float32",
        projection_size: int | None = None,
        h2r_weight_initializer: Any = None,
        use_sequence_length: bool = False,
        state_clip_min: float | None = None,
        state_clip_max: float | None = None,
        state_clip_nan: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if layout not in ("TNC", "NTC"):
            raise ValueError(f"layout is 'TNC' or 'NTC', not {layout!r}.")
        self._hidden_size = hidden_size
        self._num_layers = num_layers
        self._layout = layout
        self._dropout = dropout
        self._directions = "lr" if bidirectional else "l"
        self._input_size = input_size
        self._dtype = dtype
        self._projection_size = projection_size
        self._use_sequence_length = use_sequence_length
        self._clip = None if state_clip_min is None else (state_clip_min, state_clip_max)
        rows, fed = MODES[self._mode].gates * hidden_size, projection_size or hidden_size
        for layer in range(num_layers):
            width = fed * len(self._directions) if layer else input_size
            made: dict[str, tuple[tuple[int, ...], Any]] = {
                "i2h_weight": ((rows, width), i2h_weight_initializer),
                "h2h_weight": ((rows, fed), h2h_weight_initializer),
                "i2h_bias": ((rows,), i2h_bias_initializer),
                "h2h_bias": ((rows,), h2h_bias_initializer),
            }
            if projection_size:
                made["h2r_weight"] = ((fed, hidden_size), h2r_weight_initializer)
            for direction in self._directions:
                for kind, (shape, init) in made.items():
                    name = f"{direction}{layer}_{kind}"
                    setattr(self, name, Parameter(name, shape=shape, init=init, dtype=dtype, allow_deferred_init=True))

    def _weights(self, x: Any) -> list[list[Weights]]:
        """For every layer the weights of its directions."""
        names = ("i2h_weight", "h2h_weight", "i2h_bias", "h2h_bias", *(["h2r_weight"] if self._projection_size else []))
        return [
            [
                Weights(*(self._reg_params[f"{side}{layer}_{name}"].beside(x) for name in names))
                for side in self._directions
            ]
            for layer in range(self._num_layers)
        ]

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        """The shape and layout of each state."""
        count = self._num_layers * len(self._directions)
        sizes = [self._projection_size or self._hidden_size, self._hidden_size][: MODES[self._mode].states]
        return [{"shape": (count, batch_size, n), "__layout__": "LNC", "dtype": self._dtype} for n in sizes]

    def begin_state(self, batch_size: int = 0, func: Any = None, **kwargs: Any) -> list[Any]:
        """The first states, zeros or what a function of their shape makes."""
        return begin_states(self.state_info(batch_size), func, kwargs)

    def __call__(self, inputs: Any, states: Any = None, sequence_length: Any = None, **kwargs: Any) -> Any:
        listed = [states] if isinstance(states, NDArray) else states
        out, last = super().__call__(inputs, listed, sequence_length, **kwargs)
        return out if states is None else (out, last)

    def forward(self, inputs: Any, states: Any = None, sequence_length: Any = None) -> Any:
        """The outputs of the last layer, and the last states of all."""
        x = plain(inputs)
        xp = namespace(x)
        x = xp.moveaxis(x, 0, 1) if self._layout == "NTC" else x
        weights = self._weights(x)
        info = self.state_info(x.shape[1])
        if states is None:
            first = [xp.zeros(state["shape"], dtype=x.dtype, device=x.device) for state in info]
        else:
            first = plain(list(states))
            for state, expected in zip(first, info, strict=True):
                if state.shape != expected["shape"]:
                    raise ValueError(f"a state has the shape {state.shape}; {expected['shape']} is expected.")
        lengths = integers(plain(sequence_length)) if self._use_sequence_length else None
        out, last = layers(self._mode, x, first, weights, self._dropout, lengths, self._clip)
        out = xp.moveaxis(out, 0, 1) if self._layout == "NTC" else out
        return dressed((out, last), kind_of(inputs))

    def infer_shape(self, inputs: Any, *args: Any) -> None:
        """Find the number of inputs."""
        self._input_size = inputs.shape[2]
        for direction in self._directions:
            weight = self._reg_params[f"{direction}0_i2h_weight"]
            weight.shape = (MODES[self._mode].gates * self._hidden_size, self._input_size)

    def __repr__(self) -> str:
        shown = [f"{self._input_size or None} -> {self._hidden_size}", self._layout]
        shown += [f"num_layers={self._num_layers}"] if self._num_layers != 1 else []
        shown += [f"dropout={self._dropout}"] if self._dropout else []
        shown += ["bidirectional"] if len(self._directions) == 2 else []
        return f"{type(self).__name__}({', '.join(shown)})"


class RNN(_RNNLayer):
    """Layers of plain recurrent cells, whose activation is "relu" or "tanh"."""

    def __init__(self, hidden_size: int, num_layers: int = 1, activation: str = "relu", *args: Any, **kwargs: Any):
        if f"rnn_{activation}" not in MODES:
            raise ValueError(f"activation is 'relu' or 'tanh', not {activation!r}.")
        self._mode = f"rnn_{activation}"
        super().__init__(hidden_size, num_layers, *args, **kwargs)


class LSTM(_RNNLayer):
    """Layers of LSTM cells (Hochreiter and Schmidhuber, 1997)."""

    _mode = "lstm"


class GRU(_RNNLayer):
    """Layers of GRU cells (Cho and others, 2014)."""

    _mode = "gru"


def begin_states(info: list[dict[str, Any]], func: Any, options: dict[str, Any]) -> list[Any]:
    """The first states of cells or layers, zeros or what a function of their shape makes."""
    if func is not None:
        return [func(shape=state["shape"], **options) for state in info]
    with at(options.get("ctx") or options.get("device")):
        return [
            dressed(zeros(state["shape"], options.get("dtype") or state.get("dtype")), current_kind()) for state in info
        ]
