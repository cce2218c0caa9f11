"""Functions beyond the standard that are made of other functions, and so need no rules of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, pi
from operator import index
from typing import Any

from xpgrad.array import Array
from xpgrad.functions import as_array, as_arrays, function
from xpgrad.subscripts import contraction, from_lists


def einsum(subscripts: Any, /, *operands: Any) -> Array:
    """Einstein's summation: products of elements of arrays, summed over the indices that the result lacks.

    Parameters
    ----------
    subscripts : str
        Letters for the axes of the operands and of the result, ``"ij,jk->ik"``. Without ``->``, the result has the
        letters that occur once, in alphabetical order. A letter that an operand has twice takes its diagonal; an
        ellipsis stands for axes without letters, which are broadcast.
    *operands : array
        They are contracted in pairs, in an order that opt_einsum finds where it is installed. Instead of `subscripts`,
        a list of integers and Ellipsis may follow each of them, as in NumPy.

    Returns
    -------
    Array
        With the axes that the right side of the subscripts names.

    Raises
    ------
    ValueError
        If the subscripts make no sense, or do not fit the operands.
    """
    if not isinstance(subscripts, str):
        subscripts, operands = from_lists(subscripts, *operands)
    arrays = _of_one_dtype(as_arrays(operands))
    names, out, sizes, path = contraction(subscripts, tuple(tuple(x.shape) for x in arrays))
    left = [_distinct(x, indices, sizes) for x, indices in zip(arrays, names, strict=True)]
    for i, j in path:
        (x2, second), (x1, first) = left.pop(max(i, j)), left.pop(min(i, j))
        needed = out + "".join(indices for _, indices in left)
        x1, first = _summed(x1, first, needed + second)
        x2, second = _summed(x2, second, needed + first)
        kept = "".join(i for i in dict.fromkeys(first + second) if i in needed) if left else out
        left.append((function("contract")(x1, x2, f"{first},{second}->{kept}"), kept))
    x, indices = _summed(*left[0], out)
    return x if indices == out else function("permute_dims")(x, tuple(map(indices.index, out)))


def _of_one_dtype(arrays: list[Array]) -> list[Array]:
    """Arrays in the dtype of their product: what is summed of one of them alone might not fit into its own."""
    if len({x.dtype for x in arrays}) == 1:
        return arrays
    dtype = arrays[0].__array_namespace__().result_type(*arrays)
    return [function("astype")(x, dtype) for x in arrays]


def _distinct(x: Array, indices: str, sizes: dict[str, int]) -> tuple[Array, str]:
    """Without the axes that are broadcast, and with a diagonal in place of two axes of one index."""
    stretched = tuple(axis for axis, i in enumerate(indices) if x.shape[axis] == 1 != sizes[i])
    if stretched:
        x = function("squeeze")(x, stretched)
        indices = "".join(i for axis, i in enumerate(indices) if axis not in stretched)
    for i in indices:
        while indices.count(i) > 1:
            pair = (indices.index(i), indices.rindex(i))
            others = [axis for axis in range(len(indices)) if axis not in pair]
            n = sizes[i]
            x = function("permute_dims")(x, (*others, *pair))
            x = function("reshape")(x, (*x.shape[:-2], n * n))[..., :: n + 1]
            indices = "".join(indices[axis] for axis in others) + i
    return x, indices


def _summed(x: Array, indices: str, needed: str) -> tuple[Array, str]:
    """Without the axes whose indices nothing needs any more."""
    axes = tuple(axis for axis, i in enumerate(indices) if i not in needed)
    if axes:
        x = function("sum")(x, axis=axes, dtype=x.dtype)  # NumPy's sum of narrow integers would be wider
    return x, "".join(i for i in indices if i in needed)


#: The place in an axis of length n that a place outside takes its element from.
_PLACES: dict[str, Callable[[int, int], int]] = {
    "edge": lambda i, n: min(max(i, 0), n - 1),
    "reflect": lambda i, n: min(i % max(2 * n - 2, 1), -i % max(2 * n - 2, 1)),
    "symmetric": lambda i, n: min(i % (2 * n), (-1 - i) % (2 * n)),
    "wrap": lambda i, n: i % n,
}


#: What NumPy calls the reductions that an axis may be padded with the results of.
_SUMMARIES = {"maximum": "max", "mean": "mean", "median": "median", "minimum": "min"}


def pad(
    x: Any,
    /,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Any = 0,
    stat_length: Any = None,
    end_values: Any = 0,
    reflect_type: str = "even",
) -> Array:
    """Put elements around an array.

    Parameters
    ----------
    x : array
        The array.
    pad_width : int, (before, after), or one such pair for each axis
        How many elements to put before and after.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "mean", "median", "minimum"}
        What these elements are, as in NumPy; in the mode "empty" they are zeros.
    constant_values : number, 0-dimensional array, (before, after), or one such pair for each axis
        What they are in the mode "constant"; several may be in an array, too.
    stat_length : int, (before, after), or one such pair for each axis, optional
        Of how many elements next to the edge they are the maximum, mean, median or minimum; of all by default.
    end_values : number, 0-dimensional array, (before, after), or one such pair for each axis
        Where they end in the mode "linear_ramp".
    reflect_type : {"even"}
        Reflections are not inverted.

    Returns
    -------
    Array
        The larger array, of the same dtype.

    Raises
    ------
    ValueError
        If the mode is none of these, a width is negative, there are not as many pairs as axes, or an axis without
        elements is to be padded with its elements.
    """
    out = as_array(x)
    xp: Any = out.__array_namespace__()
    widths = [(index(before), index(after)) for before, after in _pairs(pad_width, out.ndim, "pad_width")]
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError(f"pad_width must not be negative, but is {pad_width!r}; to cut elements off, use slices.")
    if mode in ("constant", "empty"):
        return _framed(xp, out, widths, _pairs(constant_values, out.ndim, "constant_values"))
    if mode not in {*_PLACES, *_SUMMARIES, "linear_ramp"} or reflect_type != "even":
        known = ", ".join(map(repr, (*_PLACES, "linear_ramp", *_SUMMARIES)))
        raise ValueError(f"pad knows no mode {mode!r} ({reflect_type}): use 'constant', {known}.")
    lengths, ends = _pairs(stat_length, out.ndim, "stat_length"), _pairs(end_values, out.ndim, "end_values")
    for axis, (before, after) in enumerate(widths):
        n = out.shape[axis]
        if not (before or after):
            continue
        if n == 0:
            raise ValueError(f"axis {axis} has no elements to pad it with in the mode {mode!r}; use 'constant'.")
        if mode in _PLACES:
            places = [_PLACES[mode](i, n) for i in range(-before, n + after)]
            out = xp.take(out, xp.asarray(places, device=out.device), axis=axis)
        elif mode in _SUMMARIES:
            out = _summarised(xp, out, axis, (before, after), lengths[axis], getattr(xp, _SUMMARIES[mode]))
        else:
            out = _ramped(xp, out, axis, (before, after), ends[axis])
    return out if any(map(any, widths)) else xp.copy(out)


def _first_and_last(x: Array, axis: int, lengths: Sequence[Any]) -> list[Array]:
    """So many elements at both ends of an axis; all where none is said."""
    lead = (slice(None),) * axis
    first, last = (x.shape[axis] if n is None else min(n, x.shape[axis]) for n in lengths)
    return [x[(*lead, slice(None, first), ...)], x[(*lead, slice(x.shape[axis] - last, None), ...)]]


def _in_kind(xp: Any, values: Array, like: Array, whole: Any) -> Array:
    """Values in the dtype of an array; `whole` makes them whole numbers where that holds such."""
    return values if values.dtype == like.dtype else xp.astype(whole(values), like.dtype)


def _summarised(
    xp: Any, x: Array, axis: int, width: Sequence[int], lengths: Sequence[Any], summary: Callable[..., Any]
) -> Array:
    """An array with summaries of its first and last elements before and after it."""
    ends = [
        xp.broadcast_to(
            _in_kind(xp, summary(part, axis=axis, keepdims=True), x, xp.round),
            (*x.shape[:axis], n, *x.shape[axis + 1 :]),
        )
        for part, n in zip(_first_and_last(x, axis, lengths), width, strict=True)
    ]
    return xp.concat([ends[0], x, ends[1]], axis=axis)


def _ramped(xp: Any, x: Array, axis: int, width: Sequence[int], ends: Sequence[Any]) -> Array:
    """An array with ramps before and after it, which start from given values."""
    ramps = []
    for edge, n, end in zip(_first_and_last(x, axis, (1, 1)), width, ends, strict=True):
        steps = xp.astype(edge - end, x.dtype if xp.isdtype(x.dtype, "real floating") else xp.float64) / max(n, 1)
        counts = xp.arange(n, dtype=steps.dtype, device=x.device)
        ramp = xp.reshape(counts, (n, *(1,) * (x.ndim - axis - 1))) * steps + end
        ramps.append(_in_kind(xp, ramp, x, xp.floor))
    return xp.concat([ramps[0], x, xp.flip(ramps[1], axis=axis)], axis=axis)


def _framed(xp: Any, x: Array, widths: Sequence[Any], values: Sequence[Any]) -> Array:
    """An array with constants around it."""
    if all(isinstance(value, int | float) and value == 0 for pair in values for value in pair):
        key = tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
        return xp.scatter(x, key, tuple(map(sum, widths, x.shape)))
    for axis, (width, ends) in enumerate(zip(widths, values, strict=True)):
        lengths = [(*x.shape[:axis], n, *x.shape[axis + 1 :]) for n in width]
        before, after = (
            xp.broadcast_to(xp.asarray(end, dtype=x.dtype, device=x.device), shape)
            for end, shape in zip(ends, lengths, strict=True)
        )
        x = xp.concat([before, x, after], axis=axis)
    return x


def _listed(value: Any) -> Any:
    """The elements of an array in lists, as far as it has axes."""
    return [_listed(value[i, ...]) for i in range(value.shape[0])] if getattr(value, "shape", ()) else value


def _pairs(value: Any, ndim: int, name: str) -> list[Sequence[Any]]:
    """One pair for each axis.

    Raises
    ------
    ValueError
        If there are not as many.
    """
    value = _listed(value)
    if not isinstance(value, list | tuple):
        value = (value,)
    if not any(isinstance(item, list | tuple) for item in value):
        value = (value,)
    pairs = [item if isinstance(item, list | tuple) else (item,) for item in value] * (ndim if len(value) == 1 else 1)
    if len(pairs) != ndim or any(len(pair) not in (1, 2) for pair in pairs):
        raise ValueError(f"{name} must hold one pair for each of {ndim} axes, or one for all, but is {value!r}.")
    return [(pair[0], pair[-1]) for pair in pairs]


def zeta(x: Any, q: Any = None) -> Any:
    """Hurwitz' zeta function, as in SciPy; Riemann's without `q`.

    Parameters
    ----------
    x : array
        The exponent, by which there is no derivative.
    q : array, optional
        Where the sum starts; at 1 by default.

    Returns
    -------
    Array
        ``sum((q + k)**-x)`` over all k from 0 on, of the shape that both broadcast to.
    """
    return function("special.zeta")(x, 1.0 if q is None else q)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """The logarithm of a sum of exponentials, ``log(sum(b * exp(a)))``, as in SciPy.

    Parameters
    ----------
    a : array
        The exponents.
    axis : int or tuple of int, optional
        The axes to sum over; all of them by default.
    b : array, optional
        Factors of the exponentials; an exponential whose factor is 0 counts for nothing, however large it is.
    keepdims : bool
        Whether the axes stay, with length 1.
    return_sign : bool
        Return the logarithm of the magnitude of the sum, and the sign of the sum; otherwise the result is NaN where
        the sum is negative.

    Returns
    -------
    Array, or tuple of two
        The logarithm; with `return_sign`, then the sign.
    """
    a = as_array(a)
    xp = a.__array_namespace__()
    if b is None:
        out = function("logsumexp")(a, axis=axis, keepdims=keepdims)
        return (out, xp.ones_like(out)) if return_sign else out
    b = as_array(b) if hasattr(b, "dtype") else xp.asarray(b, dtype=a.dtype)
    top = xp.max(xp.where(b == 0, -xp.inf, a), axis=axis, keepdims=True).detach()
    top = xp.where(xp.isfinite(top), top, 0.0)
    low = xp.where(b == 0, xp.minimum(a - top, log(xp.finfo(a.dtype).max)), a - top)  # lest 0 * inf be NaN
    total = xp.sum(b * xp.exp(low), axis=axis, keepdims=keepdims)
    out = xp.log(xp.abs(total) if return_sign else total) + xp.reshape(top, total.shape)
    return (out, xp.sign(total)) if return_sign else out


def multigammaln(a: Any, d: int) -> Any:
    """The logarithm of the gamma function of positive definite matrices, as in SciPy.

    Parameters
    ----------
    a : array
        The argument, greater than ``(d - 1) / 2``.
    d : int
        How many rows the matrices have.

    Returns
    -------
    Array
        Of the shape of `a`.
    """
    halves = sum(function("special.gammaln")(as_array(a) - j / 2) for j in range(index(d)))
    return halves + d * (d - 1) / 4 * log(pi)


def sinc(x: Any) -> Array:
    """``sin(pi x) / (pi x)``, and 1 at 0, where all derivatives are those of its series.

    Parameters
    ----------
    x : array
        The argument, real or complex.

    Returns
    -------
    Array
        Of the shape of `x`.
    """
    x = as_array(x)
    xp: Any = x.__array_namespace__()
    x = x if xp.isdtype(x.dtype, ("real floating", "complex floating")) else xp.astype(x, xp.float64)
    near = xp.abs(x) < 1e-4
    z = pi * xp.where(near, 1.0, x)
    square = (pi * xp.where(near, x, 0.0)) ** 2
    return xp.where(near, 1 - square / 6 * (1 - square / 20), xp.sin(z) / z)


def softplus(x: Any) -> Array:
    """``log(1 + exp(x))``, as in SciPy.

    Parameters
    ----------
    x : array
        The argument.

    Returns
    -------
    Array
        Of the shape of `x`.
    """
    return -function("special.log_expit")(-as_array(x))


def expm1(x: Any) -> Array:
    """``exp(x) - 1``, as SciPy has it, too."""
    return function("expm1")(x)


def log1p(x: Any) -> Array:
    """``log(1 + x)``, as SciPy has it, too."""
    return function("log1p")(x)


#: Every function of this file, by name.
BEYOND: dict[str, Callable[..., Any]] = {
    "einsum": einsum,
    "pad": pad,
    "special.expm1": expm1,
    "special.log1p": log1p,
    "special.logsumexp": logsumexp,
    "special.multigammaln": multigammaln,
    "special.sinc": sinc,
    "special.softplus": softplus,
    "special.zeta": zeta,
}
