"""What a sample is, and the numbers that samples are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Sample:
    """Inputs of one call: arrays, Python scalars or None, and the parameters.

    Samples of real numbers are also run with complex ones in their place, if the function is one of both (cases.py says
    which are) and its table does not hold complex samples already.

    Attributes
    ----------
    arrays : tuple
        The inputs; NumPy arrays become arrays of the library under test.
    parameters : dict
        The keyword parameters; arrays in them, "float64" and "cpu" are turned into the library's own.
    extends : str
        What in the call goes beyond the standard; a library may refuse it.
    before : callable, optional
        ``before(xp, *arrays)`` gives the tuple of inputs of the call: symmetric matrices out of any, say, so that the
        function is defined wherever the arrays are moved.
    after : callable, optional
        ``after(xp, *outputs)`` gives the tuple of what is well defined in the outputs: no sign of an eigenvector, say.
    """

    arrays: tuple[Any, ...]
    parameters: dict[str, Any] = field(default_factory=dict)
    extends: str = ""
    before: Callable[..., tuple[Any, ...]] | None = None
    after: Callable[..., tuple[Any, ...]] | None = None

    @property
    def label(self) -> str:
        """A short name, for the test's id."""
        return ",".join([*map(_input, self.arrays), *(f"{name}={_short(v)}" for name, v in self.parameters.items())])


def _input(a: Any) -> str:
    """An input: the shape of an array, marked where it is complex."""
    if isinstance(a, np.ndarray):
        return ("complex" if a.dtype.kind == "c" else "") + _short(a.shape)
    return str(a)


def _short(value: Any) -> str:
    """A value as one would write it in an index."""
    if isinstance(value, slice):
        return ":".join("" if part is None else str(part) for part in (value.start, value.stop, value.step))
    if isinstance(value, tuple):
        return f"({','.join(map(_short, value))})"
    if isinstance(value, np.ndarray):
        return str(value.astype(int).tolist()).replace(" ", "")
    return "..." if value is Ellipsis else str(value).replace(" ", "")


# Intervals of magnitudes, and whether signs alternate; none comes near to 0.
DOMAINS = ((0.3, 1.9, True), (0.2, 0.8, True), (0.3, 2.2, False), (1.2, 2.9, False))


def floats(*shape: int, seed: int = 0, domain: tuple[float, float, bool] = DOMAINS[0]) -> Any:
    """Numbers in random order whose magnitudes are all different, and stay so when one moves a little."""
    low, high, signed = domain
    n = prod(shape)
    rng = np.random.default_rng([seed, *shape])
    magnitudes = low + (high - low) / max(n, 1) * (rng.permutation(n) + rng.uniform(0.25, 0.75, n))
    return np.reshape(magnitudes * (rng.choice([-1.0, 1.0], n) if signed else 1.0), shape)


def complexes(*shape: int, seed: int = 0) -> Any:
    """Complex numbers, with real and imaginary parts as in `floats`."""
    return complexified(floats(*shape, seed=seed), seed)


def complexified(a: Any, seed: int = 0) -> Any:
    """Complex numbers with the given real parts; what is 0 stays 0, and what is no real number stays as it is."""
    if isinstance(a, float):
        return complex(a, 0.6)
    if not (isinstance(a, np.ndarray) and a.dtype.kind == "f"):
        return a
    return np.asarray(a + 1j * np.where(a == 0, 0.0, floats(*a.shape, seed=100 + seed, domain=DOMAINS[1])))


def integers(*values: Any) -> Any:
    """An array of integers."""
    return np.asarray(values, dtype=np.int64)


def booleans(*values: Any) -> Any:
    """An array of booleans."""
    return np.asarray(values, dtype=bool)


def calls(*arrays: Any, extends: str = "", each: tuple[dict[str, Any], ...] = ({},), **adapters: Any) -> list[Sample]:
    """The same inputs with different parameters; a tuple stands for an array of real numbers of that shape."""
    filled = [floats(*a, seed=i) if isinstance(a, tuple) else a for i, a in enumerate(arrays)]
    made = tuple(np.asarray(a) if isinstance(a, np.generic) else a for a in filled)
    return [Sample(made, parameters, extends, **adapters) for parameters in each]
