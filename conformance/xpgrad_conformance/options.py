"""What the suite adds to pytest: its options, the backends that its tests run on, and what is expected of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from xpgrad_conformance.expected import Line, lines_of, read
from xpgrad_conformance.plugin import SUITE
from xpgrad_conformance.report import KINDS, Report, kind_of

DEFAULT_BACKENDS = ("numpy", "array_api_strict:device1")

TARGETS = pytest.StashKey[list[Any]]()
EXPECTED = pytest.StashKey[dict[str, dict[Line, int]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup(SUITE, "conformance of a backend of xpgrad")
    group.addoption(
        "--backend",
        action="append",
        metavar="NAME[:DEVICE]",
        help="a plug-in's name, or an array-API library's import name; may be given more than once. By default numpy "
        "and, if installed, array_api_strict on a device that refuses transfers.",
    )
    group.addoption("--order", type=int, choices=(1, 2), default=2, help="the highest order of derivatives; default: 2")
    group.addoption("--expected", metavar="FILE", help="a list of what is known to fail on this backend, and why")
    group.addoption("--support", metavar="FILE", help="write to this JSON file what every function passed")


def pytest_configure(config: pytest.Config) -> None:
    """Say at once if a backend cannot be used; prepare the report, which workers leave to their controller."""
    # PyTorch says so also where there are no rows, and nothing to be computed of them.
    config.addinivalue_line("filterwarnings", "ignore:(std|var).+ degrees of freedom is <= 0:UserWarning")
    if config.getoption("--backend"):
        from xpgrad.errors import XpgradError

        try:
            targets(config)
        except (XpgradError, ValueError) as error:
            raise pytest.UsageError(str(error)) from error
    if config.getoption("--support") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Report(Path(config.getoption("--support"))))


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test of the suite on every backend."""
    if "target" in metafunc.fixturenames and metafunc.module.__name__.startswith(SUITE):
        metafunc.parametrize("target", targets(metafunc.config), ids=str)


def targets(config: pytest.Config) -> list[Any]:
    """The backends under test."""
    if TARGETS not in config.stash:
        from xpgrad_conformance.target import Target  # not sooner: most runs of pytest do not need it

        names = config.getoption("--backend") or [
            name for name in DEFAULT_BACKENDS if importlib.util.find_spec(name.partition(":")[0])
        ]
        further = list(read(Path(config.getoption("--expected")))) if config.getoption("--expected") else []
        config.stash[TARGETS] = [Target(name) for name in names]
        config.stash[EXPECTED] = {name: dict.fromkeys(lines_of(name.partition(":")[0]) + further, 0) for name in names}
    return config.stash[TARGETS]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[Any]) -> None:
    """Leave out the orders that were not asked for; mark what a library lacks, and what its list says."""
    suite = (item for item in items if getattr(item, "module", None) and item.module.__name__.startswith(SUITE))
    ours = [item for item in suite if "target" in getattr(getattr(item, "callspec", None), "params", ())]
    for item in ours:
        target, case = (item.callspec.params.get(name) for name in ("target", "case"))
        if item.originalname in KINDS:
            if not case.sample.extends:
                kind = kind_of(item.originalname, case.is_complex)
                item.user_properties.append((SUITE, (target.name, case.name, kind)))
            for reason in target.missing(case.name):
                item.add_marker(pytest.mark.skip(reason=reason))
        for line in config.stash[EXPECTED][target.name]:
            if line.matches(item.originalname, item.callspec.id.removeprefix(f"{target}-")):
                config.stash[EXPECTED][target.name][line] += 1
                item.add_marker(
                    pytest.mark.skip(line.reason)
                    if line.outcome == "skip"
                    else pytest.mark.xfail(reason=line.reason, strict=True)
                )
    too_high = [item for item in ours if item.originalname == "test_second_order" and config.getoption("--order") < 2]
    if too_high:
        config.hook.pytest_deselected(items=too_high)
        items[:] = [item for item in items if item not in set(too_high)]
