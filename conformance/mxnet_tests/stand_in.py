"""A plug-in of pytest that makes the name mxnet mean xpgrad.mxnet, so that MXNet's own tests run as they are written.

It also puts back what NumPy has dropped since those tests were written, and marks those that are expected to fail.
"""

from __future__ import annotations

import ast
import gc
import importlib
import importlib.abc
import importlib.machinery
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy
import pytest

import xpgrad.mxnet

#: Where MXNet's sources are, from where its tests are run.
SOURCES = Path.cwd().parents[2] / "python" / "mxnet"
EXPECTED = Path(__file__).with_name("expected.txt")


def listed(module: str, name: str) -> list[str]:
    """A list of names in MXNet's own sources, which its tests go through."""
    for statement in ast.parse((SOURCES / f"{module}.py").read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return list(ast.literal_eval(statement.value))
    raise LookupError(f"{SOURCES / module}.py has no list {name}.")


#: What MXNet's tests import of its insides, and do not use in those that can run.
INSIDES: dict[str, dict[str, Any]] = {
    "mxnet.amp": {"__path__": []},
    "mxnet.amp.amp": {"bfloat16": None},
    "mxnet.ndarray.ndarray": {"py_slice": slice},
    "mxnet.ndarray.numpy": {"__path__": []},
    "mxnet.ndarray.numpy._internal": {},
    "mxnet.numpy_dispatch_protocol": {
        "with_array_function_protocol": lambda f: f,
        "with_array_ufunc_protocol": lambda f: f,
        "_NUMPY_ARRAY_FUNCTION_LIST": listed("numpy_dispatch_protocol", "_NUMPY_ARRAY_FUNCTION_LIST"),
        "_NUMPY_ARRAY_UFUNC_LIST": listed("numpy_dispatch_protocol", "_NUMPY_ARRAY_UFUNC_LIST"),
    },
    "mxnet.numpy_op_signature": {"_get_builtin_op": None},
    "mxnet.runtime": {"Features": dict},
    "mxnet._numpy_op_doc": {},
}

#: Names that NumPy had when MXNet's tests were written.
DROPPED = {
    "NaN": numpy.nan,
    "alltrue": numpy.all,
    "sometrue": numpy.any,
    "Inf": numpy.inf,
    "round_": numpy.round,
    "bool": bool,
    "float": float,
    "int": int,
    "product": numpy.prod,
    "msort": lambda a: numpy.sort(a, axis=0),
    "in1d": numpy.isin,
    "trapz": numpy.trapezoid,
}

#: The same, in modules that there are.
NAMES = {
    "np.fallback": SimpleNamespace(
        __all__=[name for name in listed("numpy/fallback", "fallbacks") if name in DROPPED or hasattr(numpy, name)]
    ),
    "np.fallback_linalg": SimpleNamespace(__all__=listed("numpy/fallback_linalg", "__all__")),
    "operator.get_all_registered_operators": list,
    "util._NumpyArrayScope": lambda is_np_array: SimpleNamespace(_is_np_array=is_np_array),
    "util.set_flush_denorms": bool,
}


def with_interpolation(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy's whose parameter `method` was `interpolation` once, and whose shares were float64."""

    def call(a: Any, q: Any, *more: Any, interpolation: str | None = None, **options: Any) -> Any:
        shares = numpy.asarray(q, "float64") if isinstance(q, float) else q
        return f(a, shares, *more, **({"method": interpolation} if interpolation else {}), **options)

    return call


def with_list(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy's that gave a list once, where it gives a tuple now."""

    def call(*arguments: Any, **options: Any) -> Any:
        found = f(*arguments, **options)
        return list(found) if isinstance(found, tuple) else found

    return call


def with_plain_tuple(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy's that gave a tuple without names once."""

    def call(*arguments: Any, **options: Any) -> Any:
        found = f(*arguments, **options)
        return tuple(found) if isinstance(found, tuple) else found

    return call


_solve = numpy.linalg.solve
_unique = numpy.unique


def solve(a: Any, b: Any) -> Any:
    """NumPy's `solve`, which took a stack of vectors once."""
    return _solve(a, b[..., None])[..., 0] if numpy.ndim(b) == numpy.ndim(a) - 1 else _solve(a, b)


def with_flat_inverse(*arguments: Any, **options: Any) -> Any:
    """NumPy's `unique`, whose inverse was flat once."""
    found = _unique(*arguments, **options)
    return tuple(part.ravel() if i else part for i, part in enumerate(found)) if isinstance(found, tuple) else found


def nonzero_of_anything(a: Any) -> Any:
    """NumPy's `nonzero`, which took numbers once."""
    return numpy.atleast_1d(a).nonzero()


def in_fractions(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy's that rounds, and made fractions of booleans once."""
    return lambda a, *more, **options: f(numpy.asarray(a, "float16") if a.dtype == bool else a, *more, **options)


_where = numpy.where

#: Functions that gave a list once.
LISTS = ("atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "meshgrid")

#: Functions of NumPy's that were different when MXNet's tests were written.
CHANGED = {
    **{name: in_fractions(getattr(numpy, name)) for name in ("ceil", "floor", "trunc")},
    **{name: with_list(getattr(numpy, name)) for name in LISTS},
    "nonzero": nonzero_of_anything,
    "unique": with_flat_inverse,
    **{
        name: with_interpolation(getattr(numpy, name))
        for name in ("nanpercentile", "nanquantile", "percentile", "quantile")
    },
    "where": lambda condition, *xy: _where(condition, *xy) if xy else nonzero_of_anything(condition),
}

#: The same in its linear algebra.
LINALG = {"solve": solve, **{name: with_plain_tuple(getattr(numpy.linalg, name)) for name in ("eig", "eigh", "qr")}}


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds mxnet and its modules among those of xpgrad.mxnet."""

    def find_spec(self, name: str, *_: Any) -> Any:
        """A module whose name begins with mxnet."""
        return importlib.machinery.ModuleSpec(name, self) if name.split(".")[0] == "mxnet" else None

    def create_module(self, spec: Any) -> ModuleType:
        """The module of xpgrad.mxnet, or an empty one of MXNet's insides."""
        if spec.name in INSIDES:
            module = ModuleType(spec.name)
            vars(module).update(INSIDES[spec.name])
            return module
        return importlib.import_module(f"xpgrad.{spec.name}")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: the module has been run."""


def dense(x: Any, _: str) -> Any:
    """An array itself, whatever storage is asked for."""
    return x


def pytest_configure(config: pytest.Config) -> None:
    """Put everything in its place before the tests are imported."""
    for mark in ("garbage_expected", "seed", "serial"):
        config.addinivalue_line("markers", f"{mark}: MXNet's own")
    sys.meta_path.insert(0, Finder())
    vars(numpy).update({name: old for name, old in DROPPED.items() if name not in dir(numpy)} | CHANGED)
    vars(numpy.linalg).update(LINALG)
    for path, meaning in NAMES.items():
        module, _, name = path.partition(".")
        setattr(getattr(xpgrad.mxnet, module), name, meaning)
    for name in INSIDES:
        importlib.import_module(name)
    xpgrad.mxnet.nd.NDArray.tostype = dense  # type: ignore[assignment]  # a stand-in
    xpgrad.mxnet.npx.set_np()  # as MXNet 2 begins


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that makes a run short."""
    parser.addoption("--sample", type=int, help="how many cases to run at most of each test that is parametrized")


def sampled(items: list[pytest.Item], most: int) -> list[pytest.Item]:
    """At most so many cases of each test, at random but always the same."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    draw = random.Random(0).sample  # noqa: S311  # nothing is to be kept secret
    chosen = {id(item) for group in cases.values() for item in draw(group, min(most, len(group)))}
    return [item for item in items if id(item) in chosen]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is expected to fail, with its reason."""
    if config.getoption("--sample"):
        items[:] = sampled(items, config.getoption("--sample"))
    reasons = dict(line.split(maxsplit=1) for line in EXPECTED.read_text().splitlines() if line[:1] not in ("", "#"))
    for item in items:
        module, _, name = item.nodeid.rpartition("/")[2].partition(".py::")
        for key in (f"{module}::{name}", f"{module}::{name.partition('[')[0]}"):
            if key in reasons:
                item.add_marker(pytest.mark.xfail(reason=reasons[key].strip(), run=False))
                break


def pytest_collection_finish() -> None:
    """Leave what is there already out of the garbage collection that MXNet's tests do before and after each."""
    gc.freeze()
