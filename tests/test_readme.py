"""The README keeps its word: its snippets run and print what their comments say, and CI runs its test command."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)


def promised(code):
    """What the comments behind the print statements say; a bar separates what one statement prints in turn."""
    comments = re.findall(r"^ *print\(.*\)  # (.*)$", code, flags=re.MULTILINE)
    return [line for comment in comments for line in comment.split(" | ")]


@pytest.mark.parametrize("code", [pytest.param(code, id=str(i)) for i, code in enumerate(blocks("python"))])
def test_snippet_prints_what_it_says(code, tmp_path):
    snippet = tmp_path / "snippet.py"
    snippet.write_text(code, encoding="utf-8")
    done = subprocess.run([sys.executable, "-W", "error", snippet], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == promised(code)


def test_every_print_says_what_it_prints():
    for code in blocks("python"):
        assert len(re.findall(r"print\(", code)) == len(re.findall(r"print\(.*\)  # ", code)), code


def test_ci_runs_the_test_command():
    commands = [block.strip() for block in blocks("bash") if "pytest" in block]
    assert len(commands) == 1
    assert commands[0] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_changelog_knows_the_version():
    import xpgrad

    assert f"## {xpgrad.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
