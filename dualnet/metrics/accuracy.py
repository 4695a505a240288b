"""The part of guesses that are right."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.losses.targets import (
    are_labels,
    backend_of_tensor,
    cast_like,
    check_same_shape,
    native,
    shape_of,
)
from dualnet.metrics.base import Metric, Tally, counted
from dualnet.shapes import fits
from dualnet.typing import Shape, Tensor

__all__ = ["Accuracy", "BinaryAccuracy", "TopK", "true_classes"]


class Accuracy(Metric):
    """The part of samples whose class is right.

    Told by dtype and shape: integer labels ``(…)`` or one-hot (probabilities) ``(…, K)``
    against scores ``(…, K)``, the largest wins and of equal ones the first; and targets of
    the shape of the scores with one output per sample as :class:`BinaryAccuracy`.

    Args:
        threshold: of :class:`BinaryAccuracy`.
    """

    threshold: float = 0.0

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        y_true, y_pred = native(y_true, y_pred)
        if _one_output(shape_of(y_true), shape_of(y_pred)):
            return BinaryAccuracy(self.threshold).update(y_true, y_pred, sample_weight)
        right = ops.equal(true_classes(y_true, y_pred), ops.argmax(y_pred, axis=-1))
        return counted(right, sample_weight)


class BinaryAccuracy(Metric):
    """The part of outputs on the right side: ``(y_pred > threshold) == (y_true > 1/2)``.

    Args:
        threshold: 0 for logits, 1/2 for probabilities.
    """

    threshold: float = 0.0

    @property
    def name(self) -> str:
        return "accuracy"

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        y_true, y_pred = native(y_true, y_pred)
        check_same_shape(shape_of(y_true), shape_of(y_pred))
        true = ops.greater(cast_like(y_true, y_pred), 0.5)
        return counted(ops.equal(ops.greater(y_pred, self.threshold), true), sample_weight)


class TopK(Metric):
    """The part of samples whose class is among the ``k`` largest scores.

    Of equal scores those with a lower index come first; a score of NaN is never among them.

    Args:
        k: how many.
    """

    k: int = 5

    def check(self) -> None:
        if type(self.k) is not int or self.k < 1:
            raise ConfigError(f"TopK: k={self.k!r} must be a positive integer")

    @property
    def name(self) -> str:
        return f"top_{self.k}"

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        y_true, y_pred = native(y_true, y_pred)
        label = ops.expand_dims(true_classes(y_true, y_pred), axis=-1)
        score = ops.take_along_axis(y_pred, label, axis=-1)
        ahead = ops.count_nonzero(ops.greater(y_pred, score), axis=-1)
        equal = ops.astype(ops.equal(y_pred, score), "int64")
        until = ops.take_along_axis(ops.cumulative_sum(equal, axis=-1), label, axis=-1)
        ahead = ahead + ops.squeeze(until, axis=-1) - 1
        known = ops.squeeze(ops.equal(score, score), axis=-1)
        return counted(ops.logical_and(ops.less(ahead, self.k), known), sample_weight)


def _one_output(true: Shape, predicted: Shape) -> bool:
    """Whether targets have the shape of predictions that hold one output per sample."""
    return fits(true, predicted) and (len(predicted) < 2 or predicted[-1] == 1)


def true_classes(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The true class of each sample, as int64."""
    dtype = backend_of_tensor(y_true).state.dtype_name(y_true)
    if are_labels(dtype, shape_of(y_true), shape_of(y_pred)):
        return ops.astype(y_true, "int64")
    return ops.argmax(cast_like(y_true, y_pred), axis=-1)
