"""Metrics: what is measured over an epoch and not differentiated.

A metric is a frozen value.  ``update(y_true, y_pred, sample_weight)`` gives a tally of one
batch: native tensors, so that nothing waits for the device.  Tallies are added, over batches
and over replicas, and ``result(tally)`` makes a number of the sum, on the host in float64.
Without sample weights, counts are int64 tensors: both backends count the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualnet.errors import no_attribute
from dualnet.metrics.accuracy import Accuracy, BinaryAccuracy, TopK
from dualnet.metrics.averaged import (
    BinaryCrossEntropy,
    CategoricalHinge,
    CrossEntropy,
    Hinge,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
)
from dualnet.metrics.base import Metric, Tally, merge
from dualnet.metrics.counts import (
    BinaryIoU,
    F1Score,
    FalseNegatives,
    FalsePositives,
    FBetaScore,
    IoU,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from dualnet.metrics.curves import (
    AUC,
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from dualnet.metrics.means import (
    CosineSimilarity,
    Function,
    Mean,
    MeanLoss,
    RootMeanSquaredError,
    Sum,
)
from dualnet.metrics.moments import ConcordanceCorrelation, PearsonCorrelation, R2Score
from dualnet.metrics.names import get

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossEntropy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "CrossEntropy",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Function",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCosh",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanLoss",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "Tally",
    "TopK",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "get",
    "merge",
]

# Keras's other names.
BinaryCrossentropy = BinaryCrossEntropy
CategoricalAccuracy = Accuracy
CategoricalCrossentropy = CrossEntropy
LogCoshError = LogCosh
SparseCategoricalAccuracy = Accuracy
SparseCategoricalCrossentropy = CrossEntropy
SparseTopKCategoricalAccuracy = TopK
TopKCategoricalAccuracy = TopK


if not TYPE_CHECKING:  # which would take every name for one that is there

    def __getattr__(name: str) -> Any:
        """Whoever asks for a name that is not here is told of the nearest."""
        raise no_attribute(__name__, name, __all__)
