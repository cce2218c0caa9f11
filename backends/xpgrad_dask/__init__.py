"""The Dask backend: everything builds graph, and nothing computes until it is asked to.

`shapes` says what a shape knows of chunks, `known` what numbers there are already. Raw functions are in files named
after what they do: `contractions`, `layout`, `matrices`, `own_blocks`, `places`, `recurrences`, `sums`, `whole_axes`.
`regions` joins what a block goes through in each of the `passes` over the data, in `strips` of rows. What the namespace
has beyond the standard is in `extras`. This file imports none of them, and not Dask, before the library is used.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cached_property, partial, wraps
from inspect import isroutine
from typing import Any

from xpgrad.backend import Backend, UnknownLengthsError


class DaskBackend(Backend):
    name = "dask"
    library = "dask"
    install = "pip install 'dask[array]'"
    namespace_module = "array_api_compat.dask.array"
    array_types = ("dask.array.core.Array", "xpgrad_dask.known.Known")
    lazy = True
    special = "scipy.special"
    extras = "xpgrad_dask.extras"
    mixes_with = ("numpy",)

    @cached_property
    def namespace(self) -> Any:
        found = super().namespace
        import dask

        if dask.config.get("array.query-planning", False):
            raise ImportError(
                "dask's array.query-planning is set, but its expressions lack what gradients need. Unset it before "
                "dask.array is imported: dask.config.set({'array.query-planning': False})."
            )
        return found

    @cached_property
    def functions(self) -> dict[str, Any]:
        from xpgrad_dask import contractions, layout, matrices, own_blocks, places, recurrences, sums, whole_axes

        modules = (contractions, layout, matrices, own_blocks, places, recurrences, sums, whole_axes)
        found = {name: function for module in modules for name, function in module.FUNCTIONS.items()}
        return {name: _says_what_is_unknown(name, function) for name, function in found.items()}

    def function(self, name: str) -> Any:
        found = self.functions.get(name)
        if found is not None:
            return found
        found = super().function(name)  # an error if there is none
        if not name.startswith("special."):
            from xpgrad_dask.known import of_plain

            return _says_what_is_unknown(name, of_plain(name, found)) if isroutine(found) else found
        from xpgrad_dask.special import in_blocks

        return in_blocks(name.removeprefix("special."))

    def shape(self, x: Any) -> tuple[int, ...]:
        from xpgrad_dask.shapes import Shape

        return Shape.of(x)

    def elementwise(self, name: str, function: Callable[..., Any], *arrays: Any) -> Any:
        from dask.array.core import Array, elemwise
        from dask.base import tokenize

        from xpgrad_dask.known import Known, plain
        from xpgrad_dask.sums import run_rule

        given = [plain(x) for x in arrays]
        if any(isinstance(x, Array) for x in given):
            return elemwise(partial(run_rule, function), *given, name=f"{name}-{tokenize(function, *given)}")
        return Known.of(function(*given))

    def together(self, arrays: Sequence[Any]) -> Sequence[Any]:
        import dask

        from xpgrad_dask.regions import fuse

        lazy = [x for x in arrays if not _known(x)]
        fused = iter(fuse(lazy, dask.config.get("xpgrad.fusion", True))[0] if lazy else ())
        return [x if _known(x) else next(fused) for x in arrays]

    def asarray(self, x: Any) -> Any:
        return x if hasattr(x, "dask") else self.namespace.asarray(x)

    def fit(self, g: Any, like: Any) -> Any:
        from xpgrad_dask.layout import in_chunks

        return in_chunks(g, self.shape(like))

    def measured(self, g: Any, like: Any) -> Any:
        import dask.array as da

        along = zip(g.chunks, g.shape, like.chunks, like.shape, strict=True)
        chunks = tuple(other if n != n and m != 1 else own for own, n, other, m in along)
        return da.Array(g.dask, g.name, chunks, meta=g._meta)

    def full(self, shape: tuple[int, ...], value: complex, like: Any) -> Any:
        from xpgrad_dask.known import Known
        from xpgrad_dask.layout import full

        return full(shape, value, like) if shape else Known.of(value, like.dtype)

    def copy(self, x: Any) -> Any:
        """The same graph in an object of its own: what a later write changes is the object."""
        import dask.array as da

        return x.copy() if _known(x) else da.Array(x.dask, x.name, x.chunks, meta=x._meta)

    def write(self, x: Any, key: Any, value: Any) -> Any:
        """The array with the value written; `x` itself may be shared, and stays as it is."""
        return self.functions["setitem"](x, value, key)

    def owned(self, x: Any) -> bool:
        """Nothing is written in place, so nothing has to be copied first."""
        return True

    def to_numpy(self, x: Any) -> Any:
        return x if _known(x) else x.compute()

    def devices(self) -> list[Any]:
        return ["cpu"]

    @contextmanager
    def silent(self) -> Iterator[None]:
        """NumPy's own way to be silent ends where the threads of a scheduler begin."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield

    def computing(self, x: Any) -> AbstractContextManager[Any]:
        """What is built only has no warnings to give; the blocks are silent on their own."""
        return nullcontext()

    def no_compute(self) -> AbstractContextManager[Any]:
        import dask

        return dask.config.set(scheduler=refuse)


def refuse(*arguments: Any, **keywords: Any) -> Any:
    """A scheduler that computes nothing."""
    raise RuntimeError("something computed where only a graph should have been built.")


def _says_what_is_unknown(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that says what is missing where it fails because lengths of blocks are unknown.

    Before, it tries with blocks that are whole along all other axes: what stays within rows may then do.
    """

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except Exception as error:
            if not any(_lengths_unknown(x) for a in args for x in (a if isinstance(a, list | tuple) else (a,))):
                raise
            from xpgrad_dask.rows import in_rows

            with suppress(Exception):  # of two failures the first is about what was asked
                return function(*([*map(in_rows, a)] if isinstance(a, list) else in_rows(a) for a in args), **options)
            raise UnknownLengthsError(name) from error

    return call


def _lengths_unknown(x: Any) -> bool:
    """Whether an array, or a length of a shape, is not known yet."""
    return any(n != n for n in getattr(x, "shape", (x,) if isinstance(x, float) else ()))


def _known(x: Any) -> bool:
    """Whether the values of an array are there already, or yet to be computed."""
    return not hasattr(x, "dask")


backend = DaskBackend()
