"""Which metric a name, a loss or a function stands for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, count
from typing import Any

from dualnet import losses
from dualnet.errors import ConfigError, unknown_name
from dualnet.losses import Loss
from dualnet.metrics.accuracy import Accuracy, BinaryAccuracy, TopK
from dualnet.metrics.base import Metric
from dualnet.metrics.counts import (
    BinaryIoU,
    Counts,
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
    Curve,
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

__all__ = ["NAMES", "distinct_names", "get"]

#: Our names and Keras's.
NAMES: dict[str, Callable[[], Metric]] = {
    "acc": Accuracy,
    "accuracy": Accuracy,
    "auc": AUC,
    "binary_accuracy": BinaryAccuracy,
    "binary_io_u": BinaryIoU,
    "binary_iou": BinaryIoU,
    "categorical_accuracy": Accuracy,
    "concordance_correlation": ConcordanceCorrelation,
    "cosine_similarity": CosineSimilarity,
    "f1_score": F1Score,
    "false_negatives": FalseNegatives,
    "false_positives": FalsePositives,
    "fbeta_score": FBetaScore,
    "io_u": IoU,
    "iou": IoU,
    "mean": Mean,
    "mean_io_u": IoU,
    "mean_iou": IoU,
    "one_hot_iou": IoU,
    "one_hot_mean_iou": IoU,
    "pearson_correlation": PearsonCorrelation,
    "precision": Precision,
    "precision_at_recall": PrecisionAtRecall,
    "r2_score": R2Score,
    "recall": Recall,
    "recall_at_precision": RecallAtPrecision,
    "rmse": RootMeanSquaredError,
    "root_mean_squared_error": RootMeanSquaredError,
    "sensitivity_at_specificity": SensitivityAtSpecificity,
    "sparse_categorical_accuracy": Accuracy,
    "sparse_top_k_categorical_accuracy": TopK,
    "specificity_at_sensitivity": SpecificityAtSensitivity,
    "sum": Sum,
    "top_k": TopK,
    "top_k_categorical_accuracy": TopK,
    "true_negatives": TrueNegatives,
    "true_positives": TruePositives,
}


def get(metric: Any, loss: Any = None) -> Metric:
    """The metric that a name, a loss or a function stands for; a metric as it is.

    A loss's name is that loss averaged, with the options of the loss the model is trained with
    if it is of that kind.  Names of metrics with a threshold (``"accuracy"``, ``"precision"``,
    ``"auc"``, …) mean the threshold that fits this loss: 1/2 where it takes probabilities,
    else 0; and ``"accuracy"`` beside a binary loss is the binary one.

    >>> get("accuracy"), get("mse").name
    (Accuracy(), 'mse')

    Args:
        loss: what the model is trained with, as :func:`dualnet.losses.get` gives it.

    Raises:
        UnknownName: no metric and no loss has this name.
        ConfigError: it is neither a name, nor a metric, nor callable.
    """
    if isinstance(metric, str):
        return _named(metric.lower(), loss)
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, type) or not callable(metric):
        raise ConfigError(
            "a metric is a name, a value such as metrics.TopK(3), or a function "
            f"(y_true, y_pred); got {metric!r}"
        )
    found = losses.get(metric)
    return MeanLoss(found) if isinstance(found, Loss) else Function(metric)


def distinct_names(metrics: Sequence[Metric]) -> tuple[str, ...]:
    """The names of metrics in a history; later ones of the same name are numbered, as in Keras.

    >>> distinct_names([AUC(), Precision(threshold=0.3), Precision(threshold=0.7)])
    ('auc', 'precision', 'precision_1')
    """
    taken = ["loss"]
    for metric in metrics:
        numbered = (f"{metric.name}_{number}" for number in count(1))
        free = (name for name in chain([metric.name], numbered) if name not in taken)
        taken.append(next(free))
    return tuple(taken[1:])


def _named(name: str, loss: Any) -> Metric:
    if name in NAMES:
        return _suited(NAMES[name](), loss)
    if name in losses.NAMES:
        kind = losses.NAMES[name]
        return MeanLoss(loss if type(loss) is kind else kind(), name)
    raise unknown_name("metric", name, (*NAMES, *losses.NAMES))


def _suited(metric: Metric, loss: Any) -> Metric:
    """The metric with logits or probabilities taken for what the loss takes them for."""
    binary = isinstance(loss, (losses.BinaryCrossEntropy, losses.BinaryFocalCrossEntropy))
    if isinstance(metric, Accuracy) and binary:
        metric = BinaryAccuracy()
    logits = getattr(loss, "from_logits", not isinstance(loss, (losses.Dice, losses.Tversky)))
    if isinstance(metric, Curve):
        return metric.replace(from_logits=logits)
    if isinstance(metric, (BinaryAccuracy, Counts)):
        return metric.replace(threshold=0.0 if logits else 0.5)
    return metric
