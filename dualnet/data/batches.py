"""Batches of arrays in memory, in an order that depends on the seed and the epoch only."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from dualnet import tree
from dualnet.data.arrays import host_array
from dualnet.data.ragged import Ragged
from dualnet.errors import ConfigError, DataError
from dualnet.random import Stream
from dualnet.random.layout import checked_integer
from dualnet.typing import NDArray, Tree

__all__ = ["Batch", "BatchSource", "Batches", "common_length", "split"]


class Batch(NamedTuple):
    """Inputs, targets and sample weights of one step; ``None`` for what there is not.

    Each is an array or a tree of arrays (tuple, list, dict) with samples along axis 0.
    """

    x: Tree
    y: Tree = None
    weight: Tree = None

    @property
    def samples(self) -> int:
        """How many samples the batch has."""
        return int(tree.leaves(self.x)[0].shape[0])


class BatchSource(Protocol):
    """What training walks: an iterator of batches for each epoch."""

    def epoch(self, epoch: int, /) -> Iterator[Batch]:
        """The batches of epoch number ``epoch``, counted from 0."""
        ...


class Batches:
    """Batches of arrays held in memory.

    With ``shuffle``, epoch ``e`` visits the samples in the order of the shared
    permutation of ``(seed, "shuffle", e)``: a pure function, equal on every backend
    and machine, and the same whether training ran through or was resumed.  Without,
    batches are views of the arrays, not copies.

    Args:
        x, y, sample_weight: arrays, masked arrays, :class:`Ragged` sequences, or trees of
            them, with samples along axis 0; ``None`` for targets or weights that there are not.
        batch_size: samples in a batch; the last one may be smaller.
        shuffle: whether each epoch has an order of its own.
        seed: the key of the permutations.
        drop_last: leave out a smaller last batch.

    Raises:
        DataError: no samples, lengths that differ, or a leaf that is not an array.
        ConfigError: a batch size that is not a positive integer, or is so large that
            ``drop_last`` leaves no batch.

    >>> data = Batches(np.arange(5), batch_size=2, shuffle=False, seed=0)
    >>> [batch.x.tolist() for batch in data.epoch(0)]
    [[0, 1], [2, 3], [4]]
    >>> len(data), data.samples
    (3, 5)
    """

    def __init__(
        self,
        x: Tree,
        y: Tree = None,
        sample_weight: Tree = None,
        *,
        batch_size: int,
        shuffle: bool,
        seed: int,
        drop_last: bool = False,
    ) -> None:
        self.data = _arrays(Batch(x, y, sample_weight))
        #: Whether batches are filled up, each to its own longest sequence.
        self.ragged = any(isinstance(leaf, Ragged) for leaf in tree.leaves(tuple(self.data)))
        self._shuffle = shuffle
        self._seed = seed
        self.batch_size = checked_integer("batch_size", batch_size, 1, 1 << 63)
        self.samples = common_length(self.data)
        used = self.samples - self.samples % self.batch_size if drop_last else self.samples
        if used == 0:
            raise ConfigError(
                f"drop_last leaves no batch: {self.samples} samples, batch_size "
                f"{self.batch_size}; choose a batch_size of at most {self.samples}"
            )
        self._starts = range(0, used, self.batch_size)

    @property
    def y(self) -> Tree:
        """All targets, in the order they came in."""
        return self.data.y

    @property
    def nbytes(self) -> int:
        """How much memory the arrays take."""
        leaves = tree.leaves(tuple(self.data))
        return sum(leaf.nbytes for leaf in leaves if isinstance(leaf, np.ndarray))

    def first(self) -> Batch:
        """The first sample, as a batch of one."""
        return _take(self.data, slice(1))

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self._starts)

    def epoch(self, epoch: int, /) -> Iterator[Batch]:
        """The batches of epoch number ``epoch``, counted from 0.

        Raises:
            ConfigError: the epoch or the seed is not one a stream can have.
        """
        order = self.order(epoch)
        slices = (slice(start, start + self.batch_size) for start in self._starts)
        taken = (_take(self.data, rows if order is None else order[rows]) for rows in slices)
        if not self.ragged:
            return taken
        return (Batch(*(tree.map(_padded, part) for part in batch)) for batch in taken)

    def order(self, epoch: int) -> NDArray | None:
        """Which sample comes when in an epoch, ``(samples,)`` of int64; ``None``: as they lie.

        Raises:
            ConfigError: as :meth:`epoch`.
        """
        if not self._shuffle:
            return None
        return Stream(self._seed, "shuffle", step=epoch).permutation(self.samples)


def split(
    x: Tree, y: Tree = None, sample_weight: Tree = None, *, fraction: float
) -> tuple[Batch, Batch]:
    """Parts data into training and validation data, as views.

    As Keras's ``validation_split`` does, validation takes the last samples, before any
    shuffling: those from ``floor(n * (1 - fraction))`` on.

    Raises:
        DataError: no samples, lengths that differ, or a part that would be empty.
        ConfigError: ``fraction`` is not between 0 and 1.

    >>> train, validation = split(np.arange(10), fraction=0.2)
    >>> validation.x
    array([8, 9])
    """
    if not 0.0 < fraction < 1.0:
        raise ConfigError(f"the fraction to validate on must lie between 0 and 1, got {fraction!r}")
    data = _arrays(Batch(x, y, sample_weight))
    n = common_length(data)
    at = math.floor(n * (1.0 - fraction))
    if at in (0, n):
        raise DataError(
            f"{n} samples cannot be parted with fraction {fraction!r}: that is {at} to train on "
            f"and {n - at} to validate on; give more samples or another fraction"
        )
    return _take(data, slice(at)), _take(data, slice(at, None))


def common_length(batch: Batch) -> int:
    """The number of samples that every leaf of ``batch`` has; tensors will do.

    Raises:
        DataError: there are none, or leaves disagree; the message has each length by name.
    """
    if all(leaf is None for leaf in tree.leaves(batch.x)):
        raise DataError("there is no data: x holds no array; give one with samples along axis 0")
    lengths = {
        name: _length(name, leaf)
        for part, value in batch._asdict().items()
        for name, leaf in _named_leaves(part, value)
        if leaf is not None
    }
    listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
    if len(set(lengths.values())) > 1:
        raise DataError(f"lengths differ: {listed}; give each the same number of samples")
    length = next(iter(lengths.values()))
    if length == 0:
        raise DataError(f"there is no data: {listed} samples; give at least one")
    return length


def _named_leaves(part: str, value: Tree) -> Iterator[tuple[str, Any]]:
    """The leaves of one part of a batch, with names to tell them apart in a message."""
    found = tree.leaves(value)
    if len(found) == 1:
        yield part, found[0]
        return
    for index, leaf in enumerate(found):
        yield f"{part} (leaf {index} of {tree.structure(value)})", leaf


def _length(name: str, leaf: Any) -> int:
    shape: Any = getattr(leaf, "shape", ())
    if len(shape) == 0:
        raise DataError(
            f"{name} is a {type(leaf).__name__} without an axis of samples; "
            "turn lists of numbers into arrays with np.asarray"
        )
    return int(shape[0])


def _arrays(batch: Batch) -> Batch:
    def array(leaf: Any) -> Any:
        return leaf if isinstance(leaf, Ragged) else host_array(leaf)

    return Batch(*(tree.map(array, part) for part in batch))


def _padded(leaf: Any) -> Any:
    return leaf.padded() if isinstance(leaf, Ragged) else leaf


def _take(batch: Batch, rows: slice | NDArray) -> Batch:
    """Some samples: a view for a slice, a copy for indices.

    For rows in random order ``np.take`` is about twice as fast as indexing.
    """

    def take(leaf: Any) -> Any:
        if leaf is None or isinstance(rows, slice):
            return leaf if leaf is None else leaf[rows]
        return leaf.take(rows) if isinstance(leaf, Ragged) else np.take(leaf, rows, axis=0)

    return Batch(*(tree.map(take, part) for part in batch))
