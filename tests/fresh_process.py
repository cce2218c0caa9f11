"""Runs Python code in a process of its own, for what only a fresh interpreter can show."""

import os
import subprocess
import sys


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `code` with extra environment variables and return what it printed, or fail with its error output."""
    command, variables = [sys.executable, "-c", code], os.environ | environment
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done
