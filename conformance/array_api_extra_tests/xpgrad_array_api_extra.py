"""A plug-in for pytest that runs array-api-extra's own tests over `xpgrad.numpy`, in the place of their libraries.

What is known to fail is listed in expected.txt, with the reason in each line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from array_api_extra._lib._backends import Backend

import expected_failures
import xpgrad.numpy

EXPECTED = Path(__file__).with_name("expected.txt")

# An enumeration takes no further members, but its class makes what is treated like one.
OURS = object.__new__(Backend)
OURS._name_, OURS._value_ = "XPGRAD", xpgrad.numpy.__name__


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: Any) -> None:
    """Put our namespace in the place of the libraries that the fixture `library` stands for."""
    for fixture in metafunc._arg2fixturedefs.get("library", ()):
        fixture.params = (pytest.param(OURS, id=OURS.value),)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out what is about other libraries, and mark what is known to fail."""
    ours = [item for item in items if "library" in item.fixturenames]
    config.hook.pytest_deselected(items=[item for item in items if item not in ours])
    items[:] = ours
    expected_failures.mark(items, EXPECTED, strict=True)
