"""The CuPy backend: arrays on NVIDIA GPUs.

Work goes to CuPy's current stream, and nothing waits for it but what must: conversions to NumPy and to Python numbers,
functions whose result has a shape that depends on values (``x[mask]``, `nonzero`, the `unique` functions), and what
CuPy itself waits for (`linalg.pinv`). CuPy computes on its current device, so that has to be the one of the arrays:
``with x.device: ...``; a backward pass sees to that itself. Values at repeated indices are added up in an order, and so
with a rounding error, that differs from run to run. This file does not import CuPy before it is used.
"""

from __future__ import annotations

import re
import warnings
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from xpgrad.backend import Backend


class CupyBackend(Backend):
    name = "cupy"
    library = "cupy"
    install = "pip install 'cupy-cuda12x>=14'"
    namespace_module = "array_api_compat.cupy"
    array_types = ("cupy.ndarray",)
    special = "cupyx.scipy.special"
    in_place_from = 0

    @cached_property
    def namespace(self) -> Any:
        # Where two devices can reach each other's memory, CuPy computes with arrays of both, slowly, and only warns.
        warnings.filterwarnings("error", "The device where the array resides", module="xpgrad|<string>")
        return super().namespace

    @cached_property
    def own_functions(self) -> Any:
        """The module that imports CuPy."""
        from xpgrad_cupy import functions

        return functions

    @property
    def functions(self) -> dict[str, Any]:
        return self.own_functions.FUNCTIONS

    def function(self, name: str) -> Any:
        return self.functions.get(name) or super().function(name)

    def asarray(self, x: Any) -> Any:
        return self.own_functions.as_array(x)

    def copy(self, x: Any) -> Any:
        return self.functions["asarray"](x, copy=True)

    def full(self, shape: tuple[int, ...], value: complex, like: Any) -> Any:
        return self.functions["full"](shape, value, dtype=like.dtype, device=like.device)

    def fit(self, g: Any, like: Any) -> Any:
        if g.device != like.device:
            g = self.functions["to_device"](g, like.device)
        with like.device:
            return super().fit(g, like)

    def owned(self, x: Any) -> bool:
        return self.own_functions.is_owned(x)

    def write(self, x: Any, key: Any, value: Any) -> Any:
        with x.device:
            return self.own_functions.write(x, key, value)

    def add(self, total: Any, x: Any) -> Any:
        if total.shape == x.shape and total.dtype == x.dtype:
            total += x
            return total
        return total + x

    def add_at(self, total: Any, key: Any, values: Any) -> bool:
        return bool(total.dtype == values.dtype and self.own_functions.add_at(total, key, values))

    def keep_zero(self, g: Any, r: Any) -> Any:
        return self.own_functions.keep_zero(g, r)

    def to_numpy(self, x: Any) -> Any:
        return x.get()

    def synchronize(self) -> None:
        if self.devices():
            self.own_functions.cupy.cuda.Device().synchronize()

    def devices(self) -> list[Any]:
        return self.own_functions.devices()

    def computing(self, x: Any) -> AbstractContextManager[Any]:
        return x.device

    def device_cause(self, error: Exception) -> str | None:
        runtime = self.own_functions.cupy.cuda.runtime
        if isinstance(error, runtime.CUDARuntimeError):
            if error.status not in _UNUSABLE:
                return None
            driver, built_for = map(_version, (runtime.driverGetVersion(), runtime.runtimeGetVersion()))
            if driver == "0.0":
                return "there is no NVIDIA driver"
            if error.status == _OLD_DRIVER:
                return f"the NVIDIA driver knows CUDA {driver}, but this CuPy is built for CUDA {built_for}"
            return "the NVIDIA driver finds no GPU" if error.status == _NO_DEVICE else str(error)
        missing = re.search(r"lib\w+\.so|\w+\.dll", str(error))
        if missing and isinstance(error, ImportError | OSError | RuntimeError):
            return f"the CUDA library {missing[0]} is missing, which `pip install 'cupy-cuda12x[ctk]'` brings along"
        return None


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


# CUDA's numbers of errors: https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html
_OLD_DRIVER, _NO_DEVICE = 35, 100
_UNUSABLE = {3, _OLD_DRIVER, 46, _NO_DEVICE, 802, 803, 804}

backend = CupyBackend()
