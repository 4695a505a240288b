"""Convolutions in one, two and three spatial dimensions."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor
from dualnet.windows import Padding, Sizes


class Convolution(Protocol):
    """Cross-correlations, as networks use them: the kernel is not flipped."""

    def conv(
        self,
        x: Tensor,
        kernel: Tensor,
        bias: Tensor | None = None,
        /,
        *,
        strides: Sizes = 1,
        padding: Padding = "valid",
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> Tensor:
        """A weighted sum of each window, per output channel.

        ``y[n, p, o] = bias[o] + Σ_{k, i} x[n, p·stride + k·dilation - before, i]·kernel[k, i, o]``

        ``x`` is ``(batch, *spatial, in)``, ``kernel`` ``(*window, in/groups, out)``, ``bias``
        ``(out,)``.  With groups, the channels of input and output are cut in as many equal
        runs, and each run of outputs sees its run of inputs only.

        Args:
            strides, dilation: one number, or one per spatial axis.
            padding: see :mod:`dualnet.windows`.

        Raises:
            ShapeError: channels that do not fit the kernel, or an input smaller than it.
            ConfigError: a padding, stride or dilation that means nothing.
        """
        ...

    def conv_transpose(
        self,
        x: Tensor,
        kernel: Tensor,
        bias: Tensor | None = None,
        /,
        *,
        strides: Sizes = 1,
        padding: Padding = "valid",
        output_padding: Sizes | None = None,
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> Tensor:
        """The adjoint of :meth:`conv`: each input spread over a window of the output.

        ``y[n, q, o] = bias[o] + Σ x[n, p, i]·kernel[k, i, o]``, over all ``i`` and all ``p``, ``k``
        with ``p·stride + k·dilation - before = q``.

        ``x`` is ``(batch, *spatial, in)``, ``kernel`` ``(*window, in, out/groups)``, ``bias``
        ``(out,)``.  Sizes: ``"same"`` gives ``size·stride``, ``"valid"``
        ``size·stride + max(extent - stride, 0)``, numbers
        ``(size - 1)·stride + extent - before - after + output_padding``.

        Args:
            strides, dilation: one number, or one per spatial axis.
            padding: what is cut off from the output; see :mod:`dualnet.windows`.
            output_padding: how much longer the output is at the end of each axis, one
                number or one per axis; not with ``"same"``.

        Raises:
            ShapeError: channels that do not fit the kernel, or nothing left of the output.
            ConfigError: a padding, stride or dilation that means nothing.
        """
        ...

    def depthwise_conv(
        self,
        x: Tensor,
        kernel: Tensor,
        bias: Tensor | None = None,
        /,
        *,
        strides: Sizes = 1,
        padding: Padding = "valid",
        dilation: Sizes = 1,
    ) -> Tensor:
        """:meth:`conv` with each channel its own group.

        ``y[n, p, o] = bias[o] + Σ_k x[n, p·stride + k·dilation - before, c]·kernel[k, 0, o]``,
        with ``o = c·m + j``.

        ``x`` is ``(batch, *spatial, in)``, ``kernel`` ``(*window, 1, in·m)``, ``bias``
        ``(in·m,)``: ``m`` outputs for each channel.

        Args:
            strides, dilation: one number, or one per spatial axis.
            padding: see :mod:`dualnet.windows`.

        Raises:
            ShapeError: channels that do not fit the kernel, or an input smaller than it.
            ConfigError: a padding, stride or dilation that means nothing.
        """
        ...
