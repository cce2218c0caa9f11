"""Overhead per operation: 1,000 mixed element-wise operations on 4 elements, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload
from benchmarks.peers import Peer

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


def by_hand(operations: int, x: Any, c: Any, tracked: bool) -> list[Any]:
    """The gradient of the chain as one would write it by hand, in NumPy; also by the operand if that is tracked."""
    kept = []
    for _ in range(operations // CYCLE):
        e = np.exp(x * c)
        scaled = e * c
        quotient = (np.log(scaled) - c) / c
        kept.append((x, e, scaled, quotient))
        x = np.negative(quotient) + c
    g = np.ones_like(x)
    of_c = np.zeros_like(x)
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


class Chain(Workload):
    """The chain with the other operand a constant array, a variable, and a Python number."""

    name = "chain"
    operations = 1000

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        n = self.operations
        for kind in ("constant", "tracked", "float"):
            c: Any = 1.1 if kind == "float" else OPERAND
            tracked = kind == "tracked"
            rivals = []
            for peer in peers:
                values = [START, c] if tracked else [START]
                f = chain(n) if tracked else chain(n, peer.constant(c))
                rivals.append(Contender(peer.name, peer.differentiate(f, values), n))
            floor = Contender("by hand", partial(by_hand, n, START, c, tracked), n)
            yield Case(f"chain, {kind} operands", floor, rivals, target=4.0)
