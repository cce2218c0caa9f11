"""NumPy's Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.axes import axes_of
from xpgrad.protocols.conventions import floating
from xpgrad.rules.elementwise import is_complex


def _one(name: str) -> Callable[..., Any]:
    def transform(xp: Any, a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
        a = _prepared(xp, a, name)
        return getattr(xp.fft, name)(a, n=n, axis=axis, norm=norm or "backward")

    return transform


def _several(name: str, axes: tuple[int, ...] | None = None) -> Callable[..., Any]:
    default = axes

    def transform(xp: Any, a: Any, s: Any = None, axes: Any = default, norm: str | None = None) -> Any:
        a = _prepared(xp, a, name)
        if axes is None:
            axes = range(a.ndim)[0 if s is None else -len(s) :]
        return getattr(xp.fft, name)(a, s=s and tuple(s), axes=tuple(axes), norm=norm or "backward")

    return transform


def _prepared(xp: Any, a: Any, name: str) -> Any:
    """Real or complex numbers, as the standard wants them: NumPy takes real ones everywhere."""
    a = floating(xp, a)
    takes_real = name in ("rfft", "rfftn", "ihfft")
    return (
        a if takes_real or is_complex(xp, a) else xp.astype(a, xp.complex64 if a.dtype == xp.float32 else xp.complex128)
    )


def _shift(name: str) -> Callable[..., Any]:
    def shift(xp: Any, x: Any, axes: Any = None) -> Any:
        return getattr(xp.fft, name)(x, axes=axes_of(axes, x.ndim))

    return shift


TABLE: dict[str, Callable[..., Any]] = {
    **{f"fft.{name}": _one(name) for name in ("fft", "hfft", "ifft", "ihfft", "irfft", "rfft")},
    **{f"fft.{name}": _several(name) for name in ("fftn", "ifftn", "irfftn", "rfftn")},
    **{f"fft.{name}2": _several(f"{name}n", (-2, -1)) for name in ("fft", "ifft", "irfft", "rfft")},
    **{f"fft.{name}": _shift(name) for name in ("fftshift", "ifftshift")},
}
