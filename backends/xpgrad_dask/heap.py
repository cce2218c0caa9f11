"""Memory of a task: each array that it makes reuses what earlier ones were freed from.

glibc's malloc takes an array of 128 KB or more fresh from the system, and gives it back when it is freed, until larger
ones than that have been freed. The environment of Dask's workers (`MALLOC_TRIM_THRESHOLD_`) makes that the rule for
good, so that memory returns early. But fresh pages take longer than most arithmetic: with them a block of the mixture
in `benchmarks/dask` takes 1.7 times as long in a worker, and one of logistic regression three times.
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
_LARGEST_MMAP_THRESHOLD = 2**25


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
        mallopt(_M_MMAP_THRESHOLD, int(os.environ.get("MALLOC_MMAP_THRESHOLD_", _DEFAULT_MMAP_THRESHOLD)))
        mallopt(_M_TRIM_THRESHOLD, int(os.environ["MALLOC_TRIM_THRESHOLD_"]))


@cache
def _mallopt() -> Callable[[int, int], int] | None:
    """What sets malloc's thresholds, where the environment has fixed them."""
    if "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        return None
    try:
        return ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return None


@cache
def _adapt() -> None:
    """Free a large array, of which nothing was ever used: a malloc that adapts keeps smaller ones from now on."""
    numpy.empty(_LARGEST_MMAP_THRESHOLD - 2**13, "uint8")
