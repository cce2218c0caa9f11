"""What einops asks of an array library, handed to it when the user imports it.

einops finds the library of a tensor among the subclasses of a class of its own. Nothing is imported here that the user
did not import: a finder waits for einops, and leaves when it has come.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from xpgrad.array import Array
from xpgrad.namespace import active

_BACKENDS = "einops._backends"


def register(backends: ModuleType) -> None:
    """Make the subclass that einops finds Arrays by."""

    class XpgradBackend(backends.AbstractBackend):  # type: ignore[misc, name-defined]  # einops has no types
        """Arrays of any library, through their namespace."""

        framework_name = "xpgrad"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, Array)

        def from_numpy(self, x: Any) -> Any:
            return active().asarray(x)

        def to_numpy(self, x: Any) -> Any:
            return x.asnumpy()

        def arange(self, start: int, stop: int) -> Any:
            return active().arange(start, stop)

        def reshape(self, x: Any, shape: Any) -> Any:
            return x.__array_namespace__().reshape(x, tuple(shape))

        def transpose(self, x: Any, axes: Any) -> Any:
            return x.__array_namespace__().permute_dims(x, tuple(axes))

        def reduce(self, x: Any, operation: str, axes: Any) -> Any:
            return getattr(x.__array_namespace__(), operation)(x, axis=tuple(axes))

        def stack_on_zeroth_dimension(self, tensors: Any) -> Any:
            return tensors[0].__array_namespace__().stack(tensors)

        def add_axis(self, x: Any, new_position: int) -> Any:
            return x.__array_namespace__().expand_dims(x, axis=new_position)

        def tile(self, x: Any, repeats: Any) -> Any:
            return x.__array_namespace__().tile(x, tuple(repeats))

        def concat(self, tensors: Any, axis: int) -> Any:
            return tensors[0].__array_namespace__().concat(tensors, axis=axis)

        def is_float_type(self, x: Any) -> bool:
            return bool(x.__array_namespace__().isdtype(x.dtype, ("real floating", "complex floating")))

        def einsum(self, pattern: str, *x: Any) -> Any:
            return x[0].__array_namespace__().einsum(pattern, *x)

    vars(backends)["XpgradBackend"] = XpgradBackend  # a class is forgotten where nothing but its base knows it


class _Registering(Loader):
    """Loads a module as another loader does, and registers then."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        register(module)


class _Waiting(MetaPathFinder):
    """Finds einops' module, once."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002  # the protocol's
        if fullname != _BACKENDS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Registering(spec.loader)
        return spec


if _BACKENDS in sys.modules:
    register(sys.modules[_BACKENDS])
else:
    sys.meta_path.insert(0, _Waiting())
