"""Convolutions over one, two and three spatial axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dualnet import ops, windows
from dualnet.errors import ConfigError, ShapeError
from dualnet.nn import _check, activations
from dualnet.nn.activity import WithActivity
from dualnet.nn.layer import Layer
from dualnet.nn.roles import WithBias, WithKernel
from dualnet.typing import Shape, Tensor
from dualnet.windows import Padding, Sizes

if TYPE_CHECKING:
    from dualnet.initializers import Initializer

__all__ = ["Conv1D", "Conv2D", "Conv3D", "Windowed", "check_channels", "check_groups"]


class Windowed(WithActivity):
    """Base of the layers with a kernel that slides over spatial axes."""

    spatial: ClassVar[int]

    def check(self) -> None:
        for name in ("kernel_size", "strides", "dilation_rate"):
            windows.per_axis(getattr(self, name), self.spatial, name)
        windows.check_padding(self.padding, self.spatial)
        _check.activation(self)
        _check.weights(self)

    def build(self, input_shape: Shape) -> None:
        axes = self.spatial + 2
        _check.rank(self, input_shape, axes, axes, "the layout is (batch, *spatial, channels)")

    def window(self) -> Shape:
        """The kernel's size along each axis."""
        return windows.per_axis(self.kernel_size, self.spatial, "kernel_size")


class Conv(Windowed, WithKernel, WithBias):
    """Base of the convolutions: ``activation(conv(x, kernel) + bias)``.

    Weights: ``kernel (*kernel_size, in/groups, filters)``, ``bias (filters,)``.
    ``(batch, *spatial, in)`` gives ``(batch, *spatial', filters)``.
    """

    filters: int
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "valid"
    dilation_rate: Sizes = 1
    groups: int = 1
    activation: activations.Activation = None
    use_bias: bool = True
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"

    def check(self) -> None:
        super().check()
        check_groups(self, self.filters, self.groups)

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        check_channels(self, input_shape, self.groups)
        shape = (*self.window(), input_shape[-1] // self.groups, self.filters)
        self.add_in_role("kernel", shape)
        if self.use_bias:
            self.add_in_role("bias", (self.filters,))

    def forward(self, x: Tensor) -> Tensor:
        y = ops.nn.conv(
            x,
            self.kernel,
            self.bias if self.use_bias else None,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
            groups=self.groups,
        )
        return self.penalized(activations.get(self.activation)(y))


def check_groups(layer: Layer, filters: int, groups: int) -> None:
    """Raises :class:`ConfigError` unless so many filters can be divided among the groups."""
    _check.positive(layer, "filters", "groups")
    if filters % groups:
        raise ConfigError(
            f"{type(layer).__name__}: {filters} filters cannot be divided among {groups} groups"
        )


def check_channels(layer: Layer, shape: Shape, groups: int) -> None:
    """Raises :class:`ShapeError` unless an input's channels can be divided among the groups."""
    if shape[-1] % groups:
        raise ShapeError(
            f"{layer._definition!r}: {shape[-1]} input channels (the last axis of {shape}) cannot "
            f"be divided among {groups} groups"
        )


class Conv1D(Conv):
    """Convolution along one axis: ``(batch, time, in)`` to ``(batch, time', filters)``.

    Args:
        filters: the number of output channels.
        kernel_size, strides, dilation_rate: a number.
        padding: ``"valid"``, ``"same"``, ``"causal"``, or numbers (:mod:`dualnet.windows`).
        groups: runs of channels that do not see each other.
        activation, use_bias, kernel_initializer, bias_initializer, and what is given by
            keyword: as for :class:`~dualnet.nn.Dense`.

    Raises:
        ShapeError: an input of another rank or with other channels than the first.
    """

    spatial = 1


class Conv2D(Conv):
    """Convolution of images: ``(batch, height, width, in)`` to ``(batch, …, filters)``.

    >>> from dualnet import nn
    >>> nn.Conv2D(32, 3, padding="same", activation="relu")
    Conv2D(filters=32, kernel_size=3, padding='same', activation='relu')

    Args:
        filters: the number of output channels.
        kernel_size, strides, dilation_rate: a number, or one per axis.
        padding: ``"valid"``, ``"same"``, or numbers (:mod:`dualnet.windows`).
        groups, activation, use_bias, kernel_initializer, bias_initializer, and what is given
            by keyword: as for :class:`Conv1D`.

    Raises:
        ShapeError: an input of another rank or with other channels than the first.
    """

    spatial = 2


class Conv3D(Conv):
    """Convolution of volumes: ``(batch, depth, height, width, in)``; see :class:`Conv2D`."""

    spatial = 3
