"""Adadelta."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_decay, check_positive
from dualnet.optim.schedules import Schedule
from dualnet.typing import Tensor

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Steps in the units of the steps before.

    ::

        s ← ρ · s + (1 - ρ) · g²
        d = √(u + ε) / √(s + ε) · g
        u ← ρ · u + (1 - ρ) · d²
        p ← p - lr · d

    Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, algorithm 1, where ``lr`` is 1.

    Args:
        learning_rate: ``lr``.
        rho: ``ρ``.
        epsilon: ``ε``, above zero: the first step is made of it.
    """

    learning_rate: float | Schedule = 1.0
    rho: float = 0.9
    epsilon: float = 1e-6

    def check(self) -> None:
        super().check()
        name = type(self).__name__
        check_decay(name, rho=self.rho)
        check_positive(name, epsilon=self.epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("s", "u")

    def update(
        self, p: Tensor, g: Tensor, slots: dict[str, Tensor], *, lr: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        s = self.rho * slots["s"] + (1.0 - self.rho) * g * g
        d = ops.sqrt(slots["u"] + self.epsilon) / ops.sqrt(s + self.epsilon) * g
        u = self.rho * slots["u"] + (1.0 - self.rho) * d * d
        return p - lr * d, {"s": s, "u": u}
