"""What `operators` attaches to Array, declared for type checkers.

Attached methods are declared as class variables, because an instance does not hold them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from xpgrad.array import Array

_Unary = Callable[["Array"], "Array"]
_Binary = Callable[["Array", Any], "Array"]


class Declared:
    """Base of Array that holds nothing."""

    __slots__ = ()

    attach_grad: ClassVar[Callable[..., None]]
    drop_grad: ClassVar[Callable[[Array], None]]
    zero_grad: ClassVar[Callable[[Array], None]]
    backward: ClassVar[Callable[..., None]]
    detach: ClassVar[_Unary]
    copy: ClassVar[_Unary]
    to_device: ClassVar[Callable[..., Array]]
    __array_namespace__: ClassVar[Callable[..., Any]]
    all: ClassVar[Callable[..., Array]]
    any: ClassVar[Callable[..., Array]]
    argmax: ClassVar[Callable[..., Array]]
    argmin: ClassVar[Callable[..., Array]]
    astype: ClassVar[Callable[..., Array]]
    max: ClassVar[Callable[..., Array]]
    mean: ClassVar[Callable[..., Array]]
    min: ClassVar[Callable[..., Array]]
    prod: ClassVar[Callable[..., Array]]
    reshape: ClassVar[Callable[..., Array]]
    squeeze: ClassVar[Callable[..., Array]]
    std: ClassVar[Callable[..., Array]]
    sum: ClassVar[Callable[..., Array]]
    take: ClassVar[Callable[..., Array]]
    var: ClassVar[Callable[..., Array]]
    T: Array
    mT: Array  # noqa: N815  # the standard's name
    __getitem__: ClassVar[_Binary]
    __setitem__: ClassVar[Callable[[Array, Any, Any], None]]
    __neg__: ClassVar[_Unary]
    __pos__: ClassVar[_Unary]
    __abs__: ClassVar[_Unary]
    __invert__: ClassVar[_Unary]
    __add__: ClassVar[_Binary]
    __radd__: ClassVar[_Binary]
    __sub__: ClassVar[_Binary]
    __rsub__: ClassVar[_Binary]
    __mul__: ClassVar[_Binary]
    __rmul__: ClassVar[_Binary]
    __truediv__: ClassVar[_Binary]
    __rtruediv__: ClassVar[_Binary]
    __floordiv__: ClassVar[_Binary]
    __rfloordiv__: ClassVar[_Binary]
    __mod__: ClassVar[_Binary]
    __rmod__: ClassVar[_Binary]
    __pow__: ClassVar[_Binary]
    __rpow__: ClassVar[_Binary]
    __matmul__: ClassVar[_Binary]
    __rmatmul__: ClassVar[_Binary]
    __and__: ClassVar[_Binary]
    __rand__: ClassVar[_Binary]
    __or__: ClassVar[_Binary]
    __ror__: ClassVar[_Binary]
    __xor__: ClassVar[_Binary]
    __rxor__: ClassVar[_Binary]
    __lshift__: ClassVar[_Binary]
    __rlshift__: ClassVar[_Binary]
    __rshift__: ClassVar[_Binary]
    __rrshift__: ClassVar[_Binary]
    __lt__: ClassVar[_Binary]
    __le__: ClassVar[_Binary]
    __gt__: ClassVar[_Binary]
    __ge__: ClassVar[_Binary]
