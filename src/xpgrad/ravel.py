"""Nested parameters as one vector, which is what optimisers want."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from xpgrad.array import Array
from xpgrad.errors import DifferentiationError
from xpgrad.functions import as_array
from xpgrad.namespace import active, unwrap
from xpgrad.tree import leaves, rebuild


def ravel_tree(tree: Any) -> tuple[Any, Callable[[Any], Any]]:
    """One vector of all elements of nested arrays, and the way back.

    Parameters
    ----------
    tree : nested dict, list or tuple of arrays and numbers
        The parameters. Their histories go on in the vector.

    Returns
    -------
    vector : array of one dimension
        An Array if there is one in the tree, a raw array otherwise.
    unravel : callable
        ``unravel(vector)`` gives a tree of the same form, with the shapes and dtypes of the original one. It takes a
        raw vector or an Array, and is differentiated like any other function.

    Raises
    ------
    DifferentiationError
        By `unravel`, if the vector has another length.

    Examples
    --------
    >>> start, unravel = ravel_tree({"w": numpy.zeros((2, 3)), "b": numpy.zeros(3)})
    >>> f = xpgrad.value_and_grad(lambda v: loss(unravel(v)))
    >>> unravel(scipy.optimize.minimize(f, start, jac=True).x)
    """
    given = leaves(tree)
    arrays = [as_array(x) for x in given]
    forms = [(x.shape, x.dtype) for x in arrays]
    lengths = [prod(shape) for shape, _ in forms]

    def unravel(vector: Any) -> Any:
        v = as_array(vector)
        if v.shape != (sum(lengths),):
            raise DifferentiationError(f"unravel takes a vector of length {sum(lengths)}, not one of shape {v.shape}.")
        xp: Any = v.__array_namespace__()
        parts, start = [], 0
        for (shape, dtype), n in zip(forms, lengths, strict=True):
            parts.append(xp.astype(xp.reshape(v[start : start + n], shape), dtype, copy=False))
            start += n
        out = rebuild(tree, parts)
        return out if isinstance(vector, Array) else rebuild(tree, map(unwrap, parts))

    if not arrays:
        return active().zeros(0).data, unravel
    xp: Any = arrays[0].__array_namespace__()
    dtype = xp.result_type(*arrays)
    vector = xp.concat([xp.astype(xp.reshape(x, (-1,)), dtype, copy=False) for x in arrays])
    return (vector if any(isinstance(x, Array) for x in given) else vector.data), unravel
