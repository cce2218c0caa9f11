"""Other classes that take part in NumPy's protocols, as those of units do: where they are among the operands, it is
their turn (NEP 13, NEP 18), and what they compute with the Arrays that they hold is recorded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xpgrad.numpy as xp
from xpgrad import Array, grad
from xpgrad.errors import MaskedArrayError
from xpgrad.mxnet import np as mx


class Meters:
    """Lengths: an array of any class, and what NumPy's functions give of it."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if "where" in options:
            options["where"] = bare(options["where"])
        if "out" in options:
            options["out"] = bare(options["out"])
        return Meters(getattr(ufunc, method)(*bare(inputs), **options))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return Meters(func(*bare(args), **{key: bare(value) for key, value in kwargs.items()}))

    def __rmul__(self, other: Any) -> Any:
        return Meters(other * self.values)


def bare(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return type(x)(map(bare, x))
    return x.values if isinstance(x, Meters) else x


V = np.asarray([1.0, 2.0, 3.0])


@pytest.mark.parametrize("held", [lambda: V, lambda: xp.asarray(V)], ids=["numpy", "Array"])
@pytest.mark.parametrize(
    "call",
    [
        lambda x, d: np.add(x, d),
        lambda x, d: np.add(d, x),
        lambda x, d: np.matmul(x, d),
        lambda x, d: np.multiply.outer(x, d),
        lambda x, d: np.add(x, 1.0, out=xp.asarray(V + 1.0), where=np.greater(d, 1.5)),
        lambda x, d: x * d,
        lambda x, d: np.concatenate([x, d]),
        lambda x, d: np.stack([d, x]),
        lambda x, d: np.where(x > 1.5, x, d),
        lambda x, d: np.interp(x, V, d),
        lambda x, d: np.dot(x, d),
        lambda x, d: np.einsum("i,i", x, d),
    ],
)
def test_it_is_their_turn(call: Any, held: Any) -> None:
    x = xp.asarray(V)
    out = call(x, Meters(held()))
    assert isinstance(out, Meters)
    np.testing.assert_array_equal(xp.asarray(out.values).asnumpy(), call(x, held()).asnumpy())


def test_out_of_another_class_is_its_to_write() -> None:
    place = np.zeros(3)
    out = np.add(xp.asarray(V), 1.0, out=Meters(place))
    assert isinstance(out, Meters)
    np.testing.assert_array_equal(place, V + 1.0)


def test_arrays_of_mxnet_leave_them_their_turn() -> None:
    x = mx.array([1.0, 2.0, 3.0])
    assert isinstance(np.add(x, Meters(x)), Meters)
    assert isinstance(np.concatenate([x, Meters(x)]), Meters)


def test_what_they_compute_is_recorded() -> None:
    def loss(x: Array) -> Array:
        both = np.concatenate([np.multiply(x, Meters(V)), x])
        return np.sum(np.square(both)).values

    np.testing.assert_allclose(grad(loss)(V), 2 * V * (V**2 + 1))


def test_what_nobody_computes_is_refused_by_numpy() -> None:
    class Silent(Meters):
        def __array_ufunc__(self, *_: Any, **__: Any) -> Any:
            return NotImplemented

        def __array_function__(self, *_: Any) -> Any:
            return NotImplemented

    with pytest.raises(TypeError, match="NotImplemented"):
        np.add(xp.asarray(V), Silent(V))
    with pytest.raises(TypeError, match="no implementation found"):
        np.concatenate([xp.asarray(V), Silent(V)])


def test_masked_arrays_are_still_refused() -> None:
    masked = np.ma.asarray(V)
    for call in (lambda x: np.add(x, masked), lambda x: np.concatenate([x, masked])):
        with pytest.raises(MaskedArrayError):
            call(xp.asarray(V))
