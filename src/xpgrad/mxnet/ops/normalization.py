"""Normalisation: arrays brought to mean 0 and variance 1, or to length 1, along some of their axes."""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.inplace import assign
from xpgrad.mxnet.ops.arrays import as_array, length_along, namespace
from xpgrad.mxnet.provide import writes
from xpgrad.scope import is_training, modes


def _standardized(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Any, Any, Any]:
    """x less its mean, over the root of its variance; that mean; and that variance."""
    xp = namespace(x)
    mean = xp.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    variance = xp.mean(centred * centred, axis=axes, keepdims=True)
    return centred / xp.sqrt(variance + eps), mean, variance


def _scaled(x: Any, gamma: Any, beta: Any, axis: int) -> Any:
    """Multiplied and shifted with numbers that lie along one axis."""
    xp = namespace(x)
    return x * xp.reshape(as_array(gamma), length_along(axis, x)) + xp.reshape(as_array(beta), length_along(axis, x))


@writes("running_mean", "running_var")
def batch_norm(
    data: Any,
    gamma: Any,
    beta: Any,
    running_mean: Any,
    running_var: Any,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: Any = None,
    max_calib_range: Any = None,
) -> Any:
    """Normalisation over all axes but that of the channels.

    In training with the mean and the variance of the batch, which also move `running_mean` and `running_var`; otherwise
    with those two.

    Parameters
    ----------
    data : Array
        The batch.
    gamma, beta : Array
        What each channel is multiplied with, and what is added.
    running_mean, running_var : Array
        One number for each channel; written to in training.
    eps : float
        Added to the variance.
    momentum : float
        The share of the old in the new running numbers.
    fix_gamma : bool
        Take 1 for gamma.
    use_global_stats : bool
        Use the running numbers in training, too.
    output_mean_var : bool
        Return also the mean, and one over the root of the variance.
    axis : int
        That of the channels.
    cudnn_off, min_calib_range, max_calib_range
        Not used.
    """
    x = as_array(data)
    xp = namespace(x)
    if fix_gamma:
        gamma = xp.ones_like(as_array(gamma))
    if is_training() and not use_global_stats:
        axes = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
        normal, mean, variance = _standardized(x, axes, eps)
        mean, variance = xp.reshape(mean, (-1,)), xp.reshape(variance, (-1,))
        with modes(False, None):
            for running, new in ((running_mean, mean), (running_var, variance)):
                assign(running, momentum * array_of(running.data) + (1 - momentum) * new)
    else:
        mean, variance = (array_of(running.data) for running in (running_mean, running_var))
        shape = length_along(axis, x)
        normal = (x - xp.reshape(mean, shape)) / xp.sqrt(xp.reshape(variance, shape) + eps)
    out = _scaled(normal, gamma, beta, axis)
    return [out, mean, 1 / xp.sqrt(variance + eps)] if output_mean_var else out


def layer_norm(
    data: Any, gamma: Any, beta: Any, axis: int = -1, eps: float = 1e-5, output_mean_var: bool = False
) -> Any:
    """Normalisation along one axis."""
    x = as_array(data)
    normal, mean, variance = _standardized(x, (axis % x.ndim,), eps)
    out = _scaled(normal, gamma, beta, axis)
    if not output_mean_var:
        return out
    squeeze = namespace(x).squeeze
    return [out, squeeze(mean, axis % x.ndim), squeeze(namespace(x).sqrt(variance + eps), axis % x.ndim)]


def group_norm(
    data: Any, gamma: Any, beta: Any, num_groups: int = 1, eps: float = 1e-3, output_mean_var: bool = False
) -> Any:
    """Normalisation of each group of channels (axis 1) of each sample."""
    x = as_array(data)
    xp = namespace(x)
    grouped = xp.reshape(x, (x.shape[0], num_groups, -1))
    normal, mean, variance = _standardized(grouped, (2,), eps)
    out = _scaled(xp.reshape(normal, x.shape), gamma, beta, 1)
    return [out, xp.squeeze(mean, 2), xp.squeeze(xp.sqrt(variance + eps), 2)] if output_mean_var else out


def instance_norm(data: Any, gamma: Any, beta: Any, eps: float = 1e-3) -> Any:
    """Normalisation of each channel (axis 1) of each sample."""
    x = as_array(data)
    normal, _, _ = _standardized(x, tuple(range(2, x.ndim)), eps)
    return _scaled(normal, gamma, beta, 1)


def l2_normalization(data: Any, eps: float = 1e-10, mode: str = "instance") -> Any:
    """Divided by the Euclidean norm: of each sample, of all channels at each place, or of each channel."""
    x = as_array(data)
    axes = {"instance": tuple(range(1, x.ndim)), "channel": (1,), "spatial": tuple(range(2, x.ndim))}[mode]
    xp = namespace(x)
    return x / xp.sqrt(xp.sum(x * x, axis=axes, keepdims=True) + eps)


def lrn(data: Any, alpha: float = 1e-4, beta: float = 0.75, knorm: float = 2.0, nsize: int = 5) -> Any:
    """Divided by a power of the squares of the neighbouring channels."""
    x = as_array(data)
    xp = namespace(x)
    channels = xp.arange(x.shape[1])
    near = xp.astype(xp.abs(channels[:, None] - channels[None, :]) <= nsize // 2, x.dtype)
    squares = xp.moveaxis(xp.tensordot(near, x * x, axes=((1,), (1,))), 0, 1)
    return x / (knorm + alpha / nsize * squares) ** beta
