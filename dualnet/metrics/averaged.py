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


class Averaged(Metric):
    """``Σ w·l / Σ w`` of a loss, which a subclass derives from, too; its reduction is not used."""

    if TYPE_CHECKING:  # of the loss

        def elements(self, y_true: Any, y_pred: Tensor) -> Tensor: ...

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        return weighed(self.elements(y_true, y_pred), sample_weight)


class BinaryCrossEntropy(Averaged, losses.BinaryCrossEntropy):
    """The mean of :class:`dualnet.losses.BinaryCrossEntropy`, with its options."""


class CategoricalHinge(Averaged, losses.CategoricalHinge):
    """The mean of :class:`dualnet.losses.CategoricalHinge`."""


class CrossEntropy(Averaged, losses.CrossEntropy):
    """The mean of :class:`dualnet.losses.CrossEntropy`, with its options."""


class Hinge(Averaged, losses.Hinge):
    """The mean of :class:`dualnet.losses.Hinge`."""


class KLDivergence(Averaged, losses.KLDivergence):
    """The mean of :class:`dualnet.losses.KLDivergence`."""


class LogCosh(Averaged, losses.LogCosh):
    """The mean of :class:`dualnet.losses.LogCosh`."""


class MeanAbsoluteError(Averaged, losses.MeanAbsoluteError):
    """The mean of :class:`dualnet.losses.MeanAbsoluteError`."""


class MeanAbsolutePercentageError(Averaged, losses.MeanAbsolutePercentageError):
    """The mean of :class:`dualnet.losses.MeanAbsolutePercentageError`."""


class MeanSquaredError(Averaged, losses.MeanSquaredError):
    """The mean of :class:`dualnet.losses.MeanSquaredError`."""


class MeanSquaredLogarithmicError(Averaged, losses.MeanSquaredLogarithmicError):
    """The mean of :class:`dualnet.losses.MeanSquaredLogarithmicError`."""


class Poisson(Averaged, losses.Poisson):
    """The mean of :class:`dualnet.losses.Poisson`."""


class SquaredHinge(Averaged, losses.SquaredHinge):
    """The mean of :class:`dualnet.losses.SquaredHinge`."""
