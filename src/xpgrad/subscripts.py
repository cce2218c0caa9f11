"""What the subscripts of `einsum` say, and in which order to contract. It knows shapes, and no arrays."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import prod
from string import ascii_lowercase, ascii_uppercase
from typing import Any, NamedTuple

from xpgrad.cotangent import unlike

Shape = tuple[int, ...]

_HIDDEN = 0xE000  # the axes under an ellipsis, counted from the last, get characters that nobody types


class Contraction(NamedTuple):
    """A sum of products spelled out.

    Attributes
    ----------
    operands : tuple of str
        One character, an index, for each axis of each operand.
    out : str
        The same for the result.
    sizes : dict
        The length of every index.
    path : tuple of (int, int)
        Which two of the operands that are left to contract next; their product goes to the end.
    """

    operands: tuple[str, ...]
    out: str
    sizes: dict[str, int]
    path: tuple[tuple[int, int], ...]


def from_lists(*arguments: Any) -> tuple[str, tuple[Any, ...]]:
    """Subscripts and operands of a call in which a list follows every operand, and maybe one for the result.

    Raises
    ------
    ValueError
        If a list holds anything but integers from 0 to 51 and Ellipsis.
    """
    letters = ascii_uppercase + ascii_lowercase  # in the order of the integers, which that of the result may follow
    count = len(arguments) // 2
    try:
        lists = [
            "".join("..." if i is Ellipsis else letters[range(len(letters)).index(i)] for i in subscripts)
            for subscripts in (*arguments[1::2], *arguments[2 * count :])
        ]
    except (TypeError, ValueError):
        raise ValueError(
            "einsum takes subscripts as a string before the operands, or as a list of integers from 0 to 51 and "
            "Ellipsis after each of them."
        ) from None
    return ",".join(lists[:count]) + "".join(f"->{text}" for text in lists[count:]), arguments[: 2 * count : 2]


@lru_cache(maxsize=1024)
def contraction(subscripts: str, shapes: tuple[Shape, ...]) -> Contraction:
    """What to do with operands of these shapes.

    Raises
    ------
    ValueError
        If the subscripts make no sense, or do not fit the operands.
    """
    try:
        return _plan(subscripts.replace(" ", ""), shapes)
    except ValueError as error:
        raise ValueError(f"einsum({subscripts!r}): {error}.") from None


def _plan(subscripts: str, shapes: tuple[Shape, ...]) -> Contraction:
    left, arrow, right = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ValueError(f"these are the subscripts of {len(terms)} operands, not of {len(shapes)}")
    operands = tuple(_spelled(term, len(shape)) for term, shape in zip(terms, shapes, strict=True))
    sizes = _sizes(operands, shapes)
    if not arrow:
        right = "..." + "".join(sorted(i for i in sizes if _named(i) and "".join(operands).count(i) == 1))
    hidden = sum(not _named(i) for i in sizes)
    if hidden and "..." not in right:
        raise ValueError("the result lacks the ellipsis of the operands")
    out = _spelled(right, len(right.replace("...", "")) + hidden)
    for i in out:
        if i not in sizes:
            raise ValueError(f"{i} is in the result, but in no operand")
        if out.count(i) > 1:
            raise ValueError(f"{i} is in the result more than once")
    return Contraction(operands, out, sizes, _path(operands, out, sizes))


def _named(index: str) -> bool:
    """Whether an index is in the subscripts as they are typed."""
    return ord(index) < _HIDDEN


def _spelled(term: str, ndim: int) -> str:
    """One index for each axis."""
    before, _, after = term.partition("...")
    letters = before + after
    if letters and not letters.isalpha():
        raise ValueError(f"{term!r} has more in it than letters and one ellipsis")
    hidden = ndim - len(letters)
    if hidden < 0 or (hidden and letters == term):
        raise ValueError(f"{term!r} does not name {ndim} axes")
    return before + "".join(chr(_HIDDEN + i) for i in reversed(range(hidden))) + after


def _sizes(operands: tuple[str, ...], shapes: tuple[Shape, ...]) -> dict[str, int]:
    """The length of every index; axes of length 1 are broadcast to it, if the operand has the index only once."""
    sizes: dict[str, int] = {}
    for operand, shape in zip(operands, shapes, strict=True):
        for i, n in zip(operand, shape, strict=True):
            known = sizes.get(i, n)
            if unlike((known,), (n,)) and (1 not in (known, n) or operand.count(i) > 1):
                raise ValueError(f"{i if _named(i) else 'an axis of the ellipsis'} is {known} and {n} long")
            sizes[i] = n if known == 1 else known
    return sizes


def _path(operands: tuple[str, ...], out: str, sizes: dict[str, int]) -> tuple[tuple[int, int], ...]:
    """A cheap order: opt_einsum's, where that is installed."""
    if len(operands) < 3:
        return ((0, 1),) * (len(operands) - 1)
    try:
        from opt_einsum.paths import auto
    except ImportError:
        return greedy_path(operands, out, sizes)
    return tuple(auto([frozenset(operand) for operand in operands], frozenset(out), sizes))


def greedy_path(operands: tuple[str, ...], out: str, sizes: dict[str, int]) -> tuple[tuple[int, int], ...]:
    """An order that always contracts the two whose product is the smallest compared with them."""
    left = [frozenset(operand) for operand in operands]
    path = []

    def product(i: int, j: int) -> frozenset[str]:
        others = (other for k, other in enumerate(left) if k not in (i, j))
        return (left[i] | left[j]) & frozenset(out).union(*others)

    def size(indices: frozenset[str]) -> int:
        return prod(sizes[i] for i in indices)

    def growth(pair: tuple[int, int]) -> int:
        return size(product(*pair)) - sum(size(left[k]) for k in pair)

    while len(left) > 1:
        i, j = min(combinations(range(len(left)), 2), key=growth)
        path.append((i, j))
        left = [*(other for k, other in enumerate(left) if k not in (i, j)), product(i, j)]
    return tuple(path)
