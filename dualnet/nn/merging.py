"""Layers of several inputs: sums, products, means, extrema, and putting side by side."""

from __future__ import annotations

from functools import reduce
from typing import Any

from dualnet import ops
from dualnet.errors import ShapeError
from dualnet.nn.layer import Layer
from dualnet.nn.masks import combined, every_step, fitting, parted
from dualnet.typing import Tensor

__all__ = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"]

Inputs = tuple[Tensor, ...]


class Merge(Layer):
    """Base of the layers that take several tensors, as arguments or as one list.

    Of masked ones a step of the result is there if it is there in all of them; a plain tensor
    has every step.
    """

    def forward(self, *xs: Tensor) -> Tensor:
        inputs: Inputs = tuple(xs[0]) if len(xs) == 1 and isinstance(xs[0], (tuple, list)) else xs
        if len(inputs) < 2:
            raise ShapeError(f"{type(self).__name__} merges two or more inputs, got {len(inputs)}")
        return self.merged(inputs)

    def forward_masked(self, *xs: Any) -> Any:
        inputs = tuple(xs[0]) if len(xs) == 1 and isinstance(xs[0], (tuple, list)) else xs
        values, masks = zip(*map(parted, inputs), strict=True)
        return fitting(self, self.forward(*values), self.merged_masks(values, masks))

    def merged_masks(self, xs: Inputs, masks: tuple[Tensor | None, ...]) -> Tensor | None:
        """The mask of the result; ``None`` for inputs that have none."""
        return combined(*masks)

    def merged(self, xs: Inputs) -> Tensor:
        """One tensor of several."""
        raise NotImplementedError(f"{type(self).__name__} defines no merged(self, xs)")


class Add(Merge):
    """``x₁ + x₂ + …``."""

    def merged(self, xs: Inputs) -> Tensor:
        return reduce(ops.add, xs)


class Subtract(Merge):
    """``x₁ - x₂``."""

    def merged(self, xs: Inputs) -> Tensor:
        if len(xs) > 2:
            raise ShapeError(f"Subtract takes two inputs, got {len(xs)}")
        return ops.subtract(*xs)


class Multiply(Merge):
    """``x₁ · x₂ · …``."""

    def merged(self, xs: Inputs) -> Tensor:
        return reduce(ops.multiply, xs)


class Average(Merge):
    """``(x₁ + … + xₙ)/n``."""

    def merged(self, xs: Inputs) -> Tensor:
        return reduce(ops.add, xs) / len(xs)


class Maximum(Merge):
    """``max(x₁, x₂, …)``, element by element; a tie shares the gradient."""

    def merged(self, xs: Inputs) -> Tensor:
        return reduce(ops.maximum, xs)


class Minimum(Merge):
    """``min(x₁, x₂, …)``, element by element; a tie shares the gradient."""

    def merged(self, xs: Inputs) -> Tensor:
        return reduce(ops.minimum, xs)


class Concatenate(Merge):
    """Inputs side by side along an axis, the last by default.

    Along the batch or time, so are their masks; else a step is there if all inputs have it.
    """

    axis: int = -1

    def merged(self, xs: Inputs) -> Tensor:
        return ops.concat(xs, axis=self.axis)

    def merged_masks(self, xs: Inputs, masks: tuple[Tensor | None, ...]) -> Tensor | None:
        axis = self.axis % len(xs[0].shape)
        if axis > 1:
            return combined(*masks)
        whole = (every_step(x) if mask is None else mask for x, mask in zip(xs, masks, strict=True))
        return ops.concat(tuple(whole), axis=axis)
