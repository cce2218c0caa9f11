"""mx.gluon.data: datasets, samplers, and what makes batches of them."""

from __future__ import annotations

from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.gluon.data import batchify, vision
from xpgrad.mxnet.gluon.data.dataset import ArrayDataset, Dataset, SimpleDataset
from xpgrad.mxnet.gluon.data.loader import DataLoader
from xpgrad.mxnet.gluon.data.sampler import (
    BatchSampler,
    FilterSampler,
    IntervalSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
)

__all__ = [
    "ArrayDataset",
    "BatchSampler",
    "DataLoader",
    "Dataset",
    "FilterSampler",
    "IntervalSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SimpleDataset",
    "batchify",
    "vision",
]

__getattr__ = lacking("mx.gluon.data", globals())
