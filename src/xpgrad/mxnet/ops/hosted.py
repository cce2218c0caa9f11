"""Functions that run in NumPy on the host, as in MXNet, whatever the backend; they have no gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.discovery import get_backend, get_named
from xpgrad.mxnet.base import MXNetError
from xpgrad.scope import is_recording

NAMES = (
    "apply_over_axes correlate frexp histogram2d histogram_bin_edges histogramdd i0 lexsort min_scalar_type modf "
    "nancumprod nanmedian nanpercentile nanquantile packbits piecewise poly polyadd polydiv polyfit polyint polymul "
    "polysub real roots spacing trim_zeros unpackbits unwrap"
).split()

#: Parameters that NumPy has renamed since.
_RENAMED = {"interpolation": "method"}


def hosted(name: str) -> Callable[..., Any]:
    """A function of NumPy's, for plain Arrays.

    Raises
    ------
    MXNetError
        If a gradient through it would be lost.
    """

    def call(*arguments: Any, **options: Any) -> Any:
        options = {_RENAMED.get(key, key): x for key, x in options.items()}
        found = get_named("numpy").function(name)(
            *(_to_host(x, name) for x in arguments), **{key: _to_host(x, name) for key, x in options.items()}
        )
        return _from_host(found)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"NumPy's ``{name}``, on the host; it has no gradient."
    return call


def _to_host(x: Any, name: str) -> Any:
    if isinstance(x, Array):
        if x._node is not None and is_recording():
            raise MXNetError(f"{name} runs in NumPy and has no gradient: call it with x.detach(), or under pause().")
        return x.asnumpy()
    return type(x)(_to_host(part, name) for part in x) if type(x) in (list, tuple) else x


def _from_host(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return tuple(map(_from_host, x)) if isinstance(x, tuple) else list(map(_from_host, x))
    if not hasattr(x, "__array__"):
        return x
    backend = get_named(get_backend())
    return array_of(backend.asarray(backend.namespace.asarray(x)))
