"""Linear algebra on stacks of matrices, each of them whole in a block; Dask itself knows single matrices at most.

A single matrix in several blocks is left to Dask where it has an algorithm for it; otherwise its blocks are joined.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import dask.array as da
import numpy
from array_api_compat import array_namespace
from array_api_compat.dask.array import linalg
from array_api_compat.dask.array.linalg import EighResult, QRResult, SlogdetResult, SVDResult

from xpgrad_dask.known import as_dask
from xpgrad_dask.local import Place, run, unified


class EigResult(NamedTuple):
    """Eigenvalues and eigenvectors."""

    eigenvalues: da.Array
    eigenvectors: da.Array


#: The functions, with the core axes of each result: "m" and "n" are those of the matrix, "k" the lesser of the two, "p"
#: and "q" as "m" and "n" if whole bases are wanted, as "k" otherwise; and the type of several results.
_RESULTS: dict[str, tuple[tuple[str, ...], Any]] = {
    "cholesky": (("mn",), None),
    "det": (("",), None),
    "eig": (("m", "mn"), EigResult),
    "eigh": (("m", "mn"), EighResult),
    "eigvals": (("m",), None),
    "eigvalsh": (("m",), None),
    "inv": (("mn",), None),
    "matrix_norm": (("",), None),
    "matrix_power": (("mn",), None),
    "matrix_rank": (("",), None),
    "pinv": (("nm",), None),
    "qr": (("mp", "pn"), QRResult),
    "slogdet": (("", ""), SlogdetResult),
    "svd": (("mp", "k", "qn"), SVDResult),
    "svdvals": (("k",), None),
}


def _of_matrices(name: str) -> Callable[..., Any]:
    """A function of a stack of matrices."""
    results, kind = _RESULTS[name]

    def apply(x: da.Array, *given: Any, keepdims: bool = False, **options: Any) -> Any:
        x = as_dask(x)
        if name in _OF_DASK and x.ndim == 2 and max(x.numblocks) > 1 and _suits(name, x, **options):
            return _OF_DASK[name](x, **options)
        m, n = x.shape[-2:]
        whole = options.get("full_matrices", name == "svd") or options.get("mode") == "complete"
        k = min(m, n)
        lengths = {"m": m, "n": n, "k": k, "p": m if whole else k, "q": n if whole else k}
        sizes = [tuple(lengths[label] for label in core) for core in results]
        kernel = partial(_call, name, given, options)
        found = _in_blocks(kernel, [x], [2], sizes, [part.dtype for part in kernel(numpy.ones((1, 1), dtype=x.dtype))])
        if kind:
            return kind(*found)
        return found[0][..., None, None] if keepdims else found[0]

    apply.__name__ = name
    return apply


#: Algorithms of Dask's own for one matrix in several blocks.
_OF_DASK: dict[str, Callable[..., Any]] = {
    "cholesky": lambda x, upper=False: da.linalg.cholesky(x, lower=not upper),
    "inv": da.linalg.inv,
    "qr": linalg.qr,
    "svd": lambda x, full_matrices: SVDResult(*linalg.svd(x, full_matrices=full_matrices)),
}


def _suits(name: str, x: da.Array, upper: bool = False, mode: str = "reduced", full_matrices: bool = True) -> bool:
    """Whether Dask's own algorithm can do it: with square blocks, or for tall or wide matrices; not complex ones."""
    if x.dtype.kind == "c":
        return False
    if name == "svd":
        return 1 in x.numblocks and not full_matrices
    if name == "qr":
        if mode != "reduced":
            return False
        rows, columns = x.shape
        above = x.numblocks[1] == 1 and rows >= columns
        beside = x.numblocks[0] == 1 and x.chunks[1][0] >= rows  # the first of them has to have all of Q
        return above or beside
    return _square(x)


def _square(x: da.Array) -> bool:
    return x.dtype.kind == "f" and len({*x.chunks[0], *x.chunks[1]}) == 1


def _in_blocks(kernel: Callable[..., Any], arrays: Any, cores: Any, sizes: Any, dtypes: Any) -> list[da.Array]:
    """Run a kernel on blocks of stacks, along whose last axes, so many of each array, it sees all."""
    depth = max(x.ndim - core for x, core in zip(arrays, cores, strict=True))
    labels = [[*range(depth - x.ndim + core, depth), *[None] * core] for x, core in zip(arrays, cores, strict=True)]
    arrays = unified([*arrays], labels)
    stack: list[tuple[int, ...]] = [(1,)] * depth
    inputs = []
    for x, own in zip(arrays, labels, strict=True):
        for axis, label in enumerate(own):
            if label is not None and sum(stack[label]) in (0, 1):
                stack[label] = x.chunks[axis]
    for x, own in zip(arrays, labels, strict=True):
        along = [
            None if label is None or len(c) != len(stack[label]) else label
            for label, c in zip(own, x.chunks, strict=True)
        ]
        inputs.append(Place.of(x, along))
    outputs = [
        Place(
            (*range(depth), *[None] * len(own)),
            (*stack, *((n,) for n in own)),
            numpy.empty((0,) * (depth + len(own)), dtype),
        )
        for own, dtype in zip(sizes, dtypes, strict=True)
    ]
    return run(kernel, arrays, inputs, outputs)


def _call(name: str, given: tuple[Any, ...], options: dict[str, Any], *blocks: Any) -> tuple[Any, ...]:
    """A function of NumPy's linear algebra, say, on blocks."""
    found = getattr(array_namespace(blocks[0]).linalg, name)(*blocks, *given, **options)
    return tuple(found) if isinstance(found, tuple) else (numpy.asarray(found),)


def solve(x1: Any, x2: Any) -> da.Array:
    """Solve linear equations."""
    x1, x2 = as_dask(x1), as_dask(x2)
    if x1.ndim == 2 and max(x1.numblocks) > 1 and x2.ndim < 3 and _square(x1) and x2.chunks[0] == x1.chunks[0]:
        return da.linalg.solve(x1, x2)
    core = min(x2.ndim, 2)
    dtype = numpy.result_type(x1.dtype, x2.dtype, "float32")
    return _in_blocks(partial(_call, "solve", (), {}), [x1, x2], [2, core], [x2.shape[-core:]], [dtype])[0]


def cross(x1: Any, x2: Any, *, axis: int = -1) -> da.Array:
    """The cross product of vectors of length 3."""
    x1, x2 = (da.moveaxis(as_dask(x), axis, -1) for x in (x1, x2))
    dtype = numpy.result_type(x1.dtype, x2.dtype)
    return da.moveaxis(_in_blocks(partial(_call, "cross", (), {}), [x1, x2], [1, 1], [(3,)], [dtype])[0], -1, axis)


FUNCTIONS = {f"linalg.{name}": _of_matrices(name) for name in _RESULTS} | {
    "linalg.cross": cross,
    "linalg.solve": solve,
}
