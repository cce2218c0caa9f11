"""Manipulation functions, changes of dtype and device, and copies."""

from math import isnan, prod

from xpgrad.discovery import backend_of
from xpgrad.plan import device_of
from xpgrad.primitive import primitive, required, vjp

primitive("broadcast_to", "x", shape=required)
primitive("concat", "*arrays", axis=0)
primitive("stack", "*arrays", axis=0)
primitive("unstack", "x", outputs=0, axis=0)
primitive("expand_dims", "x", axis=0)
primitive("squeeze", "x", axis=required)
primitive("flip", "x", axis=None)
primitive("moveaxis", "x", source=required, destination=required)
PERMUTE = primitive("permute_dims", "x", axes=required)
primitive("repeat", "x", repeats=required, axis=None)
RESHAPE = primitive("reshape", "x", shape=required, copy=None)
primitive("roll", "x", shift=required, axis=None)
primitive("tile", "x", repetitions=required)
primitive("astype", "x", dtype=required, copy=True, device=None)
primitive(
    "to_device",
    "x",
    public=False,
    device=required,
    stream=None,
    implementation=lambda xp, x, device, **s: x.to_device(device, **s),
)
primitive("copy", "x", elementwise=True, public=False, implementation=lambda xp, x: xp.asarray(x, copy=True))

vjp("astype broadcast_to copy", x=lambda g: g)
vjp("expand_dims reshape squeeze", x=lambda xp, g, x_shape: xp.reshape(g, x_shape))
vjp("flip", x=lambda xp, g, axis: xp.flip(g, axis=axis))
vjp("moveaxis", x=lambda xp, g, source, destination: xp.moveaxis(g, destination, source))
vjp("permute_dims", x=lambda xp, g, axes: xp.permute_dims(g, inverse(axes)))
vjp("stack", arrays=lambda g, i, axis: g[(*(slice(None),) * (axis % g.ndim), i, ...)])
vjp("unstack", x=lambda xp, g, axis: xp.stack(g, axis=axis))
vjp("to_device", x=lambda xp, g, x: g if device_of(x) is None else xp.to_device(g, device_of(x)))


def inverse(axes):
    """The permutation that undoes one."""
    axes = [axis % len(axes) for axis in axes]
    return tuple(axes.index(i) for i in range(len(axes)))


def roll(xp, g, shift, axis):
    """Roll the other way."""
    return xp.roll(g, tuple(-s for s in shift) if isinstance(shift, tuple) else -shift, axis=axis)


vjp("roll", x=roll)


def concat(xp, g, i, arrays_shape, axis):
    """The part of the cotangent that lies where this array went."""
    if axis is None:
        start = sum(prod(shape) for shape in arrays_shape[:i])
        return xp.reshape(g[start : start + prod(arrays_shape[i])], arrays_shape[i])
    axis = axis % g.ndim
    start = sum(shape[axis] for shape in arrays_shape[:i])
    for shape in arrays_shape:
        if isnan(shape[axis]):  # a lazy library does not know it yet
            return shape.part(g, i, arrays_shape, axis)
    return g[(*(slice(None),) * axis, slice(start, start + arrays_shape[i][axis]), ...)]


vjp("concat", arrays=concat)


def repeat(xp, g, x_shape, repeats, axis):
    """The sum over the copies of each element."""
    if axis is None:
        flat = repeat(xp, g, (prod(x_shape),), repeats, 0)
        return xp.reshape(flat, x_shape)
    axis %= len(x_shape)
    if isinstance(repeats, int):
        split = (*x_shape[:axis], x_shape[axis], repeats, *x_shape[axis + 1 :])
        return xp.sum(xp.reshape(g, split), axis=axis + 1)
    # Counts in memory make places in memory, of which a lazy library knows where they are.
    space, like = (xp, g) if device_of(repeats) is None else (backend_of(repeats).namespace, repeats)
    source = space.repeat(space.arange(x_shape[axis], device=device_of(like)), repeats)
    return xp.scatter(g, (slice(None),) * axis + (source,), x_shape)


vjp("repeat", x=repeat)


def tile(xp, g, x_shape, repetitions):
    """The sum over the copies."""
    ndim = max(len(x_shape), len(repetitions))
    shape = (1,) * (ndim - len(x_shape)) + tuple(x_shape)
    counts = (1,) * (ndim - len(repetitions)) + tuple(repetitions)
    split = tuple(n for pair in zip(counts, shape, strict=True) for n in pair)
    return xp.reshape(xp.sum(xp.reshape(g, split), axis=tuple(range(0, 2 * ndim, 2))), x_shape)


vjp("tile", x=tile)
