"""mx.np: MXNet 2's functions in NumPy's style, for arrays of the class `ndarray`."""

from __future__ import annotations

from collections.abc import Callable
from math import e as e
from math import inf, nan
from math import pi as pi
from typing import Any

from xpgrad.functions import function
from xpgrad.mxnet.arrays import ndarray as ndarray
from xpgrad.mxnet.base import lacking, listing
from xpgrad.mxnet.dtypes import NAMES, dtype_named
from xpgrad.mxnet.numpy import linalg as linalg
from xpgrad.mxnet.numpy import random as random
from xpgrad.mxnet.numpy.protocols import dispatch
from xpgrad.mxnet.ops import (
    creation,
    elementwise,
    facts,
    indexing,
    primitives,
    products,
    rare,
    reductions,
    sets,
    shapes,
)
from xpgrad.mxnet.ops.elementwise import constant, of_two
from xpgrad.mxnet.promotion import quotient, remainder
from xpgrad.mxnet.provide import Absent, attach, named, provide_all

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **elementwise.SHARED,
    **elementwise.NUMPY,
    **{
        name: of_two(function(own), primitive=True)
        for name, own in elementwise.pairs("add subtract multiply power=pow pow floor_divide copysign")
    },
    **{
        name: of_two(function(own), floats=True, primitive=True)
        for name, own in elementwise.pairs("arctan2=atan2 atan2 hypot logaddexp")
    },
    "divide": of_two(quotient, floats=True),
    "true_divide": of_two(quotient, floats=True),
    **dict.fromkeys(("mod", "remainder"), of_two(remainder)),
    "maximum": of_two(primitives.maximum, primitive=True),
    "minimum": of_two(primitives.minimum, primitive=True),
    **{
        name: constant(own)
        for name, own in elementwise.pairs(
            "equal not_equal greater greater_equal less less_equal logical_and logical_or logical_xor logical_not "
            "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift bitwise_invert "
            "bitwise_not=bitwise_invert invert=bitwise_invert isfinite isinf isnan signbit"
        )
    },
    **named(
        elementwise,
        "isposinf isneginf fmod fmax fmin ldexp around=round_to round=round_to round_=round_to heaviside gcd lcm "
        "float_power divmod",
    ),
    **named(
        facts,
        "shape ndim size finfo iinfo can_cast result_type promote_types shares_memory may_share_memory=shares_memory "
        "set_printoptions",
    ),
    **named(
        creation,
        "array asarray zeros ones empty=zeros full zeros_like ones_like empty_like full_like arange "
        "linspace logspace eye identity tri indices hanning hamming blackman tril_indices triu_indices genfromtxt "
        "copy",
    ),
    **named(
        reductions,
        "sum prod product=prod mean var std max min amax=max amin=min ptp all any alltrue=all sometrue=any argmax "
        "argmin count_nonzero average cumsum cumprod quantile percentile median nansum nanprod nanmax nanmin nanmean "
        "nancumsum nanvar nanstd nanargmax nanargmin diff ediff1d trapz",
    ),
    **named(
        shapes,
        "reshape ravel transpose permute_dims=transpose swapaxes moveaxis rollaxis expand_dims squeeze broadcast_to "
        "broadcast_arrays meshgrid tile repeat flip fliplr flipud roll rot90 concatenate concat=concatenate stack "
        "atleast_1d atleast_2d atleast_3d vstack row_stack=vstack hstack dstack column_stack append array_split "
        "split hsplit vsplit dsplit diagonal trace diagflat diag tril triu resize pad insert delete",
    ),
    **named(
        sets,
        "union1d intersect1d setdiff1d setxor1d unique_all unique_inverse unique_values unique_counts",
    ),
    **named(products, "dot matmul inner outer vdot tensordot einsum kron cross polyval vander cov corrcoef"),
    **named(
        indexing,
        "msort partition argpartition ix_ apply_along_axis take take_along_axis where nonzero argwhere flatnonzero "
        "extract compress select choose sort argsort searchsorted digitize interp unique bincount histogram isin "
        "in1d=isin allclose isclose array_equal array_equiv nan_to_num clip unravel_index diag_indices_from "
        "fill_diagonal tril_indices_from triu_indices_from",
    ),
}

FUNCTIONS |= {name: rare.of_numpy(name) for name in rare.NAMES}

_provided = provide_all(FUNCTIONS, ndarray)
globals().update(_provided)
dispatch(_provided, vars(linalg))

newaxis = None
NAN = NaN = nan
PINF, NINF, PZERO, NZERO = inf, -inf, 0.0, -0.0

METHODS = (
    "all any argmax argmin argsort clip cumsum diagonal dot max mean min nonzero prod ravel repeat round sort "
    "squeeze std sum swapaxes take tile trace transpose var broadcast_to"
).split()

#: The methods of MXNet 1's arrays that those of MXNet 2 do not have.
_ABSENT = (
    "abs arccos arccosh arcsin arcsinh arctan arctanh argmax_channel asscalar broadcast_axes broadcast_like cbrt "
    "ceil cos cosh degrees depth_to_space diag exp expand_dims expm1 fix flip floor log log10 log1p log2 log_sigmoid "
    "log_softmax mish nanprod nansum norm one_hot ones_like pad pick radians rcbrt reciprocal relu reshape_like rint "
    "rsqrt shape_array sigmoid sign sin sinh size_array slice slice_axis slice_like softmax softmin space_to_depth "
    "split split_v2 sqrt square tan tanh topk tostype trunc zeros_like"
).split()

#: Names of tuples of dtypes.
_GROUPS = {
    "boolean_dtypes": "bool",
    "integer_dtypes": "int8 uint8 int32 int64",
    "floating_dtypes": "float16 float32 float64",
    "numeric_dtypes": "float16 float32 float64 int8 uint8 int32 int64",
}


def _data_type(name: str) -> Any:
    """What the module holds under a name that is made when asked for."""
    if name in NAMES or name == "bool_":
        return dtype_named("bool" if name == "bool_" else name)
    if name in _GROUPS:
        return [dtype_named(part) for part in _GROUPS[name].split()]
    return _lacking(name)


#: Methods that are not functions of the same name.
OWN_METHODS = named(shapes, "flatten=ravel reshape=reshape_method") | named(elementwise, "__round__=round_to")

attach(ndarray, globals(), METHODS)
attach(ndarray, provide_all(OWN_METHODS, ndarray), OWN_METHODS)
attach(ndarray, {name: Absent(name) for name in _ABSENT}, _ABSENT)

_lacking = lacking("mx.np", globals())
__getattr__ = _data_type
__dir__ = listing(globals(), NAMES, _GROUPS, ["bool_"])
