"""Elements picked, sorted, searched and counted."""

from __future__ import annotations

from itertools import accumulate
from math import prod
from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.axes import along, axes_of
from xpgrad.discovery import floating
from xpgrad.functions import function
from xpgrad.mxnet.arrays import plain
from xpgrad.mxnet.dtypes import default_float, dtype_named, dtype_of
from xpgrad.mxnet.ops.arrays import as_array, length_along, mask_of, namespace, shape_of
from xpgrad.mxnet.ops.shapes import integer_array, ravel
from xpgrad.mxnet.promotion import cast, common, in_floating, promoted, rank
from xpgrad.mxnet.provide import writes, written
from xpgrad.operands import SCALARS
from xpgrad.protocols import calculus, selection

_expand_dims, _maximum, _minimum, _scatter, _squeeze, _take_along_axis = map(
    function, "expand_dims maximum minimum scatter squeeze take_along_axis".split()
)


def integers(x: Any) -> Array:
    """An array of indices; MXNet also takes floating-point numbers for them."""
    a = x if isinstance(x, Array) else as_array(x, dtype_named("int64"))
    return a if rank(a) == 1 else cast(a, dtype_named("int64"))


def within(indices: Array, n: int, mode: str) -> Array:
    """Indices into n elements: "clip" takes the nearest for one out of range, "wrap" counts on from the start."""
    if mode == "clip":
        return _minimum(_maximum(indices, 0), n - 1)
    return namespace(indices).remainder(indices, n) if mode == "wrap" else indices


def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """The elements at indices along an axis; without one, of the flat array."""
    a = as_array(a)
    if axis is None:
        a, axis = ravel(a), 0
    n = a.shape[axis]
    places = within(integers(indices), n, mode)
    out = namespace(a).take(a, ravel(places), axis=axis)
    axis %= a.ndim
    return namespace(a).reshape(out, (*a.shape[:axis], *places.shape, *a.shape[axis + 1 :]))


def take_along_axis(arr: Any, indices: Any, axis: int | None) -> Any:
    """For every place the element at an index of its own along an axis."""
    a = as_array(arr)
    if axis is None:
        a, axis = ravel(a), 0
    return namespace(a).take_along_axis(a, integers(indices), axis=axis)


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Elements of `x` where the condition holds, elsewhere those of `y`; alone, the places where it holds."""
    mask = array_of(mask_of(condition).data)
    if x is None:
        return nonzero(mask)
    if x.__class__ in SCALARS:
        y, x = (x, y) if y.__class__ in SCALARS else promoted(as_array(y), x)
    else:
        x, y = promoted(as_array(x), y)
    if not isinstance(x, Array) and not isinstance(y, Array):
        x = as_array(x)
    return namespace(mask).where(mask, x, y)


def nonzero(a: Any) -> Any:
    """For every axis the indices of the elements that are not zero."""
    a = as_array(a)
    return tuple(namespace(a).nonzero(a if a.ndim else namespace(a).reshape(a, (1,))))


def argwhere(a: Any) -> Any:
    """The places of the elements that are not zero, one in each row."""
    return namespace(a).stack(list(nonzero(a)), axis=1)


def flatnonzero(a: Any) -> Any:
    """The indices of the elements that are not zero in the flat array."""
    return nonzero(ravel(a))[0]


def extract(condition: Any, arr: Any) -> Any:
    """The elements where a condition holds."""
    return ravel(arr)[ravel(mask_of(condition))]


def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """The slices where a condition holds."""
    a = as_array(a)
    if axis is None:
        a, axis = ravel(a), 0
    return take(a, flatnonzero(condition), axis)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """For every place the element of the first array whose condition holds there."""
    out = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        out = where(condition, choice, out)
    return out


def choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    """For every place the element of the array that an index names."""
    arrays = common(*map(as_array, choices))
    return selection.choose(namespace(arrays[0]), integers(a), arrays, mode)


def sort(
    a: Any, axis: int | None = -1, descending: bool = False, stable: bool = True, kind: Any = None, order: None = None
) -> Any:
    """The elements in order along an axis; without one, of the flat array. The algorithm is the library's."""
    a = as_array(a)
    if axis is None:
        a, axis = ravel(a), -1
    return namespace(a).sort(a, axis=axis, descending=descending)


def argsort(
    a: Any, axis: int | None = -1, descending: bool = False, stable: bool = True, kind: Any = None, order: None = None
) -> Any:
    """The indices that put the elements in order."""
    a = as_array(a)
    if axis is None:
        a, axis = ravel(a), -1
    return namespace(a).argsort(a, axis=axis, descending=descending)


def msort(a: Any) -> Any:
    """The elements in order along the first axis."""
    return sort(a, 0)


def partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = None, order: None = None) -> Any:
    """The elements in an order in which nothing after the k-th is smaller; here, all are in order."""
    return sort(a, axis)


def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: Any = None, order: None = None) -> Any:
    """The indices for `partition`."""
    return argsort(a, axis)


def ix_(*args: Any) -> Any:
    """Vectors of indices, each along an axis of its own: together the index of a grid."""
    vectors = [as_array(x) for x in args]
    n = len(vectors)
    return tuple(
        namespace(x).reshape(x, tuple(-1 if i == axis else 1 for i in range(n))) for axis, x in enumerate(vectors)
    )


def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of vectors, of each vector along an axis."""
    a = as_array(arr)
    return calculus.apply_along_axis(namespace(a), lambda row: as_array(func1d(row, *args, **kwargs)), axis, a)


def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """Where values would have to be put into a sorted vector."""
    first, values = common(as_array(a), as_array(v))
    xp = namespace(first)
    places = xp.searchsorted(first, ravel(values), side=side, sorter=None if sorter is None else integers(sorter))
    return xp.reshape(places, values.shape)


def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """The number of the bin that each value is in; bins in ascending order."""
    return searchsorted(bins, x, side="left" if right else "right")


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    """The function through given points, straight between them and constant, or periodic, beyond."""
    x, places = common(in_floating(as_array(x)), as_array(xp))
    return calculus.interp(namespace(x), x, places, cast(as_array(fp), x.dtype), left, right, period)


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Any:
    """The distinct values in order, or slices along an axis; if asked for, where they were, and how often."""
    a = as_array(ar)
    found = namespace(a).unique_all(a) if axis is None else _unique_slices(a, axis)
    chosen = [found[0]]
    chosen += [found[1]] if return_index else []
    chosen += [ravel(found[2])] if return_inverse else []
    chosen += [found[3]] if return_counts else []
    return chosen[0] if len(chosen) == 1 else tuple(chosen)


def _unique_slices(a: Array, axis: int) -> tuple[Any, ...]:
    """The distinct slices along an axis, in the order of their first elements, then their second, and so on."""
    xp = namespace(a)
    n = a.shape[axis]
    rows = xp.reshape(xp.moveaxis(a, axis, 0), (n, -1))
    order = xp.arange(n)
    for column in reversed(range(rows.shape[1])):
        order = xp.take(order, xp.argsort(xp.take(rows[:, column], order, axis=0)), axis=0)
    rows = xp.take(rows, order, axis=0)
    new = xp.concat([xp.ones(min(n, 1), dtype=xp.bool), xp.any(rows[1:, :] != rows[:-1, :], axis=1)])
    first = xp.take(order, flatnonzero(new), axis=0)
    rank = xp.cumulative_sum(cast(new, xp.int64)) - 1
    inverse = xp.take(rank, xp.argsort(order), axis=0)
    return xp.take(a, first, axis=axis), first, inverse, bincount(rank, minlength=first.shape[0])


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often every integer occurs, or the sum of the weights of its occurrences."""
    places = integers(x)
    xp = namespace(places)
    n = max(int(xp.max(places)) + 1 if places.size else 0, minlength)
    return _scatter(xp.ones_like(places) if weights is None else as_array(weights), key=places, shape=(n,))


def histogram(
    a: Any, bins: Any = 10, range: Any = None, weights: Any = None, density: Any = None, normed: None = None
) -> Any:
    """How many elements are in each bin, and the edges of the bins; the last bin holds its right edge."""
    flat = in_floating(ravel(a))
    xp = namespace(flat)
    if isinstance(bins, int):
        low, high = range or (xp.min(flat).item(), xp.max(flat).item())
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges = xp.linspace(low, high, bins + 1, dtype=flat.dtype)
    else:
        edges = cast(as_array(bins), flat.dtype)
    n = edges.shape[0] - 1
    place = xp.where(flat == edges[-1], n - 1, searchsorted(edges, flat, side="right") - 1)
    inside = (place >= 0) & (place < n)
    counts = bincount(place[inside], None if weights is None else ravel(weights)[inside], n)
    if density:
        counts = counts / (xp.sum(cast(counts, flat.dtype)) * (edges[1:] - edges[:-1]))
    return counts, edges


def isin(element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each element is among others."""
    a, others = common(as_array(element), ravel(test_elements))
    found = namespace(a).any(namespace(a).expand_dims(a, axis=-1) == others, axis=-1)
    return ~found if invert else found


def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether all elements agree within a tolerance."""
    return bool(namespace(as_array(a)).all(isclose(a, b, rtol, atol, equal_nan)))


def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether elements agree within a tolerance."""
    a, b = (in_floating(x) for x in common(as_array(a), as_array(b)))
    xp = namespace(a)
    close = (a == b) | (xp.isfinite(b) & (xp.abs(a - b) <= atol + rtol * xp.abs(b)))
    return close | (xp.isnan(a) & xp.isnan(b)) if equal_nan else close


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Whether two arrays have the same shape and elements."""
    a, b = common(as_array(a1), as_array(a2))
    if a.shape != b.shape:
        return False
    same = a == b
    if equal_nan and floating(a.data):
        same = same | ((a != a) & (b != b))
    return bool(namespace(a).all(same))


def array_equiv(a1: Any, a2: Any) -> Any:
    """Whether two arrays, broadcast, have the same elements."""
    a, b = common(as_array(a1), as_array(a2))
    try:
        a, b = namespace(a).broadcast_arrays(a, b)
    except ValueError:
        return False
    return bool(namespace(a).all(a == b))


@writes("x")
def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Numbers in place of NaN and the infinities, by default 0 and the largest there are; without `copy` in `x`."""
    a = as_array(plain(x))
    out = selection.nan_to_num(namespace(a), a, nan=nan, posinf=posinf, neginf=neginf)
    return out if copy else written(out, x)


def clip(a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Any:
    """Every element moved to the nearest within bounds, which the method calls `min` and `max`."""
    a = as_array(a)
    low, high = (min if a_min is None else a_min), (max if a_max is None else a_max)
    if low is None and high is None:
        raise ValueError("clip needs a bound: give a_min, a_max or both.")
    bounds = [None if b is None else b.item() if isinstance(b, Array) and not b.shape else b for b in (low, high)]
    for bound in bounds:
        if bound.__class__ is float and not floating(a.data):
            a = in_floating(a)
    return namespace(a).clip(a, *bounds)


def unravel_index(indices: Any, shape: Any, order: str = "C") -> Any:
    """For every axis the index that belongs to an index into the flat array."""
    rest = integers(indices)
    found = []
    for n in reversed(shape_of(shape)):
        found.append(namespace(rest).remainder(rest, n))
        rest = namespace(rest).floor_divide(rest, n)
    return tuple(reversed(found))


def diag_indices_from(arr: Any) -> Any:
    """The indices of the main diagonal, one array for each axis."""
    a = as_array(arr)
    return (namespace(a).arange(a.shape[0]),) * a.ndim


@writes("a")
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Write to the main diagonal of a matrix, repeating the values; with `wrap`, anew below its last column."""
    rows, columns, *_ = a.shape
    length = rows if wrap and a.ndim == 2 and rows > columns else min(a.shape)
    places = [(i, i % (columns + 1)) for i in range(length) if i % (columns + 1) < columns]
    values = val.tolist() if isinstance(val, Array) else val
    values = [values] if isinstance(values, int | float) else list(values)
    repeated = [values[i % len(values)] for i in range(len(places))]
    first, second = zip(*places, strict=True)
    a[(integer_array(list(first)), *(integer_array(list(second)),) * (a.ndim - 1))] = repeated


def tril_indices_from(arr: Any, k: int = 0) -> Any:
    """The rows and columns of the elements on and below a diagonal of a matrix."""
    a = as_array(arr)
    return tuple(namespace(a).nonzero(namespace(a).tril(namespace(a).ones(a.shape), k=k)))


def triu_indices_from(arr: Any, k: int = 0) -> Any:
    """The rows and columns of the elements on and above a diagonal of a matrix."""
    a = as_array(arr)
    return tuple(namespace(a).nonzero(namespace(a).triu(namespace(a).ones(a.shape), k=k)))


def constraint_check(input: Any, msg: str = "Constraint violated.") -> Any:
    """Raise an error unless all elements are true; otherwise True, to multiply with.

    Raises
    ------
    ValueError
        With the message given.
    """
    holds = mask_of(input)
    if not bool(namespace(holds).all(holds)):
        raise ValueError(msg)
    return namespace(holds).asarray(True)


def pick(data: Any, index: Any, axis: int = -1, mode: str = "clip", keepdims: bool = False) -> Any:
    """For every place along the other axes the element that an index names."""
    data = as_array(data)
    places = within(integers(index), data.shape[axis], mode)
    if places.ndim < data.ndim:
        places = _expand_dims(places, axis=axis)
    out = _take_along_axis(data, places, axis=axis)
    return out if keepdims else _squeeze(out, axis % data.ndim)


def one_hot(data: Any, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: Any = "float32") -> Any:
    """For every index a vector with one value at that place and another elsewhere."""
    places = integers(data)
    xp = namespace(places)
    hit = xp.expand_dims(places, axis=-1) == xp.arange(depth, dtype=places.dtype, device=places.device)
    dtype = dtype_of(dtype)
    return (
        cast(hit, dtype) * (on_value - off_value) + off_value if (on_value, off_value) != (1, 0) else cast(hit, dtype)
    )


def topk(
    data: Any,
    axis: int | None = -1,
    k: int = 1,
    ret_typ: str = "indices",
    is_ascend: bool = False,
    dtype: Any = "float32",
) -> Any:
    """The k largest elements along an axis, or the smallest; what to return of them.

    Parameters
    ----------
    data : Array
        The elements.
    axis : int, optional
        Along which; None for the flat array.
    k : int
        How many; all where it is less than 1.
    ret_typ : {"indices", "value", "both", "mask"}
        Their indices, the elements themselves, both in a list, or ones where they are.
    is_ascend : bool
        The smallest instead.
    dtype : optional
        That of the indices.
    """
    data = as_array(data)
    xp = namespace(data)
    shape = data.shape
    if axis is None:
        data, axis = ravel(data), 0
    n = data.shape[axis]
    order = xp.argsort(data, axis=axis, descending=not is_ascend)
    first = order[along(axis % data.ndim, slice(0, k if 0 < k < n else n))]
    if ret_typ == "mask":
        places = xp.reshape(xp.arange(n), length_along(axis, data))
        hit = xp.any(
            xp.expand_dims(first, axis=axis % data.ndim) == xp.expand_dims(places, axis=axis % data.ndim + 1),
            axis=axis % data.ndim + 1,
        )
        return xp.reshape(cast(hit, data.dtype), shape)
    indices = cast(first, dtype_of(dtype))
    if ret_typ == "indices":
        return indices
    values = xp.take_along_axis(data, first, axis=axis)
    return values if ret_typ == "value" else [values, indices]


def _key(indices: Array) -> tuple[Any, ...]:
    """The index that the rows of an array of indices make: one row for every axis."""
    rows = integers(indices)
    return tuple(rows[i, ...].data for i in range(rows.shape[0]))


def gather_nd(data: Any, indices: Any) -> Any:
    """The elements or slices at places: column by column, the rows name the leading axes."""
    data = as_array(data)
    rows = integers(indices)
    lead, rest = data.shape[: rows.shape[0]], data.shape[rows.shape[0] :]
    xp = namespace(data)
    flat = _flat_places(rows, lead)
    out = xp.take(xp.reshape(data, (-1, *rest)), ravel(flat), axis=0)
    return xp.reshape(out, (*rows.shape[1:], *rest))


def _flat_places(rows: Array, lead: tuple[int, ...]) -> Any:
    """Indices into the flat leading axes."""
    strides = list(accumulate(lead[:0:-1], lambda a, b: a * b, initial=1))[::-1]
    xp = namespace(rows)
    places: Any = 0
    for i, (n, stride) in enumerate(zip(lead, strides, strict=True)):
        places = places + xp.where(rows[i, ...] < 0, rows[i, ...] + n, rows[i, ...]) * stride
    return places


def scatter_nd(data: Any, indices: Any, shape: Any) -> Any:
    """Zeros of a shape, with elements or slices added at places; the transpose of `gather_nd`."""
    data, shape = as_array(data), shape_of(shape)
    rows = integers(indices)
    lead, rest = shape[: rows.shape[0]], shape[rows.shape[0] :]
    xp = namespace(data)
    flat = ravel(_flat_places(rows, lead))
    out = _scatter(xp.reshape(data, (flat.shape[0], *rest)), key=flat, shape=(prod(lead), *rest))
    return xp.reshape(out, shape)


def _rows_and_values(a: Array, ind: Any, val: Any) -> tuple[Any, Any]:
    """One row of indices for every leading axis, and a value for every place that they name."""
    xp = namespace(a)
    rows = integers(ind)
    rows = xp.reshape(rows, rows.shape if rows.ndim > 1 else (1, -1))
    shape = (*rows.shape[1:], *a.shape[rows.shape[0] :])
    values = cast(as_array(val), a.dtype)
    surplus = values.ndim - len(shape)
    return rows, xp.broadcast_to(xp.reshape(values, values.shape[surplus:]) if surplus > 0 else values, shape)


def index_add(a: Any, ind: Any, val: Any) -> Any:
    """`a` with values added at places; one row of indices for every leading axis. Repeated places add up."""
    a = as_array(a)
    rows, values = _rows_and_values(a, ind, val)
    return a + scatter_nd(values, rows, a.shape)


def index_update(a: Any, ind: Any, val: Any) -> Any:
    """`a` with values written at places; one row of indices for every leading axis."""
    a = as_array(a)
    rows, values = _rows_and_values(a, ind, val)
    out = namespace(a).asarray(a, copy=True)
    out[_key(rows)] = values
    return out


def boolean_mask(data: Any, index: Any, axis: int = 0) -> Any:
    """The slices whose entry in a mask is not zero."""
    return take(data, flatnonzero(index), axis)


def slice_(data: Any, begin: Any, end: Any, step: Any = None) -> Any:
    """A part: from, to and at which step along each of the leading axes; None for all there is."""
    begin, end = (x if isinstance(x, list | tuple) else (x,) for x in (begin, end))
    step = (None,) * len(begin) if not step else step if isinstance(step, list | tuple) else (step,)
    return as_array(data)[tuple(map(slice, begin, end, step))]


def slice_axis(data: Any, axis: int, begin: int, end: int | None) -> Any:
    """A part along one axis."""
    data = as_array(data)
    return data[along(axis % data.ndim, slice(begin, end))]


def slice_like(data: Any, shape_like: Any, axes: Any = None) -> Any:
    """The leading part that has the lengths of another array, along some axes or all."""
    data, like = as_array(data), as_array(shape_like)
    chosen = axes_of(None if axes in (None, ()) else axes, data.ndim)
    return data[tuple(slice(0, like.shape[i]) if i in chosen else slice(None) for i in range(data.ndim))]


def embedding(
    data: Any,
    weight: Any,
    input_dim: Any = None,
    output_dim: Any = None,
    dtype: Any = "float32",
    sparse_grad: bool = False,
) -> Any:
    """For every index a row of the weights."""
    return take(weight, data, 0, "clip")


def arange_like(data: Any, start: float = 0.0, step: float = 1.0, repeat: int = 1, axis: int | None = None) -> Any:
    """Numbers at equal steps, as many as the array has elements, or as it is long along an axis."""
    data = as_array(data)
    xp = namespace(data)
    n = prod(data.shape) if axis is None else data.shape[axis]
    dtype = data.dtype if floating(data.data) else default_float()
    count = (
        xp.floor(xp.arange(n, dtype=dtype, device=data.device) / repeat)
        if repeat > 1
        else xp.arange(n, dtype=dtype, device=data.device)
    )
    out = start + step * count
    return xp.reshape(out, data.shape) if axis is None else out
