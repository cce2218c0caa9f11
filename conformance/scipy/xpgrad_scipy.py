"""A plug-in for pytest that runs SciPy's own tests over `xpgrad.numpy`: a further library for their fixture `xp`.

What is known to fail is listed in expected.txt, with the reason in each line.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import expected_failures
import xpgrad.numpy

NAME = xpgrad.numpy.__name__
EXPECTED = Path(__file__).with_name("expected.txt")


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: Any) -> None:
    """Put our namespace in the place of the libraries that SciPy has found."""
    if "xp" not in metafunc.fixturenames:
        return
    conftest = import_module("scipy.conftest")  # only now: it configures every library that it finds

    conftest.xp_known_backends.add(NAME)
    ours = pytest.param(xpgrad.numpy, id=NAME, marks=pytest.mark.array_api_backends)
    for fixture in metafunc._arg2fixturedefs.get("xp", ()):
        if fixture.params:
            fixture.params = (ours,)


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Mark what is known to fail."""
    expected_failures.mark(items, EXPECTED, strict=False)
