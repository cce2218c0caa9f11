"""Activation functions as layers."""

from __future__ import annotations

from typing import Any

from xpgrad.mxnet import initializer
from xpgrad.mxnet.gluon.block import HybridBlock, computes
from xpgrad.mxnet.gluon.parameter import Parameter
from xpgrad.mxnet.ops import neural
from xpgrad.mxnet.ops.elementwise import sigmoid


class Activation(HybridBlock):
    """An activation function, by name: relu, sigmoid, tanh, softrelu, softsign and others."""

    def __init__(self, activation: str, **kwargs: Any) -> None:
        self._act_type = activation  # names it in MXNet 1
        super().__init__(**kwargs)

    def _alias(self) -> str:
        return self._act_type

    @computes
    def forward(self, x: Any) -> Any:
        """The function, element by element."""
        return neural.activation(x, self._act_type)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._act_type})"


class _Rectifier(HybridBlock):
    """A layer of `npx.leaky_relu`."""

    def __init__(self, act_type: str, slope: float = 0.25, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._act_type = act_type
        self._alpha = slope

    @computes
    def forward(self, x: Any) -> Any:
        """The function, element by element."""
        return neural.leaky_relu(x, None, self._act_type, self._alpha)


class LeakyReLU(_Rectifier):
    """x where it is positive, and alpha x elsewhere."""

    def __init__(self, alpha: float, **kwargs: Any) -> None:
        if alpha < 0:
            raise ValueError("alpha must not be negative.")
        super().__init__("leaky", alpha, **kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._alpha})"


class ELU(_Rectifier):
    """x where it is positive, and alpha (exp(x) - 1) elsewhere."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__("elu", alpha, **kwargs)


class SELU(_Rectifier):
    """A scaled ELU that keeps mean and variance (Klambauer and others, 2017)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("selu", **kwargs)


class GELU(_Rectifier):
    """x times the probability that a normally distributed number is less (Hendrycks and Gimpel, 2016)."""

    def __init__(self, approximation: str = "erf", **kwargs: Any) -> None:
        if approximation not in ("erf", "tanh"):
            raise ValueError(f"approximation is 'erf' or 'tanh', not {approximation!r}.")
        super().__init__(f"gelu_{approximation}", **kwargs)


class PReLU(HybridBlock):
    """A leaky rectifier whose slopes are learnt."""

    def __init__(self, alpha_initializer: Any = None, in_channels: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        init = alpha_initializer or initializer.Constant(0.25)
        self.alpha = Parameter("alpha", shape=(in_channels,), init=init)

    @computes
    def forward(self, x: Any) -> Any:
        """The function, element by element."""
        return neural.leaky_relu(x, self.alpha.beside(x), "prelu")


class Swish(HybridBlock):
    """x sigmoid(beta x)."""

    def __init__(self, beta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._beta = beta

    @computes
    def forward(self, x: Any) -> Any:
        """The function, element by element."""
        return x * sigmoid(self._beta * x)


class SiLU(Swish):
    """x sigmoid(x)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1.0, **kwargs)
