"""Losses that are zero once the right side wins by a margin."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.losses.pairs import by_class, paired
from dualnet.losses.reduction import reduced
from dualnet.typing import Tensor

__all__ = ["categorical_hinge", "hinge", "squared_hinge"]


def hinge(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = max(0, 1 - y · y_pred)``; the derivative at the corner is 0.

    Cortes and Vapnik, "Support-Vector Networks", 1995.

    Args:
        y_true: -1 or 1, of the shape of ``y_pred``; 0 counts as -1.
        y_pred: scores, positive for class 1.
        sample_weight, mask, reduction: as in :func:`dualnet.losses.cross_entropy`.

    Raises:
        ShapeError: the shapes differ; nothing is broadcast.
    """
    return reduced(_lacking(y_true, y_pred, mask), sample_weight, mask, reduction)


def squared_hinge(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = max(0, 1 - y · y_pred)²``.

    Arguments and errors are those of :func:`hinge`.
    """
    lacking = _lacking(y_true, y_pred, mask)
    return reduced(lacking * lacking, sample_weight, mask, reduction)


def _lacking(y_true: Any, y_pred: Any, mask: Any) -> Tensor:
    y, scores = paired(y_true, y_pred, mask)
    sign = ops.where(ops.greater(y, 0.0), ops.ones_like(y), -ops.ones_like(y))
    return ops.nn.relu(1.0 - sign * scores)


def categorical_hinge(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    mask: Any = None,
    reduction: str = "mean",
    validate: bool = True,
) -> Tensor:
    """``l = max(0, 1 + max_(k≠y) s_k - s_y)`` for scores ``s``.

    Crammer and Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector
    Machines", 2001.

    Args:
        y_true: integer labels ``(…)``, or one-hot ``(…, K)``.
        y_pred: scores ``(…, K)``.
        sample_weight, mask, reduction, validate: as in :func:`dualnet.losses.cross_entropy`.

    Raises:
        ShapeError, DtypeError, LabelError: as :func:`dualnet.losses.cross_entropy`.
    """
    t, scores = by_class(y_true, y_pred, mask, validate)
    right = ops.greater(t, 0.5)
    won = ops.sum(ops.where(right, scores, ops.zeros_like(scores)), axis=-1)
    rivals = ops.where(right, ops.full_like(scores, -float("inf")), scores)
    losses = ops.nn.relu(1.0 + ops.max(rivals, axis=-1) - won)
    return reduced(losses, sample_weight, mask, reduction)
