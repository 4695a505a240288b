"""Errors of numbers, beside the squared, the absolute and Huber's."""

from __future__ import annotations

import math
from typing import Any

from dualnet import ops
from dualnet.losses.pairs import paired
from dualnet.losses.reduction import reduced
from dualnet.typing import Tensor

__all__ = ["log_cosh", "mean_absolute_percentage_error", "mean_squared_logarithmic_error"]

#: The size below which a target counts as this large in a percentage.
SMALLEST = 1e-7


def log_cosh(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = log cosh(y_pred - y_true)``: ``e²/2`` near 0, ``|e| - log 2`` far away.

    Written ``log1p(2·sinh²(e/2))`` up to 1, which loses no digits near 0, and
    ``|e| + log1p(exp(-2|e|)) - log 2`` beyond, which does not overflow.

    Args:
        y_true: of the shape of ``y_pred``.
        sample_weight, mask, reduction: as in :func:`dualnet.losses.cross_entropy`.

    Raises:
        ShapeError: the shapes differ; nothing is broadcast.
    """
    y, y_pred = paired(y_true, y_pred, mask)
    error = y_pred - y
    half = ops.sinh(0.5 * ops.clip(error, -1.0, 1.0))
    near = ops.log1p(2.0 * half * half)
    size = ops.abs(error)
    far = size + ops.log1p(ops.exp(-2.0 * size)) - math.log(2.0)
    losses = ops.where(ops.greater(size, 1.0), far, near)
    return reduced(losses, sample_weight, mask, reduction)


def mean_absolute_percentage_error(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = 100 · |y_pred - y_true| / max(|y_true|, 1e-7)``.

    Arguments and errors are those of :func:`log_cosh`.
    """
    y, y_pred = paired(y_true, y_pred, mask)
    losses = 100.0 * ops.abs(y_pred - y) / ops.maximum(ops.abs(y), SMALLEST)
    return reduced(losses, sample_weight, mask, reduction)


def mean_squared_logarithmic_error(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = (log(1 + y_pred) - log(1 + y_true))²``; what is negative counts as 0.

    Arguments and errors are those of :func:`log_cosh`.
    """
    y, y_pred = paired(y_true, y_pred, mask)
    error = ops.log1p(ops.nn.relu(y_pred)) - ops.log1p(ops.nn.relu(y))
    return reduced(error * error, sample_weight, mask, reduction)
