"""From a loss per element to one number: weights, masks, mean."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError, ShapeError
from dualnet.losses.targets import cast_like, native_like, shape_of
from dualnet.masked import Masked, parted
from dualnet.nn.masks import combined
from dualnet.shapes import fits
from dualnet.typing import Tensor

__all__ = [
    "check_reduction",
    "plain_weights",
    "reduced",
    "spread",
    "unmasked",
    "without_masked",
]

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(reduction: str) -> None:
    """Raises :class:`ConfigError` for an unknown reduction."""
    if reduction not in REDUCTIONS:
        raise ConfigError(f"reduction={reduction!r}; choose one of {', '.join(REDUCTIONS)}")


def spread(value: Any, tensor: Tensor, what: str) -> Tensor:
    """Weights or a mask per sample, with axes added so that they meet every element.

    Raises:
        ShapeError: the shape is not that of the first axes of ``tensor``.
    """
    value = native_like(value, tensor)
    have, wanted = shape_of(value), shape_of(tensor)
    if not fits(have, wanted[: len(have)]):
        raise ShapeError(
            f"{what} of shape {have} for elements of shape {wanted}; give one per sample, "
            f"shape {wanted[:1]}, or one per element"
        )
    for _ in range(len(wanted) - len(have)):
        value = ops.expand_dims(value, axis=-1)
    return value


def unmasked(y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
    """Targets and predictions as values, and the mask of what both have; ``None`` if all."""
    if not (isinstance(y_true, Masked) or isinstance(y_pred, Masked)):  # as they mostly are
        return y_true, y_pred, None
    (true, mask), (predicted, other) = parted(y_true), parted(y_pred)
    return true, predicted, combined(mask, other)


def plain_weights(sample_weight: Any, tensor: Tensor) -> Any:
    """Sample weights as they are, or those of masked steps: 0 where there is none."""
    weight, mask = parted(sample_weight)
    return weight if mask is None else without_masked(native_like(weight, tensor), mask)


def without_masked(tensor: Tensor, mask: Tensor | None) -> Tensor:
    """Zeros where the mask is False, so that NaN there reaches neither value nor gradient."""
    if mask is None:
        return tensor
    kept = ops.astype(spread(mask, tensor, "a mask"), "bool")
    return ops.where(kept, tensor, ops.zeros_like(tensor))


def reduced(losses: Tensor, sample_weight: Any, mask: Any, reduction: str) -> Tensor:
    """The mean, the sum, or the elements as they are.

    ``mean`` is ``Σ w·l / n`` over all ``n`` elements, or ``Σ m·w·l / Σ m`` with a mask, zero
    if everything is masked.

    Raises:
        ConfigError: an unknown reduction.
        ShapeError: weights or mask fit no element.
    """
    check_reduction(reduction)
    if sample_weight is not None:
        weight = spread(sample_weight, losses, "sample weights")
        losses = losses * cast_like(weight, losses)
    losses = without_masked(losses, mask)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return ops.sum(losses)
    if mask is None:
        return ops.mean(losses)
    counted = without_masked(ops.ones_like(losses), mask)
    return ops.sum(losses) / ops.maximum(ops.sum(counted), 1.0)
