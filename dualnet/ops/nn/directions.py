"""Vectors without their lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualnet.typing import Tensor

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = ["normalize"]


def normalize(x: Tensor, /, *, axis: int | tuple[int, ...] = -1, epsilon: float = 1e-12) -> Tensor:
    """``x/max(‖x‖, ε)``, the Euclidean norm along an axis or several.

    A vector of zeros gives zeros, and finite gradients.
    """
    squares = ops.sum(x * x, axis=axis, keepdims=True)
    long = squares > epsilon**2
    norm = ops.sqrt(ops.where(long, squares, 1.0))  # of 1: the root has no slope at 0
    return x / ops.where(long, norm, epsilon)
