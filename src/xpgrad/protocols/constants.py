"""NumPy's functions without a gradient: facts, comparisons, places, counts, text, files.

NumPy itself computes them on the values where these are its own; on other libraries' arrays our function of the same
name does, or else the library's.
"""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import Any

from xpgrad.discovery import get_named
from xpgrad.errors import FunctionMissingError, HistoryLostError, NoCounterpartError
from xpgrad.namespace import NAMES as STANDARD
from xpgrad.namespace import unwrap, wrap
from xpgrad.protocols import comparisons
from xpgrad.protocols.conventions import arrays_in
from xpgrad.protocols.outputs import into, is_recorded

#: Their results are integers, booleans, dtypes, or arrays that do not depend on values.
NAMES = frozenset(
    (
        "all allclose any argmax argmin argpartition argsort argwhere array_equal array_equiv can_cast common_type "
        "count_nonzero diag_indices_from digitize einsum_path empty_like flatnonzero full_like iscomplex "
        "iscomplexobj isclose isin isneginf isposinf isreal isrealobj lexsort linalg.matrix_rank "
        "may_share_memory min_scalar_type nanargmax nanargmin ndim nonzero ones_like packbits ravel_multi_index "
        "result_type searchsorted shape shares_memory size tril_indices_from triu_indices_from unpackbits "
        "unravel_index zeros_like"
    ).split()
)

#: Their results are values that NumPy has no gradient of, or leave Python: a recorded array does not go there unseen.
OUTSIDE = frozenset(
    ("array2string array_repr array_str histogram_bin_edges ix_ save savetxt savez savez_compressed").split()
)

#: They need no values.
_FACTS: dict[str, Any] = {
    "iscomplexobj": lambda x: x.__array_namespace__().isdtype(x.dtype, "complex floating"),
    "isrealobj": lambda x: not x.__array_namespace__().isdtype(x.dtype, "complex floating"),
    "ndim": lambda a: a.ndim,
    "shape": lambda a: a.shape,
    "size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
}

#: Those that the arrays of every library have; the others only those whose library does.
EVERYWHERE = NAMES & (STANDARD | comparisons.TABLE.keys() | _FACTS.keys())


def call(xp: Any, name: str, func: Any, args: Any, kwargs: Any) -> Any:
    """What a function without a gradient gives."""
    if name in _FACTS:
        return _FACTS[name](*args, **kwargs)
    kwargs = dict(kwargs)
    out = kwargs.pop("out", None)
    passed = args[1:] if name == "full_like" else args if name in OUTSIDE else ()
    if any(map(is_recorded, arrays_in((*passed, *kwargs.values())))):
        raise HistoryLostError(f"numpy.{name}")
    if xp.__name__ == "xpgrad.numpy" or name in OUTSIDE:
        raw = {key: unwrap(value) for key, value in kwargs.items()}
        result = wrap(func(*unwrap(args), **raw))
    else:
        result = _other(xp, name)(*args, **kwargs)
    return result if out is None else into(out, result)


def _other(xp: Any, name: str) -> Any:
    """Our function of the same name, or else the library's own."""
    if name in comparisons.TABLE:
        return partial(comparisons.TABLE[name], xp)
    try:
        return attrgetter(name)(xp)
    except AttributeError:
        library = get_named(xp.__name__.removeprefix("xpgrad."))
    try:
        own = library.function(name)
    except FunctionMissingError:
        raise NoCounterpartError(f"numpy.{name} on {xp.__name__}") from None
    return lambda *args, **kwargs: wrap(own(*unwrap(args), **{key: unwrap(value) for key, value in kwargs.items()}))
