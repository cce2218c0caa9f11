"""mx.random: the functions of `nd.random`, and the seed of all random numbers."""

from __future__ import annotations

from xpgrad.mxnet.generator import seed as seed
from xpgrad.mxnet.ndarray import random as _nd_random

globals().update({name: f for name, f in vars(_nd_random).items() if not name.startswith("_")})
