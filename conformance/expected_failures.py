"""Lists of tests of other libraries that are known to fail: a pattern of names, two spaces, and the reason."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest


def read(file: Path) -> list[tuple[str, str]]:
    """The patterns in a list, and the reasons."""
    lines = [line.strip() for line in file.read_text().splitlines()]
    return [
        (pattern, reason.strip())
        for pattern, _, reason in (line.partition("  ") for line in lines if line and line[0] != "#")
    ]


def mark(items: list[Any], file: Path, strict: bool) -> None:
    """Mark the tests that a list names; with `strict` they must fail."""
    known = read(file)
    for item in items:
        for pattern, reason in known:
            if fnmatch(item.nodeid, pattern):
                item.add_marker(pytest.mark.xfail(reason=reason, strict=strict))
                break
