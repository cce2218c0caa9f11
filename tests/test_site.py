"""The site: its code runs and prints what it says, its pages hang together, and it can be built without a warning."""

import importlib
import importlib.util
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_readme import promised, skip_without_its_imports

import xpgrad
from xpgrad.backend import Backend
from xpgrad.namespace import NAMES
from xpgrad.primitive import CONSTANTS
from xpgrad.protocols import numpys

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {str(path.relative_to(DOCS).with_suffix("")): path for path in sorted(DOCS.rglob("*.md"))}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}
REFERENCE = "\n".join(text for name, text in TEXTS.items() if name.startswith("reference/"))

#: Pages whose code another test runs, in the surroundings that it needs or with more to say.
ELSEWHERE = {"dask": "tests/dask/test_docs.py", "write-a-backend": "tests/test_plugin.py"}


def code_of(name):
    """The Python of a page as one program, in which each line has the number that it has on the page."""
    lines = [""] * TEXTS[name].count("\n")
    for block in re.finditer(r"^```python\n(.*?)^```$", TEXTS[name], flags=re.DOTALL | re.MULTILINE):
        start = TEXTS[name].count("\n", 0, block.start(1))
        for number, line in enumerate(block[1].splitlines(), start):
            lines[number] = line
    return "\n".join(lines)


WITH_CODE = [name for name in PAGES if code_of(name).strip() and name not in ELSEWHERE]


@pytest.mark.parametrize("name", WITH_CODE)
def test_the_code_of_a_page_prints_what_it_says(name, tmp_path):
    code = code_of(name)
    skip_without_its_imports(code)
    run = f"exec(compile({code!r}, {str(PAGES[name])!r}, 'exec'), {{'__name__': '__main__'}})"
    clean = {key: value for key, value in os.environ.items() if key != "SCIPY_ARRAY_API"}
    command = [sys.executable, "-W", "error", "-c", run]
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [line.strip() for line in done.stdout.splitlines()] == promised(code)


@pytest.mark.parametrize("name", WITH_CODE)
def test_every_print_says_what_it_prints(name):
    code = code_of(name)
    assert len(re.findall(r"print\(", code)) == len(re.findall(r"print\(.*\)  # ", code))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_code_of_other_pages_is_run_elsewhere(name):
    assert f"{name}.md" in (ROOT / ELSEWHERE[name]).read_text(encoding="utf-8")


def test_every_page_is_in_a_table_of_contents():
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```$", TEXTS["index"], flags=re.DOTALL | re.MULTILINE)
    entries = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    assert sorted([re.sub(r".* <(.*)>", r"\1", entry) for entry in entries] + ["index"]) == sorted(PAGES)


def anchors(text):
    """What the headings of a page can be linked by."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#{1,3} (.*)$", text, flags=re.MULTILINE)
    }


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    prose = re.sub(r"^```.*?^```$", "", TEXTS[name], flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose):
        file, _, anchor = target.partition("#")
        path = (PAGES[name].parent / file).resolve() if file else PAGES[name]
        assert path.exists(), f"{name}.md links to {target}"
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), f"{name}.md links to {target}"


def exported(module):
    """The functions and classes that a module defines for others."""
    return [
        f"{module.__name__}.{name}"
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
    ]


PUBLIC = [
    *(f"xpgrad.{name}" for name in xpgrad.__all__ if not inspect.ismodule(getattr(xpgrad, name))),
    *(f"xpgrad.autograd.{name}" for name in xpgrad.autograd.__all__),
    *exported(xpgrad.implicit),
]
ERRORS = exported(xpgrad.errors)


def directives():
    """The full names of what the reference's directives document."""
    found, module = set(), ""
    for kind, name in re.findall(r"^\.\. ([\w:]+):: ([\w.]+)", REFERENCE, flags=re.MULTILINE):
        if kind == "currentmodule":
            module = name
        else:
            found |= {name, f"{module}.{name}"}
    return found


def test_every_public_name_is_in_the_reference():
    assert {*PUBLIC, *ERRORS} <= directives()


def test_every_public_name_is_in_the_list_of_all_names():
    assert [name for name in PUBLIC if name.removeprefix("xpgrad.") not in TEXTS["reference/index"]] == []


def test_every_attribute_of_an_array_is_on_its_page():
    page = TEXTS["reference/array"]
    public = {name for name in dir(xpgrad.Array) if not name.startswith("_")}
    assert {name for name in public if f"Array.{name}\n" not in page and f"`{name}`" not in page} == set()


def test_every_function_of_a_namespace_is_in_the_reference():
    page = TEXTS["reference/namespaces"]
    assert all(f"{{{{ {name} }}}}" in page for name in ("constants", "numpys", "specials"))
    made = {*CONSTANTS, *numpys(), *(name for name in NAMES if name.startswith("special."))}
    named = {*re.findall(r"`(\w+)", page), *re.findall(r"`([\w.]+)`", TEXTS["support"])}
    assert NAMES - made - named - {name.removeprefix("xpgrad.") for name in directives()} == set()


def test_every_function_of_dasks_is_in_the_reference():
    extras = pytest.importorskip("xpgrad_dask.extras", reason="Dask is not installed")
    assert {f"xpgrad.dask.{name}" for name in extras.__all__} <= directives()


def resolves(name):
    """Whether a dotted name that starts with xpgrad can be imported, or looked up in what can be."""
    parts = name.split(".")
    found = xpgrad
    for i, part in enumerate(parts[1:], 2):
        try:
            found = getattr(found, part)
        except ImportError:  # a backend whose library is not installed
            return False
        except AttributeError:
            try:
                found = importlib.import_module(".".join(parts[:i]))
            except ImportError:
                return False
    return True


#: What is wrong with a docstring: missing, sections unknown or in disorder, parameters missing, unknown or in disorder.
WRONG = {"GL06", "GL07", "GL08", "PR01", "PR02", "PR03", "YD01"}
#: Parameters that need no word: a dataclass takes what it holds, the standard says what to_device takes, and nobody but
#: xpgrad makes its errors.
PLAIN = {"xpgrad.graph.Graph", "xpgrad.graph.Operation", "xpgrad.Array.to_device", *ERRORS}
WITHOUT_SOURCE = {"xpgrad.Array.imag", "xpgrad.Array.real"}  # made by a function: numpydoc does not find where
DOCUMENTED = {name for name in directives() if name.startswith("xpgrad.") and resolves(name)} - WITHOUT_SOURCE


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_docstrings_of_the_reference(name):
    validate = pytest.importorskip("numpydoc.validate", reason="numpydoc is not installed").validate
    wrong = WRONG - {"PR01"} if name in PLAIN else WRONG
    assert [text for code, text in validate(name)["errors"] if code in wrong] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_name_of_ours_exists():
    """Also in prose and tables: a name that has been changed must not live on in the documents."""
    names = {found for text in TEXTS.values() for found in re.findall(r"\bxpgrad(?:\.\w+)+", text)}
    made_here = {"xpgrad.cbrt", "xpgrad.smooth_maximum"}  # by the page on rules
    settings = {"xpgrad.fusion", "xpgrad.backends"}
    assert {name for name in names - made_here - settings if not resolves(name)} == set()


def test_the_page_on_backends_names_every_hook():
    page = TEXTS["write-a-backend"]
    hooks = {name for name in vars(Backend) if not name.startswith("_")} | set(Backend.__annotations__)
    assert {name for name in hooks if f"`{name}`" not in page} == set()


def test_the_site_builds_without_a_warning(tmp_path):
    for module in ("sphinx", "furo", "myst_parser", "numpydoc"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: the site needs `pip install 'xpgrad[docs]'`")
    options = ["-W", "--keep-going", "-n", "-q", "-b", "html", "-d", tmp_path / "doctrees"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, DOCS, tmp_path / "html"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "html" / "reference" / "transforms.html").read_text(encoding="utf-8")
    assert 'id="xpgrad.value_and_grad"' in page


EXAMPLES = [path.stem for path in sorted((ROOT / "examples").glob("*.py"))]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_gallery_shows_every_example(example):
    page = TEXTS["gallery"]
    assert f"](../examples/{example}.py)" in page
    assert f"\npython examples/{example}.py" in page
    assert f"](gallery/{example}.png)" in page
    assert '"--plot", default="' in (source := (ROOT / "examples" / f"{example}.py").read_text(encoding="utf-8"))
    assert 'metavar="FILE"' in source
    assert (DOCS / "gallery" / f"{example}.png").stat().st_size < 60_000
