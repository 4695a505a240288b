"""The losses as values: a function of :mod:`dualnet.losses` with its options chosen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from dualnet import ops
from dualnet.config import Configurable
from dualnet.dtypes import canonical
from dualnet.errors import ConfigError, LabelError, MaskError
from dualnet.losses import (
    angles,
    distributions,
    focal,
    functions,
    margins,
    overlap,
    regression,
    sequences,
)
from dualnet.losses.reduction import check_reduction, plain_weights, unmasked
from dualnet.losses.targets import are_labels, check_labels, check_same_shape, native_like
from dualnet.masked import parted, wrapped
from dualnet.typing import NDArray, Shape, Tensor

__all__ = [
    "BinaryCrossEntropy",
    "BinaryFocalCrossEntropy",
    "CTC",
    "CategoricalHinge",
    "Circle",
    "CosineDistance",
    "CrossEntropy",
    "Dice",
    "FocalCrossEntropy",
    "GeneralizedCrossEntropy",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SquaredHinge",
    "Tversky",
]


class Loss(Configurable):
    """Base of every loss: ``loss(y_true, y_pred, sample_weight=None) -> scalar tensor``.

    A subclass names the ``function`` that computes it; its fields are that function's options.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """

    function: ClassVar[Callable[..., Tensor]]
    #: Whether the mean is over samples, however many steps each has.
    of_samples: ClassVar[bool] = False

    reduction: str = dataclasses.field(default="mean", kw_only=True)

    def check(self) -> None:
        check_reduction(self.reduction)

    def __call__(
        self, y_true: Any, y_pred: Tensor, sample_weight: Any = None, *, mask: Any = None
    ) -> Tensor:
        """The loss of a batch, and its errors: those of the function.

        The masks of :class:`dualnet.nn.Masked` targets and predictions are ``mask``; elements
        that are not reduced are masked by it.

        Raises:
            ConfigError: there are several predictions.
            MaskError: there is a mask beside that of masked values.
        """
        if isinstance(y_pred, (tuple, list, dict)):
            raise ConfigError(
                f"{type(self).__name__} takes one prediction, but the network gives a "
                f"{type(y_pred).__name__} of {len(y_pred)}; give a function of your own as the "
                "loss: loss(y, predictions, sample_weight)"
            )
        y_true, y_pred, own = unmasked(y_true, y_pred)
        if own is not None and mask is not None:
            raise MaskError(
                f"{type(self).__name__} was given mask= and masked values; give one of them"
            )
        mask = own if mask is None else mask
        weight = plain_weights(sample_weight, y_pred)
        value = type(self).function(y_true, y_pred, weight, mask=mask, **self.fields())
        elements = self.reduction == "none" and not self.of_samples
        return wrapped(value, own) if elements else value

    def elements(self, y_true: Any, y_pred: Tensor) -> Tensor:
        """The loss of each element, whatever the reduction."""
        options = self.fields() | {"reduction": "none"}
        return type(self).function(y_true, y_pred, **options)

    def counted(self, y_true: Any, y_pred: Any) -> Tensor | None:
        """How many steps a mean is over, where a mask says it; ``None`` where none does."""
        if self.of_samples or self.reduction != "mean":
            return None
        mask = unmasked(y_true, y_pred)[2]
        return None if mask is None else ops.count_nonzero(mask)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        """Looks at all targets on the host, before training.

        Args:
            y: targets, with the sample axis.
            output_shape: of one sample, without the sample axis.

        Raises:
            ShapeError, DtypeError, LabelError: what the loss would raise for a batch.
        """
        check_same_shape(y.shape, (len(y), *output_shape))


class CrossEntropy(Loss):
    """:func:`dualnet.losses.cross_entropy` with its options.

    >>> CrossEntropy(label_smoothing=0.1)
    CrossEntropy(label_smoothing=0.1)
    """

    function = staticmethod(functions.cross_entropy)

    from_logits: bool = True
    label_smoothing: float = 0.0
    ignore_index: int | None = None
    validate: bool = dataclasses.field(default=True, kw_only=True)

    def check(self) -> None:
        super().check()
        functions.check_smoothing(self.label_smoothing)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        _check_classes(y, output_shape, self.ignore_index)


class BinaryCrossEntropy(Loss):
    """:func:`dualnet.losses.binary_cross_entropy` with its options."""

    function = staticmethod(functions.binary_cross_entropy)

    from_logits: bool = True
    label_smoothing: float = 0.0

    def check(self) -> None:
        super().check()
        functions.check_smoothing(self.label_smoothing)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        super().check_targets(y, output_shape)
        _check_range(y, "for several classes use cross_entropy")


class MeanSquaredError(Loss):
    """:func:`dualnet.losses.mean_squared_error`."""

    function = staticmethod(functions.mean_squared_error)


class MeanAbsoluteError(Loss):
    """:func:`dualnet.losses.mean_absolute_error`."""

    function = staticmethod(functions.mean_absolute_error)


class Huber(Loss):
    """:func:`dualnet.losses.huber` with its options."""

    function = staticmethod(functions.huber)

    delta: float = 1.0

    def check(self) -> None:
        super().check()
        functions.check_delta(self.delta)


class LogCosh(Loss):
    """:func:`dualnet.losses.log_cosh`."""

    function = staticmethod(regression.log_cosh)


class MeanAbsolutePercentageError(Loss):
    """:func:`dualnet.losses.mean_absolute_percentage_error`."""

    function = staticmethod(regression.mean_absolute_percentage_error)


class MeanSquaredLogarithmicError(Loss):
    """:func:`dualnet.losses.mean_squared_logarithmic_error`."""

    function = staticmethod(regression.mean_squared_logarithmic_error)


class BinaryFocalCrossEntropy(Loss):
    """:func:`dualnet.losses.binary_focal_cross_entropy` with its options."""

    function = staticmethod(focal.binary_focal_cross_entropy)

    alpha: float | None = 0.25
    gamma: float = 2.0
    from_logits: bool = True
    label_smoothing: float = 0.0

    def check(self) -> None:
        super().check()
        focal.check_focus(self.alpha, self.gamma)
        functions.check_smoothing(self.label_smoothing)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        super().check_targets(y, output_shape)
        _check_range(y, "for several classes use focal_cross_entropy")


class FocalCrossEntropy(Loss):
    """:func:`dualnet.losses.focal_cross_entropy` with its options."""

    function = staticmethod(focal.focal_cross_entropy)

    alpha: float | None = 0.25
    gamma: float = 2.0
    from_logits: bool = True
    label_smoothing: float = 0.0
    validate: bool = dataclasses.field(default=True, kw_only=True)

    def check(self) -> None:
        super().check()
        focal.check_focus(self.alpha, self.gamma)
        functions.check_smoothing(self.label_smoothing)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        _check_classes(y, output_shape)


class GeneralizedCrossEntropy(Loss):
    """:func:`dualnet.losses.generalized_cross_entropy` with its options."""

    function = staticmethod(focal.generalized_cross_entropy)

    q: float = 0.7
    from_logits: bool = True
    validate: bool = dataclasses.field(default=True, kw_only=True)

    def check(self) -> None:
        super().check()
        focal.check_q(self.q)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        _check_classes(y, output_shape)


class Hinge(Loss):
    """:func:`dualnet.losses.hinge`."""

    function = staticmethod(margins.hinge)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        super().check_targets(y, output_shape)
        _check_signs(y)


class SquaredHinge(Loss):
    """:func:`dualnet.losses.squared_hinge`."""

    function = staticmethod(margins.squared_hinge)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        super().check_targets(y, output_shape)
        _check_signs(y)


class CategoricalHinge(Loss):
    """:func:`dualnet.losses.categorical_hinge`."""

    function = staticmethod(margins.categorical_hinge)

    validate: bool = dataclasses.field(default=True, kw_only=True)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        _check_classes(y, output_shape)


class KLDivergence(Loss):
    """:func:`dualnet.losses.kl_divergence` with its options."""

    function = staticmethod(distributions.kl_divergence)

    from_logits: bool = True

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        super().check_targets(y, output_shape)
        _check_range(y, "give probabilities")


class Poisson(Loss):
    """:func:`dualnet.losses.poisson` with its options."""

    function = staticmethod(distributions.poisson)

    log_input: bool = True

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        super().check_targets(y, output_shape)
        if np.any(y < 0):
            raise LabelError(f"counts are not negative, the smallest of y is {y.min()}")


class Dice(Loss):
    """:func:`dualnet.losses.dice` with its options."""

    function = staticmethod(overlap.dice)
    of_samples = True

    smooth: float = 1e-7

    def check(self) -> None:
        super().check()
        overlap.check_overlap(0.5, 0.5, self.smooth)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        super().check_targets(y, output_shape)
        _check_range(y, "give one channel per class")


class Tversky(Loss):
    """:func:`dualnet.losses.tversky` with its options."""

    function = staticmethod(overlap.tversky)
    of_samples = True

    alpha: float = 0.5
    beta: float = 0.5
    smooth: float = 1e-7

    def check(self) -> None:
        super().check()
        overlap.check_overlap(self.alpha, self.beta, self.smooth)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        super().check_targets(y, output_shape)
        _check_range(y, "give one channel per class")


class CosineDistance(Loss):
    """:func:`dualnet.losses.cosine_distance`."""

    function = staticmethod(angles.cosine_distance)


class Circle(Loss):
    """:func:`dualnet.losses.circle` with its options."""

    function = staticmethod(angles.circle)

    gamma: float = 80.0
    margin: float = 0.4

    def check(self) -> None:
        super().check()
        angles.check_circle(self.gamma, self.margin)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        angles.check_anchors(canonical(y.dtype), y.shape, (len(y), *output_shape))


class CTC(Loss):
    """:func:`dualnet.losses.ctc` with its options; labels tell their length, a mask the steps'."""

    function = staticmethod(sequences.ctc)
    of_samples = True

    blank: int = 0
    from_logits: bool = True
    validate: bool = dataclasses.field(default=True, kw_only=True)

    def check(self) -> None:
        super().check()
        sequences.check_blank(self.blank, self.blank + 1)

    def __call__(
        self, y_true: Any, y_pred: Tensor, sample_weight: Any = None, *, mask: Any = None
    ) -> Tensor:
        """As any loss; a mask of the targets ends rows of labels, one of the predictions steps."""
        labels, there = parted(y_true)
        if there is not None:
            labels = ops.where(there, native_like(labels, there), -1)
        return super().__call__(labels, y_pred, sample_weight, mask=mask)

    def check_targets(self, y: NDArray, output_shape: Shape) -> None:
        sequences.check_sequences(canonical(y.dtype), y.shape, (len(y), *output_shape))
        sequences.check_symbols(y, output_shape[-1])


def _check_classes(y: NDArray, output_shape: Shape, ignore_index: int | None = None) -> None:
    if are_labels(canonical(y.dtype), y.shape, (len(y), *output_shape)):
        check_labels(y, output_shape[-1], ignore_index)


def _check_range(y: NDArray, hint: str) -> None:
    if np.any((y < 0) | (y > 1)):
        raise LabelError(f"targets lie between 0 and 1, y goes from {y.min()} to {y.max()}; {hint}")


def _check_signs(y: NDArray) -> None:
    if not np.isin(y, (-1, 0, 1)).all():
        raise LabelError(
            f"targets of a hinge are -1 and 1, or 0 and 1; y goes from {y.min()} to {y.max()}"
        )
