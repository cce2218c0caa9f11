"""Two devices, of which one is current."""

import sys
import warnings

_current = [0]

#: Whether the devices can reach each other's memory.
PEERS = [False]


class PerformanceWarning(RuntimeWarning):
    """Something is slow."""


class Device:
    """A device; as a context it is the current one."""

    def __init__(self, device=None):
        self.id = _current[-1] if device is None else int(device)

    def __int__(self):
        return self.id

    def __eq__(self, other):
        return isinstance(other, Device) and self.id == other.id

    def __hash__(self):
        return self.id

    def __repr__(self):
        return f"<CUDA Device {self.id}>"

    def __enter__(self):
        _current.append(self.id)
        return self

    def __exit__(self, *exception):
        _current.pop()

    def synchronize(self):
        pass


def check(device):
    """Refuse an array of another device, or warn where the devices can reach each other's memory."""
    if device.id == _current[-1]:
        return
    message = (
        f"The device where the array resides ({device.id}) is different from the current device ({_current[-1]}). "
        f"Peer access {'has been activated automatically' if PEERS[0] else 'is unavailable between these devices'}."
    )
    if not PEERS[0]:
        raise ValueError(message)
    level = 1  # CuPy is compiled: what calls it is the first frame that Python knows of
    while sys._getframe(level).f_globals.get("__name__", "").partition(".")[0] == "cupy":
        level += 1
    warnings.warn(message, PerformanceWarning, stacklevel=level + 1)
