"""mx.autograd: MXNet's scopes and gradients, for its classes of arrays."""

from __future__ import annotations

from typing import Any

from xpgrad import autograd, custom
from xpgrad.array import Array, array_of
from xpgrad.autograd import (
    is_recording,
    is_training,
    pause,
    predict_mode,
    record,
    set_recording,
    set_training,
    train_mode,
)
from xpgrad.mxnet.arrays import NDArray, dressed
from xpgrad.mxnet.base import listed, translated

__all__ = [
    "Function",
    "backward",
    "get_symbol",
    "grad",
    "is_recording",
    "is_training",
    "mark_variables",
    "pause",
    "predict_mode",
    "record",
    "set_recording",
    "set_training",
    "train_mode",
]

backward = translated(autograd.backward)
get_symbol = translated(autograd.get_symbol)
mark_variables = translated(autograd.mark_variables)


@translated
def grad(
    heads: Any,
    variables: Any,
    head_grads: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> list[Any]:
    """Compute the gradients of the sum of heads with respect to variables, as new arrays.

    Parameters
    ----------
    heads, variables, head_grads, retain_graph, create_graph, train_mode
        As for `xpgrad.autograd.grad`.

    Returns
    -------
    list of NDArray
        One gradient for each variable, of its class; a list for a single variable, too.

    Raises
    ------
    MXNetError
        If there is no such gradient.
    """
    xs = listed(variables)
    found = autograd.grad(heads, xs, head_grads, retain_graph, create_graph, train_mode)
    if create_graph:
        with record(None):
            found = [g if g._node is not None else _of_no_influence(g, x) for g, x in zip(found, xs, strict=True)]
    return [dressed(g, type(x)) if isinstance(x, NDArray) else g for g, x in zip(found, xs, strict=True)]


#: A gradient that does not depend on its variable; MXNet differentiates it, too, and finds zeros.
_of_no_influence = custom.custom_vjp(lambda g, _: g)
_of_no_influence.defvjp(
    lambda g, x: (g, x.detach()),
    lambda x, _: (None, x.__array_namespace__().zeros_like(x)),
)


class Function(custom.Function):
    """A differentiable function with a backward of its own: see `xpgrad.autograd.Function`.

    Its methods are given arrays of the class that the instance was called with.
    """

    _kind: type[NDArray] | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("forward", "backward"):
            if name in vars(cls):
                setattr(cls, name, _in_kind(vars(cls)[name]))

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `forward` saved; gone when `backward` is done."""
        return tuple(_as_kind(x, self._kind) for x in super().saved_tensors)

    def __call__(self, *inputs: Any) -> Any:
        """Run `forward`, and record the call if an input is tracked."""
        self._kind = next((x._kind for x in inputs if isinstance(x, NDArray)), None)
        out = translated(super().__call__)(*inputs)
        return out if self._kind is None else dressed(out, self._kind)


def _as_kind(x: Any, kind: type[NDArray] | None) -> Any:
    """An Array as an array of one kind."""
    return dressed(array_of(x.data, x._node), kind) if kind is not None and isinstance(x, Array) else x


def _in_kind(method: Any) -> Any:
    """A method of a Function that is given arrays of its kind."""

    def call(self: Function, *arrays: Any) -> Any:
        return method(self, *(_as_kind(x, self._kind) for x in arrays))

    return call
