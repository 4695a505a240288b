"""Maxima and means over windows."""

from __future__ import annotations

from typing import Protocol

from dualnet.typing import Tensor
from dualnet.windows import Padding, Sizes


class Pooling(Protocol):
    """``x`` is ``(batch, *spatial, channels)``, with one, two or three spatial axes.

    ``strides`` are the window's sizes if not given.  Padding is that of
    :mod:`dualnet.windows`; it may not be as wide as the window.
    """

    def avg_pool(
        self,
        x: Tensor,
        /,
        *,
        pool_size: Sizes,
        strides: Sizes | None = None,
        padding: Padding = "valid",
    ) -> Tensor:
        """The mean of each window; what lies outside the input is not counted.

        Raises:
            ShapeError: the input is smaller than the window.
            ConfigError: a padding or stride that means nothing.
        """
        ...

    def max_pool(
        self,
        x: Tensor,
        /,
        *,
        pool_size: Sizes,
        strides: Sizes | None = None,
        padding: Padding = "valid",
    ) -> Tensor:
        """The maximum of each window, NaN if the window has one.

        The gradient goes to the first of equal maxima, in row-major order.

        Raises:
            ShapeError: the input is smaller than the window.
            ConfigError: a padding or stride that means nothing.
        """
        ...
