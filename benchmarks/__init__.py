"""Benchmarks: workloads and peers, compared in one run. Start with ``python -m benchmarks``.

Machines differ and are busy, so the figure that counts is a ratio: every round times a block of each contender, one
after the other, and each contender's time is divided by the baseline's of the same round. Contenders are checked for
the right answer before they are timed.
"""

import os

# One thread for every library, so that CPU time means work; has to be said before NumPy is imported.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"
