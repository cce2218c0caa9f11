"""The chains of element-wise operations that are timed, each with its gradient as one would write it in NumPy.

`MIXED` has what numerical code has: arithmetic, powers, exponential, trigonometric and hyperbolic functions. `CHEAP` is
the stricter one: its gradient by hand takes less time than its values, because half of its operations need none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Links(NamedTuple):
    """A chain of any length, made of turns of a loop that maps x to a new x, and an operand c.

    Neither the values nor the gradients grow or fade by much from turn to turn.

    Attributes
    ----------
    title : str
        What the table calls it.
    start, operand : ndarray
        The first x, and c.
    number : float
        For c, where that is a Python number.
    operations : int
        In one turn.
    values : callable
        ``values(turns, xp, x, c)``: the x after these turns, in any library.
    forward : callable
        ``forward(turns, x, c)`` by hand: what the gradient needs, turn by turn.
    backward : callable
        ``backward(c, tracked, kept)`` by hand: the gradient by x, and that by c where it is tracked.
    """

    title: str
    start: Any
    operand: Any
    number: float
    operations: int
    values: Callable[..., Any]
    forward: Callable[..., list[Any]]
    backward: Callable[..., list[Any]]

    def function(self, operations: int, operand: Any = None) -> Callable[..., Any]:
        """The chain and a sum; the other operand is given here if constant, else it is the second variable."""
        turns, values = operations // self.operations, self.values
        return lambda xp, x, c=operand: xp.sum(values(turns, xp, x, c))

    def by_hand(self, operations: int, c: Any, tracked: bool) -> list[Any]:
        """Forward and backward."""
        return self.backward(c, tracked, self.forward(operations // self.operations, self.start, c))


def _mixed(turns: int, xp: Any, x: Any, c: Any) -> Any:
    for _ in range(turns):
        x = xp.negative(xp.tanh(xp.sqrt(xp.exp(xp.sin(x * c) * c)) - c) * c)
    return x


def _mixed_forward(turns: int, x: Any, c: Any) -> list[Any]:
    kept = []
    for _ in range(turns):
        scaled = x * c
        sine = np.sin(scaled)
        e = np.exp(sine * c)
        root = np.sqrt(e)
        t = np.tanh(root - c)
        kept.append((x, scaled, sine, e, root, t))
        x = np.negative(t * c)
    return kept


def _mixed_backward(c: Any, tracked: bool, kept: list[Any]) -> list[Any]:
    g = np.ones(4)
    of_c = np.zeros(4)
    for x, scaled, sine, e, root, t in reversed(kept):
        g = -g
        if tracked:
            of_c += g * t
        g = g * c * (1 - t * t)
        if tracked:
            of_c -= g
        g = g * (0.5 / root) * e
        if tracked:
            of_c += g * sine
        g = g * c * np.cos(scaled)
        if tracked:
            of_c += g * x
        g = g * c
    return [g, of_c] if tracked else [g]


def _cheap(turns: int, xp: Any, x: Any, c: Any) -> Any:
    for _ in range(turns):
        x = xp.negative((xp.log(xp.exp(x * c) * c) - c) / c) + c
    return x


def _cheap_forward(turns: int, x: Any, c: Any) -> list[Any]:
    kept = []
    for _ in range(turns):
        e = np.exp(x * c)
        scaled = e * c
        quotient = (np.log(scaled) - c) / c
        kept.append((x, e, scaled, quotient))
        x = np.negative(quotient) + c
    return kept


def _cheap_backward(c: Any, tracked: bool, kept: list[Any]) -> list[Any]:
    g = np.ones(4)
    of_c = np.zeros(4)
    for x, e, scaled, quotient in reversed(kept):
        if tracked:
            of_c += g
        g = -g / c
        if tracked:
            of_c -= g * quotient
            of_c -= g
        g = g / scaled
        if tracked:
            of_c += g * e
        g = g * c * e
        if tracked:
            of_c += g * x
        g = g * c
    return [g, of_c] if tracked else [g]


_START = np.asarray([0.1, 0.2, 0.3, 0.4])

# Such a c makes a turn's slope -0.95 where x settles down.
_NEUTRAL = np.asarray([1.21, 1.22, 1.225, 1.23])

MIXED = Links("chain", _START, _NEUTRAL, 1.22, 9, _mixed, _mixed_forward, _mixed_backward)
CHEAP = Links(
    "chain of cheap operations",
    _START,
    np.asarray([1.1, 1.2, 1.3, 1.4]),
    1.1,
    8,
    _cheap,
    _cheap_forward,
    _cheap_backward,
)
