"""Batches made ahead of time by a thread, while the step before them runs."""

from __future__ import annotations

import contextvars
import operator
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dualnet.data.batches import Batch, BatchSource
from dualnet.data.iterables import as_batches
from dualnet.random.layout import checked_integer

__all__ = ["Prefetched"]

#: Seconds after which a thread that waits looks whether it is still wanted.
PATIENCE = 0.1


class Prefetched:
    """A source of batches that is always a few batches ahead of who walks it.

    For data that takes time to read or to make: a thread does it while the model computes.  The
    batches and their order stay the same.  An error in the source is raised where its batch
    would have come.  ``fit`` does so by itself for arrays that are too large to be held by the
    framework, such as ``numpy.memmap``::

        model.fit(dn.data.Prefetched(loader), epochs=5)

    Args:
        source: as ``fit`` takes it: batches that can be walked again, or a function that returns
            some.  What it runs must not mind running in another thread.
        ahead: how many batches wait, at most.

    Raises:
        DataError: the source is none.
        ConfigError: ``ahead`` is not a positive integer.

    >>> import numpy as np
    >>> data = Prefetched([np.zeros((2, 3)), np.ones((1, 3))])
    >>> [batch.samples for batch in data.epoch(0)]
    [2, 1]
    """

    def __init__(
        self, source: BatchSource | Iterable[Any] | Callable[[], Iterator[Any]], ahead: int = 2
    ) -> None:
        self._source = as_batches(source)
        self._ahead = checked_integer("ahead", ahead, 1, 1 << 16)

    def __length_hint__(self) -> int:
        hint = operator.length_hint(self._source, -1)
        return NotImplemented if hint < 0 else hint

    def epoch(self, epoch: int, /) -> Iterator[Batch]:
        """The batches of epoch number ``epoch``; the thread ends with them.

        Raises:
            What the source raises.
        """
        made: queue.Queue[Batch | BaseException | None] = queue.Queue(self._ahead)
        unwanted = threading.Event()
        work = contextvars.copy_context().run
        thread = threading.Thread(
            target=work, args=(_fill, made, self._source, epoch, unwanted), daemon=True
        )
        thread.start()
        try:
            while (batch := made.get()) is not None:
                if isinstance(batch, BaseException):
                    raise batch
                yield batch
        finally:
            unwanted.set()
            thread.join()


def _fill(
    made: queue.Queue[Batch | BaseException | None],
    source: BatchSource,
    epoch: int,
    unwanted: threading.Event,
) -> None:
    """Puts the batches of an epoch, or the error that ends them, and then ``None``."""
    try:
        for batch in source.epoch(epoch):
            if not _put(made, batch, unwanted):
                return
        _put(made, None, unwanted)
    except BaseException as error:  # raised where the batch is missed
        _put(made, error, unwanted)


def _put(
    made: queue.Queue[Batch | BaseException | None],
    item: Batch | BaseException | None,
    unwanted: threading.Event,
) -> bool:
    """Waits for a place; whether there was one before nobody wanted more."""
    while not unwanted.is_set():
        try:
            made.put(item, timeout=PATIENCE)
        except queue.Full:
            continue
        return True
    return False
