"""minpy.numpy.random: random arrays in NumPy's style."""

from __future__ import annotations

from xpgrad.minpy.array import Array
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.generator import seed as seed
from xpgrad.mxnet.numpy.random import FUNCTIONS
from xpgrad.mxnet.ops.distributions import uniform
from xpgrad.mxnet.provide import provide_all

globals().update(
    provide_all(
        {
            **FUNCTIONS,
            "random": lambda size=None: uniform(size=size),
            "random_sample": lambda size=None: uniform(size=size),
        },
        Array,
    )
)

__getattr__ = lacking("minpy.numpy.random", globals())
