"""Many medium operations: the log-likelihood of a Gaussian mixture.

The objective is that of ADBench (F. Srajer et al., "A benchmark of selected algorithmic differentiation tools on some
problems in computer vision and machine learning", 2018): the factor of every component's inverse covariance is lower
triangular, with the logarithm of its diagonal as parameter; the prior is of Wishart form with gamma 1 and m 0. Constant
terms are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Case, Contender, Workload, contest
from benchmarks.peers import Function, Peer


def placing(d: int) -> Any:
    """The matrix that puts the elements below the diagonal where they belong, in the transposed factor."""
    rows, columns = np.tril_indices(d, -1)
    place = np.zeros((len(rows), d * d))
    place[np.arange(len(rows)), columns * d + rows] = 1.0
    return place


def likelihood_of(peer: Peer, x: Any, place: Any) -> Function:
    """The log-likelihood of samples x, as a function of weights, means and factors."""
    n, d = x.shape

    def log_sum_exp(xp: Any, a: Any, axis: int) -> Any:
        largest = peer.stop(xp.max(a, axis=axis, keepdims=True))
        return xp.sum(xp.log(xp.sum(xp.exp(a - largest), axis=axis))) + xp.sum(largest)

    def likelihood(xp: Any, alphas: Any, means: Any, factors: Any) -> Any:
        logs, below = factors[:, :d], factors[:, d:]
        diagonal = xp.exp(logs)
        upper = xp.reshape(below @ place, (len(factors), d, d))
        centered = x - means[:, None, :]
        scaled = centered * diagonal[:, None, :] + centered @ upper
        terms = (alphas + xp.sum(logs, axis=1))[:, None] - 0.5 * xp.sum(scaled * scaled, axis=2)
        prior = 0.5 * (xp.sum(diagonal * diagonal) + xp.sum(below * below))
        return log_sum_exp(xp, terms, 0) - n * log_sum_exp(xp, alphas, 0) + prior

    return likelihood


def by_hand(x: Any, place: Any, alphas: Any, means: Any, factors: Any) -> list[Any]:
    """The gradient, on the way to which the log-likelihood is computed, too."""
    n, d = x.shape
    logs, below = factors[:, :d], factors[:, d:]
    diagonal = np.exp(logs)
    upper = (below @ place).reshape(-1, d, d)
    centered = x - means[:, None, :]
    scaled = centered * diagonal[:, None, :] + centered @ upper
    terms = (alphas + np.sum(logs, axis=1))[:, None] - 0.5 * np.sum(scaled * scaled, axis=2)
    largest = np.max(terms, axis=0)
    e = np.exp(terms - largest)
    sums = np.sum(e, axis=0)
    weights = np.exp(alphas - np.max(alphas))
    total = np.sum(weights)
    np.sum(np.log(sums) + largest) - n * (np.log(total) + np.max(alphas))
    0.5 * (np.sum(diagonal * diagonal) + np.sum(below * below))

    of_terms = e / sums
    shares = np.sum(of_terms, axis=1)
    of_scaled = -of_terms[:, :, None] * scaled
    of_upper = centered.swapaxes(1, 2) @ of_scaled
    of_centered = of_scaled * diagonal[:, None, :] + of_scaled @ upper.swapaxes(1, 2)
    of_diagonal = np.sum(of_scaled * centered, axis=1) + diagonal
    return [
        shares - n / total * weights,
        -np.sum(of_centered, axis=1),
        np.concatenate(
            [of_diagonal * diagonal + shares[:, None], of_upper.reshape(-1, d * d) @ place.T + below], axis=1
        ),
    ]


class Mixture(Workload):
    """The gradient by all parameters."""

    name = "mixture"

    def __init__(self, d: int = 10, components: int = 25, samples: int = 1000) -> None:
        self.d = d
        self.components = components
        self.samples = samples

    def cases(self, peers: Sequence[Peer]) -> Iterable[Case]:
        d, k, n = self.d, self.components, self.samples
        random = np.random.default_rng(0)
        x, place = random.standard_normal((n, d)), placing(d)
        values = [random.standard_normal(k), random.random((k, d)), 0.3 * random.standard_normal((k, d * (d + 1) // 2))]
        yield contest(
            f"Gaussian mixture, d {d}, K {k}, N {n:,}",
            Contender("by hand", partial(by_hand, x, place, *values)),
            peers,
            lambda peer: peer.differentiate(likelihood_of(peer, peer.constant(x), peer.constant(place)), values),
            target=1.6,
        )
