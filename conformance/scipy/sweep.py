"""Calls every function that SciPy declares capable of other libraries' arrays with Arrays, and writes what happens.

    SCIPY_ARRAY_API=1 python conformance/scipy/sweep.py docs/ecosystem.md

The arguments are guessed: the first of the forms below that SciPy takes with NumPy arrays. What takes none of them, or
would be called with what means little to it, has a call of its own in calls.txt.
"""

from __future__ import annotations

import importlib
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
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

Q = np.linspace(0.11, 1.9, 12) + V / 20  # increasing
T = np.asarray(0.37)

SECONDS = 5

xp: Any = xpgrad.namespace("numpy")

Call = Callable[..., Any]
Arrays = list[Any]

#: The positional arguments that are tried; every array in them is a variable in its turn.
FORMS: tuple[tuple[Any, ...], ...] = (
    (V,), (M,), (S,), (V, W), (M, M[::-1]), (V, 2), (2, V), (0.7, V), (V, 0.7), (V, W, V + 1), (S, S[0]), (M, 2, 0.5),
    (0.7, 1.3, V), (0.7, 1.3, 2.1, V), (2, 3, V), (M, M[0]), ([V, W],), (V[:6], V[6:], 1.5), (V, W, 1.5, 2.0),
)  # fmt: skip

#: What calls.txt may name: arrays, which are variables, and constants.
INPUTS = {"m": M, "q": Q, "s": S, "t": T, "v": V, "w": W}
NAMES = {"np": np, "stats": importlib.import_module("scipy.stats"), "Q": Q, "V": V, "W": W}

CALLS: list[tuple[str, str]] = [
    (pattern, text.strip())
    for line in Path(__file__).with_name("calls.txt").read_text().splitlines()
    if line and line[0] != "#"
    for patterns, _, text in [line.partition("  ")]
    for pattern in patterns.split()
]

KINDS = {
    "differentiates": "the gradient is that of differences",
    "constant": "its results do not depend on the values, or jump",
    "a number": "it ends in a Python number: a warning says that the gradient is lost there",
    "refuses": "an array leaves the recorded world, or has no derivative there: an error says so",
    "wrong": "the gradient is not that of differences",
    "no array": "its arguments are numbers",
    "not tried": "the guessed arguments do not suit it",
}

#: What an error of a function that refuses says.
CAUSES = {
    "HistoryLostError": "SciPy asks NumPy for the memory, for compiled code that records nothing",
    "NotDifferentiableError": "xpgrad has no derivative by this argument",
    "ValueError": "the same, but SciPy's compiled code puts words of its own in the place of the error's",
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
    if isinstance(out, dict):
        return floats([value for _, value in sorted(out.items())])
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


def guesses(f: Callable[..., Any]) -> Iterator[tuple[Call, Arrays]]:
    """A function called in every form: a call that takes arrays and their namespace, and these arrays."""
    for form in FORMS:
        arrays = [a for part in form for a in (part if isinstance(part, list) else [part]) if isinstance(a, np.ndarray)]

        def call(_: Any, *new: Any, form: Any = form) -> Any:
            rest = iter(new)
            return f(
                *(
                    [next(rest) for _ in a] if isinstance(a, list) else next(rest) if isinstance(a, np.ndarray) else a
                    for a in form
                )
            )

        yield call, arrays


def own_call(name: str, f: Callable[..., Any]) -> tuple[Call, Arrays] | None:
    """The call that calls.txt has for a function, with the arrays that it names."""
    for pattern, text in CALLS:
        if fnmatch(name, pattern):
            names = sorted(set(re.findall(r"\b[mqstvwz]\b", text)))
            call = eval(f"lambda xp, {', '.join(names)}: {text}", NAMES | {"f": f})  # noqa: S307  # our own text
            return call, [INPUTS[name] for name in names]
    return None


def slope(call: Call, arrays: Arrays, step: float = 3e-6) -> float:
    """How the total changes as all arrays move in one direction, by differences of the fourth order."""

    def moved(steps: int) -> Any:
        return total(call(np, *(a + steps * step * direction(i, a) for i, a in enumerate(arrays))))

    far, near, back, further_back = map(moved, (2, 1, -1, -2))
    return float(8 * (near - back) - (far - further_back)) / (12 * step)


def direction(i: int, a: Any) -> Any:
    """Where the i-th array moves."""
    return np.reshape(np.sin(1 + 2 * i + np.arange(a.size)), a.shape)


def kind_of(name: str, f: Callable[..., Any]) -> tuple[str, str]:
    """What happens to a function: one of the `KINDS`, and the error if there is one."""
    own = own_call(name, f)
    for call, arrays in [own] if own else guesses(f):
        try:
            expected = slope(call, arrays)
        except TimeoutError:
            raise
        except Exception as error:  # whatever SciPy says of arguments that do not suit
            if own:
                raise ValueError(f"the call of {name} in calls.txt does not suit it") from error
            continue
        if np.isfinite(expected):
            return compared(call, arrays, expected) if arrays else ("no array", "")
    return "not tried", ""


def compared(call: Call, arrays: Arrays, expected: float) -> tuple[str, str]:
    """What a call does with Arrays."""
    made = [xp.asarray(a.copy()) for a in arrays]
    for v in made:
        v.attach_grad()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            with autograd.record():
                found = total(call(xp, *made))
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
    slopes = sum(float(np.sum(v.grad.asnumpy() * direction(i, v))) for i, v in enumerate(made))
    if abs(slopes - expected) > 1e-5 * max(1.0, abs(expected)):
        return "wrong", f"{slopes:.6g}, not {expected:.6g}"
    return ("differentiates" if abs(expected) > 1e-7 else "constant"), ""


def sweep() -> dict[str, tuple[str, str]]:
    """What happens to every function."""
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        return {name: in_time(name, f) for name, f in capable()}


def in_time(name: str, f: Callable[..., Any]) -> tuple[str, str]:
    """What happens to a function within seconds; what takes longer has got arguments that do not suit it."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        return kind_of(name, f)
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
        "Made by `SCIPY_ARRAY_API=1 python conformance/scipy/sweep.py docs/ecosystem.md` with SciPy"
        f" {scipy.__version__}: {len(found)} functions that SciPy declares capable of other libraries' arrays. Each is"
        " called with recorded Arrays, with arguments that are guessed or written in conformance/scipy/calls.txt; other"
        " arguments of a function may fare otherwise.",
        "",
        "| | functions | |",
        "|---|---|---|",
    ]
    counts = {kind: sum(k == kind for k, _ in found.values()) for kind in KINDS}
    lines += [f"| {kind} | {counts[kind]} | {meaning} |" for kind, meaning in KINDS.items()]
    lines += ["", "Why they refuse:", "", "| error | functions | |", "|---|---|---|"]
    errors = [why for kind, why in found.values() if kind == "refuses"]
    lines += [f"| {error} | {errors.count(error)} | {CAUSES.get(error, '')} |" for error in sorted(set(errors))]
    lines += ["", "| function | |", "|---|---|"]
    lines += [f"| {name} | {kind}{f' ({why})' if why else ''} |" for name, (kind, why) in found.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table(sweep()))
