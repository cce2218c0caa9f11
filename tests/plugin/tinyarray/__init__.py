"""A tiny array library: the array API standard's functions on arrays of a type of its own, which wrap NumPy's."""

from types import ModuleType

from array_api_compat import numpy  # NumPy before 2.5 does not sort as the standard says

__array_api_version__ = "2024.12"


class Tiny:
    """An array that NumPy does not know."""

    __array_ufunc__ = None

    def __init__(self, values):
        self.values = numpy.asarray(values)

    shape = property(lambda self: self.values.shape)
    ndim = property(lambda self: self.values.ndim)
    size = property(lambda self: self.values.size)
    dtype = property(lambda self: self.values.dtype)
    device = property(lambda self: "cpu")

    def __setitem__(self, key, value):
        self.values[unwrap(key)] = unwrap(value)

    def __bool__(self):
        return bool(self.values)

    def __repr__(self):
        return f"Tiny({self.values.tolist()})"


def wrap(x):
    if isinstance(x, tuple | list):
        return type(x)(map(wrap, x))
    return Tiny(x) if isinstance(x, numpy.ndarray | numpy.generic) else x


def unwrap(x):
    if isinstance(x, tuple | list):
        return type(x)(map(unwrap, x))
    return x.values if isinstance(x, Tiny) else x


def lift(function):
    """Let a NumPy function take and give Tiny arrays."""

    def lifted(*arguments, **options):
        return wrap(function(*map(unwrap, arguments), **{name: unwrap(value) for name, value in options.items()}))

    return lifted


OPERATORS = (
    "add sub mul truediv pow matmul radd rsub rmul rtruediv rpow neg abs eq ne lt le gt ge getitem or and invert"
)
for stem in OPERATORS.split():
    setattr(Tiny, f"__{stem}__", lift(getattr(numpy.ndarray, f"__{stem}__")))


def __getattr__(name):
    found = getattr(numpy, name)
    if isinstance(found, ModuleType):
        raise AttributeError(f"tinyarray has no {name}")
    return lift(found) if callable(found) and not isinstance(found, type) else found
