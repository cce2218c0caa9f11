"""NumPy's ufuncs, and those that SciPy makes of special functions: calls and outer products; the rest is in `folds`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from math import e, log, log2, pi
from typing import Any

from xpgrad.discovery import get_named
from xpgrad.errors import NoCounterpartError
from xpgrad.namespace import NAMES
from xpgrad.protocols import folds
from xpgrad.protocols.conventions import alike, array, cast, dtype_of, floating
from xpgrad.protocols.outputs import into

#: NumPy's names for functions of the standard.
_SPELLED = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "conjugate": "conj",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
}

_SAME = frozenset(
    "add bitwise_and bitwise_or bitwise_xor ceil copysign cos cosh divide equal exp expm1 floor floor_divide greater "
    "greater_equal hypot isfinite isinf isnan less less_equal log log10 log1p log2 logaddexp logical_and logical_not "
    "logical_or logical_xor matmul maximum minimum multiply negative nextafter not_equal positive reciprocal remainder "
    "sign signbit sin sinh sqrt square subtract tan tanh trunc vecdot".split()
)


def _check_real(xp: Any, name: str, *operands: Any) -> None:
    if any(xp.isdtype(x.dtype, "complex floating") for x in operands):
        raise TypeError(f"numpy.{name} has no meaning for complex numbers.")


def _fmod(xp: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = alike(xp, x1, x2)
    _check_real(xp, "fmod", x1, x2)
    rest = xp.remainder(xp.abs(x1), xp.abs(x2))
    return xp.where(x1 < 0, -rest, rest)


def _fabs(xp: Any, x: Any) -> Any:
    x = floating(xp, x)
    _check_real(xp, "fabs", x)
    return xp.abs(x)


def _unless_nan(name: str) -> Callable[..., Any]:
    def choose(xp: Any, x1: Any, x2: Any) -> Any:
        x1, x2 = xp.broadcast_arrays(*alike(xp, x1, x2))
        return xp.where(xp.isnan(x1), x2, xp.where(xp.isnan(x2), x1, getattr(xp, name)(x1, x2)))

    return choose


def _heaviside(xp: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = (floating(xp, x) for x in alike(xp, x1, x2))
    _check_real(xp, "heaviside", x1, x2)
    return xp.where(x1 == 0, x2, xp.where(xp.isnan(x1), x1, xp.astype(x1 > 0, x1.dtype)))


def _float_power(xp: Any, x1: Any, x2: Any) -> Any:
    wide = (_double(xp, array(xp, x)) for x in (x1, x2))
    return xp.pow(*wide)


def _double(xp: Any, x: Any) -> Any:
    return xp.astype(x, xp.complex128 if xp.isdtype(x.dtype, "complex floating") else xp.float64, copy=False)


def _modf(xp: Any, x: Any) -> Any:
    x = floating(xp, x)
    finite = xp.where(xp.isinf(x), 0.0, x)
    return finite - xp.trunc(finite), xp.trunc(x)


def _frexp(xp: Any, x: Any) -> Any:
    x = floating(xp, x)
    facts = xp.finfo(x.dtype)
    magnitude = xp.abs(x).detach()
    some = (magnitude != 0) & xp.isfinite(magnitude)
    magnitude = xp.where(some, magnitude, 1.0)
    small = magnitude < float(facts.smallest_normal)  # has fewer digits, and is made normal first
    lift = xp.where(small, xp.full_like(magnitude, 1 / float(facts.eps)), 1.0)
    exponent = xp.floor(xp.log2(magnitude * lift)) + 1  # the logarithm is rounded: to the next whole number, perhaps
    fraction = _scaled(xp, magnitude * lift, exponent)
    exponent = exponent + xp.astype(fraction >= 1, x.dtype) - xp.astype(fraction < 0.5, x.dtype)
    exponent = xp.where(some, exponent, 0.0)
    lifted = xp.astype(small, x.dtype) * -log2(facts.eps)
    return _scaled(xp, x * lift, exponent), xp.astype(exponent - lifted, xp.int32)


def _scaled(xp: Any, x: Any, exponent: Any) -> Any:
    """x / 2^exponent, in two steps, for the power itself may be out of range."""
    half = xp.floor(exponent / 2)
    return x * 2.0**-half * 2.0 ** (half - exponent)


def _logaddexp2(xp: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = alike(xp, x1, x2)
    return xp.logaddexp(x1 * log(2), x2 * log(2)) * log2(e)


def _ldexp(xp: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = floating(xp, x1), array(xp, x2)
    _check_real(xp, "ldexp", x1)
    if not xp.isdtype(x2.dtype, "integral"):
        raise TypeError(f"numpy.ldexp takes integers for its exponents, not {x2.dtype}.")
    return _scaled(xp, x1, -xp.astype(x2, x1.dtype))


#: What takes a line or two of the standard's functions.
_MADE: dict[str, Callable[..., Any]] = {
    "cbrt": lambda xp, x: xp.special.cbrt(x),
    "deg2rad": lambda xp, x: x * (pi / 180),
    "degrees": lambda xp, x: x * (180 / pi),
    "divmod": lambda xp, x1, x2: (xp.floor_divide(x1, x2), xp.remainder(x1, x2)),
    "exp2": lambda xp, x: xp.pow(2.0, x),
    "float_power": _float_power,
    "fabs": _fabs,
    "fmax": _unless_nan("maximum"),
    "fmin": _unless_nan("minimum"),
    "fmod": _fmod,
    "frexp": _frexp,
    "heaviside": _heaviside,
    "ldexp": _ldexp,
    "logaddexp2": _logaddexp2,
    "matvec": lambda xp, x1, x2: xp.matmul(array(xp, x1), array(xp, x2)[..., None])[..., 0],
    "modf": _modf,
    "rad2deg": lambda xp, x: x * (180 / pi),
    "radians": lambda xp, x: x * (pi / 180),
    "vecmat": lambda xp, x1, x2: xp.matmul(xp.conj(array(xp, x1))[..., None, :], array(xp, x2))[..., 0, :],
}


@cache
def ufunc_of(ufunc: Any) -> Callable[..., Any]:
    """Our function for a ufunc, as ``f(xp, *inputs)``.

    Raises
    ------
    NoCounterpartError
        If there is none. A ufunc of the user's own may have a name that NumPy uses: it counts only if it is NumPy's.
    """
    name = ufunc.__name__
    if getattr(sys.modules[type(ufunc).__module__], name, None) is ufunc:
        if name in _MADE:
            return _MADE[name]
        if name in _SAME or name in _SPELLED:
            ours = _SPELLED.get(name, name)
            return lambda xp, *inputs: getattr(xp, ours)(*inputs)
    elif getattr(sys.modules.get(f"{get_named('numpy').special}._ufuncs"), name, None) is ufunc:
        ours = name.lstrip("_")  # what SciPy wraps in a function of Python's
        if f"special.{ours}" in NAMES:
            return lambda xp, *inputs: getattr(xp.special, ours)(*inputs)
    raise NoCounterpartError(f"the ufunc {name!r}")


def call_ufunc(xp: Any, ufunc: Any, method: str, inputs: Any, options: dict[str, Any]) -> Any:
    """What a ufunc, or a method of it, gives with Arrays among its inputs or outputs."""
    function = ufunc_of(ufunc)
    if method == "__call__" and not options:
        return function(xp, *map(_operand, inputs))
    options = {name: value for name, value in options.items() if name not in ("order", "subok")}
    out = options.pop("out", None)
    if method not in _METHODS:
        raise NoCounterpartError(f"numpy.{ufunc.__name__}.{method}")
    result = _METHODS[method](xp, ufunc, out, *inputs, **options)
    return result if out is None or result is None else into(out, result, options.get("casting", "same_kind"))


def _operand(x: Any) -> Any:
    """An input; what NumPy would make an array of is one."""
    if isinstance(x, list | tuple):
        return get_named("numpy").namespace.asarray(x)
    return x


def _call(
    xp: Any,
    ufunc: Any,
    out: Any,
    *inputs: Any,
    where: Any = True,
    dtype: Any = None,
    casting: str = "same_kind",
    **options: Any,
) -> Any:
    """The function itself, where `where` is True; elsewhere what is in `out`, or 0 without one."""
    if options:
        raise NoCounterpartError(f"numpy.{ufunc.__name__} with {', '.join(options)}=")
    inputs = tuple(map(_operand, inputs))
    if dtype is not None:
        inputs = tuple(cast(xp, x, dtype_of(xp, dtype), casting) for x in inputs)
    result = ufunc_of(ufunc)(xp, *inputs)
    if where is True:
        return result
    if isinstance(result, tuple):
        raise NoCounterpartError(f"numpy.{ufunc.__name__} with where=")
    return xp.where(array(xp, where), result, xp.zeros_like(result) if out is None else array(xp, out[0]))


def _outer(xp: Any, ufunc: Any, out: Any, x1: Any, x2: Any, **options: Any) -> Any:
    x1, x2 = array(xp, x1), array(xp, x2)
    return _call(xp, ufunc, out, xp.reshape(x1, (*x1.shape, *(1,) * x2.ndim)), x2, **options)


_METHODS: dict[str, Callable[..., Any]] = {
    "__call__": _call,
    "outer": _outer,
    **{
        name: lambda xp, ufunc, _, *inputs, _method=method, **options: _method(
            xp, ufunc.__name__, ufunc_of(ufunc), *inputs, **options
        )
        for name, method in folds.METHODS.items()
    },
}
