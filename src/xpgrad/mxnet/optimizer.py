"""mx.optimizer: how parameters follow their gradients.

The formulas are those of `ops.updates`. An optimiser of the user's own is a subclass of `Optimizer` with
``create_state(index, weight)`` and ``update(index, weight, grad, state)``, which writes to the weight.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from math import sqrt
from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.inplace import assign
from xpgrad.mxnet.arrays import NDArray, dressed, plain
from xpgrad.mxnet.base import lacking, registry
from xpgrad.mxnet.dtypes import dtype_named
from xpgrad.mxnet.generator import draw
from xpgrad.mxnet.ops import updates
from xpgrad.mxnet.ops.creation import array
from xpgrad.mxnet.promotion import cast
from xpgrad.scope import is_recording, modes

register, create = registry("optimizer")


def numbers(values: list[float]) -> NDArray:
    """A list as an array of whole numbers."""
    return dressed(array(values, "int64"), NDArray)


def arrays_of(state: Any) -> Iterator[NDArray]:
    """All arrays of a state, which may be None, an array, or nested tuples of them."""
    if isinstance(state, NDArray):
        yield state
    elif isinstance(state, list | tuple):
        for part in state:
            yield from arrays_of(part)


class Optimizer:
    """What all optimisers share: learning rate, weight decay, and what is done to gradients first.

    Parameters
    ----------
    rescale_grad : float
        What gradients are multiplied with; `gluon.Trainer` sets it to one over the size of the batch.
    wd : float
        Weight decay: this times the weight is added to the gradient.
    clip_gradient : float, optional
        How large elements of a gradient may be.
    learning_rate : float, optional
        The length of a step.
    lr_scheduler : LRScheduler, optional
        Decides the learning rate from the number of updates.
    multi_precision : bool
        Whether weights in float16 are kept in float32, too.
    param_dict : dict, optional
        Parameters by index, for their `lr_mult` and `wd_mult`.
    param_idx2name : dict, optional
        Names by index, for `set_lr_mult` and `set_wd_mult`.
    begin_num_update : int
        How many updates have been made already.
    sym, aggregate_num, use_fused_step
        Not used.
    """

    #: How many arrays of the weight's shape it keeps.
    _states = 0
    #: The learning rate where none is given.
    _rate = 0.01

    def __init__(
        self,
        rescale_grad: float = 1.0,
        param_idx2name: dict[int, str] | None = None,
        wd: float = 0.0,
        clip_gradient: float | None = None,
        learning_rate: float | None = None,
        lr_scheduler: Any = None,
        sym: Any = None,
        begin_num_update: int = 0,
        multi_precision: bool = False,
        param_dict: dict[int, Any] | None = None,
        aggregate_num: int | None = None,
        use_fused_step: bool | None = None,
    ) -> None:
        self.rescale_grad = rescale_grad
        self.wd = wd
        self.clip_gradient = clip_gradient
        self.lr = self._rate if learning_rate is None else learning_rate
        self.lr_scheduler = lr_scheduler
        if lr_scheduler is not None and learning_rate is not None:
            lr_scheduler.base_lr = learning_rate
        self.multi_precision = multi_precision
        self.param_dict = param_dict or {}
        self.idx2name = dict(param_idx2name or {})
        self.lr_mult: dict[Any, float] = {}
        self.wd_mult: dict[Any, float] = {}
        self.begin_at(begin_num_update)

    def begin_at(self, num_update: int) -> None:
        """Go on as if so many updates had been made."""
        self.begin_num_update = self.num_update = num_update
        self._counts: dict[int, dict[Any, int]] = {0: {}}
        self._index_update_count = self._counts[0]

    def _set_current_device(self, device: int) -> None:
        """Count the updates of one device, which each parameter gets its own of."""
        self._index_update_count = self._counts.setdefault(device, {})

    @property
    def learning_rate(self) -> float:
        """The current learning rate."""
        return self.lr if self.lr_scheduler is None else float(self.lr_scheduler(self.num_update))

    def set_learning_rate(self, lr: float) -> None:
        """Set the learning rate.

        Raises
        ------
        UserWarning
            If there is a scheduler, which decides it.
        """
        if self.lr_scheduler is not None:
            raise UserWarning("the scheduler decides the learning rate: set its base_lr, or make one without it.")
        self.lr = lr

    def set_lr_mult(self, args_lr_mult: dict[Any, float]) -> None:
        """Multiply the learning rate of parameters, by name or index."""
        self.lr_mult = dict(args_lr_mult)

    def set_wd_mult(self, args_wd_mult: dict[Any, float]) -> None:
        """Multiply the weight decay of parameters, by name or index."""
        self.wd_mult = dict(args_wd_mult)

    def _multiplied(self, index: Any, multipliers: dict[Any, float], attribute: str) -> float:
        parameter = self.param_dict.get(index)
        if parameter is not None:
            return getattr(parameter, attribute)
        return multipliers.get(index, multipliers.get(self.idx2name.get(index), 1.0))

    def _get_lr(self, index: Any) -> float:
        """The learning rate of a parameter."""
        rate = self.lr if self.lr_scheduler is None else self.learning_rate
        return rate * self._multiplied(index, self.lr_mult, "lr_mult")

    def _get_wd(self, index: Any) -> float:
        """The weight decay of a parameter."""
        return self.wd and self.wd * self._multiplied(index, self.wd_mult, "wd_mult")

    def _update_count(self, index: Any) -> None:
        """Count an update of a parameter, or of several."""
        for i in index if isinstance(index, list | tuple) else [index]:
            count = self._index_update_count.get(i, self.begin_num_update) + 1
            self._index_update_count[i] = count
            self.num_update = max(count, self.num_update)

    def create_state(self, index: Any, weight: NDArray) -> Any:
        """What is kept for a weight between updates: None, an array, or a tuple of arrays."""
        states = tuple(dressed(0 * array_of(weight.data), weight._kind) for _ in range(self._states))
        return (states or (None,))[0] if self._states < 2 else states

    def create_state_multi_precision(self, index: Any, weight: NDArray) -> Any:
        """The same; with `multi_precision`, for a weight in float16, after a copy in float32."""
        if not self._keeps_copy(weight):
            return self.create_state(index, weight)
        master = weight.detach().astype("float32")
        return master, self.create_state(index, master)

    def _keeps_copy(self, weight: NDArray) -> bool:
        return self.multi_precision and weight.dtype == dtype_named("float16")

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Write a new weight, and a new state; of one parameter, or of each in lists."""
        if isinstance(index, list | tuple):
            self.step(index, weight, grad, state)
        else:
            self.step([index], [weight], [grad], [state])

    def step(self, indices: Any, weights: Any, grads: Any, states: Any) -> None:
        """Write new weights and states."""
        limit = -1.0 if self.clip_gradient is None else self.clip_gradient
        with modes(False, None) if is_recording() else nullcontext():
            for index, weight, grad, state in zip(indices, weights, grads, states, strict=True):
                self._update_count(index)
                lr, wd = self._get_lr(index), self._get_wd(index)
                count = self._index_update_count[index]
                kept = tuple(arrays_of(state))
                new = self._new(plain(weight), plain(grad), kept, lr, wd, count, (self.rescale_grad, limit))
                assign(weight, cast(new, weight.dtype))

    def _new(
        self, weight: Array, grad: Any, state: Any, lr: float, wd: float, count: int, limits: tuple[float, float]
    ) -> Any:
        """A new weight; `state` is written to. `limits` are the factor and the limit of the gradient."""
        raise NotImplementedError(f"{type(self).__name__} has neither update() nor step().")

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """The same; the copy in float32 is what moves, where there is one."""
        if isinstance(index, list | tuple):
            for one in zip(index, weight, grad, state, strict=True):
                self.update_multi_precision(*one)
        elif self._keeps_copy(weight):
            master, inner = state
            self.update(index, master, grad.astype("float32"), inner)
            with modes(False, None):
                assign(weight, cast(plain(master), weight.dtype))
        else:
            self.update(index, weight, grad, state)


@register
class SGD(Optimizer):
    """Steps against the gradient, with momentum."""

    _formula = (updates.sgd_update, updates.sgd_mom_update)

    _rate = 0.1

    def __init__(
        self, learning_rate: float | None = None, momentum: float = 0.0, lazy_update: bool = False, **kwargs: Any
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum
        self._states = int(momentum != 0)

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        if not state:
            return self._formula[0](weight, grad, lr, wd, *limits)
        return self._formula[1](weight, grad, *state, lr, self.momentum, wd, *limits)


@register
class NAG(SGD):
    """Steps with Nesterov's momentum."""

    _formula = (updates.sgd_update, updates.nag_mom_update)

    _rate = 0.1

    def __init__(self, learning_rate: float | None = None, momentum: float = 0.9, **kwargs: Any):
        super().__init__(learning_rate, momentum, **kwargs)


@register
class Signum(Optimizer):
    """Steps by the sign of the momentum (Bernstein and others, 2018)."""

    _rate = 0.01

    def __init__(self, learning_rate: float | None = None, momentum: float = 0.9, wd_lh: float = 0.0, **kwargs: Any):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum
        self.wd_lh = wd_lh
        self._states = int(momentum != 0)

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        if not state:
            return updates.signsgd_update(weight, grad, lr, wd + self.wd_lh, *limits)
        return updates.signum_update(weight, grad, *state, lr, self.momentum, wd, *limits, self.wd_lh)


@register
class SGLD(Optimizer):
    """Steps against half the gradient, with noise, which sample from a distribution (Welling and Teh, 2011)."""

    _rate = 0.1

    def __init__(self, learning_rate: float | None = None, **kwargs: Any):
        super().__init__(learning_rate=learning_rate, **kwargs)

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        noise = sqrt(lr) * draw("standard_normal", size=weight.shape, dtype=weight.dtype)
        return updates.sgd_update(weight, grad, lr / 2, wd, *limits) + noise


class _Adaptive(Optimizer):
    """Two running means that begin at 0: of the gradient and of its size."""

    _states = 2

    _rate = 0.001

    def __init__(
        self,
        learning_rate: float | None = None,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        lazy_update: bool = False,
        **kwargs: Any,
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def _corrected(self, lr: float, count: int) -> float:
        """The learning rate that makes up for means that began at 0."""
        return lr * sqrt(1 - self.beta2**count) / (1 - self.beta1**count)


@register
class Adam(_Adaptive):
    """Steps by a running mean, over the root of that of squares (Kingma and Ba, 2014)."""

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        lr, betas = self._corrected(lr, count), (self.beta1, self.beta2)
        return updates.adam_update(weight, grad, *state, lr, *betas, self.epsilon, wd, *limits)


@register
class AdamW(_Adaptive):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2017)."""

    _rate = 0.001

    def __init__(
        self,
        learning_rate: float | None = None,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-6,
        correct_bias: bool = True,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon, **kwargs)
        self.correct_bias = correct_bias

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        lr = self._corrected(lr, count) if self.correct_bias else lr
        moved = updates.adam_update(weight, grad, *state, lr, self.beta1, self.beta2, self.epsilon, 0.0, *limits)
        return moved - lr * wd * moved


@register
class Adamax(_Adaptive):
    """Adam with the largest gradient of the past in place of the root of a mean (Kingma and Ba, 2014)."""

    _rate = 0.002

    def __init__(self, learning_rate: float | None = None, beta1: float = 0.9, beta2: float = 0.999, **kwargs: Any):
        super().__init__(learning_rate, beta1, beta2, **kwargs)

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        lr /= 1 - self.beta1**count
        return updates.adamax_update(weight, grad, *state, lr, self.beta1, self.beta2, self.epsilon, wd, *limits)


@register
class Nadam(_Adaptive):
    """Adam with Nesterov's momentum (Dozat, 2016)."""

    _rate = 0.001

    def __init__(
        self,
        learning_rate: float | None = None,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        schedule_decay: float = 0.004,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon, **kwargs)
        self.schedule_decay = schedule_decay
        self.m_schedule = 1.0

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        momentum, following = (self.beta1 * (1 - 0.5 * 0.96 ** (t * self.schedule_decay)) for t in (count, count + 1))
        self.m_schedule *= momentum
        mean, var = state
        g = updates.decayed(weight, grad, wd, *limits)
        m = updates.moved(mean, self.beta1 * array_of(mean.data) + (1 - self.beta1) * g)
        v = updates.moved(var, self.beta2 * array_of(var.data) + (1 - self.beta2) * g * g)
        step = (1 - momentum) / (1 - self.m_schedule) * g + following / (1 - self.m_schedule * following) * m
        root = (v / (1 - self.beta2**count)) ** 0.5
        return weight - lr * step / (root + self.epsilon)


@register
class FTML(_Adaptive):
    """Steps that follow the moving leader (Zheng and Kwok, 2017)."""

    _states = 3

    _rate = 0.0025

    def __init__(self, learning_rate: float | None = None, beta1: float = 0.6, beta2: float = 0.999, **kwargs: Any):
        super().__init__(learning_rate, beta1, beta2, **kwargs)

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        betas = (self.beta1, self.beta2)
        return updates.ftml_update(weight, grad, *state, lr, count, *betas, self.epsilon, wd, *limits)


@register
class RMSProp(Optimizer):
    """Steps over the root of a running mean of squares (Tieleman and Hinton, 2012), or centred (Graves, 2013).

    Parameters
    ----------
    learning_rate : float
        The length of a step.
    rho : float
        The share of the old in the new mean; MXNet 1 calls it gamma1.
    momentum : float
        Of the centred form; MXNet 1 calls it gamma2.
    epsilon : float
        Added to the root, or under it in the centred form.
    centered : bool
        Whether the square of the mean is subtracted.
    clip_weights : float, optional
        How large weights may become.
    gamma1, gamma2 : float, optional
        Names of MXNet 1.
    """

    _rate = 0.001

    def __init__(
        self,
        learning_rate: float | None = None,
        rho: float = 0.9,
        momentum: float = 0.9,
        epsilon: float = 1e-8,
        centered: bool = False,
        clip_weights: float | None = None,
        gamma1: float | None = None,
        gamma2: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.rho = rho if gamma1 is None else gamma1
        self.momentum = momentum if gamma2 is None else gamma2
        self.epsilon = epsilon
        self.centered = centered
        self.clip_weights = -1.0 if clip_weights is None else clip_weights
        self._states = 3 if centered else 1

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        common = (self.epsilon, wd, *limits, self.clip_weights)
        if self.centered:
            return updates.rmspropalex_update(weight, grad, *state, lr, self.rho, self.momentum, *common)
        return updates.rmsprop_update(weight, grad, *state, lr, self.rho, *common)


@register
class AdaGrad(Optimizer):
    """Steps over the root of the sum of all squares (Duchi and others, 2011)."""

    _states = 1

    _rate = 0.01

    def __init__(
        self, learning_rate: float | None = None, epsilon: float = 1e-6, eps: float | None = None, **kwargs: Any
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.epsilon = epsilon if eps is None else eps

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        return updates.adagrad_update(weight, grad, *state, lr, self.epsilon, wd, *limits)


@register
class AdaDelta(Optimizer):
    """Steps by the ratio of running means of steps and gradients (Zeiler, 2012)."""

    _states = 2

    _rate = 1.0

    def __init__(self, learning_rate: float | None = None, rho: float = 0.9, epsilon: float = 1e-6, **kwargs: Any):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        return updates.adadelta_update(weight, grad, *state, lr, self.rho, self.epsilon, wd, *limits)


@register
class Ftrl(Optimizer):
    """Steps that follow the regularised leader (McMahan and others, 2013)."""

    _states = 2

    _rate = 0.1

    def __init__(self, learning_rate: float | None = None, lamda1: float = 0.01, beta: float = 1.0, **kwargs: Any):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.lamda1 = lamda1
        self.beta = beta

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        return updates.ftrl_update(weight, grad, *state, lr, self.lamda1, self.beta, wd, *limits)


@register
class DCASGD(Optimizer):
    """Steps that make up for gradients that come late (Zheng and others, 2016)."""

    _states = 2

    _rate = 0.1

    def __init__(self, learning_rate: float | None = None, momentum: float = 0.0, lamda: float = 0.04, **kwargs: Any):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum
        self.lamda = lamda

    def create_state(self, index: Any, weight: NDArray) -> Any:
        """The momentum, and the weight as it was."""
        return dressed(0 * array_of(weight.data), weight._kind), weight.detach().copy()

    def _new(self, weight: Any, grad: Any, state: Any, lr: float, wd: float, count: int, limits: Any) -> Any:
        mom, before = state
        g = updates.decayed(weight, grad, wd, *limits)
        late = g + self.lamda * g * g * (weight - array_of(before.data))
        step = updates.moved(mom, self.momentum * array_of(mom.data) - lr * late)
        assign(before, weight)
        return weight + step


class Updater:
    """An optimiser as a function of index, gradient and weight, which keeps the states."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.states: dict[Any, Any] = {}

    def __call__(self, index: Any, grad: Any, weight: Any) -> None:
        """Write a new weight; of one parameter, or of each in lists."""
        if isinstance(index, list | tuple):
            for one in zip(index, grad, weight, strict=True):
                self(*one)
            return
        if index not in self.states:
            self.states[index] = self.optimizer.create_state_multi_precision(index, weight)
        self.optimizer.update_multi_precision(index, weight, grad, self.states[index])


get_updater = Updater

__getattr__ = lacking("mx.optimizer", globals())
