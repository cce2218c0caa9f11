"""Pooling: every window reduced to one element."""

from __future__ import annotations

from typing import Any

from xpgrad.mxnet.gluon.block import HybridBlock, computes
from xpgrad.mxnet.ops.convolution import lengths, pooling


class _Pooling(HybridBlock):
    """A layer of `npx.pooling`.

    Parameters
    ----------
    pool_size, strides, padding : int or tuple of int
        The shape of a window, the steps between windows (a window's shape by default), and what is added on both sides
        of an axis.
    layout : str
        The order of the axes.
    ceil_mode : bool
        Whether a last window may reach beyond the end.
    count_include_pad : bool
        Whether a mean counts what was added.
    """

    #: The order of the axes.
    _layout = ""
    #: How a window is reduced.
    _kind = ""
    #: Whether one window covers everything.
    _global = False

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = 0,
        layout: str | None = None,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        layout = layout or self._layout
        ndim = len(layout) - 2
        kernel = lengths(pool_size, ndim, 1)
        self._options: dict[str, Any] = {
            "kernel": kernel,
            "stride": kernel if strides is None else lengths(strides, ndim, 1),
            "pad": lengths(padding, ndim, 0),
            "global_pool": self._global,
            "pool_type": self._kind,
            "layout": layout,
            "pooling_convention": "full" if ceil_mode else "valid",
            "count_include_pad": count_include_pad,
        }

    def _alias(self) -> str:
        return "pool"

    @computes
    def forward(self, x: Any) -> Any:
        """What the windows of a batch are reduced to."""
        return pooling(x, **self._options)

    def __repr__(self) -> str:
        shown = {
            "size": self._options["kernel"],
            "stride": self._options["stride"],
            "padding": self._options["pad"],
            "ceil_mode": self._options["pooling_convention"] == "full",
            "global_pool": self._global,
            "pool_type": self._kind,
            "layout": self._options["layout"],
        }
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in shown.items())})"


class MaxPool1D(_Pooling):
    """The largest element of windows along one axis."""

    _layout, _kind = "NCW", "max"


class MaxPool2D(_Pooling):
    """The largest element of windows over two axes."""

    _layout, _kind = "NCHW", "max"


class MaxPool3D(_Pooling):
    """The largest element of windows over three axes."""

    _layout, _kind = "NCDHW", "max"


class AvgPool1D(_Pooling):
    """The mean of windows along one axis."""

    _layout, _kind = "NCW", "avg"


class AvgPool2D(_Pooling):
    """The mean of windows over two axes."""

    _layout, _kind = "NCHW", "avg"


class AvgPool3D(_Pooling):
    """The mean of windows over three axes."""

    _layout, _kind = "NCDHW", "avg"


class _GlobalPooling(_Pooling):
    """One window over everything."""

    _global = True

    def __init__(self, layout: str | None = None, **kwargs: Any) -> None:
        super().__init__(1, None, 0, layout, ceil_mode=True, **kwargs)


class GlobalMaxPool1D(_GlobalPooling):
    """The largest element of each channel."""

    _layout, _kind = "NCW", "max"


class GlobalMaxPool2D(_GlobalPooling):
    """The largest element of each channel."""

    _layout, _kind = "NCHW", "max"


class GlobalMaxPool3D(_GlobalPooling):
    """The largest element of each channel."""

    _layout, _kind = "NCDHW", "max"


class GlobalAvgPool1D(_GlobalPooling):
    """The mean of each channel."""

    _layout, _kind = "NCW", "avg"


class GlobalAvgPool2D(_GlobalPooling):
    """The mean of each channel."""

    _layout, _kind = "NCHW", "avg"


class GlobalAvgPool3D(_GlobalPooling):
    """The mean of each channel."""

    _layout, _kind = "NCDHW", "avg"
