"""The entry point by which pytest finds the suite's options when it runs ``--pyargs xpgrad_conformance``.

A conftest.py inside an installed package is read too late to add options. This module is imported wherever xpgrad is
installed, so it imports nothing, and adds nothing to runs of other suites: those may have a ``--backend`` of their own.
"""

from __future__ import annotations

from typing import Any

SUITE = "xpgrad_conformance"


def pytest_load_initial_conftests(early_config: Any, args: list[str]) -> None:
    """Register the options if the suite is what is to be run."""
    if any(SUITE in argument for argument in (*args, *early_config.getini("testpaths"))):
        early_config.pluginmanager.import_plugin(f"{SUITE}.options")
