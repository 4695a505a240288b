"""Adamax."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.optim.check import check_positive
from dualnet.optim.moments import Moments
from dualnet.optim.scalar import Number
from dualnet.optim.schedules import Schedule
from dualnet.typing import Tensor

__all__ = ["Adamax"]


class Adamax(Moments):
    """Adam with the largest gradient in place of the root mean square.

    ::

        m ← β₁ · m + (1 - β₁) · g
        u ← maximum(β₂ · u, |g| + ε)
        p ← p - lr / (1 - β₁ᵗ) · m / u

    Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 2.  The paper has
    no ε; here it stands where PyTorch has it.

    Args:
        learning_rate: ``lr``.
        beta_1: ``β₁``.
        beta_2: ``β₂``.
        epsilon: ``ε``, above zero.
    """

    learning_rate: float | Schedule = 2e-3

    def check(self) -> None:
        super().check()
        check_positive(type(self).__name__, epsilon=self.epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "u")

    def coefficients(self, step: Number, lr: Number) -> dict[str, Number]:
        return {"rate": lr / (1.0 - self.beta_1**step)}

    def update(
        self, p: Tensor, g: Tensor, slots: dict[str, Tensor], *, rate: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        m = self.beta_1 * slots["m"] + (1.0 - self.beta_1) * g
        u = ops.maximum(self.beta_2 * slots["u"], ops.abs(g) + self.epsilon)
        return p - rate * m / u, {"m": m, "u": u}
