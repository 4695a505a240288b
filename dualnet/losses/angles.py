"""Losses of the angle between vectors."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.dtypes import is_integer
from dualnet.errors import ConfigError, DtypeError, ShapeError
from dualnet.losses.pairs import paired
from dualnet.losses.reduction import reduced, spread, without_masked
from dualnet.losses.targets import backend_of_tensor, native, shape_of
from dualnet.shapes import fits
from dualnet.typing import Shape, Tensor

__all__ = ["check_anchors", "check_circle", "circle", "cosine", "cosine_distance"]

#: Exponent of a pair that does not count: its term is 0 in every dtype.
NEVER = -1e9


def cosine_distance(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l = 1 - y·p / (|y|·|p|)`` over the last axis: 0 for one direction, 2 for opposite ones.

    A vector of length 0 has no direction: its cosine is 0 and so is the gradient.

    Args:
        y_true: of the shape ``(…, D)`` of ``y_pred``.
        sample_weight: of shape ``(…)``, or of its first axes; ``mask`` too.
        reduction: as in :func:`dualnet.losses.cross_entropy`.

    Raises:
        ShapeError: the shapes differ, or there is no axis.
    """
    y, p = paired(y_true, y_pred, mask)
    return reduced(1.0 - cosine(y, p), sample_weight, mask, reduction)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """The cosine of the angle between vectors along the last axis.

    Raises:
        ShapeError: there is no axis.
    """
    if not shape_of(a):
        raise ShapeError("an angle is between vectors along the last axis; got shape ()")
    return ops.sum(_direction(a) * _direction(b), axis=-1)


def _direction(x: Tensor) -> Tensor:
    """``x / |x|``, zero with zero gradient where ``x`` is zero."""
    square = ops.sum(x * x, axis=-1, keepdims=True)
    none = ops.equal(square, 0.0)
    length = ops.sqrt(ops.where(none, ops.ones_like(square), square))
    return ops.where(none, ops.zeros_like(x), x / length)


def circle(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    gamma: float = 80.0,
    margin: float = 0.4,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``l_i = log(1 + Σ_n exp(γ·α_n·(s_n - m)) · Σ_p exp(-γ·α_p·(s_p - 1 + m)))``.

    ``s_p`` are the cosines between sample ``i`` and the others of its class, ``s_n`` those
    with samples of other classes, ``α_p = max(0, 1 + m - s_p)`` and ``α_n = max(0, s_n + m)``,
    which are weights and not differentiated.  Sun et al., "Circle Loss: A Unified Perspective
    of Pair Similarity Optimization", 2020.  A sample with no other of its class, or with none
    of another, has a loss of 0.

    Args:
        y_true: integer labels ``(N,)``.
        y_pred: embeddings ``(N, D)``, of any length.
        gamma: ``γ``.
        margin: ``m``.
        sample_weight: one per sample.
        mask: one per sample; what is masked makes no pairs.
        reduction: as in :func:`dualnet.losses.cross_entropy`.

    Raises:
        ConfigError: an option is out of range.
        ShapeError, DtypeError: they are no labels and embeddings.
    """
    check_circle(gamma, margin)
    labels, x = native(y_true, y_pred)
    check_anchors(backend_of_tensor(x).state.dtype_name(labels), shape_of(labels), shape_of(x))
    unit = _direction(without_masked(x, mask))
    same, other = _pairs(ops.astype(labels, "int64"), mask)
    s = ops.matmul(unit, ops.matrix_transpose(unit))
    near = ops.stop_gradient(ops.nn.relu(1.0 + margin - s))
    far = ops.stop_gradient(ops.nn.relu(s + margin))
    never = ops.full_like(s, NEVER)
    pulled = ops.where(same, -gamma * near * (s - (1.0 - margin)), never)
    pushed = ops.where(other, gamma * far * (s - margin), never)
    losses = ops.nn.softplus(ops.logsumexp(pulled, axis=-1) + ops.logsumexp(pushed, axis=-1))
    return reduced(losses, sample_weight, mask, reduction)


def _pairs(labels: Tensor, mask: Any) -> tuple[Tensor, Tensor]:
    """Which pairs ``(i, j)`` are two samples of one class, and which are of two."""
    place = ops.cumulative_sum(ops.ones_like(labels), axis=0)
    apart = ops.not_equal(ops.expand_dims(place, axis=1), ops.expand_dims(place, axis=0))
    equal = ops.equal(ops.expand_dims(labels, axis=1), ops.expand_dims(labels, axis=0))
    same, other = ops.logical_and(apart, equal), ops.logical_not(equal)
    if mask is None:
        return same, other
    kept = ops.astype(spread(mask, labels, "a mask"), "bool")
    both = ops.logical_and(ops.expand_dims(kept, axis=1), ops.expand_dims(kept, axis=0))
    return ops.logical_and(same, both), ops.logical_and(other, both)


def check_anchors(dtype: str, labels: Shape, embeddings: Shape) -> None:
    """Raises :class:`ShapeError` or :class:`DtypeError` unless labels are one per embedding."""
    if len(embeddings) != 2 or not fits(labels, embeddings[:1]):
        raise ShapeError(
            f"labels of shape {labels} for embeddings of shape {embeddings}; give integer labels "
            "(N,) and embeddings (N, D)"
        )
    if not is_integer(dtype):
        raise DtypeError(f"labels are {dtype}, they must be integers: y.astype('int64')")


def check_circle(gamma: float, margin: float) -> None:
    """Raises :class:`ConfigError` unless ``γ > 0`` and ``0 <= m < 1``."""
    if not gamma > 0:
        raise ConfigError(f"gamma={gamma!r} must be above zero")
    if not 0 <= margin < 1:
        raise ConfigError(f"margin={margin!r} must be in [0, 1)")
