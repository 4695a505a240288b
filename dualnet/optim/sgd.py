"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_decay
from dualnet.optim.schedules import Schedule
from dualnet.typing import Tensor

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent, with or without momentum.

    ::

        p ← p - lr · g

        v ← μ · v + g                   (momentum)
        p ← p - lr · v                  or p - lr · (g + μ · v) (nesterov)

    Polyak 1964; Sutskever et al., "On the importance of initialization and momentum in deep
    learning", 2013.  ``v`` does not hold the learning rate, so a change of it takes effect at
    once (as in PyTorch; Keras keeps ``lr · v``, which differs when the rate changes).

    Args:
        learning_rate: ``lr``.
        momentum: ``μ``.
        nesterov: whether to look ahead.
    """

    learning_rate: float | Schedule = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def check(self) -> None:
        super().check()
        check_decay(type(self).__name__, momentum=self.momentum)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("v",) if self.momentum else ()

    def update(
        self, p: Tensor, g: Tensor, slots: dict[str, Tensor], *, lr: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        if not self.momentum:
            return p - lr * g, {}
        v = self.momentum * slots["v"] + g
        step = g + self.momentum * v if self.nesterov else v
        return p - lr * step, {"v": v}
