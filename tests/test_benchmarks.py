"""The benchmarks: every workload computes what it should, at small sizes, and the harness sums up what it measured."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fresh_process import run

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # they are no part of the distribution

from benchmarks import workloads
from benchmarks.harness import Case, Contender, FreshCase, contest, fresh
from benchmarks.peers import PEERS, Peer, UnsupportedError, Xpgrad, installed
from benchmarks.report import chart, overview, table_of
from benchmarks.workloads import memory

SMALL = (
    workloads.Chain(3),  # after an even number of cheap turns the gradient by the operand is 0
    workloads.Off(2),
    workloads.Mlp((5, 4, 3, 2), ((6, 1.0),)),
    workloads.Logistic(20, 3),
    workloads.Elementwise(2000),
    workloads.Rosenbrock(((7, 1.0),)),
    workloads.Sgd(30),
    workloads.Embedding(5, 3, 20),
    workloads.Loop(),
    workloads.Depth((16, 32)),
    workloads.Mixture(3, 4, 6),
    workloads.Second(4, 5, 6),
    workloads.Memory(5, 8, 6, 2),
    workloads.MxnetMlp(((6, 5, 4, 3),), 2),
    workloads.Imports(),
    workloads.Gpu((5, 4, 3, 2), 6, 100, 2),
)


class Slow(Peer):
    """Answers half of what it should."""

    name = "slow"

    def differentiate(self, f, values):
        return lambda: [0.5 * value for value in values]

    def hessian(self, f, value):
        raise UnsupportedError("it is too slow")


def case(*rivals, **options):
    """Contenders that should return two ones."""
    return Case("work", Contender("floor", lambda: [np.ones(2)]), list(rivals), **options)


def test_every_workload_is_tried_here():
    assert [type(small) for small in SMALL] == [type(full) for full in workloads.WORKLOADS]


@pytest.mark.parametrize("workload", SMALL[:-1], ids=lambda workload: workload.name)
def test_xpgrad_computes_what_the_baseline_computes(workload):
    names = set()
    for one in workload.cases([Xpgrad()]):
        assert not one.left_out or not memory.CLEAR.exists()
        names |= {rival.name.partition(",")[0] for rival in one.rivals}
        if one.checked:
            one.check()
    assert "xpgrad" in names or not memory.CLEAR.exists()


def test_on_a_gpu_xpgrad_computes_what_the_baseline_computes():
    """On a stand-in for CuPy, whose times mean nothing."""
    code = """
        from benchmarks.workloads import Gpu

        for case in Gpu((5, 4, 3, 2), 6, 100, 2).cases([]):
            case.check()
            print(*(figure.name for figure in case.measure(1)), sep=", ")
    """
    printed = run(inspect.cleandoc(code), PYTHONPATH=f"{ROOT / 'tests' / 'stand_in'}{os.pathsep}{ROOT}").stdout
    assert printed.splitlines() == ["CuPy by hand, xpgrad"] * 2


def test_without_a_gpu_its_workload_says_that_it_is_left_out(monkeypatch, capsys):
    monkeypatch.setattr("xpgrad.available_backends", dict)
    assert list(workloads.Gpu().cases([])) == []
    assert capsys.readouterr().out == "gpu: left out, CuPy is not installed.\n\n"


def test_a_gradient_by_hand_with_checkpoints_is_the_same():
    x, *weights = memory.inputs(5, 8, 6, shared=False)
    plain, checkpointed = (memory.by_hand(5, x, weights, every) for every in (5, 2))
    run = Xpgrad().differentiate(memory.network(5, Xpgrad().constant(x), Xpgrad().checkpoint, 2), weights)
    for a, b, c in zip(plain, checkpointed, run(), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(c.asnumpy(), a, rtol=1e-4, atol=1e-6)


@pytest.mark.skipif(not memory.CLEAR.exists(), reason="peaks are read from Linux's /proc")
def test_a_peak_is_at_least_what_is_kept():
    kept = 8 * 512 * 512 * 4 / 2**20
    # In a process of its own: one that has run other tests has memory to spare, which the peak would not show.
    peak = fresh("from benchmarks.workloads.memory import peak; print(peak('by hand', 8, 512, 512, True, 0))")
    assert kept < peak < 4 * kept


def test_a_wrong_result_is_refused():
    with pytest.raises(AssertionError, match=r"work: rival is off by 5\.0e-01"):
        case(Contender("rival", lambda: [np.full(2, 0.5)])).check()
    with pytest.raises(AssertionError, match="rival is off by 0"):
        case(Contender("rival", lambda: [np.ones((1, 2))])).check()
    with pytest.raises(ValueError, match="zip"):
        case(Contender("rival", lambda: [np.ones(2)] * 2)).check()
    case(Contender("rival", lambda: [np.ones(2) + 1e-12])).check()


def test_a_contender_may_have_a_result_of_its_own():
    case(Contender("rival", lambda: [np.zeros(2) + 3.0], expected=lambda: [np.full(2, 3.0)])).check()


def test_figures_are_medians_and_quartiles_of_paired_ratios():
    floor, rival, other = case(Contender("xpgrad", list), Contender("other", list), target=2.5).figures(
        [[1.0, 2.0, 4.0], [2.0, 6.0, 8.0], [1.0, 1.0, 1.0]]
    )
    assert (floor.median, floor.compared) == (2.0, 1.0)
    assert (rival.median, rival.compared, rival.quartiles, rival.met) == (6.0, 2.0, (2.0, 3.0), True)
    assert (other.compared, other.target) == (0.5, None)


def test_differences_where_ratios_mean_nothing():
    figures = FreshCase(
        "ms", Contender("floor", int), [Contender("xpgrad", int)], relation="added", target=1.0
    ).figures([[1.0, 1.0], [4.0, 4.0]])
    assert (figures[0].compared, figures[1].compared, figures[1].met) == (0.0, 3.0, False)


def test_preparations_are_not_timed():
    calls = []
    work = Contender("x", lambda part: calls.append(part), prepare=lambda: (calls.append("prepared") or "run",))
    assert work.time(2) < 0.1
    assert calls == ["prepared", "run", "prepared", "run"]


def test_rounds_are_interleaved_and_start_with_another_contender_each_time():
    calls = []
    rivals = [Contender("a", lambda: calls.append("a")), Contender("b", lambda: calls.append("b"))]
    work = Case("work", rivals[0], rivals[1:])
    for contender in work.contenders:
        contender.time = lambda repeat, name=contender.name: calls.append(name) or 1.0
    work.measure(3)
    assert calls == ["a", "b", "a", "b", "b", "a", "a", "b"]


def test_what_a_peer_cannot_do_is_said_with_the_reason():
    found = contest("work", Contender("floor", list), [Slow()], lambda peer: peer.hessian(None, None))
    assert (found.rivals, found.left_out) == ([], {"slow": "it is too slow"})
    figures = found.figures([[1.0, 1.0]])
    assert "slow is left out: it is too slow." in table_of(figures, found.left_out)


def test_the_overview_has_a_row_for_each_case_and_a_column_for_each_peer():
    parts = Case("deep", Contender("xpgrad, 1", list), [Contender("xpgrad, 2", list)], {"slow": "too slow"}, target=1.3)
    cases = [
        (
            work := case(Contender("xpgrad", list), Contender("slow", list), target=2.0),
            work.figures([[2.0], [3.0], [50.0]]),
        ),
        (parts, parts.figures([[1.0], [1.0]])),
    ]
    table = overview(cases, ["xpgrad", "slow"])
    assert "| work | floor: 2.00 us | 2 | 1.50 | 25.0 |" in table
    assert "| deep: 2 | xpgrad, 1: 1.00 us | 1.3 | 1.00 | - |" in table
    assert "- deep: without slow: too slow." in table


def test_the_chart_is_a_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    work = case(Contender("xpgrad", list), target=2.0)
    chart([(work, work.figures([[2.0], [3.0]]))], ["xpgrad", "slow"], tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_peers_that_are_not_installed_are_named(monkeypatch):
    def missing(self):
        raise ModuleNotFoundError("No module named 'jax'", name="jax")

    monkeypatch.setattr(next(kind for kind in PEERS if kind.name == "jax"), "__init__", missing)
    found, left_out = installed(["xpgrad", "jax"])
    assert ([peer.name for peer in found], left_out) == (["xpgrad"], ["jax"])


def test_a_failing_process_says_why():
    assert fresh("print(2.5)") == 2.5
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        fresh("1 / 0")


def test_the_command_stores_what_it_prints(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    files = {option: tmp_path / name for option, name in (("json", "a.json"), ("markdown", "a.md"), ("chart", "a.png"))}
    options = [part for option, file in files.items() for part in (f"--{option}", file)]
    command = [sys.executable, "-m", "benchmarks", "--peers", "xpgrad", "--workload", "off", "--rounds", "2", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(files["json"].read_text())["figures"]
    assert {figure["name"] for figure in figures} == {"numpy", "xpgrad"}
    assert "| xpgrad |" in done.stdout
    assert "| recording off, float operands | numpy: " in files["markdown"].read_text()
    assert files["chart"].exists()
