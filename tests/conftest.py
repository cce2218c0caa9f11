"""What holds for all tests."""

import os
import signal
import sys

# Workers run side by side; a BLAS that starts threads of its own in each would slow all of them down.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# SciPy reads this when it is imported: its functions then take arrays of other libraries.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import pytest
from hypothesis import settings

# A busy machine is not a defect, so no example has a time limit.
settings.register_profile("xpgrad", deadline=None)
settings.load_profile("xpgrad")


@pytest.fixture(autouse=True)
def no_cluster_left_behind():
    """A cluster in threads may end after its test, and leave itself as Dask's scheduler; that is not this test's."""
    config = sys.modules.get("dask.config")  # not "dask", which where that is not installed is the folder of its tests
    if config is not None and config.get("scheduler", None) == "dask.distributed":
        config.config.pop("scheduler")


@pytest.fixture
def heeding_interrupts():
    """What a test starts takes Ctrl-C, also if tests run in the background of a shell, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pytest_terminal_summary(terminalreporter):
    """Say plainly that what needs a GPU did not run."""
    reasons = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ())]
    left_out = [reason for reason in reasons if "no GPU: " in reason]
    if left_out:
        cause = left_out[0].partition("no GPU: ")[2]
        terminalreporter.write_line(f"not run on a GPU: {len(left_out)} tests were skipped, {cause}")
