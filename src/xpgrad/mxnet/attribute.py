"""mx.attribute: attributes that MXNet gives to symbols; kept for each thread or task, and otherwise not used."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

_CURRENT: ContextVar[AttrScope | None] = ContextVar("xpgrad_mxnet_attributes", default=None)


class AttrScope:
    """Scope in which attributes hold, together with those of the scope around it."""

    def __init__(self, **kwargs: str) -> None:
        self._own = kwargs
        self._attr = kwargs
        self._tokens: list[Any] = []

    def get(self, attr: dict[str, str] | None = None) -> dict[str, str]:
        """The attributes of the scope, and others that go before them."""
        return self._attr | (attr or {})

    def __enter__(self) -> AttrScope:
        self._attr = current()._attr | self._own
        self._tokens.append(_CURRENT.set(self))
        return self

    def __exit__(self, *exception: object) -> None:
        _CURRENT.reset(self._tokens.pop())
        self._attr = self._own


def current() -> AttrScope:
    """The innermost scope."""
    return _CURRENT.get() or AttrScope()
