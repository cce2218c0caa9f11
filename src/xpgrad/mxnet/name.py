"""mx.name: names for what has none, which MXNet gives to symbols; kept for each thread or task."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

_CURRENT: ContextVar[NameManager] = ContextVar("xpgrad_mxnet_name_manager")


class NameManager:
    """Scope in which names are numbered from 0 on."""

    def __init__(self) -> None:
        self._counter: dict[str, int] = {}
        self._tokens: list[Any] = []

    def get(self, name: str | None, hint: str) -> str:
        """The name itself where there is one, otherwise a hint with a number."""
        if name:
            return name
        count = self._counter.get(hint, 0)
        self._counter[hint] = count + 1
        return f"{hint}{count}"

    def __enter__(self) -> NameManager:
        self._tokens.append(_CURRENT.set(self))
        return self

    def __exit__(self, *exception: object) -> None:
        _CURRENT.reset(self._tokens.pop())


class Prefix(NameManager):
    """The same, with a prefix before all names."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def get(self, name: str | None, hint: str) -> str:
        """The name, or a hint with a number, after the prefix."""
        return self._prefix + super().get(name, hint)


def current() -> NameManager:
    """The innermost scope."""
    if (found := _CURRENT.get(None)) is None:
        _CURRENT.set(found := NameManager())
    return found
