"""What context decides: recording or not, training or not, and the active backend.

The state lives in context variables, so it is separate for every thread and every asyncio task. Scopes nest and
restore the previous state on exit, exceptions included. This module knows nothing of arrays.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar
from functools import cache
from typing import Any

RECORDING: ContextVar[bool] = ContextVar("xpgrad_recording", default=False)
TRAINING: ContextVar[bool] = ContextVar("xpgrad_training", default=False)
BACKEND: ContextVar[str | None] = ContextVar("xpgrad_backend", default=None)

# What undoes the open scopes of this context: (the outer ones, the tokens of the innermost).
_ENTERED: ContextVar[Any] = ContextVar("xpgrad_entered", default=None)

is_recording = RECORDING.get
is_training = TRAINING.get


class Scope(ContextDecorator):
    """Set context variables on entry and restore them on exit.

    What to restore is kept in the context itself, so threads and tasks may share one Scope, and it may nest in itself.
    """

    def __init__(self, *settings: tuple[ContextVar[Any], Any]) -> None:
        self._settings = settings

    def __enter__(self) -> None:
        tokens = []
        for variable, value in self._settings:
            tokens.append(variable.set(value))  # a comprehension takes longer for two of them
        _ENTERED.set((_ENTERED.get(), tokens))

    def __exit__(self, kind: object, error: object, traceback: object, /) -> None:
        outer, tokens = _ENTERED.get()
        for token in tokens:
            token.var.reset(token)
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
