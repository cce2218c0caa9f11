"""Differentiates code written for the Python array API standard, whichever library holds the arrays."""

from typing import Any

from xpgrad import (
    autograd,
    collector,  # noqa: F401  # importing it makes the garbage collector spare long records
    einops,  # noqa: F401  # importing it lets einops take Arrays
    implicit,
    notebook,  # noqa: F401  # this, how they look in notebooks
    operators,  # noqa: F401  # importing it attaches the operators and methods of Array
    protocols,  # noqa: F401  # and this, NumPy's functions
)
from xpgrad.array import Array
from xpgrad.check import check_grads
from xpgrad.custom import custom_vjp
from xpgrad.discovery import available_backends, get_backend, set_backend, use_backend
from xpgrad.errors import UnknownNameError
from xpgrad.functional import grad, hessian, hvp, jacobian, jvp, stop_gradient, value_and_grad, vjp
from xpgrad.namespace import active, asarray, namespace
from xpgrad.ravel import ravel_tree
from xpgrad.recomputation import checkpoint

__version__ = "0.1.0"

__all__ = [
    "Array",
    "asarray",
    "autograd",
    "available_backends",
    "check_grads",
    "checkpoint",
    "custom_vjp",
    "get_backend",
    "grad",
    "hessian",
    "hvp",
    "implicit",
    "jacobian",
    "jvp",
    "namespace",
    "ravel_tree",
    "set_backend",
    "stop_gradient",
    "use_backend",
    "value_and_grad",
    "vjp",
]


def __getattr__(name: str) -> Any:
    try:
        return getattr(active(), name)
    except UnknownNameError:
        raise UnknownNameError(__name__, name, lambda: {*__all__, *dir(active())}) from None


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(active())})
