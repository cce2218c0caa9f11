"""mx.device: MXNet 2's name for `mx.context`."""

from __future__ import annotations

from xpgrad.mxnet.context import (
    Context,
    Device,
    cpu,
    cpu_pinned,
    current_context,
    current_device,
    gpu,
    num_gpus,
)

__all__ = ["Context", "Device", "cpu", "cpu_pinned", "current_context", "current_device", "gpu", "num_gpus"]
