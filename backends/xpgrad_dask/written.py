"""Arrays whose tasks are written out, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
from dask.highlevelgraph import HighLevelGraph


def written(name: str, tasks: Any, inputs: Sequence[da.Array], chunks: Sequence[Any], meta: Any) -> da.Array:
    """An array of tasks by key, or of a layer of such, that read some other arrays."""
    needed: Any = inputs  # Dask's arrays are collections, but their types say otherwise
    return da.Array(HighLevelGraph.from_collections(name, tasks, dependencies=needed), name, tuple(chunks), meta=meta)
