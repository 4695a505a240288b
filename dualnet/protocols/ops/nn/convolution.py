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
