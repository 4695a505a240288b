"""Adam and AdamW."""

from __future__ import annotations

import dataclasses
from typing import Any

from dualnet import ops
from dualnet.optim.moments import Moments
from dualnet.typing import Tensor

__all__ = ["Adam", "AdamW"]


class Adam(Moments):
    """Adaptive moments.

    ::

        m ← β₁ · m + (1 - β₁) · g
        v ← β₂ · v + (1 - β₂) · g²
        p ← p - lr · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)

    Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.  ε is added
    after the bias correction (as in PyTorch; Keras adds it before).

    Args:
        learning_rate: ``lr``.
        beta_1: ``β₁``.
        beta_2: ``β₂``.
        epsilon: ``ε``.
        amsgrad: whether the largest ``v`` so far stands in the root (Reddi et al., "On the
            Convergence of Adam and Beyond", 2018).
    """

    amsgrad: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "v", "v_max") if self.amsgrad else ("m", "v")

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
        new = {"m": m, "v": v}
        if self.amsgrad:
            new["v_max"] = v = ops.maximum(slots["v_max"], v)
        return p - lr * self.direction(m, v, correction_1, correction_2), new


class AdamW(Adam):
    """:class:`Adam` with decoupled weight decay of 0.01 by default.

    Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2, with the
    decay multiplied by the learning rate.
    """

    weight_decay: float = dataclasses.field(default=0.01, kw_only=True)
