"""The stand-in's special functions: SciPy's."""

import numpy
import scipy.special
from cupy.arrays import function

_NAMES = """
    bdtr bdtrc beta betainc betaincinv betaln binom boxcox boxcox1p cbrt chdtr chdtrc chdtri cosdg cosm1 cotdg
    digamma ellipeinc ellipk ellipkinc ellipkm1 entr erf erfc erfcinv erfcx erfinv exp1 exp10 exp2 expi expit expn
    exprel fdtr fdtrc fdtri gamma gammainc gammaincc gammainccinv gammaincinv gammaln gammasgn gdtr gdtrc huber i0
    i0e i1 i1e inv_boxcox inv_boxcox1p j0 j1 k0 k0e k1 k1e kl_div log_expit log_ndtr loggamma logit nbdtr nbdtrc
    ndtr ndtri pdtr pdtrc poch pseudo_huber psi radian rel_entr rgamma round shichi sici sindg tandg xlog1py xlogy
    y0 y1 yn zeta
""".split()


def _weak(ufunc):
    """Python numbers leave the precision of arrays alone, as in all of CuPy's ufuncs."""

    def call(*arguments):
        dtype = numpy.result_type(*arguments)
        return ufunc(*(numpy.asarray(x, dtype=dtype) for x in arguments))

    return call


for _name in _NAMES:
    globals()[_name] = function(f"special.{_name}", _weak(getattr(scipy.special, _name)))
