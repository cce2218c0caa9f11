"""Rewriting the imports of scripts and notebooks."""

import builtins
import importlib
import runpy
import sys

import pytest

from xpgrad.mxnet import migrate

nbformat = pytest.importorskip("nbformat", reason="notebooks are read and written by nbformat, which is not installed")
pytest.importorskip("libcst", reason="programs are rewritten by libcst, which is not installed")

SCRIPT = '''"""A program."""
import os, mxnet as mx  # all of it
from mxnet import autograd, np, npx
from mxnet.gluon import nn
import minpy.numpy as mnp
import mxnet.ndarray

npx.set_np()
x = np.array([1.0, 2.0])
x.attach_grad()
with autograd.record():
    y = (x * x).sum()
y.backward()
print(x.grad, mx.nd.ones(2).sum().asscalar(), mnp.sum(mnp.ones(3)), mxnet.cpu(), nn.Dense(2))
'''


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_only_the_imports_change(script, capsys):
    assert migrate.main([str(script)]) == 0
    assert script.read_text() == SCRIPT
    shown = capsys.readouterr().out
    assert "-from mxnet import autograd, np, npx" in shown
    assert "+from xpgrad.mxnet import autograd, np, npx" in shown
    assert migrate.main([str(script), "--write"]) == 0
    changed = script.read_text()
    assert "import os, xpgrad.mxnet as mx  # all of it" in changed
    assert "import xpgrad.minpy.numpy as mnp" in changed
    assert "import xpgrad.mxnet as mxnet\n" in changed
    assert changed.splitlines()[6:] == SCRIPT.splitlines()[6:]
    assert "written" in capsys.readouterr().out
    runpy.run_path(str(script))
    assert capsys.readouterr().out.startswith("[2. 4.] 2.0 3.0 cpu(0) Dense(")
    assert migrate.main([str(script), "--write"]) == 0
    assert capsys.readouterr().out == ""


def test_names_that_are_not_provided(tmp_path, capsys):
    path = tmp_path / "script.py"
    path.write_text(
        "import mxnet as mx\n"
        "from mxnet import nd, sym\n"
        "from mxnet.gluon import nn as layers\n"
        "\n"
        "net = layers.Dence(3)\n"
        "x = nd.zeros(2) + mx.nd.zeroes(2)\n"
        "y = x.anything.at.all, mx.gluon.loss.L2Loss(), mx.io.NDArrayIter\n"
    )
    assert migrate.main([str(path)]) == 0
    missing = [line for line in capsys.readouterr().out.splitlines() if ": line " in line]
    assert [line.split(": ")[1] for line in missing] == ["line 2", "line 5", "line 6", "line 7"]
    assert "there are no symbols" in missing[0]
    assert "'Dence'" in missing[1]
    assert "Dense" in missing[1]
    assert "zeros" in missing[2]
    assert "DataLoader" in missing[3]


def test_notebooks(tmp_path, capsys):
    cells = [
        nbformat.v4.new_markdown_cell("import mxnet stays here"),
        nbformat.v4.new_code_cell("%matplotlib inline\nfrom mxnet import np, npx\nnpx.set_np()"),
        nbformat.v4.new_code_cell("!ls\nx = np.ones(2)\nnp.nonsense(x)"),
        nbformat.v4.new_code_cell("%%time\nimport mxnet"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    path = tmp_path / "notebook.ipynb"
    nbformat.write(notebook, path)
    assert migrate.main(["--write", str(path)]) == 0
    out = capsys.readouterr().out
    assert "code cell 2, line 3: mx.np does not provide 'nonsense'" in out
    changed = nbformat.read(path, as_version=4)
    nbformat.validate(changed)
    assert [cell.source for cell in changed.cells] == [
        "import mxnet stays here",
        "%matplotlib inline\nfrom xpgrad.mxnet import np, npx\nnpx.set_np()",
        "!ls\nx = np.ones(2)\nnp.nonsense(x)",
        "%%time\nimport mxnet",
    ]


def test_bad_files_do_not_stop_the_others(script, tmp_path, capsys):
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    (tmp_path / "broken.ipynb").write_text("{}")
    (tmp_path / "folder.py").mkdir()
    names = ["broken.py", "latin.py", "broken.ipynb", "folder.py", "absent.py", "script.py"]
    assert migrate.main(["--write", *(str(tmp_path / name) for name in names)]) == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 5
    for line, name in zip(lines, names, strict=False):
        assert line.startswith(f"{tmp_path / name}: ")
    assert "line 1" in lines[0]
    assert "No such file" in lines[4]
    assert "xpgrad.mxnet" in script.read_text()
    with pytest.raises(SystemExit):
        migrate.main([])


@pytest.mark.parametrize("library", ["libcst", "nbformat"])
def test_without_the_libraries(script, tmp_path, capsys, monkeypatch, library):
    def without(name, *arguments):
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return importlib.__import__(name, *arguments)

    notebook = tmp_path / "notebook.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import mxnet as mx")]), notebook)
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(migrate.importlib, "import_module", without)
    monkeypatch.setattr(builtins, "__import__", without)
    assert migrate.main([str(script if library == "libcst" else notebook)]) == 1
    assert f"{library} is not installed: pip install 'xpgrad[migrate]'" in capsys.readouterr().err


def test_names_of_a_star_and_duplicates(tmp_path, capsys):
    path = tmp_path / "script.py"
    path.write_text("from mxnet import *\nfrom minpy.nn import layers\nnd.zork(nd.ones(2))\n")
    assert migrate.main([str(path)]) == 0
    found = [line for line in capsys.readouterr().out.splitlines() if ": line " in line]
    assert len(found) == 2
    assert "line 2: xpgrad.minpy.nn is not provided" in found[0]
    assert "line 3: mx.nd does not provide 'zork'" in found[1]


@pytest.mark.parametrize(
    "content",
    [
        b"# -*- coding: latin-1 -*-\nimport mxnet as mx  # caf\xe9\n",
        b"\xef\xbb\xbfimport mxnet as mx\r\nx = mx.nd.ones(2)\r\n",
        b"",
    ],
)
def test_bytes_stay_as_they_are(tmp_path, content):
    path = tmp_path / "script.py"
    path.write_bytes(content)
    assert migrate.main(["--write", str(path)]) == 0
    assert path.read_bytes() == content.replace(b"import mxnet", b"import xpgrad.mxnet")


def test_lines_of_ipython(tmp_path):
    cells = [
        "%matplotlib inline\n!pip install mxnet\nimport mxnet as mx",
        "%%timeit\nmx.nd.ones(2)",
        "files = !ls\nmx.nd.ones?\n??mx",
        "for i in range(2):\n    %time mx.nd.ones(2)",
        "",
        "%%bash\nls mxnet",
    ]
    path = tmp_path / "book.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)
    assert migrate.main(["--write", str(path)]) == 0
    cells[0] = cells[0].replace("import mxnet", "import xpgrad.mxnet")
    assert [cell.source for cell in nbformat.read(path, 4).cells] == cells


def test_python_2_is_named_as_such(tmp_path, capsys):
    path = tmp_path / "script.py"
    path.write_text('import mxnet as mx\nprint "hello"\n')
    assert migrate.main([str(path)]) == 1
    assert capsys.readouterr().err == f"{path}: line 2: this is no Python 3\n"
