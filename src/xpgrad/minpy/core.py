"""minpy.core: the gradients of functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from xpgrad.array import Array as PlainArray
from xpgrad.array import array_of
from xpgrad.discovery import is_array
from xpgrad.functional import value_and_grad
from xpgrad.minpy.array import Array, Number
from xpgrad.mxnet.arrays import dressed, plain
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.ops.creation import from_numpy
from xpgrad.mxnet.ops.neural import add_n
from xpgrad.mxnet.ops.reductions import sum as total
from xpgrad.namespace import active
from xpgrad.tree import leaves, tree_map

_NUMBERS = (bool, int, float)


def grad(func: Callable[..., Any], argnum: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The gradient of a function.

    Parameters
    ----------
    func : callable
        Returns an array or number, which is summed, or a list or tuple of these.
    argnum : int, or list or tuple of int
        The positions of the arguments to differentiate by.

    Returns
    -------
    callable
        Takes the arguments of `func` and returns the gradient; a list of gradients for several positions.
    """
    compute = grad_and_loss(func, argnum)

    @wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return compute(*args, **kwargs)[0]

    return wrapped


def grad_and_loss(func: Callable[..., Any], argnum: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The gradient of a function, and its result.

    Parameters
    ----------
    func, argnum
        As for `grad`.

    Returns
    -------
    callable
        Takes the arguments of `func` and returns (gradient, result).
    """
    positions = [argnum] if isinstance(argnum, int) else list(argnum)

    @wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        kinds = [Number if isinstance(args[i], _NUMBERS) else Array for i in positions]
        given = list(args)
        for i in positions:
            given[i] = _differentiable(args[i])

        def run(*arguments: Any) -> tuple[Any, Any]:
            taken = list(args)
            for i, kind in zip(positions, kinds, strict=True):
                taken[i] = _as_kind(arguments[i], kind)
            result = func(*taken, **kwargs)
            return _head(result), tree_map(result, as_plain)

        (_, result), gradients = value_and_grad(run, positions, has_aux=True)(*given)
        found = [_as_kind(g, kind) for g, kind in zip(gradients, kinds, strict=True)]
        loss_kind = Number if Number in kinds else Array
        return (found if len(found) > 1 else found[0]), _as_kind(result, loss_kind)

    return wrapped


def _differentiable(x: Any) -> Any:
    """An argument as plain Arrays, of floating-point numbers where it is a number."""
    if isinstance(x, _NUMBERS):
        return active().asarray(float(x), dtype=active().float64)
    return tree_map(x, as_plain)


def as_plain(x: Any) -> Any:
    """A plain Array in place of an array of any kind; anything else as it is."""
    if isinstance(x, PlainArray):
        return plain(x)
    return array_of(x) if is_array(x) else x


def _as_kind(x: Any, kind: type[Array]) -> Any:
    """Arrays of one kind in place of Arrays, nested as they are."""
    return tree_map(
        x, lambda leaf: dressed(array_of(leaf.data, leaf._node), kind) if isinstance(leaf, PlainArray) else leaf
    )


def _head(result: Any) -> Any:
    """The sum of everything that a function returned, as one Array."""
    parts = [total(x) for x in (as_plain(leaf) for leaf in leaves(result)) if isinstance(x, PlainArray)]
    return add_n(*parts) if parts else active().asarray(0.0)


def function(*arguments: Any, **keywords: Any) -> Any:
    """Not provided: MinPy wraps MXNet's symbols here."""
    raise NotImplementedError(
        "minpy.core.function needs MXNet's symbols, which are not provided: call functions directly."
    )


class Function:
    """Not provided: MinPy wraps MXNet's symbols here."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        raise NotImplementedError(
            "minpy.core.Function needs MXNet's symbols, which are not provided: write the layer with minpy.numpy, or "
            "take one of xpgrad.mxnet.gluon.nn."
        )


def convert_args(func: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is given MinPy's arrays in place of NumPy's."""

    @wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return func(*numpy_to_minpy(args), **numpy_to_minpy(kwargs))

    return wrapped


def return_numpy(func: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose result holds NumPy's arrays in place of MinPy's."""

    @wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return minpy_to_numpy(func(*args, **kwargs))

    return wrapped


def numpy_to_minpy(tree: Any) -> Any:
    """MinPy's arrays in place of NumPy's, nested as they are."""
    return tree_map(
        tree, lambda x: dressed(from_numpy(x), Array) if not isinstance(x, PlainArray) and is_array(x) else x
    )


def minpy_to_numpy(tree: Any) -> Any:
    """NumPy's arrays in place of MinPy's, nested as they are."""
    return tree_map(tree, lambda x: x.asnumpy() if isinstance(x, PlainArray) else x)


__getattr__ = lacking("minpy.core", globals())
