"""Element-wise functions: tables of MXNet's names for the standard's, and what the standard lacks."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

from xpgrad.array import Array, array_of
from xpgrad.discovery import floating, is_array
from xpgrad.functions import function
from xpgrad.mxnet.dtypes import dtype_named
from xpgrad.mxnet.ops import primitives
from xpgrad.mxnet.ops.arrays import as_array, mask_of, namespace
from xpgrad.mxnet.promotion import cast, common, in_floating, promoted, remainder
from xpgrad.operands import SCALARS

Function = Callable[..., Any]


def _number(x: Any, floats: bool) -> Any:
    """A number as an array, as exact as Python's are."""
    return as_array(x, dtype_named("int64" if x.__class__ is int and not floats else "float64"))


def of_one(apply: Function, *, floats: bool, primitive: bool = False) -> Function:
    """A function of one array or number.

    Parameters
    ----------
    apply : callable
        What computes.
    floats : bool
        Whether integers become fractions first.
    primitive : bool
        Whether `apply` takes arrays of any class; it must not use operators then, which differ by class.
    """

    def call(x: Any) -> Any:
        if x.__class__ in SCALARS:
            return apply(_number(x, floats)).item()
        x = as_array(x)
        return apply(in_floating(x) if floats else x)

    call.__doc__ = apply.__doc__
    if primitive:
        call.short = apply, floats  # type: ignore[attr-defined]  # what `provide_all` looks for
    return call


def of_two(
    apply: Function, match: Function = promoted, *, floats: bool = False, primitive: bool = False, whole: bool = True
) -> Function:
    """A function of two arrays or numbers, brought together by `match`; `floats` and `primitive` as for `of_one`.

    `whole` says whether two integers of Python's give another.
    """

    def call(x1: Any, x2: Any) -> Any:
        if x1.__class__ in SCALARS and x2.__class__ in SCALARS:
            fractions = floats or not (whole and x1.__class__ is x2.__class__ is int)
            return apply(*(_number(x, fractions) for x in (x1, x2))).item()
        if x1.__class__ in SCALARS:
            x2, x1 = match(as_array(x2), x1)
        else:
            x1, x2 = match(as_array(x1), x2)
        return apply(*(in_floating(x) if floats and isinstance(x, Array) else x for x in (x1, x2)))

    call.__doc__ = apply.__doc__
    if primitive:
        call.short_of_two = apply, floats  # type: ignore[attr-defined]  # what `provide_all` looks for
    return call


def pairs(text: str) -> list[tuple[str, str]]:
    """``"a b=c"`` as pairs: MXNet's name, the standard's."""
    return [(name, other or name) for name, _, other in (item.partition("=") for item in text.split())]


def sigmoid(x: Array) -> Any:
    """1 / (1 + exp(-x))."""
    return namespace(x).special.expit(x)


def rsqrt(x: Array) -> Any:
    """1 / sqrt(x)."""
    return namespace(x).reciprocal(namespace(x).sqrt(x))


def rcbrt(x: Array) -> Any:
    """One over the cubic root."""
    return 1 / primitives.cbrt(x)


def softsign(x: Array) -> Any:
    """x / (1 + abs(x))."""
    return x / (1 + abs(x))


def softrelu(x: Array) -> Any:
    """log(1 + exp(x))."""
    return -log_sigmoid(-x)


def log_sigmoid(x: Array) -> Any:
    """log(1 / (1 + exp(-x)))."""
    return namespace(x).special.log_expit(x)


def mish(x: Array) -> Any:
    """x tanh(log(1 + exp(x)))."""
    return x * namespace(x).tanh(softrelu(x))


def radians(x: Array) -> Any:
    """Degrees as radians."""
    return x * (pi / 180)


def degrees(x: Array) -> Any:
    """Radians as degrees."""
    return x * (180 / pi)


def stop_gradient(x: Array) -> Any:
    """The same values without their history."""
    return array_of(x.data)


def _primitives(text: str, *, floats: bool) -> dict[str, Function]:
    """The standard's functions of one array: ``"a b=c"`` is MXNet's name, and the standard's where that differs."""
    return {name: of_one(function(own), floats=floats, primitive=True) for name, own in pairs(text)}


def _composites(*functions: Function) -> dict[str, Function]:
    """Functions of one array that are made of others."""
    return {f.__name__: of_one(f, floats=True) for f in functions}


def _rounded(name: str) -> Function:
    """A function that rounds, and leaves what is whole as it is."""
    apply = function(name)

    def call(x: Array) -> Any:
        return apply(x) if floating(x.data) else x

    call.__doc__ = apply.__doc__
    return call


#: Functions of one array under names that both styles have.
SHARED: dict[str, Function] = {
    **_primitives("abs negative sign square", floats=False),
    **{name: of_one(_rounded(own), floats=False) for name, own in pairs("ceil fix=trunc floor rint=round trunc")},
    **_primitives(
        "arccos=acos arccosh=acosh arcsin=asin arcsinh=asinh arctan=atan arctanh=atanh cos cosh expm1 log log10 "
        "log1p log2 reciprocal sin sinh sqrt tan tanh",
        floats=True,
    ),
    **_composites(degrees, radians),
    "cbrt": of_one(primitives.cbrt, floats=True, primitive=True),
    "exp": of_one(primitives.exp, floats=True, primitive=True),
}

#: Functions of one array that belong to neural networks, under names that `nd` and `npx` have.
NEURAL: dict[str, Function] = {
    **_primitives(
        "sigmoid=special.expit log_sigmoid=special.log_expit erf=special.erf erfinv=special.erfinv "
        "gamma=special.gamma gammaln=special.gammaln digamma=special.digamma",
        floats=True,
    ),
    **_composites(mish, softsign),
    "relu": of_one(primitives.relu, floats=False, primitive=True),
}

#: Functions of one array that only `nd` has.
LEGACY: dict[str, Function] = _composites(rcbrt, rsqrt)

#: Functions of one array that only `np` has.
NUMPY: dict[str, Function] = {
    **_primitives("absolute=abs fabs=abs positive conj conjugate=conj", floats=False),
    **_primitives("acos acosh asin asinh atan atanh", floats=True),
    **{name: of_one(f, floats=True) for name, f in (("deg2rad", radians), ("rad2deg", degrees))},
}


_OF_ONE = ("logical_not", "bitwise_invert", "isfinite", "isinf", "isnan", "signbit")


def constant(name: str) -> Function:
    """A function of the standard that has no gradient, for arrays and numbers."""

    def call(*operands: Any) -> Any:
        x1, *others = operands
        if not any(isinstance(x, Array) or is_array(x) for x in operands):
            return call(as_array(x1), *others).item()
        if name.startswith("logical"):
            operands = tuple(map(mask_of, operands))
        else:
            operands = tuple(x if x.__class__ in SCALARS else as_array(x) for x in operands)
            if len(operands) == 2:
                x1, x2 = operands
                operands = promoted(x1, x2) if isinstance(x1, Array) else promoted(x2, x1)[::-1]
        first = next(x for x in operands if isinstance(x, Array))
        return getattr(namespace(first), name)(*operands)

    def of_two(x1: Any, x2: Any) -> Any:
        return call(x1, x2)

    def of_one(x: Any) -> Any:
        return call(x)

    f = of_one if name in _OF_ONE else of_two
    f.__doc__ = f"``{name}`` of the standard, which has no gradient."
    return f


def isposinf(x: Any) -> Any:
    """Whether elements are infinity."""
    return as_array(x) == float("inf")


def isneginf(x: Any) -> Any:
    """Whether elements are minus infinity."""
    return as_array(x) == -float("inf")


def _truncated_remainder(x1: Any, x2: Any) -> Any:
    """The remainder of a division, with the sign of the dividend; that of integers has no gradient."""
    if not isinstance(x1, Array):
        x1 = as_array(x1, x2.dtype)
    size = abs(x2)
    return namespace(x1).where(x1 < 0, -remainder(-x1, size), remainder(x1, size))


fmod = of_two(_truncated_remainder)


def _ignoring_nan(choose: Function) -> Function:
    def call(x1: Any, x2: Any) -> Any:
        x1, x2 = common(as_array(x1), as_array(x2))
        xp = namespace(x1)
        x1, x2 = xp.where(xp.isnan(x1), x2, x1), xp.where(xp.isnan(x2), x1, x2)
        return choose(x1, x2)

    return call


fmax = _ignoring_nan(primitives.maximum)
fmin = _ignoring_nan(primitives.minimum)


def ldexp(x1: Any, x2: Any) -> Any:
    """x1 times 2 to the power of x2."""
    x1, x2 = (in_floating(x) for x in common(as_array(x1), as_array(x2)))
    return x1 * 2.0**x2


def divmod(x1: Any, x2: Any) -> Any:
    """The quotient, rounded down, and the remainder."""
    x1, x2 = promoted(as_array(x1), x2)
    return namespace(x1).floor_divide(x1, x2), remainder(x1, x2)


def float_power(x1: Any, x2: Any) -> Any:
    """x1 to the power of x2, as floating-point numbers."""
    x1, x2 = (in_floating(x) for x in common(as_array(x1), as_array(x2)))
    return x1**x2


def round_to(x: Any, decimals: int = 0) -> Any:
    """Rounded to so many decimals, to even in the middle."""
    x = as_array(x)
    return namespace(x).round(x) if decimals == 0 else namespace(x).round(x * 10.0**decimals) / 10.0**decimals


def round_away(x: Any) -> Any:
    """Rounded to the nearest integer, away from 0 in the middle."""
    x = as_array(x)
    xp = namespace(x)
    return xp.sign(x) * xp.floor(xp.abs(x) + 0.5)


def heaviside(x1: Any, x2: Any) -> Any:
    """0 for negative and 1 for positive elements, and those of the second array for zeros."""
    x1, x2 = common(as_array(x1), as_array(x2))
    xp = namespace(x1)
    return xp.where(x1 == 0, x2, xp.where(xp.isnan(x1), x1, cast(x1 > 0, x1.dtype)))


def gcd(x1: Any, x2: Any) -> Any:
    """The greatest common divisor of integers."""
    x1, x2 = common(as_array(x1), as_array(x2))
    xp = namespace(x1)
    x1, x2 = xp.broadcast_arrays(xp.abs(x1), xp.abs(x2))
    while bool(xp.any(x2 != 0)):
        x1, x2 = xp.where(x2 == 0, x1, x2), xp.where(x2 == 0, 0, xp.remainder(x1, xp.where(x2 == 0, 1, x2)))
    return x1


def lcm(x1: Any, x2: Any) -> Any:
    """The least common multiple of integers."""
    x1, x2 = common(as_array(x1), as_array(x2))
    xp = namespace(x1)
    divisor = gcd(x1, x2)
    return xp.abs(xp.floor_divide(x1, xp.where(divisor == 0, 1, divisor)) * x2)


def div_sqrt_dim(data: Any) -> Any:
    """Divided by the root of the length of the last axis."""
    data = as_array(data)
    return data / data.shape[-1] ** 0.5
