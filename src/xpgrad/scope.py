"""What context decides: recording or not, training or not, and the active backend.

The state lives in context variables, so it is separate for every thread and every asyncio task. Scopes nest and
restore the previous state on exit, exceptions included. This module knows nothing of arrays.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar
from functools import cache, wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any

from xpgrad.errors import ScopeError

RECORDING: ContextVar[bool] = ContextVar("xpgrad_recording", default=False)
TRAINING: ContextVar[bool] = ContextVar("xpgrad_training", default=False)
BACKEND: ContextVar[str | None] = ContextVar("xpgrad_backend", default=None)

# What undoes the open scopes of this context: (the outer ones, the innermost, what it found set).
_ENTERED: ContextVar[Any] = ContextVar("xpgrad_entered", default=None)

is_recording = RECORDING.get
is_training = TRAINING.get


class Scope(ContextDecorator):
    """Set context variables on entry and restore them on exit.

    What to restore is kept in the context itself, so threads and tasks may share one Scope, and it may nest in itself.
    As a decorator it is open while the function runs, or the coroutine.
    """

    def __init__(self, *settings: tuple[ContextVar[Any], Any]) -> None:
        self._settings = settings

    def __call__(self, func: Any) -> Any:
        """Decorate a function.

        Raises
        ------
        ScopeError
            If it is a generator function.
        """
        if isgeneratorfunction(func) or isasyncgenfunction(func):
            raise ScopeError(func)
        if not iscoroutinefunction(func):
            return super().__call__(func)

        @wraps(func)
        async def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await func(*args, **kwargs)

        return inside

    def __enter__(self) -> None:
        found = []
        for variable, value in self._settings:
            found.append((variable, variable.get()))  # a comprehension takes longer for two of them
            variable.set(value)
        _ENTERED.set((_ENTERED.get(), self, found))

    def __exit__(self, kind: object, error: object, traceback: object, /) -> None:
        entered = _ENTERED.get()
        if entered is None or entered[1] is not self:
            self._leave_below(entered)
            return
        for variable, value in entered[2]:
            variable.set(value)
        _ENTERED.set(entered[0])

    def _leave_below(self, entered: Any) -> None:
        """Leave a scope in which others were entered that are still open, as a generator does that is closed in them.

        What is set stays as it is until they are left: they restore what this one would have. In a context in which
        this scope is not open, that of another thread say, there is nothing to leave.
        """
        inner = []
        while entered is not None and entered[1] is not self:
            inner.append(entered)
            entered = entered[0]
        if entered is None:
            return
        outer, _, found = entered
        left = dict(found)
        for _, scope, values in reversed(inner):
            outer = (outer, scope, [(variable, left.pop(variable, value)) for variable, value in values])
        for variable, value in left.items():
            variable.set(value)
        _ENTERED.set(outer)


@cache
def modes(recording: bool | None, training: bool | None) -> Scope:
    """Scope that sets the given states; None leaves a state as it is."""
    settings: list[tuple[ContextVar[Any], Any]] = []
    if recording is not None:
        settings.append((RECORDING, bool(recording)))
    if training is not None:
        settings.append((TRAINING, bool(training)))
    return Scope(*settings)
