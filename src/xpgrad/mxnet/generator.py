"""Random numbers: one generator for each backend, started anew by `seed`.

A backend's library makes them itself where it has NumPy's `random.default_rng`; for others NumPy makes them. What is
drawn is uniform or normal or comes from a distribution that the generator knows; everything else is a function of that.
"""

from __future__ import annotations

from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.discovery import allocate, floating, get_backend, get_named
from xpgrad.mxnet.context import device_for
from xpgrad.mxnet.dtypes import default_float, dtype_of
from xpgrad.mxnet.promotion import cast

_generators: dict[str, tuple[Any, bool]] = {}
_seed: int | None = None


def seed(seed_state: int | None, ctx: Any = "all", device: Any = "all") -> None:
    """Start the random numbers of every backend anew."""
    global _seed
    _seed = None if seed_state is None else int(seed_state) % 2**32
    _generators.clear()


def _generator() -> tuple[Any, bool]:
    """The generator of the active backend, and whether it is the library's own."""
    name = get_backend()
    found = _generators.get(name)
    if found is None:
        own = True
        try:
            make = get_named(name).function("random.default_rng")
        except AttributeError:
            make, own = get_named("numpy").function("random.default_rng"), False
        found = _generators[name] = allocate(get_named(name), make, _seed), own
    return found


def _given(parameter: Any, own: bool) -> Any:
    """A parameter as a generator takes it; CuPy's take those for float64 that are floats."""
    if not isinstance(parameter, Array):
        return parameter
    if not own:
        return parameter.asnumpy()
    return cast(parameter, dtype_of("float64")).data if floating(parameter.data) else parameter.data


def draw(distribution: str, *parameters: Any, size: tuple[int, ...], dtype: Any = None) -> Array:
    """Random numbers of a distribution of NumPy's generators, on the active backend.

    Parameters
    ----------
    distribution : str
        The name of a method of a generator.
    *parameters
        Its parameters: numbers, or arrays that broadcast against `size`.
    size : tuple of int
        The shape of the result.
    dtype : optional
        That of the result; the default floating-point dtype where it is None.
    """
    backend = get_named(get_backend())
    generator, own = _generator()
    raw = getattr(generator, distribution)(*(_given(p, own) for p in parameters), size=size)
    place = device_for()
    options = {} if place is None else {"device": place}
    drawn = array_of(backend.asarray(backend.namespace.asarray(raw, **options)))
    return cast(drawn, default_float() if dtype is None else dtype_of(dtype))


def permuted(length: int) -> list[int]:
    """The numbers from 0 to before `length` in random order."""
    generator, _ = _generator()
    return [int(i) for i in generator.permutation(length)]
