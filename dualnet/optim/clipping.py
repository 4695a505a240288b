"""Gradients kept in bounds, and the norm that measures them.

Each function takes a list of tensors and gives a new one; ``None`` stands for a variable
without a gradient and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from dualnet import ops
from dualnet.typing import Tensor

__all__ = ["clip_by_norm", "clip_by_value", "global_norm", "scaled"]

Gradients = Sequence[Tensor | None]


def global_norm(gradients: Gradients) -> Tensor:
    """``√Σ g²`` over every element of every gradient, as a 0-dim tensor.

    A square that overflows the dtype counts as infinite.
    """
    return ops.sqrt(reduce(ops.add, [ops.sum(g * g) for g in gradients if g is not None]))


def scaled(gradients: Gradients, norm: Tensor, limit: float) -> list[Tensor | None]:
    """``g · limit / maximum(norm, limit)``; exactly ``g`` where the norm is within the limit.

    With their own :func:`global_norm`: Pascanu et al., "On the difficulty of training recurrent
    neural networks", 2013.
    """
    scale = limit / ops.maximum(norm, limit)
    return [g if g is None else g * ops.astype(scale, g.dtype) for g in gradients]


def clip_by_norm(gradients: Gradients, limit: float) -> list[Tensor | None]:
    """Each gradient scaled by itself so that its norm is at most ``limit``."""
    return [g if g is None else scaled([g], global_norm([g]), limit)[0] for g in gradients]


def clip_by_value(gradients: Gradients, limit: float) -> list[Tensor | None]:
    """Each element of each gradient kept in ``[-limit, limit]``."""
    return [g if g is None else ops.clip(g, -limit, limit) for g in gradients]
