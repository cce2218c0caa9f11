"""The steps of optimisers: a new weight from a gradient. States are written to; the weight is what is returned."""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array
from xpgrad.inplace import assign
from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.provide import writes


def _prepared(grad: Any, rescale_grad: float, clip_gradient: float) -> Any:
    """The gradient, scaled, and then limited if `clip_gradient` is not negative."""
    g = as_array(grad) * rescale_grad
    return g if clip_gradient < 0 else namespace(g).clip(g, -clip_gradient, clip_gradient)


def _decayed(weight: Any, grad: Any, wd: float, rescale_grad: float, clip_gradient: float) -> Any:
    """The prepared gradient with that of weight decay."""
    return _prepared(grad, rescale_grad, clip_gradient) + wd * as_array(weight)


def _limited(weight: Any, grad: Any, wd: float, rescale_grad: float, clip_gradient: float) -> Any:
    """The gradient, scaled and with that of weight decay, and limited then."""
    return _prepared(as_array(grad) * rescale_grad + wd * as_array(weight), 1.0, clip_gradient)


def _moved(state: Array, value: Any) -> Any:
    """Write to a state, and give back its new value."""
    assign(state, value)
    return value


def _values(*states: Array) -> list[Any]:
    return [Array(state.data) for state in states]


def sgd_update(
    weight: Any,
    grad: Any,
    lr: float,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    lazy_update: bool = True,
) -> Any:
    """A step against the gradient."""
    return weight - lr * _decayed(weight, grad, wd, rescale_grad, clip_gradient)


@writes("mom")
def sgd_mom_update(
    weight: Any,
    grad: Any,
    mom: Any,
    lr: float,
    momentum: float = 0.0,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    lazy_update: bool = True,
) -> Any:
    """A step with momentum."""
    (m,) = _values(mom)
    return weight + _moved(mom, momentum * m - lr * _decayed(weight, grad, wd, rescale_grad, clip_gradient))


@writes("mom")
def nag_mom_update(
    weight: Any,
    grad: Any,
    mom: Any,
    lr: float,
    momentum: float = 0.0,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> Any:
    """A step with Nesterov's momentum."""
    (m,) = _values(mom)
    g = _decayed(weight, grad, wd, rescale_grad, clip_gradient)
    return weight - lr * (g + momentum * _moved(mom, momentum * m + g))


def signsgd_update(
    weight: Any, grad: Any, lr: float, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0
) -> Any:
    """A step by the sign of the gradient."""
    g = _prepared(grad, rescale_grad, clip_gradient)
    return (1 - lr * wd) * weight - lr * namespace(g).sign(g)


@writes("mom")
def signum_update(
    weight: Any,
    grad: Any,
    mom: Any,
    lr: float,
    momentum: float = 0.0,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    wd_lh: float = 0.0,
) -> Any:
    """A step by the sign of the momentum."""
    (m,) = _values(mom)
    new = _moved(mom, momentum * m - (1 - momentum) * _decayed(weight, grad, wd, rescale_grad, clip_gradient))
    return (1 - lr * wd_lh) * weight + lr * namespace(new).sign(new)


@writes("mean", "var")
def adam_update(
    weight: Any,
    grad: Any,
    mean: Any,
    var: Any,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    lazy_update: bool = True,
) -> Any:
    """A step of Adam (Kingma and Ba, 2014), whose bias `lr` corrects."""
    m, v = _values(mean, var)
    g = _limited(weight, grad, wd, rescale_grad, clip_gradient)
    m, v = _moved(mean, beta1 * m + (1 - beta1) * g), _moved(var, beta2 * v + (1 - beta2) * g * g)
    return weight - lr * m / (namespace(v).sqrt(v) + epsilon)


@writes("n")
def rmsprop_update(
    weight: Any,
    grad: Any,
    n: Any,
    lr: float,
    rho: float = 0.95,
    epsilon: float = 1e-8,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    clip_weights: float = -1.0,
) -> Any:
    """A step divided by the root of a running mean of squares (Tieleman and Hinton, 2012)."""
    (old,) = _values(n)
    g = _limited(weight, grad, wd, rescale_grad, clip_gradient)
    new = _moved(n, rho * old + (1 - rho) * g * g)
    return _prepared(weight - lr * g / namespace(new).sqrt(new + epsilon), 1.0, clip_weights)


@writes("n", "g", "delta")
def rmspropalex_update(
    weight: Any,
    grad: Any,
    n: Any,
    g: Any,
    delta: Any,
    lr: float,
    rho: float = 0.95,
    momentum: float = 0.9,
    epsilon: float = 1e-8,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    clip_weights: float = -1.0,
) -> Any:
    """The same, centred and with momentum (Graves, 2013)."""
    squares, mean, step = _values(n, g, delta)
    slope = _limited(weight, grad, wd, rescale_grad, clip_gradient)
    squares = _moved(n, rho * squares + (1 - rho) * slope * slope)
    mean = _moved(g, rho * mean + (1 - rho) * slope)
    step = _moved(delta, momentum * step - lr * slope / namespace(mean).sqrt(squares - mean * mean + epsilon))
    return _prepared(weight + step, 1.0, clip_weights)


@writes("z", "n")
def ftrl_update(
    weight: Any,
    grad: Any,
    z: Any,
    n: Any,
    lr: float,
    lamda1: float = 0.01,
    beta: float = 1.0,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> Any:
    """A step that follows the regularised leader (McMahan and others, 2013)."""
    old_z, old_n = _values(z, n)
    g = _prepared(grad, rescale_grad, clip_gradient)
    xp = namespace(g)
    new_n = _moved(n, old_n + g * g)
    new_z = _moved(z, old_z + g - (xp.sqrt(new_n) - xp.sqrt(old_n)) * weight / lr)
    step = (xp.sign(new_z) * lamda1 - new_z) / ((beta + xp.sqrt(new_n)) / lr + wd)
    return xp.where(xp.abs(new_z) > lamda1, step, 0.0)


@writes("d", "v", "z")
def ftml_update(
    weight: Any,
    grad: Any,
    d: Any,
    v: Any,
    z: Any,
    lr: float,
    t: int,
    beta1: float = 0.6,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_grad: float = -1.0,
) -> Any:
    """A step that follows the moving leader (Zheng and Kwok, 2017)."""
    old_d, old_v, old_z = _values(d, v, z)
    g = _limited(weight, grad, wd, rescale_grad, clip_grad)
    new_v = _moved(v, beta2 * old_v + (1 - beta2) * g * g)
    xp = namespace(g)
    new_d = _moved(d, (1 - beta1**t) / lr * (xp.sqrt(new_v / (1 - beta2**t)) + epsilon))
    new_z = _moved(z, beta1 * old_z + (1 - beta1) * g - (new_d - beta1 * old_d) * weight)
    return -new_z / new_d


NAMES = (
    "sgd_update sgd_mom_update nag_mom_update signsgd_update signum_update adam_update rmsprop_update "
    "rmspropalex_update ftrl_update ftml_update"
)
