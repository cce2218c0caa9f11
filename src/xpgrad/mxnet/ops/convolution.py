"""Convolution and pooling: windows laid out side by side, then a product of matrices or a reduction.

`unfold` lays out the windows and `fold` adds them up again; each is the other's transpose, so each is the other's
derivative. Channels come first, as in MXNet's layouts NCW, NCHW and NCDHW; arrays in NWC, NHWC or NDHWC are turned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import Any

from xpgrad.array import Array
from xpgrad.custom import custom_vjp
from xpgrad.mxnet.base import MXNetError
from xpgrad.mxnet.ops.arrays import as_array, namespace, shape_of
from xpgrad.mxnet.ops.shapes import pad as padded
from xpgrad.mxnet.ops.shapes import repeat

Lengths = tuple[int, ...]

_EVERY = (slice(None), slice(None))  # of the batch, and of the channels


def lengths(value: Any, ndim: int, default: int) -> Lengths:
    """A parameter with one number for each spatial axis; empty or None stands for the default."""
    if value is None or value == ():
        return (default,) * ndim
    found = shape_of(value)
    return found * ndim if len(found) == 1 else found


def _windows(kernel: Lengths, stride: Lengths, dilate: Lengths, counts: Lengths) -> Iterator[Any]:
    """For every place in the kernel: its key, and that of the elements that meet it, one for each window."""
    for place in product(*map(range, kernel)):
        spatial = (
            slice(p * d, p * d + (n - 1) * s + 1, s) for p, d, n, s in zip(place, dilate, counts, stride, strict=True)
        )
        yield (*_EVERY, *place, ...), (*_EVERY, *spatial)


def _unfold(x: Array, kernel: Lengths, stride: Lengths, dilate: Lengths) -> Any:
    sizes = zip(x.shape[2:], kernel, stride, dilate, strict=True)
    counts = tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in sizes)
    out = namespace(x).empty((*x.shape[:2], *kernel, *counts), dtype=x.dtype, device=x.device)
    for place, elements in _windows(kernel, stride, dilate, counts):
        out[place] = x[elements]
    return out


def _fold(x: Array, shape: Lengths, kernel: Lengths, stride: Lengths, dilate: Lengths) -> Any:
    out = namespace(x).zeros((*x.shape[:2], *shape), dtype=x.dtype, device=x.device)
    for place, elements in _windows(kernel, stride, dilate, x.shape[2 + len(kernel) :]):
        out[elements] += x[place]
    return out


#: (batch, channels, *shape) -> (batch, channels, *kernel, *windows): what every window has at each place.
unfold = custom_vjp(_unfold, nondiff_argnums=(1, 2, 3))

#: (batch, channels, *kernel, *windows) -> (batch, channels, *shape): windows added up where they came from.
fold = custom_vjp(_fold, nondiff_argnums=(1, 2, 3, 4))

unfold.defvjp(
    lambda x, *how: (_unfold(x, *how), x.shape[2:]),
    lambda kernel, stride, dilate, shape, g: (fold(g, shape, kernel, stride, dilate),),
)
fold.defvjp(
    lambda x, *how: (_fold(x, *how), None),
    lambda shape, kernel, stride, dilate, _, g: (unfold(g, kernel, stride, dilate),),
)


def _channels_first(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, which takes the channels first, also for layouts that end in C."""

    def call(data: Any, weight: Any = None, *rest: Any, layout: str | None = None, **options: Any) -> Any:
        data = as_array(data)
        if layout is None or layout[-1] != "C":
            return f(data, weight, *rest, **options)
        turned = None if weight is None else namespace(data).moveaxis(weight, -1, 1)
        return namespace(data).moveaxis(f(namespace(data).moveaxis(data, -1, 1), turned, *rest, **options), 1, -1)

    return call


def convolution(
    data: Any,
    weight: Any,
    bias: Any = None,
    kernel: Any = None,
    stride: Any = None,
    dilate: Any = None,
    pad: Any = None,
    num_filter: int = 1,
    num_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    cudnn_tune: Any = None,
    cudnn_off: bool = False,
    layout: str | None = None,
) -> Any:
    """Every window of the data multiplied with every filter and summed; filters are not turned around.

    Parameters
    ----------
    data : Array
        (batch, channels, *shape), with one to three spatial axes.
    weight : Array
        (filters, channels / groups, *kernel).
    bias : Array, optional
        One number for each filter.
    kernel, num_filter
        Known from `weight`, and not used.
    stride, dilate, pad : int or tuple of int
        The steps between windows and between their elements, 1 by default; the zeros added on both sides of an axis.
    num_group : int
        Channels and filters are divided into so many groups, each on its own.
    layout : str, optional
        "NHWC", for example, where the channels are last, in `weight` too.
    workspace, cudnn_tune, cudnn_off
        Not used.
    """
    return _convolution(data, weight, None if no_bias else bias, stride, dilate, pad, num_group, layout=layout)


@_channels_first
def _convolution(data: Array, weight: Array, bias: Any, stride: Any, dilate: Any, pad: Any, groups: int) -> Any:
    xp = namespace(data)
    kernel = weight.shape[2:]
    ndim = len(kernel)
    stride, dilate, pad = lengths(stride, ndim, 1), lengths(dilate, ndim, 1), lengths(pad, ndim, 0)
    if any(pad):
        data = padded(data, ((0, 0), (0, 0), *((p, p) for p in pad)))
    if data.shape[1] != weight.shape[1] * groups:
        raise MXNetError(f"{data.shape[1]} channels do not fit filters of shape {weight.shape} in {groups} groups.")
    windows = unfold(data, kernel, stride, dilate)
    batch, filters, counts = data.shape[0], weight.shape[0], windows.shape[2 + ndim :]
    rows = xp.reshape(windows, (batch, groups, -1, prod(counts)))
    filters_by_group = xp.reshape(weight, (groups, filters // groups, -1))
    out = xp.reshape(xp.matmul(filters_by_group, rows), (batch, filters, *counts))
    return out if bias is None else out + xp.reshape(bias, (filters, *(1,) * ndim))


def deconvolution(
    data: Any,
    weight: Any,
    bias: Any = None,
    kernel: Any = None,
    stride: Any = None,
    dilate: Any = None,
    pad: Any = None,
    adj: Any = None,
    target_shape: Any = None,
    num_filter: int = 1,
    num_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    cudnn_tune: Any = None,
    cudnn_off: bool = False,
    layout: str | None = None,
) -> Any:
    """The transpose of `convolution`: from what its output was to the shape that its data had.

    Parameters
    ----------
    data : Array
        (batch, channels, *shape).
    weight : Array
        (channels, filters / groups, *kernel).
    bias : Array, optional
        One number for each filter.
    stride, dilate, pad : int or tuple of int
        As for `convolution`.
    adj : int or tuple of int
        Elements added at the end of each axis.
    target_shape : tuple of int, optional
        The spatial shape of the result, instead of `pad` and `adj`.
    kernel, num_filter, num_group, layout, workspace, cudnn_tune, cudnn_off
        As for `convolution`.
    """
    bias = None if no_bias else bias
    return _deconvolution(data, weight, bias, stride, dilate, pad, adj, target_shape, num_group, layout=layout)


@_channels_first
def _deconvolution(
    data: Array, weight: Array, bias: Any, stride: Any, dilate: Any, pad: Any, adj: Any, target: Any, groups: int
) -> Any:
    xp = namespace(data)
    kernel, counts = weight.shape[2:], data.shape[2:]
    ndim = len(kernel)
    stride, dilate, pad = lengths(stride, ndim, 1), lengths(dilate, ndim, 1), lengths(pad, ndim, 0)
    adj = lengths(adj, ndim, 0)
    full = tuple((n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(counts, stride, dilate, kernel, strict=True))
    if target:
        surplus = tuple(n - t for n, t in zip(full, shape_of(target), strict=True))
        pad, adj = tuple(-(-n // 2) for n in surplus), tuple(n % 2 for n in surplus)
    batch, channels, filters = data.shape[0], data.shape[1], weight.shape[1] * groups
    columns = xp.matrix_transpose(xp.reshape(weight, (groups, channels // groups, -1)))
    rows = xp.matmul(columns, xp.reshape(data, (batch, groups, channels // groups, prod(counts))))
    out = fold(
        xp.reshape(rows, (batch, filters, *kernel, *counts)),
        tuple(n + max(a - p, 0) for n, a, p in zip(full, adj, pad, strict=True)),
        kernel,
        stride,
        dilate,
    )
    out = out[(*_EVERY, *(slice(p, n - p + a) for n, p, a in zip(full, pad, adj, strict=True)))]
    return out if bias is None else out + xp.reshape(bias, (filters, *(1,) * ndim))


def pooling(
    data: Any,
    kernel: Any = None,
    pool_type: str = "max",
    global_pool: bool = False,
    cudnn_off: bool = False,
    pooling_convention: str = "valid",
    stride: Any = None,
    pad: Any = None,
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: str | None = None,
) -> Any:
    """Every window of the data reduced to one element; where several are the largest, they share the gradient.

    Parameters
    ----------
    data : Array
        (batch, channels, *shape).
    kernel, stride, pad : int or tuple of int
        The shape of a window, the steps between windows (1 by default), and what is added on both sides of an axis.
    pool_type : {"max", "avg", "sum", "lp"}
        How to reduce.
    global_pool : bool
        One window over everything.
    pooling_convention : {"valid", "full"}
        Leave out a last window that does not fit, or let it reach beyond the end.
    p_value : int
        The power, for "lp".
    count_include_pad : bool
        Whether the mean counts what `pad` added; by default it does.
    layout : str, optional
        "NHWC", for example, where the channels are last.
    cudnn_off
        Not used.
    """
    how = (kernel, stride, pad, pool_type, global_pool, pooling_convention, p_value, count_include_pad)
    return _pooling(data, None, *how, layout=layout)


@_channels_first
def _pooling(
    data: Array,
    _: None,
    kernel: Any,
    stride: Any,
    pad: Any,
    kind: str,
    everything: bool,
    convention: str,
    p: Any,
    include: Any,
) -> Any:
    shape = data.shape[2:]
    ndim = len(shape)
    if everything:
        kernel, stride, pad = shape, 1, 0
    kernel, stride, pad = lengths(kernel, ndim, 1), lengths(stride, ndim, 1), lengths(pad, ndim, 0)
    if kind not in ("max", "avg", "sum", "lp") or convention not in ("valid", "full"):
        raise MXNetError(f"pooling of type {kind!r} by the convention {convention!r} is not provided.")
    sizes = tuple(zip(shape, kernel, stride, pad, strict=True))
    beyond = [-(n + 2 * q - k) % s if convention == "full" else 0 for n, k, s, q in sizes]
    widths = ((0, 0), (0, 0), *((q, q + more) for q, more in zip(pad, beyond, strict=True)))
    ones = (1,) * ndim

    def windows(x: Array, missing: float) -> Any:
        x = padded(x, widths, constant_values=missing) if any(pad) or any(beyond) else x
        found = unfold(x, kernel, stride, ones)
        return namespace(x).reshape(found, (*found.shape[:2], prod(kernel), *found.shape[2 + ndim :]))

    xp = namespace(data)
    if kind == "max":
        return xp.max(windows(data, -float("inf")), axis=2)
    if kind == "lp":
        return xp.sum(windows(xp.abs(data) ** p, 0.0), axis=2) ** (1 / p)
    total = xp.sum(windows(data, 0.0), axis=2)
    if kind == "sum":
        return total
    if include is False or any(beyond):
        counted = xp.ones((1, 1, *shape), dtype=data.dtype, device=data.device)
        if include is not False:
            counted = padded(counted, ((0, 0), (0, 0), *((q, q) for q in pad)), constant_values=1.0)
            widths = ((0, 0), (0, 0), *((0, more) for more in beyond))
        return total / xp.sum(windows(counted, 0.0), axis=2)
    return total / prod(kernel)


def upsampling(*data: Any, scale: int, sample_type: str = "nearest", num_args: int = 1, **unused: Any) -> Any:
    """Every element repeated along both spatial axes."""
    if sample_type != "nearest" or len(data) != 1:
        raise MXNetError("UpSampling is provided for one array and sample_type='nearest' only.")
    return repeat(repeat(data[0], scale, 2), scale, 3)


def im2col(data: Any, kernel: Any, stride: Any = None, dilate: Any = None, pad: Any = None) -> Any:
    """The windows as columns: (batch, channels * kernel, windows)."""
    kernel = shape_of(kernel)
    ndim = len(kernel)
    data = padded(data, ((0, 0), (0, 0), *((p, p) for p in lengths(pad, ndim, 0))))
    found = unfold(data, kernel, lengths(stride, ndim, 1), lengths(dilate, ndim, 1))
    return namespace(data).reshape(found, (data.shape[0], data.shape[1] * prod(kernel), -1))
