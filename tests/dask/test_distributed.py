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
from workloads import Data, logistic, logistic_by_hand

import xpgrad
import xpgrad.dask as xp
import xpgrad.numpy as xn
from xpgrad import autograd

distributed = pytest.importorskip("distributed", reason="needs `pip install distributed`")

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
            2, threads_per_worker=1, processes=False, dashboard_address=None, protocol="inproc"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def processes():
    """Two workers in processes of their own, with 400 MB each."""
    with (
        distributed.LocalCluster(
            2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit="400MB"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


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
def test_a_worker_killed_in_the_middle_changes_nothing(processes):
    data = Data(blocks=80)
    undisturbed = dask.compute(*logistic(data))
    data.X = data.X.map_blocks(slow, meta=np.empty((0, 0)))
    futures = processes.compute(list(logistic(data)))
    time.sleep(0.5)
    pid = next(iter(processes.run(os.getpid).values()))
    os.kill(pid, signal.SIGKILL)
    for found, wanted in zip(processes.gather(futures), undisturbed, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.deep
def test_data_four_times_the_memory_of_all_workers(processes):
    rows, blocks = 250_000, 64  # 50 MB a block, 3.2 GB in all
    x = da.random.default_rng(0).normal(size=(rows * blocks, 25), chunks=(rows, 25))
    w = xn.asarray(np.zeros(25))
    w.attach_grad()
    with autograd.record():
        r = xp.asarray(x) @ w - 1.0
        loss = xp.sqrt(xp.mean(r * r))
    loss.backward()
    value, gradient = dask.compute(loss, w.grad)
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

    options = {"threads_per_worker": 1, "processes": False, "dashboard_address": None}
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
def test_an_interrupt_cancels_what_was_going_on(tmp_path):
    script = tmp_path / "interrupted.py"
    script.write_text(INTERRUPTED)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert "left 0" in done.stdout, done.stderr
