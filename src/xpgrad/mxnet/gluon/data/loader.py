"""DataLoader: batches of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from xpgrad.mxnet.gluon.data.batchify import stacked
from xpgrad.mxnet.gluon.data.dataset import ArrayDataset
from xpgrad.mxnet.gluon.data.sampler import BatchSampler, RandomSampler, SequentialSampler


class DataLoader:
    """Batches of a dataset, as long as it lasts.

    Parameters
    ----------
    dataset : Dataset
        Anything with a length and indices.
    batch_size : int
        How many samples a batch has.
    shuffle : bool
        Whether to take them in random order.
    sampler : Sampler, optional
        Decides the order instead.
    last_batch : {"keep", "discard", "rollover"}
        What becomes of a last batch that is smaller.
    batch_sampler : Sampler, optional
        Decides the batches instead of all of these.
    batchify_fn : callable, optional
        Makes a batch of a list of samples; by default they are stacked.
    num_workers, pin_memory, pin_device_id, prefetch, thread_pool, timeout, try_nopython
        Not used: batches are made where they are asked for.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = None,
        shuffle: bool = False,
        sampler: Any = None,
        last_batch: str | None = None,
        batch_sampler: Any = None,
        batchify_fn: Callable[..., Any] | None = None,
        num_workers: int = 0,
        pin_memory: bool = False,
        pin_device_id: int = 0,
        prefetch: int | None = None,
        thread_pool: bool = False,
        timeout: float = 120,
        try_nopython: bool | None = None,
    ) -> None:
        if batch_sampler is None:
            if batch_size is None:
                raise ValueError("DataLoader needs a batch_size, or a batch_sampler.")
            if sampler is None:
                sampler = (RandomSampler if shuffle else SequentialSampler)(len(dataset))
            elif shuffle:
                raise ValueError("a sampler decides the order: shuffle must not be set beside it.")
            batch_sampler = BatchSampler(sampler, batch_size, last_batch or "keep")
        elif batch_size is not None or shuffle or sampler is not None or last_batch is not None:
            raise ValueError("a batch_sampler decides batch_size, shuffle, sampler and last_batch: leave them out.")
        self._dataset = dataset
        self._batch_sampler = batch_sampler
        self._batchify = batchify_fn

    def __iter__(self) -> Iterator[Any]:
        for indices in self._batch_sampler:
            if self._batchify is None and isinstance(self._dataset, ArrayDataset):
                batch = self._dataset.batch(indices)
                if batch is not None:
                    yield batch
                    continue
            samples = [self._dataset[i] for i in indices]
            yield (self._batchify or stacked)(samples)

    def __len__(self) -> int:
        return len(self._batch_sampler)
