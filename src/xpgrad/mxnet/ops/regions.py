"""Regions of images: what is in them, and where to look for them."""

from __future__ import annotations

from math import ceil, floor, sqrt
from typing import Any

from xpgrad.mxnet.ops.arrays import as_array, namespace


def _parts(start: int, length: int, count: int, limit: int) -> list[tuple[int, int]]:
    """A stretch in so many parts, which overlap by what does not divide, within an axis of a given length."""
    ends = [(floor(i * length / count), ceil((i + 1) * length / count)) for i in range(count)]
    return [(min(max(start + a, 0), limit), min(max(start + b, 0), limit)) for a, b in ends]


def roi_pooling(data: Any, rois: Any, pooled_size: Any, spatial_scale: float = 1.0) -> Any:
    """The largest element in each part of each region (Girshick, 2015).

    Parameters
    ----------
    data : Array
        (batch, channels, height, width).
    rois : Array
        A row for each region: the index of its image, and left, top, right and bottom, which belong to it.
    pooled_size : (int, int)
        Into how many parts its height and its width are divided.
    spatial_scale : float
        What its coordinates are multiplied with.
    """
    x = as_array(data)
    xp = namespace(x)
    height, width = x.shape[2:]
    found = []
    for image, *corners in as_array(rois).tolist():
        left, top, right, bottom = (floor(c * spatial_scale + 0.5) for c in corners)
        rows = _parts(top, max(bottom - top + 1, 1), pooled_size[0], height)
        columns = _parts(left, max(right - left + 1, 1), pooled_size[1], width)
        nothing = xp.zeros((x.shape[1],), dtype=x.dtype, device=x.device)
        parts = [
            xp.max(x[int(image), :, a:b, c:d], axis=(1, 2)) if a < b and c < d else nothing
            for a, b in rows
            for c, d in columns
        ]
        found.append(xp.reshape(xp.stack(parts, axis=1), (x.shape[1], *pooled_size)))
    return xp.stack(found)


def multibox_prior(
    data: Any,
    sizes: Any = (1.0,),
    ratios: Any = (1.0,),
    clip: bool = False,
    steps: Any = (-1.0, -1.0),
    offsets: Any = (0.5, 0.5),
) -> Any:
    """Boxes around the middle of every pixel (Liu and others, 2016): left, top, right and bottom, from 0 to 1.

    Parameters
    ----------
    data : Array
        (batch, channels, height, width); only its shape counts.
    sizes, ratios : tuple of float
        The sizes, with the first ratio of width to height; and the other ratios, with the first size.
    clip : bool
        Whether boxes end at the edges of the image.
    steps, offsets : (float, float)
        The distance between pixels, down and across, and where in a pixel its middle is.
    """
    x = as_array(data)
    xp = namespace(x)
    height, width = x.shape[2:]
    shapes = [(size, ratios[0]) for size in sizes] + [(sizes[0], ratio) for ratio in ratios[1:]]
    halves = [(s * height / width * sqrt(r) / 2, s / sqrt(r) / 2) for s, r in shapes]
    boxes = xp.asarray([[-w, -h, w, h] for w, h in halves], dtype=x.dtype, device=x.device)
    down, across = (1 / n if step <= 0 else step for n, step in zip((height, width), steps, strict=True))
    rows = (xp.arange(height, dtype=x.dtype, device=x.device) + offsets[0]) * down
    columns = (xp.arange(width, dtype=x.dtype, device=x.device) + offsets[1]) * across
    y, x_ = xp.meshgrid(rows, columns, indexing="ij")
    middles = xp.reshape(xp.stack([x_, y, x_, y], axis=-1), (-1, 1, 4))
    out = xp.reshape(middles + boxes, (1, -1, 4))
    return xp.clip(out, 0.0, 1.0) if clip else out
