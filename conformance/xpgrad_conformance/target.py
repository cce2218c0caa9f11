"""The backend under test, on one of its devices, and how a case is run on it.

Everything between the inputs and the gradient is done where a lazy library refuses to compute; on a device that refuses
transfers, a hidden one fails as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import reduce
from typing import Any, NoReturn
from unittest.mock import patch

import numpy as np

import xpgrad
from xpgrad import autograd, errors
from xpgrad.array import array_of
from xpgrad.discovery import floating, get_named
from xpgrad.primitive import PRIMITIVES, raw_namespace
from xpgrad_conformance.cases import Call, Case, differentiable, is_float, kind_of
from xpgrad_conformance.world import DOUBLE, SINGLE, World

_SINGLE = {"f": np.float32, "c": np.complex64}
_TO_NUMBERS = ("__bool__", "__complex__", "__float__", "__index__", "__int__")
_REFUSALS = (TypeError, ValueError, IndexError, RuntimeError, NotImplementedError, AttributeError)


class OnDevice:
    """A namespace whose `asarray` puts arrays on one device, and which has float32 in place of float64 if need be."""

    def __init__(self, xp: Any, asarray: Any, dtypes: dict[str, str]) -> None:
        self._xp = xp
        self._asarray = asarray
        self._dtypes = dtypes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._xp, self._dtypes.get(name, name))

    def asarray(self, obj: Any, dtype: Any = None) -> Any:
        """An Array on the device."""
        x = self._asarray(np.asarray(obj))
        return x if dtype is None else self._xp.astype(x, dtype, copy=False)


class Target:
    """A backend under test.

    Parameters
    ----------
    name : str
        That of the backend, and of one of its devices if wanted: "array_api_strict:device1".

    Raises
    ------
    XpgradError, ValueError
        If there is no such backend or device, or if it cannot be used.

    Attributes
    ----------
    raw, tracked : World
        The library itself, and Arrays over it.
    on_device : namespace
        That of Arrays, on the device.
    has_double : bool
        Whether the device knows float64; otherwise all is done in float32.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        backend, _, device = name.partition(":")
        self.backend = get_named(backend)
        self._device = next((d for d in self.backend.devices() if device in str(d)), None) if device else None
        if device and self._device is None:
            raise ValueError(f"{backend} has no device {device!r}; it has {self.backend.devices()}.")
        xpgrad.namespace(backend).asarray(0.0)  # a device that cannot be used is reported here
        self._asarray = self.backend.function("asarray")
        info = self.backend.function("__array_namespace_info__")()
        self.has_double = "float64" in info.dtypes(device=self._device, kind="real floating")
        dtypes = DOUBLE if self.has_double else SINGLE
        self.raw = World(raw_namespace(self.backend), self._raw_array, dtypes)
        self.tracked = World(xpgrad.namespace(backend), lambda a: array_of(self._raw_array(a)), dtypes)
        self.on_device = OnDevice(self.tracked.xp, self.tracked.asarray, dtypes)

    def __repr__(self) -> str:
        return self.name

    def has(self, name: str) -> bool:
        """Whether the library has a function, or xpgrad one made of the library's."""
        return reduce(lambda found, part: getattr(found, part, None), name.split("."), self.raw.xp) is not None

    def missing(self, name: str) -> set[str]:
        """The reason why nothing computes a function, if so; one that is made of others needs no counterpart."""
        return {f"the library has no {name}"} if name in PRIMITIVES and not self.has(name) else set()

    def _raw_array(self, a: Any) -> Any:
        """A sample's array in the library's own form; a copy, so that a library may do with it what it likes."""
        a = np.array(a) if self.has_double else single(a)
        return self._asarray(a) if self._device is None else self._asarray(a, device=self._device)

    @contextmanager
    def kept_there(self) -> Iterator[None]:
        """Context in which a lazy library raises where it would compute, and a device that was named keeps its data.

        Even array-api-strict lets its devices hand over Python numbers.
        """
        kind = type(self.raw.asarray(np.asarray(0.0)))
        refused: dict[str, Any] = dict.fromkeys(_TO_NUMBERS if self._device is not None else (), _refuse)
        with self.backend.no_compute(), patch.multiple(kind, **refused) if refused else nullcontext():
            yield

    def values(self, call: Call, arrays: Sequence[Any]) -> list[Any]:
        """What the library itself makes of the inputs, for comparison."""
        with self.backend.silent():
            outs = self.raw.outputs(call, self.raw.inputs(arrays))
        return [array_of(self.backend.asarray(out)).asnumpy() for out in outs]

    def refuses(self, call: Call, arrays: Sequence[Any]) -> bool:
        """Whether the library itself cannot compute a call."""
        try:
            self.values(call, arrays)
        except _REFUSALS:
            return True
        return False

    def extends(self, call: Call, expected: Sequence[Any]) -> bool:
        """Whether the library goes beyond the standard with a call, and means by it what NumPy does."""
        try:
            found = [out for out in self.values(call, call.sample.arrays) if is_float(out)]
        except _REFUSALS:
            return False
        return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-3) for a, b in zip(found, expected, strict=True))

    def jvp(self, case: Case, direction: Any) -> list[Any]:
        """The derivatives of the outputs in a direction of the argument."""
        inputs = self.tracked.inputs(case.sample.arrays)

        def f(x: Any) -> Any:
            moved = [x if i == case.position else a for i, a in enumerate(inputs)]
            return [out for out in self.tracked.outputs(case, moved) if floating(out.data)]

        with self.kept_there():
            _, tangents = xpgrad.jvp(f, [inputs[case.position]], [self.tracked.asarray(direction)])
        return [tangent.asnumpy() for tangent in tangents]


class Run:
    """One call, recorded.

    Attributes
    ----------
    outs, heads : list of Array
        All outputs, and those that hold floating-point numbers.
    part : Array
        The first elements along the last axis of the input at the position `split`, if given, taken before the call.
    """

    def __init__(
        self,
        target: Target,
        call: Call,
        arrays: Sequence[Any],
        weights: Sequence[Any] = (),
        split: int | None = None,
    ) -> None:
        self._target = target
        self._xp = target.tracked.xp
        self.inputs = target.tracked.inputs(arrays)
        self._weights = target.tracked.inputs(weights)
        self._variables = [x for x, a in zip(self.inputs, arrays, strict=True) if is_float(a)] + self._weights
        for i, a in enumerate(arrays):
            if is_float(a) and differentiable(call.name, i):
                self.inputs[i].attach_grad()
        with target.kept_there(), autograd.record():
            if split is not None:
                self.part = self.inputs[split][..., :1]
            self.outs = target.tracked.outputs(call, self.inputs)
        self.heads = [out for out in self.outs if floating(out.data)]

    def gradient(self, position: int, *, create_graph: bool = False, default_head: bool = False) -> Any:
        """The gradient by the argument at a position; with `default_head` that of the sum of all outputs."""
        weights = None if default_head else self._weights
        with self._target.kept_there():
            return autograd.grad(
                self.heads, self.inputs[position], weights, retain_graph=True, create_graph=create_graph
            )

    def gradient_with_part(self, position: int) -> Any:
        """The gradient of the outputs together with twice the sum of the part."""
        with self._target.kept_there():
            return autograd.grad([*self.heads, self.part], self.inputs[position], [*self._weights, 2.0])

    def second_order(self, position: int, direction: Any) -> list[Any]:
        """The gradients of ``real(sum(conj(gradient) * direction))`` by every array of floats, and by the weights."""
        xp = self._xp
        for w in self._weights:
            w.attach_grad()
        gradient = self.gradient(position, create_graph=True)
        with self._target.kept_there():
            with autograd.record():
                if floating(gradient.data) == "complex":
                    gradient = xp.conj(gradient)
                product = gradient * self._target.tracked.asarray(direction)
                total = xp.sum(xp.real(product) if floating(product.data) == "complex" else product)
            with suppress(errors.NotRecordedError):  # the gradient is constant
                total.backward()
        return [np.zeros_like(x.asnumpy()) if x.grad is None else x.grad.asnumpy() for x in self._variables]


def _refuse(x: Any) -> NoReturn:
    """Stands in for the methods that make Python numbers of arrays."""
    raise RuntimeError(f"an array on {x.device} was made a Python number, for which the device has to hand it over.")


def single(a: Any) -> Any:
    """An array of floats in single precision; anything else as it is."""
    return a.astype(_SINGLE[kind_of(a)]) if is_float(a) else a
