"""Overhead per operation: 1,000 mixed element-wise operations on 4 elements, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Function, Peer, Run

CYCLE = 8  # operations in one turn of the loops below
START = np.asarray([0.1, 0.2, 0.3, 0.4])
OPERAND = np.asarray([1.1, 1.2, 1.3, 1.4])


def chain(operations: int, operand: Any = None) -> Callable[..., Any]:
    """A chain of operations; the other operand is given here if constant, else it is the second variable.

    One turn maps x to k - x, with a k that depends on the operand: neither values nor gradients grow or fade.
    """

    def f(xp: Any, x: Any, c: Any = operand) -> Any:
        for _ in range(operations // CYCLE):
            x = xp.negative((xp.log(xp.exp(x * c) * c) - c) / c) + c
        return xp.sum(x)

    return f


def forward_by_hand(operations: int, x: Any, c: Any) -> list[Any]:
    """The chain as one would write it by hand, in NumPy: what its gradient needs."""
    kept = []
    for _ in range(operations // CYCLE):
        e = np.exp(x * c)
        scaled = e * c
        quotient = (np.log(scaled) - c) / c
        kept.append((x, e, scaled, quotient))
        x = np.negative(quotient) + c
    return kept


def backward_by_hand(c: Any, tracked: bool, kept: list[Any]) -> list[Any]:
    """The gradient of the chain; also by the operand if that is tracked."""
    g = np.ones_like(START)
    of_c = np.zeros_like(START)
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


def by_hand(operations: int, c: Any, tracked: bool) -> list[Any]:
    """Forward and backward."""
    return backward_by_hand(c, tracked, forward_by_hand(operations, START, c))


def forward_of(whole: Contender) -> Contender:
    """Of a contender whose `run` are its stages, the first."""
    return replace(whole, run=whole.run[0], prepare=tuple)


def backward_of(whole: Contender) -> Contender:
    """The second stage, for which the first is prepared."""
    forward, backward = whole.run
    return replace(whole, run=backward, prepare=lambda: (forward(),))


class Chain(Workload):
    """The chain with the other operand a constant array, a variable, and a Python number; the first also in halves."""

    name = "chain"

    def __init__(self, operations: int = 1000) -> None:
        self.operations = operations

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        n = self.operations
        for kind in ("constant", "tracked", "float"):
            operand: Any = 1.1 if kind == "float" else OPERAND
            tracked = kind == "tracked"
            floor = Contender("by hand", partial(by_hand, n, operand, tracked), n)
            title = f"chain, {kind} operands"
            yield contest(title, floor, peers, partial(self._whole, operand, tracked), target=2.8)

        hand = partial(forward_by_hand, n, START, OPERAND), partial(backward_by_hand, OPERAND, False)
        for title, half in (("chain, forward only", forward_of), ("chain, backward only", backward_of)):
            floor = half(Contender("by hand", hand, n))
            case = contest(title, floor, peers, lambda peer: peer.stages(*self._problem(OPERAND, False, peer)))
            yield replace(case, rivals=list(map(half, case.rivals)), checked=False)

    def _whole(self, operand: Any, tracked: bool, peer: Peer) -> Run:
        return peer.differentiate(*self._problem(operand, tracked, peer))

    def _problem(self, operand: Any, tracked: bool, peer: Peer) -> tuple[Function, list[Any]]:
        """The function and the variables' values."""
        if tracked:
            return chain(self.operations), [START, operand]
        return chain(self.operations, peer.constant(operand)), [START]
