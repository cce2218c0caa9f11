"""Methods and attributes of NumPy's arrays that the standard's do not have, and that other libraries use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.protocols import calculus, products, selection, shapes


def _transpose(xp: Any, x: Any, *axes: Any) -> Any:
    return shapes.transpose(xp, x, axes if len(axes) > 1 else axes[0] if axes else None)


def _conj(xp: Any, x: Any) -> Any:
    return xp.conj(x)


#: The function behind each method, which takes the namespace and the array first.
METHODS: dict[str, Callable[..., Any]] = {
    "clip": selection.clip,
    "conj": _conj,
    "conjugate": _conj,
    "cumprod": calculus.cumprod,
    "cumsum": calculus.cumsum,
    "diagonal": shapes.diagonal,
    "dot": products.dot,
    "flatten": lambda xp, x, order="C": xp.copy(shapes.ravel(xp, x, order)),
    "nonzero": lambda xp, x: xp.nonzero(x),
    "ravel": shapes.ravel,
    "repeat": shapes.repeat,
    "round": selection.round_,
    "swapaxes": shapes.swapaxes,
    "trace": shapes.trace,
    "transpose": _transpose,
}
