"""Runs the conformance suite of the array API standard, data-apis/array-api-tests, over xpgrad.

README.md beside this file says where the suite comes from, and what is expected to fail.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from xpgrad.discovery import get_named

HERE = Path(__file__).parent

#: For every mode: what makes the namespace `xp`, and the lists of expected failures besides the backend's own.
MODES = {
    "plain": ('import xpgrad; xp = xpgrad.namespace("{name}")', []),
    "raw": ("import {library} as xp", []),
    "tracked": ('import tracked; xp = tracked.namespace("{name}")', ["tracked"]),
    "gradients": ('import tracked; xp = tracked.namespace("{name}", gradients=True)', ["tracked", "gradients"]),
}


def run(checkout: Path, module: str, mode: str, options: list[str]) -> int:
    """Run the suite of a checkout; 0, pytest's exit status, means that nothing fails that is not expected to."""
    code, lists = MODES[mode]
    code = code.format(name=module, library=get_named(module).namespace_module)
    files = [HERE / "xfails" / f"{name}.txt" for name in (module, *lists)]
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"ARRAY_API_TESTS_MODULE": f"exec('{code}')", "PYTHONPATH": path}
    command = [sys.executable, "-m", "pytest", *options]
    if not any(option.startswith("array_api_tests") for option in options):
        command.append("array_api_tests")
    command += ["-p", "no:xpgrad_conformance", "-p", "no:cacheprovider"]  # the one is for tests of its own
    command += ["--disable-deadline"]  # 0.8 s for an example: that would measure the machine
    command += ["-W", "ignore::xpgrad.errors.GradientLostWarning"]  # the suite looks at numbers
    with tempfile.TemporaryDirectory() as folder:
        expected = Path(folder, "xfails.txt")
        expected.write_text("".join(file.read_text() for file in files if file.exists()))
        command += ["--xfails-file", str(expected)]
        return subprocess.call(command, cwd=checkout, env=environment)  # noqa: S603  # the command is made above


def main() -> int:
    """Run the suite as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="Any other option is pytest's.", allow_abbrev=False)
    parser.add_argument("checkout", type=Path, help="a checkout of data-apis/array-api-tests, with its submodule")
    parser.add_argument("--module", default="numpy", help="the backend, by its name in xpgrad (default: numpy)")
    modes = parser.add_mutually_exclusive_group()
    for mode, meaning in (
        ("raw", "test the library itself, without xpgrad"),
        ("tracked", "record every array of floating-point numbers"),
        ("gradients", "the same, and differentiate every result, twice"),
    ):
        modes.add_argument(f"--{mode}", dest="mode", action="store_const", const=mode, default="plain", help=meaning)
    arguments, options = parser.parse_known_args()
    return run(arguments.checkout, arguments.module, arguments.mode, options)


if __name__ == "__main__":
    sys.exit(main())
