"""Numbers that say where on an axis values are taken from."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class Sampling(Protocol):
    """What functions need that choose and weigh the values along an axis."""

    def axis_size(self, x: Tensor, /, *, axis: int) -> int | Tensor:
        """How long an axis is: a number, or an int64 tensor where a graph does not know it."""
        ...

    def places(self, x: Tensor, count: int | Tensor, /) -> Tensor:
        """``0, 1, …, count - 1`` as int64, on the device of ``x``."""
        ...
