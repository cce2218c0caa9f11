"""Calls every function that SciPy declares capable of other libraries' arrays with Arrays, and writes what happens.

    SCIPY_ARRAY_API=1 python conformance/scipy/sweep.py docs/ecosystem.md

The arguments are guessed: the first of the forms below that SciPy takes with NumPy arrays. A function that takes none
of them is listed as not tried.
"""

from __future__ import annotations

import importlib
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import xpgrad
from xpgrad import Array, autograd
from xpgrad.errors import GradientLostWarning, NotRecordedError

MODULES = (
    "cluster.vq cluster.hierarchy differentiate fft integrate interpolate linalg ndimage optimize.elementwise signal "
    "signal.windows spatial.distance spatial.transform special stats"
).split()

_RNG = np.random.default_rng(0)
V = (_RNG.permutation(12) + _RNG.uniform(0.3, 0.7, 12)) / 13  # between 0 and 1, all different
W = (_RNG.permutation(12) + _RNG.uniform(0.3, 0.7, 12)) / 13
M = np.reshape(V, (4, 3))
S = M[:3] + 2 * np.eye(3)

SECONDS = 3

xp: Any = xpgrad.namespace("numpy")

#: The positional arguments that are tried; every array in them is a variable in its turn.
FORMS: tuple[tuple[Any, ...], ...] = (
    (V,), (M,), (S,), (V, W), (M, M[::-1]), (V, 2), (2, V), (0.7, V), (V, 0.7), (V, W, V + 1), (S, S[0]), (M, 2, 0.5),
    (0.7, 1.3, V), (0.7, 1.3, 2.1, V), (2, 3, V), (M, M[0]), ([V, W],), (V[:6], V[6:], 1.5), (V, W, 1.5, 2.0),
)  # fmt: skip

KINDS = {
    "differentiates": "the gradient is that of differences",
    "constant": "its results do not depend on the values, or jump",
    "a number": "it ends in a Python number: a warning says that the gradient is lost there",
    "refuses": "an array leaves the recorded world, or has no derivative there: an error says so",
    "wrong": "the gradient is not that of differences",
    "not tried": "the guessed arguments do not suit it",
}


def capable() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions that SciPy declares capable of other arrays than NumPy's, by name."""
    table = importlib.import_module("scipy._lib._array_api").xp_capabilities_table
    for module in MODULES:
        namespace = importlib.import_module(f"scipy.{module}")
        for name in sorted(set(getattr(namespace, "__all__", dir(namespace)))):
            f = getattr(namespace, name, None)
            if (
                callable(f)
                and not isinstance(f, type)
                and f.__hash__
                and not table.get(f, {"np_only": True})["np_only"]
            ):
                yield f"{module}.{name}", f


def floats(out: Any) -> list[Any]:
    """The floating-point results of a call."""
    if isinstance(out, tuple | list):
        return [part for item in out for part in floats(item)]
    if hasattr(out, "__dict__") and not hasattr(out, "dtype"):
        return floats([value for name, value in sorted(vars(out).items()) if not name.startswith("_")])
    return [out] if np.asarray(getattr(out, "data", out)).dtype.kind in "fc" else []


def total(out: Any) -> Any:
    """A number that depends on all results."""
    parts = floats(out)
    return sum(
        np.sum(np.real(part * np.cos(np.arange(part.size).reshape(part.shape))))
        for part in parts
        if np.ndim(part) or hasattr(part, "dtype")
    )


def replaced(form: tuple[Any, ...], make: Callable[[Any], Any]) -> tuple[Any, ...]:
    """A form with other arrays in the place of its own."""
    return tuple(
        list(map(make, a)) if isinstance(a, list) else make(a) if isinstance(a, np.ndarray) else a for a in form
    )


def slope(f: Callable[..., Any], form: tuple[Any, ...], step: float = 3e-6) -> float:
    """How the total changes as all arrays move in one direction, by differences of the fourth order."""

    def moved(steps: int) -> Any:
        return total(f(*replaced(form, lambda a: a + steps * step * direction(a))))

    far, near, back, further_back = map(moved, (2, 1, -1, -2))
    return float(8 * (near - back) - (far - further_back)) / (12 * step)


def direction(a: Any) -> Any:
    """Where an array moves."""
    return np.sin(1 + np.arange(a.size)).reshape(a.shape)


def kind_of(f: Callable[..., Any]) -> tuple[str, str]:
    """What happens to a function: one of the `KINDS`, and the error if there is one."""
    for form in FORMS:
        try:
            expected = slope(f, form)
        except TimeoutError:
            raise
        except Exception:  # noqa: BLE001, S112  # whatever SciPy says of arguments that do not suit
            continue
        if not np.isfinite(expected):
            continue
        made: list[Any] = []

        def variable(a: Any, made: list[Any] = made) -> Any:
            made.append(xp.asarray(a.copy()))
            made[-1].attach_grad()
            return made[-1]

        arguments = replaced(form, variable)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                with autograd.record():
                    found = total(f(*arguments))
                if isinstance(found, Array):
                    found.backward()
            except NotRecordedError:
                pass
            except TimeoutError:
                raise
            except Exception as error:  # noqa: BLE001  # the table shows which
                return "refuses", type(error).__name__
        if any(issubclass(w.category, GradientLostWarning) for w in seen):
            return "a number", ""
        slopes = sum(float(np.sum(v.grad.asnumpy() * direction(v))) for v in made)
        if abs(slopes - expected) > 1e-5 * max(1.0, abs(expected)):
            return "wrong", f"{slopes:.6g}, not {expected:.6g}"
        return ("differentiates" if abs(expected) > 1e-7 else "constant"), ""
    return "not tried", ""


def sweep() -> dict[str, tuple[str, str]]:
    """What happens to every function."""
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        return {name: in_time(f) for name, f in capable()}


def in_time(f: Callable[..., Any]) -> tuple[str, str]:
    """What happens to a function within seconds; what takes longer has got arguments that do not suit it."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        return kind_of(f)
    except TimeoutError:
        return "not tried", "takes too long"
    finally:
        signal.alarm(0)


def table(found: dict[str, tuple[str, str]]) -> str:
    """The page."""
    scipy = importlib.import_module("scipy")
    lines = [
        "# SciPy's functions on Arrays",
        "",
        f"Made by `python conformance/scipy/sweep.py docs/ecosystem.md` and SciPy {scipy.__version__}:"
        " "
        f"{len(found)} functions that SciPy declares capable of other libraries' arrays.",
        "",
        "| | functions | |",
        "|---|---|---|",
    ]
    counts = {kind: sum(k == kind for k, _ in found.values()) for kind in KINDS}
    lines += [f"| {kind} | {counts[kind]} | {meaning} |" for kind, meaning in KINDS.items()]
    lines += ["", "| function | |", "|---|---|"]
    lines += [f"| {name} | {kind}{f' ({why})' if why else ''} |" for name, (kind, why) in found.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table(sweep()))
