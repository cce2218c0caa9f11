"""mx.gluon: parameters, blocks, layers, losses, and what trains them."""

from __future__ import annotations

from xpgrad.mxnet import metric
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.gluon import data, loss, nn, rnn, utils
from xpgrad.mxnet.gluon.block import Block, HybridBlock
from xpgrad.mxnet.gluon.parameter import (
    Constant,
    DeferredInitializationError,
    Parameter,
    ParameterDict,
    tensor_types,
)
from xpgrad.mxnet.gluon.trainer import Trainer

__all__ = [
    "Block",
    "Constant",
    "DeferredInitializationError",
    "HybridBlock",
    "Parameter",
    "ParameterDict",
    "Trainer",
    "data",
    "loss",
    "metric",
    "nn",
    "rnn",
    "tensor_types",
    "utils",
]

__getattr__ = lacking(
    "mx.gluon",
    globals(),
    {
        "model_zoo": "there are no trained networks; build them from gluon.nn.",
        "SymbolBlock": "there are no symbols; write a HybridBlock.",
    },
)
