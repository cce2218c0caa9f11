"""mx.init: how parameters begin.

An initializer of the user's own is a subclass of `Initializer` whose ``_init_weight(name, array)`` writes to the array.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from xpgrad.mxnet.arrays import NDArray, plain
from xpgrad.mxnet.base import lacking, registry
from xpgrad.mxnet.generator import draw
from xpgrad.mxnet.ops.arrays import namespace
from xpgrad.mxnet.ops.creation import array
from xpgrad.mxnet.provide import written

register, create = registry("initializer")


class InitDesc(str):
    """The name of what is initialised, with attributes."""

    attrs: dict[str, str]
    global_init: Any

    def __new__(cls, name: str, attrs: dict[str, str] | None = None, global_init: Any = None) -> InitDesc:
        """Make a name."""
        self = super().__new__(cls, name)
        self.attrs, self.global_init = attrs or {}, global_init
        return self


class Initializer:
    """Writes what a parameter begins with: ``initializer(name, array)``.

    What the name ends with decides: biases, means and the like begin at 0, scales and variances at 1, weights as the
    method `_init_weight` says. A parameter of `gluon` that has an initializer of its own, or none but that of its
    network, begins as `_init_weight` says, whatever its name.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs

    def __call__(self, desc: str, arr: NDArray) -> None:
        """Write to an array what something of this name begins with."""
        if desc.endswith(("bias", "beta", "running_mean", "moving_mean", "min")):
            arr[:] = 0.0
        elif desc.endswith(("gamma", "running_var", "moving_var", "max")):
            arr[:] = 1.0
        else:
            self._init_weight(desc, arr)

    def _init_weight(self, name: str, arr: NDArray) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no _init_weight(name, array).")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Initializer):
            return NotImplemented
        return type(self) is type(other) and self._kwargs == other._kwargs

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._kwargs.items())})"


@register("zeros")
class Zero(Initializer):
    """Zeros."""

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = 0


@register("ones")
class One(Initializer):
    """Ones."""

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = 1


@register()
class Constant(Initializer):
    """A number, or the elements of an array."""

    def __init__(self, value: Any) -> None:
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = self.value


@register()
class Uniform(Initializer):
    """Uniformly distributed from -scale to scale."""

    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, name: str, arr: NDArray) -> None:
        written(draw("uniform", -self.scale, self.scale, size=arr.shape, dtype=arr.dtype), arr)


@register()
class Normal(Initializer):
    """Normally distributed with mean 0 and standard deviation sigma."""

    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, name: str, arr: NDArray) -> None:
        written(self.sigma * draw("standard_normal", size=arr.shape, dtype=arr.dtype), arr)


@register()
class Orthogonal(Initializer):
    """A matrix with orthogonal rows or columns (Saxe and others, 2013), times a number."""

    def __init__(self, scale: float = 1.414, rand_type: str = "uniform") -> None:
        super().__init__(scale=scale, rand_type=rand_type)
        self.scale = scale
        self.rand_type = rand_type

    def _init_weight(self, name: str, arr: NDArray) -> None:
        ends = {"uniform": (-1.0, 1.0), "normal": (0.0, 1.0)}[self.rand_type]
        shape = (arr.shape[0], prod(arr.shape[1:]))
        random = draw(self.rand_type, *ends, size=shape, dtype=arr.dtype)
        u, _, v = namespace(random).linalg.svd(random, full_matrices=False)
        written(self.scale * (u if u.shape == shape else v), arr)


@register()
class Xavier(Initializer):
    """Numbers whose spread keeps that of activations and gradients alike (Glorot and Bengio, 2010).

    Parameters
    ----------
    rnd_type : {"uniform", "gaussian"}
        Their distribution.
    factor_type : {"avg", "in", "out"}
        Whether the number of inputs, of outputs, or the mean of both counts.
    magnitude : float
        The variance is this over that number; a third of it where they are uniform.
    """

    def __init__(self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3) -> None:
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        self.rnd_type = rnd_type
        self.factor_type = factor_type
        self.magnitude = float(magnitude)

    def _init_weight(self, name: str, arr: NDArray) -> None:
        if arr.ndim < 2:
            raise ValueError(f"Xavier needs two axes, inputs and outputs, but {name!r} has the shape {arr.shape}.")
        places = prod(arr.shape[2:])
        fan_in, fan_out = arr.shape[1] * places, arr.shape[0] * places
        factor = {"avg": (fan_in + fan_out) / 2, "in": fan_in, "out": fan_out}[self.factor_type]
        scale = (self.magnitude / factor) ** 0.5
        distribution, low, high = {"uniform": ("uniform", -scale, scale), "gaussian": ("normal", 0.0, scale)}[
            self.rnd_type
        ]
        written(draw(distribution, low, high, size=arr.shape, dtype=arr.dtype), arr)


@register()
class MSRAPrelu(Xavier):
    """The same for rectifiers (He and others, 2015)."""

    def __init__(self, factor_type: str = "avg", slope: float = 0.25) -> None:
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope**2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}


@register()
class Bilinear(Initializer):
    """The weights of a deconvolution that interpolates."""

    def _init_weight(self, name: str, arr: NDArray) -> None:
        half = -(-arr.shape[-1] // 2)
        centre = (2 * half - 1 - half % 2) / (2 * half)

        def hat(n: int) -> list[float]:
            return [1 - abs(i / half - centre) for i in range(n)]

        arr[:] = array([[y * x for x in hat(arr.shape[-1])] for y in hat(arr.shape[-2])], arr.dtype)


@register()
class LSTMBias(Initializer):
    """0, except for the forget gate."""

    def __init__(self, forget_bias: float = 1.0) -> None:
        super().__init__(forget_bias=forget_bias)
        self.forget_bias = forget_bias

    def _init_weight(self, name: str, arr: NDArray) -> None:
        gate = arr.shape[0] // 4
        arr[:] = 0.0
        arr[gate : 2 * gate] = self.forget_bias


class Load:
    """What lies in a dict of arrays, by name; for other names another initializer."""

    def __init__(self, param: dict[str, Any], default_init: Any = None, verbose: bool = False) -> None:
        self.param = {name.removeprefix("arg:").removeprefix("aux:"): value for name, value in param.items()}
        self.default_init = default_init

    def __call__(self, name: str, arr: NDArray) -> None:
        """Write to an array what is stored under its name."""
        if name in self.param:
            written(plain(self.param[name]), arr)
        elif self.default_init is None:
            raise ValueError(f"there is no {name!r} to load, and no default_init to begin it with.")
        else:
            self.default_init(name, arr)


class Mixed:
    """The first initializer whose pattern fits the name."""

    def __init__(self, patterns: Sequence[str], initializers: Sequence[Callable[[str, NDArray], None]]) -> None:
        self.map = list(zip(map(re.compile, patterns), initializers, strict=True))

    def __call__(self, name: str, arr: NDArray) -> None:
        """Write to an array what the first fitting initializer says."""
        for pattern, initialize in self.map:
            if pattern.match(name):
                initialize(name, arr)
                return
        raise ValueError(f"no pattern fits {name!r}: let the last one be '.*'.")


__getattr__ = lacking("mx.init", globals())
