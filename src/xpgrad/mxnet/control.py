"""Loops and branches as functions, which MXNet needs for its graphs; here they are Python's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.functions import function
from xpgrad.mxnet.arrays import dressed
from xpgrad.mxnet.base import listed


def _stacked(steps: list[Any]) -> Any:
    """The outputs of all steps, one array for each output of a step."""
    columns = [
        dressed(function("stack")(list(column)), type(column[0])) for column in zip(*map(listed, steps), strict=True)
    ]
    return columns if isinstance(steps[0], list | tuple) else columns[0]


def foreach(body: Callable[..., Any], data: Any, init_states: Any) -> tuple[Any, Any]:
    """Run ``body(slice, states)``, which returns (output, states), over the first axis; stack the outputs."""
    states = init_states
    outputs = []
    several = isinstance(data, list | tuple)
    for i in range(len(listed(data)[0])):
        output, states = body([x[i] for x in data] if several else data[i], states)
        outputs.append(output)
    return _stacked(outputs), states


def while_loop(
    cond: Callable[..., Any], func: Callable[..., Any], loop_vars: Any, max_iterations: int | None = None
) -> tuple[Any, Any]:
    """While ``cond(*vars)`` holds, run ``func(*vars)``, which returns (output, vars); stack the outputs."""
    variables = listed(loop_vars)
    outputs: list[Any] = []
    while (max_iterations is None or len(outputs) < max_iterations) and bool(cond(*variables)):
        output, found = func(*variables)
        variables = listed(found)
        outputs.append(output)
    return (_stacked(outputs) if outputs and outputs[0] is not None else []), variables


def cond(pred: Any, then_func: Callable[..., Any], else_func: Callable[..., Any], inputs: Any = ()) -> Any:
    """Run one of two functions."""
    if callable(pred):
        pred = pred(*listed(inputs))
    return (then_func if bool(pred) else else_func)(*listed(inputs))
