"""From functions on plain Arrays to the functions and methods of a namespace."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from xpgrad.array import Array
from xpgrad.discovery import floating
from xpgrad.functions import function
from xpgrad.general import new_node
from xpgrad.inplace import assign
from xpgrad.mxnet.arrays import NDArray, dressed, plain
from xpgrad.mxnet.base import UFUNC_OPTIONS, translated, without_defaults
from xpgrad.mxnet.context import at
from xpgrad.mxnet.promotion import cast, rank
from xpgrad.node import leaf
from xpgrad.plan import shape_of
from xpgrad.primitive import PRIMITIVES
from xpgrad.scope import is_recording

#: The keywords by which the operators of MXNet may know their first and their second array.
_SYNONYMS = (
    "data lhs a x A x1 m ary arr indices tensor base ar1 prototype".split(),
    "rhs b B x2 exp ar2 index".split(),
)

#: A function whose derivative is zero.
_STEPS = PRIMITIVES["floor"]

_broadcast_to = function("broadcast_to")
_reshape = function("reshape")


def note_constants(result: Any, operands: Iterable[Any]) -> None:
    """Give what is made of tracked arrays but has no derivative a history, in which nothing depends on them.

    MXNet records comparisons, indices and the like: `backward` finds zeros there, and raises nothing.
    """
    if any(getattr(x, "_node", None) is not None for x in operands):
        for x in result if isinstance(result, list | tuple) else (result,):
            if isinstance(x, Array) and x._node is None:
                x._node = leaf()


def note_likeness(result: Any, operands: Iterable[Any]) -> None:
    """The same for a new array like another, which may be written to while recording, as a variable may not."""
    if result._node is not None or not floating(result._data):
        return
    for x in operands:
        if getattr(x, "_node", None) is not None and x.shape == result.shape:
            shape = shape_of(result._data)
            result._node = new_node(_STEPS, (0,), (x._data,), (x._node,), {}, result._data, shape)


def named(module: Any, text: str) -> dict[str, Any]:
    """Functions of a module by name; ``"a b=c"`` takes its functions `a` and `c`, the latter under the name b."""
    pairs = (item.partition("=") for item in text.split())
    return {name: getattr(module, own or name) for name, _, own in pairs}


def written(result: Any, out: Any) -> Any:
    """`out`, which now holds the result; several results go into several arrays."""
    if isinstance(out, list | tuple):
        for part, target in zip(result, out, strict=True):
            written(part, target)
        return out
    if rank(result) == 0 and rank(out):
        raise TypeError(f"the result is boolean, but out is of dtype {out.dtype}: make out with dtype='bool'.")
    value = cast(result, out.dtype)
    assign(out, _reshape(value, out.shape) if value.size == out.size else _broadcast_to(value, out.shape))
    return out


def writes(*names: str) -> Callable[[Any], Any]:
    """Say which parameters of a function it writes to: it gets the user's own arrays for them."""

    def note(f: Any) -> Any:
        f.writes = names
        return f

    return note


def provide(f: Callable[..., Any], kind: type[NDArray], name: str = "") -> Callable[..., Any]:
    """`f`, which is written for plain Arrays, for arrays of one kind; it takes MXNet's `out`, `name` and `ctx`, too."""
    parameters = list(inspect.signature(f).parameters)
    kinds = {name: parameter.kind for name, parameter in inspect.signature(f).parameters.items()}
    most = None if inspect.Parameter.VAR_POSITIONAL in kinds.values() else len(parameters)
    known = {
        synonym: parameter
        for parameter, synonyms in zip(parameters, _SYNONYMS, strict=False)
        for synonym in synonyms
        if synonym not in parameters and kinds[parameter] is inspect.Parameter.POSITIONAL_OR_KEYWORD
    }
    own = getattr(f, "writes", ())
    places = {parameters.index(parameter) for parameter in own}
    places_itself = "ctx" in parameters
    place_of_out = parameters.index("out") if "out" in parameters else None
    depends = not f.__name__.endswith("_like")  # what is made for writing into has no history
    named_parameters = set(parameters)

    takes_options = inspect.Parameter.VAR_KEYWORD in kinds.values()
    plain_options = not (takes_options or named_parameters & UFUNC_OPTIONS.keys())
    f = translated(f)

    @wraps(f)
    def call(*arguments: Any, out: Any = None, **keywords: Any) -> Any:
        if place_of_out is not None and len(arguments) > place_of_out:
            out = arguments[place_of_out]
        elif most is not None and len(arguments) > most and isinstance(arguments[-1], NDArray):  # `out` by position
            *arguments, out = arguments  # type: ignore[assignment]  # a list serves as well
        given = [x if i in places else plain(x) for i, x in enumerate(arguments)] if places else map(plain, arguments)
        if not keywords:
            result = f(*given)
        else:
            keywords.pop("name", None)
            keywords.pop("inplace", None)  # results share memory, or not, as the backend has it
            place = None if places_itself else keywords.pop("ctx", None) or keywords.pop("device", None)
            keywords = {known.get(key, key): x if key in own else plain(x) for key, x in keywords.items()}
            if plain_options:
                keywords = without_defaults(name or f.__name__, keywords)
            with at(place):
                result = f(*given, **keywords)
        if is_recording():
            (note_constants if depends else note_likeness)(result, arguments)
        return dressed(result, kind) if out is None else written(result, out)

    call.__name__ = call.__qualname__ = name or f.__name__
    return call


def provide_of_one(slow: Callable[..., Any], kind: type[NDArray], apply: Callable[..., Any], floats: bool) -> Any:
    """An element-wise function of one array that takes the short way where nothing has to be converted."""

    @wraps(slow)
    def call(x: Any = None, out: Any = None, **keywords: Any) -> Any:
        if x.__class__ is not kind or out is not None or keywords or (floats and not floating(x._data)):
            return slow(out=out, **keywords) if x is None else slow(x, out=out, **keywords)
        result = apply(x)
        result.__class__ = kind
        return result

    return call


def provide_of_two(slow: Callable[..., Any], kind: type[NDArray], apply: Callable[..., Any], floats: bool) -> Any:
    """A function of two arrays that takes the short way where they are alike, or the second is an integer."""

    @wraps(slow)
    def call(x1: Any = None, x2: Any = None, *more: Any, **keywords: Any) -> Any:
        if (
            x1.__class__ is kind
            and (x2.__class__ is int or (x2.__class__ is kind and x2._data.dtype is x1._data.dtype))
            and not (more or keywords)
            and (not floats or floating(x1._data))
        ):
            result = apply(x1, x2)
            if result._node is None and is_recording():
                note_constants(result, (x1, x2))
            result.__class__ = kind
            return result
        given = (x1, x2, *more)
        return slow(*given[: 2 - (x2 is None) - (x1 is None)] if not more else given, **keywords)

    return call


def provide_all(table: Mapping[str, Callable[..., Any]], kind: type[NDArray]) -> dict[str, Callable[..., Any]]:
    """Every function of a table, for arrays of one kind."""
    provided = {}
    for name, f in table.items():
        call = provide(f, kind, name)
        if short := getattr(f, "short", None):
            call = provide_of_one(call, kind, *short)
        elif short := getattr(f, "short_of_two", None):
            call = provide_of_two(call, kind, *short)
        provided[name] = call
    return provided


class Absent:
    """A method of MXNet 1's arrays that those of MXNet 2 lack."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        raise AttributeError(
            f"ndarray has no method {self.name!r}: use np.{self.name}(x) or npx.{self.name}(x), or "
            f"x.as_nd_ndarray().{self.name}()."
        )


def attach(kind: type[NDArray], functions: Mapping[str, Any], names: Iterable[str]) -> None:
    """Make functions methods of a class."""
    for name in names:
        setattr(kind, name, functions[name])
