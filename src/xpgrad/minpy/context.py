"""MinPy's names for devices."""

from __future__ import annotations

from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.context import Context, cpu, current_context, gpu

__all__ = ["Context", "cpu", "current_context", "gpu", "set_context"]


def set_context(context: Context) -> None:
    """Make new arrays in a context from now on, in this thread or task."""
    context.__enter__()  # to stay


__getattr__ = lacking("minpy.context", globals())
