"""Scaled dot-product attention (Vaswani et al. 2017), composed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dualnet.typing import Tensor

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = ["attention_softmax", "attention_weights", "dot_product_attention"]


def attention_softmax(
    scores: Tensor, /, *, mask: Tensor | None = None, causal: bool = False
) -> Tensor:
    """Softmax of scores ``(…, targets, sources)`` over the sources that may be seen.

    Args:
        scores: of every target and source.
        mask: boolean, broadcast to ``(…, targets, sources)``: True keeps.  A target that
            may see nothing has weights 0.
        causal: target ``i`` sees sources ``0 … i`` only.
    """
    if causal:
        past = ops.tril(ops.ones_like(scores, dtype="bool"))
        mask = past if mask is None else ops.logical_and(mask, past)
    if mask is None:
        return ops.nn.softmax(scores)
    return ops.nn.masked_softmax(scores, mask)


def attention_weights(
    query: Tensor,
    key: Tensor,
    /,
    *,
    mask: Tensor | None = None,
    scale: float | Tensor | None = None,
    causal: bool = False,
) -> Tensor:
    """``softmax(scale · query keyᵀ)`` over the keys that may be seen.

    Args:
        query: ``(…, targets, features)``.
        key: ``(…, sources, features)``.
        mask, causal: as for :func:`attention_softmax`.
        scale: ``1/√features`` if not given.

    Returns:
        ``(…, targets, sources)``.
    """
    if scale is None:
        scale = 1.0 / math.sqrt(query.shape[-1])
    scores = ops.matmul(query * scale, ops.matrix_transpose(key))
    return attention_softmax(scores, mask=mask, causal=causal)


def dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    /,
    *,
    mask: Tensor | None = None,
    scale: float | None = None,
    causal: bool = False,
) -> Tensor:
    """The definition of :meth:`dualnet.protocols.ops.nn.Attention.dot_product_attention`."""
    weights = attention_weights(query, key, mask=mask, scale=scale, causal=causal)
    return ops.matmul(weights, value)
