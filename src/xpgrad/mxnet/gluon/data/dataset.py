"""Datasets: what has a length and gives samples by index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from xpgrad.mxnet.arrays import NDArray


class Dataset:
    """Samples by index; a subclass defines ``__getitem__`` and ``__len__``."""

    def __getitem__(self, idx: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__().")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no __len__().")

    def transform(self, fn: Callable[..., Any], lazy: bool = True) -> Dataset:
        """The samples as a function makes them; a sample of several parts is given part by part.

        Parameters
        ----------
        fn : callable
            The function.
        lazy : bool
            Whether to call it each time that a sample is asked for, and not now.
        """
        transformed = _Transformed(self, fn)
        return transformed if lazy else SimpleDataset(list(transformed))  # type: ignore[call-overload]  # indexing iterates

    def transform_first(self, fn: Callable[[Any], Any], lazy: bool = True) -> Dataset:
        """The samples with their first part as a function makes it."""
        return self.transform(lambda first, *rest: (fn(first), *rest) if rest else fn(first), lazy)

    def filter(self, fn: Callable[[Any], bool]) -> Dataset:
        """The samples for which a function holds."""
        return SimpleDataset([x for x in (self[i] for i in range(len(self))) if fn(x)])

    def shard(self, num_shards: int, index: int) -> Dataset:
        """One of several parts of almost equal length."""
        if not 0 <= index < num_shards:
            raise ValueError(f"there are shards 0 to {num_shards - 1}, not {index}.")
        length, extra = divmod(len(self), num_shards)
        start = length * index + min(index, extra)
        return _Sampled(self, range(start, start + length + (index < extra)))

    def take(self, count: int | None) -> Dataset:
        """The first so many samples; all where the number is None or larger than there are."""
        return _Sampled(self, range(len(self) if count is None else min(count, len(self))))

    def sample(self, sampler: Iterable[int]) -> Dataset:
        """The samples at the indices that a sampler gives."""
        return _Sampled(self, list(sampler))


class SimpleDataset(Dataset):
    """The elements of a list, or of anything with a length and indices."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: int) -> Any:
        return self._data[idx]


class _Sampled(Dataset):
    """Some samples of another dataset."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self._dataset = dataset
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, idx: int) -> Any:
        return self._dataset[self._indices[idx]]


class _Transformed(Dataset):
    """The samples of another dataset as a function makes them."""

    def __init__(self, dataset: Dataset, fn: Callable[..., Any]) -> None:
        self._dataset = dataset
        self._fn = fn

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, idx: int) -> Any:
        item = self._dataset[idx]
        return self._fn(*item) if isinstance(item, tuple) else self._fn(item)


class ArrayDataset(Dataset):
    """Arrays or lists of equal length side by side: a sample has an element of each."""

    def __init__(self, *args: Any) -> None:
        if not args:
            raise ValueError("ArrayDataset needs an array at least.")
        lengths = {len(data) for data in args}
        if len(lengths) > 1:
            raise ValueError(f"all arrays must have the same length; there are {sorted(lengths)}.")
        self._data = args
        # Of a vector MXNet gives numbers, not arrays of one element.
        self._elements = [x.asnumpy() if isinstance(x, NDArray) and x.ndim == 1 else x for x in args]

    def __len__(self) -> int:
        return len(self._data[0])

    def __getitem__(self, idx: int) -> Any:
        found = tuple(data[idx] for data in self._elements)
        return found[0] if len(found) == 1 else found

    def batch(self, indices: list[int]) -> Any:
        """The samples at indices, stacked; None where one of the parts is no array."""
        if not all(hasattr(data, "shape") for data in self._data):
            return None
        found = [data[indices] for data in self._data]
        return found[0] if len(found) == 1 else found
