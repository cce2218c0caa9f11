"""Shapes changed, arrays joined and split, as NumPy and MXNet 2 define it."""

from __future__ import annotations

from itertools import accumulate
from math import prod
from typing import Any

from xpgrad.array import Array
from xpgrad.axes import along, axes_of
from xpgrad.functions import function
from xpgrad.mxnet.ops.arrays import as_array, namespace, shape_of
from xpgrad.mxnet.promotion import cast, common
from xpgrad.namespace import active

_scatter = function("scatter")


def _variadic(arguments: tuple[Any, ...]) -> tuple[int, ...]:
    """A tuple that was passed as one argument or as several."""
    return shape_of(arguments[0] if len(arguments) == 1 else arguments)


def reshape(a: Any, newshape: Any, order: str = "C") -> Any:
    """The same elements in another shape; one length may be -1."""
    a = as_array(a)
    if order == "F":
        return transpose(reshape(transpose(a), shape_of(newshape)[::-1]))
    return namespace(a).reshape(a, shape_of(newshape))


def reshape_method(a: Any, *shape: Any, order: str = "C") -> Any:
    """The same elements in another shape, given as a tuple or as single lengths."""
    return reshape(a, _variadic(shape), order)


def ravel(x: Any, order: str = "C") -> Any:
    """The elements along one axis."""
    return reshape(x, -1, order)


def transpose(a: Any, axes: Any = None, *more: int) -> Any:
    """The axes in another order, backwards by default; as a tuple or as single numbers."""
    a = as_array(a)
    order = tuple(range(a.ndim))[::-1] if axes in (None, ()) else _variadic((axes, *more))
    return namespace(a).permute_dims(a, axes_of(order, a.ndim))


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    a = as_array(a)
    order = list(range(a.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return namespace(a).permute_dims(a, tuple(order))


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places."""
    a = as_array(a)
    pair = (tuple(axis) if isinstance(axis, list) else axis for axis in (source, destination))
    return namespace(a).moveaxis(a, *pair)


def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """An axis moved to before another."""
    a = as_array(a)
    axis %= a.ndim
    start += a.ndim if start < 0 else 0
    return namespace(a).moveaxis(a, axis, start - (axis < start))


def expand_dims(a: Any, axis: Any) -> Any:
    """New axes of length 1."""
    a = as_array(a)
    ndim = a.ndim + len(axis if isinstance(axis, list | tuple) else (axis,))
    for place in sorted(axes_of(axis, ndim)):
        a = namespace(a).expand_dims(a, axis=place)
    return a


def squeeze(a: Any, axis: Any = None) -> Any:
    """Axes of length 1 left out."""
    a = as_array(a)
    if not a.ndim and axis in (None, 0, -1):
        return a
    axes = tuple(i for i, n in enumerate(a.shape) if n == 1) if axis is None else axes_of(axis, a.ndim)
    return namespace(a).squeeze(a, axes)


def broadcast_to(array: Any, shape: Any) -> Any:
    """Repeated along new axes and axes of length 1; a length of -2 stays as it is."""
    a = as_array(array)
    wanted = shape_of(shape)
    have = (1,) * (len(wanted) - a.ndim) + a.shape
    return namespace(a).broadcast_to(a, tuple(m if n == -2 else n for n, m in zip(wanted, have, strict=False)))


def broadcast_arrays(*args: Any) -> Any:
    """Arrays broadcast against one another."""
    arrays = [as_array(x) for x in args]
    return list(namespace(arrays[0]).broadcast_arrays(*arrays))


def meshgrid(*xi: Any, indexing: str = "xy") -> Any:
    """Coordinate grids from coordinates along each axis."""
    arrays = [as_array(x) for x in xi]
    return list(namespace(arrays[0]).meshgrid(*arrays, indexing=indexing))


def tile(A: Any, reps: Any, *more: int) -> Any:
    """Copies of the array side by side."""
    a = as_array(A)
    return namespace(a).tile(a, _variadic((reps, *more)))


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Every element several times."""
    a = as_array(a)
    xp = namespace(a)
    if isinstance(repeats, list | tuple):
        repeats = repeats[0] if len(repeats) == 1 else xp.asarray(repeats)
    return xp.repeat(a, repeats.data if isinstance(repeats, Array) else repeats, axis=axis)


def flip(m: Any, axis: Any = None) -> Any:
    """The elements in the opposite order along axes."""
    a = as_array(m)
    return namespace(a).flip(a, axis=tuple(axis) if isinstance(axis, list) else axis)


def fliplr(m: Any) -> Any:
    """Columns in the opposite order."""
    return flip(m, 1)


def flipud(m: Any) -> Any:
    """Rows in the opposite order."""
    return flip(m, 0)


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Elements shifted along axes; what leaves at one end comes in at the other."""
    a = as_array(a)
    return namespace(a).roll(a, tuple(shift) if isinstance(shift, list) else shift, axis=axis)


def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """Turned by k times 90 degrees, from the first axis towards the second."""
    a = as_array(m)
    first, second = axes_of(tuple(axes), a.ndim)
    if k % 4 == 2:
        return flip(a, (first, second))
    if k % 4 == 0:
        return flip(a, ())
    return swapaxes(flip(a, second), first, second) if k % 4 == 1 else flip(swapaxes(a, first, second), second)


def concatenate(seq: Any, axis: int | None = 0) -> Any:
    """Arrays joined along an axis; without one, flat."""
    arrays = common(*map(as_array, seq))
    return namespace(arrays[0]).concat(arrays, axis=axis)


def stack(arrays: Any, axis: int = 0) -> Any:
    """Arrays joined along a new axis."""
    arrays = common(*map(as_array, arrays))
    return namespace(arrays[0]).stack(arrays, axis=axis)


def atleast_1d(*arys: Any) -> Any:
    """Arrays of at least one axis."""
    return _each(arys, lambda a: a if a.ndim else reshape(a, 1))


def atleast_2d(*arys: Any) -> Any:
    """Arrays of at least two axes."""
    return _each(arys, lambda a: a if a.ndim > 1 else reshape(a, (1, -1)))


def atleast_3d(*arys: Any) -> Any:
    """Arrays of at least three axes."""
    return _each(arys, lambda a: a if a.ndim > 2 else reshape(a, (1, -1, 1) if a.ndim < 2 else (*a.shape, 1)))


def _each(arrays: tuple[Any, ...], f: Any) -> Any:
    found = [f(as_array(x)) for x in arrays]
    return found[0] if len(found) == 1 else found


def vstack(arrays: Any) -> Any:
    """Arrays joined along the first axis, vectors as rows."""
    return concatenate([atleast_2d(x) for x in arrays])


def hstack(arrays: Any) -> Any:
    """Arrays joined along the second axis, vectors along their only one."""
    found = [atleast_1d(x) for x in arrays]
    return concatenate(found, 0 if found[0].ndim == 1 else 1)


def dstack(arrays: Any) -> Any:
    """Arrays joined along the third axis."""
    return concatenate([atleast_3d(x) for x in arrays], 2)


def column_stack(tup: Any) -> Any:
    """Vectors joined as columns."""
    found = [as_array(x) for x in tup]
    return concatenate([x if x.ndim > 1 else reshape(x, (-1, 1)) for x in found], 1)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Two arrays joined; without an axis, flat."""
    return concatenate([arr, values], axis)


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Parts along an axis: so many of nearly equal length, or cut at indices."""
    a = as_array(ary)
    n = a.shape[axis]
    if isinstance(indices_or_sections, int):
        whole, more = divmod(n, indices_or_sections)
        cuts = list(accumulate([whole + 1] * more + [whole] * (indices_or_sections - more)))[:-1]
    else:
        cuts = [int(i) for i in indices_or_sections]
    return [a[along(axis % a.ndim, slice(i, j))] for i, j in zip([0, *cuts], [*cuts, n], strict=True)]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Parts along an axis: so many of equal length, or cut at indices.

    Raises
    ------
    ValueError
        If the parts cannot be of equal length.
    """
    n = as_array(ary).shape[axis]
    if isinstance(indices_or_sections, int) and n % indices_or_sections:
        raise ValueError(f"{n} elements do not make {indices_or_sections} parts of equal length: use array_split.")
    return array_split(ary, indices_or_sections, axis)


def _with_axes(ary: Any, least: int) -> Any:
    """An array that has so many axes at least.

    Raises
    ------
    ValueError
        If it has not.
    """
    a = as_array(ary)
    if a.ndim < least:
        raise ValueError(f"this takes arrays of {least} or more axes, not of {a.ndim}.")
    return a


def hsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Parts along the second axis, of a vector along its only one."""
    a = _with_axes(ary, 1)
    return split(a, indices_or_sections, 1 if a.ndim > 1 else 0)


def vsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Parts along the first axis."""
    return split(_with_axes(ary, 2), indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Any) -> Any:
    """Parts along the third axis."""
    return split(_with_axes(ary, 3), indices_or_sections, 2)


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements whose indices along two axes differ by `offset`."""
    a = as_array(a)
    xp = namespace(a)
    a = xp.moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = a.shape[-2:]
    first = offset if offset >= 0 else -offset * columns
    count = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    flat = xp.reshape(a, (*a.shape[:-2], rows * columns))
    return flat[..., first : first + (columns + 1) * (count - 1) + 1 : columns + 1] if count else flat[..., :0]


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal."""
    found = diagonal(a, offset, axis1, axis2)
    return namespace(found).sum(found, axis=-1, dtype=found.dtype)


def diagflat(array: Any, k: int = 0) -> Any:
    """A matrix with the elements on a diagonal, zeros elsewhere."""
    flat = ravel(array)
    n = flat.shape[0] + abs(k)
    first = k if k >= 0 else -k * n
    places = slice(first, first + (n + 1) * (flat.shape[0] - 1) + 1, n + 1)
    return reshape(_scatter(flat, key=places, shape=(n * n,)), (n, n))


def diag(array: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix of a diagonal."""
    a = as_array(array)
    return diagflat(a, k) if a.ndim == 1 else diagonal(a, k)


def tril(m: Any, k: int = 0) -> Any:
    """The elements on and below a diagonal, zeros elsewhere."""
    a = _with_axes(m, 1)
    return namespace(a).tril(a, k=k)


def triu(m: Any, k: int = 0) -> Any:
    """The elements on and above a diagonal, zeros elsewhere."""
    a = _with_axes(m, 1)
    return namespace(a).triu(a, k=k)


def resize(a: Any, new_shape: Any) -> Any:
    """The elements, as often as needed, in a new shape."""
    flat, shape = ravel(a), shape_of(new_shape)
    count = prod(shape)
    if not flat.size:
        return namespace(flat).zeros(shape, dtype=flat.dtype)
    return reshape(tile(flat, -(-count // flat.shape[0]))[:count], shape)


#: What the rows of an axis are reduced to, and continued with.
_STATISTICS = {"minimum": "min", "maximum": "max", "mean": "mean"}


def pad(x: Any, pad_width: Any = None, mode: str = "constant", *, constant_values: Any = 0, **options: Any) -> Any:
    """Elements added before and after those along each axis."""
    if options.pop("reflect_type", "even") != "even":
        raise NotImplementedError("pad continues with the elements themselves: reflect_type='even' is all there is.")
    if options:
        raise NotImplementedError(f"pad does not know {', '.join(options)}.")
    x = as_array(x)
    if mode not in _STATISTICS:
        return namespace(x).pad(x, pad_width, mode, constant_values=constant_values)
    xp = namespace(x)
    widths = pad_width if isinstance(pad_width, list | tuple) else (pad_width, pad_width)
    pairs = [widths] * x.ndim if isinstance(widths[0], int) else widths
    for axis, (before, after) in enumerate(pairs):
        filler = cast(getattr(xp, _STATISTICS[mode])(x, axis=axis, keepdims=True), x.dtype)
        x = concatenate([repeat(filler, before, axis), x, repeat(filler, after, axis)], axis)
    return x


def integer_array(values: list[int]) -> Any:
    """A list of integers, which may be empty, as an array."""
    return active().asarray(values, dtype=active().int64)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Values put before an index along an axis, or before several."""
    a = as_array(arr)
    if axis is None:
        a, axis = ravel(a), 0
    axis, xp = axis % a.ndim, namespace(a)
    n = a.shape[axis]
    chosen = obj.tolist() if isinstance(obj, Array) else obj
    single = isinstance(chosen, int) or getattr(chosen, "shape", None) == ()
    listed = [int(chosen)] if single else [*range(n)[chosen]] if isinstance(chosen, slice) else [*map(int, chosen)]
    places = [i + n if i < 0 else i for i in listed]
    new = cast(as_array(values), a.dtype)
    new = xp.reshape(new, (*(1,) * (a.ndim - new.ndim), *new.shape))
    if single:
        new = moveaxis(new, 0, axis)
    count = new.shape[axis] if len(places) == 1 else len(places)
    new = xp.broadcast_to(new, tuple(count if i == axis else m for i, m in enumerate(a.shape)))
    # Each new element has a place before which it goes; those of equal places keep their order.
    before = places * count if len(places) == 1 else places
    order = sorted([(place, 0, k, n + k) for k, place in enumerate(before)] + [(i, 1, i, i) for i in range(n)])
    return xp.take(concatenate([a, new], axis), integer_array([source for *_, source in order]), axis=axis)


def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """Without the elements at an index, a slice or several indices; indices in an array count from the front only."""
    a = as_array(arr)
    if axis is None:
        a, axis = ravel(a), 0
    n = a.shape[axis]
    if isinstance(obj, Array):
        obj = [i for i in obj.tolist() if i >= 0] if obj.ndim else obj.item()
    gone = range(n)[obj] if isinstance(obj, slice) else obj if isinstance(obj, list | tuple) else [obj]
    dropped = {int(i) % n for i in gone if -n <= int(i) < n}
    return namespace(a).take(a, integer_array([i for i in range(n) if i not in dropped]), axis=axis)
