"""Gradients on Dask beside gradients by hand: tasks, bytes moved, memory, time. ``python -m benchmarks.dask``."""
