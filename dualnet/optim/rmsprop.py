"""RMSprop."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_decay, check_nonnegative
from dualnet.optim.schedules import Schedule
from dualnet.typing import Tensor

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """The gradient over its root mean square.

    ::

        s ← ρ · s + (1 - ρ) · g²
        a ← ρ · a + (1 - ρ) · g                 (centered)
        d = g / (√s + ε)                        or g / (√(s - a²) + ε) (centered)
        b ← μ · b + d                           (momentum)
        p ← p - lr · d                          or p - lr · b (momentum)

    Tieleman & Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012; the centred
    form is Graves, "Generating Sequences With Recurrent Neural Networks", 2013, equations
    38-41.  ε is outside the root, and ``b`` does not hold the learning rate (as in PyTorch).
    ``s - a²`` is a variance; where rounding makes it negative it is taken as zero.

    Args:
        learning_rate: ``lr``.
        rho: ``ρ``.
        momentum: ``μ``.
        epsilon: ``ε``.
        centered: whether to divide by the standard deviation.
    """

    learning_rate: float | Schedule = 0.01
    rho: float = 0.99
    momentum: float = 0.0
    epsilon: float = 1e-8
    centered: bool = False

    def check(self) -> None:
        super().check()
        name = type(self).__name__
        check_decay(name, rho=self.rho, momentum=self.momentum)
        check_nonnegative(name, epsilon=self.epsilon)

    @property
    def slots(self) -> tuple[str, ...]:
        optional = {"a": self.centered, "b": bool(self.momentum)}
        return ("s", *(name for name, used in optional.items() if used))

    def update(
        self, p: Tensor, g: Tensor, slots: dict[str, Tensor], *, lr: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        new = {"s": self.rho * slots["s"] + (1.0 - self.rho) * g * g}
        square = new["s"]
        if self.centered:
            new["a"] = self.rho * slots["a"] + (1.0 - self.rho) * g
            square = ops.maximum(square - new["a"] * new["a"], 0.0)
        direction = g / (ops.sqrt(square) + self.epsilon)
        if self.momentum:
            new["b"] = direction = self.momentum * slots["b"] + direction
        return p - lr * direction, new
