"""Worlds in which a call can be run: a namespace, and the way that a sample's arrays get into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from xpgrad.primitive import PRIMITIVES
from xpgrad_conformance.cases import Call

#: What the dtypes in a sample's parameters stand for, where a device has float64 and where it has not.
DOUBLE = {"float64": "float64", "complex128": "complex128"}
SINGLE = {"float64": "float32", "complex128": "complex64"}


class World:
    """A namespace, and how a NumPy array becomes one of its arrays."""

    def __init__(self, xp: Any, asarray: Callable[[Any], Any], dtypes: dict[str, str] | None = None) -> None:
        self.xp = xp
        self.asarray = asarray
        self._dtypes = dtypes or DOUBLE

    def inputs(self, arrays: Sequence[Any]) -> list[Any]:
        """The inputs of a call as arrays of this world; numbers stay what they are."""
        return [self.asarray(a) if isinstance(a, np.ndarray) else a for a in arrays]

    def outputs(self, call: Call, inputs: Sequence[Any]) -> list[Any]:
        """All outputs of a call for these inputs."""
        sample = call.sample
        if sample.before:
            inputs = sample.before(self.xp, *inputs)
        function = reduce(getattr, call.name.split("."), self.xp)
        parameters = {name: self._given(value) for name, value in sample.parameters.items()}
        if (primitive := PRIMITIVES.get(call.name)) is not None:
            inputs = [*([list(inputs)] if primitive.variadic else inputs), *map(parameters.pop, primitive.leading)]
        out = function(*inputs, **parameters)
        outs = out if isinstance(out, tuple | list) else (out,)
        return list(sample.after(self.xp, *outs) if sample.after else outs)

    def _given(self, value: Any) -> Any:
        """A sample's parameter as the library wants it: its own dtypes, devices and arrays."""
        if isinstance(value, np.ndarray):
            return self.asarray(value)
        if isinstance(value, tuple):
            return tuple(map(self._given, value))
        if isinstance(value, str):
            if value in self._dtypes:
                return getattr(self.xp, self._dtypes[value])
            return self.asarray(np.asarray(0.0)).device if value == "cpu" else value
        return value
