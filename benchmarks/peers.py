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
Stages = tuple[Callable[[], Any], Callable[[Any], Sequence[Any]]]


class UnsupportedError(Exception):
    """A peer cannot do what a workload asks for; says why."""


class Peer:
    """A library that differentiates; making one raises ModuleNotFoundError where it is not installed.

    Attributes
    ----------
    name : str
        As on the command line and in tables.
    package : str
        What is installed and imported.
    first_gradient : str
        A program that imports the library and then computes one small gradient, as two parts of source code.
    compiles : bool
        It runs a function on stand-ins once and compiles what that did: no Python decision may depend on a value.
    """

    name: str
    package: str
    xp: Any
    first_gradient: tuple[str, str]
    compiles = False

    @property
    def version(self) -> str:
        """The version that is installed."""
        return version(self.package)

    def constant(self, value: Any) -> Any:
        """A constant as this library's user would hold it."""
        return value

    def stop(self, x: Any) -> Any:
        """The value of a tracked array, as a constant."""
        raise NotImplementedError

    def stages(self, f: Function, values: Sequence[Any]) -> Stages:
        """Run a function of a scalar result forward, and from what that gives backward: the gradients."""
        raise NotImplementedError

    def differentiate(self, f: Function, values: Sequence[Any]) -> Run:
        """Run a function of a scalar result forward and backward: the gradients, one for each value."""
        forward, backward = self.stages(f, values)
        return lambda: backward(forward())

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        """Run a function with variables as arguments, but without recording: its result."""
        raise NotImplementedError

    def descend(self, loss: Function, values: Sequence[Any], batches: Sequence[Sequence[Any]], rate: float) -> Run:
        """Gradient descent on ``loss(xp, *variables, *batch)``, batch by batch: the variables in the end.

        Variables are updated in place, as each library does it.
        """
        raise NotImplementedError

    def jacobian(self, f: Function, value: Any) -> Run:
        """The Jacobian of a function of one vector."""
        raise NotImplementedError

    def hessian(self, f: Function, value: Any) -> Run:
        """The Hessian of a function of one vector."""
        raise NotImplementedError

    def hvp(self, f: Function, value: Any, vector: Any) -> Run:
        """The Hessian of a function of one vector, times a vector."""
        raise NotImplementedError

    def checkpoint(self, f: Function) -> Function:
        """The same function, computed again in the backward pass instead of kept."""
        raise NotImplementedError


class Numpy(Peer):
    """NumPy itself, which only evaluates: the floor where nothing is recorded."""

    name = package = "numpy"
    xp = np

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        return lambda: [f(self.xp, *values)]


class Xpgrad(Peer):
    """The scope API, on the NumPy backend; the functional one for what only that has."""

    name = package = "xpgrad"
    first_gradient = (
        "import xpgrad",
        "import xpgrad.numpy as xp; from xpgrad.autograd import record; x = xp.asarray([1.0, 2.0]); x.attach_grad()\n"
        "with record(): y = xp.sum(x * xp.exp(x))\n"
        "y.backward()",
    )

    def __init__(self) -> None:
        self.xpgrad: Any = importlib.import_module("xpgrad")
        self.record = self.xpgrad.autograd.record
        self.xp = importlib.import_module("xpgrad.numpy")

    def constant(self, value: Any) -> Any:
        return self.xp.asarray(value) if isinstance(value, np.ndarray) else value

    def stop(self, x: Any) -> Any:
        return x.detach()

    def _variables(self, values: Sequence[Any]) -> list[Any]:
        variables = [self.xp.asarray(value) for value in values]
        for variable in variables:
            variable.attach_grad()
        return variables

    def stages(self, f: Function, values: Sequence[Any]) -> Stages:
        record, xp, variables = self.record, self.xp, self._variables(values)

        def forward() -> Any:
            with record():
                return f(xp, *variables)

        def backward(out: Any) -> Sequence[Any]:
            out.backward()
            return [variable.grad for variable in variables]

        return forward, backward

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        variables = self._variables(values)
        return lambda: [f(self.xp, *variables)]

    def descend(self, loss: Function, values: Sequence[Any], batches: Sequence[Sequence[Any]], rate: float) -> Run:
        record, xp = self.record, self.xp
        batches = [[self.constant(part) for part in batch] for batch in batches]

        def run() -> Sequence[Any]:
            variables = self._variables([value.copy() for value in values])
            for batch in batches:
                with record():
                    out = loss(xp, *variables, *batch)
                out.backward()
                for variable in variables:
                    variable -= rate * variable.grad
            return variables

        return run

    def jacobian(self, f: Function, value: Any) -> Run:
        jacobian = self.xpgrad.jacobian(lambda x: f(self.xp, x))
        return lambda: [jacobian(value)]

    def hessian(self, f: Function, value: Any) -> Run:
        hessian = self.xpgrad.hessian(lambda x: f(self.xp, x))
        return lambda: [hessian(value)]

    def hvp(self, f: Function, value: Any, vector: Any) -> Run:
        product = self.xpgrad.hvp(lambda x: f(self.xp, x))
        return lambda: [product(value, vector)]

    def checkpoint(self, f: Function) -> Function:
        return self.xpgrad.checkpoint(f)


class HipsAutograd(Numpy):
    """HIPS autograd: outside of a gradient, its functions take and give NumPy's arrays."""

    name = package = "autograd"
    first_gradient = (
        "import autograd.numpy as np; from autograd import grad",
        "grad(lambda x: np.sum(x * np.exp(x)))(np.asarray([1.0, 2.0]))",
    )

    def __init__(self) -> None:
        self.autograd: Any = importlib.import_module("autograd")
        self.make_vjp = importlib.import_module("autograd.core").make_vjp
        self.value_of = importlib.import_module("autograd.tracer").getval
        self.xp = importlib.import_module("autograd.numpy")

    def stop(self, x: Any) -> Any:
        return self.value_of(x)

    def stages(self, f: Function, values: Sequence[Any]) -> Stages:
        make_vjp, one = self.make_vjp, np.ones((), dtype=values[0].dtype)
        if len(values) == 1:  # a tuple costs it more
            return lambda: make_vjp(lambda x: f(self.xp, x), values[0])[0], lambda vjp: [vjp(one)]
        variables = tuple(values)
        return lambda: make_vjp(lambda variables: f(self.xp, *variables), variables)[0], lambda vjp: vjp(one)

    def descend(self, loss: Function, values: Sequence[Any], batches: Sequence[Sequence[Any]], rate: float) -> Run:
        gradient = self.autograd.grad(lambda variables, batch: loss(self.xp, *variables, *batch))

        def run() -> Sequence[Any]:
            variables = tuple(value.copy() for value in values)
            for batch in batches:
                for variable, g in zip(variables, gradient(variables, batch), strict=True):
                    variable -= rate * g
            return variables

        return run

    def jacobian(self, f: Function, value: Any) -> Run:
        jacobian = self.autograd.jacobian(lambda x: f(self.xp, x))
        return lambda: [jacobian(value)]

    def hessian(self, f: Function, value: Any) -> Run:
        hessian = self.autograd.hessian(lambda x: f(self.xp, x))
        return lambda: [hessian(value)]

    def hvp(self, f: Function, value: Any, vector: Any) -> Run:
        product = self.autograd.hessian_vector_product(lambda x: f(self.xp, x))
        return lambda: [product(value, vector)]

    def checkpoint(self, f: Function) -> Function:
        return self.autograd.checkpoint(f)


class MyGrad(Peer):
    """MyGrad."""

    name = package = "mygrad"
    first_gradient = (
        "import mygrad as mg",
        "x = mg.tensor([1.0, 2.0]); mg.sum(x * mg.exp(x)).backward()",
    )

    def __init__(self) -> None:
        self.xp = importlib.import_module("mygrad")

    def stop(self, x: Any) -> Any:
        return x.data

    def stages(self, f: Function, values: Sequence[Any]) -> Stages:
        variables = [self.xp.tensor(value, copy=False) for value in values]

        def backward(out: Any) -> Sequence[Any]:
            out.backward()
            return [variable.grad for variable in variables]

        return lambda: f(self.xp, *variables), backward

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        variables = [self.xp.tensor(value) for value in values]

        def run() -> Sequence[Any]:
            with self.xp.no_autodiff:
                return [f(self.xp, *variables)]

        return run

    def descend(self, loss: Function, values: Sequence[Any], batches: Sequence[Sequence[Any]], rate: float) -> Run:
        def run() -> Sequence[Any]:
            variables = [self.xp.tensor(value) for value in values]
            for batch in batches:
                loss(self.xp, *variables, *batch).backward()
                for variable in variables:
                    data = variable.data
                    data -= rate * variable.grad
            return [variable.data for variable in variables]

        return run

    def jacobian(self, f: Function, value: Any) -> Run:
        x = self.xp.tensor(value)

        def row(i: int) -> Any:
            f(self.xp, x)[i].backward()  # which frees the whole graph
            return x.grad

        return lambda: [np.stack([row(i) for i in range(f(np, value).size)])]

    def hessian(self, f: Function, value: Any) -> Run:
        raise UnsupportedError("it has no gradients of gradients")

    def hvp(self, f: Function, value: Any, vector: Any) -> Run:
        raise UnsupportedError("it has no gradients of gradients")

    def checkpoint(self, f: Function) -> Function:
        raise UnsupportedError("it has no checkpointing")


class Advect(Numpy):
    """advect, which needs Python 3.12; a traced function computes with NumPy's own."""

    name = package = "advect"
    first_gradient = (
        "import advect as ad; import numpy as np",
        "ad.grad(lambda x: np.sum(x * np.exp(x)))(np.asarray([1.0, 2.0]))",
    )

    def __init__(self) -> None:
        self.advect: Any = importlib.import_module("advect")

    def stop(self, x: Any) -> Any:
        return self.advect.stop_gradient(x)

    def stages(self, f: Function, values: Sequence[Any]) -> Stages:
        vjp = self.advect.vjp(lambda *variables: f(self.xp, *variables), tuple(range(len(values))))
        one = np.ones((), dtype=values[0].dtype)
        return lambda: vjp(*values)[1], lambda pull: pull(one)

    def descend(self, loss: Function, values: Sequence[Any], batches: Sequence[Sequence[Any]], rate: float) -> Run:
        everything = tuple(range(len(values)))
        gradient = self.advect.grad(lambda *inputs: loss(self.xp, *inputs), everything)

        def run() -> Sequence[Any]:
            variables = [value.copy() for value in values]
            for batch in batches:
                for variable, g in zip(variables, gradient(*variables, *batch), strict=True):
                    variable -= rate * g
            return variables

        return run

    def jacobian(self, f: Function, value: Any) -> Run:
        jacobian = self.advect.jacobian(lambda x: f(self.xp, x))
        return lambda: [jacobian(value)]

    def hessian(self, f: Function, value: Any) -> Run:
        hessian = self.advect.hessian(lambda x: f(self.xp, x))
        return lambda: [hessian(value)]

    def hvp(self, f: Function, value: Any, vector: Any) -> Run:
        product = self.advect.hvp(lambda x: f(self.xp, x))
        return lambda: [product(value, vectors=vector)[1]]

    def checkpoint(self, f: Function) -> Function:
        return self.advect.checkpoint(f)


class Torch(Peer):
    """PyTorch on one CPU thread."""

    name = package = "torch"
    first_gradient = (
        "import torch",
        "x = torch.tensor([1.0, 2.0], requires_grad=True); torch.sum(x * torch.exp(x)).backward()",
    )

    def __init__(self) -> None:
        self.torch: Any = importlib.import_module("torch")
        self.torch.set_num_threads(1)
        own = "exp log negative reshape sin sqrt sum tanh".split()
        self.xp = SimpleNamespace(
            **{name: getattr(self.torch, name) for name in own},
            max=self.torch.amax,
            maximum=lambda x, bound: self.torch.clamp(x, min=bound),
        )

    def constant(self, value: Any) -> Any:
        return self.torch.from_numpy(value) if isinstance(value, np.ndarray) else value

    def stop(self, x: Any) -> Any:
        return x.detach()

    def _variables(self, values: Sequence[Any]) -> list[Any]:
        return [self.torch.from_numpy(value).requires_grad_() for value in values]

    def stages(self, f: Function, values: Sequence[Any]) -> Stages:
        variables = self._variables(values)

        def forward() -> Any:
            for variable in variables:
                variable.grad = None
            return f(self.xp, *variables)

        def backward(out: Any) -> Sequence[Any]:
            out.backward()
            return [variable.grad for variable in variables]

        return forward, backward

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        variables = self._variables(values)

        def run() -> Sequence[Any]:
            with self.torch.no_grad():
                return [f(self.xp, *variables)]

        return run

    def descend(self, loss: Function, values: Sequence[Any], batches: Sequence[Sequence[Any]], rate: float) -> Run:
        batches = [[self.constant(part) for part in batch] for batch in batches]

        def run() -> Sequence[Any]:
            variables = self._variables([value.copy() for value in values])
            for batch in batches:
                loss(self.xp, *variables, *batch).backward()
                with self.torch.no_grad():
                    for variable in variables:
                        variable -= rate * variable.grad
                        variable.grad.zero_()
            return [variable.detach() for variable in variables]

        return run

    def jacobian(self, f: Function, value: Any) -> Run:
        x, jacobian = self.constant(value), self.torch.autograd.functional.jacobian
        return lambda: [jacobian(lambda x: f(self.xp, x), x)]

    def hessian(self, f: Function, value: Any) -> Run:
        x, hessian = self.constant(value), self.torch.autograd.functional.hessian
        return lambda: [hessian(lambda x: f(self.xp, x), x)]

    def hvp(self, f: Function, value: Any, vector: Any) -> Run:
        x, v, hvp = self.constant(value), self.constant(vector), self.torch.autograd.functional.hvp
        return lambda: [hvp(lambda x: f(self.xp, x), x, v)[1]]

    def checkpoint(self, f: Function) -> Function:
        checkpoint = importlib.import_module("torch.utils.checkpoint").checkpoint
        return lambda *args: checkpoint(f, *args, use_reentrant=False)


class Jax(Peer):
    """JAX on one CPU thread, without compiling whole functions."""

    name, package = "jax", "jax"
    first_gradient = (
        "import jax; import jax.numpy as jnp",
        "jax.grad(lambda x: jnp.sum(x * jnp.exp(x)))(jnp.asarray([1.0, 2.0])).block_until_ready()",
    )

    def __init__(self) -> None:
        self.jax: Any = importlib.import_module("jax")
        self.jax.config.update("jax_enable_x64", True)
        self.xp = importlib.import_module("jax.numpy")
        self.finish = self.jax.block_until_ready  # it computes in the background

    def compiled(self, f: Function) -> Function:
        """How functions are run."""
        return f

    def constant(self, value: Any) -> Any:
        return self.xp.asarray(value) if isinstance(value, np.ndarray) else value

    def stop(self, x: Any) -> Any:
        return self.jax.lax.stop_gradient(x)

    def stages(self, f: Function, values: Sequence[Any]) -> Stages:
        variables = [self.constant(value) for value in values]

        def forward() -> Any:
            out, pull = self.jax.vjp(lambda *variables: f(self.xp, *variables), *variables)
            return self.finish(out), pull

        return forward, lambda state: self.finish(state[1](self.xp.ones_like(state[0])))

    def evaluate(self, f: Function, values: Sequence[Any]) -> Run:
        return self._runner(lambda *variables: [f(self.xp, *variables)], *values)

    def descend(self, loss: Function, values: Sequence[Any], batches: Sequence[Sequence[Any]], rate: float) -> Run:
        start = [self.constant(value) for value in values]
        batches = [[self.constant(part) for part in batch] for batch in batches]
        gradient = self.jax.grad(lambda variables, batch: loss(self.xp, *variables, *batch))

        @self.compiled
        def step(variables: Any, batch: Any) -> Any:
            return [x - rate * g for x, g in zip(variables, gradient(variables, batch), strict=True)]

        def run() -> Sequence[Any]:
            variables = start
            for batch in batches:
                variables = step(variables, batch)
            return self.finish(variables)

        return run

    def jacobian(self, f: Function, value: Any) -> Run:
        jacobian = self.jax.jacrev(lambda x: f(self.xp, x))
        return self._runner(lambda x: [jacobian(x)], value)

    def hessian(self, f: Function, value: Any) -> Run:
        hessian = self.jax.hessian(lambda x: f(self.xp, x))
        return self._runner(lambda x: [hessian(x)], value)

    def hvp(self, f: Function, value: Any, vector: Any) -> Run:
        gradient = self.jax.grad(lambda x: f(self.xp, x))
        return self._runner(lambda x, v: [self.jax.jvp(gradient, (x,), (v,))[1]], value, vector)

    def checkpoint(self, f: Function) -> Function:
        return self.jax.checkpoint(f)

    def _runner(self, f: Function, *values: Any) -> Run:
        run, inputs = self.compiled(f), [self.constant(value) for value in values]
        return lambda: self.finish(run(*inputs))


class JaxJit(Jax):
    """JAX with everything compiled; the compilation is not timed."""

    name = "jax-jit"
    compiles = True
    first_gradient = (
        Jax.first_gradient[0],
        Jax.first_gradient[1].replace("jax.grad(", "jax.jit(jax.grad(").replace(")(jnp.asarray", "))(jnp.asarray"),
    )

    def compiled(self, f: Function) -> Function:
        return self.jax.jit(f)

    def stages(self, f: Function, values: Sequence[Any]) -> Stages:
        raise UnsupportedError("forward and backward are compiled into one")

    def differentiate(self, f: Function, values: Sequence[Any]) -> Run:
        everything = tuple(range(len(values)))
        both = self.jax.value_and_grad(lambda *variables: f(self.xp, *variables), everything)
        run = self._runner(both, *values)
        return lambda: run()[1]


#: Those that differentiate.
PEERS = (Xpgrad, HipsAutograd, MyGrad, Advect, Torch, Jax, JaxJit)


def installed(names: Sequence[str]) -> tuple[list[Peer], list[str]]:
    """The peers of these names, and the names of those that are not installed."""
    found: list[Peer] = []
    missing = []
    for kind in PEERS:
        if kind.name in names:
            try:
                found.append(kind())
            except ModuleNotFoundError as error:
                if error.name != kind.package:  # installed, but broken
                    raise
                missing.append(kind.name)
    return found, missing
