"""NumPy's histograms: sums of weights, which may be recorded; where numbers fall has no gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import prod
from typing import Any

from xpgrad.discovery import get_named
from xpgrad.errors import HistoryLostError
from xpgrad.namespace import unwrap, wrap
from xpgrad.protocols.conventions import array, arrays_in, flat
from xpgrad.protocols.outputs import is_recorded


def _counted(name: str, columns: Any, bins: Any, range: Any, density: Any, weights: Any) -> Any:
    """What NumPy itself makes of values without history.

    Raises
    ------
    HistoryLostError
        If the numbers to be counted, or the bins, have a history.
    """
    if any(map(is_recorded, arrays_in((columns, bins, range)))):
        raise HistoryLostError(f"numpy.{name}")
    options = {"bins": unwrap(bins), "range": unwrap(range), "density": density, "weights": unwrap(weights)}
    return wrap(getattr(get_named("numpy").namespace, name)(*unwrap(columns), **options))


def _weighted(xp: Any, columns: list[Any], edges: list[Any], density: Any, weights: Any) -> Any:
    """The sums of weights in bins of known edges."""
    place: Any = 0
    inside: Any = True
    lengths = [edge.shape[0] - 1 for edge in edges]
    for column, edge, n in zip(columns, edges, lengths, strict=True):
        found = xp.searchsorted(edge, flat(xp, column), side="right") - 1
        found = xp.where(flat(xp, column) == edge[-1], n - 1, found)
        place, inside = place * n + found, inside & (found >= 0) & (found < n)
    values = xp.where(inside, flat(xp, weights), 0.0)
    out = xp.scatter(values, key=xp.where(inside, place, 0), shape=(prod(lengths),))
    out = xp.reshape(out, tuple(lengths))
    if density:
        volumes = reduce(lambda v, edge: v[..., None] * xp.diff(edge), edges, xp.asarray(1.0))
        out = out / (volumes * xp.sum(out))
    return out


def histogram(
    xp: Any, a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, Any]:
    out, edges = _counted("histogram", (a,), bins, range, density, weights)
    return (_weighted(xp, [array(xp, a)], [edges], density, weights) if is_recorded(weights) else out), edges


def histogram2d(
    xp: Any, x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, Any, Any]:
    out, *edges = _counted("histogram2d", (x, y), bins, range, density, weights)
    columns = [array(xp, x), array(xp, y)]
    return (_weighted(xp, columns, edges, density, weights) if is_recorded(weights) else out), *edges


def histogramdd(
    xp: Any, sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, Any]:
    out, edges = _counted("histogramdd", (sample,), bins, range, density, weights)
    sample = sample if isinstance(sample, list | tuple) else xp.unstack(array(xp, sample), axis=-1)
    columns = [array(xp, column) for column in sample]
    return (_weighted(xp, columns, list(edges), density, weights) if is_recorded(weights) else out), edges


TABLE: dict[str, Callable[..., Any]] = {
    "histogram": histogram,
    "histogram2d": histogram2d,
    "histogramdd": histogramdd,
}
