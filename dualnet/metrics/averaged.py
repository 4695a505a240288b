"""Losses as metrics of their own, under the names that Keras has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualnet import losses
from dualnet.metrics.base import Metric, Tally, weighed
from dualnet.typing import Tensor

__all__ = [
    "BinaryCrossEntropy",
    "CategoricalHinge",
    "CrossEntropy",
    "Hinge",
    "KLDivergence",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SquaredHinge",
]


class AveragedLoss(Metric):
    """``Σ w·l / Σ w`` of a loss, which a subclass derives from, too; its reduction is not used."""

    if TYPE_CHECKING:  # of the loss

        def elements(self, y_true: Any, y_pred: Tensor) -> Tensor: ...

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        return weighed(self.elements(y_true, y_pred), sample_weight)


class BinaryCrossEntropy(AveragedLoss, losses.BinaryCrossEntropy):
    """The mean of :class:`dualnet.losses.BinaryCrossEntropy`, with its options."""


class CategoricalHinge(AveragedLoss, losses.CategoricalHinge):
    """The mean of :class:`dualnet.losses.CategoricalHinge`."""


class CrossEntropy(AveragedLoss, losses.CrossEntropy):
    """The mean of :class:`dualnet.losses.CrossEntropy`, with its options."""


class Hinge(AveragedLoss, losses.Hinge):
    """The mean of :class:`dualnet.losses.Hinge`."""


class KLDivergence(AveragedLoss, losses.KLDivergence):
    """The mean of :class:`dualnet.losses.KLDivergence`."""


class LogCosh(AveragedLoss, losses.LogCosh):
    """The mean of :class:`dualnet.losses.LogCosh`."""


class MeanAbsoluteError(AveragedLoss, losses.MeanAbsoluteError):
    """The mean of :class:`dualnet.losses.MeanAbsoluteError`."""


class MeanAbsolutePercentageError(AveragedLoss, losses.MeanAbsolutePercentageError):
    """The mean of :class:`dualnet.losses.MeanAbsolutePercentageError`."""


class MeanSquaredError(AveragedLoss, losses.MeanSquaredError):
    """The mean of :class:`dualnet.losses.MeanSquaredError`."""


class MeanSquaredLogarithmicError(AveragedLoss, losses.MeanSquaredLogarithmicError):
    """The mean of :class:`dualnet.losses.MeanSquaredLogarithmicError`."""


class Poisson(AveragedLoss, losses.Poisson):
    """The mean of :class:`dualnet.losses.Poisson`."""


class SquaredHinge(AveragedLoss, losses.SquaredHinge):
    """The mean of :class:`dualnet.losses.SquaredHinge`."""
