"""What `xpgrad.dask` has beyond the standard."""

from xpgrad_dask.blocks import blockwise, compute_chunk_sizes, map_blocks, rechunk, reduction
from xpgrad_dask.explain import explain
from xpgrad_dask.gufuncs import apply_gufunc
from xpgrad_dask.losses import value_and_grad_blocks
from xpgrad_dask.overlaps import map_overlap

__all__ = [
    "apply_gufunc",
    "blockwise",
    "compute_chunk_sizes",
    "explain",
    "map_blocks",
    "map_overlap",
    "rechunk",
    "reduction",
    "value_and_grad_blocks",
]
