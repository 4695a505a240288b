"""Layers that resample images, or any spatial axes, to other sizes."""

from __future__ import annotations

from typing import ClassVar

from dualnet import ops, windows
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.ops.nn.resizing import NEAREST, check_method, resample
from dualnet.typing import Shape, Tensor
from dualnet.windows import Sizes

__all__ = ["Resizing", "UpSampling1D", "UpSampling2D", "UpSampling3D"]

LAYOUT = "the layout is (batch, *spatial, channels)"


class UpSampling(Layer):
    """Base: each spatial axis ``size`` times as long.

    Args:
        size: a number, or one per spatial axis.
        interpolation: ``"nearest"``, which repeats values, ``"bilinear"`` or ``"bicubic"``; see
            :func:`dualnet.ops.nn.resize`.
    """

    size: Sizes = 2
    interpolation: str = "nearest"

    spatial: ClassVar[int]

    def check(self) -> None:
        windows.per_axis(self.size, self.spatial, "size")
        check_method(self.interpolation)

    def build(self, input_shape: Shape) -> None:
        axes = self.spatial + 2
        _check.rank(self, input_shape, axes, axes, LAYOUT)

    def forward(self, x: Tensor) -> Tensor:
        for axis, times in enumerate(windows.per_axis(self.size, self.spatial, "size"), 1):
            if self.interpolation in NEAREST:
                x = ops.repeat(x, times, axis=axis)
            else:
                count = times * ops.nn.axis_size(x, axis=axis)
                x = resample(x, axis, count, method=self.interpolation, antialias=False)
        return x


class UpSampling1D(UpSampling):
    """``(batch, time, channels)`` with ``size`` times as many steps."""

    spatial = 1


class UpSampling2D(UpSampling):
    """``(batch, height, width, channels)`` with larger images.

    >>> from dualnet import nn
    >>> nn.UpSampling2D((2, 3), interpolation="bilinear")
    UpSampling2D(size=(2, 3), interpolation='bilinear')
    """

    spatial = 2


class UpSampling3D(UpSampling):
    """``(batch, depth, height, width, channels)`` with larger volumes."""

    spatial = 3


class Resizing(Layer):
    """Images of one size: ``(batch, height, width, channels)``; see :func:`dualnet.ops.nn.resize`.

    Args:
        height, width: of the output.
        interpolation: ``"nearest"``, ``"bilinear"`` or ``"bicubic"``.
        antialias: whether every input counts where the image shrinks.
    """

    height: int
    width: int
    interpolation: str = "bilinear"
    antialias: bool = False

    def check(self) -> None:
        _check.positive(self, "height", "width")
        check_method(self.interpolation)

    def build(self, input_shape: Shape) -> None:
        _check.rank(self, input_shape, 4, 4, LAYOUT)

    def forward(self, x: Tensor) -> Tensor:
        size = (self.height, self.width)
        return ops.nn.resize(x, size, method=self.interpolation, antialias=self.antialias)
