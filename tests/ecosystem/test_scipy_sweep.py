"""Every function that SciPy declares capable of other libraries' arrays: its gradient is right, or an error says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="SciPy is not installed")

FOLDER = Path(__file__).parents[2] / "conformance" / "scipy"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no timer that interrupts")
def test_no_gradient_is_lost_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    import sweep

    found = sweep.sweep()
    kinds = [kind for kind, _ in found.values()]
    assert {name: why for name, (kind, why) in found.items() if kind == "wrong"} == {}
    assert kinds.count("differentiates") >= 220
    assert kinds.count("not tried") == 0
