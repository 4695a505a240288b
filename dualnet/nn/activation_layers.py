"""Activation functions with hyperparameters or weights, as layers.

Those without are ``nn.Activation("gelu")`` and so on.
"""

from __future__ import annotations

import math
from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.initializers import Constant, Initializer
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.nn.masks import Masked, over_steps, passed
from dualnet.nn.roles import WithAlpha
from dualnet.typing import Shape, Tensor

__all__ = ["ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"]


class ELU(Layer):
    """``x`` where positive, else ``α(exp(x) - 1)`` (Clevert et al. 2015)."""

    alpha: float = 1.0

    def check(self) -> None:
        _check.finite(self, "alpha")

    def forward(self, x: Tensor) -> Tensor:
        return ops.nn.elu(x, alpha=self.alpha)

    forward_masked = passed


class LeakyReLU(Layer):
    """``x`` where positive, else ``negative_slope·x`` (Maas et al. 2013)."""

    negative_slope: float = 0.01

    def check(self) -> None:
        _check.finite(self, "negative_slope")

    def forward(self, x: Tensor) -> Tensor:
        return ops.nn.leaky_relu(x, negative_slope=self.negative_slope)

    forward_masked = passed


class PReLU(WithAlpha):
    """``x`` where positive, else ``α·x`` with a learned ``α`` (He et al. 2015).

    Weight: ``alpha``, of the shape of a sample, with size 1 along shared axes.

    Args:
        alpha_initializer: see :mod:`dualnet.initializers`; 0.25, as in the paper.
        alpha_regularizer, alpha_constraint: by keyword, as for the weights of
            :class:`~dualnet.nn.Dense`.
        shared_axes: axes along which one ``α`` serves all, counted with the batch as axis 0:
            ``(1, 2)`` gives one for each channel of an image.
    """

    alpha_initializer: str | Initializer = Constant(0.25)
    shared_axes: tuple[int, ...] | None = None

    def check(self) -> None:
        _check.weights(self)
        axes: Any = self.shared_axes
        if not all(isinstance(a, int) and a > 0 for a in axes or ()):
            raise ConfigError(f"PReLU: shared_axes are numbers from 1 on, got {axes!r}")

    def build(self, input_shape: Shape) -> None:
        _check.rank(self, input_shape, 2, None, "add an axis with reshape")
        shared = self.shared_axes or ()
        shape = (1 if a in shared else n for a, n in enumerate(input_shape[1:], 1))
        self.add_in_role("alpha", tuple(shape))

    def forward(self, x: Tensor) -> Tensor:
        if self.alpha.shape[-1] != 1:
            _check.features(self, x, self.alpha.shape[-1])
        return ops.where(x > 0, x, ops.multiply(self.alpha, x))

    forward_masked = passed


class ReLU(Layer):
    """``x`` above the threshold, cut off at a maximum; below it, a line.

    ``max_value`` where ``x ≥ max_value``, ``x`` where ``x > threshold``, else
    ``negative_slope·(x - threshold)``.

    Args:
        max_value: none if not given.
        negative_slope: of the line.
        threshold: where the line ends.
    """

    max_value: float | None = None
    negative_slope: float = 0.0
    threshold: float = 0.0

    def check(self) -> None:
        _check.finite(self, "negative_slope", "threshold")
        if self.max_value is not None and not self.threshold <= self.max_value < math.inf:
            raise ConfigError(
                f"ReLU: max_value={self.max_value!r} must not be less than the threshold "
                f"{self.threshold}; leave it out for none"
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self._bent(x)
        return y if self.max_value is None else ops.where(x >= self.max_value, self.max_value, y)

    def _bent(self, x: Tensor) -> Tensor:
        if not (self.negative_slope or self.threshold):
            return ops.nn.relu(x)  # a kernel of its own, where it is the usual one
        line = self.negative_slope * (x - self.threshold) if self.negative_slope else 0.0
        return ops.where(x <= self.threshold, line, x)

    forward_masked = passed


class Softmax(Layer):
    """``exp(x)/Σ exp(x)`` along an axis.

    Of masked values steps that are not there have no part in sums along time.
    """

    axis: int = -1

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Probabilities; 0 where a boolean mask, broadcast to ``x``, is False."""
        if mask is None:
            return ops.nn.softmax(x, axis=self.axis)
        y = ops.nn.masked_softmax(ops.moveaxis(x, self.axis, -1), ops.moveaxis(mask, self.axis, -1))
        return ops.moveaxis(y, -1, self.axis)

    def forward_masked(self, x: Masked) -> Masked:
        if self.axis not in (1, 1 - len(x.values.shape)):
            return passed(self, x)
        return Masked(self.forward(x.values, over_steps(x.mask, x.values)), x.mask)
