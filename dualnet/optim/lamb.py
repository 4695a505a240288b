"""LAMB."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.optim.clipping import global_norm
from dualnet.optim.moments import Moments
from dualnet.optim.scalar import Number
from dualnet.typing import Tensor

__all__ = ["Lamb"]


class Lamb(Moments):
    """Adam's direction, as long as the variable itself: for large batches.

    ::

        m ← β₁ · m + (1 - β₁) · g
        v ← β₂ · v + (1 - β₂) · g²
        r = (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε) + weight_decay · p
        p ← p - lr · ‖p‖ / ‖r‖ · r              (1 for ‖p‖ / ‖r‖ where a norm is zero)

    You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", 2020,
    algorithm 2, with φ(x) = x.  The decay is inside ``r``, as there, and not decoupled.

    Args:
        learning_rate: ``lr``.
        beta_1: ``β₁``.
        beta_2: ``β₂``.
        epsilon: ``ε``.
    """

    epsilon: float = 1e-6

    def decay(self, lr: Number) -> dict[str, Number]:
        return {}

    def update(
        self,
        p: Tensor,
        g: Tensor,
        slots: dict[str, Tensor],
        *,
        lr: Any,
        correction_1: Any,
        correction_2: Any,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        m, v = self.moments(g, slots)
        r = self.direction(m, v, correction_1, correction_2)
        if self.weight_decay:
            r = r + self.weight_decay * p
        return p - lr * _ratio(global_norm([p]), global_norm([r])) * r, {"m": m, "v": v}


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """``a / b``; 1 where one of them is zero."""
    known = (a > 0.0) & (b > 0.0)
    one = ops.ones_like(b)
    return ops.where(known, a / ops.where(known, b, one), one)
