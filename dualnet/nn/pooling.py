"""Pools: maxima and means over windows, or over everything."""

from __future__ import annotations

import math
from typing import ClassVar

from dualnet import ops, windows
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.nn.masks import Masked, over_steps
from dualnet.typing import Shape, Tensor
from dualnet.windows import Padding, Sizes

__all__ = [
    "AdaptiveAvgPool1D",
    "AdaptiveAvgPool2D",
    "AdaptiveAvgPool3D",
    "AdaptiveMaxPool1D",
    "AdaptiveMaxPool2D",
    "AdaptiveMaxPool3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
]

LAYOUT = "the layout is (batch, *spatial, channels)"


class Pool(Layer):
    """Base of the pools over windows.

    Args:
        pool_size: a number, or one per spatial axis.
        strides: the same; ``pool_size`` if not given.
        padding: ``"valid"``, ``"same"``, or numbers (:mod:`dualnet.windows`).
    """

    pool_size: Sizes = 2
    strides: Sizes | None = None
    padding: Padding = "valid"

    spatial: ClassVar[int]
    function: ClassVar[str]

    def check(self) -> None:
        windows.pool((1,) * (self.spatial + 2), self.pool_size, self.strides, self.padding)

    def build(self, input_shape: Shape) -> None:
        axes = self.spatial + 2
        _check.rank(self, input_shape, axes, axes, LAYOUT)

    def forward(self, x: Tensor) -> Tensor:
        pool = getattr(ops.nn, self.function)
        return pool(x, pool_size=self.pool_size, strides=self.strides, padding=self.padding)


class AvgPool1D(Pool):
    """Means over windows of ``(batch, time, channels)``; padding is not counted."""

    spatial, function = 1, "avg_pool"


class AvgPool2D(Pool):
    """Means over windows of ``(batch, height, width, channels)``; padding is not counted."""

    spatial, function = 2, "avg_pool"


class AvgPool3D(Pool):
    """Means over windows of ``(batch, depth, height, width, channels)``."""

    spatial, function = 3, "avg_pool"


class MaxPool1D(Pool):
    """Maxima over windows of ``(batch, time, channels)``; NaN where a window has one."""

    spatial, function = 1, "max_pool"


class MaxPool2D(Pool):
    """Maxima over windows of ``(batch, height, width, channels)``; NaN where a window has one.

    >>> from dualnet import nn
    >>> nn.MaxPool2D(3, strides=2, padding="same")
    MaxPool2D(pool_size=3, strides=2, padding='same')
    """

    spatial, function = 2, "max_pool"


class MaxPool3D(Pool):
    """Maxima over windows of ``(batch, depth, height, width, channels)``."""

    spatial, function = 3, "max_pool"


class GlobalPool(Layer):
    """Base of the pools over all spatial axes: ``(batch, …, channels)`` to ``(batch, channels)``.

    Of masked values, those over time pool the steps that are there; 0 where there are none.

    Args:
        keepdims: keeps the spatial axes, with size 1.
    """

    keepdims: bool = False

    spatial: ClassVar[int]
    function: ClassVar[str]

    def build(self, input_shape: Shape) -> None:
        axes = self.spatial + 2
        _check.rank(self, input_shape, axes, axes, LAYOUT)

    def forward(self, x: Tensor) -> Tensor:
        axes = tuple(range(1, self.spatial + 1))
        return getattr(ops, self.function)(x, axis=axes, keepdims=self.keepdims)

    def forward_masked(self, x: Masked) -> Tensor:
        if self.spatial > 1:
            super().forward_masked(x)
        mask = over_steps(x.mask, x.values)
        some = ops.any(mask, axis=1, keepdims=self.keepdims)
        pooled = self.pooled(x.values, mask)
        return ops.where(some, pooled, ops.zeros_like(pooled))

    def pooled(self, values: Tensor, mask: Tensor) -> Tensor:
        """The steps of a sequence that are there as one."""
        if self.function == "max":
            seen = ops.where(mask, values, -math.inf)
            return ops.max(seen, axis=1, keepdims=self.keepdims)
        total = ops.sum(ops.where(mask, values, ops.zeros_like(values)), axis=1, keepdims=True)
        count = ops.sum(ops.astype(mask, values.dtype), axis=1, keepdims=True)
        mean = total / ops.maximum(count, 1.0)
        return mean if self.keepdims else ops.squeeze(mean, axis=1)


class GlobalAvgPool1D(GlobalPool):
    """The mean over time."""

    spatial, function = 1, "mean"


class GlobalAvgPool2D(GlobalPool):
    """The mean over height and width."""

    spatial, function = 2, "mean"


class GlobalAvgPool3D(GlobalPool):
    """The mean over depth, height and width."""

    spatial, function = 3, "mean"


class GlobalMaxPool1D(GlobalPool):
    """The maximum over time; equal maxima share the gradient."""

    spatial, function = 1, "max"


class GlobalMaxPool2D(GlobalPool):
    """The maximum over height and width; equal maxima share the gradient."""

    spatial, function = 2, "max"


class GlobalMaxPool3D(GlobalPool):
    """The maximum over depth, height and width; equal maxima share the gradient."""

    spatial, function = 3, "max"


class AdaptivePool(Layer):
    """Base of the pools that choose their windows after the number of outputs.

    See :func:`dualnet.ops.nn.adaptive_avg_pool`.

    Args:
        output_size: a number, or one per spatial axis.
    """

    output_size: Sizes

    spatial: ClassVar[int]
    function: ClassVar[str]

    def check(self) -> None:
        windows.per_axis(self.output_size, self.spatial, "output_size")

    def build(self, input_shape: Shape) -> None:
        axes = self.spatial + 2
        _check.rank(self, input_shape, axes, axes, LAYOUT)

    def forward(self, x: Tensor) -> Tensor:
        return getattr(ops.nn, self.function)(x, output_size=self.output_size)


class AdaptiveAvgPool1D(AdaptivePool):
    """Means over ``output_size`` windows of time."""

    spatial, function = 1, "adaptive_avg_pool"


class AdaptiveAvgPool2D(AdaptivePool):
    """Means over ``output_size`` windows of height and width."""

    spatial, function = 2, "adaptive_avg_pool"


class AdaptiveAvgPool3D(AdaptivePool):
    """Means over ``output_size`` windows of depth, height and width."""

    spatial, function = 3, "adaptive_avg_pool"


class AdaptiveMaxPool1D(AdaptivePool):
    """Maxima over ``output_size`` windows of time; equal ones share the gradient."""

    spatial, function = 1, "adaptive_max_pool"


class AdaptiveMaxPool2D(AdaptivePool):
    """Maxima over ``output_size`` windows of height and width; equal ones share the gradient."""

    spatial, function = 2, "adaptive_max_pool"


class AdaptiveMaxPool3D(AdaptivePool):
    """Maxima over ``output_size`` windows of depth, height and width."""

    spatial, function = 3, "adaptive_max_pool"
