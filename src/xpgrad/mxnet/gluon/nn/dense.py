"""Dense layers, and those without weights that stand between them."""

from __future__ import annotations

from math import prod
from typing import Any

from xpgrad.mxnet.gluon.block import HybridBlock, computes
from xpgrad.mxnet.gluon.nn.activations import Activation
from xpgrad.mxnet.gluon.parameter import Parameter
from xpgrad.mxnet.ops import indexing, neural


class Dense(HybridBlock):
    """``activation(x @ weight.T + bias)``.

    Parameters
    ----------
    units : int
        The number of outputs.
    activation : str, optional
        The name of the activation function; none by default.
    use_bias : bool
        Whether something is added.
    flatten : bool
        Whether all axes but the first count as one; otherwise the last axis alone counts.
    dtype : optional
        That of the parameters.
    weight_initializer, bias_initializer : Initializer or str, optional
        How they begin.
    in_units : int
        The number of inputs; 0 where the first forward pass finds it.
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        flatten: bool = True,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_units: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._flatten = flatten
        self._units = units
        options: dict[str, Any] = {"dtype": dtype, "allow_deferred_init": True}
        self.weight = Parameter("weight", shape=(units, in_units), init=weight_initializer, **options)
        self.bias = Parameter("bias", shape=(units,), init=bias_initializer, **options) if use_bias else None
        self.act = None if activation is None else Activation(activation)

    @computes
    def forward(self, x: Any) -> Any:
        """The outputs for a batch of inputs."""
        bias = None if self.bias is None else self.bias.beside(x)
        out = neural.fully_connected(x, self.weight.beside(x), bias, self._units, bias is None, self._flatten)
        return out if self.act is None else neural.activation(out, self.act._act_type)

    def infer_shape(self, x: Any, *args: Any) -> None:
        """Find the number of inputs."""
        self.weight.shape = (self._units, prod(x.shape[1:]) if self._flatten else x.shape[-1])

    def __repr__(self) -> str:
        units, in_units = self.weight.shape or (self._units, None)
        return f"{type(self).__name__}({in_units or None} -> {units}, {self.act or 'linear'})"


class Dropout(HybridBlock):
    """In training, elements set to 0 at random, and the others scaled so that the mean stays.

    Parameters
    ----------
    rate : float
        The probability of 0.
    axes : tuple of int
        Along these, all elements share their fate.
    """

    def __init__(self, rate: float, axes: tuple[int, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._rate = rate
        self._axes = axes

    @computes
    def forward(self, x: Any) -> Any:
        """The input, with zeros in training."""
        return neural.dropout(x, self._rate, axes=self._axes)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p = {self._rate}, axes={self._axes})"


class Embedding(HybridBlock):
    """For every integer a row of the weight.

    Parameters
    ----------
    input_dim : int
        How many integers there are.
    output_dim : int
        The length of a row.
    dtype : optional
        That of the weight.
    weight_initializer : Initializer or str, optional
        How it begins.
    sparse_grad : bool
        Not used: gradients are dense.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        sparse_grad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._dims = (input_dim, output_dim)
        self._dtype = dtype
        self.weight = Parameter(
            "weight", shape=self._dims, init=weight_initializer, dtype=dtype, allow_deferred_init=True
        )

    @computes
    def forward(self, x: Any) -> Any:
        """The rows that integers name."""
        return indexing.embedding(x, self.weight.beside(x), *self._dims)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._dims[0]} -> {self._dims[1]}, {self._dtype})"


class Flatten(HybridBlock):
    """All axes but the first as one."""

    @computes
    def forward(self, x: Any) -> Any:
        """The same elements with two axes."""
        return neural.batch_flatten(x)

    def __repr__(self) -> str:
        return type(self).__name__
