"""Functions of the standard that are made of other functions, and so need no rules of their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Integral
from typing import Any

from xpgrad.array import Array
from xpgrad.axes import along, axes_of
from xpgrad.beyond import BEYOND
from xpgrad.functions import as_array, as_arrays, function
from xpgrad.inplace import reshaped, turned


def astype(x: Array, /, dtype: Any, copy: bool = True, device: Any = None) -> Array:
    """Convert to a dtype; without `copy`, an array that has it already is returned itself."""
    x = as_array(x)
    same = dtype == x.dtype and (device is None or device == x.device)
    return x if same and not copy else function("astype")(x, dtype, copy, device)


def tile(x: Array, /, repetitions: int | tuple[int, ...]) -> Array:
    """The array so many times along each of its last axes; as in NumPy, one number is for the last axis."""
    return function("tile")(x, repetitions if isinstance(repetitions, tuple | list) else (repetitions,))


def permute_dims(x: Array, /, axes: tuple[int, ...]) -> Array:
    """The axes in another order; as in NumPy, a view."""
    return turned(as_array(x), axes)


def matrix_transpose(x: Array, /) -> Array:
    """The last two axes exchanged; as in NumPy, a view."""
    x = as_array(x)
    if x.ndim < 2:
        return function("matrix_transpose")(x)
    return turned(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def moveaxis(x: Array, source: int | tuple[int, ...], destination: int | tuple[int, ...], /) -> Array:
    """Axes moved to other places; as in NumPy, a view.

    Parameters
    ----------
    x : array
        The array.
    source, destination : int or tuple of int
        Which axes, and where each is to be.

    Returns
    -------
    Array
        The view.

    Raises
    ------
    IndexError
        If there is no such axis.
    ValueError
        If an axis is named twice, or there are not as many places as axes.
    """
    x = as_array(x)
    whole = (int, Integral)  # the one for type checkers, the other for NumPy's integers
    first, second = ((axis,) if isinstance(axis, whole) else axis for axis in (source, destination))
    for axis in (*first, *second):
        if not -x.ndim <= axis < x.ndim:
            raise IndexError(f"moveaxis: axis {axis} is out of bounds for array of dimension {x.ndim}.")
    for axes in (first, second):
        if len({axis % x.ndim for axis in axes}) < len(axes):
            raise ValueError(f"moveaxis names an axis twice in {axes}.")
    order = [axis for axis in range(x.ndim) if axis not in {a % x.ndim for a in first}]
    for place, axis in sorted((b % x.ndim, a % x.ndim) for a, b in zip(first, second, strict=True)):
        order.insert(place, axis)
    return turned(x, order)


def _of_shape(name: str) -> Callable[..., Array]:
    """A function that changes the shape only; as in NumPy, its result may be a view."""
    apply = function(name)

    def change(x: Array, /, *arguments: Any, **options: Any) -> Array:
        x = as_array(x)
        out: Array = apply(x, *arguments, **options)
        return out if options.get("copy") else reshaped(x, out)

    change.__name__ = change.__qualname__ = name
    change.__doc__ = apply.__doc__
    change.__signature__ = inspect.signature(apply)  # type: ignore[attr-defined]  # this is how one is given
    change.__module__ = apply.__module__
    return change


def broadcast_arrays(*arrays: Array) -> tuple[Array, ...]:
    """Broadcast arrays against one another.

    Parameters
    ----------
    *arrays : array
        A number counts as an array without axes.

    Returns
    -------
    tuple of Array
        All of one shape.

    Raises
    ------
    ValueError
        If their shapes do not broadcast.
    """
    given = as_arrays(arrays)
    shape = broadcast_shapes(*(x.shape for x in given))
    return tuple(function("broadcast_to")(x, shape) for x in given)


def broadcast_shapes(*shapes: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """The shape that shapes broadcast to; a length that a lazy library does not know yet, None or NaN, stays so.

    Parameters
    ----------
    *shapes : tuple of int
        The shapes.

    Returns
    -------
    tuple of int
        Their common shape.

    Raises
    ------
    ValueError
        If they do not broadcast.
    """
    ndim = max(map(len, shapes), default=0)
    columns = zip(*((1,) * (ndim - len(shape)) + tuple(shape) for shape in shapes), strict=True)
    result = []
    for lengths in columns:
        known = {n for n in lengths if n is not None and n == n}  # NaN is not equal to itself
        if len(known - {1}) > 1:
            raise ValueError(f"shapes {', '.join(map(str, shapes))} can not be broadcast together.")
        unknown = [n for n in lengths if n not in known]
        result.append(unknown[0] if unknown else max(known, key=lambda n: n != 1))
    return tuple(result)


def meshgrid(*arrays: Array, indexing: str = "xy") -> tuple[Array, ...]:
    """Coordinate grids from one-dimensional coordinates.

    Parameters
    ----------
    *arrays : array
        The coordinates along each axis; a number counts as one of them.
    indexing : {"xy", "ij"}
        Whether the first two axes of the grids are exchanged, as in pictures, or all are in the order of the arrays.

    Returns
    -------
    tuple of Array
        A grid for each array.

    Raises
    ------
    ValueError
        If `indexing` is neither "xy" nor "ij".
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing must be 'xy' or 'ij', not {indexing!r}.")
    grids = as_arrays(arrays)
    places = list(range(len(grids)))
    if indexing == "xy" and len(grids) > 1:
        places[:2] = [1, 0]
    shaped = [
        function("reshape")(x, tuple(-1 if place == i else 1 for i in range(len(grids))))
        for x, place in zip(grids, places, strict=True)
    ]
    return broadcast_arrays(*shaped)


def diff(
    x: Array, /, *, axis: int = -1, n: int = 1, prepend: Array | None = None, append: Array | None = None
) -> Array:
    """The n-th differences of neighbouring elements along an axis.

    Parameters
    ----------
    x : array
        The elements.
    axis : int
        Along which axis; the last by default.
    n : int
        How many times to take differences.
    prepend, append : array, optional
        What to put before and after `x`, unless `n` is 0.

    Returns
    -------
    Array
        With `n` elements less along the axis than there were, or none.

    Raises
    ------
    ValueError
        If there is no such axis, or `n` is negative.
    """
    if n < 0:
        raise ValueError(f"the order of differences cannot be negative: {n}.")
    x = as_array(x)
    (axis,) = axes_of(axis, x.ndim)
    parts = [part for part in (prepend, x, append) if part is not None]
    if n and len(parts) > 1:
        x = function("concat")(parts, axis=axis)
    for _ in range(n):
        x = x[along(axis, slice(1, None))] - x[along(axis, slice(None, -1))]
    return x


#: Every function that is made of others, by name.
COMPOSITES: dict[str, Callable[..., Any]] = {
    "astype": astype,
    "broadcast_arrays": broadcast_arrays,
    "broadcast_shapes": broadcast_shapes,
    "diff": diff,
    "matrix_transpose": matrix_transpose,
    "meshgrid": meshgrid,
    "moveaxis": moveaxis,
    "permute_dims": permute_dims,
    "tile": tile,
    **{name: _of_shape(name) for name in ("expand_dims", "reshape", "squeeze")},
    **{f"linalg.{name}": function(name) for name in ("matmul", "tensordot", "vecdot")},
    "linalg.matrix_transpose": matrix_transpose,
    **BEYOND,
}
