"""The derivative rules, one file per chapter of the array API standard.

Each file reads like a table: first the primitives of the chapter with their parameters, then a rule for each input.
To add a function, register it with `primitive` and give its rules with `vjp`; `xpgrad.primitive` lists the names that
a rule may ask for. The files ``linalg`` and ``fft`` are the extensions; ``contraction``, ``special`` and
``scipy_special`` go beyond the standard; ``rows`` has what some rules do faster for many cotangents at once.
"""

from xpgrad.rules import (
    constants,
    contraction,
    creation,
    elementwise,
    fft,
    indexing,
    linalg,
    linear_algebra,
    manipulation,
    rows,
    scipy_special,
    searching,
    sets,
    sorting,
    special,
    statistical,
)

__all__ = [
    "constants",
    "contraction",
    "creation",
    "elementwise",
    "fft",
    "indexing",
    "linalg",
    "linear_algebra",
    "manipulation",
    "rows",
    "scipy_special",
    "searching",
    "sets",
    "sorting",
    "special",
    "statistical",
]
