"""The array API standard's namespace over CuPy: ``import xpgrad.cupy as xp``."""

import sys

from xpgrad.namespace import namespace

sys.modules[__name__] = namespace("cupy")
