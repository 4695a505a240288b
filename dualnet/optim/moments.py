"""What the rules after Adam share: two moments, their decay rates and their corrections."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_decay, check_nonnegative
from dualnet.optim.scalar import Number
from dualnet.optim.schedules import Schedule
from dualnet.typing import Tensor

__all__ = ["Moments"]


class Moments(Optimizer):
    """Base of the rules that keep running averages of the gradient and of its square.

    ::

        m ← β₁ · m + (1 - β₁) · g
        v ← β₂ · v + (1 - β₂) · g²
    """

    learning_rate: float | Schedule = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def check(self) -> None:
        super().check()
        name = type(self).__name__
        check_decay(name, beta_1=self.beta_1, beta_2=self.beta_2)
        check_nonnegative(name, epsilon=self.epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "v")

    def coefficients(self, step: Number, lr: Number) -> dict[str, Number]:
        return {
            "lr": lr,
            "correction_1": 1.0 - self.beta_1**step,
            "correction_2": 1.0 - self.beta_2**step,
        }

    def moments(self, g: Tensor, slots: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The new ``m`` and ``v``."""
        m = self.beta_1 * slots["m"] + (1.0 - self.beta_1) * g
        v = self.beta_2 * slots["v"] + (1.0 - self.beta_2) * g * g
        return m, v

    def direction(self, m: Tensor, v: Tensor, correction_1: Any, correction_2: Any) -> Tensor:
        """Adam's: ``(m / correction_1) / (√(v / correction_2) + ε)``."""
        return m / correction_1 / (ops.sqrt(v / correction_2) + self.epsilon)
