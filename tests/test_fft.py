"""The extension `fft`: gradients as in PyTorch, and what half spectra leave out. The conformance suite has the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp

ONE_AXIS = [
    {},
    {"norm": "ortho"},
    {"norm": "forward"},
    {"axis": 0},
    *({"n": n, "norm": norm} for n in (1, 2, 3, 4, 5, 8) for norm in ("backward", "forward")),
]
SEVERAL_AXES = [
    {},
    {"norm": "ortho"},
    {"axes": (0, 1)},
    {"axes": (1, 0), "s": (5, 2)},
    {"axes": (-2, -1), "s": (2, 6), "norm": "forward"},
]
CASES = [(name, kw) for name in ("fft", "hfft", "ifft", "ihfft", "irfft", "rfft") for kw in ONE_AXIS]
CASES += [(name, kw) for name in ("fftn", "ifftn", "irfftn", "rfftn") for kw in SEVERAL_AXES]


def numbers(shape: tuple[int, ...], complex_too: bool, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + (1j * rng.normal(size=shape) if complex_too else 0.0)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (2, 5)], ids=str)
@pytest.mark.parametrize(("name", "kw"), CASES, ids=str)
def test_gradients_are_those_of_pytorch(name: str, kw: dict[str, Any], shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    x = numbers(shape, name not in ("ihfft", "rfft", "rfftn"))
    y, pull_back = xpgrad.vjp(lambda x: getattr(xp.fft, name)(x, **kw), x)
    g = numbers(y.shape, np.iscomplexobj(y), seed=1)
    variable = torch.tensor(x, requires_grad=True)
    names = {"axis": "dim", "axes": "dim"}
    theirs = getattr(torch.fft, name)(variable, **{names.get(key, key): value for key, value in kw.items()})
    theirs.backward(torch.tensor(g))
    np.testing.assert_allclose(y, theirs.detach().resolve_conj().numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(pull_back(g)[0], variable.grad.resolve_conj().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [6, 7])
def test_what_a_half_spectrum_does_not_hold_has_no_gradient(n: int) -> None:
    """The imaginary parts at frequency 0 and, for an even length, at the Nyquist frequency."""
    w = np.random.default_rng(0).normal(size=n)
    g = xpgrad.grad(lambda x: xp.sum(w * xp.fft.irfft(x, n=n)))(numbers((n // 2 + 1,), complex_too=True))
    assert g[0].imag == 0
    assert np.all(g[1:3].imag != 0)
    assert (g[-1].imag == 0) == (n % 2 == 0)


@pytest.mark.parametrize("n", [5, 6])
def test_energy_of_a_whole_spectrum(n: int) -> None:
    """Parseval: the sum of squares of a spectrum is n times that of the signal."""
    x = np.random.default_rng(0).normal(size=n)

    def energy(x: Any) -> Any:
        whole = xp.fft.fft(xp.astype(x, xp.complex128))
        return xp.sum(xp.real(whole) ** 2 + xp.imag(whole) ** 2)

    np.testing.assert_allclose(xpgrad.grad(energy)(x), 2 * n * x, rtol=1e-12)
    np.testing.assert_allclose(xpgrad.hessian(energy)(x), 2 * n * np.eye(n), atol=1e-12)


def test_numpy_takes_real_arrays_whose_gradient_is_real() -> None:
    x = np.random.default_rng(0).normal(size=4)
    g = xpgrad.grad(lambda x: xp.real(xp.fft.fft(x)[1]))(x)
    assert g.dtype == np.float64
    np.testing.assert_allclose(g, [1, 0, -1, 0], atol=1e-15)


def test_numpys_way_to_name_no_axes() -> None:
    """Lengths without axes are those of the last axes, and -1 stands for the length that is there."""
    x, kw = numbers((2, 3, 4), complex_too=False), {"axes": (1, 2), "s": (3, 5)}
    expected = xpgrad.grad(lambda x: xp.sum(xp.real(xp.fft.rfftn(x, **kw)) ** 2))(x)
    for s in ((3, 5), (-1, 5)):
        with pytest.warns(DeprecationWarning, match="axes"):
            g = xpgrad.grad(lambda x, s=s: xp.sum(xp.real(xp.fft.rfftn(x, s=s)) ** 2))(x)
        np.testing.assert_allclose(g, expected, rtol=1e-12)


def test_frequencies_are_constants() -> None:
    assert xp.fft.fftfreq(4, d=0.5).asnumpy().tolist() == [0, 0.5, -1, -0.5]
    assert xp.fft.rfftfreq(4, dtype=xp.float32).dtype == xp.float32
