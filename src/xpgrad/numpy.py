"""The array API standard's namespace over NumPy: ``import xpgrad.numpy as xp``."""

import sys

from xpgrad.namespace import namespace

sys.modules[__name__] = namespace("numpy")
