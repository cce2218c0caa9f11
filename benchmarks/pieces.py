"""What single calls cost: ``python -m benchmarks.pieces`` prints a Markdown table.

Each figure is the shortest of many single calls, in microseconds: so little time has no room for other programs, and
the ratios in `docs/performance.md` that matter are measured by the workloads.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from xpgrad import autograd, namespace

xp: Any = namespace("numpy")

REPEATS = 5000


def shortest(call: Callable[[], Any]) -> float:
    """Microseconds of the fastest of many calls."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best * 1e6


def pieces() -> dict[str, tuple[Callable[[], Any], Callable[[], Any] | None, bool]]:
    """By name: the call on Arrays, the same on NumPy's arrays if there is such, and whether it is recorded."""
    a, b = np.asarray([1.1, 1.2, 1.3, 1.4]), np.asarray([0.1, 0.2, 0.3, 0.4])
    m = np.ones((2, 2))
    x, c, w, y, s = (xp.asarray(raw) for raw in (a, b, m, np.ones(4), np.asarray(2.0)))
    for variable in (x, w):
        variable.attach_grad()
    with autograd.record():
        head = -x
    plain = xp.asarray(a.copy())

    def scope() -> None:
        with autograd.record():
            pass

    def put(target: Any, value: Any) -> None:
        target[:] = value

    def deliver() -> None:
        head.backward(retain_graph=True)

    return {
        "`exp(x)`, recorded": (lambda: xp.exp(x), lambda: np.exp(a), True),
        "`exp(x)`": (lambda: xp.exp(c), lambda: np.exp(a), False),
        "`x * c`, recorded": (lambda: x * c, lambda: a * b, True),
        "`x * c`": (lambda: plain * c, lambda: a * b, False),
        "`x * 2.0`, recorded": (lambda: x * 2.0, lambda: a * 2.0, True),
        "`x + s` with a 0-d `s`, recorded": (lambda: x + s, lambda: a + s.data, True),
        "`sum(x)`, recorded": (lambda: xp.sum(x), lambda: np.sum(a), True),
        "`w @ w`, recorded": (lambda: w @ w, lambda: m @ m, True),
        "`x[1:]`, recorded": (lambda: x[1:], lambda: a[1:], True),
        "`y[:] = c`": (lambda: put(y, c), lambda: put(a, b), False),
        "`with record(): pass`": (scope, None, False),
        "`x.attach_grad()`": (lambda: c.detach().attach_grad(), None, False),
        "`backward()` of one operation": (deliver, None, False),
    }


def main() -> None:
    """Print the table, and what the garbage collector takes of a long recording."""
    print("| us | xpgrad | NumPy |\n|---|---|---|")
    for name, (ours, numpys, recorded) in pieces().items():
        with autograd.record() if recorded else nullcontext():
            own = shortest(ours)
        print(f"| {name} | {own:.2f} | {'' if numpys is None else f'{shortest(numpys):.2f}'} |")
    x = xp.asarray(np.ones(4))
    x.attach_grad()

    def chain() -> float:
        start = time.process_time()
        with autograd.record():
            out = x
            for _ in range(100_000):
                out = out * 1.0
        out.backward()
        return time.process_time() - start

    usual = min(chain() for _ in range(5))
    gc.disable()
    print(f"\nThe garbage collector takes {1 - min(chain() for _ in range(5)) / usual:.0%} of a record of 100,000.")
    gc.enable()


if __name__ == "__main__":
    main()
