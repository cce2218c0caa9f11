"""Finds Arrays that are being recorded where no gradient would flow to them: captured by a function of blocks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from xpgrad import Array
from xpgrad_dask.local import tracked


def recorded(func: Callable[..., Any], args: Sequence[Any], options: dict[str, Any]) -> bool:
    """Whether a call is to be recorded; ValueError if something in it would silently have no gradient."""
    if _holds_tracked(func):
        raise _lost_in(getattr(func, "__name__", "the function"))
    for name, value in options.items():
        if tracked(value):
            raise _lost_in(f"the keyword {name}")
    return any(map(tracked, args))


def _lost_in(what: str) -> ValueError:
    return ValueError(
        f"{what} holds an Array that is being recorded. A task would see its values only, and no gradient flow to "
        "it: pass it as a positional argument, or its detach() if none is wanted."
    )


def _holds_tracked(obj: Any) -> bool:
    """Whether an Array that is being recorded is in the closure, the defaults or the bound arguments of a function."""
    seen: set[int] = set()
    stack = [obj]
    while stack:
        item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if tracked(item):
            return True
        stack += _contents(item)
    return False


def _contents(item: Any) -> Iterator[Any]:
    """What a function or a container brings along."""
    if isinstance(item, FunctionType):
        variables = inspect.getclosurevars(item)
        yield from variables.nonlocals.values()
        # Other functions are followed where they are captured only: a module's may lead anywhere.
        yield from (x for x in variables.globals.values() if isinstance(x, Array | list | tuple | dict))
        yield from (*(item.__defaults__ or ()), *(item.__kwdefaults__ or {}).values())
    elif isinstance(item, MethodType):
        yield from (item.__func__, item.__self__)
    elif isinstance(item, partial):
        yield from (item.func, *item.args, *item.keywords.values())
    elif isinstance(item, list | tuple | set):
        yield from item
    elif isinstance(item, dict):
        yield from item.values()
    elif hasattr(item, "__dict__") and callable(item) and not isinstance(item, type):
        yield from vars(item).values()
