"""mx.np.linalg: linear algebra."""

from __future__ import annotations

from xpgrad.mxnet.arrays import ndarray
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.ops import matrices, products
from xpgrad.mxnet.ops.matrices import standard, tupled
from xpgrad.mxnet.provide import named, provide_all

_FUNCTIONS = {
    **{
        name: standard(name)
        for name in ("det diagonal eigvals inv matrix_transpose outer svdvals trace vecdot").split()
    },
    **{name: tupled(name) for name in ("eig", "qr", "slogdet")},
    **named(
        matrices,
        "cholesky eigh eigvalsh solve matrix_norm vector_norm pinv matrix_power norm svd matrix_rank cond multi_dot "
        "tensorinv tensorsolve lstsq",
    ),
    **named(products, "cross tensordot matmul"),
}

globals().update(provide_all(_FUNCTIONS, ndarray))

__getattr__ = lacking("mx.np.linalg", globals())
