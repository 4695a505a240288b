"""Targets and predictions brought together, and the terms that many losses share."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.losses.reduction import without_masked
from dualnet.losses.targets import (
    are_labels,
    backend_of_tensor,
    cast_like,
    check_labels,
    check_same_shape,
    native,
    shape_of,
)
from dualnet.typing import Tensor

__all__ = ["by_class", "one_hot", "paired", "power", "smoothed", "times_log"]


def paired(y_true: Any, y_pred: Any, mask: Any) -> tuple[Tensor, Tensor]:
    """Targets and predictions of one shape and dtype, zero where they are masked."""
    y_true, y_pred = native(y_true, y_pred)
    check_same_shape(shape_of(y_true), shape_of(y_pred))
    y_true = cast_like(y_true, y_pred)
    return without_masked(y_true, mask), without_masked(y_pred, mask)


def by_class(y_true: Any, y_pred: Any, mask: Any, validate: bool) -> tuple[Tensor, Tensor]:
    """The same for integer labels ``(…)``, which become one-hot, or probabilities ``(…, K)``.

    Args:
        validate: whether labels are looked at when running eagerly.

    Raises:
        ShapeError, DtypeError: targets fit in neither form.
        LabelError: a label is outside ``[0, K)``.
    """
    y_true, y_pred = native(y_true, y_pred)
    backend = backend_of_tensor(y_pred)
    dtype = backend.state.dtype_name(y_true)
    if not are_labels(dtype, shape_of(y_true), shape_of(y_pred)):
        return paired(y_true, y_pred, mask)
    labels, y_pred = without_masked(y_true, mask), without_masked(y_pred, mask)
    if validate and not backend.jit.tracing():
        check_labels(backend.state.to_numpy(labels), shape_of(y_pred)[-1])
    return cast_like(one_hot(labels, y_pred), y_pred), y_pred


def one_hot(labels: Tensor, scores: Tensor) -> Tensor:
    """Booleans of the shape of ``scores``, ``(…, K)``: which class each label names."""
    ones = ops.astype(ops.ones_like(scores), "int64")
    classes = ops.cumulative_sum(ones, axis=-1) - 1
    return ops.equal(ops.expand_dims(ops.astype(labels, "int64"), axis=-1), classes)


def smoothed(y: Tensor, smoothing: float, classes: int) -> Tensor:
    """``(1 - ε) · y + ε / K``."""
    return (1.0 - smoothing) * y + smoothing / classes if smoothing else y


def times_log(y: Tensor, p: Tensor) -> Tensor:
    """``y · log p``, zero with zero gradient where ``y`` is zero."""
    return y * ops.log(ops.where(ops.equal(y, 0.0), ops.ones_like(p), p))


def power(x: Tensor, exponent: float) -> Tensor:
    """``x**exponent`` for ``x >= 0``, with zero gradient at 0 whatever the exponent."""
    if exponent == 0:
        return ops.ones_like(x)
    zero = ops.equal(x, 0.0)
    raised = ops.pow(ops.where(zero, ops.ones_like(x), x), exponent)
    return ops.where(zero, ops.zeros_like(x), raised)
