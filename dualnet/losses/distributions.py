"""How unlikely targets are under a predicted distribution."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.errors import ShapeError
from dualnet.losses.pairs import paired, times_log
from dualnet.losses.reduction import reduced
from dualnet.losses.targets import shape_of
from dualnet.typing import Tensor

__all__ = ["kl_divergence", "poisson"]


def kl_divergence(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    from_logits: bool = True,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = Σ_k t_k · (log t_k - log p_k)``, ``p = softmax(y_pred)``; 0 where ``t_k`` is 0.

    Kullback and Leibler, "On Information and Sufficiency", 1951.  The mean is over
    distributions, not over their elements.

    Args:
        y_true: probabilities, of the shape ``(…, K)`` of ``y_pred``.
        y_pred: logits.
        from_logits: ``False`` if ``y_pred`` are probabilities.
        sample_weight: of shape ``(…)``, or of its first axes; ``mask`` too.
        reduction: as in :func:`dualnet.losses.cross_entropy`.

    Raises:
        ShapeError: the shapes differ, or there is no axis of classes.
    """
    t, y_pred = paired(y_true, y_pred, mask)
    if not shape_of(y_pred):
        raise ShapeError("a distribution has an axis of classes; got predictions of shape ()")
    entropy = times_log(t, t)
    if from_logits:
        logs = ops.nn.log_softmax(y_pred, axis=-1)
        terms = entropy - t * ops.where(ops.equal(t, 0.0), ops.zeros_like(logs), logs)
    else:
        terms = entropy - times_log(t, y_pred)
    return reduced(ops.sum(terms, axis=-1), sample_weight, mask, reduction)


def poisson(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    log_input: bool = True,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = λ - y · log λ``, ``λ = exp(y_pred)``: a Poisson count's, less ``log y!``.

    Args:
        y_true: counts, of the shape of ``y_pred``.
        y_pred: logarithms of rates.
        log_input: ``False`` if ``y_pred`` are rates.
        sample_weight, mask, reduction: as in :func:`dualnet.losses.cross_entropy`.

    Raises:
        ShapeError: the shapes differ; nothing is broadcast.
    """
    y, y_pred = paired(y_true, y_pred, mask)
    losses = ops.exp(y_pred) - y * y_pred if log_input else y_pred - times_log(y, y_pred)
    return reduced(losses, sample_weight, mask, reduction)
