"""mx.gluon.data.vision: datasets of images in local files, and what is done to images."""

from __future__ import annotations

from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.gluon.data.vision import datasets, transforms
from xpgrad.mxnet.gluon.data.vision.datasets import CIFAR10, CIFAR100, MNIST, FashionMNIST

__all__ = ["CIFAR10", "CIFAR100", "MNIST", "FashionMNIST", "datasets", "transforms"]

__getattr__ = lacking("mx.gluon.data.vision", globals())
