"""mx.gluon.utils: data in parts, and gradients within limits."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, sqrt
from pathlib import Path
from typing import Any

from xpgrad.array import array_of
from xpgrad.axes import along
from xpgrad.inplace import assign
from xpgrad.mxnet.arrays import NDArray, current_kind, dressed
from xpgrad.mxnet.base import MXNetError, lacking
from xpgrad.mxnet.context import Context
from xpgrad.mxnet.gluon.parameter import shape_is_known as shape_is_known
from xpgrad.mxnet.ops.arrays import namespace
from xpgrad.mxnet.ops.creation import array
from xpgrad.scope import modes


def split_data(data: Any, num_slice: int, batch_axis: int = 0, even_split: bool = True) -> list[Any]:
    """An array in parts along an axis.

    Parameters
    ----------
    data : NDArray
        The array.
    num_slice : int
        How many parts.
    batch_axis : int
        The axis.
    even_split : bool
        Whether all must be equally long; otherwise the first ones may be longer by one.

    Raises
    ------
    ValueError
        If they must and cannot.
    """
    size = data.shape[batch_axis]
    length, extra = divmod(size, num_slice)
    if even_split and extra:
        raise ValueError(
            f"{size} samples do not split into {num_slice} equal parts: even_split=False lets them differ."
        )
    ends = [0]
    for i in range(num_slice):
        ends.append(ends[-1] + length + (i < extra))
    return [data[along(batch_axis % data.ndim, slice(a, b))] for a, b in pairwise(ends)]


def split_and_load(data: Any, ctx_list: Any, batch_axis: int = 0, even_split: bool = True) -> list[Any]:
    """An array in parts along an axis, one in each context."""
    contexts = [ctx_list] if isinstance(ctx_list, Context) else list(ctx_list)
    if not isinstance(data, NDArray):
        data = dressed(array(data), current_kind())
    parts = [data] if len(contexts) == 1 else split_data(data, len(contexts), batch_axis, even_split)
    return [part.as_in_context(context) for part, context in zip(parts, contexts, strict=True)]


def clip_global_norm(arrays: Sequence[Any], max_norm: float, check_isfinite: bool = True) -> Any:
    """Scale arrays, in place, so that the norm of all their elements is at most `max_norm`; the norm they had.

    Parameters
    ----------
    arrays : list of NDArray
        Gradients, usually.
    max_norm : float
        The limit.
    check_isfinite : bool
        Whether to warn, and leave them as they are, where the norm is not finite.
    """
    with modes(False, None):
        norm = sqrt(sum(float(namespace(x).sum(array_of(x.data) ** 2)) for x in arrays))
        if check_isfinite and not isfinite(norm):
            warnings.warn(f"the norm of the gradients is {norm}: they are left as they are.", stacklevel=2)
        elif norm > max_norm:
            for x in arrays:
                assign(x, array_of(x.data) * (max_norm / (norm + 1e-8)))
    return norm


def check_sha1(filename: str, sha1_hash: str) -> bool:
    """Whether a file has a SHA-1 sum, or begins with it."""
    found = hashlib.sha1(Path(filename).read_bytes(), usedforsecurity=False).hexdigest()
    return found.startswith(sha1_hash)


def download(url: str, path: str | None = None, overwrite: bool = False, **options: Any) -> str:
    """The path of a file that is here already; nothing is fetched.

    Raises
    ------
    MXNetError
        If it is not here.
    """
    name = Path(path or ".")
    found = name / url.rpartition("/")[2] if name.is_dir() else name
    if not found.is_file():
        raise MXNetError(f"nothing is downloaded here: fetch {url} yourself, to {found}.")
    return str(found)


__getattr__ = lacking("mx.gluon.utils", globals())
