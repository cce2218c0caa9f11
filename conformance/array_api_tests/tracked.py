"""A namespace in which all arrays of floating-point numbers are recorded: what the suite tests with `--tracked`.

What the wrapped functions give is not a variable but a result recorded from one: a variable refuses to be written to
while recording, and the suite writes to the arrays that it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from types import ModuleType
from typing import Any

import xpgrad
from xpgrad import Array, autograd
from xpgrad.errors import UnreachableError


def namespace(backend: str, gradients: bool = False) -> ModuleType:
    """The namespace over a backend, with every result recorded, for good.

    With `gradients`, every result is also differentiated by every argument of its function, twice.
    """
    autograd.set_recording(True)
    return _tracking(xpgrad.namespace(backend), gradients)


def _tracking(plain: ModuleType, gradients: bool) -> ModuleType:
    module = ModuleType(f"{plain.__name__} (tracked)")

    def get(name: str) -> Any:
        found = getattr(plain, name)
        if isinstance(found, ModuleType):
            found = _tracking(found, gradients)
        elif callable(found) and not isinstance(found, type):  # some libraries' dtypes are types
            found = _tracked(found, gradients)
        setattr(module, name, found)
        return found

    vars(module).update(__getattr__=get, __dir__=lambda: dir(plain))
    return module


def _tracked(function: Callable[..., Any], gradients: bool) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        out = function(*arguments, **keywords)
        inputs = [x for x in _arrays([*arguments, *keywords.values()]) if x._node is not None]
        if gradients:
            for y in _arrays(out):
                for x in inputs:
                    if y._node is not None and y is not x:
                        _differentiate(y, x)
        if isinstance(out, tuple):
            return type(out)(*map(_recorded, out)) if hasattr(out, "_fields") else tuple(map(_recorded, out))
        return out if any(out is x for x in arguments) else _recorded(out)

    return call


def _arrays(x: Any) -> Iterator[Array]:
    """The Arrays in nested lists and tuples."""
    if isinstance(x, Array):
        yield x
    elif isinstance(x, list | tuple):
        for item in x:
            yield from _arrays(item)


def _recorded(x: Any) -> Any:
    """An array of floating-point numbers as the result of a recorded operation; anything else as it is."""
    if not isinstance(x, Array) or x._node is not None:
        return x
    xp = x.__array_namespace__()
    if not xp.isdtype(x.dtype, ("real floating", "complex floating")):
        return x
    x.attach_grad()
    return xp.positive(x)


def _differentiate(y: Array, x: Array) -> None:
    """Take the gradient of `y` by `x` in both of a rule's worlds, and the gradient of that."""
    try:
        autograd.grad(y, x, retain_graph=True)
        g = autograd.grad(y, x, retain_graph=True, create_graph=True)
        if (g.shape, g.dtype, g.device) != (x.shape, x.dtype, x.device):
            raise AssertionError(f"the gradient of {x!r} is {g!r}")
        if g._node is not None:
            autograd.grad(g, x, retain_graph=True)
    except UnreachableError:  # the result does not depend on it
        pass
