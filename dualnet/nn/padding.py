"""Layers that make spatial axes longer or shorter at their ends."""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.nn.masks import Masked
from dualnet.padding import entries
from dualnet.typing import Shape, Tensor

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]

#: A number for every end, or one entry per spatial axis, a number or a pair of them.
Ends: TypeAlias = int | tuple[int | tuple[int, int], ...]


class Ended(Layer):
    """Base of the layers that work on the ends of the spatial axes."""

    spatial: ClassVar[int]

    def build(self, input_shape: Shape) -> None:
        axes = self.spatial + 2
        _check.rank(self, input_shape, axes, axes, "the layout is (batch, *spatial, channels)")

    def ended_mask(self, mask: Tensor, pairs: Any) -> Tensor:
        """The mask of values whose time has other ends; steps that are added are not there.

        Raises:
            MaskError: the layer works on more than time.
        """
        if self.spatial > 1:
            super().forward_masked()
        return ops.astype(ops.pad(ops.astype(mask, "int64"), (0, *pairs)), "bool")

    def pairs(self, name: str) -> tuple[tuple[int, int], ...]:
        """The hyperparameter as a pair for each spatial axis; along one, two numbers are one.

        Raises:
            ConfigError: not whole numbers from 0 on, or not as many as there are axes.
        """
        given: Any = getattr(self, name)
        alone = self.spatial == 1 and isinstance(given, tuple) and len(given) == 2
        found = entries((given,) if alone else given, self.spatial, name)
        if min(map(min, found)) < 0:
            raise ConfigError(f"{type(self).__name__}: {name}={given!r} must not be less than 0")
        return found


class ZeroPadding(Ended):
    """Base: zeros before and after each spatial axis.

    Args:
        padding: a number for every end, or one entry per spatial axis, a number or a pair
            ``(before, after)``; along one axis, ``(before, after)`` will do.
    """

    padding: Ends = 1

    def check(self) -> None:
        self.pairs("padding")

    def forward(self, x: Tensor) -> Tensor:
        return ops.pad(x, (0, *self.pairs("padding"), 0))

    def forward_masked(self, x: Masked) -> Masked:
        mask = self.ended_mask(x.mask, self.pairs("padding"))
        return Masked(self.forward(x.values), mask)


class ZeroPadding1D(ZeroPadding):
    """Zeros before and after ``(batch, time, channels)`` along time.

    With a mask they are steps that are not there.
    """

    spatial = 1


class ZeroPadding2D(ZeroPadding):
    """Zeros around the images of ``(batch, height, width, channels)``.

    >>> from dualnet import nn
    >>> nn.ZeroPadding2D(((1, 0), (2, 2))).pairs("padding")
    ((1, 0), (2, 2))
    """

    spatial = 2


class ZeroPadding3D(ZeroPadding):
    """Zeros around the volumes of ``(batch, depth, height, width, channels)``."""

    spatial = 3


class Cropping(Ended):
    """Base: what is left of each spatial axis after its ends are cut off.

    Args:
        cropping: a number for every end, or one entry per spatial axis, a number or a pair
            ``(before, after)``; along one axis, ``(before, after)`` will do.

    Raises:
        ShapeError: more is cut off than the input has.
    """

    cropping: Ends = 1

    def check(self) -> None:
        self.pairs("cropping")

    def forward(self, x: Tensor) -> Tensor:
        return ops.pad(x, (0, *((-a, -b) for a, b in self.pairs("cropping")), 0))

    def forward_masked(self, x: Masked) -> Masked:
        mask = self.ended_mask(x.mask, [(-a, -b) for a, b in self.pairs("cropping")])
        return Masked(self.forward(x.values), mask)


class Cropping1D(Cropping):
    """``(batch, time, channels)`` without its first and last steps."""

    spatial = 1


class Cropping2D(Cropping):
    """The middle of images, ``(batch, height, width, channels)``; nothing is cut by default."""

    cropping: Ends = 0
    spatial = 2


class Cropping3D(Cropping):
    """The middle of volumes, ``(batch, depth, height, width, channels)``."""

    spatial = 3
