"""Shapes of samples: what a model is told, or has seen, of its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dualnet import tree
from dualnet.dtypes import is_floating
from dualnet.errors import ShapeError
from dualnet.masked import unwrapped
from dualnet.typing import Shape, Tree

__all__ = ["SampleShape", "check_inputs", "fits", "parse", "plain", "seen"]


@dataclass(frozen=True)
class SampleShape:
    """The shape of one sample, without the batch axis; ``None`` for a size that may vary.

    ``masked`` tells that the samples have a mask, of their first axis.  One object, not a
    tuple, so that it is a leaf in a tree of several inputs.
    """

    sizes: tuple[int | None, ...]
    dtype: str | None = None
    masked: bool = False

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether a sample of this shape will do."""
        return len(shape) == len(self.sizes) and all(
            size in (None, have) for have, size in zip(shape, self.sizes, strict=True)
        )

    def __str__(self) -> str:
        sizes = ", ".join("any" if size is None else str(size) for size in self.sizes)
        return f"({sizes},)" if len(self.sizes) == 1 else f"({sizes})"


def fits(got: Shape, wanted: Shape) -> bool:
    """Whether shapes are equal as far as they are known (``-1`` stands for any size)."""
    return got == wanted or (
        len(got) == len(wanted)
        and all(-1 in (a, b) or a == b for a, b in zip(got, wanted, strict=True))
    )


def parse(shape: Tree) -> Tree:
    """``input_shape`` as the user writes it, as a tree of :class:`SampleShape`.

    >>> parse((28, 28, 1)), parse({"a": (4,), "b": (None, 8)})["b"].sizes
    (SampleShape(sizes=(28, 28, 1), dtype=None, masked=False), (None, 8))

    Raises:
        ShapeError: it is no shape, and no tree of shapes.
    """
    if isinstance(shape, SampleShape):
        return shape
    if isinstance(shape, dict) and shape:
        return {key: parse(value) for key, value in shape.items()}
    if isinstance(shape, (tuple, list)):
        if all(size is None or (isinstance(size, int) and size > 0) for size in shape):
            return SampleShape(tuple(shape))
        if not any(isinstance(size, int) for size in shape):
            return type(shape)(parse(part) for part in shape)
    raise ShapeError(
        f"input_shape={shape!r}: give the shape of one sample without the batch axis, such as "
        "(784,) or (28, 28, 1), None for a size that varies; for several inputs a tuple or "
        "dict of shapes"
    )


def plain(shapes: Tree) -> Tree:
    """The inverse of :func:`parse`: tuples of sizes."""
    return tree.map(lambda shape: shape.sizes, shapes)


def seen(shape: tuple[int, ...], dtype: str, masked: bool = False) -> SampleShape:
    """What a batch tells of its samples: the rank, and for floating ones the features.

    Time steps and image sizes may differ in the next batch; whether they may is for the
    layers to say.
    """
    features = shape[-1:] if is_floating(dtype) else (None,) * len(shape[-1:])
    sizes = (*(None for _ in shape[1:-1]), *features) if len(shape) > 1 else ()
    return SampleShape(sizes, dtype, masked)


def check_inputs(x: Tree, expected: Tree) -> None:
    """Compares the shape of each input with what the model was made for.

    Masked values are compared by their values; whether there is a mask is not.

    Raises:
        ShapeError: another structure, rank or size.
    """
    x = unwrapped(x)
    if tree.structure(x) != tree.structure(expected):
        raise ShapeError(
            f"the model takes inputs of the form {tree.structure(expected)}, "
            f"got {tree.structure(x)}"
        )
    for place, (leaf, shape) in enumerate(zip(tree.leaves(x), tree.leaves(expected), strict=True)):
        got = tuple(np.shape(leaf))[1:]
        if not shape.fits(got):
            which = f"input {place}" if tree.structure(x) != "*" else "x"
            raise ShapeError(
                f"{which} has samples of shape {got}, the model takes {shape}{_advice(got, shape)}"
            )


def _advice(got: tuple[int, ...], wanted: SampleShape) -> str:
    sizes: tuple[Any, ...] = wanted.sizes
    if None not in sizes and np.prod(got) == np.prod(sizes):
        return f"; reshape it with x.reshape(-1, {', '.join(map(str, sizes))})"
    if len(got) + 1 == len(sizes) and sizes[-1] == 1:
        return "; add a channel axis with x[..., None]"
    return ""
