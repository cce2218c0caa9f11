"""mx.gluon.data.vision.transforms: what is done to images, of shape (height, width, channels), before they are used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import cos, exp, log, pi, sin, sqrt
from typing import Any

from xpgrad.array import Array
from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.generator import draw
from xpgrad.mxnet.gluon.block import Block, HybridBlock, computes
from xpgrad.mxnet.gluon.nn.containers import HybridSequential, Sequential
from xpgrad.mxnet.ops.arrays import namespace
from xpgrad.mxnet.ops.creation import array
from xpgrad.mxnet.promotion import cast, in_floating


def _uniform(low: float, high: float) -> float:
    """A random number."""
    return float(draw("uniform", low, high, size=(), dtype="float64"))


def _size(size: Any) -> tuple[int, int]:
    """(width, height)."""
    return (size, size) if isinstance(size, int) else tuple(size)


class Compose(Sequential):
    """Transforms one after the other."""

    def __init__(self, transforms: Sequence[Any]) -> None:
        super().__init__()
        self._transforms = list(transforms)
        self.add(*(t for t in transforms if isinstance(t, Block)))

    def forward(self, x: Any, *args: Any) -> Any:
        """Apply all of them."""
        for transform in self._transforms:
            x = transform(x)
        return x


class HybridCompose(Compose, HybridSequential):
    """The same; MXNet can compile it."""

    def forward(self, x: Any, *args: Any) -> Any:
        """Apply all of them."""
        return Compose.forward(self, x)


class Cast(HybridBlock):
    """The image in another dtype."""

    def __init__(self, dtype: Any = "float32") -> None:
        super().__init__()
        self._dtype = dtype

    def forward(self, x: Any, *args: Any) -> Any:
        """Convert an image."""
        return x.astype(self._dtype)


class ToTensor(HybridBlock):
    """From bytes in (height, width, channels) to numbers from 0 to 1 in (channels, height, width)."""

    @computes
    def forward(self, x: Any) -> Any:
        """Convert an image, or a batch of images."""
        return namespace(x).moveaxis(in_floating(x) / 255.0, -1, -3)


class Normalize(HybridBlock):
    """Less a mean and over a deviation, for every channel of (channels, height, width)."""

    def __init__(self, mean: Any = 0.0, std: Any = 1.0) -> None:
        super().__init__()
        self._mean = mean
        self._std = std

    @computes
    def forward(self, x: Any) -> Any:
        """Normalise an image, or a batch of images."""
        mean, std = (self._by_channel(value, x) for value in (self._mean, self._std))
        return (x - mean) / std

    def _by_channel(self, value: Any, x: Array) -> Any:
        found = array(value, x.dtype)
        return namespace(x).reshape(found, (-1, 1, 1)) if found.ndim else found


def _positions(length: int, wanted: int, like: Array) -> tuple[Any, Any, Any]:
    """For every wanted pixel the two that it lies between, and how near it is to the second."""
    xp = namespace(like)
    centre = (xp.arange(wanted, dtype=xp.float32) + 0.5) * (length / wanted) - 0.5
    centre = xp.clip(centre, 0.0, float(length - 1))
    first = xp.floor(centre)
    low = xp.astype(first, xp.int64)
    return low, xp.clip(low + 1, 0, length - 1), centre - first


def resized(x: Array, width: int, height: int, interpolation: int = 1) -> Any:
    """An image, or a batch of images, interpolated linearly, or with ``interpolation=0`` by the nearest pixel."""
    xp = namespace(x)
    found = cast(x, xp.float32)
    for axis, wanted in ((-3, height), (-2, width)):
        low, high, near = _positions(found.shape[axis], wanted, found)
        shape = (-1, 1, 1) if axis == -3 else (-1, 1)
        near = xp.reshape(near if interpolation else xp.astype(near >= 0.5, xp.float32), shape)
        found = xp.take(found, low, axis=axis) * (1 - near) + xp.take(found, high, axis=axis) * near
    return _restored(found, x)


def _restored(found: Array, like: Array) -> Any:
    """Numbers in the dtype of an image; bytes are rounded and limited."""
    xp = namespace(found)
    return found if like.dtype == found.dtype else cast(xp.clip(xp.round(found), 0, 255), like.dtype)


class Resize(HybridBlock):
    """The image in another size.

    Parameters
    ----------
    size : int or (width, height)
        What to make it.
    keep_ratio : bool
        With an int as size: make the shorter side that long.
    interpolation : int
        0 takes the nearest pixel, anything else interpolates linearly.
    """

    def __init__(self, size: Any, keep_ratio: bool = False, interpolation: int = 1) -> None:
        super().__init__()
        self._options = (size, keep_ratio, interpolation)

    @computes
    def forward(self, x: Any) -> Any:
        """Resize an image, or a batch of images."""
        size, keep_ratio, interpolation = self._options
        width, height = _size(size)
        if keep_ratio and isinstance(size, int):
            h, w = x.shape[-3:-1]
            width, height = (size, size * h // w) if w < h else (size * w // h, size)
        return resized(x, width, height, interpolation)


def _cropped(x: Array, left: int, top: int, width: int, height: int) -> Any:
    return x[..., top : top + height, left : left + width, :]


class CropResize(HybridBlock):
    """A part of the image, in another size if one is given."""

    def __init__(
        self, x: int, y: int, width: int, height: int, size: Any = None, interpolation: int | None = None
    ) -> None:
        super().__init__()
        self._part = (x, y, width, height)
        self._options = (size, interpolation)

    @computes
    def forward(self, x: Any) -> Any:
        """Crop an image, or a batch of images."""
        size, interpolation = self._options
        part = _cropped(x, *self._part)
        return part if size is None else resized(part, *_size(size), 1 if interpolation is None else interpolation)


class _Crop(HybridBlock):
    """A part of the image of a given size; an image that is smaller is enlarged first."""

    def __init__(self, size: Any, interpolation: int = 1) -> None:
        super().__init__()
        self._size = _size(size)
        self._interpolation = interpolation

    def _place(self, free: int) -> int:
        """Where the part begins, of so many possible places less one."""
        raise NotImplementedError

    @computes
    def forward(self, x: Any) -> Any:
        """Crop an image, or a batch of images."""
        width, height = self._size
        h, w = x.shape[-3:-1]
        if w < width or h < height:
            x = resized(x, max(w, width), max(h, height), self._interpolation)
            h, w = x.shape[-3:-1]
        return _cropped(x, self._place(w - width), self._place(h - height), width, height)


class CenterCrop(_Crop):
    """The middle of the image."""

    def _place(self, free: int) -> int:
        return free // 2


class RandomCrop(_Crop):
    """A random part of the image, after zeros were added on all sides.

    Parameters
    ----------
    size : int or (width, height)
        That of the part.
    pad : int, optional
        How many zeros.
    pad_value : float
        What is added instead of zeros.
    interpolation : int
        As for `Resize`.
    """

    def __init__(self, size: Any, pad: int | None = None, pad_value: float = 0, interpolation: int = 1) -> None:
        super().__init__(size, interpolation)
        self._pad = (pad or 0, pad_value)

    def _place(self, free: int) -> int:
        return int(_uniform(0, free + 1))

    def forward(self, x: Any, *args: Any) -> Any:
        """Crop an image, or a batch of images."""
        return super().forward(self._padded(x))

    @computes
    def _padded(self, x: Any) -> Any:
        pad, value = self._pad
        if not pad:
            return x
        *batch, h, w, channels = x.shape
        out = namespace(x).full((*batch, h + 2 * pad, w + 2 * pad, channels), value, dtype=x.dtype, device=x.device)
        out[..., pad : pad + h, pad : pad + w, :] = x
        return out


class RandomResizedCrop(HybridBlock):
    """A random part of random size and shape, in a given size.

    Parameters
    ----------
    size : int or (width, height)
        What to make it.
    scale : (float, float)
        Between which shares of the image's area the part is.
    ratio : (float, float)
        Between which ratios its width is to its height.
    interpolation : int
        As for `Resize`.
    """

    def __init__(
        self, size: Any, scale: Any = (0.08, 1.0), ratio: Any = (3 / 4, 4 / 3), interpolation: int = 1
    ) -> None:
        super().__init__()
        self._options = (_size(size), scale, ratio, interpolation)

    @computes
    def forward(self, x: Any) -> Any:
        """Crop an image, or a batch of images."""
        size, scale, ratio, interpolation = self._options
        h, w = x.shape[-3:-1]
        for _ in range(10):
            area = _uniform(*scale) * w * h
            shape = exp(_uniform(log(ratio[0]), log(ratio[1])))
            width, height = round(sqrt(area * shape)), round(sqrt(area / shape))
            if 0 < width <= w and 0 < height <= h:
                left, top = int(_uniform(0, w - width + 1)), int(_uniform(0, h - height + 1))
                return resized(_cropped(x, left, top, width, height), *size, interpolation)
        side = min(w, h)
        return resized(_cropped(x, (w - side) // 2, (h - side) // 2, side, side), *size, interpolation)


class _Flip(HybridBlock):
    """The mirror image, with a probability."""

    _axis = 0

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self._p = p

    @computes
    def forward(self, x: Any) -> Any:
        """Flip an image, or a batch of images, or not."""
        return namespace(x).flip(x, axis=self._axis) if _uniform(0, 1) < self._p else x


class RandomFlipLeftRight(_Flip):
    """Left and right exchanged, with a probability."""

    _axis = -2


class RandomFlipTopBottom(_Flip):
    """Top and bottom exchanged, with a probability."""

    _axis = -3


def _grey(x: Any) -> Any:
    """The brightness of each pixel (ITU-R recommendation BT.601)."""
    return namespace(x).sum(x * array([0.299, 0.587, 0.114], x.dtype), axis=-1, keepdims=True)


class _Jitter(HybridBlock):
    """A random change of colours, at most so strong."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        self._strength = strength

    @computes
    def forward(self, x: Any) -> Any:
        """Change an image."""
        found = cast(x, namespace(x).float32)
        return _restored(self._changed(found, _uniform(-self._strength, self._strength)), x)

    def _changed(self, x: Any, by: float) -> Any:
        raise NotImplementedError


class RandomBrightness(_Jitter):
    """Brighter or darker."""

    def _changed(self, x: Any, by: float) -> Any:
        return x * (1 + by)


class RandomContrast(_Jitter):
    """Nearer to its mean brightness, or farther away."""

    def _changed(self, x: Any, by: float) -> Any:
        return x * (1 + by) - namespace(x).mean(_grey(x)) * by


class RandomSaturation(_Jitter):
    """Nearer to grey, or farther away."""

    def _changed(self, x: Any, by: float) -> Any:
        return x * (1 + by) - _grey(x) * by


class RandomHue(_Jitter):
    """Colours turned in the plane of chrominance of YIQ."""

    def _changed(self, x: Any, by: float) -> Any:
        xp, angle = namespace(x), by * pi
        to_yiq = array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.321], [0.211, -0.523, 0.311]], x.dtype)
        to_rgb = array([[1.0, 0.956, 0.621], [1.0, -0.272, -0.647], [1.0, -1.107, 1.705]], x.dtype)
        turn = array([[1, 0, 0], [0, cos(angle), -sin(angle)], [0, sin(angle), cos(angle)]], x.dtype)
        return xp.matmul(x, xp.matrix_transpose(xp.matmul(to_rgb, xp.matmul(turn, to_yiq))))


class RandomColorJitter(Sequential):
    """Brightness, contrast, saturation and hue changed, each at most so strongly."""

    def __init__(self, brightness: float = 0, contrast: float = 0, saturation: float = 0, hue: float = 0) -> None:
        super().__init__()
        strengths = {
            RandomBrightness: brightness,
            RandomContrast: contrast,
            RandomSaturation: saturation,
            RandomHue: hue,
        }
        self.add(*(kind(strength) for kind, strength in strengths.items() if strength))


class RandomLighting(HybridBlock):
    """Colours moved along their principal components in ImageNet (Krizhevsky and others, 2012)."""

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self._alpha = alpha

    @computes
    def forward(self, x: Any) -> Any:
        """Change an image."""
        xp = namespace(x)
        lengths = self._alpha * draw("standard_normal", size=(3,), dtype="float32") * array([55.46, 4.794, 1.148])
        directions = [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
        return _restored(cast(x, xp.float32) + xp.matmul(array(directions), lengths), x)


class RandomApply(Sequential):
    """Transforms, with a probability."""

    def __init__(self, transforms: Callable[..., Any], p: float = 0.5) -> None:
        super().__init__()
        self._transforms = transforms
        self._p = p

    def forward(self, x: Any, *args: Any) -> Any:
        """Apply them, or not."""
        return self._transforms(x) if _uniform(0, 1) < self._p else x


__getattr__ = lacking("mx.gluon.data.vision.transforms", globals())
