"""Functions of each element."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class Elementwise(Protocol):
    """Dtypes meet by :func:`dualnet.dtypes.promote`; shapes broadcast."""

    def add(self, x1: Tensor, x2: Tensor, /) -> Tensor:
        """``x1 + x2``."""
        ...
