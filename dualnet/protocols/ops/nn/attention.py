"""What attention needs of a backend; the rest is composed in :mod:`dualnet.ops.nn.attention`."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor


class Attention(Protocol):
    """Heads, softmax over what a mask keeps, and a cache that is written step by step."""

    def dot_product_attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        /,
        *,
        mask: Tensor | None = None,
        scale: float | None = None,
        causal: bool = False,
    ) -> Tensor:
        """``softmax(scale · query keyᵀ) value``; see :func:`dualnet.ops.nn.attention_weights`.

        Args:
            query: ``(…, targets, features)``.
            key: ``(…, sources, features)``.
            value: ``(…, sources, depth)``.
            mask, scale, causal: as for :func:`dualnet.ops.nn.attention_weights`.

        Returns:
            ``(…, targets, depth)``.
        """
        ...

    def masked_softmax(self, x: Tensor, mask: Tensor, /) -> Tensor:
        """``exp(x)/Σ exp(x)`` along the last axis over the elements where ``mask`` is True.

        Elsewhere 0, and 0 everywhere along an axis that the mask empties; no gradient is
        NaN for that.  ``mask`` is boolean and broadcasts.  Half precision is summed in
        float32 and rounded once.
        """
        ...

    def merge_heads(self, x: Tensor, /) -> Tensor:
        """``(batch, heads, time, features)`` to ``(batch, time, heads·features)``."""
        ...

    def split_heads(self, x: Tensor, /, *, heads: int) -> Tensor:
        """``(batch, time, heads·features)`` to ``(batch, heads, time, features)``."""
        ...

    def write_steps(
        self, x: Tensor, steps: Tensor, start: Tensor, /, *, axis: int, reuse: bool = False
    ) -> Tensor:
        """``x`` with ``steps`` in the places ``start, start + 1, …`` along an axis.

        Args:
            x: of any dtype.
            steps: of the same dtype, and of the same sizes but along ``axis``.
            start: an int64 scalar.
            axis: not negative.
            reuse: whether the result may lie in the memory of ``x``, of which the caller then
                needs no more than the places before ``start``.  It does so only where ``x``
                comes from such a call, and nothing was written from ``start`` on since: of two
                calls that go on from one ``x``, the second makes a copy.

        Raises:
            IndexRangeError: not all of these places are there.  Compiled for a GPU, steps for
                which there is no place are lost.
        """
        ...
