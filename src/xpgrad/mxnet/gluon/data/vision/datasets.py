"""Datasets of images, read from the files that their makers publish. Nothing is downloaded."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xpgrad.mxnet.arrays import current_kind, dressed
from xpgrad.mxnet.base import MXNetError, lacking, numpys
from xpgrad.mxnet.gluon.data.dataset import Dataset
from xpgrad.mxnet.ops.creation import array


class _Images(Dataset):
    """Images of shape (height, width, channels) in uint8, and their labels."""

    #: The directory below ``~/.mxnet/datasets`` where MXNet keeps the files.
    _directory = ""
    #: Where the files can be had.
    _source = ""

    def __init__(self, root: str | None = None, transform: Callable[..., Any] | None = None) -> None:
        self._root = Path(root) if root else Path.home() / ".mxnet" / "datasets" / self._directory
        self._transform = transform
        self._images, self._labels = self._read()

    def _read(self) -> tuple[Any, Any]:
        raise NotImplementedError

    def _bytes(self, name: str) -> bytes:
        """A file, which may be packed."""
        for found in (self._root / name, self._root / f"{name}.gz"):
            if found.is_file():
                raw = found.read_bytes()
                return gzip.decompress(raw) if found.suffix == ".gz" else raw
        raise MXNetError(
            f"{self._root} has no file {name} or {name}.gz: fetch it from {self._source}, or name another root. "
            "Nothing is downloaded here."
        )

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, idx: Any) -> Any:
        image = dressed(array(self._images[idx], "uint8"), current_kind())
        label = self._labels[idx]
        return (image, label) if self._transform is None else self._transform(image, label)


class MNIST(_Images):
    """Handwritten digits, 28 x 28.

    Parameters
    ----------
    root : str, optional
        Where the files are, such as ``train-images-idx3-ubyte.gz``.
    train : bool
        The 60,000 images to learn from, or the 10,000 to test with.
    transform : callable, optional
        Makes a sample of an image and a label.
    """

    _directory = "mnist"
    _source = "https://yann.lecun.com/exdb/mnist"

    def __init__(
        self, root: str | None = None, train: bool = True, transform: Callable[..., Any] | None = None
    ) -> None:
        self._part = "train" if train else "t10k"
        super().__init__(root, transform)

    def _read(self) -> tuple[Any, Any]:
        images, labels = (self._idx(f"{self._part}-{name}-ubyte") for name in ("images-idx3", "labels-idx1"))
        return images[..., None], labels.astype("int32")

    def _idx(self, name: str) -> Any:
        """An array in the format IDX: two zeros, a dtype (8 is uint8), the number of axes, their lengths, the data."""
        raw = self._bytes(name)
        if raw[:3] != b"\0\0\x08":
            raise MXNetError(f"{self._root / name} is not a file of the format IDX with elements of one byte.")
        shape = numpys("frombuffer")(raw, dtype=">i4", count=raw[3], offset=4)
        return numpys("frombuffer")(raw, dtype="uint8", offset=4 + 4 * raw[3]).reshape(shape)


class FashionMNIST(MNIST):
    """Pieces of clothing, 28 x 28, in files of the same names."""

    _directory = "fashion-mnist"
    _source = "https://github.com/zalandoresearch/fashion-mnist"


class CIFAR10(_Images):
    """Photographs of ten classes, 32 x 32 in colour.

    Parameters
    ----------
    root : str, optional
        Where the files of the binary version are, such as ``data_batch_1.bin``.
    train : bool
        The 50,000 images to learn from, or the 10,000 to test with.
    transform : callable, optional
        Makes a sample of an image and a label.
    """

    _directory = "cifar10"
    _source = "https://www.cs.toronto.edu/~kriz/cifar.html"
    _files = ([f"data_batch_{i}.bin" for i in range(1, 6)], ["test_batch.bin"])
    #: How many bytes of labels come before an image.
    _labels_first = 1

    def __init__(
        self, root: str | None = None, train: bool = True, transform: Callable[..., Any] | None = None
    ) -> None:
        self._train = train
        super().__init__(root, transform)

    def _read(self) -> tuple[Any, Any]:
        raw = b"".join(map(self._bytes, self._files[not self._train]))
        rows = numpys("frombuffer")(raw, dtype="uint8").reshape(-1, self._labels_first + 3 * 32 * 32)
        images = rows[:, self._labels_first :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return images, rows[:, self._label].astype("int32")

    @property
    def _label(self) -> int:
        """The byte that is the label."""
        return 0


class CIFAR100(CIFAR10):
    """Photographs of a hundred classes, or of the twenty that they belong to.

    Parameters
    ----------
    root : str, optional
        Where ``train.bin`` and ``test.bin`` are.
    fine_label : bool
        Whether labels are those of the hundred.
    train : bool
        The 50,000 images to learn from, or the 10,000 to test with.
    transform : callable, optional
        Makes a sample of an image and a label.
    """

    _directory = "cifar100"
    _files = (["train.bin"], ["test.bin"])
    _labels_first = 2

    def __init__(
        self,
        root: str | None = None,
        fine_label: bool = False,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        self._fine = fine_label
        super().__init__(root, train, transform)

    @property
    def _label(self) -> int:
        """The byte that is the label."""
        return int(self._fine)


__getattr__ = lacking("mx.gluon.data.vision.datasets", globals())
