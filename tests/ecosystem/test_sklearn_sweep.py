"""Every estimator of scikit-learn's, fitted to a recorded Array: what it learns is recorded, or an error says so."""

from __future__ import annotations

import signal
import sys
import warnings
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import xpgrad.numpy as xp
from xpgrad import Array, autograd
from xpgrad.errors import GradientLostWarning

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.utils import all_estimators

RNG = np.random.default_rng(0)
X = np.abs(RNG.normal(size=(24, 3))) + 0.1
TARGETS = RNG.normal(size=24), (RNG.random(24) > 0.5).astype(float)
MOVE = 1e-5 * np.reshape(np.sin(np.arange(X.size)), X.shape)

SECONDS = 6


class TooLate(BaseException):
    """An estimator takes too long; no handler of exceptions is to stop this one."""


def fitted(kind: Any, x: Any, y: Any) -> dict[str, Any]:
    """The arrays and numbers that an estimator learns, and what it makes of the same data."""
    estimator = kind()
    settings = {"random_state": 0, "max_iter": 3, "n_estimators": 3}
    estimator.set_params(**{name: value for name, value in settings.items() if name in estimator.get_params()})
    estimator.fit(x, y)
    out = {name: value for name, value in vars(estimator).items() if name[-1] == "_" != name[0]}
    for method in ("transform", "predict", "decision_function", "predict_proba"):
        with suppress(Exception):
            out[method] = getattr(estimator, method)(x)
    return {name: value for name, value in out.items() if isinstance(value, Array | np.ndarray | float)}


def unseen(kind: Any) -> list[str]:
    """What depends on the data, but neither has a history nor came with a warning."""
    for y in TARGETS:
        try:
            before, after = fitted(kind, X - MOVE, y), fitted(kind, X + MOVE, y)
        except Exception:  # noqa: BLE001  # whatever an estimator says of targets that do not suit it
            continue
        x = xp.asarray(X)
        x.attach_grad()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                with autograd.record():
                    out = fitted(kind, x, xp.asarray(y))
            except Exception:  # noqa: BLE001  # it refuses
                return []
        if any(issubclass(warning.category, GradientLostWarning) for warning in seen):
            return []
        lost = {name: value for name, value in out.items() if getattr(value, "_node", None) is None}
        return [name for name in lost if name in before and moved(before[name], after[name])]
    return []


def moved(before: Any, after: Any) -> bool:
    """Whether numbers changed by little, as those that depend on the data without a jump do."""
    changes = np.abs(np.subtract(after, before, dtype=float)) if np.shape(before) == np.shape(after) else np.zeros(1)
    return bool(np.max(changes, initial=0.0) > 1e-11)


@pytest.mark.deep
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no timer that interrupts")
@pytest.mark.filterwarnings("ignore")
def test_no_estimator_loses_a_gradient_unseen() -> None:
    def stop(*_: Any) -> None:
        raise TooLate

    signal.signal(signal.SIGALRM, stop)
    found = {}
    for name, kind in all_estimators():
        signal.alarm(SECONDS)
        try:
            with suppress(TooLate), sklearn.config_context(array_api_dispatch=True), np.errstate(all="ignore"):
                found[name] = unseen(kind)
        finally:
            signal.alarm(0)
    assert {name: lost for name, lost in found.items() if lost} == {}
    assert len(found) > 150
