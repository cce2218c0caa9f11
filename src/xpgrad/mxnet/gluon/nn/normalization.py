"""Layers that bring numbers to mean 0 and variance 1, and then to a mean and a scale that are learnt."""

from __future__ import annotations

from typing import Any

from xpgrad.mxnet.gluon.block import HybridBlock, computes
from xpgrad.mxnet.gluon.parameter import Parameter
from xpgrad.mxnet.ops import normalization, shapes


class _Normalization(HybridBlock):
    """The scale gamma and the shift beta of a normalisation, one number for each channel."""

    def __init__(
        self,
        axis: int,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        in_channels: int,
        shown: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._axis = axis
        self._epsilon = epsilon
        self._shown = shown
        self.gamma = self._by_channel("gamma", gamma_initializer, in_channels, scale)
        self.beta = self._by_channel("beta", beta_initializer, in_channels, center)

    def _by_channel(self, name: str, init: Any, channels: int, learnt: bool) -> Parameter:
        return Parameter(name, shape=(channels,), init=init, allow_deferred_init=True, differentiable=learnt)

    def infer_shape(self, x: Any, *args: Any) -> None:
        """Find the number of channels."""
        for parameter in self._reg_params.values():
            parameter.shape = (x.shape[self._axis],)

    def __repr__(self) -> str:
        shown = self._shown | {"in_channels": (self.gamma.shape or (None,))[0] or None}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


class BatchNorm(_Normalization):
    """Normalisation over all axes but that of the channels (Ioffe and Szegedy, 2015).

    Parameters
    ----------
    axis : int
        That of the channels.
    momentum : float
        The share of the old in the new running mean and variance, which training moves.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether beta and gamma are learnt.
    use_global_stats : bool
        Use the running numbers in training, too.
    beta_initializer, gamma_initializer, running_mean_initializer, running_variance_initializer : optional
        How they begin.
    in_channels : int
        The number of channels; 0 where the first forward pass finds it.
    """

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        running_mean_initializer: Any = "zeros",
        running_variance_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        self._options = {
            "eps": epsilon,
            "momentum": momentum,
            "fix_gamma": not scale,
            "use_global_stats": use_global_stats,
        }
        shown = {"axis": axis, **self._options}
        super().__init__(
            axis, epsilon, center, scale, beta_initializer, gamma_initializer, in_channels, shown, **kwargs
        )
        self.running_mean = self._by_channel("running_mean", running_mean_initializer, in_channels, learnt=False)
        self.running_var = self._by_channel("running_var", running_variance_initializer, in_channels, learnt=False)

    @computes
    def forward(self, x: Any) -> Any:
        """The batch, normalised."""
        return normalization.batch_norm(
            x,
            self.gamma.beside(x),
            self.beta.beside(x),
            self.running_mean.stored(x),
            self.running_var.stored(x),
            axis=self._axis,
            **self._options,
        )

    def cast(self, dtype: Any) -> None:
        """Convert the parameters; to float32 where float16 is asked for, which would lose too much."""
        super().cast("float32" if str(getattr(dtype, "__name__", dtype)) == "float16" else dtype)


class SyncBatchNorm(BatchNorm):
    """`BatchNorm`; there is one device here for every call, so there is nothing to keep in step."""

    def __init__(self, in_channels: int = 0, num_devices: int | None = None, **kwargs: Any) -> None:
        super().__init__(in_channels=in_channels, **kwargs)


class LayerNorm(_Normalization):
    """Normalisation along one axis (Ba and others, 2016)."""

    def __init__(
        self,
        axis: int = -1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        shown = {"eps": epsilon, "axis": axis, "center": center, "scale": scale}
        super().__init__(
            axis, epsilon, center, scale, beta_initializer, gamma_initializer, in_channels, shown, **kwargs
        )

    @computes
    def forward(self, x: Any) -> Any:
        """The array, normalised."""
        return normalization.layer_norm(x, self.gamma.beside(x), self.beta.beside(x), self._axis, self._epsilon)


class GroupNorm(_Normalization):
    """Normalisation of each group of channels of each sample (Wu and He, 2018)."""

    def __init__(
        self,
        num_groups: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        shown = {"eps": epsilon, "num_groups": num_groups, "center": center, "scale": scale}
        super().__init__(1, epsilon, center, scale, beta_initializer, gamma_initializer, in_channels, shown, **kwargs)
        self._num_groups = num_groups

    @computes
    def forward(self, x: Any) -> Any:
        """The batch, normalised."""
        return normalization.group_norm(x, self.gamma.beside(x), self.beta.beside(x), self._num_groups, self._epsilon)


class InstanceNorm(_Normalization):
    """Normalisation of each channel of each sample (Ulyanov and others, 2016)."""

    def __init__(
        self,
        axis: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        shown = {"eps": epsilon, "axis": axis, "center": center, "scale": scale}
        super().__init__(
            axis, epsilon, center, scale, beta_initializer, gamma_initializer, in_channels, shown, **kwargs
        )

    @computes
    def forward(self, x: Any) -> Any:
        """The batch, normalised."""
        turned = shapes.swapaxes(x, 1, self._axis)
        out = normalization.instance_norm(turned, self.gamma.beside(x), self.beta.beside(x), self._epsilon)
        return shapes.swapaxes(out, 1, self._axis)
