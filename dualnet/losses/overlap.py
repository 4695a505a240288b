"""How little two regions overlap: losses of segmentation, one per sample."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError, ShapeError
from dualnet.losses.pairs import paired
from dualnet.losses.reduction import reduced
from dualnet.losses.targets import native_like, shape_of
from dualnet.typing import Tensor

__all__ = ["check_overlap", "dice", "tversky"]


def dice(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    smooth: float = 1e-7,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = 1 - (2·Σ y·p + s) / (Σ y + Σ p + s)``, sums over all of a sample.

    Sudre et al., "Generalised Dice Overlap as a Deep Learning Loss Function", 2017.  Two empty
    regions are equal: their loss is 0.

    Args:
        y_true: 0, 1 or a probability, of the shape of ``y_pred``.
        y_pred: probabilities ``(samples, …)``.
        smooth: ``s``.
        sample_weight: one per sample.
        mask: one per sample; or of further axes, which leaves these elements out of the sums.
        reduction: as in :func:`dualnet.losses.cross_entropy`.

    Raises:
        ConfigError: ``smooth`` is negative.
        ShapeError: the shapes differ, or a sample has no axes.
    """
    return tversky(
        y_true,
        y_pred,
        sample_weight,
        alpha=0.5,
        beta=0.5,
        smooth=0.5 * smooth,
        mask=mask,
        reduction=reduction,
    )


def tversky(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    smooth: float = 1e-7,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = 1 - (TP + s) / (TP + α·FP + β·FN + s)``, sums over all of a sample.

    ``TP = Σ y·p``, ``FP = Σ (1-y)·p``, ``FN = Σ y·(1-p)``.  Salehi et al., "Tversky Loss
    Function for Image Segmentation Using 3D Fully Convolutional Deep Networks", 2017; with
    ``α = β = 1/2`` it is :func:`dice`.

    Args:
        alpha: ``α``, what a false positive costs.
        beta: ``β``, what a false negative costs.

    Other arguments and errors are those of :func:`dice`.
    """
    check_overlap(alpha, beta, smooth)
    y, p = paired(y_true, y_pred, mask)
    axes = tuple(range(1, len(shape_of(p))))
    if not axes:
        raise ShapeError(
            f"predictions of shape {shape_of(p)} have no axes beside the samples; an overlap "
            "needs some, as in (samples, height, width)"
        )
    both = ops.sum(y * p, axis=axes)
    only_p, only_y = ops.sum((1.0 - y) * p, axis=axes), ops.sum(y * (1.0 - p), axis=axes)
    losses = 1.0 - (both + smooth) / (both + alpha * only_p + beta * only_y + smooth)
    return reduced(losses, sample_weight, _of_samples(mask, p), reduction)


def _of_samples(mask: Any, p: Tensor) -> Any:
    """The mask, if it is one of samples; one of elements has done its work."""
    return mask if mask is None or len(shape_of(native_like(mask, p))) == 1 else None


def check_overlap(alpha: float, beta: float, smooth: float) -> None:
    """Raises :class:`ConfigError` if ``α``, ``β`` or ``smooth`` is negative."""
    for name, value in (("alpha", alpha), ("beta", beta), ("smooth", smooth)):
        if not value >= 0:
            raise ConfigError(f"{name}={value!r} must not be below zero")
