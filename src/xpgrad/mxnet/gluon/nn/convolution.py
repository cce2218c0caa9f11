"""Convolutions and their transposes over one, two and three spatial axes."""

from __future__ import annotations

from typing import Any

from xpgrad.mxnet.gluon.block import HybridBlock, computes
from xpgrad.mxnet.gluon.nn.activations import Activation
from xpgrad.mxnet.gluon.parameter import Parameter
from xpgrad.mxnet.ops import convolution, neural, shapes
from xpgrad.mxnet.ops.arrays import namespace
from xpgrad.mxnet.ops.convolution import lengths


class _Conv(HybridBlock):
    """A layer of `npx.convolution`, or of its transpose.

    Parameters
    ----------
    channels : int
        The number of filters.
    kernel_size, strides, padding, dilation : int or tuple of int
        The shape of a filter, the steps between windows and between the elements of a window, and the zeros on both
        sides of an axis.
    groups : int
        Into how many groups the channels are divided; each has filters of its own.
    layout : str
        The order of the axes; that of the batch is N, that of the channels C.
    activation : str, optional
        The name of an activation function.
    use_bias : bool
        Whether each filter adds a number.
    weight_initializer, bias_initializer : Initializer or str, optional
        How they begin.
    in_channels : int
        The number of channels of the input; 0 where the first forward pass finds it.
    """

    #: The order of the axes; how many of them are spatial is the number of letters less two.
    _layout = ""

    def __init__(
        self,
        channels: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        layout: str | None = None,
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._layout = layout or self._layout
        ndim = len(self._layout) - 2
        self._kernel = lengths(kernel_size, ndim, 1)
        self._channels = channels
        self._options: dict[str, Any] = {
            "stride": lengths(strides, ndim, 1),
            "dilate": lengths(dilation, ndim, 1),
            "pad": lengths(padding, ndim, 0),
            "num_filter": channels,
            "num_group": groups,
            "layout": self._layout,
        }
        shape = self._weight_shape(in_channels)
        self.weight = Parameter("weight", shape=shape, init=weight_initializer, allow_deferred_init=True)
        self.bias = (
            Parameter("bias", shape=(channels,), init=bias_initializer, allow_deferred_init=True) if use_bias else None
        )
        self.act = None if activation is None else Activation(activation)

    def _alias(self) -> str:
        return "conv"

    def _weight_shape(self, in_channels: int) -> tuple[int, ...]:
        """The shape of the weight for a number of channels of the input."""
        return self._in_layout(self._channels, in_channels // self._options["num_group"])

    def _in_layout(self, first: int, second: int) -> tuple[int, ...]:
        """The kernel's shape with two more lengths, where the layout has N and C."""
        lengths_of = dict(zip(self._layout.replace("N", "").replace("C", ""), self._kernel, strict=True))
        return tuple({"N": first, "C": second, **lengths_of}[axis] for axis in self._layout)

    def _apply(self, x: Any, weight: Any, bias: Any) -> Any:
        return convolution.convolution(x, weight, bias, self._kernel, no_bias=bias is None, **self._options)

    @computes
    def forward(self, x: Any) -> Any:
        """What the filters find in a batch."""
        out = self._apply(x, self.weight.beside(x), None if self.bias is None else self.bias.beside(x))
        return out if self.act is None else neural.activation(out, self.act._act_type)

    def infer_shape(self, x: Any, *args: Any) -> None:
        """Find the number of channels."""
        self.weight.shape = self._weight_shape(x.shape[self._layout.index("C")])

    def __repr__(self) -> str:
        shape = self.weight.shape or ()
        mapping = f"{shape[self._layout.index('C')] or None} -> {self._channels}"
        ndim = len(self._kernel)
        shown = [f"kernel_size={self._kernel}", f"stride={self._options['stride']}"]
        usual = (("padding", "pad", (0,) * ndim), ("dilation", "dilate", (1,) * ndim), ("groups", "num_group", 1))
        shown += [f"{name}={self._options[key]}" for name, key, value in usual if self._options[key] != value]
        shown += ["bias=False"] if self.bias is None else []
        shown += [f"{self.act}"] if self.act else []
        return f"{type(self).__name__}({mapping}, {', '.join(shown)})"


class Conv1D(_Conv):
    """Convolution over one axis, (batch, channels, length)."""

    _layout = "NCW"


class Conv2D(_Conv):
    """Convolution over two axes, (batch, channels, height, width)."""

    _layout = "NCHW"


class Conv3D(_Conv):
    """Convolution over three axes, (batch, channels, depth, height, width)."""

    _layout = "NCDHW"


class _Transpose(_Conv):
    """A layer of `npx.deconvolution`; `output_padding` adds elements at the end of each axis."""

    def __init__(
        self,
        channels: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        layout: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(channels, kernel_size, strides, padding, dilation, groups, layout, **kwargs)
        self._options["adj"] = lengths(output_padding, len(self._kernel), 0)

    def _weight_shape(self, in_channels: int) -> tuple[int, ...]:
        return self._in_layout(in_channels, self._channels // self._options["num_group"])

    def _apply(self, x: Any, weight: Any, bias: Any) -> Any:
        return convolution.deconvolution(x, weight, bias, self._kernel, no_bias=bias is None, **self._options)


class Conv1DTranspose(_Transpose):
    """The transpose of `Conv1D`."""

    _layout = "NCW"


class Conv2DTranspose(_Transpose):
    """The transpose of `Conv2D`."""

    _layout = "NCHW"


class Conv3DTranspose(_Transpose):
    """The transpose of `Conv3D`."""

    _layout = "NCDHW"


class ReflectionPad2D(HybridBlock):
    """Two spatial axes continued by their mirror image."""

    def __init__(self, padding: Any = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._padding = (0,) * 4 + (padding,) * 4 if isinstance(padding, int) else tuple(padding)

    @computes
    def forward(self, x: Any) -> Any:
        """The batch with its mirror images."""
        widths = tuple(zip(self._padding[::2], self._padding[1::2], strict=True))
        return shapes.pad(x, widths, mode="reflect")


class _PixelShuffle(HybridBlock):
    """Channels laid out in space: each block of channels becomes a block of pixels (Shi and others, 2016)."""

    #: How many axes are spatial.
    _ndim = 0

    def __init__(self, factor: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._factors = lengths(factor, self._ndim, 1)

    @computes
    def forward(self, x: Any) -> Any:
        """The batch with fewer channels and longer spatial axes."""
        ndim, (batch, _, *shape) = self._ndim, x.shape
        xp = namespace(x)
        parts = xp.reshape(x, (batch, -1, *self._factors, *shape))
        order = (0, 1, *(axis for i in range(ndim) for axis in (2 + ndim + i, 2 + i)))
        longer = (n * f for n, f in zip(shape, self._factors, strict=True))
        return xp.reshape(xp.permute_dims(parts, order), (batch, -1, *longer))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._factors})"


class PixelShuffle1D(_PixelShuffle):
    """Over one axis."""

    _ndim = 1


class PixelShuffle2D(_PixelShuffle):
    """Over two axes."""

    _ndim = 2


class PixelShuffle3D(_PixelShuffle):
    """Over three axes."""

    _ndim = 3
