"""Finds Arrays that are being recorded where no gradient would flow to them: captured by a function of blocks."""

from __future__ import annotations

import dis
import inspect
from collections import UserDict, deque
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache, partial
from types import CodeType, FunctionType, MappingProxyType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import dask.array as da
from dask.base import is_dask_collection

import xpgrad
from xpgrad import Array
from xpgrad.tree import leaves
from xpgrad_dask.local import tracked


def recorded(func: Callable[..., Any], args: Sequence[Any], options: dict[str, Any]) -> bool:
    """Whether a call is to be recorded; ValueError if something in it would silently have no gradient, or not work."""
    if not xpgrad.autograd.is_recording():
        return False
    if _holds_tracked(func):
        raise _lost_in(getattr(func, "__name__", "the function"))
    for name, value in options.items():
        if _holds_tracked(value):
            raise _lost_in(f"the keyword {name}")
    if not any(map(tracked, leaves([*args]))):
        return False
    whole = [x for arg in args if not isinstance(arg, Array | da.Array) for x in leaves(arg)]
    places = {"an argument": whole} | {f"the keyword {name}": leaves(value) for name, value in options.items()}
    for place, values in places.items():
        if any(map(is_dask_collection, values)):
            raise ValueError(
                f"{place} is, or holds, what is yet to be computed. Where a gradient is wanted, such arrays must be "
                "positional arguments of their own, and other values computed first."
            )
    return True


def _lost_in(what: str) -> ValueError:
    return ValueError(
        f"{what} holds an Array that is being recorded. A task would see its values only, and no gradient flow to "
        "it: pass it as a positional argument, or its detach() if none is wanted."
    )


def _holds_tracked(obj: Any) -> bool:
    """Whether an Array that is being recorded is in something, or in what a function uses from outside."""
    seen: dict[Any, Any] = {}
    stack: list[tuple[Any, frozenset[str]]] = [(obj, frozenset())]
    while stack:
        item, names = stack.pop()
        if tracked(item):
            return True
        if (id(item), names) not in seen:
            seen[id(item), names] = item
            stack += _contents(item, names)
    return False


def _contents(item: Any, names: frozenset[str]) -> Iterator[tuple[Any, frozenset[str]]]:
    """What a function or a container brings along, or those attributes of an object that have some names."""
    found: Sequence[Any] = ()
    if isinstance(item, FunctionType):
        by_others = names
        of_module, names = _names(item.__code__)
        outer = [item.__globals__.get(name) for name in of_module]
        # Functions of other modules may lead anywhere: they are followed only where they are captured.
        found = [x for x in outer if not isinstance(x, FunctionType) or x.__globals__ is item.__globals__]
        found += [*_captured(item), *(item.__defaults__ or ()), *(item.__kwdefaults__ or {}).values()]
        found += [x for name, x in vars(item).items() if name in names | by_others]
    elif isinstance(item, MethodType):
        functions = [item.__func__]
        if isinstance(item.__func__, FunctionType):
            of_module, names = _names(item.__func__.__code__)
            if "super" in of_module:
                classes = type(item.__self__).__mro__
                inherited = [vars(cls).get(name) for cls in classes for name in names]
                functions += [x for x in inherited if isinstance(x, FunctionType)]
                names = names.union(*(_names(x.__code__)[1] for x in functions))
        found = (*functions, item.__self__)
    elif isinstance(item, partial):
        found = (item.func, *item.args, *item.keywords.values())
    elif isinstance(item, list | tuple | set | frozenset | deque):
        found = [*item]
    elif isinstance(item, dict | UserDict | MappingProxyType):
        found = [*item.values()]
    elif isinstance(item, ModuleType | type):
        found = [x for x in _attributes(item, names) if isinstance(x, Array)]
    elif not isinstance(item, Array) and not is_dask_collection(item):
        found = [*_attributes(item, names)]
        if callable(item):
            found += [*_attributes(item, frozenset(["__call__"])), *getattr(item, "__dict__", {}).values()]
    yield from ((x, names) for x in found)


@lru_cache
def _names(code: CodeType) -> tuple[frozenset[str], frozenset[str]]:
    """The global names that a function uses, and the names of attributes; and those that the functions in it use."""
    of_module, attributes = set(), set()
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            of_module.add(step.argval)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
            attributes.add(step.argval)
    for inner in (x for x in code.co_consts if isinstance(x, CodeType)):
        for names, more in zip((of_module, attributes), _names(inner), strict=True):
            names |= more
    return frozenset(of_module), frozenset(attributes)


def _captured(function: FunctionType) -> Iterator[Any]:
    """The values of a closure; a variable may not have one yet."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue


def _attributes(item: Any, names: frozenset[str]) -> Iterator[Any]:
    """Some attributes of an object, as they are without calling anything."""
    for name in names:
        found = inspect.getattr_static(item, name, None)
        if isinstance(found, MemberDescriptorType):
            found = getattr(item, name, None)
        if isinstance(found, property | cached_property):  # what it would use, found without calling it
            found = found.fget if isinstance(found, property) else found.func
        if isinstance(found, FunctionType) and name not in getattr(item, "__dict__", ()):
            found = MethodType(found, item)
        yield found
