"""The array API standard's namespace over Dask: ``import xpgrad.dask as xp``."""

import sys

from xpgrad.namespace import namespace

sys.modules[__name__] = namespace("dask")
