"""FTRL-Proximal."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_nonnegative, check_positive
from dualnet.optim.schedules import Schedule
from dualnet.typing import NDArray, Tensor

__all__ = ["Ftrl"]


class Ftrl(Optimizer):
    """Follow the regularized leader: sparse weights from an L1 penalty.

    ::

        σ = (√(n + g²) - √n) / lr
        z ← z + g - σ · p
        n ← n + g²
        p ← 0                                               where |z| ≤ λ₁
        p ← -(z - sign(z) · λ₁) / ((β + √n) / lr + λ₂)      elsewhere

    McMahan et al., "Ad Click Prediction: a View from the Trenches", 2013, algorithm 1
    (Keras writes ``2 · λ₂``, and has β = 0 and ``n`` from 0.1 by default).

    Args:
        learning_rate: ``lr`` (α in the paper), above zero where it is a number.
        beta: ``β``.
        l1_regularization_strength: ``λ₁``.
        l2_regularization_strength: ``λ₂``.
        initial_accumulator_value: where ``n`` starts.

    Raises:
        ConfigError: a ``weight_decay``, which has no place in this formula.
    """

    learning_rate: float | Schedule = 0.1
    beta: float = 1.0
    l1_regularization_strength: float = 0.0
    l2_regularization_strength: float = 0.0
    initial_accumulator_value: float = 0.0

    def check(self) -> None:
        super().check()
        name = type(self).__name__
        if not isinstance(self.learning_rate, Schedule):
            check_positive(name, learning_rate=self.learning_rate)
        check_nonnegative(
            name,
            l1_regularization_strength=self.l1_regularization_strength,
            l2_regularization_strength=self.l2_regularization_strength,
            initial_accumulator_value=self.initial_accumulator_value,
        )
        check_nonnegative(name, beta=self.beta)
        if self.weight_decay:
            raise ConfigError(
                f"{name}: weight_decay={self.weight_decay!r} has no place in a formula that "
                "computes weights anew; use l2_regularization_strength"
            )

    @property
    def slots(self) -> tuple[str, ...]:
        return ("z", "n")

    def start(self, slot: str, p: NDArray) -> NDArray | None:
        first = self.initial_accumulator_value if slot == "n" else 0.0
        return np.full(p.shape, float(first))

    def update(
        self, p: Tensor, g: Tensor, slots: dict[str, Tensor], *, lr: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        n = slots["n"] + g * g
        sigma = (ops.sqrt(n) - ops.sqrt(slots["n"])) / lr
        z = slots["z"] + g - sigma * p
        shrunk = ops.sign(z) * ops.maximum(ops.abs(z) - self.l1_regularization_strength, 0.0)
        curvature = (self.beta + ops.sqrt(n)) / lr + self.l2_regularization_strength
        return -shrunk / curvature, {"z": z, "n": n}
