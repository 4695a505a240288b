"""Adam and AdamW."""

from __future__ import annotations

import dataclasses
from typing import Any

from dualnet import ops
from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_decay, check_nonnegative
from dualnet.optim.scalar import Number
from dualnet.optim.schedules import Schedule
from dualnet.typing import Tensor

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
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

    learning_rate: float | Schedule = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    amsgrad: bool = False

    def check(self) -> None:
        super().check()
        name = type(self).__name__
        check_decay(name, beta_1=self.beta_1, beta_2=self.beta_2)
        check_nonnegative(name, epsilon=self.epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "v", "v_max") if self.amsgrad else ("m", "v")

    def coefficients(self, step: Number, lr: Number) -> dict[str, Number]:
        return {
            "lr": lr,
            "correction_1": 1.0 - self.beta_1**step,
            "correction_2": 1.0 - self.beta_2**step,
        }

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
        m = self.beta_1 * slots["m"] + (1.0 - self.beta_1) * g
        v = self.beta_2 * slots["v"] + (1.0 - self.beta_2) * g * g
        new = {"m": m, "v": v}
        if self.amsgrad:
            new["v_max"] = v = ops.maximum(slots["v_max"], v)
        m_hat = m / correction_1
        v_hat = v / correction_2
        return p - lr * m_hat / (ops.sqrt(v_hat) + self.epsilon), new


class AdamW(Adam):
    """:class:`Adam` with decoupled weight decay of 0.01 by default.

    Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2, with the
    decay multiplied by the learning rate.
    """

    weight_decay: float = dataclasses.field(default=0.01, kw_only=True)
