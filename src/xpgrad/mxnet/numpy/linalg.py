"""mx.np.linalg: linear algebra."""

from __future__ import annotations

from xpgrad.mxnet.arrays import ndarray
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.ops import matrices, products
from xpgrad.mxnet.ops.matrices import standard
from xpgrad.mxnet.provide import named, provide_all

_FUNCTIONS = {
    **{
        name: standard(name)
        for name in (
            "cholesky det diagonal eig eigvals inv matrix_transpose outer qr slogdet solve svdvals trace vecdot"
        ).split()
    },
    **named(
        matrices,
        "eigh eigvalsh matrix_norm vector_norm pinv matrix_power norm svd matrix_rank cond multi_dot tensorinv "
        "tensorsolve lstsq",
    ),
    **named(products, "cross tensordot matmul"),
}

globals().update(provide_all(_FUNCTIONS, ndarray))

__getattr__ = lacking("mx.np.linalg", globals())
