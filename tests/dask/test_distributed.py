"""On a cluster: one in this process by default; workers of their own, killed and short of memory, before a release."""

import os
import signal
import subprocess
import sys
import time

import dask
import dask.array as da
import numpy as np
import pytest
from benchmarks.dask.workloads import Data, logistic, logistic_by_hand

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd

distributed = pytest.importorskip("distributed", reason="needs `pip install distributed`")
resource = pytest.importorskip("resource", reason="Windows has no such module")

# Dask's own servers leave sockets and loops behind when they are closed in a hurry.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Running on a single-machine scheduler"),
]


@pytest.fixture
def client():
    """Two workers in threads of this process, on loopback."""
    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),
        distributed.LocalCluster(
            2, threads_per_worker=1, processes=False, dashboard_address=":0", protocol="inproc"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def processes():
    """Two workers in processes of their own, with a limit of memory each."""
    with (
        distributed.LocalCluster(
            2, threads_per_worker=1, processes=True, dashboard_address=":0", memory_limit=LIMIT
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


LIMIT = 400_000_000


def test_client_takes_arrays(client):
    data = Data()
    expected = dask.compute(*logistic_by_hand(data), scheduler="synchronous")
    loss, gradient = logistic(data)
    futures = client.compute([loss, gradient])
    distributed.wait(futures)
    for found, wanted in zip(client.gather(futures), expected, strict=True):
        np.testing.assert_allclose(found, wanted)
    for found, wanted in zip(dask.compute(*logistic(data)), expected, strict=True):
        np.testing.assert_allclose(found, wanted)
    kept = client.persist(xp.asarray(data.X) * 2)
    distributed.wait(kept)
    assert isinstance(kept, xpgrad.Array)
    assert len(distributed.futures_of(kept)) == 16
    distributed.progress(kept, notebook=False)
    np.testing.assert_array_equal(kept.compute(), 2 * data.x)


def refuse(block):
    raise ArithmeticError("this block does not add up")


def test_an_error_in_a_task_shows_the_line_of_the_user(client):
    w = xn.asarray(np.ones(6))
    w.attach_grad()
    with autograd.record():
        loss = xp.sum(xp.asarray(Data().X.map_blocks(refuse, meta=np.empty((0, 0)))) @ w)
    loss.backward()
    with pytest.raises(ArithmeticError, match="does not add up") as raised:
        dask.compute(loss, w.grad)
    assert any(entry.name == "refuse" for entry in raised.traceback)


def slow(block):
    time.sleep(0.05)
    return block


@pytest.mark.deep
@pytest.mark.parametrize("persisted", [False, True])
def test_a_worker_killed_in_the_middle_changes_nothing(persisted, processes):
    data = Data(blocks=80)
    undisturbed = dask.compute(*logistic(data))
    if persisted:  # what the worker held is made again
        data.X = data.X.persist()
        distributed.wait(data.X)
    data.X = data.X.map_blocks(slow, meta=np.empty((0, 0)))
    futures = processes.compute(list(logistic(data)))
    while "memory" not in str(processes.run_on_scheduler(states)):
        time.sleep(0.05)
    os.kill(next(iter(processes.run(os.getpid).values())), signal.SIGKILL)
    assert not any(future.done() for future in futures)
    for found, wanted in zip(processes.gather(futures), undisturbed, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def states(dask_scheduler):
    """What has become of the tasks in which blocks go forward and backward."""
    return {task.state for key, task in dask_scheduler.tasks.items() if key[0].startswith("region-")}


def peak():
    """The most memory that a worker has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def spilled(dask_worker):
    """How many blocks a worker has on disk."""
    return len(dask_worker.data.disk)


def root_of_mean_square(x):
    w = xn.asarray(np.zeros(25))
    w.attach_grad()
    with autograd.record():
        r = xp.asarray(x) @ w - 1.0
        loss = xp.sqrt(xp.mean(r * r))
    loss.backward()
    return loss, w.grad


@pytest.mark.deep
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is counted in other units elsewhere")
def test_data_four_times_the_memory_of_all_workers(processes):
    rows, blocks = 125_000, 128  # 25 MB a block
    x = da.random.default_rng(0).normal(size=(rows * blocks, 25), chunks=(rows, 25))
    assert x.nbytes >= 4 * 2 * LIMIT
    value, gradient = dask.compute(*root_of_mean_square(x))
    assert value == 1.0
    assert np.all(np.abs(gradient) < 1e-2)
    assert all(most < LIMIT for most in processes.run(peak).values())
    assert not any(processes.run(spilled).values())


@pytest.mark.deep
def test_workers_over_their_limit_spill_and_finish(processes):
    rows, blocks = 125_000, 48  # 1.2 GB, where 0.8 GB are allowed
    x = da.random.default_rng(0).normal(size=(rows * blocks, 25), chunks=(rows, 25)).persist()
    distributed.wait(x)
    assert any(processes.run(spilled).values())
    value, gradient = dask.compute(*root_of_mean_square(x))
    assert value == 1.0
    assert np.all(np.abs(gradient) < 1e-2)


INTERRUPTED = """
import os, signal, threading, time
import dask, dask.array as da, numpy as np
from distributed import Client, LocalCluster
import xpgrad.dask as xp, xpgrad.numpy as xn
from xpgrad import autograd

if __name__ == "__main__":
    def slow(block):
        time.sleep(0.2)
        return block

    options = {"threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    with LocalCluster(2, **options) as cluster, Client(cluster) as client:
        w = xn.asarray(np.ones(3))
        w.attach_grad()
        x = da.ones((1000, 3), chunks=(1, 3)).map_blocks(slow, meta=np.empty((0, 0)))
        with autograd.record():
            loss = xp.sum(xp.asarray(x) @ w)
        loss.backward()
        threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            dask.compute(loss, w.grad)
        except KeyboardInterrupt:
            for _ in range(50):
                if not any(client.processing().values()):
                    break
                time.sleep(0.1)
            print("left", sum(map(len, client.processing().values())))
"""


@pytest.mark.deep
@pytest.mark.usefixtures("heeding_interrupts")
def test_an_interrupt_cancels_what_was_going_on(tmp_path):
    script = tmp_path / "interrupted.py"
    script.write_text(INTERRUPTED)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert "left 0" in done.stdout, done.stderr
