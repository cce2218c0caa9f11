"""Memory of a task: each array that it makes reuses what earlier ones were freed from.

glibc's malloc takes an array of 128 KB or more fresh from the system, and gives it back when it is freed, until larger
ones than that have been freed. The environment of Dask's workers (`MALLOC_TRIM_THRESHOLD_`) makes that the rule for
good, so that memory returns early. But fresh pages take longer than most arithmetic: with them a block of the mixture
in `benchmarks/dask`, forward and backward, takes twice as long in a worker.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from threading import Lock
from types import TracebackType

import numpy

# Of <malloc.h>.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_DEFAULT_MMAP_THRESHOLD = 2**17
_LARGEST_MMAP_THRESHOLD = 2**25  # glibc takes no larger one


class Reuse:
    """As long as one is entered, arrays of up to 32 MB are made of memory that was freed, in all threads.

    What is free at the end stays with the process until malloc sees it at the end of its heap.
    """

    _lock = Lock()
    _entered = 0

    def __enter__(self) -> None:
        with self._lock:
            Reuse._entered += 1
            if Reuse._entered == 1:
                _keep()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            Reuse._entered -= 1
            if not Reuse._entered:
                _keep_no_more()


def _keep() -> None:
    mallopt = _mallopt()
    if mallopt is None:
        _adapt()
    else:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        mallopt(_M_TRIM_THRESHOLD, 2**30)


def _keep_no_more() -> None:
    mallopt = _mallopt()
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _set("MALLOC_MMAP_THRESHOLD_") or _DEFAULT_MMAP_THRESHOLD)
        mallopt(_M_TRIM_THRESHOLD, _set("MALLOC_TRIM_THRESHOLD_") or 0)


@cache
def _mallopt() -> Callable[[int, int], int] | None:
    """What sets malloc's thresholds, where the environment has fixed them."""
    if _set("MALLOC_TRIM_THRESHOLD_") is None:
        return None
    try:
        return ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return None


@cache
def _set(name: str) -> int | None:
    """What the environment says; None for what is no number, which glibc, too, passes over."""
    try:
        return int(os.environ.get(name, ""), 0)
    except ValueError:
        return None


@cache
def _adapt() -> None:
    """Free a large array, of which nothing was ever used: a malloc that adapts keeps smaller ones from now on."""
    numpy.empty(_LARGEST_MMAP_THRESHOLD - 2**13, "uint8")
