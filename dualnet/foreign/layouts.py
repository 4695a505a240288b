"""How the layouts of the frameworks become dualnet's, and back: plain functions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dualnet.protocols.foreign import Layout, Rule
from dualnet.typing import NDArray

__all__ = [
    "anything",
    "channels_first",
    "channels_last",
    "packed",
    "plain",
    "reordered",
    "reshaped",
    "stacked",
    "summed",
    "time_first",
    "transposed",
]

# Tensors


def anything(rank: int) -> None:
    """The layout of a layer that treats all elements alike."""


def channels_last(rank: int) -> tuple[int, ...]:
    """The layout that dualnet has."""
    return tuple(range(rank))


def channels_first(spatial: int | None = None) -> Layout:
    """Channels behind the batch axis, in tensors of so many spatial axes (of one or more).

    Of another rank it says nothing, but that a matrix has one layout only.
    """

    def layout(rank: int) -> tuple[int, ...] | None:
        if rank < 3:
            return channels_last(rank)
        if spatial is not None and rank != spatial + 2:
            return None
        return (0, rank - 1, *range(1, rank - 1))

    return layout


def time_first(rank: int) -> tuple[int, ...]:
    """``(time, batch, features)``."""
    return (1, 0, 2) if rank == 3 else channels_last(rank)


# Weights


def plain(ours: str, native: str | None = None) -> Rule:
    """A weight that is the same on both sides."""
    return Rule((ours,), (native or ours,), lambda x: (x,), lambda x: (x,))


def transposed(ours: str, native: str, axes: Sequence[int]) -> Rule:
    """A weight whose axes are those of the variable in another order."""
    back = tuple(int(i) for i in np.argsort(axes))
    return Rule((ours,), (native,), lambda x: (x.transpose(axes),), lambda x: (x.transpose(back),))


def reshaped(
    ours: str,
    native: str,
    read: Callable[[NDArray], NDArray],
    write: Callable[[NDArray], NDArray],
) -> Rule:
    """A weight that is a function of one variable."""
    return Rule((ours,), (native,), lambda x: (read(x),), lambda x: (write(x),))


def reordered(
    ours: str, native: str, order: Sequence[int], *, axis: int = -1, turned: bool = False
) -> Rule:
    """A weight whose equal blocks along an axis (gates) stand in another order.

    Args:
        order: which of the variable's blocks is the weight's first, second, …
        turned: whether the variable is a transposed matrix.
    """
    back = [int(i) for i in np.argsort(order)]

    def moved(x: NDArray, places: Sequence[int]) -> NDArray:
        blocks = np.split(x, len(places), axis=axis)
        return np.concatenate([blocks[i] for i in places], axis=axis)

    def read(x: NDArray) -> tuple[NDArray]:
        return (moved(x.T if turned else x, order),)

    def write(x: NDArray) -> tuple[NDArray]:
        found = moved(x, back)
        return (found.T if turned else found,)

    return Rule((ours,), (native,), read, write)


def packed(ours: Sequence[str], native: str, *, turned: bool = False) -> Rule:
    """Several weights in the equal blocks of one variable's first axis."""

    def read(x: NDArray) -> tuple[NDArray, ...]:
        return tuple(part.T if turned else part for part in np.split(x, len(ours)))

    def write(*parts: NDArray) -> tuple[NDArray]:
        return (np.concatenate([part.T if turned else part for part in parts]),)

    return Rule(tuple(ours), (native,), read, write)


def stacked(ours: str, native: Sequence[str]) -> Rule:
    """One weight whose rows are variables."""
    return Rule((ours,), tuple(native), lambda *x: (np.stack(x),), lambda x: tuple(x))


def summed(ours: str, native: Sequence[str]) -> Rule:
    """One weight that is the sum of variables; written to the first, with zeros in the others."""

    def write(x: NDArray) -> tuple[NDArray, ...]:
        return (x, *(np.zeros_like(x) for _ in native[1:]))

    def read(*parts: NDArray) -> tuple[NDArray]:
        return (np.sum(parts, axis=0),)

    return Rule((ours,), tuple(native), read, write, summed=True)
