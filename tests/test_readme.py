"""The documents keep their word: their snippets run and print what they say, and CI runs the README's test command."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xpgrad

ROOT = Path(__file__).parents[1]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name, language):
    """The fenced blocks of one language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```$", read(name), flags=re.DOTALL | re.MULTILINE)


SNIPPETS = [
    pytest.param(code, id=f"{name}-{i}")
    for name in ("README.md", "CONTRIBUTING.md")
    for i, code in enumerate(blocks(name, "python"))
]


def skip_without_its_imports(code):
    """Skip a test of code that imports what is not installed; a folder of such a name is no module."""
    for module in sorted(set(re.findall(r"^(?:import|from) (\w+)", code, flags=re.MULTILINE))):
        found = importlib.util.find_spec(module)
        if found is None or found.origin is None:
            pytest.skip(f"needs {module}, which is not installed")


def promised(code):
    """What the comments behind the print statements say; a bar separates what one statement prints in turn."""
    comments = re.findall(r"^ *print\(.*\)  # (.*)$", code, flags=re.MULTILINE)
    return [line for comment in comments for line in comment.split(" | ")]


@pytest.mark.parametrize("code", SNIPPETS)
def test_snippet_prints_what_it_says(code, tmp_path):
    skip_without_its_imports(code)
    snippet = tmp_path / "snippet.py"
    snippet.write_text(code, encoding="utf-8")
    done = subprocess.run([sys.executable, "-W", "error", snippet], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == promised(code)


@pytest.mark.parametrize("code", SNIPPETS)
def test_every_print_says_what_it_prints(code):
    assert len(re.findall(r"print\(", code)) == len(re.findall(r"print\(.*\)  # ", code))


def test_ci_runs_the_test_command():
    commands = [block.strip() for block in blocks("README.md", "bash") if "pytest" in block]
    assert len(commands) == 1
    assert commands[0] in read(".ci/run").splitlines()


def test_the_changelog_knows_the_version():
    assert f"## {xpgrad.__version__}" in read("CHANGELOG.md")


@pytest.mark.parametrize("module", [path.name for path in sorted((ROOT / "src" / "xpgrad").glob("[!_]*.py"))])
def test_the_map_of_the_house_shows_every_module(module):
    assert f"  {module} " in read("CONTRIBUTING.md")
