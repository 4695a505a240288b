"""Cross entropies, and squared, absolute and Huber's error, as functions."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.losses.pairs import paired, times_log
from dualnet.losses.reduction import reduced, spread, without_masked
from dualnet.losses.targets import (
    are_labels,
    backend_of_tensor,
    cast_like,
    check_labels,
    native,
    shape_of,
)
from dualnet.typing import Tensor

__all__ = [
    "binary_cross_entropy",
    "check_delta",
    "check_smoothing",
    "cross_entropy",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
]


def cross_entropy(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    mask: Any = None,
    reduction: str = "mean",
    validate: bool = True,
) -> Tensor:
    """``l = -Σ_k t_k · log p_k``, ``p = softmax(y_pred)``, ``t = (1 - ε) · y + ε / K``.

    Args:
        y_true: integer labels of shape ``(…)``, or probabilities (one-hot included) of shape
            ``(…, K)``; NumPy or native.
        y_pred: logits of shape ``(…, K)``.
        sample_weight: of shape ``(…)``, or of its first axes.
        from_logits: ``False`` if ``y_pred`` are probabilities; they are used as they are, so a
            zero at the true class is an infinite loss.
        label_smoothing: ``ε`` (Szegedy et al., "Rethinking the Inception Architecture", 2016).
        ignore_index: elements with this label are masked.
        mask: boolean, ``False`` for elements to leave out; shaped like ``sample_weight``.
        reduction: ``"mean"`` (``Σ w·l / n``; with a mask ``Σ m·w·l / Σ m``), ``"sum"`` or
            ``"none"``.
        validate: whether labels are looked at when running eagerly, which on a GPU waits for
            the device.

    Returns:
        A scalar (or the elements) in the dtype of ``y_pred``, float32 for half precision.

    Raises:
        ShapeError, DtypeError: targets do not fit the predictions.
        LabelError: a label is outside ``[0, K)``; in a compiled function labels are not seen.

    >>> import numpy as np, dualnet as dn
    >>> logits = dn.asarray([[2.0, 0.0], [0.0, 0.0]])
    >>> round(float(cross_entropy(np.array([0, 1]), logits)), 4)
    0.41
    """
    check_smoothing(label_smoothing)
    y_true, y_pred = native(y_true, y_pred)
    backend, shape = backend_of_tensor(y_pred), shape_of(y_pred)
    dtype = backend.state.dtype_name(y_true)
    if not are_labels(dtype, shape_of(y_true), shape):
        y_true = without_masked(cast_like(y_true, y_pred), mask)
        y_pred = without_masked(y_pred, mask)
        losses = _of_probabilities(y_true, y_pred, from_logits, label_smoothing)
        return reduced(losses, sample_weight, mask, reduction)
    labels = y_true if dtype == "int64" else ops.astype(y_true, "int64")
    if ignore_index is not None:
        kept = ops.not_equal(labels, ignore_index)
        mask = kept if mask is None else ops.logical_and(kept, spread(mask, kept, "a mask"))
    labels, y_pred = without_masked(labels, mask), without_masked(y_pred, mask)
    eager = validate and not backend.jit.tracing()
    losses = _of_seen_labels if eager else _of_labels
    if reduction == "mean" and sample_weight is None and mask is None:
        return losses(labels, y_pred, from_logits, label_smoothing, mean=True)
    elements = losses(labels, y_pred, from_logits, label_smoothing)
    return reduced(elements, sample_weight, mask, reduction)


def check_smoothing(value: float) -> None:
    """Raises :class:`ConfigError` unless a label smoothing is in ``[0, 1)``."""
    if not 0 <= value < 1:
        raise ConfigError(f"label_smoothing={value!r} must be in [0, 1)")


def _of_seen_labels(
    labels: Tensor, y_pred: Tensor, from_logits: bool, smoothing: float, *, mean: bool = False
) -> Tensor:
    """The losses, or a :class:`LabelError`.

    Where kernels check indices, that of logits does it at no cost where all is well.
    """
    backend = backend_of_tensor(labels)

    def look() -> None:
        check_labels(backend.state.to_numpy(labels), y_pred.shape[-1])

    if not (from_logits and backend.device.checks_indices(labels)):
        look()
    try:
        return _of_labels(labels, y_pred, from_logits, smoothing, mean=mean)
    except Exception:
        look()
        raise


def _of_labels(
    labels: Tensor, y_pred: Tensor, from_logits: bool, smoothing: float, *, mean: bool = False
) -> Tensor:
    """The losses, or their mean, which the kernel of logits takes by itself."""
    if from_logits and not smoothing:
        return ops.nn.label_cross_entropy(y_pred, labels, mean=mean)
    if from_logits:
        losses = ops.nn.label_cross_entropy(y_pred, labels)
    else:  # the logarithm of the one that counts only: a zero elsewhere is no error
        picked = ops.take_along_axis(y_pred, ops.expand_dims(labels, axis=-1), axis=-1)
        losses = -ops.log(ops.squeeze(picked, axis=-1))
    if smoothing:
        logs = ops.nn.log_softmax(y_pred, axis=-1) if from_logits else ops.log(y_pred)
        losses = (1.0 - smoothing) * losses - smoothing * ops.mean(logs, axis=-1)
    return ops.mean(losses) if mean else losses


def _of_probabilities(y: Tensor, y_pred: Tensor, from_logits: bool, smoothing: float) -> Tensor:
    if smoothing:
        y = (1.0 - smoothing) * y + smoothing / y_pred.shape[-1]
    if not from_logits:
        return -ops.sum(times_log(y, y_pred), axis=-1)
    logs = ops.nn.log_softmax(y_pred, axis=-1)
    logs = ops.where(ops.equal(y, 0.0), ops.zeros_like(logs), logs)  # a logit of -inf where y is 0
    return -ops.sum(y * logs, axis=-1)


def binary_cross_entropy(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = -y · log p - (1 - y) · log(1 - p)``, ``p = sigmoid(y_pred)``.

    From logits ``z`` it is computed as ``max(z, 0) - z·y + log(1 + exp(-|z|))``, exact at
    either end.

    Args:
        y_true: 0, 1 or a probability, of the shape of ``y_pred``.
        y_pred: logits, of any shape.
        from_logits: ``False`` if ``y_pred`` are probabilities.
        label_smoothing: ``ε``: ``y ← (1 - ε) · y + ε / 2``.
        sample_weight, mask, reduction: as in :func:`cross_entropy`.

    Raises:
        ShapeError: the shapes differ; nothing is broadcast.
    """
    check_smoothing(label_smoothing)
    y_true, y_pred = paired(y_true, y_pred, mask)
    if label_smoothing:
        y_true = (1.0 - label_smoothing) * y_true + 0.5 * label_smoothing
    if from_logits:
        losses = ops.nn.softplus(y_pred) - y_pred * y_true
    else:
        losses = -times_log(y_true, y_pred) - times_log(1.0 - y_true, 1.0 - y_pred)
    return reduced(losses, sample_weight, mask, reduction)


def mean_squared_error(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = (y_pred - y_true)²``, mean over all elements.

    Args:
        y_true: of the shape of ``y_pred``.
        sample_weight, mask, reduction: as in :func:`cross_entropy`.

    Raises:
        ShapeError: the shapes differ; nothing is broadcast.
    """
    y_true, y_pred = paired(y_true, y_pred, mask)
    error = y_pred - y_true
    return reduced(error * error, sample_weight, mask, reduction)


def mean_absolute_error(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = |y_pred - y_true|``, mean over all elements; the derivative at 0 is 0.

    Arguments and errors are those of :func:`mean_squared_error`.
    """
    y_true, y_pred = paired(y_true, y_pred, mask)
    return reduced(ops.abs(y_pred - y_true), sample_weight, mask, reduction)


def huber(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    delta: float = 1.0,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = e²/2`` where ``|e| <= δ``, else ``δ · (|e| - δ/2)``, with ``e = y_pred - y_true``.

    Huber, "Robust Estimation of a Location Parameter", 1964.  Written ``c · (e - c/2)`` with
    ``c = clip(e, -δ, δ)``, which squares no large number.

    Args:
        delta: ``δ``.

    Other arguments and errors are those of :func:`mean_squared_error`.
    """
    check_delta(delta)
    y_true, y_pred = paired(y_true, y_pred, mask)
    error = y_pred - y_true
    near = ops.clip(error, -delta, delta)
    return reduced(near * (error - 0.5 * near), sample_weight, mask, reduction)


def check_delta(value: float) -> None:
    """Raises :class:`ConfigError` unless Huber's ``δ`` is above zero."""
    if not value > 0:
        raise ConfigError(f"delta={value!r} must be above zero")
