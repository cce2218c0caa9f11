"""mx.nd: MXNet 1's functions, for arrays of the class `NDArray`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from xpgrad.functions import function
from xpgrad.mxnet import numpy as np  # noqa: F401  # hybrid_forward(F, …) calls it F.np
from xpgrad.mxnet import numpy_extension as npx  # noqa: F401  # likewise
from xpgrad.mxnet.arrays import NDArray as NDArray
from xpgrad.mxnet.arrays import dressed, in_form, plain
from xpgrad.mxnet.base import lacking, listing
from xpgrad.mxnet.ndarray import contrib as contrib
from xpgrad.mxnet.ndarray import linalg
from xpgrad.mxnet.ndarray import random as random
from xpgrad.mxnet.numpy_extension import waitall as waitall
from xpgrad.mxnet.operator import custom
from xpgrad.mxnet.ops import (
    convolution,
    creation,
    densities,
    elementwise,
    indexing,
    legacy,
    neural,
    normalization,
    outputs,
    primitives,
    products,
    recurrent,
    reductions,
    regions,
    reshaping,
    sampling,
    sequence,
    shapes,
    updates,
)
from xpgrad.mxnet.ops.elementwise import constant, of_two
from xpgrad.mxnet.promotion import alike, remainder, truncated_quotient
from xpgrad.mxnet.provide import attach, named, provide_all, written
from xpgrad.mxnet.storage import loader
from xpgrad.mxnet.storage import save as save

# Functions of two arrays by MXNet's stem: "broadcast_add", "add", … The names after it are further ones.
_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add plus": function("add"),
    "sub subtract minus": function("subtract"),
    "mul multiply": function("multiply"),
    "div divide true_divide": truncated_quotient,
    "mod modulo": remainder,
    "power": function("pow"),
    "maximum": primitives.maximum,
    "minimum": primitives.minimum,
    "hypot": function("hypot"),
}
_COMPARISONS = {
    "equal": "equal",
    "not_equal": "not_equal",
    "greater": "greater",
    "greater_equal": "greater_equal",
    "lesser": "less",
    "lesser_equal": "less_equal",
    "logical_and": "logical_and",
    "logical_or": "logical_or",
    "logical_xor": "logical_xor",
}


def _two_arrays() -> dict[str, Callable[..., Any]]:
    """Functions of two arrays under all their names."""
    table: dict[str, Callable[..., Any]] = {}
    for stems, apply in _ARITHMETIC.items():
        f = of_two(apply, alike, whole=apply is not truncated_quotient)
        first, *others = stems.split()
        table |= dict.fromkeys([*stems.split(), *(f"{prefix}_{first}" for prefix in ("broadcast", "elemwise"))], f)
        table |= {f"broadcast_{other}": f for other in others}
    for name, own in _COMPARISONS.items():
        table[name] = table[f"broadcast_{name}"] = legacy.in_numbers(constant(own))
    return table


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **elementwise.SHARED,
    **elementwise.NEURAL,
    **elementwise.LEGACY,
    **_two_arrays(),
    **named(elementwise, "round=round_away stop_gradient BlockGrad=stop_gradient"),
    **named(
        outputs,
        "make_loss MakeLoss=make_loss SoftmaxOutput=softmax_output Softmax=softmax_output "
        "LinearRegressionOutput=linear_regression_output LogisticRegressionOutput=logistic_regression_output "
        "MAERegressionOutput=mae_regression_output",
    ),
    **named(
        legacy,
        "sum sum_axis=sum mean prod max max_axis=max min min_axis=min nansum nanprod argmax argmin argmax_channel "
        "sort argsort moments reshape Reshape=reshape transpose swapaxes SwapAxis=swapaxes concat Concat=concat "
        "stack concatenate split SliceChannel=split split_v2 tile dot broadcast_to broadcast_axis "
        "broadcast_axes=broadcast_axis take batch_take choose_element_0index=batch_take fill_element_0index pad "
        "Pad=pad clip expand_dims squeeze flip reverse=flip diag depth_to_space space_to_depth ravel_multi_index "
        "unravel_index khatri_rao shape_array size_array cast=cast_ Cast=cast_ SoftmaxActivation=softmax_activation "
        "array zeros ones empty=zeros full arange linspace eye cumsum logical_not GroupNorm=group_norm",
    ),
    **named(creation, "zeros_like ones_like from_numpy identity=copy"),
    **named(
        indexing,
        "where pick one_hot topk gather_nd scatter_nd slice=slice_ crop=slice_ slice_axis slice_like embedding "
        "Embedding=embedding histogram",
    ),
    **named(products, "batch_dot"),
    **named(shapes, "moveaxis repeat"),
    **named(reshaping, "reshape_like broadcast_like flatten=batch_flatten Flatten=batch_flatten"),
    **named(
        neural,
        "Activation=activation LeakyReLU=leaky_relu hard_sigmoid smooth_l1 softmax log_softmax softmin "
        "masked_softmax masked_log_softmax softmax_cross_entropy FullyConnected=fully_connected Dropout=dropout "
        "add_n ElementWiseSum=add_n norm",
    ),
    **named(
        normalization,
        "BatchNorm=batch_norm LayerNorm=layer_norm InstanceNorm=instance_norm L2Normalization=l2_normalization LRN=lrn",
    ),
    **named(
        convolution,
        "Convolution=convolution Deconvolution=deconvolution Pooling=pooling UpSampling=upsampling im2col",
    ),
    **named(
        sequence,
        "SequenceMask=sequence_mask SequenceLast=sequence_last SequenceReverse=sequence_reverse "
        "CTCLoss=ctc_loss ctc_loss",
    ),
    **named(
        sampling,
        "uniform random_uniform=uniform normal random_normal=normal random_gamma=gamma random_poisson=poisson "
        "random_exponential random_negative_binomial=negative_binomial random_randint=randint shuffle "
        "random_generalized_negative_binomial=generalized_negative_binomial sample_uniform=uniform sample_normal "
        "sample_gamma=gamma sample_exponential=random_exponential sample_poisson=poisson "
        "sample_multinomial=categorical",
    ),
    **{f"random_pdf_{name}": getattr(densities, f"pdf_{name}") for name in densities.NAMES},
    **{f"linalg_{name}": f for name, f in linalg.FUNCTIONS.items()},
    **named(updates, updates.NAMES),
    **named(recurrent, "RNN=rnn"),
    **named(regions, "ROIPooling=roi_pooling"),
}

globals().update(provide_all(_FUNCTIONS, NDArray))

load = loader(NDArray)
op = sys.modules[__name__]
Custom = custom

#: The methods of NDArray that are functions of the same name.
_METHODS = (
    "abs arccos arccosh arcsin arcsinh arctan arctanh argmax argmax_channel argmin argsort broadcast_axes "
    "broadcast_like broadcast_to cbrt ceil clip cos cosh degrees depth_to_space diag exp expm1 fix "
    "flip floor log log10 log1p log2 log_sigmoid log_softmax max mean min mish nanprod nansum norm one_hot "
    "ones_like pad pick prod radians rcbrt reciprocal relu repeat reshape_like rint round rsqrt shape_array sigmoid "
    "sign sin sinh size_array slice slice_axis slice_like softmax softmin sort space_to_depth split split_v2 sqrt "
    "square sum swapaxes take tan tanh tile topk transpose trunc zeros_like"
).split()


def onehot_encode(indices: NDArray, out: NDArray) -> NDArray:
    """Write ones into an array, in each row at the column that an index names, and zeros elsewhere."""
    return written(indexing.one_hot(indices, out.shape[1]), out)


def reshape_method(self: NDArray, *lengths: Any, shape: Any = None, reverse: bool = False) -> Any:
    """The array in another shape, in MXNet 1's language of shapes; a write to one shows in the other."""
    return in_form(self, legacy.reshape_method(plain(self), *lengths, shape=shape, reverse=reverse))


def flatten_method(self: NDArray, inplace: bool = False) -> Any:
    """All axes but the first as one; with `inplace` a write to one array shows in the other."""
    out = reshaping.batch_flatten(plain(self))
    return in_form(self, out) if inplace else dressed(out, NDArray)


#: Methods that are not functions of the same name.
_OWN_METHODS = named(legacy, "transpose=transpose_method") | named(reductions, "all any")

attach(NDArray, globals(), _METHODS)
attach(NDArray, provide_all(_OWN_METHODS, NDArray), _OWN_METHODS)
attach(NDArray, {"reshape": reshape_method, "flatten": flatten_method}, ("reshape", "flatten"))

_LEFT_OUT = {
    **dict.fromkeys(("sparse", "csr_matrix", "row_sparse_array", "CSRNDArray"), "there are only dense arrays."),
    "image": "gluon.data.vision.transforms has the same for images.",
}

__getattr__ = lacking("mx.nd", globals(), _LEFT_OUT)
__dir__ = listing(globals())
