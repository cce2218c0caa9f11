"""MinPy's API on xpgrad: change ``minpy`` into ``xpgrad.minpy`` in the imports.

NumPy's functions are in `xpgrad.minpy.numpy`, gradients in `xpgrad.minpy.core`.
"""

from xpgrad.minpy import array, context, core, numpy, policy, primitive
from xpgrad.minpy.policy import (
    AutoBlacklistPolicy,
    OnlyNumPyPolicy,
    PreferMXNetPolicy,
    set_global_policy,
    wrap_policy,
)
from xpgrad.mxnet.base import lacking

__all__ = [
    "AutoBlacklistPolicy",
    "OnlyNumPyPolicy",
    "PreferMXNetPolicy",
    "array",
    "context",
    "core",
    "numpy",
    "policy",
    "primitive",
    "set_global_policy",
    "wrap_policy",
]

__getattr__ = lacking(
    "xpgrad.minpy",
    globals(),
    {
        "nn": "write the layers with xpgrad.minpy.numpy, or take those of xpgrad.mxnet.gluon.",
        "dispatch": "the policies are in xpgrad.minpy.policy.",
        "array_variants": "there is one kind of arrays, xpgrad.minpy.array.Array.",
        "utils": "check gradients with xpgrad.check_grads, and measure time with a profiler of Python's.",
        "visualization": "write what you want to see with the library that shows it.",
    },
)
