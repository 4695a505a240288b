"""A dense layer with weights -1, 0 and 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.nn import _check, activations
from dualnet.nn.activity import WithActivity
from dualnet.nn.masks import passed
from dualnet.nn.roles import WithBias, WithKernel
from dualnet.typing import Shape, Tensor

if TYPE_CHECKING:
    from dualnet.initializers import Initializer

__all__ = ["TernaryDense"]


class TernaryDense(WithKernel, WithBias, WithActivity):
    """``activation(β·(x @ T) + bias)`` with ``T = sign(W) where |W| > threshold, else 0``.

    ``β = mean|W|`` and the threshold ``β/2`` are those of BitNet b1.58 (Ma et al. 2024, section
    2); with a threshold of one's own ``β = 1``.  Gradients pass from ``T`` to ``W`` as if they
    were equal (the straight-through estimator: Bengio et al. 2013).

    Weights: ``kernel (in, units)``, ``bias (units,)``.

    Args:
        units: the number of outputs.
        threshold: zero or more; ``mean|W|/2`` at each call if not given.
        activation, use_bias, kernel_initializer, bias_initializer, and what is given by
            keyword: as for :class:`~dualnet.nn.Dense`.
    """

    units: int
    threshold: float | None = None
    activation: activations.Activation = None
    use_bias: bool = True
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"

    def check(self) -> None:
        _check.positive(self, "units")
        _check.activation(self)
        _check.weights(self)
        if self.threshold is not None:
            _check.finite(self, "threshold")
            if self.threshold < 0:
                raise ConfigError(f"TernaryDense: threshold={self.threshold} must not be negative")

    def build(self, input_shape: Shape) -> None:
        _check.rank(self, input_shape, 2, None, "add an axis with reshape")
        self.add_in_role("kernel", (input_shape[-1], self.units))
        if self.use_bias:
            self.add_in_role("bias", (self.units,))

    def forward(self, x: Tensor) -> Tensor:
        size = ops.abs(self.kernel)
        mean = ops.mean(size)
        threshold = 0.5 * mean if self.threshold is None else self.threshold
        ternary = ops.where(size > threshold, ops.sign(self.kernel), 0.0)
        # What is added is zero, and exactly: the product sees nothing but -1, 0 and 1.
        through = ops.stop_gradient(ternary) + (self.kernel - ops.stop_gradient(self.kernel))
        y = ops.nn.linear(x, through)
        if self.threshold is None:
            y = y * mean
        if self.use_bias:
            y = y + self.bias
        return self.penalized(activations.get(self.activation)(y))

    forward_masked = passed
