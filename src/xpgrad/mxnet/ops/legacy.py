"""Functions of MXNet 1 that differ from NumPy's of the same name, or have none."""

from __future__ import annotations

from math import prod as product
from typing import Any

from xpgrad.array import Array
from xpgrad.axes import axes_of
from xpgrad.mxnet.context import at
from xpgrad.mxnet.dtypes import dtype_named, dtype_of
from xpgrad.mxnet.ops import creation, indexing, neural, normalization, products, reductions, shapes
from xpgrad.mxnet.ops.arrays import as_array, namespace, shape_of
from xpgrad.mxnet.ops.reshaping import LEGACY, target_shape
from xpgrad.mxnet.promotion import cast, converted


def _axes(data: Array, axis: Any, exclude: bool) -> Any:
    """The axes to reduce; with `exclude` all others, and all of them where none is named."""
    if axis is None or axis == () or axis == []:
        return None
    named = axes_of(axis, data.ndim)
    return tuple(i for i in range(data.ndim) if i not in named) if exclude else named


def _reduction(reduce: Any, doc: str) -> Any:
    def call(data: Any, axis: Any = None, keepdims: bool = False, exclude: bool = False) -> Any:
        data = as_array(data)
        return reduce(data, _axes(data, axis, exclude), keepdims=keepdims)

    call.__doc__ = doc
    return call


sum = _reduction(reductions.sum, "The sum along axes, or along all others.")
mean = _reduction(reductions.mean, "The mean along axes, or along all others.")
prod = _reduction(reductions.prod, "The product along axes, or along all others.")
max = _reduction(reductions.max, "The largest element along axes, or along all others.")
min = _reduction(reductions.min, "The smallest element along axes, or along all others.")
nansum = _reduction(reductions.nansum, "The sum of all elements but NaN along axes, or along all others.")
nanprod = _reduction(reductions.nanprod, "The product of all elements but NaN along axes, or along all others.")


def argmax(data: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest element is, as a floating-point number."""
    return cast(reductions.argmax(data, axis, keepdims), dtype_named("float32"))


def argmin(data: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest element is, as a floating-point number."""
    return cast(reductions.argmin(data, axis, keepdims), dtype_named("float32"))


def argmax_channel(data: Any) -> Any:
    """Where the largest element of axis 1 is."""
    return argmax(data, 1)


def sort(data: Any, axis: int | None = -1, is_ascend: bool = True) -> Any:
    """The elements in order along an axis."""
    return indexing.sort(data, axis, not is_ascend)


def argsort(data: Any, axis: int | None = -1, is_ascend: bool = True, dtype: Any = "float32") -> Any:
    """The indices that put the elements in order, as floating-point numbers by default."""
    return cast(indexing.argsort(data, axis, not is_ascend), dtype_of(dtype))


def in_numbers(compare: Any) -> Any:
    """A comparison that answers in the dtype of its first array."""

    def call(lhs: Any, rhs: Any) -> Any:
        dtype = next((x.dtype for x in (lhs, rhs) if isinstance(x, Array)), None)
        out = compare(lhs, rhs)
        return cast(out, dtype) if isinstance(out, Array) else float(out)

    call.__doc__ = "1 where a comparison of two arrays holds, and 0 elsewhere."
    return call


def moments(data: Any, axes: Any = None, keepdims: bool = False) -> Any:
    """The mean and the variance along axes."""
    return [reductions.mean(data, axes, None, keepdims), reductions.var(data, axes, None, 0, keepdims)]


def reshape(data: Any, shape: Any = None, reverse: bool = False) -> Any:
    """The same elements in another shape; 0 copies a length, -2 copies the rest, -3 merges two, -4 splits one."""
    data = as_array(data)
    return namespace(data).reshape(data, target_shape(data.shape, shape_of(shape), LEGACY, reverse))


def reshape_method(data: Any, *lengths: Any, shape: Any = None, reverse: bool = False) -> Any:
    """As `reshape`, with the shape as a tuple or as single lengths."""
    wanted = lengths if shape is None else (shape,)
    return reshape(data, wanted[0] if len(wanted) == 1 else wanted, reverse)


def transpose_method(data: Any, *order: int, axes: Any = None) -> Any:
    """As `transpose`, with the axes as a tuple or as single numbers."""
    wanted = order if axes is None else (axes,)
    return transpose(data, wanted[0] if len(wanted) == 1 and not isinstance(wanted[0], int) else wanted)


def transpose(data: Any, axes: Any = None) -> Any:
    """The axes in another order, backwards by default."""
    return shapes.transpose(data) if axes in (None, ()) else shapes.transpose(data, axes)


def swapaxes(data: Any, dim1: int = 0, dim2: int = 0) -> Any:
    """Two axes exchanged."""
    return shapes.swapaxes(data, dim1, dim2)


def concat(*data: Any, dim: int = 1) -> Any:
    """Arrays joined along an axis."""
    return shapes.concatenate(data, dim)


def stack(*data: Any, axis: int = 0) -> Any:
    """Arrays joined along a new axis."""
    return shapes.stack(data, axis)


def concatenate(arrays: Any, axis: int = 0, always_copy: bool = True) -> Any:
    """A list of arrays joined along an axis."""
    return shapes.concatenate(arrays, axis)


def split(data: Any, num_outputs: int, axis: int = 1, squeeze_axis: bool = False) -> Any:
    """Parts of equal length along an axis; with `squeeze_axis`, of length 1 and without it."""
    parts = shapes.split(data, num_outputs, axis)
    parts = [shapes.squeeze(part, axis) for part in parts] if squeeze_axis else parts
    return parts[0] if num_outputs == 1 else parts


def split_v2(ary: Any, indices_or_sections: Any, axis: int = 0, squeeze_axis: bool = False) -> Any:
    """Parts along an axis: so many of equal length, or cut at indices."""
    parts = shapes.split(ary, indices_or_sections, axis)
    return [shapes.squeeze(part, axis) for part in parts] if squeeze_axis else parts


def tile(data: Any, reps: Any) -> Any:
    """Copies of the array side by side."""
    return shapes.tile(data, reps)


def dot(lhs: Any, rhs: Any, transpose_a: bool = False, transpose_b: bool = False, forward_stype: Any = None) -> Any:
    """The product over the last axis of the first array and the first axis of the second."""
    a, b = as_array(lhs), as_array(rhs)
    if transpose_a and a.ndim > 1:
        a = shapes.moveaxis(a, 0, -1)
    if transpose_b and b.ndim > 1:
        b = shapes.moveaxis(b, -1, 0)
    if a.ndim <= 2 and b.ndim <= 2:
        return products.matmul(a, b)
    return namespace(a).tensordot(a, b, axes=((a.ndim - 1,), (0,)))


def broadcast_to(data: Any, shape: Any) -> Any:
    """Repeated along axes of length 1; a length of 0 stays as it is."""
    data = as_array(data)
    shape = shape_of(shape)
    if len(shape) == data.ndim:
        shape = tuple(n or m for n, m in zip(shape, data.shape, strict=True))
    return shapes.broadcast_to(data, shape)


def broadcast_axis(data: Any, axis: Any = (), size: Any = ()) -> Any:
    """Repeated along some axes of length 1, up to so many elements."""
    data = as_array(data)
    shape = list(data.shape)
    for i, n in zip(axes_of(axis, data.ndim), shape_of(size), strict=True):
        shape[i] = n
    return shapes.broadcast_to(data, shape)


def take(a: Any, indices: Any, axis: int = 0, mode: str = "clip") -> Any:
    """The elements at indices along an axis."""
    return indexing.take(a, indices, axis, mode)


def batch_take(a: Any, indices: Any) -> Any:
    """From every row the element that an index names."""
    return indexing.pick(a, indices, -1)


def fill_element_0index(lhs: Any, mhs: Any, rhs: Any) -> Any:
    """A matrix with one element of each row replaced, at the column that an index names."""
    columns = indexing.integers(rhs)
    rows = namespace(columns).arange(columns.shape[0], dtype=columns.dtype)
    return indexing.index_update(lhs, namespace(columns).stack([rows, columns]), mhs)


def pad(data: Any, mode: str = "constant", pad_width: Any = (), constant_value: float = 0.0) -> Any:
    """Elements added before and after those along each axis; `pad_width` in one flat tuple."""
    pairs = list(zip(pad_width[::2], pad_width[1::2], strict=True))
    options = {"constant_values": constant_value} if mode == "constant" else {}
    return shapes.pad(data, pairs, mode, **options)


def clip(data: Any, a_min: float, a_max: float) -> Any:
    """Every element moved to the nearest within bounds."""
    return indexing.clip(data, a_min, a_max)


def expand_dims(data: Any, axis: int) -> Any:
    """A new axis of length 1."""
    return shapes.expand_dims(data, axis)


def squeeze(data: Any, axis: Any = None) -> Any:
    """Axes of length 1 left out."""
    return shapes.squeeze(data, axis)


def flip(data: Any, axis: Any) -> Any:
    """The elements in the opposite order along axes."""
    return shapes.flip(data, axis)


def diag(data: Any, k: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of a matrix, or the matrix of a diagonal."""
    data = as_array(data)
    return shapes.diagflat(data, k) if data.ndim == 1 else shapes.diagonal(data, k, axis1, axis2)


def depth_to_space(data: Any, block_size: int) -> Any:
    """Channels laid out as blocks of pixels."""
    data = as_array(data)
    n, c, h, w = data.shape
    b = block_size
    blocks = shapes.reshape(data, (n, b, b, c // b**2, h, w))
    return shapes.reshape(shapes.transpose(blocks, (0, 3, 4, 1, 5, 2)), (n, c // b**2, h * b, w * b))


def space_to_depth(data: Any, block_size: int) -> Any:
    """Blocks of pixels laid out as channels."""
    data = as_array(data)
    n, c, h, w = data.shape
    b = block_size
    blocks = shapes.reshape(data, (n, c, h // b, b, w // b, b))
    return shapes.reshape(shapes.transpose(blocks, (0, 3, 5, 1, 2, 4)), (n, c * b**2, h // b, w // b))


def ravel_multi_index(data: Any, shape: Any) -> Any:
    """The index into the flat array for every column of indices along the axes."""
    rows = as_array(data)
    out: Any = 0
    for i, n in enumerate(shape_of(shape)):
        out = out * n + rows[i]
    return out


def unravel_index(data: Any, shape: Any) -> Any:
    """For every index into the flat array a column of indices along the axes."""
    data = as_array(data)
    return cast(namespace(data).stack(list(indexing.unravel_index(data, shape))), data.dtype)


def khatri_rao(*args: Any) -> Any:
    """Kronecker's product, column by column."""
    out = as_array(args[0])
    for x in args[1:]:
        x = as_array(x)
        out = shapes.reshape(out[:, None, :] * x[None, :, :], (-1, x.shape[1]))
    return out


def shape_array(data: Any) -> Any:
    """The shape, as an array."""
    data = as_array(data)
    return creation.array(list(data.shape), "int64")


def size_array(data: Any) -> Any:
    """The number of elements, as an array."""
    return creation.array([product(as_array(data).shape)], "int64")


def cast_(data: Any, dtype: Any) -> Any:
    """The elements in another dtype."""
    return converted(as_array(data), dtype_of(dtype))


def softmax_activation(data: Any, mode: str = "instance") -> Any:
    """Softmax over all of a sample, or over the channels (axis 1)."""
    data = as_array(data)
    if mode == "channel":
        return neural.softmax(data, axis=1)
    flat = shapes.reshape(data, (data.shape[0], -1))
    return shapes.reshape(neural.softmax(flat), data.shape)


def _floats(dtype: Any) -> Any:
    """Python's float is float64 here."""
    return "float64" if dtype is float else dtype


def array(source_array: Any, ctx: Any = None, dtype: Any = None) -> Any:
    """A copy of an array, number or nested list; what is no array of MXNet's comes as float32."""
    with at(ctx):
        return creation.array(source_array, _floats(dtype))


def zeros(shape: Any, ctx: Any = None, dtype: Any = None, stype: Any = None) -> Any:
    """Zeros."""
    with at(ctx):
        return creation.zeros(shape, _floats(dtype))


def ones(shape: Any, ctx: Any = None, dtype: Any = None) -> Any:
    """Ones."""
    with at(ctx):
        return creation.ones(shape, _floats(dtype))


def full(shape: Any, val: Any, ctx: Any = None, dtype: Any = "float32") -> Any:
    """One value everywhere."""
    with at(ctx):
        return creation.full(shape, val, _floats(dtype))


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: Any = None,
    ctx: Any = None,
    dtype: Any = "float32",
) -> Any:
    """Numbers at equal steps, each of them `repeat` times."""
    with at(ctx):
        out = creation.arange(start, stop, step, _floats(dtype))
    return out if repeat == 1 else shapes.repeat(out, repeat)


def linspace(
    start: float, stop: float, num: int, endpoint: bool = True, ctx: Any = None, dtype: Any = "float32"
) -> Any:
    """`num` numbers at equal distances."""
    with at(ctx):
        return creation.linspace(start, stop, num, endpoint, dtype=_floats(dtype))


def eye(N: int, M: int = 0, k: int = 0, ctx: Any = None, dtype: Any = None) -> Any:
    """Ones on a diagonal, zeros elsewhere."""
    with at(ctx):
        return creation.eye(N, M or N, k, _floats(dtype))


def cumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sums of all elements up to each."""
    return reductions.cumsum(a, axis, dtype)


def logical_not(data: Any) -> Any:
    """1 where an element is 0, and 0 elsewhere."""
    data = as_array(data)
    return cast(data == 0, data.dtype)


def group_norm(
    data: Any, gamma: Any, beta: Any, num_groups: int = 1, eps: float = 1e-5, output_mean_var: bool = False
) -> Any:
    """Normalisation of each group of channels (axis 1) of each sample."""
    return normalization.group_norm(data, gamma, beta, num_groups, eps, output_mean_var)


def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = True) -> Any:
    """Whether all elements agree within a tolerance."""
    return indexing.allclose(a, b, rtol, atol, equal_nan)
