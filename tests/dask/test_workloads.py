"""The benchmarks at small sizes; and how the number of tasks grows with that of blocks, which needs no clock."""

import json
import subprocess
import sys
from math import isqrt
from pathlib import Path

import dask
import pytest
from benchmarks.dask.__main__ import contenders, unfused
from benchmarks.dask.measure import Place, Sample, interleaved, ratios
from benchmarks.dask.report import table
from benchmarks.dask.solvers import contenders as solvers
from benchmarks.dask.solvers import targets
from benchmarks.dask.workloads import ALL, Data

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.filterwarnings("ignore:Increasing number of chunks"),  # the factorisation by hand
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

linux = pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is measured on Linux only")


def slopes(build, tasks, sizes):
    """Tasks for each further block, between one size and the next."""
    counted = [tasks(*build(Data(blocks))) for blocks in sizes]
    blocks = [isqrt(n) ** 2 for n in sizes]  # of a factorisation; the others have nearly as many
    return [(b - a) / (m - n) for a, b, n, m in zip(counted, counted[1:], blocks, blocks[1:], strict=False)]


@pytest.mark.parametrize(
    "sizes", [(9, 100, 400), pytest.param((9, 100, 1024), marks=pytest.mark.deep)], ids=lambda sizes: str(sizes[-1])
)
@pytest.mark.parametrize("name", ALL)
def test_tasks_grow_as_by_hand(name, sizes, tasks):
    by_hand, differentiated = ALL[name]
    ours, theirs = (slopes(build, tasks, sizes) for build in (unfused(differentiated), by_hand))
    assert ours[1] <= 1.1 * ours[0]
    assert ours[1] <= 1.1 * theirs[1]


@linux
@pytest.mark.parametrize("name", ALL)
def test_all_contenders_agree(name):
    with dask.config.set(scheduler="synchronous"):
        samples = interleaved(Place("here"), contenders(name), Data(4), rounds=1)
    assert all(sample.tasks > 4 and sample.peak > 1 for (sample,) in samples.values())


def test_solvers_agree():
    data = Data(4, 50, 3)
    with dask.config.set(scheduler="synchronous"):
        evaluations = {name: run()[1] for name, run in solvers(data, targets(data)).items()}
    assert all(count > 5 for count in evaluations.values())


def test_ratios_are_those_of_each_round():
    ours, theirs = [Sample(1, 2, 0, 4), Sample(9, 2, 0, 4)], [Sample(2, 2, 0, 2), Sample(9, 2, 0, 2)]
    assert ratios(ours, theirs) == Sample(0.75, 1, 1, 2)


def test_the_table_says_what_is_missed():
    figure = {"workload": "logistic", "place": "two workers", "blocks": 10}
    median = {"seconds": 1.0, "tasks": 40, "moved": 1.0, "peak": 100.0}
    ratio = {"seconds": 1.2, "tasks": 0.5, "moved": 0.3, "peak": 1.0}
    said = table(
        [
            figure | {"contender": "by hand", "median": median, "ratio": dict.fromkeys(median, 1.0)},
            figure | {"contender": "whole arrays", "median": median, "ratio": ratio},
            figure | {"contender": "backward", "median": median, "ratio": ratio},
        ]
    )
    assert "| whole arrays | 0.50 | 0.30 | 1.00 | **1.20** |" in said
    assert "| backward | **0.50** | 0.30 | 1.00 | **1.20** |" in said
    assert "| Logistic regression, by hand | 4.00 | 16.0 | 4.0 |" in said


@linux
def test_the_command(tmp_path):
    options = (
        "--rows 400 --chunks 4 --rounds 1 --place threads --workload squares --json found.json --markdown found.md"
    )
    command = [sys.executable, "-m", "benchmarks.dask", *options.replace("found", str(tmp_path / "found")).split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| Least squares | two threads | backward |" in (tmp_path / "found.md").read_text()
    assert len(json.loads((tmp_path / "found.json").read_text())["figures"]) == 3
