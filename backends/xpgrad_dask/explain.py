"""Says in words what region fusion made of arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dask.array as da
from dask.highlevelgraph import HighLevelGraph

from xpgrad_dask.local import raw
from xpgrad_dask.regions import Region, fuse


def explain(*arrays: Any) -> None:
    """Print which operations run as one task for each block, which do not, and why.

    Parameters
    ----------
    *arrays : Array or dask.array.Array
        A loss, or gradients. Fusion takes place in `backward`; before that, this says what of the forward pass alone
        could be fused.
    """
    lazy = [x for x in map(raw, arrays) if isinstance(x, da.Array)]
    graph = HighLevelGraph.merge(*(x.dask for x in lazy))
    done = [layer.region for layer in graph.layers.values() if hasattr(layer, "region")]
    _, report = fuse(lazy)
    lines = [_described(region, "run") for region in done]
    lines += [_described(region, "could run") for region in report.regions]
    apart = {name: why for name, why in report.apart.items() if not hasattr(graph.layers[name], "region")}
    for reason in dict.fromkeys(apart.values()):
        names = _names(name for name, why in apart.items() if why == reason)
        lines.append(f"apart, because {reason}: {names}")
    print("\n".join(lines or ["nothing here is done block by block."]))  # noqa: T201  # that is what it is for


def _described(region: Region, verb: str) -> str:
    names = _names(region.members)
    return f"{len(region.members)} operations {verb} as one task for each of {region.blocks} blocks: {names}"


def _names(layers: Iterable[str]) -> str:
    """The operations that layers are named after."""
    return ", ".join(layer.rpartition("-")[0].removeprefix("_") or layer for layer in layers)
