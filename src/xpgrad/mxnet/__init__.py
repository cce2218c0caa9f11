"""MXNet's API on xpgrad: change ``import mxnet as mx`` into ``import xpgrad.mxnet as mx``.

Arrays are of MXNet's classes, `nd.NDArray` as in MXNet 1 and `np.ndarray` as in MXNet 2, and hold raw arrays of the
active backend. Layers (`gluon`, `init`) are not provided yet: their place is beside these modules, `gluon/` and
`initializer.py`. `base` holds what all others need, `ops` the functions, `numpy`, `numpy_extension` and `ndarray` the
tables that give them MXNet's names.

Where MXNet is wrong, or refuses, this layer does what the core does:

- Gradients where MXNet gives zeros or NaN: `var`, `std`, `median`, `quantile`, `unique`, `eigh`, …; norms at 0,
  products with a zero, ``x ** 0`` at 0. Ties of `max` and `min` share the gradient; MXNet gives all of it to each.
- Second derivatives of everything. A head that occurs twice counts twice.
- While recording, arrays may be written to, except for variables, and the writes are differentiated. A write after
  recording does not change the gradient.
- Head gradients must have the shape of their head; numbers and raw arrays will do. `autograd.grad` takes intermediate
  results, too, and its gradients are of the class of the variable.
- `backward` of what cannot have a gradient, such as a comparison, an index or a conversion to integers, raises.
- `np.mean` of float64 is float64; `nd` gives fractions for the mean or the exponential of integers.
- `x.grad *= 0` works, `x.grad is x.grad`, and `hash(x)` works for both classes.
- `nd` has arrays without elements, and takes `np` arrays as `np` takes those of `nd`; `x.reshape` copies in both.
- Random numbers are the backend's: reproducible with `random.seed`, but not MXNet's.
- There are no sparse arrays and no symbols.
"""

from __future__ import annotations

from xpgrad.mxnet import arithmetic as _arithmetic  # noqa: F401  # attaches the operators
from xpgrad.mxnet import autograd, base, context, numpy, operator, random, test_utils, util
from xpgrad.mxnet import ndarray as ndarray
from xpgrad.mxnet import numpy as np
from xpgrad.mxnet import numpy_extension as npx
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
numpy_extension = npx
device = context

__version__ = "2.0.0"

__all__ = [
    "Context",
    "Device",
    "MXNetError",
    "autograd",
    "base",
    "context",
    "cpu",
    "cpu_pinned",
    "current_context",
    "current_device",
    "device",
    "gpu",
    "is_np_array",
    "is_np_shape",
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
    "random",
    "test_utils",
    "use_np_shape",
    "util",
]

__getattr__ = lacking("xpgrad.mxnet", globals())
