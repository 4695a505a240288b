"""What lies beyond the ends of an axis: the same places for every backend.

``pads`` is a number for both ends of every axis, or one entry per axis, a number or a pair
``(before, after)``; less than 0 cuts off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from dualnet.errors import ConfigError, ShapeError, unknown_name

__all__ = ["Pads", "check_mode", "entries", "pairs", "source"]

Pads: TypeAlias = int | Sequence[int | tuple[int, int]]

#: Of a place and the last place inside, the one whose value stands there.  Only operators
#: that arrays and tensors of every framework share: ``1 // n`` is 1 where ``n`` is 1, else 0.
SOURCES: dict[str, Any] = {
    "circular": lambda p, n: p % n,
    "edge": lambda p, n: (abs(p) - abs(p - (n - 1)) + (n - 1)) // 2,
    "reflect": lambda p, n: (n - 1) - abs((n - 1) - p % (2 * (n - 1) + 1 // n)),
    "symmetric": lambda p, n: ((2 * n - 1) - abs(2 * (p % (2 * n)) - (2 * n - 1))) // 2,
}


def source(places: Any, size: Any, mode: str) -> Any:
    """For each place, where on an axis of this size its value is taken from.

    >>> import numpy as np
    >>> for mode in sorted(SOURCES):
    ...     print(f"{mode:9}", *source(np.arange(-4, 7), 3, mode))
    circular  2 0 1 2 0 1 2 0 1 2 0
    edge      0 0 0 0 0 1 2 2 2 2 2
    reflect   0 1 2 1 0 1 2 1 0 1 2
    symmetric 2 2 1 0 0 1 2 2 1 0 0
    """
    return SOURCES[mode](places, size)


def check_mode(mode: str) -> None:
    """Raises :class:`UnknownName` for a mode that means nothing."""
    if mode != "constant" and mode not in SOURCES:
        raise unknown_name("padding mode", mode, ("constant", *SOURCES))


def entries(pads: Any, rank: int, name: str) -> tuple[tuple[int, int], ...]:
    """A pair for each axis.

    Raises:
        ConfigError: not whole numbers, or not as many as there are axes.
    """
    listed = tuple(pads) if isinstance(pads, (tuple, list)) else (pads,) * rank
    found = [tuple(e) if isinstance(e, (tuple, list)) else (e, e) for e in listed]
    numbers = [part for pair in found for part in pair]
    whole = all(isinstance(part, int) and not isinstance(part, bool) for part in numbers)
    if len(found) != rank or not whole or any(len(pair) != 2 for pair in found):
        raise ConfigError(
            f"{name}={pads!r} must be a whole number, or {rank} of them or of pairs (before, "
            "after), one per axis"
        )
    return tuple((before, after) for before, after in found)


def pairs(shape: Sequence[int | None], pads: Any, mode: str) -> tuple[tuple[int, int], ...]:
    """The entries for a tensor of this shape.

    Raises:
        UnknownName: the mode means nothing.
        ConfigError: the padding means nothing.
        ShapeError: more is cut off than there is, or an empty axis has nothing to repeat.
    """
    check_mode(mode)
    found = entries(pads, len(shape), "pads")
    for size, (before, after) in zip(shape, found, strict=True):
        if size is not None and max(-before, 0) + max(-after, 0) > size:
            raise ShapeError(
                f"pads={pads!r} cuts more off an axis than a tensor of shape {tuple(shape)} has"
            )
        if size == 0 and mode != "constant" and (before or after):
            raise ShapeError(
                f"mode={mode!r} has nothing to repeat along an empty axis of shape {tuple(shape)}"
            )
    return found
