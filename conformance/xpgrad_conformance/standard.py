"""The array API standard, version 2025.12: its functions by chapter, and the methods and attributes of its array.

https://data-apis.org/array-api/2025.12/
"""

from __future__ import annotations

VERSION = "2025.12"

_CORE = {
    "creation": "arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril "
    "triu zeros zeros_like",
    "data types": "astype can_cast finfo iinfo isdtype result_type",
    "element-wise": "abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_invert bitwise_left_shift "
    "bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1 floor "
    "floor_divide greater greater_equal hypot imag isfinite isinf isnan less less_equal log log10 log1p log2 logaddexp "
    "logical_and logical_not logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow "
    "real reciprocal remainder round sign signbit sin sinh sqrt square subtract tan tanh trunc",
    "indexing": "take take_along_axis",
    "linear algebra": "matmul matrix_transpose tensordot vecdot",
    "manipulation": "broadcast_arrays broadcast_shapes broadcast_to concat expand_dims flip moveaxis permute_dims "
    "repeat reshape roll squeeze stack tile unstack",
    "searching": "argmax argmin count_nonzero nonzero searchsorted where",
    "sets": "isin unique_all unique_counts unique_inverse unique_values",
    "sorting": "argsort sort",
    "statistical": "cumulative_prod cumulative_sum max mean min prod std sum var",
    "utility": "all any diff",
}

_EXTENSIONS = {
    "fft": "fft fftfreq fftn fftshift hfft ifft ifftn ifftshift ihfft irfft irfftn rfft rfftfreq rfftn",
    "linalg": "cholesky cross det diagonal eig eigh eigvals eigvalsh inv matmul matrix_norm matrix_power matrix_rank "
    "matrix_transpose outer pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm",
}

#: The functions by chapter; those of an extension have dotted names, "linalg.svd".
CHAPTERS: dict[str, tuple[str, ...]] = {chapter: tuple(names.split()) for chapter, names in _CORE.items()} | {
    extension: tuple(f"{extension}.{name}" for name in names.split()) for extension, names in _EXTENSIONS.items()
}

EXTENSIONS = frozenset(_EXTENSIONS)

FUNCTIONS = frozenset(name for names in CHAPTERS.values() for name in names)

#: What else a namespace has.
INFO = frozenset(("__array_namespace_info__",))
CONSTANTS = frozenset("e inf nan newaxis pi".split())
DTYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128".split()
)

#: What an array has; the operators' reflected and in-place forms, which the standard has too, are not listed.
ATTRIBUTES = frozenset("T device dtype mT ndim shape size".split())
METHODS = frozenset(
    "__abs__ __add__ __and__ __array_namespace__ __bool__ __complex__ __dlpack__ __dlpack_device__ __eq__ __float__ "
    "__floordiv__ __ge__ __getitem__ __gt__ __index__ __int__ __invert__ __le__ __lshift__ __lt__ __matmul__ __mod__ "
    "__mul__ __ne__ __neg__ __or__ __pos__ __pow__ __rshift__ __setitem__ __sub__ __truediv__ __xor__ to_device".split()
)
#: The operators that have a reflected form, and one in place.
BINARY = frozenset("add and floordiv lshift matmul mod mul or pow rshift sub truediv xor".split())

#: The functions of real numbers only.
REAL_ONLY = frozenset(
    "atan2 ceil clip copysign floor floor_divide hypot logaddexp max maximum min minimum nextafter remainder sort std "
    "trunc var fft.ihfft fft.rfft fft.rfftn".split()
)
