"""Layers of several inputs: sums, products, means, extrema, and putting side by side."""

from __future__ import annotations

from functools import reduce
from typing import Any

from dualnet import ops
from dualnet.errors import ConfigError, ShapeError
from dualnet.nn.layer import Layer
from dualnet.nn.masks import combined, every_step, fitting, parted
from dualnet.typing import Tensor

__all__ = ["Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"]

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


class Dot(Merge):
    """Products of two inputs, summed over an axis of each, sample by sample.

    ``(batch, …, n, …)`` and ``(batch, …', n, …')`` give ``(batch, …, …')`` without the axes of
    size ``n``; two vectors per sample give ``(batch, 1)``.

    >>> from dualnet import nn
    >>> nn.Dot(axes=(2, 1), normalize=True)
    Dot(axes=(2, 1), normalize=True)

    Args:
        axes: the axis of both inputs, or one for each; not 0, the batch.
        normalize: whether vectors along the axes are divided by their norms first, which gives
            cosines.

    Raises:
        ShapeError: other than two inputs, or axes of different sizes.
    """

    axes: int | tuple[int, int]
    normalize: bool = False

    def check(self) -> None:
        pair: Any = (self.axes,) if isinstance(self.axes, int) else self.axes
        if not isinstance(pair, tuple) or len(pair) > 2 or not all(map(_is_axis, pair)):
            raise ConfigError(f"Dot: axes={self.axes!r} must be an integer or two, and not 0")

    def merged(self, xs: Inputs) -> Tensor:
        if len(xs) != 2:
            raise ShapeError(f"Dot takes two inputs, got {len(xs)}")
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        if self.normalize:
            pairs = zip(xs, axes, strict=True)
            xs = tuple(ops.nn.normalize(x, axis=axis) for x, axis in pairs)
        letters = iter("abcdefghijklmnopqrstuvwxy")
        batch = next(letters)
        one, other = ([batch, *(next(letters) for _ in x.shape[1:])] for x in xs)
        for term, axis in zip((one, other), axes, strict=True):
            term[axis] = "z"
        kept = [letter for letter in (*one, *other[1:]) if letter != "z"]
        y = ops.einsum(f"{''.join(one)},{''.join(other)}->{''.join(kept)}", *xs)
        return ops.expand_dims(y, axis=-1) if len(kept) == 1 else y

    def forward_masked(self, *xs: Any) -> Any:
        return Layer.forward_masked(self, *xs)  # it sums over steps, or mixes them


def _is_axis(axis: Any) -> bool:
    return isinstance(axis, int) and not isinstance(axis, bool) and axis != 0
