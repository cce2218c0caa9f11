"""MXNet's autograd module: scopes, backward, grad, user-defined functions, and the recorded graph."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from xpgrad.array import Array
from xpgrad.custom import Function
from xpgrad.errors import HeadGradientError, NotAnArrayError
from xpgrad.graph import get_symbol
from xpgrad.scope import RECORDING, TRAINING, Scope, is_recording, is_training, modes
from xpgrad.variables import backward_all, check_markable, gradients, mark

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


def record(train_mode: bool | None = True) -> Scope:
    """Scope in which operations on tracked arrays are recorded.

    Parameters
    ----------
    train_mode : bool or None
        Also switch to training (True) or prediction (False); None leaves that state alone.

    Returns
    -------
    Scope
        For ``with``, or to decorate a function.
    """
    return modes(True, None if train_mode is None else _state(train_mode))


def pause(train_mode: bool | None = False) -> Scope:
    """Scope in which nothing is recorded; a value computed here is a constant later.

    Parameters
    ----------
    train_mode : bool or None
        Also switch to training (True) or prediction (False); None leaves that state alone.

    Returns
    -------
    Scope
        For ``with``, or to decorate a function.
    """
    return modes(False, None if train_mode is None else _state(train_mode))


def train_mode() -> Scope:
    """Scope in training mode; whether operations are recorded does not change."""
    return modes(None, True)


def predict_mode() -> Scope:
    """Scope in prediction mode; whether operations are recorded does not change."""
    return modes(None, False)


def set_recording(is_recording: bool) -> bool:
    """Switch recording on or off for this thread or task.

    Parameters
    ----------
    is_recording : bool
        The new state.

    Returns
    -------
    bool
        The previous one.
    """
    return _switch(RECORDING, is_recording)


def set_training(train_mode: bool) -> bool:
    """Switch training mode on or off for this thread or task.

    Parameters
    ----------
    train_mode : bool
        The new state.

    Returns
    -------
    bool
        The previous one.
    """
    return _switch(TRAINING, train_mode)


def _switch(variable: ContextVar[bool], value: bool) -> bool:
    state, previous = _state(value), variable.get()
    variable.set(state)
    return previous


def _state(value: Any) -> bool:
    """A state as True or False; NumPy's booleans are as good as Python's."""
    if not isinstance(value, int) and not (str(getattr(value, "dtype", "")) == "bool" and value.shape == ()):
        raise TypeError(f"expected True or False, got {value!r}.")
    return bool(value)


def mark_variables(
    variables: Array | Sequence[Array],
    gradients: Array | Sequence[Array],
    grad_reqs: str | Sequence[str] = "write",
) -> None:
    """Make arrays variables whose gradients are delivered into given arrays.

    Parameters
    ----------
    variables : Array or sequence of Array
        Arrays of a floating-point dtype.
    gradients : Array or sequence of Array
        One for each variable, of its shape and dtype. They see the gradients that later backward passes deliver.
    grad_reqs : str or sequence of str
        "write", "add" or "null", for all or for each.

    Raises
    ------
    ValueError
        If the numbers of variables, gradients and requests differ.
    NotAnArrayError, VariableError, GradReqError, HeadGradientError
        If one of them does not fit. Nothing is marked where something is wrong.
    """
    xs, gs = _listed(variables), _listed(gradients)
    reqs = [grad_reqs] * len(xs) if isinstance(grad_reqs, str) else list(grad_reqs)
    if not len(xs) == len(gs) == len(reqs):
        raise ValueError(f"{len(xs)} variables, {len(gs)} gradients and {len(reqs)} grad_reqs: give one of each.")
    for i, (x, g, req) in enumerate(zip(xs, gs, reqs, strict=True)):
        for what, given in (("variable", x), ("gradient", g)):
            if not isinstance(given, Array):
                instead = "Make a variable with xp.asarray(...), and its gradient with xp.zeros_like(variable)."
                raise NotAnArrayError(f"{what} {i}", given, instead)
        check_markable(x, g, req)
    for x, g, req in zip(xs, gs, reqs, strict=True):
        mark(x, g, req)


def backward(
    heads: Array | Sequence[Array],
    head_grads: Any = None,
    retain_graph: bool = False,
    train_mode: bool = True,
) -> None:
    """Compute the gradients of the sum of heads and deliver them to the variables.

    Parameters
    ----------
    heads : Array or sequence of Array
        Recorded arrays.
    head_grads : Array, or sequence of Array or None, optional
        The cotangent of each head, of its shape; None stands for ones.
    retain_graph : bool
        Keep the recorded computation, so that it can be differentiated again.
    train_mode : bool
        Whether user-defined functions run their backward in training mode.

    Raises
    ------
    ValueError
        If `heads` is empty.
    NotRecordedError, GraphFreedError, HeadGradientError
        As for `xpgrad.Array.backward`.
    """
    hs, gs = _paired(heads, head_grads)
    backward_all(hs, gs, retain_graph, train_mode)


def grad(
    heads: Array | Sequence[Array],
    variables: Array | Sequence[Array],
    head_grads: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> Any:
    """Compute the gradients of the sum of heads with respect to variables, as new arrays.

    Parameters
    ----------
    heads : Array or sequence of Array
        Recorded arrays.
    variables : Array or sequence of Array
        What to differentiate by; any recorded array will do.
    head_grads : Array, or sequence of Array or None, optional
        The cotangent of each head, of its shape; None stands for ones.
    retain_graph : bool, optional
        Keep the recorded computation; by default where `create_graph` is set.
    create_graph : bool
        Record the gradient computation itself, so that the gradients can be differentiated again.
    train_mode : bool
        Whether user-defined functions run their backward in training mode.

    Returns
    -------
    Array or list of Array
        One Array for one variable, a list for a sequence.

    Raises
    ------
    ValueError
        If `heads` or `variables` is empty.
    NotAVariableError, UnreachableError, NotRecordedError, GraphFreedError, HeadGradientError
        If there is no such gradient.
    """
    hs, gs = _paired(heads, head_grads)
    xs = _listed(variables)
    if not xs:
        raise ValueError("variables cannot be an empty list: name what to differentiate by.")
    retain = create_graph if retain_graph is None else retain_graph
    found = gradients(hs, xs, gs, retain_graph=retain, create_graph=create_graph, train_mode=train_mode)
    return found[0] if isinstance(variables, Array) else found


def _listed(arrays: Any) -> list[Any]:
    return list(arrays) if isinstance(arrays, list | tuple) else [arrays]


def _paired(heads: Any, head_grads: Any) -> tuple[list[Any], list[Any]]:
    """Heads and their gradients as lists of one length."""
    hs = _listed(heads)
    if not hs:
        raise ValueError("heads cannot be an empty list: name what to differentiate.")
    gs = [None] * len(hs) if head_grads is None else _listed(head_grads)
    if len(gs) != len(hs):
        raise HeadGradientError(f"{len(hs)} heads, but {len(gs)} head gradients: give one for each, None for ones.")
    return hs, gs
