"""Every function that SciPy declares capable of other libraries' arrays: its gradient is right, or an error says so.

So it is with all others of SciPy's, NumPy's and scikit-learn's that the guesses of the sweep suit.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy.special", reason="SciPy is not installed")

FOLDER = Path(__file__).parents[2] / "conformance" / "scipy"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no timer that interrupts")

#: Modules whose functions are called with guessed arguments.
FEW = "numpy numpy.linalg numpy.fft"
MANY = (
    "scipy.cluster.hierarchy scipy.cluster.vq scipy.fft scipy.integrate scipy.interpolate scipy.linalg scipy.ndimage "
    "scipy.optimize scipy.signal scipy.spatial scipy.spatial.distance scipy.special scipy.stats sklearn.covariance "
    "sklearn.decomposition sklearn.linear_model sklearn.metrics sklearn.metrics.pairwise sklearn.preprocessing "
    "sklearn.utils.extmath"
)

#: What is not called: it reads or writes files, or changes what holds for all.
OUTSIDE = frozenset(
    (
        "fromfile fromregex genfromtxt info load loadtxt save savetxt savez savez_compressed set_backend "
        "set_global_backend set_printoptions set_workers setbufsize seterr seterrcall show_config show_runtime test"
    ).split()
)

#: What looks wrong for another reason.
KNOWN = {
    "numpy.bmat": "it gives None for an array that is not NumPy's",
    "numpy.empty_like": "its values are what memory happens to hold",
    "scipy.stats.bws_test": "it draws at random",
}


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program."""
    monkeypatch.syspath_prepend(FOLDER)
    return import_module("sweep")


def functions(module: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions of a module, by their full names."""
    namespace = import_module(module)
    for name in getattr(namespace, "__all__", dir(namespace)):
        f = getattr(namespace, name, None)
        if callable(f) and not isinstance(f, type) and name[0] != "_" and name not in OUTSIDE:
            yield f"{module}.{name}", f


def test_no_gradient_is_lost_in_silence(sweep: Any) -> None:
    found = sweep.sweep()
    kinds = [kind for kind, _ in found.values()]
    assert {name: why for name, (kind, why) in found.items() if kind == "wrong"} == {}
    assert kinds.count("differentiates") >= 220
    assert kinds.count("not tried") == 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("module", [*FEW.split(), *(pytest.param(m, marks=pytest.mark.deep) for m in MANY.split())])
def test_no_other_function_loses_one(sweep: Any, module: str, capsys: pytest.CaptureFixture[str]) -> None:
    library = module.partition(".")[0]
    pytest.importorskip(library, reason=f"{library} is not installed")
    dispatch = import_module(library).config_context(array_api_dispatch=True) if library == "sklearn" else nullcontext()
    with dispatch, warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        found = {name: sweep.in_time(name, f) for name, f in functions(module) if name not in KNOWN}
    assert {name: why for name, (kind, why) in found.items() if kind == "wrong"} == {}
    assert any(kind in ("differentiates", "refuses") for kind, _ in found.values())
