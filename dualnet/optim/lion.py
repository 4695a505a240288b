"""Lion."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_decay
from dualnet.optim.schedules import Schedule
from dualnet.typing import Tensor

__all__ = ["Lion"]


class Lion(Optimizer):
    """The sign of the momentum.

    ::

        p ← p - lr · sign(β₁ · m + (1 - β₁) · g)
        m ← β₂ · m + (1 - β₂) · g

    Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, program 1.  The paper
    takes a learning rate 3 to 10 times smaller than AdamW's, and a decay as many times larger.

    Args:
        learning_rate: ``lr``.
        beta_1: ``β₁``.
        beta_2: ``β₂``.
    """

    learning_rate: float | Schedule = 1e-4
    beta_1: float = 0.9
    beta_2: float = 0.99

    def check(self) -> None:
        super().check()
        check_decay(type(self).__name__, beta_1=self.beta_1, beta_2=self.beta_2)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m",)

    def update(
        self, p: Tensor, g: Tensor, slots: dict[str, Tensor], *, lr: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        direction = ops.sign(self.beta_1 * slots["m"] + (1.0 - self.beta_1) * g)
        m = self.beta_2 * slots["m"] + (1.0 - self.beta_2) * g
        return p - lr * direction, {"m": m}
