"""One function at all steps of a sequence."""

from __future__ import annotations

from collections.abc import Callable

from dualnet import ops
from dualnet.errors import ShapeError
from dualnet.nn.layer import Layer
from dualnet.typing import Tensor

__all__ = ["as_one_batch"]


def as_one_batch(layer: Layer, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """``function`` of all steps of ``(batch, time, …)`` as one batch: ``(batch, time, …')``.

    Raises:
        ShapeError: the steps have sizes that a graph does not know.
    """
    inner = tuple(x.shape[2:])
    if None in inner:
        raise ShapeError(
            f"{type(layer).__name__} needs steps of a known size, got shape {tuple(x.shape)} in a "
            "compiled function; declare the sizes with input_shape"
        )
    y = function(ops.reshape(x, (-1, *inner)))
    return ops.reshape(y, (-1, ops.nn.axis_size(x, axis=1), *y.shape[1:]))
