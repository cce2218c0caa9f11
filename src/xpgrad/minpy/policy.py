"""Policies: in MinPy they choose between MXNet and NumPy for each call. Here they choose the default dtypes only.

With NumPy's, numbers are float64 and int64 by default; with all others float32, as in MXNet.
"""

from __future__ import annotations

from typing import Any

from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.util import np_default_dtype, set_np_default_dtype


class Policy:
    """Base of the policies."""

    as_numpy = False


class OnlyNumPyPolicy(Policy):
    """NumPy's dtypes."""

    as_numpy = True


class PreferMXNetPolicy(Policy):
    """MXNet's dtypes."""


class AutoBlacklistPolicy(PreferMXNetPolicy):
    """MXNet's dtypes; nothing has to be kept from MXNet here."""


_NAMED = {
    "only_numpy": OnlyNumPyPolicy,
    "prefer_mxnet": PreferMXNetPolicy,
    "auto_blacklist": AutoBlacklistPolicy,
    "only_mxnet": PreferMXNetPolicy,
}


def _as_policy(policy: Any) -> Policy:
    if isinstance(policy, str):
        if policy not in _NAMED:
            raise ValueError(f"unknown policy {policy!r}: use one of {', '.join(map(repr, _NAMED))}.")
        return _NAMED[policy]()
    return policy


def set_global_policy(policy: Policy | str) -> None:
    """Choose the default dtypes of this thread or task.

    Parameters
    ----------
    policy : Policy or {"only_numpy", "prefer_mxnet", "auto_blacklist", "only_mxnet"}
        The choice.
    """
    set_np_default_dtype(_as_policy(policy).as_numpy)


def wrap_policy(policy: Policy | str) -> Any:
    """Decorator for functions that run with a policy."""
    return np_default_dtype(_as_policy(policy).as_numpy)


__getattr__ = lacking("minpy.policy", globals())
