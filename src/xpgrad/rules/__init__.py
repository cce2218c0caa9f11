"""The derivative rules, one file per chapter of the array API standard.

Each file reads like a table: first the primitives of the chapter with their parameters, then a rule for each input.
To add a function, register it with `primitive` and give its rules with `vjp`; `xpgrad.primitive` lists the names that
a rule may ask for. The chapters ``linalg`` and ``fft`` are the place for the extensions' rules.
"""

from xpgrad.rules import (
    constants,
    creation,
    elementwise,
    indexing,
    linear_algebra,
    manipulation,
    searching,
    sets,
    sorting,
    statistical,
)

__all__ = [
    "constants",
    "creation",
    "elementwise",
    "indexing",
    "linear_algebra",
    "manipulation",
    "searching",
    "sets",
    "sorting",
    "statistical",
]
