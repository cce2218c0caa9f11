"""The workloads, one file each. To add one, write a subclass of `Workload` and add it here."""

from benchmarks.workloads.chain import Chain
from benchmarks.workloads.depth import Depth
from benchmarks.workloads.elementwise import Elementwise
from benchmarks.workloads.embedding import Embedding
from benchmarks.workloads.gpu import Gpu
from benchmarks.workloads.imports import Imports
from benchmarks.workloads.logistic import Logistic
from benchmarks.workloads.loop import Loop
from benchmarks.workloads.memory import Memory
from benchmarks.workloads.mixture import Mixture
from benchmarks.workloads.mlp import Mlp
from benchmarks.workloads.mxnet_mlp import MxnetMlp
from benchmarks.workloads.off import Off
from benchmarks.workloads.rosenbrock import Rosenbrock
from benchmarks.workloads.second import Second
from benchmarks.workloads.sgd import Sgd

WORKLOADS = (
    Chain(),
    Off(),
    Mlp(),
    Logistic(),
    Elementwise(),
    Rosenbrock(),
    Sgd(),
    Embedding(),
    Loop(),
    Depth(),
    Mixture(),
    Second(),
    Memory(),
    MxnetMlp(),
    Imports(),
    Gpu(),
)
