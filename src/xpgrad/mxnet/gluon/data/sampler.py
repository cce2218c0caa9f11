"""Samplers: the order in which samples are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from xpgrad.mxnet.generator import permuted


class Sampler:
    """Indices of samples; a subclass defines ``__iter__`` and ``__len__``."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__().")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no __len__().")


class SequentialSampler(Sampler):
    """All indices in order."""

    def __init__(self, length: int, start: int = 0) -> None:
        self._indices = range(start, start + length)

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


class RandomSampler(Sampler):
    """All indices in random order, which `mx.random.seed` decides."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __iter__(self) -> Iterator[int]:
        return iter(permuted(self._length))

    def __len__(self) -> int:
        return self._length


class FilterSampler(Sampler):
    """The indices of the samples for which a function holds."""

    def __init__(self, fn: Callable[[Any], bool], dataset: Any) -> None:
        self._indices = [i for i in range(len(dataset)) if fn(dataset[i])]

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


class IntervalSampler(Sampler):
    """Every so many-th index; with `rollover` then those after the first, and so on, until all were there."""

    def __init__(self, length: int, interval: int, rollover: bool = True) -> None:
        if interval > length:
            raise ValueError(f"interval {interval} must not be larger than the length {length}.")
        starts = range(interval if rollover else 1)
        self._indices = [i for start in starts for i in range(start, length, interval)]

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


class BatchSampler(Sampler):
    """Lists of indices.

    Parameters
    ----------
    sampler : Sampler
        Where the indices come from.
    batch_size : int
        How many a list has.
    last_batch : {"keep", "discard", "rollover"}
        What becomes of the last ones where they are fewer: they are kept, left out, or begin the next round.
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, last_batch: str = "keep") -> None:
        if last_batch not in ("keep", "discard", "rollover"):
            raise ValueError(f"last_batch is 'keep', 'discard' or 'rollover', not {last_batch!r}.")
        self._sampler: Any = sampler
        self._batch_size = batch_size
        self._last_batch = last_batch
        self._left: list[int] = []

    def __iter__(self) -> Iterator[list[int]]:
        batch, self._left = self._left, []
        for index in self._sampler:
            batch.append(index)
            if len(batch) == self._batch_size:
                yield batch
                batch = []
        if batch and self._last_batch == "keep":
            yield batch
        elif self._last_batch == "rollover":
            self._left = batch

    def __len__(self) -> int:
        count = len(self._sampler) + len(self._left)
        return -(-count // self._batch_size) if self._last_batch == "keep" else count // self._batch_size
