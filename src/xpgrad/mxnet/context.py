"""Contexts: MXNet's names for devices, found among the devices of the active backend."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any

from xpgrad.discovery import get_backend, get_named
from xpgrad.mxnet.base import MXNetError

_ENTERED: ContextVar[tuple[Context, ...]] = ContextVar("xpgrad_mxnet_contexts", default=())

#: MXNet's numbers of the kinds of devices.
_TYPES = {"cpu": 1, "gpu": 2, "cpu_pinned": 3, "cpu_shared": 5}


class Context:
    """A device, as in ``mx.gpu(0)``; inside ``with mx.gpu(0):`` new arrays are made there.

    Parameters
    ----------
    device_type : {"cpu", "gpu", "cpu_pinned", "cpu_shared"} or Context
        The kind of device; all kinds of CPU memory are the same here.
    device_id : int
        Which of them.
    """

    devstr2type = _TYPES
    devtype2str = {number: kind for kind, number in _TYPES.items()}

    def __init__(self, device_type: str | Context, device_id: int = 0) -> None:
        kind, number = (
            (device_type.device_type, device_type.device_id)
            if isinstance(device_type, Context)
            else (device_type, device_id)
        )
        if kind not in _TYPES:
            raise MXNetError(f"unknown device type {kind!r}: use one of {', '.join(_TYPES)}.")
        self.device_type: str = kind
        self.device_id: int = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Context) and self._memory == other._memory

    def __hash__(self) -> int:
        return hash(self._memory)

    @property
    def _memory(self) -> tuple[bool, int]:
        """What tells contexts apart: the kinds of CPU memory are one."""
        return self.on_gpu, self.device_id

    def __repr__(self) -> str:
        return f"{self.device_type}({self.device_id})"

    def __enter__(self) -> Context:
        _ENTERED.set((*_ENTERED.get(), self))
        return self

    def __exit__(self, *exception: object) -> None:
        _ENTERED.set(_ENTERED.get()[:-1])

    def empty_cache(self) -> None:
        """Do nothing: memory belongs to the backend's library."""

    @property
    def device_typeid(self) -> int:
        """MXNet's number of the kind of device."""
        return _TYPES[self.device_type]

    @property
    def on_gpu(self) -> bool:
        """Whether this is a GPU."""
        return self.device_type == "gpu"

    def same_device(self, other: Context) -> bool:
        """Whether two contexts are the same memory: all kinds and numbers of CPU are."""
        return self.on_gpu == other.on_gpu and (self.device_id == other.device_id or not self.on_gpu)


def cpu(device_id: int = 0) -> Context:
    """The CPU."""
    return Context("cpu", device_id)


def cpu_pinned(device_id: int = 0) -> Context:
    """The CPU; memory is not pinned here."""
    return Context("cpu_pinned", device_id)


def gpu(device_id: int = 0) -> Context:
    """A GPU; whether there is one shows when it is used."""
    return Context("gpu", device_id)


def at(context: Context | str | None) -> AbstractContextManager[Any]:
    """Scope in which new arrays are made in a context, where one is given."""
    return nullcontext() if context is None else Context(context)


def context_of(device: Any) -> Context:
    """What MXNet would call a device of some library."""
    text = str(device).lower()
    if not any(word in text for word in ("cuda", "gpu", "rocm")):
        return cpu()
    number = re.search(r"\d+", text)
    return gpu(int(number[0]) if number else 0)


def num_gpus() -> int:
    """How many GPUs the active backend has."""
    return sum(context_of(device).on_gpu for device in get_named(get_backend()).devices())


def current_context() -> Context:
    """The context of the innermost ``with`` statement, or of the active backend's first device."""
    entered = _ENTERED.get()
    if entered:
        return entered[-1]
    devices = get_named(get_backend()).devices()
    return context_of(devices[0]) if devices else gpu()  # the first allocation says why it cannot be used


def set_default(context: Context) -> None:
    """Make new arrays in a context from here on, in this thread."""
    _ENTERED.set((context,))


Device = Context
current_device = current_context


def device_for(context: Context | str | None = None) -> Any:
    """The active backend's device that a context names, or that of the innermost scope; None, if there is none.

    Raises
    ------
    MXNetError
        If the backend has no such device.
    """
    entered = _ENTERED.get()
    if context is None:
        if not entered:
            return None
        context = entered[-1]
    wanted = Context(context)
    backend = get_named(get_backend())
    devices = backend.devices()
    for device in devices:
        if wanted.same_device(context_of(device)):
            return device
    if not devices:
        return None
    known = ", ".join(dict.fromkeys(str(context_of(device)) for device in devices))
    raise MXNetError(
        f"the backend {backend.name!r} has no {wanted}, only {known}. Name one of these, or use a backend that has it: "
        "xpgrad.set_backend('cupy')."
    )
