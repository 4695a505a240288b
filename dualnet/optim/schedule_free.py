"""Schedule-free AdamW."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.optim.check import check_positive
from dualnet.optim.moments import Moments
from dualnet.optim.scalar import Number
from dualnet.optim.schedules import Schedule
from dualnet.typing import NDArray, Tensor

__all__ = ["ScheduleFreeAdamW"]


class ScheduleFreeAdamW(Moments):
    """AdamW that averages in place of lowering its learning rate.

    ::

        v ← β₂ · v + (1 - β₂) · g²
        z ← z - lr · (g / (√(v / (1 - β₂ᵗ)) + ε) + weight_decay · p)
        W ← W + lr²,  c = lr² / W
        x ← (1 - c) · x + c · z
        p ← (1 - β₁) · z + β₁ · x

    Defazio et al., "The Road Less Scheduled", 2024, algorithm 1, with Adam's ε after the bias
    correction.  The model holds ``p`` while it trains; ``x`` is what it has learned:
    ``with optimizer.averaged(): model.evaluate(...)``.  ``z`` and ``x`` start at ``p``; ``x``
    is not kept, since it follows from ``p`` and ``z``.

    Args:
        learning_rate: ``lr``; a schedule here is a warm-up.
        beta_1: ``β₁``, above zero.
        beta_2: ``β₂``.
        epsilon: ``ε``.
        weight_decay: applied at ``p``.

    Raises:
        ConfigError: an ``ema`` beside the average it has.
    """

    learning_rate: float | Schedule = 2.5e-3

    def check(self) -> None:
        super().check()
        name = type(self).__name__
        check_positive(name, beta_1=self.beta_1)
        if self.ema is not None:
            raise ConfigError(f"{name}: it has its own average; leave out ema={self.ema!r}")

    @property
    def averages(self) -> bool:
        return True

    @property
    def slots(self) -> tuple[str, ...]:
        return ("v", "z", "weight")

    def start(self, slot: str, p: NDArray) -> NDArray | None:
        return {"v": np.zeros(p.shape), "z": p, "weight": np.zeros(())}[slot]

    def decay(self, lr: Number) -> dict[str, Number]:
        return {}

    def coefficients(self, step: Number, lr: Number) -> dict[str, Number]:
        return {"lr": lr, "correction_2": 1.0 - self.beta_2**step}

    def update(
        self, p: Tensor, g: Tensor, slots: dict[str, Tensor], *, lr: Any, correction_2: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        v = self.beta_2 * slots["v"] + (1.0 - self.beta_2) * g * g
        direction = g / (ops.sqrt(v / correction_2) + self.epsilon)
        if self.weight_decay:
            direction = direction + self.weight_decay * p
        z = slots["z"] - lr * direction
        weight = slots["weight"] + lr * lr
        # A learning rate that is still zero moves nothing: 0 / 1, not 0 / 0.
        c = lr * lr / ops.where(weight > 0.0, weight, ops.ones_like(weight))
        x = self.average(p, slots)
        x = x + c * (z - x)
        return self.beta_1 * x + (1.0 - self.beta_1) * z, {"v": v, "z": z, "weight": weight}

    def average(self, p: Tensor, slots: dict[str, Tensor]) -> Tensor:
        """``x``, from ``p = (1 - β₁) · z + β₁ · x``."""
        return (p - (1.0 - self.beta_1) * slots["z"]) / self.beta_1
