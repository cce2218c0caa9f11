"""The libraries that are compared, one class each.

A peer turns a function ``f(xp, *variables)`` into callables that run it. What a callable returns, NumPy can convert.
To add a peer, write a class and add it to `PEERS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import numpy as np

Run = Callable[[], Sequence[Any]]
Function = Callable[..., Any]


class Peer:
    """A library that differentiates; making one raises ModuleNotFoundError where it is not installed."""

    name: str
    xp: Any

    @property
    def version(self) -> str:
        """The version that is installed."""
        return version(self.name)

    def constant(self, value: Any) -> Any:
        """A constant as this library's user would hold it."""
        return value

    def differentiate(self, f: Function, values: Sequence[Any]) -> Run:
        """Run a function of a scalar result forward and backward: the gradients, one for each value."""
        raise NotImplementedError

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        """Run a function with variables as arguments, but without recording: its result."""
        raise NotImplementedError


class Numpy(Peer):
    """NumPy itself, which only evaluates: the floor where nothing is recorded."""

    name = "numpy"
    xp = np

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        return lambda: [f(self.xp, *values)]


class Xpgrad(Peer):
    """The scope API, on the NumPy backend."""

    name = "xpgrad"

    def __init__(self) -> None:
        self.autograd: Any = importlib.import_module("xpgrad.autograd")
        self.xp = importlib.import_module("xpgrad.numpy")

    def constant(self, value: Any) -> Any:
        return self.xp.asarray(value) if isinstance(value, np.ndarray) else value

    def _variables(self, values: Sequence[Any]) -> list[Any]:
        variables = [self.xp.asarray(value) for value in values]
        for variable in variables:
            variable.attach_grad()
        return variables

    def differentiate(self, f: Function, values: Sequence[Any]) -> Run:
        record, xp, variables = self.autograd.record, self.xp, self._variables(values)

        def run() -> Sequence[Any]:
            with record():
                out = f(xp, *variables)
            out.backward()
            return [variable.grad for variable in variables]

        return run

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        variables = self._variables(values)
        return lambda: [f(self.xp, *variables)]


class HipsAutograd(Numpy):
    """HIPS autograd: outside of a gradient, its functions take and give NumPy's arrays."""

    name = "autograd"

    def __init__(self) -> None:
        self.grad: Any = importlib.import_module("autograd").grad
        self.xp = importlib.import_module("autograd.numpy")

    def differentiate(self, f: Function, values: Sequence[Any]) -> Run:
        gradient = self.grad(lambda variables: f(self.xp, *variables))
        variables = tuple(values)
        return lambda: gradient(variables)


class MyGrad(Peer):
    """MyGrad."""

    name = "mygrad"

    def __init__(self) -> None:
        self.xp = importlib.import_module("mygrad")

    def differentiate(self, f: Function, values: Sequence[Any]) -> Run:
        variables = [self.xp.tensor(value) for value in values]

        def run() -> Sequence[Any]:
            f(self.xp, *variables).backward()
            return [variable.grad for variable in variables]

        return run

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        variables = [self.xp.tensor(value) for value in values]

        def run() -> Sequence[Any]:
            with self.xp.no_autodiff:
                return [f(self.xp, *variables)]

        return run


class Torch(Peer):
    """PyTorch on one CPU thread."""

    name = "torch"

    def __init__(self) -> None:
        self.torch: Any = importlib.import_module("torch")
        self.torch.set_num_threads(1)
        own = {name: getattr(self.torch, name) for name in ("exp", "log", "negative", "sin", "sum", "tanh")}
        self.xp = SimpleNamespace(**own, maximum=lambda x, bound: self.torch.clamp(x, min=bound))

    def constant(self, value: Any) -> Any:
        return self.torch.tensor(value) if isinstance(value, np.ndarray) else value

    def differentiate(self, f: Function, values: Sequence[Any]) -> Run:
        variables = [self.torch.tensor(value, requires_grad=True) for value in values]

        def run() -> Sequence[Any]:
            for variable in variables:
                variable.grad = None
            f(self.xp, *variables).backward()
            return [variable.grad for variable in variables]

        return run

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        variables = [self.torch.tensor(value, requires_grad=True) for value in values]

        def run() -> Sequence[Any]:
            with self.torch.no_grad():
                return [f(self.xp, *variables)]

        return run


#: Those that differentiate.
PEERS = (Xpgrad, HipsAutograd, MyGrad, Torch)


def installed(names: Sequence[str]) -> tuple[list[Peer], list[str]]:
    """The peers of these names, and the names of those that are not installed."""
    found: list[Peer] = []
    missing = []
    for kind in PEERS:
        if kind.name in names:
            try:
                found.append(kind())
            except ModuleNotFoundError as error:
                if error.name != kind.name:  # installed, but broken
                    raise
                missing.append(kind.name)
    return found, missing
