"""mx.lr_scheduler: learning rates that change with the number of updates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi

from xpgrad.mxnet.base import lacking


class LRScheduler:
    """A learning rate as a function of the number of updates; it rises from `warmup_begin_lr` first.

    Parameters
    ----------
    base_lr : float
        Where it goes on from.
    warmup_steps : int
        How many updates the rise takes.
    warmup_begin_lr : float
        Where it begins.
    warmup_mode : {"linear", "constant"}
        Whether it rises in a line or in a step.
    """

    def __init__(
        self,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        if warmup_begin_lr > base_lr:
            raise ValueError("base_lr has to be higher than warmup_begin_lr.")
        if warmup_steps < 0:
            raise ValueError("warmup_steps must not be negative.")
        if warmup_mode not in ("linear", "constant"):
            raise ValueError(f"warmup_mode is 'linear' or 'constant', not {warmup_mode!r}.")
        self.base_lr = base_lr
        self.warmup_steps = warmup_steps
        self.warmup_begin_lr = warmup_begin_lr
        self.warmup_final_lr = base_lr
        self.warmup_mode = warmup_mode

    def get_warmup_lr(self, num_update: int) -> float:
        """The learning rate during the rise."""
        if self.warmup_mode == "constant":
            return self.warmup_begin_lr
        rise = self.warmup_final_lr - self.warmup_begin_lr
        return self.warmup_begin_lr + rise * num_update / self.warmup_steps

    def __call__(self, num_update: int) -> float:
        """The learning rate after so many updates."""
        return self.get_warmup_lr(num_update) if num_update < self.warmup_steps else self._later(num_update)

    def _later(self, num_update: int) -> float:
        """The learning rate after the rise."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__(num_update).")


class FactorScheduler(LRScheduler):
    """Multiplied by a factor after every so many updates, down to `stop_factor_lr`."""

    def __init__(
        self,
        step: int,
        factor: float = 1,
        stop_factor_lr: float = 1e-8,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if step < 1 or factor > 1:
            raise ValueError("step must be at least 1, and factor at most 1.")
        self.step = step
        self.factor = factor
        self.stop_factor_lr = stop_factor_lr
        self.count = 0

    def _later(self, num_update: int) -> float:
        while num_update > self.count + self.step:
            self.count += self.step
            self.base_lr = max(self.base_lr * self.factor, self.stop_factor_lr)
        return self.base_lr


class MultiFactorScheduler(LRScheduler):
    """Multiplied by a factor after each of several numbers of updates."""

    def __init__(
        self,
        step: Sequence[int],
        factor: float = 1,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if not step or step[0] < 1 or any(b <= a for a, b in pairwise(step)) or factor > 1:
            raise ValueError("step must be a list of rising positive numbers, and factor at most 1.")
        self.step = list(step)
        self.factor = factor
        self.cur_step_ind = 0

    def _later(self, num_update: int) -> float:
        while self.cur_step_ind < len(self.step) and num_update > self.step[self.cur_step_ind]:
            self.cur_step_ind += 1
            self.base_lr *= self.factor
        return self.base_lr


class _Descent(LRScheduler):
    """From `base_lr` to `final_lr`, which it reaches after `max_update` updates."""

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        final_lr: float = 0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if max_update < 1:
            raise ValueError("max_update must be at least 1.")
        self.base_lr_orig = base_lr
        self.max_update = max_update
        self.final_lr = final_lr
        self.max_steps = max_update - warmup_steps

    def _later(self, num_update: int) -> float:
        if num_update <= self.max_update:
            share = self._left((num_update - self.warmup_steps) / self.max_steps)
            self.base_lr = self.final_lr + (self.base_lr_orig - self.final_lr) * share
        return self.base_lr

    def _left(self, done: float) -> float:
        """How much of the way is left, after a share of the updates."""
        raise NotImplementedError


class PolyScheduler(_Descent):
    """Down to `final_lr` as a power of the updates that are left."""

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        pwr: float = 2,
        final_lr: float = 0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        self.power = pwr

    def _left(self, done: float) -> float:
        return float((1 - done) ** self.power)


class CosineScheduler(_Descent):
    """Down to `final_lr` along half a wave."""

    def _left(self, done: float) -> float:
        return (1 + cos(pi * done)) / 2


__getattr__ = lacking("mx.lr_scheduler", globals())
