"""Layers that change the shape only."""

from __future__ import annotations

import math
from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError, ShapeError
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.typing import Tensor

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]


class Flatten(Layer):
    """``(batch, …)`` to ``(batch, features)``, in row-major order, channels last."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.reshape(x, (-1, _known_size(self, x)))


class Reshape(Layer):
    """``(batch, …)`` to ``(batch, *target_shape)``, in row-major order.

    Args:
        target_shape: without the batch axis; one size may be -1, which stands for what
            is left.

    Raises:
        ShapeError: the sizes do not multiply up to those of the input.
    """

    target_shape: tuple[int, ...]

    def check(self) -> None:
        sizes: Any = self.target_shape
        if not isinstance(sizes, tuple) or not all(isinstance(n, int) for n in sizes):
            raise ConfigError(f"Reshape: target_shape is a tuple of integers, got {sizes!r}")
        if sizes.count(-1) > 1 or not all(n > 0 or n == -1 for n in sizes):
            raise ConfigError(f"Reshape: sizes are positive, and one may be -1, got {sizes!r}")

    def forward(self, x: Tensor) -> Tensor:
        size = _known_size(self, x)
        given = math.prod([n for n in self.target_shape if n != -1])
        sizes = [size // given if n == -1 else n for n in self.target_shape]
        if math.prod(sizes) != size:
            raise ShapeError(
                f"Reshape(target_shape={self.target_shape}) cannot take samples of shape "
                f"{tuple(x.shape[1:])}: {size} values"
            )
        return ops.reshape(x, (-1, *sizes))


class Permute(Layer):
    """The axes after the batch in another order: ``dims=(2, 1)`` swaps them, counting from 1."""

    dims: tuple[int, ...]

    def check(self) -> None:
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ConfigError(
                f"Permute: dims are the numbers from 1 to the number of axes, got {self.dims!r}"
            )

    def forward(self, x: Tensor) -> Tensor:
        return ops.permute_dims(x, (0, *self.dims))


class RepeatVector(Layer):
    """``(batch, features)`` to ``(batch, n, features)``."""

    n: int

    def check(self) -> None:
        _check.positive(self, "n")

    def forward(self, x: Tensor) -> Tensor:
        return ops.repeat(ops.expand_dims(x, axis=1), self.n, axis=1)


def _known_size(layer: Layer, x: Tensor) -> int:
    """The number of values of a sample."""
    sizes = tuple(x.shape[1:])
    if None in sizes:
        raise ShapeError(
            f"{type(layer).__name__} needs samples of a known size, got shape {tuple(x.shape)} "
            "in a compiled function; declare the sizes with input_shape"
        )
    return math.prod(sizes)
