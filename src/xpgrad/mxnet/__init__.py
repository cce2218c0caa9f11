"""MXNet's API on xpgrad: change ``import mxnet as mx`` into ``import xpgrad.mxnet as mx``.

Arrays are of MXNet's classes, `nd.NDArray` as in MXNet 1 and `np.ndarray` as in MXNet 2, and hold raw arrays of the
active backend. `base` holds what all others need, `ops` the functions, `numpy`, `numpy_extension` and `ndarray` the
tables that give them MXNet's names; `gluon` has layers, losses and what trains them.

Where MXNet is wrong, or refuses, this layer does what the core does:

- Gradients where MXNet gives zeros or NaN: `var`, `std`, `median`, `quantile`, `unique`, `eigh`, …; norms at 0,
  products with a zero, ``x ** 0`` at 0. Ties of `max` and `min` share the gradient; MXNet gives all of it to each.
- Second derivatives of everything. A head that occurs twice counts twice.
- While recording, arrays may be written to, except for variables, and the writes are differentiated. A write after
  recording does not change the gradient.
- Head gradients must have the shape of their head; numbers and raw arrays will do. `autograd.grad` takes intermediate
  results, too, and its gradients are of the class of the variable.
- `np.mean` of float64 is float64; `nd` gives fractions for the mean or the exponential of integers.
- `x.grad *= 0` works, `x.grad is x.grad`, and `hash(x)` works for both classes.
- `nd` has arrays without elements, and takes `np` arrays as `np` takes those of `nd`.
- Random numbers are the backend's: reproducible with `random.seed`, but not MXNet's.
- There are no sparse arrays and no symbols.
"""

from __future__ import annotations

import sys as _sys

from xpgrad.mxnet import arithmetic as _arithmetic  # noqa: F401  # attaches the operators
from xpgrad.mxnet import (
    attribute,
    autograd,
    base,
    context,
    device,
    gluon,
    initializer,
    lr_scheduler,
    metric,
    name,
    numpy,
    operator,
    optimizer,
    random,
    test_utils,
    util,
)
from xpgrad.mxnet import ndarray as ndarray
from xpgrad.mxnet import numpy as np
from xpgrad.mxnet import numpy_extension as npx
from xpgrad.mxnet.attribute import AttrScope
from xpgrad.mxnet.base import MXNetError, lacking
from xpgrad.mxnet.context import (
    Context,
    Device,
    cpu,
    cpu_pinned,
    current_context,
    current_device,
    gpu,
    num_gpus,
)
from xpgrad.mxnet.util import is_np_array, is_np_shape, np_array, np_shape, use_np_shape

nd = ndarray
init = initializer
numpy_extension = npx

# The short names can be imported from, too.
_sys.modules.update({f"{__name__}.{_short}": globals()[_short] for _short in ("init", "nd", "np", "npx")})

__version__ = "2.0.0"

__all__ = [
    "AttrScope",
    "Context",
    "Device",
    "MXNetError",
    "attribute",
    "autograd",
    "base",
    "context",
    "cpu",
    "cpu_pinned",
    "current_context",
    "current_device",
    "device",
    "gluon",
    "gpu",
    "init",
    "initializer",
    "is_np_array",
    "is_np_shape",
    "lr_scheduler",
    "metric",
    "name",
    "nd",
    "ndarray",
    "np",
    "np_array",
    "np_shape",
    "npx",
    "num_gpus",
    "numpy",
    "numpy_extension",
    "operator",
    "optimizer",
    "random",
    "test_utils",
    "use_np_shape",
    "util",
]

_SYMBOLS = "there are no symbols, and nothing to compile; write the same with nd or np, or with gluon."
_LOADERS = "read the data yourself, and batch it with gluon.data.DataLoader."

#: What is left out, and what serves instead.
_LEFT_OUT = {
    **dict.fromkeys(("sym", "symbol", "Symbol", "viz", "visualization", "executor", "subgraph"), _SYMBOLS),
    **dict.fromkeys(("mod", "module", "model", "callback", "mon", "monitor"), _SYMBOLS),
    **dict.fromkeys(("io", "recordio", "image", "img"), _LOADERS),
    **dict.fromkeys(("kv", "kvstore"), "gluon.Trainer adds up the gradients of several devices itself."),
    **dict.fromkeys(("onnx", "library", "rtc", "profiler", "amp", "contrib"), "it belongs to MXNet's own engine."),
    "rnn": "the cells of symbols are left out; gluon.rnn has the same for arrays.",
}

__getattr__ = lacking("xpgrad.mxnet", globals(), _LEFT_OUT)
