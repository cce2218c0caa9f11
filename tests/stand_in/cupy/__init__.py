"""Stands in for CuPy where there is no GPU, so that the plug-in can be run everywhere.

The values are NumPy's. CuPy's are the rest: arrays belong to one of two devices, and are refused while the other one is
current; no array becomes a NumPy array by itself; what makes CuPy wait for the device raises where that is forbidden.
Every call is noted, so that it can be held against the real package: `calls` says what is noted.
"""

from __future__ import annotations

import numpy

from cupy import arrays, calls, cuda, fft, linalg, random
from cupy.arrays import ElementwiseKernel, array, array_ufunc, asarray, asnumpy, ndarray

__version__ = "14.stand-in"

#: What NumPy has and CuPy 14 has not; array-api-compat looks for these.
_ABSENT = {"matvec", "unstack", "vecdot", "vecmat"}

for _name in set(numpy.__all__) - _ABSENT - arrays.OWN:
    _value = getattr(numpy, _name)
    if isinstance(_value, numpy.ufunc):
        globals()[_name] = array_ufunc(_name, _value)
    elif callable(_value) and not isinstance(_value, type):
        globals()[_name] = arrays.function(_name, _value)
    elif _name not in globals() and not hasattr(_value, "__path__"):
        globals()[_name] = _value  # dtypes and numbers

finfo, iinfo, isdtype, result_type, can_cast = map(
    arrays.of_dtypes, (numpy.finfo, numpy.iinfo, numpy.isdtype, numpy.result_type, numpy.can_cast)
)

__all__ = sorted(name for name in globals() if not name.startswith("_"))
