"""The stand-in's Fourier transforms: NumPy's."""

import numpy

from cupy.arrays import function

for _name in numpy.fft.__all__:
    globals()[_name] = function(f"fft.{_name}", getattr(numpy.fft, _name))
__all__ = list(numpy.fft.__all__)
