"""Convolutions that keep channels apart, and their factorised kin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualnet import ops
from dualnet.nn import _check, activations
from dualnet.nn.convolution import Windowed
from dualnet.nn.roles import WithBias, WithDepthwise, WithPointwise
from dualnet.typing import Shape, Tensor
from dualnet.windows import Padding, Sizes

if TYPE_CHECKING:
    from dualnet.initializers import Initializer

__all__ = ["DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"]


class DepthwiseConv(Windowed, WithDepthwise, WithBias):
    """Base: ``activation(depthwise_conv(x, kernel) + bias)``, each channel by itself.

    Weights: ``kernel (*kernel_size, 1, in·depth_multiplier)``, ``bias
    (in·depth_multiplier,)``.  Output ``c·depth_multiplier + j`` is the ``j``-th of channel ``c``.

    Args:
        kernel_size: a number, or one per spatial axis.
        strides, dilation_rate: the same.
        padding: ``"valid"``, ``"same"``, along one axis ``"causal"``, or numbers
            (:mod:`dualnet.windows`).
        depth_multiplier: the number of outputs for each channel.
        activation, use_bias, depthwise_initializer, bias_initializer, and by keyword
            depthwise_regularizer, depthwise_constraint and those of bias and activity: as for
            :class:`~dualnet.nn.Dense`.

    Raises:
        ShapeError: an input of another rank or with other channels than the first.
    """

    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "valid"
    depth_multiplier: int = 1
    dilation_rate: Sizes = 1
    activation: activations.Activation = None
    use_bias: bool = True
    depthwise_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"

    def check(self) -> None:
        super().check()
        _check.positive(self, "depth_multiplier")

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        outputs = input_shape[-1] * self.depth_multiplier
        self.add_in_role("depthwise", (*self.window(), 1, outputs), name="kernel")
        if self.use_bias:
            self.add_in_role("bias", (outputs,))

    def forward(self, x: Tensor) -> Tensor:
        _check.features(self, x, self.kernel.shape[-1] // self.depth_multiplier)
        y = ops.nn.depthwise_conv(
            x,
            self.kernel,
            self.bias if self.use_bias else None,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
        )
        return self.penalized(activations.get(self.activation)(y))


class DepthwiseConv1D(DepthwiseConv):
    """Each channel of ``(batch, time, in)`` convolved along time by itself."""

    spatial = 1


class DepthwiseConv2D(DepthwiseConv):
    """Each channel of ``(batch, height, width, in)`` convolved by itself (Chollet 2016).

    >>> from dualnet import nn
    >>> nn.DepthwiseConv2D(3, padding="same", use_bias=False)
    DepthwiseConv2D(kernel_size=3, padding='same', use_bias=False)
    """

    spatial = 2


class SeparableConv(Windowed, WithDepthwise, WithPointwise, WithBias):
    """Base: a depthwise convolution, then a matrix product of the channels at each place.

    ``activation(depthwise_conv(x, depthwise_kernel) @ pointwise_kernel + bias)``.

    Weights: ``depthwise_kernel (*kernel_size, 1, in·depth_multiplier)``, ``pointwise_kernel
    (in·depth_multiplier, filters)``, ``bias (filters,)``.

    Args:
        filters: the number of output channels.
        kernel_size, strides, dilation_rate: a number, or one per spatial axis.
        padding: ``"valid"``, ``"same"``, along one axis ``"causal"``, or numbers
            (:mod:`dualnet.windows`).
        depth_multiplier: the number of depthwise outputs for each channel.
        activation, use_bias, depthwise_initializer, pointwise_initializer, bias_initializer,
            and by keyword a regularizer and a constraint for each: as for
            :class:`~dualnet.nn.Dense`.

    Raises:
        ShapeError: an input of another rank or with other channels than the first.
    """

    filters: int
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "valid"
    dilation_rate: Sizes = 1
    depth_multiplier: int = 1
    activation: activations.Activation = None
    use_bias: bool = True
    depthwise_initializer: str | Initializer = "glorot_uniform"
    pointwise_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"

    def check(self) -> None:
        super().check()
        _check.positive(self, "filters", "depth_multiplier")

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        inner = input_shape[-1] * self.depth_multiplier
        shape = (*self.window(), 1, inner)
        self.add_in_role("depthwise", shape, name="depthwise_kernel")
        self.add_in_role("pointwise", (inner, self.filters), name="pointwise_kernel")
        if self.use_bias:
            self.add_in_role("bias", (self.filters,))

    def forward(self, x: Tensor) -> Tensor:
        _check.features(self, x, self.depthwise_kernel.shape[-1] // self.depth_multiplier)
        inner = ops.nn.depthwise_conv(
            x,
            self.depthwise_kernel,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
        )
        y = ops.nn.linear(inner, self.pointwise_kernel, self.bias if self.use_bias else None)
        return self.penalized(activations.get(self.activation)(y))


class SeparableConv1D(SeparableConv):
    """Separable convolution: ``(batch, time, in)`` to ``(batch, time', filters)``."""

    spatial = 1


class SeparableConv2D(SeparableConv):
    """Separable convolution: ``(batch, height, width, in)`` to ``(batch, …, filters)``.

    >>> from dualnet import nn
    >>> nn.SeparableConv2D(32, 3)
    SeparableConv2D(filters=32, kernel_size=3)
    """

    spatial = 2
