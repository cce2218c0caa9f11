"""Shapes: reshaping, joining, splitting, repeating, and diagonals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from operator import index
from typing import Any

from xpgrad.array import Array
from xpgrad.axes import along, axes_of
from xpgrad.discovery import get_named
from xpgrad.errors import NoCounterpartError
from xpgrad.protocols.conventions import array, cast, flat, stays


def _lengths(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple of Python's integers."""
    return tuple(map(index, shape)) if hasattr(shape, "__len__") else (index(shape),)


def _reversed(xp: Any, a: Any) -> Any:
    return xp.permute_dims(a, tuple(range(a.ndim))[::-1])


def reshape(xp: Any, a: Any, shape: Any, order: str = "C", *, copy: bool | None = None) -> Any:
    a, shape = array(xp, a), _lengths(shape)
    if order == "F":
        return _reversed(xp, xp.reshape(_reversed(xp, a), shape[::-1], copy=copy))
    return xp.reshape(a, shape, copy=copy)


def ravel(xp: Any, a: Any, order: str = "C") -> Any:
    return reshape(xp, a, -1, order)


def transpose(xp: Any, a: Any, axes: Any = None) -> Any:
    a = array(xp, a)
    return _reversed(xp, a) if axes is None else xp.permute_dims(a, axes_of(axes, a.ndim))


def swapaxes(xp: Any, a: Any, axis1: int, axis2: int) -> Any:
    a = array(xp, a)
    order = list(range(a.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return xp.permute_dims(a, tuple(order))


def rollaxis(xp: Any, a: Any, axis: int, start: int = 0) -> Any:
    axis, start = axes_of(axis, a.ndim)[0], start + a.ndim * (start < 0)
    return xp.moveaxis(a, axis, start - (start > axis))


def squeeze(xp: Any, a: Any, axis: Any = None) -> Any:
    a = array(xp, a)
    axes = tuple(i for i, n in enumerate(a.shape) if n == 1) if axis is None else axes_of(axis, a.ndim)
    return xp.squeeze(a, axes)


def expand_dims(xp: Any, a: Any, axis: Any) -> Any:
    a = array(xp, a)
    axes = axis if isinstance(axis, list | tuple) else (axis,)
    new = axes_of(axes, a.ndim + len(axes))
    lengths = iter(a.shape)
    return xp.reshape(a, tuple(1 if i in new else next(lengths) for i in range(a.ndim + len(axes))))


def _at_least(form: Callable[[Any], tuple[int, ...]], ndim: int) -> Callable[..., Any]:
    """Arrays of at least so many dimensions, one or a tuple of them."""

    def convert(xp: Any, *arrays: Any) -> Any:
        found = [array(xp, x) for x in arrays]
        out = tuple(xp.reshape(x, form(x.shape)) if x.ndim < ndim else x for x in found)
        return out[0] if len(out) == 1 else out

    return convert


def _form_3d(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (1, *shape, 1) if len(shape) == 1 else (*shape, *(1,) * (3 - len(shape)))


atleast_1d = _at_least(lambda _: (1,), 1)
atleast_2d = _at_least(lambda shape: (1, *shape) if shape else (1, 1), 2)
atleast_3d = _at_least(_form_3d, 3)


def concatenate(xp: Any, arrays: Any, axis: Any = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return xp.concat([cast(xp, x, dtype, casting) for x in arrays], axis=axis)


def stack(xp: Any, arrays: Any, axis: int = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return xp.stack([cast(xp, x, dtype, casting) for x in arrays], axis=axis)


def _stacked(form: Callable[..., Any], axis: int) -> Callable[..., Any]:
    def join(xp: Any, tup: Any, **options: Any) -> Any:
        return concatenate(xp, [form(xp, x) for x in tup], axis, **options)

    return join


def hstack(xp: Any, tup: Any, **options: Any) -> Any:
    arrays = [atleast_1d(xp, x) for x in tup]
    return concatenate(xp, arrays, 0 if arrays[0].ndim == 1 else 1, **options)


def _as_column(xp: Any, x: Any) -> Any:
    x = array(xp, x)
    return x if x.ndim >= 2 else xp.reshape(x, (-1, 1))


def block(xp: Any, arrays: Any) -> Any:
    """Nested lists of arrays: the innermost are joined along the last axis, and so on."""

    def depth(x: Any) -> int:
        return 1 + max(map(depth, x)) if isinstance(x, list) else 0

    def ndims(x: Any) -> int:
        return max(map(ndims, x)) if isinstance(x, list) else array(xp, x).ndim

    levels = depth(arrays)
    ndim = max(levels, ndims(arrays))

    def join(x: Any, level: int) -> Any:
        if isinstance(x, list):
            return xp.concat([join(part, level - 1) for part in x], axis=-level)
        x = array(xp, x)
        return xp.reshape(x, (1,) * (ndim - x.ndim) + x.shape)

    return join(arrays, levels) if levels else xp.copy(array(xp, arrays))


def append(xp: Any, arr: Any, values: Any, axis: int | None = None) -> Any:
    arrays = [arr, values] if axis is not None else [flat(xp, arr), flat(xp, values)]
    return concatenate(xp, arrays, axis or 0)


def _places(obj: Any, n: int) -> list[int]:
    """What a slice, an integer, a list of integers or booleans names in an axis of length n."""
    if isinstance(obj, slice):
        return list(range(n))[obj]
    items = obj.tolist() if hasattr(obj, "tolist") else obj
    items = items if isinstance(items, list | tuple | range) else [items]
    if items and all(isinstance(i, bool) for i in items):
        if len(items) != n:
            raise IndexError(f"{len(items)} booleans cannot name places in an axis of {n} elements.")
        return [i for i, named in enumerate(items) if named]
    return [i + n if i < 0 else i for i in map(index, items)]


def delete(xp: Any, arr: Any, obj: Any, axis: int | None = None) -> Any:
    a, axis = (flat(xp, arr), 0) if axis is None else (array(xp, arr), axis)
    gone = set(_places(obj, a.shape[axis]))
    if any(not 0 <= i < a.shape[axis] for i in gone):
        raise IndexError(f"index {obj} is out of bounds for axis {axis} with size {a.shape[axis]}.")
    stay = [i for i in range(a.shape[axis]) if i not in gone]
    return xp.take(a, xp.asarray(stay, dtype=xp.int64, device=a.device), axis=axis)


def insert(xp: Any, arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Values before the places that `obj` names in the array as it was."""
    a, axis = (flat(xp, arr), 0) if axis is None else (array(xp, arr), axes_of(axis, array(xp, arr).ndim)[0])
    values, n = array(xp, values), a.shape[axis]
    if isinstance(obj, slice | list | tuple | range) or array(xp, obj).ndim:
        places = _places(obj, n)
    else:
        place = index(obj)
        values = xp.moveaxis(xp.reshape(values, (1,) * (a.ndim - values.ndim) + values.shape), 0, axis)
        places = [place + n if place < 0 else place] * values.shape[axis]
    if any(not 0 <= i <= n for i in places):
        raise IndexError(f"index {obj} is out of bounds for axis {axis} with size {n}.")
    values = xp.broadcast_to(xp.astype(values, a.dtype), (*a.shape[:axis], len(places), *a.shape[axis + 1 :]))
    order = sorted(range(len(places)), key=lambda i: places[i])
    source, taken = [], 0
    for i in order:
        source += [*range(taken, places[i]), n + i]
        taken = places[i]
    source += range(taken, n)
    both = xp.concat([a, values], axis=axis)
    return xp.take(both, xp.asarray(source, dtype=xp.int64, device=a.device), axis=axis)


def array_split(xp: Any, ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    a = array(xp, ary)
    axis = axes_of(axis, a.ndim)[0]
    n = a.shape[axis]
    sections = indices_or_sections.tolist() if hasattr(indices_or_sections, "tolist") else indices_or_sections
    if isinstance(sections, list | tuple):
        ends = [*sections, n]
    else:
        size, longer = divmod(n, sections)
        ends = [(i + 1) * size + min(i + 1, longer) for i in range(sections)]
    starts = [0, *ends[:-1]]
    return [a[along(axis, slice(start, end))] for start, end in zip(starts, ends, strict=True)]


def split(xp: Any, ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    sections = indices_or_sections
    if not hasattr(sections, "__len__") and array(xp, ary).shape[axis] % sections:
        raise ValueError("array split does not result in an equal division.")
    return array_split(xp, ary, sections, axis)


def hsplit(xp: Any, ary: Any, indices_or_sections: Any) -> list[Any]:
    return split(xp, ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


def repeat(xp: Any, a: Any, repeats: Any, axis: int | None = None) -> Any:
    if not isinstance(repeats, int):
        repeats = array(xp, repeats)
        repeats = int(repeats) if repeats.size == 1 else repeats
    return xp.repeat(array(xp, a), repeats, axis=axis)


def tile(xp: Any, A: Any, reps: Any) -> Any:
    return xp.tile(array(xp, A), _lengths(reps))


def roll(xp: Any, a: Any, shift: Any, axis: Any = None) -> Any:
    a = array(xp, a)
    if axis is None:
        total = sum(shift) if isinstance(shift, list | tuple) else index(shift)
        return xp.roll(a, total)
    axes = axes_of(axis, a.ndim)
    shifts = _lengths(shift)
    return xp.roll(
        a, shifts * (len(axes) if len(shifts) == 1 else 1), axis=axes * (len(shifts) if len(axes) == 1 else 1)
    )


def rot90(xp: Any, m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    m = array(xp, m)
    first, second = axes_of(axes, m.ndim)
    if first == second:
        raise ValueError("rot90 turns in the plane of two axes, which must be different.")
    turned = xp.flip(m, axis=second) if k % 4 in (1, 2) else m
    turned = xp.flip(turned, axis=first) if k % 4 in (2, 3) else turned
    return swapaxes(xp, turned, first, second) if k % 2 else turned


def resize(xp: Any, a: Any, new_shape: Any) -> Any:
    a, shape = flat(xp, a), _lengths(new_shape)
    if not a.size:
        return xp.zeros(shape, dtype=a.dtype, device=a.device)
    return xp.reshape(xp.tile(a, (-(-prod(shape) // a.size) or 1,))[: prod(shape)], shape)


def diagonal(xp: Any, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return xp.linalg.diagonal(xp.moveaxis(array(xp, a), (axis1, axis2), (-2, -1)), offset=offset)


def trace(xp: Any, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    return xp.sum(diagonal(xp, a, offset, axis1, axis2), axis=-1, dtype=dtype)


def diagflat(xp: Any, v: Any, k: int = 0) -> Any:
    v = flat(xp, v)
    n = v.shape[0] + abs(k)
    place = xp.eye(n, k=k, dtype=xp.bool, device=v.device)
    row = xp.concat(
        [
            xp.zeros((max(k, 0),), dtype=v.dtype, device=v.device),
            v,
            xp.zeros((max(-k, 0),), dtype=v.dtype, device=v.device),
        ]
    )
    return xp.where(place, row, xp.zeros_like(row))


def diag(xp: Any, v: Any, k: int = 0) -> Any:
    v = array(xp, v)
    return diagflat(xp, v, k) if v.ndim == 1 else diagonal(xp, v, k)


def pad(xp: Any, array_: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    a = array(xp, array_)
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(i, pad_width.get(i - a.ndim, 0)) for i in range(a.ndim)]
        pad_width = [pair if isinstance(pair, list | tuple) else (pair, pair) for pair in pad_width]
    return xp.pad(a, pad_width, mode, **options)


def astype(xp: Any, x: Any, dtype: Any, *, copy: bool = True, **options: Any) -> Any:
    return xp.astype(x, dtype, copy=copy, **options)


def broadcast_arrays(xp: Any, *args: Any) -> Any:
    """What holds no numbers, a None say, stays NumPy's."""
    numpy: Any = get_named("numpy").namespace
    arrays = [array(xp, x) if stays(x) else numpy.asarray(x) for x in args]
    shape = xp.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(
        xp.broadcast_to(array(xp, x), shape)
        if isinstance(x, Array) or x.dtype.kind in "biufc"
        else numpy.broadcast_to(x, shape)
        for x in arrays
    )


def _sparse(xp: Any, grids: Sequence[Any], indexing: str) -> Any:
    places = list(range(len(grids)))
    if indexing == "xy" and len(grids) > 1:
        places[:2] = [1, 0]
    return tuple(
        xp.reshape(x, tuple(-1 if i == place else 1 for i in range(len(grids))))
        for x, place in zip(grids, places, strict=True)
    )


def meshgrid(xp: Any, *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    grids = [xp.copy(flat(xp, x)) if sparse and copy else flat(xp, x) for x in xi]
    return _sparse(xp, grids, indexing) if sparse else xp.meshgrid(*grids, indexing=indexing)


def trim_zeros(xp: Any, filt: Any, trim: str = "fb", axis: int | None = None) -> Any:
    a = array(xp, filt)
    axes = axes_of(axis, a.ndim)
    if a.ndim != 1:
        raise NoCounterpartError(f"numpy.trim_zeros of {a.ndim} dimensions", "a slice")
    places = xp.nonzero(a)[axes[0]].tolist() or [a.shape[0]]
    start = places[0] if "f" in trim.lower() else 0
    return a[start : places[-1] + 1 if "b" in trim.lower() else None]


def sliding_window_view(xp: Any, x: Any, window_shape: Any, axis: Any = None, *, writeable: bool = False) -> Any:
    """All stretches of an axis, along a new last axis for each."""
    if writeable:
        raise NoCounterpartError("numpy.lib.stride_tricks.sliding_window_view with writeable=True")
    a = array(xp, x)
    windows = _lengths(window_shape)
    if min(windows) < 0:
        raise ValueError("window shape cannot be negative.")
    axes = axes_of(axis, a.ndim) if axis is not None else tuple(range(a.ndim))
    for axis, n in zip(axes, windows, strict=True):
        count = a.shape[axis] - n + 1
        if count < 1:
            raise ValueError("window shape cannot be larger than input array shape.")
        places = xp.arange(count, device=a.device)[:, None] + xp.arange(n, device=a.device)
        taken = xp.take(a, xp.reshape(places, (-1,)), axis=axis)
        split = xp.reshape(taken, (*a.shape[:axis], count, n, *a.shape[axis + 1 :]))
        a = xp.moveaxis(split, axis + 1, -1)
    return a


TABLE: dict[str, Callable[..., Any]] = {
    "append": append,
    "array_split": array_split,
    "astype": astype,
    "atleast_1d": atleast_1d,
    "atleast_2d": atleast_2d,
    "atleast_3d": atleast_3d,
    "block": block,
    "broadcast_arrays": broadcast_arrays,
    "broadcast_to": lambda xp, array_, shape: xp.broadcast_to(array(xp, array_), _lengths(shape)),
    "column_stack": _stacked(_as_column, 1),
    "concatenate": concatenate,
    "copy": lambda xp, a: xp.copy(array(xp, a)),
    "delete": delete,
    "diag": diag,
    "diagflat": diagflat,
    "diagonal": diagonal,
    "dsplit": lambda xp, ary, sections: split(xp, ary, sections, 2),
    "dstack": _stacked(atleast_3d, 2),
    "expand_dims": expand_dims,
    "flip": lambda xp, m, axis=None: xp.flip(array(xp, m), axis=axis),
    "fliplr": lambda xp, m: xp.flip(array(xp, m), axis=1),
    "flipud": lambda xp, m: xp.flip(array(xp, m), axis=0),
    "hsplit": hsplit,
    "hstack": hstack,
    "insert": insert,
    "linalg.diagonal": lambda xp, x, *, offset=0: xp.linalg.diagonal(x, offset=offset),
    "lib.stride_tricks.sliding_window_view": sliding_window_view,
    "linalg.matrix_transpose": lambda xp, x: xp.matrix_transpose(x),
    "linalg.trace": lambda xp, x, *, offset=0, dtype=None: xp.linalg.trace(x, offset=offset, dtype=dtype),
    "matrix_transpose": lambda xp, x: xp.matrix_transpose(x),
    "meshgrid": meshgrid,
    "moveaxis": lambda xp, a, source, destination: xp.moveaxis(array(xp, a), source, destination),
    "pad": pad,
    "ravel": ravel,
    "repeat": repeat,
    "reshape": reshape,
    "resize": resize,
    "roll": roll,
    "rollaxis": rollaxis,
    "rot90": rot90,
    "split": split,
    "squeeze": squeeze,
    "stack": stack,
    "swapaxes": swapaxes,
    "tile": tile,
    "trace": trace,
    "transpose": transpose,
    "tril": lambda xp, m, k=0: xp.tril(array(xp, m), k=k),
    "trim_zeros": trim_zeros,
    "triu": lambda xp, m, k=0: xp.triu(array(xp, m), k=k),
    "unstack": lambda xp, x, *, axis=0: xp.unstack(x, axis=axis),
    "vsplit": lambda xp, ary, sections: split(xp, ary, sections, 0),
    "vstack": _stacked(atleast_2d, 0),
}
