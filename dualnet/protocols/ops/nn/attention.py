"""What attention needs of a backend; the rest is composed in :mod:`dualnet.ops.nn.attention`."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class Attention(Protocol):
    """Heads, and softmax over what a mask keeps."""

    def masked_softmax(self, x: Tensor, mask: Tensor, /) -> Tensor:
        """``exp(x)/Σ exp(x)`` along the last axis over the elements where ``mask`` is True.

        Elsewhere 0, and 0 everywhere along an axis that the mask empties; no gradient is
        NaN for that.  ``mask`` is boolean and broadcasts.
        """
        ...

    def merge_heads(self, x: Tensor, /) -> Tensor:
        """``(batch, heads, time, features)`` to ``(batch, time, heads·features)``."""
        ...

    def split_heads(self, x: Tensor, /, *, heads: int) -> Tensor:
        """``(batch, time, heads·features)`` to ``(batch, heads, time, features)``."""
        ...
