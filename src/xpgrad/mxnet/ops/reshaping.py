"""The shapes that MXNet's `reshape` takes, in which negative numbers are commands."""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array
from xpgrad.axes import axes_of
from xpgrad.mxnet.ops.arrays import as_array, namespace, shape_of

#: What the numbers mean in `nd`.
LEGACY = {0: "copy", -2: "rest", -3: "merge", -4: "split"}

#: What they mean in `npx`.
EXTENDED = {-2: "copy", -3: "skip", -4: "rest", -5: "merge", -6: "split"}


def target_shape(have: tuple[int, ...], wanted: tuple[int, ...], codes: dict[int, str], reverse: bool = False) -> Any:
    """The shape that a list of lengths and commands makes of another.

    Parameters
    ----------
    have : tuple of int
        The shape of the array.
    wanted : tuple of int
        Lengths, -1 for what is left over, and commands. "copy" takes the next length of `have`, "rest" all that are
        left, "merge" the product of two, "skip" leaves out one that is 1, and "split" divides one into the two
        numbers that follow, of which one may be -1.
    codes : dict
        Which number is which command.
    reverse : bool
        Read both from the right.
    """
    items: list[tuple[Any, ...]] = []
    given = iter(wanted[::-1] if reverse else wanted)
    for n in given:
        command = codes.get(n)
        items.append((command, next(given, 0), next(given, 0)) if command == "split" else (command, n))
    source = list(have[::-1] if reverse else have)
    out: list[int] = []
    for command, *numbers in items:
        if command == "rest":
            out += source
            source = []
        elif command == "merge":
            out.append(source.pop(0) * source.pop(0))
        elif command == "split":
            n, (first, second) = source.pop(0), numbers
            out += [n // second if first == -1 else first, n // first if second == -1 else second]
        elif command == "copy":
            out.append(source.pop(0))
        elif command == "skip":
            source.pop(0)
        else:
            out.append(numbers[0])
            source = source[1:]
    return tuple(out[::-1] if reverse else out)


def reshape(a: Any, newshape: Any, reverse: bool = False, order: str = "C") -> Any:
    """The same elements in another shape; -2 copies a length, -3 skips a 1, -4 copies all, -5 merges, -6 splits."""
    a = as_array(a)
    return namespace(a).reshape(a, target_shape(a.shape, shape_of(newshape), EXTENDED, reverse))


def reshape_like(
    lhs: Any, rhs: Any, lhs_begin: Any = None, lhs_end: Any = None, rhs_begin: Any = None, rhs_end: Any = None
) -> Any:
    """The same elements in the shape of another array; or a range of axes in the lengths of a range of its axes."""
    a = as_array(lhs)
    part = as_array(rhs).shape[rhs_begin:rhs_end]
    begin, end, _ = slice(lhs_begin, lhs_end).indices(a.ndim)
    return namespace(a).reshape(a, (*a.shape[:begin], *part, *a.shape[end:]))


def broadcast_like(lhs: Any, rhs: Any, lhs_axes: Any = None, rhs_axes: Any = None) -> Any:
    """Broadcast to the shape of another array, or along some axes to the lengths of some of its axes."""
    a, like = as_array(lhs), as_array(rhs)
    if lhs_axes is None:
        return namespace(a).broadcast_to(a, like.shape)
    if not axes_of(lhs_axes, a.ndim):
        raise ValueError("broadcast_like needs axes, or None for both.")
    shape = list(a.shape)
    for i, j in zip(axes_of(lhs_axes, a.ndim), axes_of(rhs_axes, like.ndim), strict=True):
        shape[i] = like.shape[j]
    return namespace(a).broadcast_to(a, tuple(shape))


def batch_flatten(data: Array) -> Any:
    """All axes but the first as one."""
    data = as_array(data)
    return namespace(data).reshape(data, (data.shape[0], -1))
