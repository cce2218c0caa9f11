"""The stand-in's special functions: SciPy's."""

import numpy
import scipy.special
from cupy.arrays import function

_NAMES = """
    digamma entr erf erfc erfcinv erfcx erfinv expit gammaln log_expit log_ndtr logit ndtr ndtri psi xlog1py xlogy zeta
""".split()


def _weak(ufunc):
    """Python numbers leave the precision of arrays alone, as in all of CuPy's ufuncs."""

    def call(*arguments):
        dtype = numpy.result_type(*arguments)
        return ufunc(*(numpy.asarray(x, dtype=dtype) for x in arguments))

    return call


for _name in _NAMES:
    globals()[_name] = function(f"special.{_name}", _weak(getattr(scipy.special, _name)))
