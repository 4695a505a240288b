"""Pools that give a wanted number of outputs, whatever the size of the input."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dualnet import windows
from dualnet.errors import ShapeError
from dualnet.typing import Tensor
from dualnet.windows import Sizes

if TYPE_CHECKING:
    ops: Any  # the checker cannot follow the circle of imports
else:
    from dualnet import ops

__all__ = ["adaptive_avg_pool", "adaptive_max_pool"]


def adaptive_avg_pool(x: Tensor, /, *, output_size: Sizes) -> Tensor:
    """The means of ``output_size`` windows along each spatial axis.

    Window ``i`` of an axis ``n`` long are the places from ``⌊i·n/output_size⌋`` to
    ``⌈(i + 1)·n/output_size⌉ - 1``, as in PyTorch: neighbours overlap where sizes do not divide.

    Args:
        x: ``(batch, *spatial, channels)``, floating.
        output_size: one number, or one per spatial axis.

    Raises:
        ShapeError: an input without a spatial axis.
        ConfigError: ``output_size`` is no positive integer, or not one per axis.
    """
    for axis, count in _counts(x, output_size):
        places, start, end = _bounds(x, axis, count)
        inside = ops.logical_and(places[:, None] >= start, places[:, None] < end)
        one = ops.astype(inside, x.dtype)
        weights = one / ops.sum(one, axis=0)
        x = ops.moveaxis(ops.nn.linear(ops.moveaxis(x, axis, -1), weights), -1, axis)
    return x


def adaptive_max_pool(x: Tensor, /, *, output_size: Sizes) -> Tensor:
    """The maxima of ``output_size`` windows along each spatial axis; equal ones share the gradient.

    The windows are those of :func:`adaptive_avg_pool`; NaN where one has NaN.

    Args:
        x: ``(batch, *spatial, channels)``, floating.
        output_size: one number, or one per spatial axis.

    Raises:
        ShapeError: an input without a spatial axis.
        ConfigError: ``output_size`` is no positive integer, or not one per axis.
    """
    for axis, count in _counts(x, output_size):
        places, start, end = _bounds(x, axis, count)
        widest = (ops.nn.axis_size(x, axis=axis) - 1) // count + 2
        seen = start[:, None] + ops.nn.places(x, widest)
        inside = ops.reshape(seen < end[:, None], (count, -1, *[1] * (len(x.shape) - axis - 1)))
        values = ops.take(x, ops.minimum(seen, places[-1]), axis=axis)
        x = ops.max(ops.where(inside, values, -math.inf), axis=axis + 1)
    return x


def _counts(x: Tensor, output_size: Sizes) -> list[tuple[int, int]]:
    """The spatial axes, and how many windows each is to have."""
    rank = len(x.shape) - 2
    if rank < 1:
        raise ShapeError(
            f"an adaptive pool needs (batch, *spatial, channels), got shape {tuple(x.shape)}"
        )
    return list(enumerate(windows.per_axis(output_size, rank, "output_size"), 1))


def _bounds(x: Tensor, axis: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The places of an axis, and where each window begins and ends."""
    size = ops.nn.axis_size(x, axis=axis)
    windows = ops.nn.places(x, count)
    return ops.nn.places(x, size), windows * size // count, ((windows + 1) * size - 1) // count + 1
