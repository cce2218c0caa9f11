"""Primitives that the standard lacks, or whose rule MXNet chooses otherwise.

They are not in the registry, which is the standard's: MXNet's `maximum` gives all of a tie's gradient to its first
operand, where the core shares it.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from inspect import signature
from typing import Any

from xpgrad.general import general
from xpgrad.plan import Edge
from xpgrad.primitive import PRIMITIVES
from xpgrad.record import binary, unary


def _like(model: str, name: str, implementation: Callable[..., Any] | None, **rules: Callable[..., Any]) -> Any:
    """The function of a primitive of the same form as another, which computes something else or has other rules."""
    primitive = copy(PRIMITIVES[model])
    primitive.name = name
    primitive.implementation = implementation
    primitive.rules = {argument: _edge(rule) for argument, rule in rules.items()}
    primitive.row_rules = {}
    primitive._plans = {}
    if primitive.elementwise:
        apply = unary(primitive) if len(primitive.inputs) == 1 else binary(primitive)
    else:
        apply = general(primitive)
    apply.__doc__ = f"``{name}``{', element by element' if primitive.elementwise else ''}."
    return apply


def _edge(rule: Callable[..., Any]) -> Edge:
    """A rule with the names of what it needs, as `vjp` registers it."""
    first, *rest = signature(rule).parameters
    return Edge(rule, first == "xp", tuple(rest[first == "xp" :]))


@cache
def _computes_in_doubles(xp: Any) -> bool:
    """Whether float64 is what a library computes in where nothing is said."""
    facts = getattr(xp, "__array_namespace_info__", None)
    return facts is not None and facts().default_dtypes()["real floating"] == xp.float64


def _rounded_exp(xp: Any, x: Any) -> Any:
    """Correct to the last digit that is printed, as in MXNet; NumPy's own is one off for many float32 numbers."""
    if x.dtype != xp.float32 or not _computes_in_doubles(xp):
        return xp.exp(x)
    return xp.astype(xp.exp(xp.astype(x, xp.float64)), x.dtype)


exp = _like("exp", "exp", _rounded_exp,
            x=lambda g, out: g * out)  # fmt: skip

relu = _like("exp", "relu",
             lambda xp, x: xp.maximum(x, 0),
             x=lambda xp, g, out: xp.where(out > 0, g, 0 * out))  # fmt: skip  # NaN stays NaN

cbrt = _like("exp", "cbrt",
             lambda xp, x: xp.sign(x) * xp.abs(x) ** (1 / 3),
             x=lambda g, out: g / (3 * out * out))  # fmt: skip

# x @ weight.T of matrices; the gradient of the weight is laid out in memory as the weight is.
linear = _like("matmul", "linear",
               lambda xp, x1, x2: xp.matmul(x1, xp.matrix_transpose(x2)),
               x1=lambda xp, g, x2: xp.matmul(g, x2),
               x2=lambda xp, g, x1: xp.matmul(xp.matrix_transpose(g), x1))  # fmt: skip

_maximum = _like("maximum", "maximum", None,
                 x1=lambda xp, g, x1, x2: xp.where(x1 >= x2, g, 0),
                 x2=lambda xp, g, x1, x2: xp.where(x1 < x2, g, 0))  # fmt: skip

_minimum = _like("minimum", "minimum", None,
                 x1=lambda xp, g, x1, x2: xp.where(x1 <= x2, g, 0),
                 x2=lambda xp, g, x1, x2: xp.where(x1 > x2, g, 0))  # fmt: skip


def maximum(x1: Any, x2: Any) -> Any:
    """The larger of two elements; the gradient of a tie is that of the first array."""
    return _maximum(x2, x1) if isinstance(x1, int | float) else _maximum(x1, x2)


def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of two elements; the gradient of a tie is that of the first array."""
    return _minimum(x2, x1) if isinstance(x1, int | float) else _minimum(x1, x2)
