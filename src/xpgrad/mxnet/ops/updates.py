"""The steps of optimisers: a new weight from a gradient. States are written to; the weight is what is returned."""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.inplace import assign
from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.provide import writes


def _prepared(grad: Any, rescale_grad: float, clip_gradient: float) -> Any:
    """The gradient, scaled, and then limited if `clip_gradient` is not negative."""
    g = as_array(grad) if rescale_grad == 1 else as_array(grad) * rescale_grad
    return g if clip_gradient < 0 else namespace(g).clip(g, -clip_gradient, clip_gradient)


def decayed(weight: Any, grad: Any, wd: float, rescale_grad: float, clip_gradient: float) -> Any:
    """The prepared gradient with that of weight decay."""
    g = _prepared(grad, rescale_grad, clip_gradient)
    return g + wd * as_array(weight) if wd else g


def _limited(weight: Any, grad: Any, wd: float, rescale_grad: float, clip_gradient: float) -> Any:
    """The gradient, scaled and with that of weight decay, and limited then."""
    return _prepared(as_array(grad) * rescale_grad + wd * as_array(weight), 1.0, clip_gradient)


def moved(state: Array, value: Any) -> Any:
    """Write to a state, and give back its new value."""
    assign(state, value)
    return value


def _values(*states: Array) -> list[Any]:
    return [array_of(state.data) for state in states]


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
    return weight - lr * decayed(weight, grad, wd, rescale_grad, clip_gradient)


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
    return weight + moved(mom, momentum * m - lr * decayed(weight, grad, wd, rescale_grad, clip_gradient))


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
    g = decayed(weight, grad, wd, rescale_grad, clip_gradient)
    return weight - lr * (g + momentum * moved(mom, momentum * m + g))


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
    new = moved(mom, momentum * m - (1 - momentum) * decayed(weight, grad, wd, rescale_grad, clip_gradient))
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
    m, v = moved(mean, beta1 * m + (1 - beta1) * g), moved(var, beta2 * v + (1 - beta2) * g * g)
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
    new = moved(n, rho * old + (1 - rho) * g * g)
    return _prepared(weight - lr * g / (namespace(new).sqrt(new) + epsilon), 1.0, clip_weights)


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
    squares = moved(n, rho * squares + (1 - rho) * slope * slope)
    mean = moved(g, rho * mean + (1 - rho) * slope)
    step = moved(delta, momentum * step - lr * slope / namespace(mean).sqrt(squares - mean * mean + epsilon))
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
    new_n = moved(n, old_n + g * g)
    new_z = moved(z, old_z + g - (xp.sqrt(new_n) - xp.sqrt(old_n)) * weight / lr)
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
    new_v = moved(v, beta2 * old_v + (1 - beta2) * g * g)
    xp = namespace(g)
    new_d = moved(d, (1 - beta1**t) / lr * (xp.sqrt(new_v / (1 - beta2**t)) + epsilon))
    new_z = moved(z, beta1 * old_z + (1 - beta1) * g - (new_d - beta1 * old_d) * weight)
    return -new_z / new_d


@writes("history")
def adagrad_update(
    weight: Any,
    grad: Any,
    history: Any,
    lr: float,
    epsilon: float = 1e-6,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> Any:
    """A step divided by the root of the sum of all squares (Duchi and others, 2011)."""
    (old,) = _values(history)
    g = decayed(weight, grad, wd, rescale_grad, clip_gradient)
    new = moved(history, old + g * g)
    return weight - lr * g / (namespace(new).sqrt(new) + epsilon)


@writes("acc_g", "acc_delta")
def adadelta_update(
    weight: Any,
    grad: Any,
    acc_g: Any,
    acc_delta: Any,
    lr: float = 1.0,
    rho: float = 0.9,
    epsilon: float = 1e-6,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> Any:
    """A step by the ratio of the roots of running means of squared steps and gradients (Zeiler, 2012)."""
    squares, steps = _values(acc_g, acc_delta)
    g = decayed(weight, grad, wd, rescale_grad, clip_gradient)
    xp = namespace(g)
    squares = moved(acc_g, rho * squares + (1 - rho) * g * g)
    delta = xp.sqrt(steps + epsilon) / xp.sqrt(squares + epsilon) * g
    moved(acc_delta, rho * steps + (1 - rho) * delta * delta)
    return weight - lr * delta


@writes("mean", "largest")
def adamax_update(
    weight: Any,
    grad: Any,
    mean: Any,
    largest: Any,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> Any:
    """A step of Adam with the largest gradient of the past (Kingma and Ba, 2014); `lr` corrects the bias."""
    m, u = _values(mean, largest)
    g = decayed(weight, grad, wd, rescale_grad, clip_gradient)
    xp = namespace(g)
    m = moved(mean, beta1 * m + (1 - beta1) * g)
    u = moved(largest, xp.maximum(beta2 * u, xp.abs(g)))
    return weight - lr * m / (u + epsilon)


NAMES = (
    "sgd_update sgd_mom_update nag_mom_update signsgd_update signum_update adam_update rmsprop_update "
    "rmspropalex_update ftrl_update ftml_update"
)
