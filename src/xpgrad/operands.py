"""What stands in an operation: the raw values of its operands, and the library that computes with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from xpgrad.array import Array
from xpgrad.discovery import allocate, backend_of, get_backend, get_named
from xpgrad.errors import MixedBackendsError, UnsupportedTypeError
from xpgrad.primitive import Primitive

REAL_SCALARS = frozenset((bool, int, float))
SCALARS = REAL_SCALARS | {complex}


def operand(x: Any) -> tuple[Any, Any]:
    """The raw value and the node of whatever may stand beside an Array."""
    if isinstance(x, Array):
        return x.data, x._seen_node  # which reading the data has brought up to date
    if x.__class__ in SCALARS:
        return x, None
    backend = backend_of(x)
    return (x.item() if backend.is_scalar(x) else backend.asarray(x)), None


def declined(error: UnsupportedTypeError) -> Any:
    """What an operator answers to an operand that it does not know: Python goes on to ask that one.

    Raises
    ------
    UnsupportedTypeError
        Of lists and tuples: Python would repeat them as often as an array of one integer says.
    """
    if error.kind in (list, tuple):
        raise error
    return NotImplemented


def check_beside(a: Any, b: Any) -> None:
    """Refuse raw operands of two backends; NumPy constants may stand beside the arrays of a backend that takes them."""
    if a.__class__ in SCALARS or b.__class__ in SCALARS:
        return
    first, second = backend_of(a), backend_of(b)
    if first is not second and second.name not in first.mixes_with and first.name not in second.mixes_with:
        raise MixedBackendsError(first.name, second.name)


def own_array(out: Any, *operands: Any) -> Any:
    """The result of a raw operation as an array of the operands' library: NumPy makes scalars of 0-d results."""
    for a in operands:
        if a.__class__ not in SCALARS and a is not None:
            return backend_of(a).asarray(out)
    return get_named(get_backend()).asarray(out)


def _of_array(raw: Callable[..., Any], x: Any, *others: Any, **parameters: Any) -> Any:
    """Call a function of a library that knows its arrays only, where a number stands for one."""
    return raw(own_array(x) if x.__class__ in SCALARS else x, *others, **parameters)


def functions_of(
    primitive: Primitive, scope: dict[str, Any]
) -> tuple[dict[type, Callable[..., Any]], Callable[..., Any]]:
    """The raw functions that compute one primitive, by type of the raw array, and what finds them on first use.

    The first that is found, which for most users is the only one, is named in a scope, too: `usual_function`, for raw
    arrays of the type `usual`.
    """
    functions: dict[type, Callable[..., Any]] = {}
    scope["usual"] = scope["usual_function"] = None

    def find(*operands: Any) -> Callable[..., Any]:
        """The function for raw operands: their library's, or that of the active backend where all are numbers."""
        for a in operands:
            if a.__class__ not in SCALARS and a is not None:
                found = functions.get(a.__class__)
                if found is None:
                    found = functions[a.__class__] = primitive.raw(backend_of(a))
                    if scope.setdefault("came_first", a.__class__) is a.__class__:  # whichever thread came first
                        scope["usual_function"] = found
                        scope["usual"] = a.__class__  # last, because it says that the function is there
                return found
        backend = get_named(get_backend())
        raw = primitive.raw(backend)
        return partial(allocate, backend, raw if primitive.elementwise else partial(_of_array, raw))

    return functions, find
