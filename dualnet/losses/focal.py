"""Cross entropies that weigh easy, or doubtful, samples down."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.losses.functions import check_smoothing
from dualnet.losses.pairs import by_class, paired, power, smoothed, times_log
from dualnet.losses.reduction import reduced
from dualnet.typing import Tensor

__all__ = [
    "binary_focal_cross_entropy",
    "check_focus",
    "check_q",
    "focal_cross_entropy",
    "generalized_cross_entropy",
]


def binary_focal_cross_entropy(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = α_t · (1 - p_t)**γ · binary cross entropy``.

    ``p_t = y·p + (1 - y)·(1 - p)``, ``α_t = y·α + (1 - y)·(1 - α)``, ``p = sigmoid(y_pred)``.
    Lin et al., "Focal Loss for Dense Object Detection", 2017.

    Args:
        y_true: 0, 1 or a probability, of the shape of ``y_pred``.
        alpha: the weight of class 1; ``None`` for equal weights of 1.
        gamma: ``γ``, how much less an easy sample counts; 0 gives the cross entropy.
        from_logits, label_smoothing, sample_weight, mask, reduction: as in
            :func:`dualnet.losses.binary_cross_entropy`.

    Raises:
        ConfigError: an option is out of range.
        ShapeError: the shapes differ; nothing is broadcast.
    """
    check_focus(alpha, gamma)
    check_smoothing(label_smoothing)
    y, y_pred = paired(y_true, y_pred, mask)
    y = smoothed(y, label_smoothing, 2)
    if from_logits:
        losses = ops.nn.softplus(y_pred) - y_pred * y
        missing = y * ops.nn.sigmoid(-y_pred) + (1.0 - y) * ops.nn.sigmoid(y_pred)
    else:
        losses = -times_log(y, y_pred) - times_log(1.0 - y, 1.0 - y_pred)
        missing = y * (1.0 - y_pred) + (1.0 - y) * y_pred
    losses = power(missing, gamma) * losses
    if alpha is not None:
        losses = (y * alpha + (1.0 - y) * (1.0 - alpha)) * losses
    return reduced(losses, sample_weight, mask, reduction)


def focal_cross_entropy(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
    mask: Any = None,
    reduction: str = "mean",
    validate: bool = True,
) -> Tensor:
    """``l = -α · Σ_k t_k · (1 - p_k)**γ · log p_k``, ``p = softmax(y_pred)``.

    Lin et al., "Focal Loss for Dense Object Detection", 2017, for several classes.

    Args:
        y_true: integer labels ``(…)``, or probabilities ``(…, K)``.
        y_pred: logits ``(…, K)``.
        alpha: a factor for all classes; ``None`` for 1.
        gamma: ``γ``, how much less an easy sample counts; 0 gives the cross entropy.
        from_logits, label_smoothing, sample_weight, mask, reduction, validate: as in
            :func:`dualnet.losses.cross_entropy`.

    Raises:
        ConfigError: an option is out of range.
        ShapeError, DtypeError, LabelError: as :func:`dualnet.losses.cross_entropy`.
    """
    check_focus(alpha, gamma)
    check_smoothing(label_smoothing)
    t, y_pred = by_class(y_true, y_pred, mask, validate)
    t = smoothed(t, label_smoothing, y_pred.shape[-1])
    if from_logits:
        logs = _where_wanted(t, ops.nn.log_softmax(y_pred, axis=-1))
        terms = power(-ops.expm1(logs), gamma) * t * logs
    else:
        terms = power(ops.nn.relu(1.0 - y_pred), gamma) * times_log(t, y_pred)
    losses = -ops.sum(terms, axis=-1)
    return reduced(losses if alpha is None else alpha * losses, sample_weight, mask, reduction)


def generalized_cross_entropy(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    q: float = 0.7,
    from_logits: bool = True,
    mask: Any = None,
    reduction: str = "mean",
    validate: bool = True,
) -> Tensor:
    """``l = Σ_k t_k · (1 - p_k**q) / q``, ``p = softmax(y_pred)``: robust to wrong labels.

    Between the cross entropy (``q → 0``) and the absolute error (``q = 1``).  Zhang and
    Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy
    Labels", 2018.

    Args:
        y_true: integer labels ``(…)``, or probabilities ``(…, K)``.
        y_pred: logits ``(…, K)``.
        q: in ``(0, 1]``.
        from_logits, sample_weight, mask, reduction, validate: as in
            :func:`dualnet.losses.cross_entropy`.

    Raises:
        ConfigError: ``q`` is out of range.
        ShapeError, DtypeError, LabelError: as :func:`dualnet.losses.cross_entropy`.
    """
    check_q(q)
    t, y_pred = by_class(y_true, y_pred, mask, validate)
    if from_logits:
        missing = -ops.expm1(q * _where_wanted(t, ops.nn.log_softmax(y_pred, axis=-1)))
    else:
        missing = 1.0 - power(y_pred, q)
    return reduced(ops.sum(t * missing, axis=-1) / q, sample_weight, mask, reduction)


def _where_wanted(t: Tensor, logs: Tensor) -> Tensor:
    """Zero where ``t`` is zero, so that a logit of -inf there does no harm."""
    return ops.where(ops.equal(t, 0.0), ops.zeros_like(logs), logs)


def check_focus(alpha: float | None, gamma: float) -> None:
    """Raises :class:`ConfigError` unless ``α`` is in ``(0, 1]`` or ``None``, and ``γ >= 0``."""
    if alpha is not None and not 0 < alpha <= 1:
        raise ConfigError(f"alpha={alpha!r} must be in (0, 1], or None for no weights")
    if not gamma >= 0:
        raise ConfigError(f"gamma={gamma!r} must not be below zero")


def check_q(q: float) -> None:
    """Raises :class:`ConfigError` unless ``q`` is in ``(0, 1]``."""
    if not 0 < q <= 1:
        raise ConfigError(f"q={q!r} must be in (0, 1]; for q = 0 use cross_entropy")
