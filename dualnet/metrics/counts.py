"""Metrics of how many guesses are right and wrong, class by class."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.losses.pairs import one_hot
from dualnet.losses.targets import (
    backend_of_tensor,
    cast_like,
    check_labels,
    check_same_shape,
    native,
    shape_of,
)
from dualnet.metrics.accuracy import true_classes
from dualnet.metrics.base import Metric, Tally, weights
from dualnet.typing import NDArray, Tensor

__all__ = [
    "Averaged",
    "BinaryIoU",
    "Counts",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "IoU",
    "Precision",
    "Recall",
    "TrueNegatives",
    "TruePositives",
]

AVERAGES = ("macro", "micro", "weighted")


class Counts(Metric):
    """Base of metrics of true and false positives and negatives of each class.

    Told by dtype and shape: integer labels ``(…)`` or one-hot ``(…, K)`` against scores
    ``(…, K)`` of ``K > 1`` classes, of which the largest is the guess; or targets of the shape
    of the scores with one output per sample, guessed positive above a threshold.

    Args:
        threshold: for one output per sample: 0 for logits, 1/2 for probabilities.
        multilabel: whether ``K`` outputs are ``K`` questions, each with the threshold, of
            which several may be answered yes.

    Raises (in ``update``):
        ShapeError, DtypeError: targets do not fit the scores.
        LabelError: a label is outside ``[0, K)``, where this costs no wait for a device;
            elsewhere such a sample counts as of no class.
    """

    threshold: float = 0.0
    multilabel: bool = dataclasses.field(default=False, kw_only=True)

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        """True positives, false positives, false negatives and true negatives by class."""
        true, guess = self._decided(*native(y_true, y_pred))
        axes = tuple(range(len(shape_of(guess)) - 1))
        no_guess, not_true = ops.logical_not(guess), ops.logical_not(true)
        cells = [(guess, true), (guess, not_true), (no_guess, true), (no_guess, not_true)]
        found = [ops.logical_and(a, b) for a, b in cells]
        if sample_weight is None:
            return tuple(ops.count_nonzero(cell, axis=axes) for cell in found)
        weight = weights(sample_weight, guess)
        return tuple(ops.sum(weight * cast_like(cell, weight), axis=axes) for cell in found)

    def _decided(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """What is true and what is guessed: booleans with an axis of classes."""
        shape = shape_of(y_pred)
        if self.multilabel or len(shape) < 2 or shape[-1] == 1:
            check_same_shape(shape_of(y_true), shape)
            true = ops.greater(cast_like(y_true, y_pred), 0.5)
            guess = ops.greater(y_pred, self.threshold)
            if len(shape) > 1:
                return true, guess
            return ops.expand_dims(true, axis=-1), ops.expand_dims(guess, axis=-1)
        classes = true_classes(y_true, y_pred)
        _look(classes, y_pred)
        return one_hot(classes, y_pred), one_hot(ops.argmax(y_pred, axis=-1), y_pred)


def _look(classes: Tensor, y_pred: Tensor) -> None:
    """Raises :class:`LabelError` for a label out of range, where tensors are on the host."""
    backend = backend_of_tensor(classes)
    if not backend.jit.tracing() and backend.device.checks_indices(classes):
        check_labels(backend.state.to_numpy(classes), shape_of(y_pred)[-1])


class TruePositives(Counts):
    """How many are of a class and guessed so, over all classes; by weight."""

    def compute(self, *sums: NDArray) -> float:
        return float(sums[0].sum())


class FalsePositives(Counts):
    """How many are guessed of a class but are not, over all classes; by weight."""

    def compute(self, *sums: NDArray) -> float:
        return float(sums[1].sum())


class FalseNegatives(Counts):
    """How many are of a class but not guessed so, over all classes; by weight."""

    def compute(self, *sums: NDArray) -> float:
        return float(sums[2].sum())


class TrueNegatives(Counts):
    """How many are not of a class and not guessed so, over all classes; by weight."""

    def compute(self, *sums: NDArray) -> float:
        return float(sums[3].sum())


class Averaged(Counts):
    """Base of ratios of counts, of which each class has one.

    Args:
        average: ``"macro"``, the mean over classes; ``"weighted"``, weighted by how often a
            class is true; ``"micro"``, the ratio of the sums over classes.
        classes: the classes that count; all if not given.
    """

    average: str = dataclasses.field(default="macro", kw_only=True)
    classes: tuple[int, ...] | None = dataclasses.field(default=None, kw_only=True)

    def check(self) -> None:
        if self.average not in AVERAGES:
            raise ConfigError(f"average={self.average!r}; choose one of {', '.join(AVERAGES)}")
        _check_classes(self.classes)

    def ratio(self, tp: NDArray, fp: NDArray, fn: NDArray) -> tuple[NDArray, NDArray]:
        """Numerator and denominator of each class."""
        raise NotImplementedError(f"{type(self).__name__} defines no ratio")

    def compute(self, *sums: NDArray) -> float:
        """The average; a class of which there is nothing to tell has a ratio of 0."""
        tp, fp, fn = _chosen(sums[:3], self.classes)
        above, below = self.ratio(tp, fp, fn)
        if self.average == "micro":
            above, below = above.sum(keepdims=True), below.sum(keepdims=True)
        ratios = np.divide(above, below, out=np.zeros_like(above), where=below != 0)
        if self.average != "weighted":
            return float(ratios.mean())
        support = tp + fn
        return float(ratios @ support / support.sum()) if support.any() else 0.0


def _check_classes(classes: Any) -> None:
    if classes is None:
        return
    if not isinstance(classes, tuple) or not classes:
        raise ConfigError(f"classes={classes!r} must be a sequence of classes, or None for all")
    if any(type(c) is not int or c < 0 for c in classes):
        raise ConfigError(f"classes={classes!r} must be integers of 0 or above")


def _chosen(sums: tuple[NDArray, ...], classes: tuple[int, ...] | None) -> list[NDArray]:
    if classes is None:
        return list(sums)
    if max(classes) >= len(sums[0]):
        raise ConfigError(f"classes={classes!r}, but the model predicts {len(sums[0])} classes")
    return [part[list(classes)] for part in sums]


class Precision(Averaged):
    """``TP / (TP + FP)``: the part of guesses for a class that are right."""

    def ratio(self, tp: NDArray, fp: NDArray, fn: NDArray) -> tuple[NDArray, NDArray]:
        return tp, tp + fp


class Recall(Averaged):
    """``TP / (TP + FN)``: the part of a class that is found."""

    def ratio(self, tp: NDArray, fp: NDArray, fn: NDArray) -> tuple[NDArray, NDArray]:
        return tp, tp + fn


class FBetaScore(Averaged):
    """``(1 + β²)·TP / ((1 + β²)·TP + β²·FN + FP)``; van Rijsbergen, 1979.

    Args:
        beta: ``β``, how many times more recall weighs than precision.
    """

    beta: float = dataclasses.field(default=1.0, kw_only=True)

    def check(self) -> None:
        super().check()
        if not self.beta > 0:
            raise ConfigError(f"beta={self.beta!r} must be above zero")

    def ratio(self, tp: NDArray, fp: NDArray, fn: NDArray) -> tuple[NDArray, NDArray]:
        square = self.beta**2
        return (1 + square) * tp, (1 + square) * tp + square * fn + fp


class F1Score(Averaged):
    """``2·TP / (2·TP + FN + FP)``: the harmonic mean of precision and recall."""

    def ratio(self, tp: NDArray, fp: NDArray, fn: NDArray) -> tuple[NDArray, NDArray]:
        return 2 * tp, 2 * tp + fn + fp


class IoU(Counts):
    """``TP / (TP + FP + FN)``, intersection over union: the mean over classes that occur.

    Jaccard, 1901.  NaN if none of the classes is in the targets or guessed.

    Args:
        classes: the classes that count; all if not given.
    """

    classes: tuple[int, ...] | None = dataclasses.field(default=None, kw_only=True)

    def check(self) -> None:
        _check_classes(self.classes)

    @property
    def name(self) -> str:
        return "iou"

    def compute(self, *sums: NDArray) -> float:
        return _mean_overlap(*_chosen(sums[:3], self.classes))


class BinaryIoU(Counts):
    """:class:`IoU` of classes 0 and 1, for one output per sample (or pixel).

    Args:
        classes: the classes that count.
    """

    classes: tuple[int, ...] = dataclasses.field(default=(0, 1), kw_only=True)

    def check(self) -> None:
        if not self.classes or not set(self.classes) <= {0, 1}:
            raise ConfigError(f"classes={self.classes!r} must be among 0 and 1")

    @property
    def name(self) -> str:
        return "binary_iou"

    def compute(self, *sums: NDArray) -> float:
        tp, fp, fn, tn = (part.sum() for part in sums)
        both = (np.array([tn, tp]), np.array([fn, fp]), np.array([fp, fn]))
        return _mean_overlap(*_chosen(both, self.classes))


def _mean_overlap(tp: NDArray, fp: NDArray, fn: NDArray) -> float:
    union = tp + fp + fn
    occurs = union > 0
    return float((tp[occurs] / union[occurs]).mean()) if occurs.any() else float("nan")
