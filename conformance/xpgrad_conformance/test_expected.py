"""The list of what is expected of a backend is about tests that exist."""

from __future__ import annotations

import pytest

from xpgrad_conformance.options import EXPECTED
from xpgrad_conformance.target import Target


def test_every_line_is_about_some_test(target: Target, request: pytest.FixtureRequest) -> None:
    idle = [line for line, count in request.config.stash[EXPECTED][target.name].items() if not count]
    assert not idle, "no test is called so; if you run a part of the suite only, that is why"
