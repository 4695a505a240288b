"""Nadam."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualnet import ops
from dualnet.optim.check import check_nonnegative
from dualnet.optim.moments import Moments
from dualnet.optim.scalar import Number
from dualnet.optim.schedules import Schedule
from dualnet.typing import NDArray, Tensor

__all__ = ["Nadam"]


class Nadam(Moments):
    """Adam with Nesterov's momentum.

    ::

        μₜ = β₁ · (1 - ½ · 0.96^(t · ψ))
        m ← β₁ · m + (1 - β₁) · g
        v ← β₂ · v + (1 - β₂) · g²
        M ← M · μₜ                                            (1 at the start)
        m̂ = (1 - μₜ) / (1 - M) · g + μₜ₊₁ / (1 - M · μₜ₊₁) · m
        p ← p - lr · m̂ / (√(v / (1 - β₂ᵗ)) + ε)

    Dozat, "Incorporating Nesterov Momentum into Adam", 2016, with ψ = 0.004 as in PyTorch
    (Keras has ψ = 1).

    Args:
        learning_rate: ``lr``.
        beta_1: ``β₁``.
        beta_2: ``β₂``.
        epsilon: ``ε``.
        momentum_decay: ``ψ``.
    """

    learning_rate: float | Schedule = 2e-3
    momentum_decay: float = 4e-3

    def check(self) -> None:
        super().check()
        check_nonnegative(type(self).__name__, momentum_decay=self.momentum_decay)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "v", "mu_product")

    def start(self, slot: str, p: NDArray) -> NDArray | None:
        return np.ones(()) if slot == "mu_product" else super().start(slot, p)

    def coefficients(self, step: Number, lr: Number) -> dict[str, Number]:
        return {
            "lr": lr,
            "correction_2": 1.0 - self.beta_2**step,
            "mu": self._mu(step),
            "mu_next": self._mu(step + 1),
        }

    def _mu(self, step: Number) -> Number:
        return self.beta_1 * (1.0 - 0.5 * 0.96 ** (step * self.momentum_decay))

    def update(
        self,
        p: Tensor,
        g: Tensor,
        slots: dict[str, Tensor],
        *,
        lr: Any,
        correction_2: Any,
        mu: Any,
        mu_next: Any,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        m, v = self.moments(g, slots)
        product = slots["mu_product"] * mu
        m_hat = (1.0 - mu) / (1.0 - product) * g + mu_next / (1.0 - product * mu_next) * m
        value = p - lr * m_hat / (ops.sqrt(v / correction_2) + self.epsilon)
        return value, {"m": m, "v": v, "mu_product": product}
