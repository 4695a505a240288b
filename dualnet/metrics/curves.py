"""Metrics of a threshold that moves: areas under curves, one rate where another is given."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.losses.pairs import paired
from dualnet.losses.targets import cast_like
from dualnet.metrics.base import Metric, Tally, weights
from dualnet.typing import NDArray, Tensor

__all__ = [
    "AUC",
    "Curve",
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
]


class Curve(Metric):
    """Base of metrics over all thresholds, for yes-or-no targets of the shape of the scores.

    Probabilities are sorted into ``bins`` equal cells of ``[0, 1]``; those of one cell count as
    equal.  Outputs of several questions are taken together.

    Args:
        from_logits: ``False`` if predictions are probabilities.
        bins: how many cells.

    Raises (in ``update``):
        ShapeError: targets have another shape.
    """

    from_logits: bool = dataclasses.field(default=True, kw_only=True)
    bins: int = dataclasses.field(default=1000, kw_only=True)

    def check(self) -> None:
        if type(self.bins) is not int or self.bins < 2:
            raise ConfigError(f"bins={self.bins!r} must be an integer of two or more")

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        """Positives and negatives in each cell and those below it; int64 without weights."""
        y, scores = paired(y_true, y_pred, None)
        p = ops.nn.sigmoid(scores) if self.from_logits else scores
        cell = ops.reshape(ops.clip(ops.floor(p * self.bins), 0.0, self.bins - 1.0), (-1,))
        order = ops.argsort(cell)
        until = ops.searchsorted(ops.take(cell, order, axis=0), self._ends(cell), side="left")
        positive = ops.greater(y, 0.5)
        weight = ops.astype(ops.ones_like(y), "int64")
        if sample_weight is not None:
            given = weights(sample_weight, y)
            weight = given * cast_like(weight, given)
        return tuple(
            _sums_until(ops.reshape(weight * cast_like(kind, weight), (-1,)), order, until)
            for kind in (positive, ops.logical_not(positive))
        )

    def _ends(self, cell: Tensor) -> Tensor:
        """The number of the next cell, for each: 1 to ``bins``."""
        one = ops.ones_like(ops.sum(cell, keepdims=True))
        return ops.cumulative_sum(ops.tile(one, (self.bins,)), axis=0)

    def compute(self, *sums: NDArray) -> float:
        """From the curve of true and false positives above each cell, the highest first.

        NaN if there are no positives, or no negatives.
        """
        tp, fp = (np.cumsum(np.diff(part, prepend=0.0)[::-1]) for part in sums)
        if not tp[-1] or not fp[-1]:
            return math.nan
        return self.read(tp, fp)

    def read(self, tp: NDArray, fp: NDArray) -> float:
        """The metric, from true and false positives as the threshold falls."""
        raise NotImplementedError(f"{type(self).__name__} defines no read")


def _sums_until(values: Tensor, order: Tensor, until: Tensor) -> Tensor:
    """The sum of the first values in this order, up to each place."""
    running = ops.cumulative_sum(ops.take(values, order, axis=0), axis=0, include_initial=True)
    return ops.take(running, until, axis=0)


class AUC(Curve):
    """The area under a curve.

    Args:
        curve: ``"ROC"``: recall over false alarms, by trapezoids, which is the chance that a
            positive has a higher score than a negative (Hanley and McNeil, 1982); or ``"PR"``:
            precision over recall, by steps, which is the average precision (Davis and
            Goadrich, 2006, on why not by trapezoids).
    """

    curve: str = "ROC"

    def check(self) -> None:
        super().check()
        if self.curve not in ("PR", "ROC"):
            raise ConfigError(f"curve={self.curve!r}; choose 'ROC' or 'PR'")

    @property
    def name(self) -> str:
        return "auc" if self.curve == "ROC" else "auc_pr"

    def read(self, tp: NDArray, fp: NDArray) -> float:
        if self.curve == "ROC":
            area = np.trapezoid(np.append(0.0, tp), np.append(0.0, fp))
            return float(area / (tp[-1] * fp[-1]))
        return float(np.diff(tp, prepend=0.0) @ _precision(tp, fp) / tp[-1])


def _precision(tp: NDArray, fp: NDArray) -> NDArray:
    """0 where nothing is guessed positive."""
    guessed: NDArray = tp + fp
    return np.divide(tp, guessed, out=np.zeros_like(tp), where=guessed > 0)


def _best(values: NDArray, allowed: NDArray) -> float:
    """The largest value where it is allowed; 0 if it is nowhere."""
    return float(values[allowed].max(initial=0.0))


def _check_rate(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ConfigError(f"{name}={value!r} must be in [0, 1]")


class PrecisionAtRecall(Curve):
    """The best precision at a threshold where the recall is at least ``recall``."""

    recall: float = 0.5

    def check(self) -> None:
        super().check()
        _check_rate("recall", self.recall)

    def read(self, tp: NDArray, fp: NDArray) -> float:
        return _best(_precision(tp, fp), tp / tp[-1] >= self.recall)


class RecallAtPrecision(Curve):
    """The best recall at a threshold where the precision is at least ``precision``."""

    precision: float = 0.5

    def check(self) -> None:
        super().check()
        _check_rate("precision", self.precision)

    def read(self, tp: NDArray, fp: NDArray) -> float:
        return _best(tp / tp[-1], _precision(tp, fp) >= self.precision)


class SensitivityAtSpecificity(Curve):
    """The best recall at a threshold where ``TN / (TN + FP)`` is at least ``specificity``."""

    specificity: float = 0.5

    def check(self) -> None:
        super().check()
        _check_rate("specificity", self.specificity)

    def read(self, tp: NDArray, fp: NDArray) -> float:
        return _best(tp / tp[-1], 1.0 - fp / fp[-1] >= self.specificity)


class SpecificityAtSensitivity(Curve):
    """The best ``TN / (TN + FP)`` at a threshold where the recall is at least ``sensitivity``."""

    sensitivity: float = 0.5

    def check(self) -> None:
        super().check()
        _check_rate("sensitivity", self.sensitivity)

    def read(self, tp: NDArray, fp: NDArray) -> float:
        return _best(1.0 - fp / fp[-1], tp / tp[-1] >= self.sensitivity)
