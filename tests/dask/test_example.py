"""The example of a job on a cluster: what it finds, what it says to bad input, and that it can be interrupted."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

distributed = pytest.importorskip("distributed", reason="needs `pip install distributed`")
for module in ("matplotlib", "scipy", "tqdm"):
    pytest.importorskip(module)

EXAMPLE = Path(__file__).parents[2] / "examples" / "dask_logistic.py"

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("dask_logistic", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(example, tmp_path, monkeypatch):
    """Run the example in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def main(*arguments):
        monkeypatch.setattr(sys, "argv", ["dask_logistic.py", *map(str, arguments)])
        example.main()

    return main


def cluster(workers):
    """A scheduler and workers in threads of this process."""
    options = {"dashboard_address": ":0", "protocol": "tcp", "host": "127.0.0.1", "silence_logs": "CRITICAL"}
    return distributed.LocalCluster(n_workers=workers, threads_per_worker=1, processes=False, **options)


@pytest.fixture(scope="module")
def scheduler():
    """The address of a scheduler with two workers."""
    with cluster(2) as running:
        yield running.scheduler_address


@pytest.fixture
def folder(tmp_path):
    """Two files of rows, with the labels that some weights give, but for a few."""
    random = np.random.default_rng(0)
    x = random.normal(size=(3000, 4))
    labels = random.random(3000) < 1 / (1 + np.exp(-x @ [1, 2, -1, 0.5]))
    rows = np.concatenate([x, labels[:, None]], axis=1)
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "a.npy", rows[:1100])
    np.save(tmp_path / "data" / "b.npy", rows[1100:])
    return tmp_path / "data"


@pytest.mark.parametrize("options", [["--method", "lbfgs"], ["--method", "sgd", "--rate", "2", "--batch", "3"]])
def test_weights_of_a_folder(options, run, scheduler, folder, capsys):
    run("--scheduler", scheduler, "--data", folder, "--chunks", 600, "--steps", 8, "--persist", *options)
    said = capsys.readouterr()
    np.testing.assert_allclose(np.load("logistic.npy"), [1, 2, -1, 0.5], atol=0.35)
    assert Path("logistic.png").read_bytes().startswith(b"\x89PNG")
    assert "3,000 rows of 4 features" in said.out
    assert "Dashboard: " in said.out
    assert "loss=" in said.err  # the progress bar


def test_made_up_data_are_the_same_every_time(run, scheduler):
    arguments = ("--scheduler", scheduler, "--rows", "5e3", "--chunks", 1500, "--features", 3, "--steps", 3)
    found = []
    for _ in range(2):
        run(*arguments)
        found.append(np.load("logistic.npy"))
    np.testing.assert_allclose(*found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere"], "'nowhere' is not a folder"),
        (["--data", ""], "'' is not a folder"),
        (["--data", "."], "holds no .npy and .parquet files"),
        (["--scheduler", "nonsense"], "no scheduler answers at 'nonsense'"),
        (["--scheduler", ""], "no scheduler answers at ''"),
        (["--scheduler", "tls://127.0.0.1:1"], "TLS"),
        (["--memory", "nonsense"], "--memory nonsense"),
        (["--dashboard", "nonsense"], "--dashboard nonsense"),
        (["--plot", "missing/loss.png"], "missing/loss.png cannot be written: No such file or directory"),
        (["--plot", "loss.xyz"], "loss.xyz should end in .png, .pdf or .svg"),
        (["--weights", "."], ". cannot be written: Is a directory"),
    ],
)
def test_bad_input_is_one_line(arguments, message, run):
    refused(run, message, *arguments)
    assert not any(Path().iterdir())  # it has been seen that files can be written, and nothing is left of that


def refused(run, message, *arguments):
    """Run the example, which should end with a line that holds a message."""
    with pytest.raises(SystemExit) as raised:
        run(*arguments)
    assert message in raised.value.code
    assert "\n" not in raised.value.code


ROWS = np.asarray([[0.5, 1, 1], [2, -1, 0], [1, 3, 1]])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"b.npy": b"nonsense"}, "b.npy cannot be read"),
        ({"a.npy": ROWS, "b.npy": ROWS[:, 1:]}, "b.npy has 2 columns, and a.npy 3"),
        ({"b.npy": ROWS[0]}, "b.npy should hold rows of numbers, but has the shape (3,)"),
        ({"b.npy": ROWS + 0j}, "b.npy should hold rows of numbers, but has the shape (3, 3) and complex128"),
        ({"b.npy": ROWS.astype(str)}, "b.npy should hold rows of numbers"),
        ({"b.npy": ROWS[:, 2:]}, "b.npy has no features"),
        ({"b.npy": ROWS[:0]}, "hold no rows"),
        ({"a.npy": ROWS, "b.parquet": b""}, "holds both .npy and .parquet files"),
        ({"a.npy": ROWS, "b.npy": np.where(ROWS == 3, np.nan, ROWS)}, "b.npy holds NaN"),
        ({"a.npy": ROWS, "b.npy": 2 * ROWS}, "b.npy holds other labels than 0 and 1"),
    ],
)
def test_bad_data_are_one_line_with_the_name_of_the_file(files, message, run, scheduler):
    Path("data").mkdir()
    for name, rows in files.items():
        if isinstance(rows, bytes):
            Path("data", name).write_bytes(rows)
        else:
            np.save(Path("data", name), rows)
    refused(run, message, "--scheduler", scheduler, "--data", "data")


def write_parquet(name, **columns):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs `pip install pyarrow`")
    from pyarrow import table

    parquet.write_table(table(columns), name, row_group_size=700)


def test_weights_of_parquet_files(run, scheduler, folder):
    for file in list(folder.iterdir()):
        *features, labels = np.load(file).T
        write_parquet(file.with_suffix(".parquet"), **{f"x{i}": x for i, x in enumerate(features)}, y=labels > 0)
    arguments = ("--scheduler", scheduler, "--chunks", 600, "--steps", 5)
    refused(run, "holds both", *arguments, "--data", folder)
    (folder / "apart").mkdir()
    found = []
    for ending in (".npy", ".parquet"):
        for file in folder.glob(f"*{ending}"):
            file.rename(folder / "apart" / file.name)
        run(*arguments, "--data", folder / "apart")
        found.append(np.load("logistic.npy"))
        for file in (folder / "apart").iterdir():
            file.unlink()
    np.testing.assert_allclose(*found)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x": [1.0], "y": [1]}, "b.parquet has 2 columns, and a.parquet 3"),
        ({"z": [1.0], "x": [1.0], "y": [1]}, "b.parquet has 3 columns, and a.parquet 3"),
        ({"x": [1.0], "z": ["one"], "y": [1]}, "b.parquet has a column 'z' of string"),
        ({"x": [1.0], "z": [np.datetime64("2020-01-01", "s")], "y": [1]}, "b.parquet has a column 'z' of timestamp"),
        ({"x": [1.0], "z": [None, 1], "y": [1, 0]}, "b.parquet holds NaN, infinity or missing values"),
        ({"x": [1.0], "z": [1.0], "y": [2]}, "b.parquet holds other labels"),
    ],
)
def test_bad_parquet_files_are_one_line(columns, message, run, scheduler):
    Path("data").mkdir()
    length = len(columns["y"])
    write_parquet("data/a.parquet", x=[1.0], z=[1.0], y=[1])
    write_parquet("data/b.parquet", **{name: values * (length // len(values)) for name, values in columns.items()})
    refused(run, message, "--scheduler", scheduler, "--data", "data")


def test_parquet_files_need_a_package(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    Path("data").mkdir()
    Path("data/a.parquet").touch()
    refused(run, "needs `pip install pyarrow`", "--data", "data")


def test_labels_that_nothing_tells_apart_take_no_step(run, scheduler, capsys):
    Path("data").mkdir()
    np.save("data/a.npy", ROWS * [0, 0, 1])
    run("--scheduler", scheduler, "--data", "data")
    assert "loss 0.69315" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_loss_that_is_no_number_ends_the_job(run, scheduler):
    arguments = ("--method", "sgd", "--rate", "1e300", "--rows", 2000, "--chunks", 1000)
    refused(run, "the loss became inf: choose a lower --rate", "--scheduler", scheduler, *arguments)


def test_the_files_have_the_names_that_were_asked_for(run, scheduler):
    run("--scheduler", scheduler, "--rows", 1000, "--steps", 1, "--weights", "w.npz", "--plot", "loss.svg")
    assert sorted(path.name for path in Path().iterdir()) == ["loss.svg", "w.npz"]
    assert np.load("w.npz").shape == (20,)
    assert "<svg" in Path("loss.svg").read_text(encoding="utf-8")


def test_workers_are_waited_for(run, capsys):
    with cluster(0) as running:
        address = running.scheduler_address
        refused(run, "no worker came within 1 s: start some", "--scheduler", address, "--wait", 1)
        assert f"Waiting for workers: start some with `dask worker {address}`" in capsys.readouterr().out


def test_a_port_that_says_nothing_is_given_up(run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        refused(run, "nothing came within 10 s", "--scheduler", f"tcp://127.0.0.1:{server.getsockname()[1]}")


def test_a_scheduler_that_goes_away_is_one_line(run):
    with cluster(1) as running:

        def leave():
            while not running.scheduler.tasks:
                time.sleep(0.05)
            running.close()

        thread = threading.Thread(target=leave)
        thread.start()
        refused(run, "The scheduler is gone", "--scheduler", running.scheduler_address, "--rows", "1e7")
        thread.join()


@pytest.mark.deep
def test_workers_that_die_are_one_line(run):
    refused(run, "take fewer rows in --chunks", "--memory", "300MB", "--chunks", "3e6", "--rows", "6e6")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to a process")
@pytest.mark.usefixtures("heeding_interrupts")
def test_ctrl_c_is_held_back_and_not_lost(example):
    blocked = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    said = []

    def interrupted():
        with example.ctrl_c_later():
            os.kill(os.getpid(), signal.SIGINT)
            said.append(subprocess.check_output([sys.executable, "-c", blocked], text=True).strip())

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert said == ["True"]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "nan", "inf"])
def test_numbers_are_whole_and_positive(text, run, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(f"--rows={text}")
    assert f"expected a whole number, 1 or more, not '{text}'" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--rate", "--ridge"])
@pytest.mark.parametrize("text", ["-5", "nan", "inf"])
def test_numbers_are_finite_and_not_negative(option, text, run, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(f"{option}={text}")
    assert f"argument {option}: expected a number, 0 or more, not '{text}'" in capsys.readouterr().err


@pytest.mark.deep
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to a group of processes")
@pytest.mark.parametrize("seconds", [0, 4])  # before the first task, and in the middle of a gradient
@pytest.mark.usefixtures("heeding_interrupts")
def test_ctrl_c_leaves_a_message(seconds, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-u", EXAMPLE, "--rows", "2e7", "--steps", "1000"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        for _ in range(2):
            assert process.stdout.readline()
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it, too
        _, message = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in message
    assert "never retrieved" not in message
    assert "Interrupted after" in message
