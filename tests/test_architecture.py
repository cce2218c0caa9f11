"""Imports run one way, and nothing in the package knows a library by name."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "xpgrad"

# Each module may import those before it. The modules of a package may import one another.
ORDER = """
    errors tree scope collector keys axes backend discovery plan primitive declared exits collection array node
    cotangent rehearsal lazy operands record general reach pullback rows rules inplace loans variables functions
    subscripts beyond composites namespace numpy cupy dask operators protocols einops custom functional recomputation
    ravel implicit graph notebook check autograd __init__ mxnet minpy
""".split()

MODULES = sorted(SOURCE.rglob("*.py"))
PLUG_INS = sorted((ROOT / "backends").rglob("*.py"))


def name_of(path):
    """The top-level module of the package that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path):
    """The modules that a file imports when it runs; what only a type checker imports does not count."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.If) and ast.unparse(outer.test) == "TYPE_CHECKING"
        for statement in outer.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} uses a relative import"
            if node.module == "xpgrad":
                yield from (f"xpgrad.{alias.name}" for alias in node.names)
            else:
                yield node.module
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))


def ours(path):
    return {module.split(".")[1] for module in imports(path) if module.startswith("xpgrad.")}


def foreign(path):
    roots = {module.split(".")[0] for module in imports(path)}
    return roots - {"xpgrad"} - sys.stdlib_module_names


def by_name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_imports_run_one_way(path):
    name = name_of(path)
    assert name in ORDER, f"give {name} its place in the order"
    allowed = set(ORDER[: ORDER.index(name)]) | {name if path.parent != SOURCE else ""}
    assert ours(path) <= allowed


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_the_package_imports_no_library(path):
    allowed = {"discovery": {"array_api_compat"}, "subscripts": {"opt_einsum"}, "mxnet": {"libcst", "nbformat"}}.get(
        name_of(path), set()
    )
    assert foreign(path) <= allowed


@pytest.mark.parametrize("path", PLUG_INS, ids=by_name)
def test_a_plug_in_knows_the_contract_alone(path):
    # What it has beyond the standard is made of public names, and of array_of, which makes Arrays.
    assert ours(path) <= {"backend", "tree", "array", "Array"}
    package = path.relative_to(ROOT / "backends").parts[0]
    # The blocks of a Dask array, and the host's side of a transfer, are NumPy's; SciPy is a faster way where installed;
    # Dask's graphs hold compositions of toolz's, and what it calls in a block is what NumPy's plug-in makes of SciPy's;
    # CuPy's counterpart of SciPy is a package of its own.
    own = {"xpgrad_cupy": {"cupyx"}, "xpgrad_dask": {"toolz", "xpgrad_numpy"}}.get(package, set())
    assert foreign(path) <= {package, package.removeprefix("xpgrad_"), "array_api_compat", "numpy", "scipy", *own}


#: The libraries that a plug-in or array-api-compat knows; NumPy stands for the host's memory, too.
#: (The library `sparse` is not among them: its name is also that of a parameter of NumPy's.)
LIBRARIES = {"cupy", "dask", "jax", "ndonnx", "torch"}


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_nothing_depends_on_which_library_it_is(path):
    """What differs lives in the plug-ins: only the namespaces that are pinned to a library name it."""
    words = (
        word
        for node in ast.walk(ast.parse(path.read_text()))
        for word in re.findall(r"\w+", _text_of(node))
        if not (isinstance(node, ast.Constant) and " " in node.value)  # what people read
    )
    assert LIBRARIES.intersection(words) <= ({path.stem} if path.parent == SOURCE else set())


def _text_of(node):
    """A name or a string that stands in code."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return getattr(node, "id", None) or getattr(node, "attr", None) or ""


def test_every_module_is_in_the_order():
    assert {name_of(path) for path in MODULES} == set(ORDER)
