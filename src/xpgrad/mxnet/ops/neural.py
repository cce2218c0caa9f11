"""Functions of neural networks: activations, probabilities, dense layers, dropout, losses."""

from __future__ import annotations

from math import pi
from typing import Any

from xpgrad.array import Array
from xpgrad.axes import axes_of
from xpgrad.functions import function
from xpgrad.mxnet.dtypes import dtype_of
from xpgrad.mxnet.generator import draw
from xpgrad.mxnet.ops import primitives
from xpgrad.mxnet.ops.arrays import as_array, length_along, mask_of, namespace
from xpgrad.mxnet.ops.elementwise import log_sigmoid, mish, sigmoid, softrelu, softsign
from xpgrad.mxnet.ops.indexing import pick
from xpgrad.mxnet.promotion import cast, in_floating
from xpgrad.scope import is_training

# The primitives themselves: what is given to no one needs no bookkeeping of views.
_matmul, _reshape, _transpose = map(function, ("matmul", "reshape", "matrix_transpose"))

_ACTIVATIONS = {
    "relu": primitives.relu,
    "sigmoid": sigmoid,
    "log_sigmoid": log_sigmoid,
    "mish": mish,
    "softrelu": softrelu,
    "softsign": softsign,
    "tanh": lambda x: namespace(x).tanh(x),
}


def _known(kind: str, table: dict[str, Any], what: str) -> Any:
    if kind not in table:
        raise ValueError(f"{what} {kind!r} is not provided: there are {', '.join(sorted(table))}.")
    return table[kind]


def activation(data: Any, act_type: str = "relu") -> Any:
    """An activation function, by name."""
    return _known(act_type, _ACTIVATIONS, "the activation")(as_array(data))


def _leaky(x: Array, slope: Any) -> Any:
    return namespace(x).where(x > 0, x, slope * x)


def _elu(x: Array, slope: float) -> Any:
    xp = namespace(x)
    return xp.where(x > 0, x, slope * xp.expm1(xp.where(x > 0, 0.0, x)))


def gelu(x: Array) -> Any:
    """x times the probability that a normally distributed number is less than x."""
    return x * 0.5 * (1 + namespace(x).special.erf(x * 2**-0.5))


def gelu_by_tanh(x: Array) -> Any:
    """`gelu`, approximated by a hyperbolic tangent (Hendrycks and Gimpel, 2016)."""
    return 0.5 * x * (1 + namespace(x).tanh((2 / pi) ** 0.5 * (x + 0.044715 * x * x * x)))


def leaky_relu(
    data: Any,
    gamma: Any = None,
    act_type: str = "leaky",
    slope: float = 0.25,
    lower_bound: float = 0.125,
    upper_bound: float = 0.334,
) -> Any:
    """A rectifier that lets something of negative numbers through.

    Parameters
    ----------
    data : Array
        Any shape.
    gamma : Array, optional
        The slopes of "prelu", one for each channel (axis 1).
    act_type : {"leaky", "prelu", "elu", "selu", "gelu", "gelu_erf", "gelu_tanh", "rrelu"}
        "rrelu" draws slopes between the bounds in training, and takes their mean otherwise.
    slope : float
        Of "leaky" and "elu".
    lower_bound, upper_bound : float
        Of "rrelu".
    """
    x = as_array(data)
    if act_type == "prelu":
        slopes = as_array(gamma)
        if slopes.ndim == 1 and x.ndim > 1:
            slopes = namespace(x).reshape(slopes, length_along(1, x))
        return _leaky(x, slopes)
    if act_type == "rrelu":
        if is_training():
            return _leaky(x, draw("uniform", lower_bound, upper_bound, size=x.shape, dtype=x.dtype))
        return _leaky(x, (lower_bound + upper_bound) / 2)
    kinds = {
        "leaky": lambda: _leaky(x, slope),
        "elu": lambda: _elu(x, slope),
        "selu": lambda: 1.0507009873554805 * _elu(x, 1.6732632423543772),
        "gelu": lambda: gelu(x),
        "gelu_erf": lambda: gelu(x),
        "gelu_tanh": lambda: gelu_by_tanh(x),
    }
    return _known(act_type, kinds, "the rectifier")()


def hard_sigmoid(data: Any, alpha: float = 0.2, beta: float = 0.5) -> Any:
    """alpha x + beta, between 0 and 1."""
    x = as_array(data)
    return namespace(x).clip(alpha * x + beta, 0.0, 1.0)


def smooth_l1(data: Any, scalar: float = 1.0) -> Any:
    """A parabola near 0 that goes on as the absolute value."""
    x = as_array(data)
    xp = namespace(x)
    near = xp.abs(x) < 1 / scalar**2
    return xp.where(near, 0.5 * scalar**2 * x * x, xp.abs(x) - 0.5 / scalar**2)


def _scaled(data: Any, temperature: float | None, dtype: Any) -> Array:
    x = as_array(data)
    x = in_floating(x) if dtype is None else cast(x, dtype_of(dtype))
    return x if temperature in (None, 1) else x / temperature


def _within_length(x: Array, length: Array, axis: int) -> Array:
    """Whether each element is among the first `length` along an axis; one length for every row."""
    xp = namespace(x)
    places = xp.reshape(xp.arange(x.shape[axis], device=x.device), length_along(axis, x))
    return places < xp.expand_dims(cast(as_array(length), places.dtype), axis=axis)


def softmax(
    data: Any,
    length: Any = None,
    axis: int = -1,
    temperature: float | None = None,
    use_length: bool = False,
    dtype: Any = None,
) -> Any:
    """Exponentials, divided by their sum along an axis; with `use_length`, of the first so many elements only."""
    x = _scaled(data, temperature, dtype)
    if use_length:
        return masked_softmax(x, _within_length(x, length, axis), axis)
    return namespace(x).softmax(x, axis=axis)


def log_softmax(
    data: Any,
    axis: int = -1,
    length: Any = None,
    temperature: float | None = None,
    use_length: bool = False,
    dtype: Any = None,
) -> Any:
    """The logarithm of `softmax`."""
    x = _scaled(data, temperature, dtype)
    if use_length:
        return masked_log_softmax(x, _within_length(x, length, axis), axis)
    return namespace(x).log_softmax(x, axis=axis)


def softmin(
    data: Any, axis: int = -1, temperature: float | None = None, use_length: bool = False, dtype: Any = None
) -> Any:
    """`softmax` of the negative numbers."""
    return softmax(-as_array(data), None, axis, temperature, False, dtype)


def _masked(data: Any, mask: Any, temperature: float) -> tuple[Array, Any]:
    """The data with a very small number where a mask is zero, and the mask as booleans."""
    x = _scaled(data, temperature, None)
    xp = namespace(x)
    mask = xp.broadcast_to(mask_of(mask), x.shape)
    return xp.where(mask, x, float(xp.finfo(x.dtype).min)), mask


def masked_softmax(data: Any, mask: Any, axis: int = -1, temperature: float = 1.0, normalize: bool = True) -> Any:
    """`softmax` of the elements where a mask is not zero, and 0 elsewhere."""
    x, mask = _masked(data, mask, temperature)
    return namespace(x).where(mask, namespace(x).softmax(x, axis=axis), 0.0)


def masked_log_softmax(data: Any, mask: Any, axis: int = -1, temperature: float = 1.0, normalize: bool = True) -> Any:
    """`log_softmax` of the elements where a mask is not zero, and minus infinity elsewhere."""
    x, mask = _masked(data, mask, temperature)
    return namespace(x).where(mask, namespace(x).log_softmax(x, axis=axis), -float("inf"))


def softmax_cross_entropy(data: Any, label: Any) -> Any:
    """The sum over the rows of minus the logarithm of the probability of each label."""
    chosen = pick(log_softmax(data), label)
    return -namespace(chosen).sum(chosen)


def fully_connected(
    data: Any, weight: Any, bias: Any = None, num_hidden: Any = None, no_bias: bool = False, flatten: bool = True
) -> Any:
    """data @ weight.T + bias; with `flatten`, all axes but the first count as one."""
    x, weight = as_array(data), as_array(weight)
    if flatten and x.ndim != 2:
        x = _reshape(x, (x.shape[0], -1))
    out = primitives.linear(x, weight) if x.ndim == 2 else _matmul(x, _transpose(weight))
    return out if no_bias or bias is None else out + bias


def dropout(data: Any, p: float = 0.5, mode: str = "training", axes: Any = None, cudnn_off: bool = False) -> Any:
    """In training, elements set to 0 with probability p, and the others divided by 1 - p.

    Parameters
    ----------
    data : Array
        Any shape.
    p : float
        The probability.
    mode : {"training", "always"}
        Do it in training only, or always.
    axes : tuple of int, optional
        Along these, all elements share their fate.
    cudnn_off
        Not used.
    """
    x = as_array(data)
    if p == 0 or (mode == "training" and not is_training()):
        return x
    shared = () if axes in (None, ()) else axes_of(axes, x.ndim)
    shape = tuple(1 if i in shared else n for i, n in enumerate(x.shape))
    kept = draw("random", size=shape, dtype=x.dtype) >= p
    return x * (cast(kept, x.dtype) * (1 / (1 - p) if p < 1 else 0.0))


def batch_flatten(data: Any) -> Any:
    """All axes but the first as one."""
    x = as_array(data)
    return namespace(x).reshape(x, (x.shape[0], -1))


def add_n(*args: Any) -> Any:
    """The sum of several arrays."""
    total = as_array(args[0])
    for x in args[1:]:
        total = total + x
    return total


def norm(
    data: Any,
    ord: int = 2,
    axis: Any = None,
    out_dtype: Any = None,
    keepdims: bool = False,
) -> Any:
    """The Euclidean norm, or with ``ord=1`` the sum of the absolute values, along axes; its gradient at 0 is 0."""
    if ord not in (1, 2):
        raise ValueError(f"norm knows ord 1 and 2, not {ord}.")
    x = in_floating(as_array(data))
    axis = None if axis in (None, ()) else axes_of(axis, x.ndim)
    out = namespace(x).linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)
    return out if out_dtype is None else cast(out, dtype_of(out_dtype))


def norm_with_axes(data: Any, ord: int = 2, axis: Any = None, out_dtype: Any = None, keepdims: bool = False) -> Any:
    """As `norm`; the norm of all elements has the shape (1,)."""
    out = norm(data, ord, axis, out_dtype, keepdims)
    return out if out.shape else namespace(out).reshape(out, (1,))
