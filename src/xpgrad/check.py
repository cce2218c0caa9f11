"""A public gradient checker: reverse and forward mode against central differences, to any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from itertools import product
from random import Random
from typing import Any

from xpgrad.array import Array, array_of, filled
from xpgrad.custom import arrays, name_of, snapshot
from xpgrad.discovery import backend_of, floating
from xpgrad.errors import GradientCheckError
from xpgrad.functional import arguments_in, differentiated, jvp, positions_of, units, vjp
from xpgrad.functions import function
from xpgrad.tree import placed_leaves, rebuild, tree_map

_MODES = ("reverse", "forward")


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    *,
    order: int = 2,
    modes: Sequence[str] = _MODES,
    argnums: int | Sequence[int] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    eps: float | None = None,
) -> None:
    """Check the derivatives of a function against central differences.

    The reverse mode is checked for every entry of every argument, with a random cotangent; the forward mode for every
    entry of the output, with a random direction in each argument. For the next order the same is done to the gradient.

    Parameters
    ----------
    f : callable
        Returns floating-point arrays, nested in dicts, lists and tuples as you like. It is called a few times for every
        entry of its arguments, with Arrays.
    args : tuple or list
        Its arguments, as for `grad`.
    order : int
        The highest order of derivatives to check.
    modes : sequence of {"reverse", "forward"}
        Which modes to check.
    argnums : int, or tuple or list of int, optional
        The positions of the arguments to differentiate by; all by default.
    rtol, atol : float, optional
        How far off a derivative may be, relative to its size and absolutely; by default ``machine_epsilon ** 0.4``:
        5e-7 for float64, 2e-3 for float32.
    eps : float, optional
        The step, for entries beyond 1 relative to them; by default ``machine_epsilon ** (1 / 3)``.

    Raises
    ------
    GradientCheckError
        If a derivative is off; says in which mode and order, for which argument and entry, and by how much.
    DifferentiationError, VariableError
        As for `grad`.
    ValueError
        If a mode is unknown.
    """
    for mode in modes:
        if mode not in _MODES:
            raise ValueError(f"unknown mode {mode!r}: use 'reverse' and 'forward'.")
    args = arguments_in(args, "args")
    positions = range(len(args)) if argnums is None else positions_of(argnums, args)
    places = [(f"argument {i}{place}", x) for i in positions for place, x in placed_leaves(args[i])]
    chosen = tuple(args[i] for i in positions)
    inputs = rebuild(chosen, [array_of(differentiated(x, place).data) for place, x in places])
    coarsest = max((_epsilon(x) for x in arrays(inputs)), default=0.0)
    check = _Check(
        name_of(f),
        [place for place, _ in places],
        rtol=coarsest**0.4 if rtol is None else rtol,
        atol=coarsest**0.4 if atol is None else atol,
        eps=coarsest ** (1 / 3) if eps is None else eps,
    )

    @wraps(f)
    def of_chosen(*new: Any) -> Any:
        given = dict(enumerate(args)) | dict(zip(positions, new, strict=True))
        return f(*given.values())

    g: Callable[..., Any] = of_chosen
    for degree in range(1, order + 1):
        if "reverse" in modes:
            check.reverse(g, inputs, degree)
        if "forward" in modes:
            check.forward(g, inputs, degree)
        if degree < order:
            g = check.gradient_of(g, inputs)


class _Check:
    """One check of a function: what its inputs are called, tolerances, and random directions, the same every time."""

    def __init__(self, name: str, places: list[str], *, rtol: float, atol: float, eps: float) -> None:
        self._name = name
        self._places = places
        self._rtol, self._atol, self._eps = rtol, atol, eps
        self._random = Random(0)  # noqa: S311  # directions, not secrets

    def reverse(self, f: Callable[..., Any], args: tuple[Any, ...], degree: int) -> None:
        """Compare the gradient of the product of the output with a random cotangent, entry by entry."""
        out, pull_back = vjp(f, *args)
        cotangent = self._cotangent(out)
        gradients = arrays(pull_back(cotangent))
        for i, (place, x) in enumerate(zip(self._places, arrays(args), strict=True)):
            for entry, unit in zip(_entries(x), units(x), strict=True):
                step = self._eps * max(1.0, abs(x[entry].item()))
                numeric: complex = 0.0
                for factor in (1.0, 1j) if floating(x.data) == "complex" else (1.0,):
                    direction = unit * factor
                    ahead, behind = (_product(cotangent, _moved(f, args, i, direction, h)) for h in (step, -step))
                    numeric += factor * (ahead - behind) / (2 * step)
                self._compare(gradients[i][entry].item(), numeric, f"reverse mode, order {degree}: by {place}", entry)

    def forward(self, f: Callable[..., Any], args: tuple[Any, ...], degree: int) -> None:
        """Compare the derivative of every entry of the output in a random direction of each argument.

        Entries beyond 1 move by as much more, as their steps in reverse mode are longer.
        """
        for i, (place, x) in enumerate(zip(self._places, arrays(args), strict=True)):
            direction = self._direction(x) * function("clip")(function("abs")(x), 1.0)
            tangents = [direction if j == i else filled(other, 0) for j, other in enumerate(arrays(args))]
            _, tangent = jvp(f, args, rebuild(args, tangents))
            ahead, behind = (arrays(_moved(f, args, i, direction, h)) for h in (self._eps, -self._eps))
            for (where, t), a, b in zip(placed_leaves(tangent), ahead, behind, strict=True):
                for entry in _entries(t) if floating(t.data) else ():
                    numeric = (a[entry].item() - b[entry].item()) / (2 * self._eps)
                    text = f"forward mode, order {degree}: in a direction of {place}, output{where}"
                    self._compare(t[entry].item(), numeric, text, entry)

    def gradient_of(self, f: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any]:
        """The gradient of the product of the output with a random cotangent, as a function."""
        cotangent = self._cotangent(vjp(f, *args)[0])
        return lambda *args: vjp(f, *args)[1](cotangent)

    def _cotangent(self, out: Any) -> Any:
        return tree_map(out, lambda y: self._direction(snapshot(y)))

    def _direction(self, x: Array) -> Array:
        """A random array of the shape and dtype of `x`; zeros if that holds no floating-point numbers."""
        if not floating(x.data):
            return filled(x, 0)
        draw = self._random.gauss
        values = [complex(draw(), draw()) if floating(x.data) == "complex" else draw() for _ in range(x.size or 0)]
        xp = backend_of(x.data).namespace
        return array_of(xp.reshape(xp.asarray(values, dtype=x.dtype, device=x.device), x.shape))

    def _compare(self, derivative: complex, numeric: complex, what: str, entry: tuple[int, ...]) -> None:
        off = abs(derivative - numeric)
        allowed = self._atol + self._rtol * abs(numeric)
        if not off <= allowed:  # so that NaN is off, too
            raise GradientCheckError(
                f"{self._name}, {what}, entry {entry}: the derivative is {derivative:.8g}, but central differences "
                f"give {numeric:.8g}. It is off by {off:.3g}; {allowed:.3g} is allowed."
            )


def _moved(f: Callable[..., Any], args: tuple[Any, ...], i: int, direction: Array, step: float) -> Any:
    """What the function returns a step away in a direction of the i-th leaf of its arguments."""
    moved = rebuild(args, [x + step * direction if j == i else x for j, x in enumerate(arrays(args))])
    return tree_map(f(*moved), snapshot)


def _product(cotangent: Any, out: Any) -> float:
    """The real product of a cotangent with an output."""
    total = 0.0
    for u, y in zip(arrays(cotangent), arrays(out), strict=True):
        if floating(y.data):
            u = function("conj")(u) if floating(u.data) == "complex" else u
            total += complex(function("sum")(u * y).item()).real
    return total


def _entries(x: Array) -> Iterator[tuple[int, ...]]:
    """The indices of all entries, in the order of `units`."""
    return product(*map(range, x.shape))


def _epsilon(x: Array) -> float:
    return float(backend_of(x.data).namespace.finfo(x.dtype).eps)
