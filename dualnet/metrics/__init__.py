"""Metrics: what is measured over an epoch and not differentiated.

A metric is a frozen value.  ``update(y_true, y_pred, sample_weight)`` gives a tally of one
batch: native tensors, so that nothing waits for the device.  Tallies are added, over batches
and over replicas, and ``result(tally)`` makes a number of the sum, on the host in float64.
Without sample weights, counts are int64 tensors: both backends count the same.
"""

from __future__ import annotations

from dualnet.metrics.accuracy import Accuracy, BinaryAccuracy, TopK
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
    "BinaryIoU",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Function",
    "IoU",
    "Mean",
    "MeanLoss",
    "Metric",
    "PearsonCorrelation",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
    "Sum",
    "Tally",
    "TopK",
    "TrueNegatives",
    "TruePositives",
    "get",
    "merge",
]
