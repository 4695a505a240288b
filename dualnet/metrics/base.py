"""What a metric is, and the tallies most of them are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dualnet import ops, registry
from dualnet.config import Configurable, snake_case
from dualnet.dtypes import is_floating
from dualnet.losses.reduction import plain_weights, spread, unmasked, without_masked
from dualnet.losses.targets import backend_of_tensor, cast_like, native_like, shape_of
from dualnet.nn.masks import over_steps
from dualnet.typing import NDArray, Tensor

__all__ = ["Metric", "Tally", "counted", "mask_weights", "merge", "weighed", "weights"]

#: What a metric keeps of a batch: native tensors, which are added over batches and replicas.
#: For a mean these are a sum and the weight it was taken with.
Tally = tuple[Tensor, ...]


class Metric(Configurable):
    """Base of every metric.

    A subclass says what is counted in a batch (:meth:`update`) and what the counts of all
    batches mean (:meth:`compute`).  Masks come to it as weights.
    """

    @property
    def name(self) -> str:
        """The metric's name in a history."""
        return snake_case(type(self).__name__)

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        """The tally of a batch: native tensors, so that nothing waits for the device.

        Args:
            sample_weight: weights of shape ``(samples,)`` or of further axes; a boolean mask,
                of samples or of steps, counts as 0 and 1.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no update")

    def tally(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tally:
        """:meth:`update`, where steps that :class:`dualnet.nn.Masked` lacks have the weight 0."""
        true, predicted, mask = unmasked(y_true, y_pred)
        weight = plain_weights(sample_weight, predicted)
        if mask is None:
            return self.update(y_true, y_pred, weight)
        mask = native_like(mask, predicted)
        true = without_masked(native_like(true, predicted), mask)
        weight = mask_weights(mask, weight)
        return self.update(true, without_masked(predicted, mask), weight)

    def result(self, tally: Sequence[Any]) -> float:
        """The metric's value, from the sum of tallies, computed on the host in float64.

        >>> import numpy as np, dualnet as dn
        >>> recall = dn.metrics.Recall()
        >>> one = recall.update(np.array([1, 1]), dn.asarray([2.0, -1.0]))
        >>> other = recall.update(np.array([0, 1]), dn.asarray([2.0, 1.0]))
        >>> round(recall.result(dn.metrics.merge(one, other)), 4)
        0.6667
        """
        return self.compute(*(_on_host(part) for part in tally))

    def compute(self, *sums: NDArray) -> float:
        """The value, from the tally's parts as float64: here ``Σ sums / Σ weights``.

        NaN where nothing was counted.
        """
        total, weight = sums
        return float(total / weight) if weight else math.nan


def _on_host(part: Any) -> NDArray:
    backend = registry.of_type(type(part))
    return np.asarray(part if backend is None else backend.state.to_numpy(part), np.float64)


def merge(*tallies: Tally) -> Tally:
    """The tally of several batches, or replicas, from those of each."""
    return tuple(sum(parts[1:], start=parts[0]) for parts in zip(*tallies, strict=True))


def mask_weights(mask: Tensor, sample_weight: Any) -> Tensor:
    """Sample weights, 0 where a mask is False; the mask itself if there are none."""
    if sample_weight is None:
        return mask
    weight = native_like(sample_weight, mask)
    while len(shape_of(weight)) < 2:
        weight = ops.expand_dims(weight, axis=-1)
    return ops.where(over_steps(mask, weight), weight, ops.zeros_like(weight))


def weights(sample_weight: Any, tensor: Tensor) -> Tensor:
    """Sample weights with axes added to meet ``tensor``; int64 if they are whole numbers.

    Raises:
        ShapeError: the shape is not that of the first axes of ``tensor``.
    """
    weight = spread(sample_weight, tensor, "sample weights")
    if is_floating(backend_of_tensor(weight).state.dtype_name(weight)):
        return weight
    return ops.astype(weight, "int64")


def counted(right: Tensor, sample_weight: Any) -> Tally:
    """How many are right, and how many there are; or their weights."""
    if sample_weight is None:
        return ops.count_nonzero(right), ops.count_nonzero(ops.ones_like(right))
    weight = weights(sample_weight, right)
    every = weight * cast_like(ops.ones_like(right), weight)
    return ops.sum(every * cast_like(right, weight)), ops.sum(every)


def weighed(values: Tensor, sample_weight: Any) -> Tally:
    """``Σ w·v`` and ``Σ w``."""
    weight = ops.ones_like(values)
    if sample_weight is not None:
        given = spread(sample_weight, values, "sample weights")
        weight = weight * cast_like(given, values)
    return ops.sum(weight * values), ops.sum(weight)
