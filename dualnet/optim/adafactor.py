"""Adafactor."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualnet import ops
from dualnet.dtypes import canonical
from dualnet.optim import scalar
from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_nonpositive, check_positive
from dualnet.optim.scalar import Number
from dualnet.optim.schedules import Schedule
from dualnet.typing import NDArray, Tensor

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adam's second moment kept as one row and one column of sums.

    ::

        β̂ₜ = 1 - t^γ
        R ← β̂ₜ · R + (1 - β̂ₜ) · mean(g², last axis)
        C ← β̂ₜ · C + (1 - β̂ₜ) · mean(g², last axis but one)
        V = R · C / maximum(mean(R), ε₁)          (V ← β̂ₜ · V + (1 - β̂ₜ) · g² for vectors)
        u = g / maximum(√V, ε₁)
        α = maximum(ε₂, rms(p)) · minimum(lr, 1/√t)
        p ← p - α · u / maximum(1, rms(u) / d)

    Shazeer & Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018,
    algorithms 4 and 5, with ε₁ where PyTorch has it (the paper adds it to ``g²``).  A kernel of
    more than two axes is factored over the last two.

    Args:
        learning_rate: ``lr``, the bound of the relative step.
        beta_2_decay: ``γ``, zero or less.
        epsilon_1: ``ε₁``; by default the distance from 1 to the next number of the dtype.
        epsilon_2: ``ε₂``.
        clip_threshold: ``d``.
    """

    learning_rate: float | Schedule = 0.01
    beta_2_decay: float = -0.8
    epsilon_1: float | None = None
    epsilon_2: float = 1e-3
    clip_threshold: float = 1.0

    def check(self) -> None:
        super().check()
        name = type(self).__name__
        check_positive(name, epsilon_2=self.epsilon_2, clip_threshold=self.clip_threshold)
        if self.epsilon_1 is not None:
            check_positive(name, epsilon_1=self.epsilon_1)
        check_nonpositive(name, beta_2_decay=self.beta_2_decay)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("row", "column", "v")

    def start(self, slot: str, p: NDArray) -> NDArray | None:
        shapes = {"v": p.shape}
        if p.ndim > 1:
            *outer, rows, columns = p.shape
            shapes = {"row": (*outer, rows, 1), "column": (*outer, 1, columns)}
        return np.zeros(shapes[slot]) if slot in shapes else None

    def coefficients(self, step: Number, lr: Number) -> dict[str, Number]:
        return {"new": step**self.beta_2_decay, "rate": scalar.minimum(lr, step**-0.5)}

    def update(
        self, p: Tensor, g: Tensor, slots: dict[str, Tensor], *, new: Any, rate: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        epsilon = self.epsilon_1 or float(np.finfo(canonical(g.dtype)).eps)
        square = g * g
        means = {
            name: square if name == "v" else ops.mean(square, axis=axis, keepdims=True)
            for name, axis in (("row", -1), ("column", -2), ("v", None))
            if name in slots
        }
        kept = {name: slots[name] + new * (mean - slots[name]) for name, mean in means.items()}
        if "v" in kept:
            root = ops.sqrt(kept["v"])
        else:
            level = ops.maximum(ops.mean(kept["row"], axis=-2, keepdims=True), epsilon)
            root = ops.sqrt(kept["row"] * kept["column"] / level)
        u = g / ops.maximum(root, epsilon)
        rate = rate * ops.maximum(_rms(p), self.epsilon_2)
        return p - rate * u / ops.maximum(_rms(u) / self.clip_threshold, 1.0), kept


def _rms(x: Tensor) -> Tensor:
    """The root of the mean square, as a 0-dim tensor."""
    return ops.sqrt(ops.mean(x * x))
