"""Rarely used functions of NumPy's: on the host, as in MXNet, unless an array is recorded.

Then NumPy's own function is called with Arrays, and `xpgrad.protocols` has its gradient, or refuses to lose it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.discovery import floating, get_backend, get_named
from xpgrad.mxnet.base import numpys
from xpgrad.protocols.conventions import arrays_in
from xpgrad.protocols.outputs import is_recorded

NAMES = (
    "apply_over_axes correlate frexp histogram2d histogram_bin_edges histogramdd i0 lexsort min_scalar_type modf "
    "nancumprod nanmedian nanpercentile nanquantile packbits piecewise poly polyadd polydiv polyfit polyint polymul "
    "polysub real roots spacing trim_zeros unpackbits unwrap"
).split()

#: Parameters that NumPy has renamed since.
_RENAMED = {"interpolation": "method"}


def of_numpy(name: str) -> Callable[..., Any]:
    """A function of NumPy's, for plain Arrays.

    Raises
    ------
    NoCounterpartError, HistoryLostError
        If a gradient through it would be lost.
    """
    compute = numpys(name)

    def call(*arguments: Any, **options: Any) -> Any:
        arguments = _each(arguments, _without_steps)
        options = {_RENAMED.get(key, key): _each(x, _without_steps) for key, x in options.items()}
        if any(map(is_recorded, arrays_in((*arguments, options)))):
            return compute(*arguments, **options)
        host = {key: _each(x, Array.asnumpy) for key, x in options.items()}
        return _from_host(compute(*_each(arguments, Array.asnumpy), **host))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"NumPy's ``{name}``."
    return call


def _each(x: Any, f: Callable[[Array], Any]) -> Any:
    """A function of every Array, also inside lists and tuples."""
    if isinstance(x, Array):
        return f(x)
    return type(x)(_each(part, f) for part in x) if type(x) in (list, tuple) else x


def _without_steps(x: Array) -> Array:
    """An array without its history where that is one of integers or booleans, through which nothing changes."""
    return x if floating(x.data) else array_of(x.data)


def _from_host(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return tuple(map(_from_host, x)) if isinstance(x, tuple) else list(map(_from_host, x))
    if not hasattr(x, "__array__"):
        return x
    backend = get_named(get_backend())
    return array_of(backend.asarray(backend.namespace.asarray(x)))
