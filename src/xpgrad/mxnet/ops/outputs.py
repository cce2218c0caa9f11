"""Functions whose gradient is not their derivative but what MXNet's training wants of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.custom import custom_vjp
from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.ops.elementwise import sigmoid
from xpgrad.mxnet.ops.indexing import one_hot
from xpgrad.mxnet.promotion import cast


def _output(forward: Callable[..., Any], slope: Callable[..., Any]) -> Callable[..., Any]:
    """A function of data and a label whose gradient is given, whatever the head gradient."""
    out = custom_vjp(lambda data, label, options: forward(data, label, options), nondiff_argnums=(1, 2))
    out.defvjp(
        lambda data, label, options: (lambda y: (y, y))(forward(data, label, options)),
        lambda label, options, y, _: (slope(y, label, options),),
    )
    return out


def _regression(forward: Callable[[Array], Any], slope: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def gradient(y: Array, label: Array, options: dict[str, Any]) -> Any:
        scale = options["grad_scale"] * y.shape[0] / max(y.size or 1, 1)
        return slope(y, namespace(y).reshape(label, y.shape)) * scale

    apply = _output(lambda data, label, options: forward(data), gradient)

    def call(data: Any, label: Any, grad_scale: float = 1.0) -> Any:
        data = as_array(data)
        return apply(data, array_of(cast(as_array(label), data.dtype).data), {"grad_scale": grad_scale})

    return call


#: The data; the gradient is that of half the squared distance to the label.
linear_regression_output = _regression(lambda x: namespace(x).asarray(x, copy=True), lambda y, label: y - label)

#: The data; the gradient is that of the distance to the label.
mae_regression_output = _regression(
    lambda x: namespace(x).asarray(x, copy=True), lambda y, label: namespace(y).sign(y - label)
)

#: The sigmoid of the data; the gradient is that of the cross entropy with the label.
logistic_regression_output = _regression(sigmoid, lambda y, label: y - label)


def _softmax_forward(data: Array, label: Any, options: dict[str, Any]) -> Any:
    return namespace(data).softmax(data, axis=options["axis"])


def _softmax_gradient(y: Array, label: Array, options: dict[str, Any]) -> Any:
    """The probabilities less those of the label."""
    xp = namespace(y)
    axis = options["axis"]
    if label.shape == y.shape:
        out = y - cast(label, y.dtype)
        counted = None
    else:
        target = one_hot(label, y.shape[axis], dtype=y.dtype)
        smooth = options["smooth_alpha"]
        if smooth:
            target = target * (1 - smooth) + (1 - target) * (smooth / (y.shape[axis] - 1))
        out = y - xp.moveaxis(xp.reshape(target, (*label.shape, -1)), -1, axis)
        counted = cast(label != options["ignore_label"], y.dtype) if options["use_ignore"] else None
        if counted is not None:
            out = out * xp.expand_dims(counted, axis=axis)
    if options["normalization"] == "batch":
        out = out / y.shape[0]
    elif options["normalization"] == "valid":
        valid = xp.sum(xp.ones_like(y[..., :1]) if counted is None else counted)
        out = out / xp.where(valid == 0, 1.0, valid)
    return out * options["grad_scale"]


_softmax_output = _output(_softmax_forward, _softmax_gradient)


def softmax_output(
    data: Any,
    label: Any = None,
    grad_scale: float = 1.0,
    ignore_label: float = -1.0,
    multi_output: bool = False,
    use_ignore: bool = False,
    preserve_shape: bool = False,
    normalization: str = "null",
    out_grad: bool = False,
    smooth_alpha: float = 0.0,
) -> Any:
    """Softmax; the gradient is that of the cross entropy with the label.

    Parameters
    ----------
    data : Array
        One row of numbers for each sample.
    label : Array
        The index of the right class of each sample, or the probability of every class.
    grad_scale : float
        Multiplies the gradient.
    ignore_label : float
        With `use_ignore`, samples of this label have no gradient.
    multi_output : bool
        Whether the classes lie along axis 1 instead of the last.
    normalization : {"null", "batch", "valid"}
        Divide the gradient by nothing, by the size of the batch, or by the number of labels that count.
    smooth_alpha : float
        The probability that is taken from the label and shared by the other classes.
    use_ignore, preserve_shape, out_grad
        As in MXNet; a head gradient is not taken into account.
    """
    data = as_array(data)
    options = {
        "axis": 1 if multi_output else -1,
        "grad_scale": grad_scale,
        "ignore_label": ignore_label,
        "use_ignore": use_ignore,
        "normalization": normalization,
        "smooth_alpha": smooth_alpha,
    }
    return _softmax_output(data, array_of(as_array(label).data), options)


make_loss_with_scale = custom_vjp(lambda data, scale: namespace(data).asarray(data, copy=True), nondiff_argnums=(1,))
make_loss_with_scale.defvjp(
    lambda data, scale: (namespace(data).asarray(data, copy=True), None),
    lambda scale, _, g: (namespace(g).full_like(g, scale),),
)


def make_loss(data: Any, grad_scale: float = 1.0, valid_thresh: float = 0.0, normalization: str = "null") -> Any:
    """The data, whose gradient is a number, whatever the head gradient."""
    data = as_array(data)
    if normalization == "batch":
        grad_scale /= data.shape[0]
    return make_loss_with_scale(data, grad_scale)
