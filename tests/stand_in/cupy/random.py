"""The stand-in's random numbers: NumPy's, with CuPy's refusals."""

import numpy

from cupy.arrays import ndarray
from cupy.calls import note

_NAMES = """
    beta binomial chisquare dirichlet exponential f gamma geometric hypergeometric integers logseries poisson power
    random standard_exponential standard_gamma standard_normal uniform
""".split()


class Generator:
    """Draws from distributions whose parameters are numbers, or float64 arrays on the device."""

    def __init__(self, generator):
        self._generator = generator


def _drawing(name):
    def draw(self, *parameters, **keywords):
        note(f"random.Generator.{name}", (self, *parameters), keywords)
        for p in parameters:
            if type(p) not in (int, float, ndarray) or getattr(p, "dtype", None) == numpy.float32:
                raise TypeError(f"{p!r} is required to be a cupy.ndarray of float64, or a scalar")
        values = [p._a if isinstance(p, ndarray) else p for p in parameters]
        return ndarray(numpy.asarray(getattr(self._generator, name)(*values, **keywords)))

    return draw


for _name in _NAMES:
    setattr(Generator, _name, _drawing(_name))


def default_rng(seed=None):
    note("random.default_rng", (seed,), {})
    return Generator(numpy.random.default_rng(seed))
