"""mx.nd.contrib: what MXNet 1 counted as contributed."""

from __future__ import annotations

from xpgrad.mxnet.arrays import NDArray
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.control import cond, foreach, while_loop
from xpgrad.mxnet.ops import elementwise, indexing, legacy, regions
from xpgrad.mxnet.provide import named, provide_all

_FUNCTIONS = {
    **named(indexing, "arange_like boolean_mask index_copy=index_update"),
    **named(legacy, "allclose"),
    **{name: elementwise.constant(name) for name in ("isfinite", "isinf", "isnan")},
    "MultiBoxPrior": regions.multibox_prior,
    "div_sqrt_dim": elementwise.div_sqrt_dim,
}

globals().update(provide_all(_FUNCTIONS, NDArray))

__getattr__ = lacking("mx.nd.contrib", globals())

__all__ = ["cond", "foreach", "while_loop", *_FUNCTIONS]
