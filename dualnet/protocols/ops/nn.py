"""What networks need beyond arrays."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class NN(Protocol):
    """Layout is channels last: ``(batch, …, channels)``."""

    def linear(self, x: Tensor, kernel: Tensor, bias: Tensor | None = None, /) -> Tensor:
        """``x @ kernel + bias``; ``x`` is ``(…, in)``, ``kernel`` ``(in, out)``, ``bias`` ``(out,)``.

        Raises:
            ShapeError: the last axis of ``x`` is not ``in`` long.
        """
        ...
