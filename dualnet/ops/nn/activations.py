"""Activation functions that are composed of others; floating-point dtypes, kept.

As for those of :mod:`dualnet.protocols.ops.nn.activations`, NaN gives NaN.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dualnet.errors import ConfigError
from dualnet.ops._composed import require_floating
from dualnet.ops._composed import tensor as as_tensor
from dualnet.typing import Tensor

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = [
    "hard_shrink",
    "soft_shrink",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh_shrink",
    "threshold",
]


def hard_shrink(x: Tensor, /, *, threshold: float = 0.5) -> Tensor:
    """``x``, but 0 where ``|x| <= threshold`` (Donoho & Johnstone 1994, hard thresholding).

    The derivative is 0 where the function is.

    Raises:
        ConfigError: a negative threshold.
    """
    return ops.where(ops.abs(x) <= _not_negative(threshold), 0.0, x)


def soft_shrink(x: Tensor, /, *, threshold: float = 0.5) -> Tensor:
    """``sign(x)·max(|x| - threshold, 0)`` (Donoho & Johnstone 1994, soft thresholding).

    The derivative is 0 where the function is.

    Raises:
        ConfigError: a negative threshold.
    """
    return x - ops.clip(x, -_not_negative(threshold), threshold)


def sparse_plus(x: Tensor, /) -> Tensor:
    """0 up to -1, ``(x + 1)²/4`` up to 1, then ``x``; its derivative is :func:`sparse_sigmoid`.

    What ``softplus`` is to ``softmax``, this is to ``sparsemax``: the loss of Martins &
    Astudillo (2016, section 3.2) for two classes, of the larger one.
    """
    return ops.square((ops.clip(x, -1.0, 1.0) + 1.0) / 2.0) + ops.nn.relu(x - 1.0)


def sparse_sigmoid(x: Tensor, /) -> Tensor:
    """``(x + 1)/2`` cut off at 0 and 1, :func:`sparsemax` of two classes ``x`` apart, halved.

    Martins & Astudillo (2016, section 2.3).  The derivative at -1 and 1 is ½, as of any clipping.
    """
    return (ops.clip(x, -1.0, 1.0) + 1.0) / 2.0


def sparsemax(x: Tensor, /, *, axis: int = -1) -> Tensor:
    """The nearest point to ``x`` among probabilities: ``max(x - τ, 0)`` along an axis.

    ``τ = (Σ_(j<=k) x_(j) - 1)/k`` of the ``k`` largest elements, ``k`` the last for which
    ``1 + k·x_(k) > Σ_(j<=k) x_(j)``.  Martins & Astudillo, "From Softmax to Sparsemax", 2016,
    algorithm 1.

    Raises:
        ShapeError: the axis is not there.
    """
    x = as_tensor(x)
    require_floating(x, "sparsemax")
    # A constant along the axis changes nothing, but for digits where x is large.
    x = ops.moveaxis(x - ops.stop_gradient(ops.max(x, axis=axis, keepdims=True)), axis, -1)
    ordered = ops.sort(x, axis=-1, descending=True)
    places = ops.nn.places(x, ops.nn.axis_size(x, axis=-1))
    counts = ops.astype(places, x.dtype) + 1.0
    # By "not smaller", so that NaN is among them and makes all of them NaN.
    left_out = 1.0 + counts * ordered <= ops.cumulative_sum(ordered, axis=-1)
    total = ops.sum(ops.where(left_out, 0.0, ordered), axis=-1, keepdims=True)
    many = ops.count_nonzero(ops.logical_not(left_out), axis=-1, keepdims=True)
    tau = (total - 1.0) / ops.astype(many, x.dtype)
    return ops.moveaxis(ops.nn.relu(x - tau), -1, axis)


def squareplus(x: Tensor, /, *, b: float = 4.0) -> Tensor:
    """``(x + √(x² + b))/2`` without cancellation (Barron, "Squareplus", 2021).

    Raises:
        ConfigError: ``b`` is not positive.
    """
    if not b > 0:
        raise ConfigError(f"b={b!r} must be positive; for b=0 it is relu")
    root = ops.hypot(x, ops.full_like(x, math.sqrt(b)))
    below = ops.where(x > 0.0, 0.0, x)
    return ops.where(x > 0.0, (x + root) / 2.0, (b / 2.0) / (root - below))


def tanh_shrink(x: Tensor, /) -> Tensor:
    """``x - tanh(x)``."""
    return x - ops.tanh(x)


def threshold(x: Tensor, /, *, threshold: float = 0.0, value: float = 0.0) -> Tensor:
    """``x`` above ``threshold``, else ``value``; the derivative at the threshold is 0."""
    return ops.where(x <= threshold, value, x)


def _not_negative(threshold: float) -> float:
    if not threshold >= 0:
        raise ConfigError(f"threshold={threshold!r} must not be negative")
    return threshold
