"""Metrics that are means, or sums, of one number per element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dualnet import ops
from dualnet.config import snake_case
from dualnet.losses import Loss
from dualnet.losses.angles import cosine
from dualnet.losses.pairs import paired
from dualnet.losses.reduction import plain_weights, unmasked, without_masked
from dualnet.losses.targets import cast_like, native, native_like, shape_of
from dualnet.masked import parted
from dualnet.metrics.base import Metric, Tally, mask_weights, weighed
from dualnet.typing import NDArray, Tensor

__all__ = [
    "CosineSimilarity",
    "Function",
    "Mean",
    "MeanLoss",
    "RootMeanSquaredError",
    "Sum",
]


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
        return weighed(self.loss.elements(y_true, y_pred), sample_weight)


class Function(Metric):
    """A user's function ``f(y_true, y_pred)``: a value per sample, or the mean of a batch.

    It gets masked values as they are, and may give values per step or a mean over those that
    are there.

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
        return weighed(values, sample_weight)

    def tally(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tally:
        _, _, mask = unmasked(y_true, y_pred)
        if mask is None:
            return self.update(y_true, y_pred, plain_weights(sample_weight, y_pred))
        values = parted(self.function(y_true, y_pred))[0]
        mask = native_like(mask, values)
        if shape_of(values) == ():
            steps = cast_like(ops.count_nonzero(mask), values)
            return values * steps, steps
        weight = mask_weights(mask, plain_weights(sample_weight, values))
        return weighed(without_masked(values, mask), weight)


def _samples(y_pred: Tensor) -> Tensor:
    """The length of the first axis as a tensor, which a compiled function may not know."""
    inner = tuple(range(1, len(shape_of(y_pred))))
    return ops.sum(ops.mean(ops.ones_like(y_pred), axis=inner))


class Mean(Metric):
    """The mean of what is predicted, ``Σ w·p / Σ w``; targets are not looked at."""

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        return weighed(_values(y_pred), sample_weight)


class Sum(Metric):
    """The sum of what is predicted, ``Σ w·p``; targets are not looked at."""

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        return weighed(_values(y_pred), sample_weight)[:1]

    def compute(self, *sums: NDArray) -> float:
        return float(sums[0])


def _values(y_pred: Tensor) -> Tensor:
    return native(y_pred, y_pred)[1]


class RootMeanSquaredError(Metric):
    """``√(Σ w·(p - y)² / Σ w)`` over every element."""

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        y, p = paired(y_true, y_pred, None)
        return weighed((p - y) * (p - y), sample_weight)

    def compute(self, *sums: NDArray) -> float:
        return math.sqrt(super().compute(*sums))


class CosineSimilarity(Metric):
    """The mean of ``y·p / (|y|·|p|)`` over the last axis; 0 for a vector of length 0."""

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        return weighed(cosine(*paired(y_true, y_pred, None)), sample_weight)
