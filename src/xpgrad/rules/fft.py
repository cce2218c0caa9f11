"""The extension `fft`.

A discrete Fourier transform is a symmetric matrix, so it is its own transpose: the rule of `fft` is `fft`, of the same
norm. The four transforms between signals and half spectra are, in pairs, each other's transposes, but for what a half
spectrum leaves out: all of its entries occur twice in the whole one, except for frequency 0 and the Nyquist frequency.
"""

from math import isnan

from xpgrad.plan import device_of
from xpgrad.primitive import primitive, vjp

primitive("fft.fft fft.hfft fft.ifft fft.ihfft fft.irfft fft.rfft", "x", n=None, axis=-1, norm="backward")
primitive("fft.fftn fft.ifftn fft.irfftn fft.rfftn", "x", s=None, axes=None, norm="backward")
primitive("fft.fftshift fft.ifftshift", "x", axes=None)


def resize(xp, g, x_shape):
    """Pad what was cropped with zeros, and crop what was padded."""
    # Of a length that a lazy library does not know yet, NaN, all is taken.
    pairs = zip(g.shape, x_shape, strict=True)
    both = tuple(slice(None) if isnan(have) else slice(0, min(have, wanted)) for have, wanted in pairs)
    if any(have > wanted for have, wanted in zip(g.shape, x_shape, strict=True)):
        g = g[both]
    return g if g.shape == x_shape else xp.scatter(g, both, x_shape)


def scaled(xp, g, factor, n, axis):
    """A half spectrum of n points, multiplied by a factor where an entry occurs twice in the whole one."""
    k = xp.arange(g.shape[axis], device=device_of(g))
    twice = xp.reshape((k > 0) & (2 * k < n), tuple(-1 if i == axis % g.ndim else 1 for i in range(g.ndim)))
    return xp.where(twice, factor * g, g)


def length(x_shape, n, axis):
    """The number of points that a transform makes of its input."""
    return x_shape[axis] if n is None or n == -1 else n


def transformed(x_shape, s, axes):
    """The axes of a transform in several dimensions."""
    if axes is None:
        return tuple(range(len(x_shape)))[0 if s is None else -len(s) :]
    return tuple(axes)


vjp("fft.fftshift", x=lambda xp, g, axes: xp.fft.ifftshift(g, axes=axes))
vjp("fft.ifftshift", x=lambda xp, g, axes: xp.fft.fftshift(g, axes=axes))

vjp("fft.fft", x=lambda xp, g, x_shape, axis, norm: resize(xp, xp.fft.fft(g, axis=axis, norm=norm), x_shape))
vjp("fft.ifft", x=lambda xp, g, x_shape, axis, norm: resize(xp, xp.fft.ifft(g, axis=axis, norm=norm), x_shape))


def fftn(xp, g, x_shape, s, axes, norm):
    return resize(xp, xp.fft.fftn(g, axes=transformed(x_shape, s, axes), norm=norm), x_shape)


def ifftn(xp, g, x_shape, s, axes, norm):
    return resize(xp, xp.fft.ifftn(g, axes=transformed(x_shape, s, axes), norm=norm), x_shape)


vjp("fft.fftn", x=fftn)
vjp("fft.ifftn", x=ifftn)


def rfft(xp, g, x_shape, n, axis, norm):
    """`hfft` of a half spectrum whose entries it counts as often as `rfft` made them: once."""
    n = length(x_shape, n, axis)
    return resize(xp, xp.fft.hfft(scaled(xp, g, 0.5, n, axis), n=n, axis=axis, norm=norm), x_shape)


def ihfft(xp, g, x_shape, n, axis, norm):
    """As `rfft`, the other way round."""
    n = length(x_shape, n, axis)
    return resize(xp, xp.fft.irfft(scaled(xp, g, 0.5, n, axis), n=n, axis=axis, norm=norm), x_shape)


def hfft(xp, g, x_shape, axis, norm):
    """`rfft`, with the entries counted as often as `hfft` did."""
    return resize(xp, scaled(xp, xp.fft.rfft(g, axis=axis, norm=norm), 2.0, g.shape[axis], axis), x_shape)


def irfft(xp, g, x_shape, axis, norm):
    """As `hfft`, the other way round."""
    return resize(xp, scaled(xp, xp.fft.ihfft(g, axis=axis, norm=norm), 2.0, g.shape[axis], axis), x_shape)


vjp("fft.hfft", x=hfft)
vjp("fft.ihfft", x=ihfft)
vjp("fft.irfft", x=irfft)
vjp("fft.rfft", x=rfft)


def rfftn(xp, g, x_shape, s, axes, norm):
    """`rfft` along the last of the axes came first, so it comes last."""
    *others, last = transformed(x_shape, s, axes)
    if others:
        g = xp.fft.fftn(g, axes=tuple(others), norm=norm)
    return rfft(xp, g, x_shape, None if s is None else s[-1], last, norm)


def irfftn(xp, g, x_shape, s, axes, norm):
    """`irfft` along the last of the axes came last, so it comes first."""
    *others, last = transformed(x_shape, s, axes)
    g = scaled(xp, xp.fft.ihfft(g, axis=last, norm=norm), 2.0, g.shape[last], last)
    if others:
        g = xp.fft.ifftn(g, axes=tuple(others), norm=norm)
    return resize(xp, g, x_shape)


vjp("fft.irfftn", x=irfftn)
vjp("fft.rfftn", x=rfftn)
