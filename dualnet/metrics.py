"""Metrics: what is measured over an epoch and not differentiated.

A metric is a frozen value.  ``update(y_true, y_pred, sample_weight)`` gives a sum and a
weight for one batch as native scalars, so that nothing waits for the device; over an epoch
the metric is ``Σ sums / Σ weights``, added in float64 on the host.  Without sample weights,
counts are int64 tensors: both backends count the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualnet import losses, ops
from dualnet.config import Configurable, snake_case
from dualnet.errors import ConfigError, unknown_name
from dualnet.losses import Loss
from dualnet.losses.reduction import spread
from dualnet.losses.targets import (
    are_labels,
    backend_of_tensor,
    cast_like,
    check_same_shape,
    native,
    shape_of,
)
from dualnet.shapes import fits
from dualnet.typing import Tensor

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "Function",
    "MeanLoss",
    "Metric",
    "Tally",
    "TopK",
    "get",
]

#: A sum over a batch and the weight it was taken with.
Tally = tuple[Tensor, Tensor]


class Metric(Configurable):
    """Base of every metric."""

    @property
    def name(self) -> str:
        """The metric's name in a history."""
        return snake_case(type(self).__name__)

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        """Sum and weight over a batch: native scalars."""
        raise NotImplementedError(f"{type(self).__name__} defines no update")


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
        right = ops.equal(_classes(y_true, y_pred), ops.argmax(y_pred, axis=-1))
        return _counted(right, sample_weight)


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
        return _counted(ops.equal(ops.greater(y_pred, self.threshold), true), sample_weight)


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
        label = ops.expand_dims(_classes(y_true, y_pred), axis=-1)
        score = ops.take_along_axis(y_pred, label, axis=-1)
        ahead = ops.count_nonzero(ops.greater(y_pred, score), axis=-1)
        equal = ops.astype(ops.equal(y_pred, score), "int64")
        until = ops.take_along_axis(ops.cumulative_sum(equal, axis=-1), label, axis=-1)
        ahead = ahead + ops.squeeze(until, axis=-1) - 1
        known = ops.squeeze(ops.equal(score, score), axis=-1)
        return _counted(ops.logical_and(ops.less(ahead, self.k), known), sample_weight)


class MeanLoss(Metric):
    """A loss as a metric: ``Σ w·l / Σ w`` over every element.

    Args:
        loss: its reduction is not used.
        label: the metric's name; made from the loss's if not given.
    """

    loss: Loss
    label: str | None = None

    @property
    def name(self) -> str:
        return self.label or snake_case(type(self.loss).__name__)

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        elements = self.loss.replace(reduction="none")(y_true, y_pred)
        return _weighed(elements, sample_weight)


class Function(Metric):
    """A user's function ``f(y_true, y_pred)``: a value per sample, or the mean of a batch.

    Args:
        function: its name is the metric's.
    """

    function: Callable[..., Tensor]

    @property
    def name(self) -> str:
        return getattr(self.function, "__name__", "metric")

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        values = self.function(y_true, y_pred)
        if shape_of(values) == ():
            samples = _samples(y_pred)
            return values * cast_like(samples, values), samples
        return _weighed(values, sample_weight)


def _samples(y_pred: Tensor) -> Tensor:
    """The length of the first axis as a tensor, which a compiled function may not know."""
    inner = tuple(range(1, len(shape_of(y_pred))))
    return ops.sum(ops.mean(ops.ones_like(y_pred), axis=inner))


def _one_output(true: tuple[int, ...], predicted: tuple[int, ...]) -> bool:
    """Whether targets have the shape of predictions that hold one output per sample."""
    return fits(true, predicted) and (len(predicted) < 2 or predicted[-1] == 1)


def _classes(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The true class of each sample, as int64."""
    dtype = backend_of_tensor(y_true).state.dtype_name(y_true)
    if are_labels(dtype, shape_of(y_true), shape_of(y_pred)):
        return ops.astype(y_true, "int64")
    return ops.argmax(cast_like(y_true, y_pred), axis=-1)


def _counted(right: Tensor, sample_weight: Any) -> Tally:
    """How many are right, and how many there are; or their weights."""
    if sample_weight is None:
        return ops.count_nonzero(right), ops.count_nonzero(ops.ones_like(right))
    weight = spread(sample_weight, right, "sample weights")
    return _weighed(cast_like(right, weight), weight)


def _weighed(values: Tensor, sample_weight: Any) -> Tally:
    """``Σ w·v`` and ``Σ w``."""
    weight = ops.ones_like(values)
    if sample_weight is not None:
        given = spread(sample_weight, values, "sample weights")
        weight = weight * cast_like(given, values)
    return ops.sum(weight * values), ops.sum(weight)


#: Our names and Keras's.
NAMES: dict[str, Callable[[], Metric]] = {
    "acc": Accuracy,
    "accuracy": Accuracy,
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": Accuracy,
    "sparse_categorical_accuracy": Accuracy,
    "sparse_top_k_categorical_accuracy": TopK,
    "top_k": TopK,
    "top_k_categorical_accuracy": TopK,
}


def get(metric: Any, loss: Any = None) -> Metric:
    """The metric that a name, a loss or a function stands for; a metric as it is.

    A loss's name is that loss averaged.  ``"accuracy"`` beside a binary cross entropy is the
    binary one, with the threshold that fits its logits or probabilities.

    >>> get("accuracy"), get("mse").name
    (Accuracy(), 'mse')

    Args:
        loss: what the model is trained with, as :func:`dualnet.losses.get` gives it.

    Raises:
        UnknownName: no metric and no loss has this name.
        ConfigError: it is neither a name, nor a metric, nor callable.
    """
    if isinstance(metric, str):
        return _named(metric.lower(), loss)
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, type) or not callable(metric):
        raise ConfigError(
            "a metric is a name, a value such as metrics.TopK(3), or a function "
            f"(y_true, y_pred); got {metric!r}"
        )
    found = losses.get(metric)
    return MeanLoss(found) if isinstance(found, Loss) else Function(metric)


def _named(name: str, loss: Any) -> Metric:
    if name in NAMES:
        found = NAMES[name]()
        accuracy = isinstance(found, (Accuracy, BinaryAccuracy))
        if accuracy and isinstance(loss, losses.BinaryCrossEntropy):
            return BinaryAccuracy(0.0 if loss.from_logits else 0.5)
        return found
    if name in losses.NAMES:
        return MeanLoss(losses.NAMES[name](), name)
    raise unknown_name("metric", name, (*NAMES, *losses.NAMES))
