"""Adagrad."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualnet import ops
from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_nonnegative
from dualnet.optim.schedules import Schedule
from dualnet.typing import NDArray, Tensor

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """The gradient over the root of the sum of its squares.

    ::

        s ← s + g²
        p ← p - lr · g / (√s + ε)

    Duchi, Hazan & Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization", 2011.  ε is outside the root and ``s`` starts at zero (as in PyTorch; Keras
    starts at 0.1 and adds ε inside).

    Args:
        learning_rate: ``lr``; PyTorch's ``lr_decay`` is :class:`~dualnet.optim.InverseTimeDecay`.
        initial_accumulator_value: where ``s`` starts.
        epsilon: ``ε``.
    """

    learning_rate: float | Schedule = 0.01
    initial_accumulator_value: float = 0.0
    epsilon: float = 1e-10

    def check(self) -> None:
        super().check()
        check_nonnegative(
            type(self).__name__,
            initial_accumulator_value=self.initial_accumulator_value,
            epsilon=self.epsilon,
        )

    @property
    def slots(self) -> tuple[str, ...]:
        return ("s",)

    def start(self, slot: str, p: NDArray) -> NDArray | None:
        return np.full(p.shape, float(self.initial_accumulator_value))

    def update(
        self, p: Tensor, g: Tensor, slots: dict[str, Tensor], *, lr: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        s = slots["s"] + g * g
        return p - lr * g / (ops.sqrt(s) + self.epsilon), {"s": s}
