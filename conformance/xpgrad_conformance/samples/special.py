"""Inputs of special functions that the registry cannot guess, and of exponentials that are summed."""

from __future__ import annotations

from typing import Any

import numpy as np

from xpgrad_conformance.samples.base import Sample, calls, floats


def _probabilities() -> list[Sample]:
    return [s for shape in ((2, 3), (), (0, 3)) for s in calls(floats(*shape, domain=(0.1, 0.9, False)))]


def _between_poles() -> list[Sample]:
    """Numbers of which none is next to an integer that is not positive."""
    x = floats(2, 3, domain=(0.3, 0.7, False))
    return [s for numbers in (x, 5 * x, x - 1, x - 4, x[0, 0], x[:0, :]) for s in calls(np.asarray(numbers))]


#: Functions of parameters by which they have no derivative, and of an argument: the parameters, its range.
_OF_PARAMETERS: dict[str, tuple[tuple[float, ...], tuple[float, float]]] = {
    **dict.fromkeys("bdtr bdtrc".split(), ((2.0, 5), (0.1, 0.9))),
    **dict.fromkeys("betainc betaincc betaincinv betainccinv".split(), ((1.3, 2.4), (0.1, 0.9))),
    **dict.fromkeys("chdtr chdtrc gammainc gammaincc".split(), ((2.3,), (0.3, 3.0))),
    **dict.fromkeys("chdtri gammaincinv gammainccinv stdtrit".split(), ((2.3,), (0.1, 0.9))),
    **dict.fromkeys("eval_chebyt eval_chebyu eval_hermite eval_laguerre eval_legendre".split(), ((3,), (-0.9, 0.9))),
    "eval_hermitenorm": ((4,), (-0.9, 0.9)),
    **dict.fromkeys("eval_gegenbauer eval_genlaguerre".split(), ((3, 1.4), (-0.9, 0.9))),
    "eval_jacobi": ((3, 1.4, 0.6), (-0.9, 0.9)),
    "expn": ((2,), (0.3, 2.0)),
    **dict.fromkeys("fdtr fdtrc".split(), ((3.0, 5.0), (0.3, 2.0))),
    "fdtri": ((3.0, 5.0), (0.1, 0.9)),
    "hyp0f1": ((1.4,), (-1.5, 1.5)),
    "hyp1f1": ((0.7, 1.4), (-1.5, 1.5)),
    "hyp2f1": ((0.7, 1.4, 2.1), (-0.7, 0.7)),
    "hyperu": ((0.7, 1.4), (0.3, 2.0)),
    **dict.fromkeys("hankel1 hankel1e hankel2 hankel2e jv jve kv kve yv yve".split(), ((1.3,), (0.4, 3.0))),
    **dict.fromkeys("iv ive modstruve struve".split(), ((1.3,), (0.4, 2.0))),
    **dict.fromkeys("jn kn yn".split(), ((2,), (0.8, 3.0))),
    **dict.fromkeys("nbdtr nbdtrc".split(), ((2, 5), (0.1, 0.9))),
    **dict.fromkeys("pdtr pdtrc".split(), ((2.0,), (0.3, 3.0))),
    "stdtr": ((2.3,), (-2.0, 2.0)),
}  # fmt: skip


def _within(low: float, high: float, *shape: int, seed: int = 0) -> Any:
    """Numbers of a range."""
    return low + (high - low) * floats(*shape, seed=seed, domain=(0.0, 1.0, False))


def _of_parameters(name: str) -> list[Sample]:
    parameters, (low, high) = _OF_PARAMETERS[name]
    return [s for shape in ((2, 3), (), (0, 3)) for s in calls(*parameters, _within(low, high, *shape))]


def _positive(*extra: Any) -> list[Sample]:
    """Pairs of positive numbers."""
    first, second = (_within(0.4, 2.0, 2, 3, seed=seed) for seed in (0, 1))
    return (
        calls(first, second) + calls(first, 1.3) + calls(1.3, second) + calls(first[:1, :], second[:, :1]) + list(extra)
    )


_AXES: Any = ({"axis": 0}, {"axis": -1}, {"axis": (0, 1)}, {"axis": None})


def _normalised() -> list[Sample]:
    return calls((2, 3), each=({}, *_AXES)) + calls((2, 3, 2), each=({"axis": (0, -1)},)) + calls((0, 3), each=_AXES)


def _summed() -> list[Sample]:
    return (
        calls((2, 3), each=({}, {"keepdims": True}, *_AXES))
        + calls((2, 3, 2), each=({"axis": (0, -1)}, {"axis": 1, "keepdims": True}))
        + calls(())
        + calls((0, 3), each=({"axis": 1}, {"axis": -1, "keepdims": True}))
    )


SAMPLES: dict[str, list[Sample]] = {
    "log_softmax": _normalised()[1:],
    "logsumexp": _summed(),
    "softmax": _normalised()[1:],
    "special.digamma": _between_poles(),
    "special.gammaln": _between_poles(),
    "special.log_softmax": _normalised(),
    "special.logit": _probabilities(),
    "special.logsumexp": [
        *_summed(),
        *calls((2, 3), None, np.abs(floats(2, 3, seed=2)), each=({}, {"keepdims": True})),
        *calls((2, 3), 0, np.abs(floats(3, seed=2)), each=({}, {"return_sign": True})),
        *calls((2, 3), 1, floats(2, 1, seed=2), each=({"return_sign": True},)),
    ],
    "special.expm1": calls((2, 3)),
    "special.log1p": calls(_within(-0.5, 1.0, 2, 3)),
    "special.multigammaln": [s for x in ((2, 3), ()) for s in calls(_within(1.4, 3.0, *x), 3)],
    "special.sinc": calls((2, 3)) + calls(()) + calls((0, 3)),
    "special.softplus": calls((2, 3)) + calls(()) + calls((0, 3)),
    "special.ndtri": _probabilities(),
    "special.polygamma": [s for n in (0, 1, 3) for x in _between_poles() for s in calls(n, *x.arrays)],
    "special.psi": _between_poles(),
    **{f"special.{name}": _of_parameters(name) for name in _OF_PARAMETERS},
    **{f"special.{name}": _positive() for name in "beta betaln binom huber poch pseudo_huber".split()},
    "special.erfcinv": [s for shape in ((2, 3), (), (0, 3)) for s in calls(_within(0.2, 1.8, *shape))],
    "special.gdtr": [s for x in ((2, 3), ()) for s in calls(_within(0.4, 2.0, *x), 1.4, _within(0.3, 2.0, *x, seed=1))],
    "special.gdtrc": [
        s for x in ((2, 3), ()) for s in calls(_within(0.4, 2.0, *x), 1.4, _within(0.3, 2.0, *x, seed=1))
    ],
    "special.ndtri_exp": [s for shape in ((2, 3), (), (0, 3)) for s in calls(_within(-3.0, -0.1, *shape))],
    "special.radian": calls((2, 3), (2, 3), (3,)),
    "special.softmax": _normalised(),
    "special.zeta": [
        s for x in (2.0, 3.5) for q in ((2, 3), (), (0, 3)) for s in calls(x, np.asarray(abs(floats(*q))))
    ],
}
