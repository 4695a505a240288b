"""The losses as values: a function of :mod:`dualnet.losses` with its options chosen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from dualnet.config import Configurable
from dualnet.dtypes import canonical
from dualnet.errors import LabelError
from dualnet.losses import functions
from dualnet.losses.reduction import check_reduction
from dualnet.losses.targets import are_labels, check_labels, check_same_shape
from dualnet.typing import NDArray, Shape, Tensor

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
]


class Loss(Configurable):
    """Base of every loss: ``loss(y_true, y_pred, sample_weight=None) -> scalar tensor``.

    A subclass names the ``function`` that computes it; its fields are that function's options.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """

    function: ClassVar[Callable[..., Tensor]]

    reduction: str = dataclasses.field(default="mean", kw_only=True)

    def check(self) -> None:
        check_reduction(self.reduction)

    def __call__(
        self, y_true: Any, y_pred: Tensor, sample_weight: Any = None, *, mask: Any = None
    ) -> Tensor:
        """The loss of a batch, and its errors: those of the function."""
        options = self.fields()
        return type(self).function(y_true, y_pred, sample_weight, mask=mask, **options)

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
        if are_labels(canonical(y.dtype), y.shape, (len(y), *output_shape)):
            check_labels(y, output_shape[-1], self.ignore_index)


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
        if np.any((y < 0) | (y > 1)):
            raise LabelError(
                f"binary targets lie between 0 and 1, y goes from {y.min()} to {y.max()}; for "
                "several classes use cross_entropy"
            )


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
