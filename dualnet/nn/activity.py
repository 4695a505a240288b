"""Regularised activities: what a layer's output adds to the loss."""

from __future__ import annotations

import dataclasses
from typing import Any

from dualnet import dtypes, ops
from dualnet.nn.layer import Layer
from dualnet.nn.masks import passed
from dualnet.regularizers import L1L2, Regularizer
from dualnet.typing import Shape, Tensor

__all__ = ["ActivityRegularization", "WithActivity", "penalize"]


def penalize(layer: Layer, regularizer: Any, y: Tensor) -> None:
    """Adds ``regularizer(y)/batch`` to the loss, so that it does not grow with the batch.

    Half precision is summed in float32.
    """
    own = dtypes.canonical(y.dtype)
    wide = dtypes.wide(own)
    total = regularizer(y if own == wide else ops.astype(y, wide))
    batch = ops.nn.axis_size(y, axis=0)
    layer.add_penalty(total / (batch if isinstance(batch, int) else ops.astype(batch, wide)))


class WithActivity(Layer):
    """Base of the layers whose output can be regularised."""

    activity_regularizer: str | Regularizer | None = dataclasses.field(default=None, kw_only=True)

    def penalized(self, y: Tensor) -> Tensor:
        """The layer's output, once its penalty is part of the loss."""
        if self.activity_regularizer is not None:
            penalize(self, self.activity_regularizer, y)
        return y


class ActivityRegularization(Layer):
    """``x``; and ``(l1·Σ|x| + l2·Σx²)/batch`` is added to the loss.

    >>> import dualnet as dn, numpy as np
    >>> model = dn.Model(dn.nn.ActivityRegularization(l2=0.5), (2,), backend="torch")
    >>> _ = model(np.array([[1.0, 2.0], [3.0, 0.0]]))
    >>> model.penalty()
    tensor(3.5000)

    Args:
        l1, l2: as for :class:`dualnet.regularizers.L1L2`.
    """

    l1: float = 0.0
    l2: float = 0.0

    def check(self) -> None:
        L1L2(self.l1, self.l2)

    def build(self, *input_shape: Shape) -> None:
        self._regularizer = L1L2(self.l1, self.l2)

    def forward(self, x: Tensor) -> Tensor:
        penalize(self, self._regularizer, x)
        return x

    forward_masked = passed
