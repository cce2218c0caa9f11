"""The inputs at which every derivative rule is tested.

An element-wise primitive of one or two inputs gets its samples from the registry: in all combinations of shapes, in the
first domain in which the function is finite. All other functions have theirs in the table `SAMPLES`. Inputs keep away
from the kinks of the functions: those are the matter of test_special_values.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from xpgrad.discovery import get_named
from xpgrad.primitive import PRIMITIVES, raw_namespace

NUMPY = raw_namespace(get_named("numpy"))


@dataclass(frozen=True)
class Sample:
    """Inputs of one call: arrays, Python scalars or None, and the parameters.

    `extends` says what in the call goes beyond the standard, so that array-api-strict refuses it.
    """

    arrays: tuple[Any, ...]
    parameters: dict[str, Any] = field(default_factory=dict)
    extends: str = ""

    @property
    def label(self) -> str:
        """A short name, for the test's id."""
        shapes = ",".join(_short(a.shape) if isinstance(a, np.ndarray) else str(a) for a in self.arrays)
        return ",".join([shapes, *(f"{name}={_short(value)}" for name, value in self.parameters.items())])


def _short(value: Any) -> str:
    """A value as one would write it in an index."""
    if isinstance(value, slice):
        return ":".join("" if part is None else str(part) for part in (value.start, value.stop, value.step))
    if isinstance(value, tuple):
        return f"({','.join(map(_short, value))})"
    if isinstance(value, np.ndarray):
        return str(value.astype(int).tolist()).replace(" ", "")
    return "..." if value is Ellipsis else str(value)


# Intervals of magnitudes, and whether signs alternate; none comes near to 0.
DOMAINS = ((0.3, 1.9, True), (0.2, 0.8, True), (0.3, 2.2, False), (1.2, 2.9, False))


def floats(*shape: int, seed: int = 0, domain: tuple[float, float, bool] = DOMAINS[0]) -> Any:
    """Numbers in random order whose magnitudes are all different, and stay so when one moves a little."""
    low, high, signed = domain
    n = prod(shape)
    rng = np.random.default_rng([seed, *shape])
    magnitudes = low + (high - low) / max(n, 1) * (rng.permutation(n) + rng.uniform(0.25, 0.75, n))
    return np.reshape(magnitudes * (rng.choice([-1.0, 1.0], n) if signed else 1.0), shape)


def integers(*values: Any) -> Any:
    return np.asarray(values, dtype=np.int64)


def booleans(*values: Any) -> Any:
    return np.asarray(values, dtype=bool)


def calls(*arrays: Any, extends: str = "", each: tuple[dict[str, Any], ...] = ({},)) -> list[Sample]:
    """The same inputs with different parameters; a tuple stands for an array of that shape."""
    made = tuple(floats(*a, seed=i) if isinstance(a, tuple) else a for i, a in enumerate(arrays))
    return [Sample(made, parameters, extends) for parameters in each]


def _domain(name: str) -> tuple[float, float, bool] | None:
    """The first domain in which a function is finite, if there is one."""
    count = len(PRIMITIVES[name].inputs)
    with np.errstate(all="ignore"):
        for domain in DOMAINS:
            if np.all(np.isfinite(getattr(NUMPY, name)(*(floats(4, 3, seed=i, domain=domain) for i in range(count))))):
                return domain
    return None


_UNARY = ((2, 3), (), (0, 3))
_BINARY = (((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2,)), ((0, 1), (3,)), ((2,), 1.3), (1.3, (2,)))


def _defaults(name: str) -> list[Sample]:
    """The samples of an element-wise primitive: one input, or two with broadcasting and Python scalars."""
    forms = {1: [(shape,) for shape in _UNARY], 2: _BINARY}[len(PRIMITIVES[name].inputs)]
    domain = _domain(name)
    if domain is None:
        return []
    return [
        Sample(tuple(floats(*a, seed=i, domain=domain) if isinstance(a, tuple) else a for i, a in enumerate(form)))
        for form in forms
    ]


def samples_of(name: str) -> list[Sample]:
    """All samples of a function; none if it is not in the table and cannot get any from the registry."""
    if name in SAMPLES:
        return SAMPLES[name]
    primitive = PRIMITIVES.get(name)
    if primitive and primitive.elementwise and not primitive.parameters and len(primitive.inputs) <= 2:
        return _defaults(name)
    return []


def _reductions(*zero_size: dict[str, Any]) -> list[Sample]:
    axes = ({}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": (0, -1)}, {"keepdims": True})
    return (
        calls((2, 3, 2), each=axes)
        + calls((), each=({}, {"keepdims": True}))
        + calls((0, 3), each=({"axis": 1}, {"axis": -1, "keepdims": True}, *zero_size))
    )


def _cumulative() -> list[Sample]:
    return (
        calls((4,), each=({}, {"include_initial": True}))
        + calls((1,), each=({}, {"include_initial": True}))
        + calls(
            (2, 3),
            each=({"axis": 0}, {"axis": -1}, {"axis": 1, "include_initial": True}, {"axis": 0, "dtype": "float64"}),
        )
        + calls((0, 3), each=({"axis": 1}, {"axis": 0}, {"axis": 0, "include_initial": True}))
    )


def _with_zeros(*shape: int, at: tuple[int, ...]) -> Any:
    x = floats(*shape)
    np.put(x, at, 0.0)
    return x


def _indexed(shape: tuple[int, ...], *keys: Any, extends: str = "") -> list[Sample]:
    """Reads of an array at different keys."""
    return calls(shape, each=tuple({"key": key} for key in keys), extends=extends)


def _written(*keys: Any, extends: str = "") -> list[Sample]:
    """Writes of values that fill the place, of one that is broadcast to it, and of a number."""
    return [
        Sample((floats(2, 3), value), {"key": key}, extends)
        for key in keys
        for value in (floats(*np.zeros((2, 3))[key].shape, seed=1), floats(seed=2), 1.7)
    ]


_PLACES = integers(2, 0, -1, 0)  # repeated, and negative
_HALVES = integers(1, 0, -1, 1)
_GRID = integers([0, 1], [1, 1])
_MASK = booleans([True, False, True], [False, False, True])
_ROWS = booleans(True, False)
_BACK = slice(None, None, -1)
_ALL = slice(None)
_BASIC_KEYS = (
    ..., (1, ...), (-1, ...), (slice(0, 1), ...), (slice(1, None), ...), (slice(0, 0), ...), (_BACK, ...), (..., _BACK),
    (..., 1), (_ALL, slice(None, None, 2)), (0, slice(None, None, -2)), (1, 2),
)  # fmt: skip
_NEW_AXIS_KEYS = (None, ...), (_ALL, None, 1), (..., None, slice(None, None, 2))
_FLAT_KEYS = 1, _BACK, ()
_LISTED_KEYS = (_HALVES, _PLACES), (1, _PLACES), (_HALVES, 1), (_GRID, integers(2, 0))
_MIXED_KEYS = (_HALVES, _BACK), (None, _HALVES, ..., 0), (..., _PLACES), [0, 1, 1]
_MASKED_KEYS = (_ROWS, ...), (_ROWS, 1), (1, booleans(True, True, False)), (_ROWS, integers(2))

_FLAT = "every axis must be in the key, or an Ellipsis"
_MIXED = "integer arrays stand with integers only"
_ALONE = "a mask stands alone"
_NO_LIST = "integer arrays are keys of reads only"

#: Where the registry alone does not say what the inputs must look like.
SAMPLES: dict[str, list[Sample]] = {
    "astype": calls((2, 3), each=({"dtype": "float64"}, {"dtype": "float64", "copy": False})),
    "broadcast_arrays": calls((2, 1), (3,), ()),
    "broadcast_to": [
        sample
        for x in ((3,), (2, 1), (1, 3), (2, 3), ())
        for sample in calls(x, each=({"shape": (2, 3)}, {"shape": (2, 2, 3)}))
    ],
    "clip": [
        *calls((2, 3), None, None),
        *calls((2, 3), -0.9, None),
        *calls((2, 3), None, 0.8),
        *calls((2, 3), -0.9, 0.8),
        *calls((2, 3), np.asarray([-1.0, 0.6, -0.5]), np.asarray([[0.85], [0.95]])),
        *calls((2, 3), np.asarray([[-1.0, -2.5, -0.5]] * 2), None),
        *calls((), None, np.asarray(0.1)),
        *calls((4,), np.asarray([0.5, 0.4, -2.5, 0.2]), 0.3, extends="bounds do not cross"),
        *calls((4,), -0.3, np.asarray([0.5, -0.4, -2.5, 0.2]), extends="bounds do not cross"),
        *calls((0, 3), np.asarray(-1.0), 1.0),
    ],
    "concat": [
        *calls((2, 3), (1, 3)),
        *calls((2, 1), (2, 3), (2, 2), each=({"axis": -1}, {"axis": 1})),
        *calls((2, 3), (4,), (), each=({"axis": None},)),
        *calls((2, 3), (0, 3), (1, 3), each=({"axis": 0}, {"axis": None})),
    ],
    "cumulative_prod": [
        *_cumulative(),
        *(s for at in ((1,), (0,), (1, 3), (4,), (0, 1, 2, 3, 4)) for s in calls(_with_zeros(5, at=at))),
        *calls(_with_zeros(3, 2, at=(0, 3, 4)), each=({"axis": 0}, {"axis": 1, "include_initial": True})),
    ],
    "cumulative_sum": _cumulative(),
    "diff": calls((4, 3), each=({}, {"n": 2, "axis": 0}, {"n": 0}, {"axis": 0})),
    "expand_dims": calls((2, 3), each=({"axis": 0}, {"axis": 1}, {"axis": -1})) + calls((), each=({"axis": 0},)),
    "flip": calls((2, 3), each=({}, {"axis": 0}, {"axis": (0, -1)})) + calls((0, 3)),
    "getitem": [
        *_indexed((2, 3), *_BASIC_KEYS, *_NEW_AXIS_KEYS, *_LISTED_KEYS, _MASK, ~_MASK & False),
        *_indexed((2, 3), _HALVES, _HALVES[:0], (_ALL, _PLACES)),  # the standard knows these as take
        *_indexed((2, 3), *_FLAT_KEYS, extends=_FLAT),
        *_indexed((2, 3), *_MIXED_KEYS, extends=_MIXED),
        *_indexed((2, 3), *_MASKED_KEYS, extends=_ALONE),
        *_indexed((2, 3, 2), (_HALVES, _ALL, _HALVES), (0, slice(1, None), integers(1, 1)), extends=_MIXED),
        *_indexed((5,), 2, -1, slice(-2, None), slice(None, None, -2), _PLACES),
        *_indexed((), ..., (), None),
    ],
    "imag": calls((2, 3), extends="imag is for complex arrays"),
    "matmul": [
        s
        for shapes in (
            ((3,), (3,)),
            ((3,), (3, 2)),
            ((2, 3), (3,)),
            ((2, 3), (3, 2)),
            ((2, 2, 3), (3, 2)),
            ((2, 3), (2, 3, 1)),
            ((2, 1, 2, 3), (3, 3, 1)),
            ((3,), (2, 3, 2)),
            ((2, 2, 3), (3,)),
            ((1, 2, 3), (2, 3, 2)),
            ((2, 0), (0, 3)),
            ((0, 3), (3,)),
        )
        for s in calls(*shapes)
    ],
    "matrix_transpose": calls((2, 3)) + calls((2, 1, 3)) + calls((0, 3)),
    "max": _reductions(),
    "mean": _reductions(),
    "meshgrid": calls((2,), (3,), each=({}, {"indexing": "ij"})) + calls((2,), (1,), (3,)) + calls((2,)),
    "min": _reductions(),
    "moveaxis": calls(
        (2, 3, 1),
        each=(
            {"source": 0, "destination": -1},
            {"source": (0, 1), "destination": (2, 0)},
            {"source": -1, "destination": 1},
        ),
    ),
    "permute_dims": calls((2, 3, 1), each=({"axes": (2, 0, 1)}, {"axes": (0, -1, 1)}))
    + calls((), each=({"axes": ()},)),
    "prod": [
        *_reductions({"axis": 0}, {}),
        *(s for at in ((1,), (1, 2), (0, 1, 2, 3)) for s in calls(_with_zeros(4, at=at))),
        *calls(
            _with_zeros(2, 3, 2, at=(0, 4, 5)),
            each=({}, {"axis": 1}, {"axis": (0, 2), "keepdims": True}, {"axis": 0, "dtype": "float64"}),
        ),
    ],
    "real": calls((2, 3)),
    "repeat": [
        *calls(
            (2, 3),
            each=({"repeats": 2, "axis": 0}, {"repeats": 3, "axis": -1}, {"repeats": 0, "axis": 1}, {"repeats": 2}),
        ),
        *calls((2, 3), each=({"repeats": integers(2, 0, 1), "axis": 1}, {"repeats": integers(3, 1), "axis": -2})),
        *calls((3,), each=({"repeats": integers(1, 0, 2)}, {"repeats": 2})),
        *calls((0, 3), each=({"repeats": 2, "axis": 0}, {"repeats": 2, "axis": 1})),
    ],
    "reshape": calls(
        (2, 3), each=({"shape": (3, 2)}, {"shape": (-1,)}, {"shape": (1, 6, 1)}, {"shape": (6,), "copy": True})
    )
    + calls((), each=({"shape": (1, 1)},))
    + calls((0, 3), each=({"shape": (3, 0, 2)},)),
    "roll": calls(
        (2, 3),
        each=(
            {"shift": 2},
            {"shift": -1, "axis": 1},
            {"shift": (1, -2), "axis": (0, 1)},
            {"shift": (1, 1), "axis": (-1, -1)},
        ),
    )
    + calls((2, 3), each=({"shift": 1, "axis": (0, 1)},)),
    "scatter": [
        *calls((4,), each=({"key": _PLACES, "shape": (4,)}, {"key": slice(None, None, -2), "shape": (8,)})),
        *calls((4,), each=({"key": (_HALVES, _PLACES), "shape": (2, 3)},)),
        *calls((2, 4), each=({"key": (_ALL, _PLACES), "shape": (2, 3)},)),
        *calls((3,), each=({"key": _MASK, "shape": (2, 3)},)),
        *calls((1, 2), each=({"key": (None, _ALL, 1), "shape": (2, 3)},)),
        *calls((0,), each=({"key": _PLACES[:0], "shape": (3,)},)),
    ],
    "setitem": [
        *_written(*_BASIC_KEYS, _MASK),
        *_written(*_NEW_AXIS_KEYS, extends="a write makes no new axes"),
        *_written(*_FLAT_KEYS, extends=_FLAT),
        *_written(_HALVES, *_LISTED_KEYS, *_MIXED_KEYS, extends=_NO_LIST),
        *_written(*_MASKED_KEYS, extends=_ALONE),
    ],
    "sort": calls(
        (2, 3), each=({}, {"axis": 0}, {"descending": True}, {"axis": 0, "descending": True, "stable": False})
    )
    + calls((4,))
    + calls((0, 3), each=({}, {"axis": 0})),
    "squeeze": calls((1, 3, 1), each=({"axis": 0}, {"axis": (0, -1)})),
    "stack": calls((2, 3), (2, 3), each=({}, {"axis": 1}, {"axis": -1})) + calls((), (), ()) + calls((0,), (0,)),
    "std": _reductions()
    + calls((2, 3), each=({"correction": 1}, {"correction": 0.5, "axis": 1}, {"correction": 1.0, "axis": 0})),
    "sum": _reductions({"axis": 0}, {}) + calls((2, 3), each=({"dtype": "float64"}, {"axis": ()})),
    "take": [
        *calls((2, 3), _HALVES, each=({"axis": 0},)),
        *calls((2, 3), _PLACES, each=({"axis": 1}, {"axis": -1})),
        *calls((2, 3, 2), _PLACES, each=({"axis": 1},)),
        *calls((4,), _PLACES),
        *calls((2, 3), _PLACES[:0], each=({"axis": 1},)),
        *calls((2, 3), integers([0, 5], [5, 1]), each=({},), extends="take without axis is for one dimension"),
        *calls((2, 3), integers([0, 2], [2, 1]), each=({"axis": 1},), extends="indices have one dimension"),
        *calls((2, 3), np.asarray(1), each=({"axis": 1},), extends="indices have one dimension"),
    ],
    "take_along_axis": [
        *calls((2, 3), integers([2, 0, -1, 0], [1, 1, 1, 0])),
        *calls((2, 3), integers([0, 1, 1], [0, -1, 0], [1, 1, 1]), each=({"axis": 0},)),
        *calls((2, 3), integers([2, 2]), each=({"axis": 1},)),
        *calls((1, 3), integers([2], [0], [0]), each=({"axis": 1},)),
        *calls((3,), integers(2, 2)),
    ],
    "tensordot": [
        *calls((2, 3, 2), (3, 2, 1)),
        *calls((2, 3), (3, 2), each=({"axes": 1}, {"axes": 0}, {"axes": ((0,), (1,))}, {"axes": ((-1, 0), (0, -1))})),
        *calls(
            (2, 3, 2), (2, 2, 3), each=({"axes": ((1, 0), (2, 1))}, {"axes": ((2, 0), (0, 1))}, {"axes": ((1,), (2,))})
        ),
        *calls((3,), (3,), each=({"axes": 1},)),
        *calls((), (2,), each=({"axes": 0},)),
        *calls((2, 0), (0, 3), each=({"axes": 1},)),
    ],
    "tile": calls(
        (2, 3),
        each=({"repetitions": (2,)}, {"repetitions": (2, 1, 2)}, {"repetitions": (3, 2)}, {"repetitions": (0, 1)}),
    )
    + calls((), each=({"repetitions": (2, 2)},)),
    "to_device": calls((2, 3), each=({"device": "cpu"},)),
    "tril": calls((3, 3), each=({}, {"k": 1}, {"k": -1})) + calls((2, 2, 3)) + calls((0, 3)),
    "triu": calls((3, 3), each=({}, {"k": 1}, {"k": -1})) + calls((2, 2, 3)) + calls((0, 3)),
    "unique_all": calls((2, 3)) + calls((0,)),
    "unique_counts": calls((2, 3)),
    "unique_inverse": calls((2, 3)),
    "unique_values": calls((2, 3)) + calls(()),
    "unstack": calls((2, 3), each=({}, {"axis": -1})) + calls((2, 1, 3), each=({"axis": 1},)),
    "var": _reductions()
    + calls((2, 3), each=({"correction": 1}, {"correction": 0.5, "axis": 1}, {"correction": 1.0, "axis": 0})),
    "vecdot": [
        *calls((3,), (3,)),
        *calls((2, 3), (2, 3), each=({}, {"axis": -2})),
        *calls((2, 1, 3), (4, 3)),
        *calls((3,), (2, 3)),
        *calls((2, 3, 1), (3, 2), each=({"axis": -2},)),
        *calls((0, 3), (3,)),
    ],
    "where": [
        *calls(_MASK, (2, 3), (2, 3)),
        *calls(_MASK, (3,), (2, 1)),
        *calls(_MASK[0, :], (2, 1), 0.5),
        *calls(_MASK, 0.5, (2, 3)),
        *calls(np.asarray(True), (), (2,)),
        *calls(_MASK[:0], (3,), (0, 1)),
    ],
}
