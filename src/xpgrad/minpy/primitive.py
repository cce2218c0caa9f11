"""Functions with a gradient of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.array import Array as PlainArray
from xpgrad.array import array_of
from xpgrad.custom import custom_vjp
from xpgrad.minpy.array import Array
from xpgrad.minpy.core import as_plain
from xpgrad.mxnet.arrays import dressed, plain
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.ops.arrays import as_array


def customop(kind: str = "numpy") -> Callable[[Callable[..., Any]], CustomOp]:
    """Decorator for a function whose gradients `def_grad` gives.

    Parameters
    ----------
    kind : {"numpy", "minpy"}
        Whether the function and its gradients take NumPy's arrays or MinPy's.
    """
    return lambda f: CustomOp(f, kind == "numpy")


class CustomOp:
    """A function with gradients of its own; made by `customop`."""

    def __init__(self, f: Callable[..., Any], on_numpy: bool) -> None:
        self._f = f
        self._on_numpy = on_numpy
        self._gradients: dict[int, Callable[..., Any]] = {}
        self._apply = custom_vjp(self._run)
        self._apply.defvjp(self._forward, self._pull)

    def def_grad(self, gradient: Callable[..., Any], argnum: int = 0) -> CustomOp:
        """Define the gradient by an argument: ``gradient(result, *args)`` returns a function of the head gradient."""
        self._gradients[argnum] = gradient
        return self

    def __call__(self, *args: Any) -> Any:
        """Call the function."""
        return dressed(self._apply(*map(as_plain, args)), Array)

    def _as_taken(self, x: Any) -> Any:
        """An argument as the user's function takes it."""
        if not isinstance(x, PlainArray):
            return x
        return x.asnumpy() if self._on_numpy else dressed(array_of(x.data, x._node), Array)

    def _run(self, *args: Any) -> Any:
        return plain(_as_array(self._f(*map(self._as_taken, args))))

    def _forward(self, *args: Any) -> tuple[Any, Any]:
        out = self._run(*args)
        return out, (out, args)

    def _pull(self, residuals: Any, g: Any) -> tuple[Any, ...]:
        out, args = residuals
        taken = [self._as_taken(x) for x in (out, *args)]
        return tuple(
            plain(_as_array(self._gradients[i](*taken)(self._as_taken(g)))) if i in self._gradients else None
            for i in range(len(args))
        )


def _as_array(x: Any) -> Any:
    """What a user's function returned, as an array; NumPy's sums are numbers."""
    return x if isinstance(x, PlainArray) else as_array(x)


__getattr__ = lacking("minpy.primitive", globals())
