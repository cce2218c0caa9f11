"""Rewrites the imports of MXNet and MinPy in scripts and notebooks: ``python -m xpgrad.mxnet.migrate FILE…``.

It shows what would change, and writes with ``--write`` only. Names that are not provided are listed with their lines.
Needs libcst, and for notebooks nbformat: ``pip install 'xpgrad[migrate]'``.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from functools import reduce
from io import BytesIO
from pathlib import Path
from typing import Any

#: What stands in the place of which package.
PACKAGES = {"mxnet": "xpgrad.mxnet", "minpy": "xpgrad.minpy"}


class MigrationError(Exception):
    """Why a file is left as it is."""


def _library(name: str) -> Any:
    """A library of the extra `migrate`.

    Raises
    ------
    MigrationError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MigrationError(f"{name} is not installed: pip install 'xpgrad[migrate]'") from error


def _dotted(node: Any) -> str:
    """``a.b.c`` as text, or nothing where it is something else."""
    if node.__class__.__name__ == "Name":
        return str(node.value)
    if node.__class__.__name__ == "Attribute" and (base := _dotted(node.value)):
        return f"{base}.{node.attr.value}"
    return ""


def _renamed(dotted: str) -> str | None:
    """The name of a module here; None if it is none of those that are rewritten."""
    root, dot, rest = dotted.partition(".")
    return f"{PACKAGES[root]}{dot}{rest}" if root in PACKAGES else None


def _provides(dotted: str) -> str | None:
    """Why a name is not there; None where it is. It begins with one of the packages here."""
    package = next(package for package in PACKAGES.values() if dotted == package or dotted.startswith(f"{package}."))
    found: Any = importlib.import_module(package)
    path = package
    for part in dotted[len(package) + 1 :].split(".") if dotted != package else ():
        path = f"{path}.{part}"
        try:
            found = getattr(found, part)
        except AttributeError as error:
            try:
                found = importlib.import_module(path)
            except ImportError:
                return str(error)
    return None


def rewritten(source: str) -> tuple[str, list[tuple[int, str]]]:
    """A program with its imports rewritten, and the lines of the names that are not provided, with the reasons.

    Parameters
    ----------
    source : str
        The program.

    Raises
    ------
    MigrationError
        If libcst is not installed, or it is no program of Python's.
    """
    cst = _library("libcst")
    metadata = _library("libcst.metadata")
    try:
        module = metadata.MetadataWrapper(cst.parse_module(source))
    except cst.ParserSyntaxError as error:
        raise MigrationError(f"line {error.raw_line}: this is no Python 3") from error
    bound: dict[str, str] = {}  # what a name in the program means
    missing: dict[tuple[int, str], str] = {}

    def check(line: int, dotted: str) -> None:
        if (why := _provides(dotted)) is not None:
            missing[line, dotted] = why

    class Imports(cst.CSTTransformer):  # type: ignore[name-defined, misc]  # libcst is imported where it is needed
        METADATA_DEPENDENCIES = (metadata.PositionProvider,)

        def _line(self, node: Any) -> int:
            return int(self.get_metadata(metadata.PositionProvider, node).start.line)

        def leave_Import(self, original: Any, updated: Any) -> Any:  # noqa: N802  # libcst's name
            aliases = []
            for old, alias in zip(original.names, updated.names, strict=True):
                dotted = _dotted(old.name)
                new = _renamed(dotted)
                if new is None:
                    aliases.append(alias)
                    continue
                check(self._line(original), new)
                if alias.asname is not None:
                    bound[_dotted(alias.asname.name)] = new
                    aliases.append(alias.with_changes(name=cst.parse_expression(new)))
                else:  # `import mxnet`, and `import mxnet.nd` as well, binds the name mxnet, and goes on to do so
                    root = dotted.partition(".")[0]
                    bound[root] = PACKAGES[root]
                    package = cst.parse_expression(PACKAGES[root])
                    aliases.append(alias.with_changes(name=package, asname=_as(cst, root)))
            return updated.with_changes(names=aliases)

        def leave_ImportFrom(self, original: Any, updated: Any) -> Any:  # noqa: N802  # as above
            new = None if original.relative or original.module is None else _renamed(_dotted(original.module))
            if new is None:
                return updated
            if isinstance(original.names, cst.ImportStar):
                check(self._line(original), new)
                if _is_module(new):
                    bound.update({name: f"{new}.{name}" for name in getattr(_object(new), "__all__", ())})
            else:
                for alias in original.names:
                    name = _dotted(alias.name)
                    check(self._line(original), f"{new}.{name}")
                    bound[_dotted(alias.asname.name) if alias.asname is not None else name] = f"{new}.{name}"
            return updated.with_changes(module=cst.parse_expression(new))

    class Names(cst.CSTVisitor):  # type: ignore[name-defined, misc]  # as above
        METADATA_DEPENDENCIES = (metadata.PositionProvider,)

        def visit_Attribute(self, node: Any) -> bool:  # noqa: N802  # as above
            dotted = _dotted(node)
            root, _, rest = dotted.partition(".")
            if rest and root in bound and _is_module(bound[root]):
                check(self.get_metadata(metadata.PositionProvider, node).start.line, _within_modules(bound[root], rest))
            return not dotted

    changed = module.visit(Imports())
    module.visit(Names())
    return changed.code, sorted({(line, why) for (line, _), why in missing.items()})


def _as(cst: Any, name: str) -> Any:
    """``as name``."""
    return cst.AsName(cst.Name(name), cst.SimpleWhitespace(" "), cst.SimpleWhitespace(" "))


def _is_module(dotted: str) -> bool:
    """Whether a name is that of a module, whose attributes can be looked for."""
    return _provides(dotted) is None and _object(dotted).__class__.__name__ == "module"


def _object(dotted: str) -> Any:
    """What a name stands for, which begins with one of the packages here."""
    _, package, *rest = dotted.split(".")
    return reduce(getattr, rest, importlib.import_module(f"xpgrad.{package}"))


def _within_modules(base: str, rest: str) -> str:
    """A dotted name as far as it goes through modules, and one attribute more: what comes after is a value's."""
    path = base
    for part in rest.split("."):
        path = f"{path}.{part}"
        if _provides(path) is not None or not _is_module(path):
            break
    return path


def _cells(text: str) -> tuple[Any, list[Any]]:
    """A notebook and its cells of Python."""
    nbformat = _library("nbformat")
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises what it comes across
        raise MigrationError(f"is no notebook: {str(error).splitlines()[0]}") from error
    return notebook, [cell for cell in notebook.cells if cell.cell_type == "code"]


#: A line of IPython's, which is no Python: a magic, a command of the shell, a question, or the result of one.
_MAGIC = re.compile(r"(\s*)([%!?].*|[\w.]+\?+\s*|[\w.,\s]+=\s*[%!].*)")

#: What stands in its place.
_MASK = "pass#magic# "


def _hidden(source: str) -> str:
    """A cell with statements that do nothing in place of the lines of IPython's."""
    lines = source.split("\n")
    if lines[0].startswith("%%"):
        return "\n".join(f"{_MASK}{line}" for line in lines)
    found = [(line, _MAGIC.fullmatch(line)) for line in lines]
    return "\n".join(line if magic is None else f"{magic[1]}{_MASK}{magic[2]}" for line, magic in found)


def migrate(text: str, notebook: bool) -> tuple[str, list[tuple[str, str]]]:
    """A file with its imports rewritten, and the places of the names that are not provided, with the reasons."""
    if not notebook:
        code, missing = rewritten(text)
        return code, [(f"line {line}", why) for line, why in missing]
    book, cells = _cells(text)
    # All cells together, so that what one imports is known in the others; a line of its own stands between them.
    mark = "#cell#"
    code, missing = rewritten(f"\n{mark}\n".join(_hidden(cell.source) for cell in cells) + "\n")
    parts = code.removesuffix("\n").split(f"\n{mark}\n")
    ends = _ends([part.count("\n") + 1 for part in parts])
    for cell, part in zip(cells, parts, strict=True):
        cell.source = part.replace(_MASK, "")
    places = [(_place(line, ends), why) for line, why in missing]
    return _library("nbformat").writes(book) + "\n", places


def _ends(lengths: Sequence[int]) -> list[int]:
    """The number of the line before each part, and after the last one."""
    ends = [0]
    for length in lengths:
        ends.append(ends[-1] + length + 1)
    return ends


def _place(line: int, ends: Sequence[int]) -> str:
    """The cell and the line in it of a line of all cells together."""
    cell = max(i for i, end in enumerate(ends) if end < line)
    return f"code cell {cell + 1}, line {line - ends[cell]}"


def _report(path: Path, write: bool) -> Iterator[str]:
    """Migrate a file, and say what changes and what is missing."""
    try:
        content = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
        text = content.decode(encoding)
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise MigrationError(str(getattr(error, "strerror", None) or error)) from error
    changed, missing = migrate(text, path.suffix == ".ipynb")
    yield from unified_diff(text.splitlines(), changed.splitlines(), str(path), str(path), lineterm="", n=1)
    yield from (f"{path}: {place}: {why}" for place, why in missing)
    if write and changed != text:
        path.write_bytes(changed.encode(encoding))
        yield f"{path}: written"


def main(arguments: Sequence[str] | None = None) -> int:
    """Migrate files as the command line says; 1 if one of them could not be read."""
    parser = argparse.ArgumentParser(
        prog="python -m xpgrad.mxnet.migrate", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a script (.py) or a notebook (.ipynb)")
    parser.add_argument("--write", action="store_true", help="change the files; otherwise only show what would change")
    options = parser.parse_args(arguments)
    failed = False
    for path in options.files:
        try:
            for line in _report(path, options.write):
                print(line)  # noqa: T201  # a command talks to its user
        except MigrationError as error:
            failed = True
            print(f"{path}: {error}", file=sys.stderr)  # noqa: T201  # as above
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
