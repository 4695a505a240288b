"""Muon."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.optim.check import check_integer
from dualnet.optim.clipping import global_norm
from dualnet.optim.moments import Moments
from dualnet.typing import NDArray, Tensor

__all__ = ["Muon", "orthogonal"]

#: The quintic whose slope at zero is steepest, and the least norm to divide by.
A, B, C = 3.4445, -4.7750, 2.0315
LEAST_NORM = 1e-7
ADJUSTMENTS = ("original", "match_rms_adamw")


class Muon(Moments):
    """Momentum made orthogonal, for matrices; Adam for vectors and scalars.

    ::

        m ← β₁ · m + (1 - β₁) · g
        X = m                                   or (1 - β₁) · g + β₁ · m (nesterov)
        X ← X / maximum(‖X‖, 1e-7)
        A = X · Xᵀ,  X ← a · X + (b · A + c · A²) · X           (ns_steps times)
        p ← p - lr · scale · X

    Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024, in the dtype
    of the variable (PyTorch rounds ``X`` to bfloat16).  A kernel of a convolution is a matrix of
    one column per filter.  The first and last layers are better left to AdamW, as the authors
    do.

    Args:
        learning_rate: ``lr``.
        beta_1: ``β₁``, of matrices and of vectors.
        beta_2: Adam's, of vectors.
        epsilon: Adam's, of vectors.
        nesterov: whether to look ahead.
        ns_steps: steps of the Newton-Schulz iteration.
        adjust: ``scale``: ``"original"`` is ``√maximum(1, columns / rows)``;
            ``"match_rms_adamw"`` is ``0.2 · √maximum(columns, rows)``, which lets a learning
            rate of AdamW serve (Liu et al., "Muon is Scalable for LLM Training", 2025).
        weight_decay: as in AdamW.
    """

    beta_1: float = 0.95
    nesterov: bool = True
    ns_steps: int = 5
    adjust: str = "original"
    weight_decay: float = dataclasses.field(default=0.1, kw_only=True)

    def check(self) -> None:
        super().check()
        name = type(self).__name__
        check_integer(name, ns_steps=self.ns_steps)
        if self.adjust not in ADJUSTMENTS:
            raise ConfigError(f"{name}: adjust={self.adjust!r}; choose one of {ADJUSTMENTS}")

    def start(self, slot: str, p: NDArray) -> NDArray | None:
        return None if slot == "v" and p.ndim > 1 else super().start(slot, p)

    def update(
        self,
        p: Tensor,
        g: Tensor,
        slots: dict[str, Tensor],
        *,
        lr: Any,
        correction_1: Any,
        correction_2: Any,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        if "v" in slots:
            m, v = self.moments(g, slots)
            direction = self.direction(m, v, correction_1, correction_2)
            return p - lr * direction, {"m": m, "v": v}
        m = self.beta_1 * slots["m"] + (1.0 - self.beta_1) * g
        ahead = (1.0 - self.beta_1) * g + self.beta_1 * m if self.nesterov else m
        *outer, columns = p.shape
        rows = math.prod(outer)
        x = orthogonal(ops.reshape(ahead, (rows, columns)), self.ns_steps)
        x = self._scale(rows, columns) * ops.reshape(x, (*outer, columns))
        return p - lr * x, {"m": m}

    def _scale(self, rows: int, columns: int) -> float:
        if self.adjust == "original":
            return math.sqrt(max(1.0, columns / rows))
        return 0.2 * math.sqrt(max(columns, rows))


def orthogonal(x: Tensor, steps: int) -> Tensor:
    """A matrix with its singular values brought near 1 by a Newton-Schulz iteration."""
    rows, columns = x.shape
    if rows > columns:
        return ops.matrix_transpose(orthogonal(ops.matrix_transpose(x), steps))
    x = x / ops.maximum(global_norm([x]), LEAST_NORM)
    for _ in range(steps):
        square = ops.matmul(x, ops.matrix_transpose(x))
        x = A * x + ops.matmul(B * square + C * ops.matmul(square, square), x)
    return x
