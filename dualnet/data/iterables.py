"""Batches that come from elsewhere: a list of them, a ``DataLoader``, a ``tf.data.Dataset``.

No framework is imported: such a loader is an iterable that can be walked again.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from dualnet.data.batches import Batch, BatchSource, common_length
from dualnet.errors import DataError

__all__ = ["IterableBatches", "as_batches"]

RE_ITERABLE = (
    "give a list, a loader that can be walked again, or a function without arguments "
    "that returns a fresh iterator"
)


class IterableBatches:
    """An iterable of ``x``, ``(x, y)`` or ``(x, y, weight)`` batches as a source of epochs.

    Args:
        source: an iterable, or a function without arguments that returns an iterator.
            Its order is its own; the epoch number does not reach it.

    ``operator.length_hint`` gives the batches of an epoch where the source knows them.

    >>> import numpy as np
    >>> data = IterableBatches(lambda: iter([(np.zeros((2, 3)), np.zeros(2))]))
    >>> [batch.x.shape for batch in data.epoch(0)], [batch.y.shape for batch in data.epoch(1)]
    ([(2, 3)], [(2,)])
    """

    def __init__(self, source: Iterable[Any] | Callable[[], Iterator[Any]]) -> None:
        self._source = source
        self._spent = False

    def __length_hint__(self) -> int:
        hint = operator.length_hint(self._source, -1)
        return NotImplemented if hint < 0 else hint

    def epoch(self, epoch: int, /) -> Iterator[Batch]:
        """The batches of epoch number ``epoch``.

        Raises:
            DataError: the source is an iterator that has been used, it gives no batch, or
                what it gives is not a batch.
        """
        count = 0
        for count, item in enumerate(self._iterator(epoch), start=1):  # noqa: B007 - read below
            yield _batch(item)
        if count == 0:
            raise DataError(
                f"the data gave no batch in epoch {epoch}: it is empty or used up; {RE_ITERABLE}"
            )

    def _iterator(self, epoch: int) -> Iterator[Any]:
        if callable(self._source) and not isinstance(self._source, Iterable):
            return iter(self._source())
        iterator = iter(self._source)
        if iterator is self._source:
            if self._spent:
                raise DataError(
                    f"epoch {epoch} needs the data again, but a {type(iterator).__name__} can "
                    f"be walked once only; {RE_ITERABLE}"
                )
            self._spent = True
        return iterator


def as_batches(source: Any) -> BatchSource:
    """What training can walk, made of an iterable of batches or a function that returns one.

    A source that has epochs already, such as :class:`~dualnet.data.Batches`, is returned
    as it is.

    Raises:
        DataError: an array, a dict, a text, or what cannot be iterated.
    """
    if callable(getattr(source, "epoch", None)):
        return cast(BatchSource, source)
    wrong = isinstance(source, (str, bytes, Mapping)) or hasattr(source, "__array__")
    if wrong or not (callable(source) or isinstance(source, Iterable)):
        raise DataError(
            f"a {type(source).__name__} is not an iterable of (x, y[, weight]) batches; "
            "give arrays as x and y"
        )
    return IterableBatches(source)


def _batch(item: Any) -> Batch:
    """One item of an iterable, read as Keras and PyTorch loaders write it."""
    parts = tuple(item) if isinstance(item, (tuple, list)) else (item,)
    if not 1 <= len(parts) <= 3:
        raise DataError(f"a batch is x, (x, y) or (x, y, weight), got {len(parts)} parts")
    batch = Batch(*parts)
    common_length(batch)
    return batch
