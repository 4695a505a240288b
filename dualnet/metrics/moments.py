"""Metrics of how predictions and targets vary together, from sums and sums of squares."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.losses.pairs import paired
from dualnet.losses.targets import cast_like, shape_of
from dualnet.metrics.base import Metric, Tally, weights
from dualnet.typing import NDArray, Tensor

__all__ = ["ConcordanceCorrelation", "Moments", "PearsonCorrelation", "R2Score"]


class Moments(Metric):
    """Base of metrics of the variance of outputs over samples.

    The last axis holds the outputs of a sample, all before are samples; a vector holds one
    output.  Sums are taken in float64 whatever the dtype.
    """

    def update(self, y_true: Any, y_pred: Tensor, sample_weight: Any = None) -> Tally:
        """``Σ w`` times 1, ``y``, ``p``, ``y²``, ``p²``, ``y·p`` and ``(y-p)²``, by output."""
        y, p = (ops.astype(part, "float64") for part in paired(y_true, y_pred, None))
        weight = ops.ones_like(y)
        if sample_weight is not None:
            weight = weight * cast_like(weights(sample_weight, y), y)
        terms = [ops.ones_like(y), y, p, y * y, p * p, y * p, (y - p) * (y - p)]
        return tuple(_over_samples(weight * term) for term in terms)


def _over_samples(x: Tensor) -> Tensor:
    rank = len(shape_of(x))
    return ops.sum(x, axis=tuple(range(rank - 1)) if rank > 1 else None)


class R2Score(Moments):
    """``1 - Σ w·(y - p)² / Σ w·(y - ȳ)²``: the part of the variance that is explained.

    An output that does not vary has a score of 1 if it is met exactly, else of 0.

    Args:
        average: over outputs: ``"uniform"``, or ``"variance"``, weighted by their variance.
    """

    average: str = dataclasses.field(default="uniform", kw_only=True)

    def check(self) -> None:
        if self.average not in ("uniform", "variance"):
            raise ConfigError(f"average={self.average!r}; choose 'uniform' or 'variance'")

    @property
    def name(self) -> str:
        return "r2_score"

    def compute(self, *sums: NDArray) -> float:
        weight, y, _, yy, _, _, wrong = map(np.atleast_1d, sums)
        if not weight.all():
            return math.nan
        spread = np.maximum(yy - y * y / weight, 0.0)
        constant = np.where(wrong > 0, 1.0, 0.0)
        scores = 1.0 - np.divide(wrong, spread, out=constant, where=spread > 0)
        if self.average == "uniform" or not spread.any():
            return float(scores.mean())
        return float(scores @ spread / spread.sum())


class PearsonCorrelation(Moments):
    """``cov(y, p) / (σ_y·σ_p)`` over samples, the mean over outputs; Pearson, 1895.

    NaN where an output or its target does not vary.
    """

    def compute(self, *sums: NDArray) -> float:
        _, _, vary, varp, together = _central(*sums)
        with np.errstate(invalid="ignore", divide="ignore"):
            return float((together / np.sqrt(vary * varp)).mean())


class ConcordanceCorrelation(Moments):
    """``2·cov(y, p) / (σ_y² + σ_p² + (ȳ - p̄)²)`` over samples, the mean over outputs.

    Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility", 1989.  NaN where
    an output and its target are one constant.
    """

    def compute(self, *sums: NDArray) -> float:
        y, p, vary, varp, together = _central(*sums)
        with np.errstate(invalid="ignore", divide="ignore"):
            return float((2 * together / (vary + varp + (y - p) ** 2)).mean())


def _central(*sums: NDArray) -> tuple[NDArray, ...]:
    """Means, variances and covariance of targets and predictions, by output; NaN of nothing."""
    weight, *parts = map(np.atleast_1d, sums)
    with np.errstate(invalid="ignore"):
        y, p, yy, pp, yp = (part / weight for part in parts[:5])
    return y, p, np.maximum(yy - y * y, 0.0), np.maximum(pp - p * p, 0.0), yp - y * p
