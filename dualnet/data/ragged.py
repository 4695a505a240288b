"""Sequences of different lengths, and the masked batches that are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from dualnet.data.arrays import host_array
from dualnet.errors import ConfigError, DataError
from dualnet.masked import Masked
from dualnet.random.layout import checked_integer
from dualnet.typing import NDArray

__all__ = ["Ragged", "pad_sequences"]

ENDS = ("post", "pre")


class Ragged:
    """Sequences of different lengths, to be given to ``fit`` and the like as an array is.

    A batch of them is :class:`dualnet.nn.Masked`: padded at the end, with a mask of the steps
    that are there.  The order of the samples, and with it the batches, is that of arrays.

    >>> words = Ragged([[3, 1], [4], [1, 5, 9]])
    >>> words.lengths, words.padded().values.tolist()
    (array([2, 1, 3]), [[3, 1, 0], [4, 0, 0], [1, 5, 9]])

    Args:
        sequences: arrays, or lists of numbers, with steps along axis 0 and beyond it equal
            shapes and dtypes.
        pad_to: the length of a padded batch: a number; several, of which each batch takes the
            least that does (a compiled step is then traced for a few lengths only); or that
            of its longest sequence if not given.
        value: what padding is filled with.

    Raises:
        DataError: there is no sequence, one has no steps, they do not fit together, or the
            longest does not fit into ``pad_to``.
        ConfigError: ``pad_to`` is no length and no lengths.
    """

    def __init__(
        self,
        sequences: Sequence[Any],
        *,
        pad_to: int | Sequence[int] | None = None,
        value: float = 0,
    ) -> None:
        arrays = _fitting(sequences)
        self._set(np.concatenate(arrays), np.array([len(a) for a in arrays]), pad_to, value)
        longest, most = int(self.lengths.max()), self._sizes[-1] if self._sizes else None
        if most is not None and longest > most:
            raise DataError(
                f"a sequence has {longest} steps, more than pad_to={pad_to!r}; give a larger "
                "length, or cut sequences with pad_sequences(truncating=…)"
            )

    def _set(self, steps: NDArray, lengths: NDArray, pad_to: Any, value: float) -> None:
        #: All steps of all sequences, one after another.
        self.steps = steps
        #: How many steps each sequence has.
        self.lengths = lengths
        self.pad_to, self.value = pad_to, value
        self._sizes = _sizes(pad_to)
        self._starts = np.cumsum(lengths) - lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def __repr__(self) -> str:
        shortest, longest = self.lengths.min(), self.lengths.max()
        return f"Ragged({len(self)} sequences of {shortest} to {longest} steps)"

    @property
    def shape(self) -> tuple[int | None, ...]:
        """``(sequences, None, …)``: the number of steps is none that all have."""
        return (len(self), None, *self.steps.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of every sequence."""
        return self.steps.dtype

    def __getitem__(self, rows: slice) -> Ragged:
        if not isinstance(rows, slice):
            raise ConfigError(f"Ragged is cut by slices, as in data[:100], got {rows!r}")
        return self.take(np.arange(len(self))[rows])

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise DataError(
            "sequences of different lengths are no array; .padded() makes a masked one, and "
            "weights of classes go with each step as sample_weight"
        )

    def take(self, rows: NDArray) -> Ragged:
        """Some of the sequences, in this order."""
        lengths = self.lengths[rows]
        places = np.repeat(self._starts[rows] - np.cumsum(lengths) + lengths, lengths)
        taken = Ragged.__new__(Ragged)
        steps = self.steps[places + np.arange(len(places))]
        taken._set(steps, lengths, self.pad_to, self.value)
        return taken

    def padded(self) -> Masked:
        """All the sequences as one batch."""
        longest = int(self.lengths.max())
        length = next((size for size in self._sizes if size >= longest), longest)
        mask = np.arange(length) < self.lengths[:, None]
        values = np.full((len(self), length, *self.steps.shape[1:]), self.value, self.steps.dtype)
        values[mask] = self.steps
        return Masked(values, mask)


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    *,
    dtype: str | None = None,
    padding: str = "post",
    truncating: str | None = None,
    value: float = 0,
) -> Masked:
    """Sequences of different lengths as one array ``(sequences, time, …)`` with its mask.

    Keras's function of this name gives the array alone, pads and cuts at the start by default,
    and cuts without being asked.

    >>> pad_sequences([[3, 1], [4], [1, 5, 9]], padding="pre").values.tolist()
    [[0, 3, 1], [0, 0, 4], [1, 5, 9]]

    Args:
        sequences: as for :class:`Ragged`.
        maxlen: the number of steps; that of the longest sequence if not given.
        dtype: of the values; that of the sequences if not given.
        padding: ``"post"`` or ``"pre"``: where steps are added.
        truncating: ``"post"`` or ``"pre"``: where longer sequences are cut.
        value: what padding is filled with.

    Raises:
        DataError: as for :class:`Ragged`; a sequence longer than ``maxlen``, with no word of
            where to cut it.
        ConfigError: another word than these, or a ``maxlen`` that is no length.
    """
    for name, end in (("padding", padding), ("truncating", truncating or "post")):
        if end not in ENDS:
            raise ConfigError(f"{name}={end!r}; choose 'post' or 'pre'")
    arrays = _fitting(sequences)
    if maxlen is not None and truncating is not None:
        checked_integer("maxlen", maxlen, 1, 1 << 31)
        cut = slice(-maxlen, None) if truncating == "pre" else slice(maxlen)
        arrays = [array[cut] for array in arrays]
    found = Ragged(arrays, pad_to=maxlen, value=value).padded()
    values, mask = found.values, found.mask
    if padding == "pre":
        order = np.argsort(mask, axis=1, kind="stable")  # what is not there first
        rows = np.arange(len(mask))[:, None]
        values, mask = values[rows, order], mask[rows, order]
    return Masked(values if dtype is None else values.astype(dtype), mask)


def _sizes(pad_to: Any) -> tuple[int, ...]:
    """The lengths that a batch may have, from the least on; none if it may have any."""
    if pad_to is None:
        return ()
    several = (pad_to,) if not isinstance(pad_to, (tuple, list, np.ndarray)) else tuple(pad_to)
    if not several:
        raise ConfigError(f"pad_to={pad_to!r} names no length; leave it out for any")
    return tuple(sorted(checked_integer("pad_to", size, 1, 1 << 31) for size in several))


def _fitting(sequences: Any) -> list[NDArray]:
    """The sequences as arrays of one dtype and equal shapes beyond axis 0."""
    if not isinstance(sequences, Iterable):
        raise DataError(
            f"a {type(sequences).__name__} is no list of sequences; give arrays, one per sequence"
        )
    arrays: list[Any] = [host_array(sequence) for sequence in sequences]
    if not arrays:
        raise DataError("there is no sequence; give at least one")
    first = arrays[0]
    for place, array in enumerate(arrays):
        if array is None or array.ndim == 0 or len(array) == 0:
            raise DataError(f"sequence {place} has no steps; leave it out")
        if array.shape[1:] != first.shape[1:] or array.dtype != first.dtype:
            raise DataError(
                f"sequence {place} has steps of shape {array.shape[1:]} and dtype {array.dtype}, "
                f"those of sequence 0 have {first.shape[1:]} and {first.dtype}; make them alike"
            )
    return arrays
