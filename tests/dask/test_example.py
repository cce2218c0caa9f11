"""The example of a job on a cluster: what it finds, what it says to bad input, and that it can be interrupted."""

import importlib.util
import os
import signal
import subprocess
import sys
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
def run(tmp_path, monkeypatch):
    """Run the example in this process, in a folder of its own."""
    spec = importlib.util.spec_from_file_location("dask_logistic", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    monkeypatch.chdir(tmp_path)

    def main(*arguments):
        monkeypatch.setattr(sys, "argv", ["dask_logistic.py", *map(str, arguments)])
        example.main()

    return main


@pytest.fixture(scope="module")
def scheduler():
    """The address of a scheduler with two workers, in threads of this process."""
    with distributed.LocalCluster(
        2, threads_per_worker=1, processes=False, dashboard_address=":0", protocol="tcp", host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


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
        (["--data", "nowhere"], "nowhere is not a folder"),
        (["--data", "."], "holds no .npy and no .parquet files"),
        (["--data", "nonsense"], "a.npy cannot be read"),
        (["--data", "ragged"], r"hold \[2, 3\] columns"),
        (["--data", "flat"], r"has the shape \(3,\)"),
        (["--scheduler", "nonsense"], "no scheduler answers at nonsense"),
        (["--plot", "missing/loss.png"], "missing/loss.png cannot be written"),
    ],
)
def test_bad_input_is_one_line(arguments, message, run):
    for name in ("nonsense", "ragged", "flat"):
        Path(name).mkdir()
    Path("nonsense/a.npy").write_text("nonsense")
    np.save("ragged/a.npy", np.zeros((1, 2)))
    np.save("ragged/b.npy", np.zeros((1, 3)))
    np.save("flat/a.npy", np.zeros(3))
    with pytest.raises(SystemExit, match=message) as raised:
        run(*arguments)
    assert "\n" not in raised.value.code


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "nan", "inf"])
def test_numbers_are_whole_and_positive(text, run, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(f"--rows={text}")
    assert f"expected a whole number, 1 or more, not '{text}'" in capsys.readouterr().err


@pytest.mark.deep
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to a group of processes")
@pytest.mark.usefixtures("heeding_interrupts")
def test_ctrl_c_leaves_a_message(tmp_path):
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
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it, too
        _, message = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in message
    assert "Interrupted after" in message
