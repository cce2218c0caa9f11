"""Large element-wise operations, bound by memory: Black-Scholes prices, and log-sum-exp."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from math import pi, sqrt
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Function, Peer

RATE = 0.02

# The normal distribution function as (1 + tanh(SCALE * x * (1 + CUBIC * x * x))) / 2: E. Page, "Approximations to the
# cumulative normal function and its inverse for use on a pocket calculator", 1977.
SCALE, CUBIC = sqrt(2 / pi), 0.044715


def price_of(strike: Any, years: Any) -> Function:
    """The sum of the prices of European calls, as a function of spots and volatilities."""

    def normal(xp: Any, x: Any) -> Any:
        return 0.5 * (1.0 + xp.tanh(SCALE * x * (1.0 + CUBIC * (x * x))))

    def price(xp: Any, spot: Any, volatility: Any) -> Any:
        spread = volatility * xp.sqrt(years)
        d1 = (xp.log(spot / strike) + (RATE + 0.5 * volatility * volatility) * years) / spread
        return xp.sum(spot * normal(xp, d1) - strike * xp.exp(-RATE * years) * normal(xp, d1 - spread))

    return price


def price_by_hand(strike: Any, years: Any, spot: Any, volatility: Any) -> list[Any]:
    """The sum's gradients, "delta" and "vega", on the way to which the prices are computed, too."""

    def normal(x: Any) -> tuple[Any, Any]:
        square = x * x
        t = np.tanh(SCALE * x * (1.0 + CUBIC * square))
        return 0.5 * (1.0 + t), (1.0 - t * t) * (0.5 * SCALE + 1.5 * SCALE * CUBIC * square)

    root = np.sqrt(years)
    spread = volatility * root
    d1 = (np.log(spot / strike) + (RATE + 0.5 * volatility * volatility) * years) / spread
    discounted = strike * np.exp(-RATE * years)
    n1, slope1 = normal(d1)
    n2, slope2 = normal(d1 - spread)
    np.sum(spot * n1 - discounted * n2)
    of_d2 = discounted * slope2
    of_d1 = (spot * slope1 - of_d2) / spread
    of_spread = of_d2 - of_d1 * d1
    return [n1 + of_d1 / spot, of_d1 * years * volatility + of_spread * root]


def log_sum_exp_of(peer: Peer) -> Function:
    """The sum of the logarithms of the sums of exponentials along rows."""

    def log_sum_exp(xp: Any, x: Any) -> Any:
        largest = peer.stop(xp.max(x, axis=1, keepdims=True))
        return xp.sum(xp.log(xp.sum(xp.exp(x - largest), axis=1))) + xp.sum(largest)

    return log_sum_exp


def log_sum_exp_by_hand(x: Any) -> list[Any]:
    """Its gradient, on the way to which it is computed, too."""
    largest = np.max(x, axis=1, keepdims=True)
    e = np.exp(x - largest)
    sums = np.sum(e, axis=1, keepdims=True)
    np.sum(np.log(sums)) + np.sum(largest)
    return [e / sums]


class Elementwise(Workload):
    """Black-Scholes by spot and volatility, and log-sum-exp by its argument."""

    name = "elementwise"

    def __init__(self, n: int = 10_000_000) -> None:
        self.n = n

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        random = np.random.default_rng(0)
        low, high = np.asarray([[80.0, 0.1, 80.0, 0.2], [120.0, 0.5, 120.0, 2.0]])
        spot, volatility, strike, years = (low + (high - low) * random.random((self.n, 4))).T.copy()
        yield contest(
            f"Black-Scholes, {self.n:,} options",
            Contender("by hand", partial(price_by_hand, strike, years, spot, volatility)),
            peers,
            lambda peer: peer.differentiate(price_of(peer.constant(strike), peer.constant(years)), [spot, volatility]),
            target=1.8,
        )
        x = random.standard_normal((self.n // 1000, 1000))
        yield contest(
            f"log-sum-exp, {self.n // 1000:,} x 1,000",
            Contender("by hand", partial(log_sum_exp_by_hand, x)),
            peers,
            lambda peer: peer.differentiate(log_sum_exp_of(peer), [x]),
            target=1.8,
        )
