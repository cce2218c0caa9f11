"""Every example runs as a user would start it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

for _module in ("matplotlib", "sklearn", "tqdm"):
    pytest.importorskip(_module, reason=f"the examples need {_module}, which is not installed")

DIGITS = Path(__file__).parents[1] / "examples" / "digits.py"
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def run(folder, *arguments):
    """Run the digits example in a folder of its own."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=os.environ | ONE_CORE, capture_output=True, text=True, timeout=120
    )


def accuracies(output):
    return [float(share) for share in re.findall(r"held-out accuracy (\S+)", output)]


def test_digits_reach_95_percent_by_default(tmp_path):
    start = time.perf_counter()
    done = run(tmp_path, DIGITS)
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - start < 60
    assert accuracies(done.stdout)[-1] >= 0.95
    assert (tmp_path / "digits.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("backend", ["numpy", "array_api_strict"])
def test_digits_learn_on_every_backend(backend, tmp_path):
    done = run(tmp_path, DIGITS, "--backend", backend, "--epochs", "2", "--seed", "1", "--plot", "loss.png")
    assert done.returncode == 0, done.stderr
    assert len(accuracies(done.stdout)) == 2
    assert accuracies(done.stdout)[-1] > 0.8
    assert "2/2" in done.stderr  # the progress bar
    assert (tmp_path / "loss.png").exists()


def test_same_seed_gives_same_training(tmp_path):
    first, second = (run(tmp_path, DIGITS, "--epochs", "1", "--seed", "3") for _ in range(2))
    assert first.stdout == second.stdout


def test_unknown_backend_is_one_line(tmp_path):
    done = run(tmp_path, DIGITS, "--backend", "abacus")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no backend named 'abacus'" in done.stderr


def test_unwritable_plot_is_one_line(tmp_path):
    done = run(tmp_path, DIGITS, "--epochs", "0", "--plot", "missing/loss.png")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "missing/loss.png" in done.stderr


def test_missing_dependency_names_the_command(tmp_path):
    without = f"import runpy, sys; sys.modules['tqdm'] = None; runpy.run_path({str(DIGITS)!r}, run_name='__main__')"
    done = run(tmp_path, "-c", without)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pip install" in done.stderr
    assert "tqdm" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
@pytest.mark.usefixtures("heeding_interrupts")
def test_ctrl_c_leaves_a_message(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-u", DIGITS, "--epochs", "100000"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert "epoch" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in message
    assert "Interrupted after" in message


def figures(tmp_path, example, pattern):
    """The numbers that an example prints, and a picture in the file that was named."""
    done = run(tmp_path, DIGITS.with_name(example), "--plot", "named.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "named.png").read_bytes().startswith(b"\x89PNG")
    assert done.stdout.splitlines()[-1].endswith(" in named.png.")
    return [float(number) for number in re.findall(pattern, done.stdout)]


def test_logistic_regression_finds_scikit_learns_coefficients(tmp_path):
    share, difference = figures(tmp_path, "breast_cancer.py", r"(?:gradients;|coefficients:) (\S+)")
    assert share > 98
    assert difference < 1e-4


def test_hares_and_lynxes_have_the_rates_that_others_found(tmp_path):
    """B. Carpenter, Predator-prey population dynamics: the Lotka-Volterra model in Stan, 2018."""
    rates = figures(tmp_path, "predator_prey.py", r": (\S+) a year")
    assert rates == pytest.approx([0.55, 0.028, 0.80, 0.024], rel=0.05)


def test_o_rings_have_the_estimates_that_others_found(tmp_path):
    """The slope and its standard error of 0.108, and the forecast, as textbooks have them."""
    found = figures(tmp_path, "o_rings.py", r"-?\d\.\d+")
    assert found[:3] == pytest.approx([-0.232, -0.232 - 1.96 * 0.108, -0.232 + 1.96 * 0.108], abs=2e-3)
    assert found[3:] == pytest.approx([1.0, 0.482, 1.0], abs=2e-3)


def test_a_photograph_becomes_sharper(tmp_path):
    before, after = figures(tmp_path, "deblur.py", r"(\S+) dB")
    assert before + 3 < after


def test_a_chain_hangs_as_statics_has_it(tmp_path):
    (difference,) = figures(tmp_path, "hanging_chain.py", r"statics: (\S+)")
    assert difference < 1e-4
