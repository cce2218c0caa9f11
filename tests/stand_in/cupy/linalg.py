"""The stand-in's linear algebra: NumPy's, with CuPy's refusals."""

import numpy

from cupy.arrays import function


def _solve(a, b):
    if b.ndim == 1:
        return numpy.linalg.solve(a, numpy.broadcast_to(b, a.shape[:-1])[..., None])[..., 0]
    if a.shape[:-1] != b.shape[:-1]:
        raise ValueError("a must have (..., M, M) shape and b must have (..., M, K)")
    return numpy.linalg.solve(a, b)


def _complex(computed):
    def call(a):
        with_type = numpy.result_type(a.dtype, numpy.complex64)
        out = computed(a)
        return tuple(x.astype(with_type) for x in out) if isinstance(out, tuple) else out.astype(with_type)

    return call


def _tuple(computed):
    return lambda *arguments, **keywords: tuple(computed(*arguments, **keywords))


_OWN = {
    "solve": _solve,
    "eig": _complex(numpy.linalg.eig),
    "eigvals": _complex(numpy.linalg.eigvals),
    **{name: _tuple(getattr(numpy.linalg, name)) for name in ("eigh", "slogdet")},
}
_NAMES = """
    cholesky cond cross det eig eigh eigvals eigvalsh inv lstsq matrix_power matrix_rank norm pinv qr slogdet solve svd
    tensorinv tensorsolve
""".split()
for _name in _NAMES:
    globals()[_name] = function(f"linalg.{_name}", _OWN.get(_name, getattr(numpy.linalg, _name)))
LinAlgError = numpy.linalg.LinAlgError
__all__ = [*_NAMES, "LinAlgError"]
