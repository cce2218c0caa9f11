"""The workloads, one file each. To add one, write a subclass of `Workload` and add it here."""

from benchmarks.workloads.chain import Chain
from benchmarks.workloads.depth import Depth
from benchmarks.workloads.mlp import Mlp
from benchmarks.workloads.off import Off

WORKLOADS = (Chain(), Off(), Depth(), Mlp())
