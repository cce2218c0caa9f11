"""A task's arrays are made of memory that was freed, also where the environment has malloc give it back."""

import os
import platform
import subprocess
import sys

import pytest

CODE = """
import resource
from threading import Thread

import numpy

from xpgrad_dask.heap import Reuse

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        numpy.ones(2**17)  # 1 MB, 256 pages
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def note(): found.append(faults())

found = []
note()
with Reuse():
    note()
    with Reuse():
        pass
    note()
    thread = Thread(target=note)
    thread.start()
    thread.join()
try:
    with Reuse():
        raise ValueError
except ValueError:
    note()
print(*found)
"""


def faults(**environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True, env=kept | environment, check=True)
    return map(int, done.stdout.split())


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another malloc has other habits")
def test_pages_are_used_again():
    fresh = 50 * 256
    before, inside, after_another, in_a_thread, outside = faults(MALLOC_TRIM_THRESHOLD_="65536")
    if before < 0.5 * fresh:
        pytest.skip("this system counts no page faults, or takes large pages for all")
    assert max(inside, after_another, in_a_thread) < 0.1 * fresh
    assert outside > 0.5 * fresh  # as it was set, after an error, too
    _, *found = faults()
    assert max(found) < 0.1 * fresh
