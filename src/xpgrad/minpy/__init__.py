"""MinPy's API on xpgrad: change ``minpy`` into ``xpgrad.minpy`` in the imports.

NumPy's functions are in `xpgrad.minpy.numpy`, gradients in `xpgrad.minpy.core`. The layers of ``minpy.nn`` are not
provided.
"""

from xpgrad.minpy import array, context, core, numpy, policy, primitive
from xpgrad.minpy.policy import (
    AutoBlacklistPolicy,
    OnlyNumPyPolicy,
    PreferMXNetPolicy,
    set_global_policy,
    wrap_policy,
)

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
