"""mx.nd.linalg: linear algebra under the names of LAPACK and BLAS."""

from __future__ import annotations

from xpgrad.mxnet.arrays import NDArray
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.ops import matrices
from xpgrad.mxnet.ops.matrices import standard
from xpgrad.mxnet.provide import named, provide_all

FUNCTIONS = {
    **named(
        matrices,
        "gemm gemm2 potrf potri trmm trsm syrk sumlogdiag extractdiag makediag extracttrian maketrian syevd gelqf",
    ),
    "inverse": standard("inv"),
    "det": standard("det"),
    "slogdet": standard("slogdet"),
}

globals().update(provide_all(FUNCTIONS, NDArray))

__getattr__ = lacking("mx.nd.linalg", globals())
