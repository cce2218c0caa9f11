"""What is noted of every call: the name, the number of positional arguments, the keywords, and the dtypes of arrays."""

from __future__ import annotations

import json
from contextlib import contextmanager

CALLS: set[str] = set()
WAITS: list[str] = []
_allowed = [True]


class Waited(RuntimeError):
    """Something waited for the device where that was forbidden."""


def dtypes(arguments):
    """The dtypes of arrays among arguments, None for anything else."""
    return [a.dtype.char if type(a).__module__ == "cupy" else None for a in arguments]


def note(name, arguments, keywords):
    CALLS.add(json.dumps([name, len(arguments), sorted(keywords), dtypes(arguments)]))


def wait(what):
    """CuPy waits here for what the device has yet to compute."""
    WAITS.append(what)
    if not _allowed[-1]:
        raise Waited(f"{what} waits for the device.")


@contextmanager
def no_waiting():
    _allowed.append(False)
    try:
        yield
    finally:
        _allowed.pop()
