"""Transposed convolutions over one, two and three spatial axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualnet import ops, windows
from dualnet.nn import activations
from dualnet.nn.convolution import Windowed, check_channels, check_groups
from dualnet.nn.roles import WithBias, WithKernel
from dualnet.typing import Shape, Tensor
from dualnet.windows import Padding, Sizes

if TYPE_CHECKING:
    from dualnet.initializers import Initializer

__all__ = ["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"]


class ConvTranspose(Windowed, WithKernel, WithBias):
    """Base of the transposed convolutions, adjoints of :class:`~dualnet.nn.Conv2D` and kin.

    Weights: ``kernel (*kernel_size, in, filters/groups)``, ``bias (filters,)``.
    ``(batch, *spatial, in)`` gives ``(batch, *spatial', filters)``, where ``"same"`` makes of
    each size ``size·strides``, and ``"valid"`` ``size·strides + max(extent - strides, 0)``
    with ``extent = (kernel_size - 1)·dilation_rate + 1``; see :mod:`dualnet.windows`.
    """

    filters: int
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "valid"
    output_padding: Sizes | None = None
    dilation_rate: Sizes = 1
    activation: activations.Activation = None
    use_bias: bool = True
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"
    groups: int = 1

    def check(self) -> None:
        super().check()
        check_groups(self, self.filters, self.groups)
        strides = windows.per_axis(self.strides, self.spatial, "strides")
        windows.transposed(self.padding, self.window(), strides, self.output_padding)

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        check_channels(self, input_shape, self.groups)
        shape = (*self.window(), input_shape[-1], self.filters // self.groups)
        self.add_in_role("kernel", shape)
        if self.use_bias:
            self.add_in_role("bias", (self.filters,))

    def forward(self, x: Tensor) -> Tensor:
        y = ops.nn.conv_transpose(
            x,
            self.kernel,
            self.bias if self.use_bias else None,
            strides=self.strides,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation_rate,
            groups=self.groups,
        )
        return self.penalized(activations.get(self.activation)(y))


class Conv1DTranspose(ConvTranspose):
    """Transposed convolution along one axis: ``(batch, time, in)`` to ``(batch, time', filters)``.

    Args:
        filters: the number of output channels.
        kernel_size, strides, dilation_rate: a number.
        padding: ``"valid"``, ``"same"``, or what is cut off in numbers
            (:mod:`dualnet.windows`).
        output_padding: how much longer the output is at the end; not with ``"same"``.
        activation, use_bias, kernel_initializer, bias_initializer, and what is given by
            keyword: as for :class:`~dualnet.nn.Dense`.
        groups: runs of channels that do not see each other.

    Raises:
        ShapeError: an input of another rank or with other channels than the first.
    """

    spatial = 1


class Conv2DTranspose(ConvTranspose):
    """Transposed convolution of images: ``(batch, height, width, in)`` to ``(batch, …, filters)``.

    >>> from dualnet import nn
    >>> nn.Conv2DTranspose(16, 3, strides=2, padding="same")
    Conv2DTranspose(filters=16, kernel_size=3, strides=2, padding='same')

    Args:
        filters: the number of output channels.
        kernel_size, strides, dilation_rate, output_padding: a number, or one per axis.
        padding, activation, use_bias, kernel_initializer, bias_initializer, groups, and what
            is given by keyword: as for :class:`Conv1DTranspose`.

    Raises:
        ShapeError: an input of another rank or with other channels than the first.
    """

    spatial = 2


class Conv3DTranspose(ConvTranspose):
    """Transposed convolution of volumes: ``(batch, depth, height, width, in)``.

    See :class:`Conv2DTranspose`.
    """

    spatial = 3
