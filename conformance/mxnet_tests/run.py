"""Runs MXNet's own tests, in a checkout of apache/mxnet, over xpgrad.mxnet.

README.md beside this file says where the tests come from, and what is expected to fail.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

#: The modules of tests/python/unittest that need neither symbols nor sparse arrays, for the most part.
MODULES = (
    "test_autograd test_higher_order_grad test_ndarray test_numpy_interoperability test_numpy_ndarray test_numpy_op "
    "test_random test_thread_local"
).split()


def run(checkout: Path, options: list[str]) -> int:
    """Run the tests; 0, pytest's exit status, means that nothing fails that is not expected to."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "stand_in",
        "-p",
        "no:xpgrad_conformance",
        "-p",
        "no:cacheprovider",
    ]
    if not any(option.startswith("test_") for option in options):
        command += [f"{module}.py" for module in MODULES]
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    folder = checkout / "tests" / "python" / "unittest"
    return subprocess.call([*command, *options], cwd=folder, env=os.environ | {"PYTHONPATH": path})  # noqa: S603  # as made


def main() -> int:
    """Run the tests as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="Any other option is pytest's.", allow_abbrev=False)
    parser.add_argument("checkout", type=Path, help="a checkout of apache/mxnet")
    arguments, options = parser.parse_known_args()
    if not (arguments.checkout / "tests" / "python" / "unittest" / "test_autograd.py").is_file():
        parser.error(f"{arguments.checkout} is no checkout of apache/mxnet: it has no tests/python/unittest.")
    return run(arguments.checkout.resolve(), options)


if __name__ == "__main__":
    sys.exit(main())
