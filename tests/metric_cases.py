"""The case table of metrics: ours, and the same by scikit-learn or NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.metrics as sk
from sklearn.metrics.pairwise import paired_cosine_distances

from dualnet import metrics

RNG = np.random.default_rng(0)
SCORES = RNG.standard_normal((40, 7))
LABELS = RNG.integers(0, 7, 40)
ONE_HOT = np.eye(7)[LABELS]
BITS = RNG.integers(0, 2, (40, 1))
LOGITS = RNG.standard_normal((40, 1))
CHANCES = RNG.uniform(0, 1, (40, 1))
REAL = RNG.standard_normal((40, 3))
OUTPUT = RNG.standard_normal((40, 3))
GUESSES = SCORES.argmax(-1)
MANY = RNG.integers(0, 2, (40, 3))
RANKS = np.floor(1000 / (1 + np.exp(-LOGITS)))
WEIGHT = RNG.uniform(0, 2, 40)
CLASSES = list(range(7))


@dataclass(frozen=True)
class Case:
    """A metric, and scikit-learn's of the same meaning with sample weights ``w``."""

    name: str
    metric: metrics.Metric
    y: np.ndarray
    prediction: np.ndarray
    reference: Callable[[Any], float]

    def __str__(self) -> str:
        return self.name


def _accuracy(y: np.ndarray, guess: np.ndarray) -> Callable[[Any], float]:
    return lambda w: sk.accuracy_score(y, guess, sample_weight=w)


def _weight(w: Any) -> np.ndarray:
    return np.ones(40) if w is None else w


def _cells(w: Any) -> tuple[float, float, float, float]:
    """True positives, false positives, false negatives, true negatives over all classes."""
    table = sk.confusion_matrix(LABELS, GUESSES, labels=CLASSES, sample_weight=w)
    right, total = np.trace(table), table.sum()
    return right, total - right, total - right, 7 * total - 2 * total + right


def _precision_recall(w: Any) -> list[tuple[float, float, float]]:
    """Precision, recall and threshold, where something is guessed."""
    precision, recall, threshold = sk.precision_recall_curve(BITS, RANKS, sample_weight=w)
    return list(zip(precision, recall, threshold, strict=False))


def _roc(w: Any) -> list[tuple[float, float]]:
    """False and true positive rates."""
    false, true, _ = sk.roc_curve(BITS, RANKS, sample_weight=w, drop_intermediate=False)
    return list(zip(false, true, strict=True))


def _covariance(w: Any, column: int) -> np.ndarray:
    return np.cov(REAL[:, column], OUTPUT[:, column], aweights=w, ddof=0)


def _deviations(w: Any, column: int) -> float:
    return np.sqrt(np.diag(_covariance(w, column)).prod())


def _concordance(w: Any, column: int) -> float:
    """Lin 1989, equation 1."""
    table = _covariance(w, column)
    apart = np.average(REAL[:, column] - OUTPUT[:, column], weights=w)
    return 2 * table[0, 1] / (np.trace(table) + apart**2)


CASES = [
    Case("labels", metrics.Accuracy(), LABELS, SCORES, _accuracy(LABELS, SCORES.argmax(-1))),
    Case(
        "int32",
        metrics.Accuracy(),
        LABELS.astype("i4"),
        SCORES,
        _accuracy(LABELS, SCORES.argmax(-1)),
    ),
    Case("one-hot", metrics.Accuracy(), ONE_HOT, SCORES, _accuracy(LABELS, SCORES.argmax(-1))),
    Case("binary", metrics.Accuracy(), BITS, LOGITS, _accuracy(BITS, LOGITS > 0)),
    Case("flat", metrics.Accuracy(), BITS[:, 0], LOGITS[:, 0], _accuracy(BITS, LOGITS > 0)),
    Case("chances", metrics.BinaryAccuracy(0.5), BITS, CHANCES, _accuracy(BITS, CHANCES > 0.5)),
    *[
        Case(
            f"top {k}",
            metrics.TopK(k),
            LABELS,
            SCORES,
            lambda w, k=k: sk.top_k_accuracy_score(
                LABELS, SCORES, k=k, sample_weight=w, labels=CLASSES
            ),
        )
        for k in (1, 3, 6)
    ],
    Case(
        "top 3 one-hot",
        metrics.TopK(3),
        ONE_HOT,
        SCORES,
        lambda w: sk.top_k_accuracy_score(LABELS, SCORES, k=3, sample_weight=w),
    ),
    Case(
        "mse",
        metrics.get("mse"),
        REAL,
        OUTPUT,
        lambda w: sk.mean_squared_error(REAL, OUTPUT, sample_weight=w),
    ),
    Case(
        "mae",
        metrics.get("mae"),
        REAL,
        OUTPUT,
        lambda w: sk.mean_absolute_error(REAL, OUTPUT, sample_weight=w),
    ),
    Case(
        "a function per sample",
        metrics.Function(lambda y, p: abs(p - y)[:, 0]),
        REAL,
        OUTPUT,
        lambda w: sk.mean_absolute_error(REAL[:, 0], OUTPUT[:, 0], sample_weight=w),
    ),
    Case("mean", metrics.Mean(), REAL, OUTPUT, lambda w: np.average(OUTPUT.mean(1), weights=w)),
    Case("sum", metrics.Sum(), REAL, OUTPUT, lambda w: _weight(w) @ OUTPUT.sum(1)),
    Case(
        "rmse",
        metrics.get("rmse"),
        REAL,
        OUTPUT,
        lambda w: np.sqrt(sk.mean_squared_error(REAL, OUTPUT, sample_weight=w)),
    ),
    Case(
        "cosine",
        metrics.CosineSimilarity(),
        REAL,
        OUTPUT,
        lambda w: 1 - np.average(paired_cosine_distances(REAL, OUTPUT), weights=w),
    ),
    *[
        Case(f"{kind.__name__}, classes", kind(), LABELS, SCORES, lambda w, c=cell: _cells(w)[c])
        for cell, kind in enumerate(
            (
                metrics.TruePositives,
                metrics.FalsePositives,
                metrics.FalseNegatives,
                metrics.TrueNegatives,
            )
        )
    ],
    *[
        Case(
            f"{kind.__name__}, {average}",
            kind(average=average),
            LABELS,
            SCORES,
            lambda w, f=function, a=average: f(
                LABELS, GUESSES, average=a, sample_weight=w, zero_division=0
            ),
        )
        for kind, function in (
            (metrics.Precision, sk.precision_score),
            (metrics.Recall, sk.recall_score),
            (metrics.F1Score, sk.f1_score),
        )
        for average in ("macro", "micro", "weighted")
    ],
    Case(
        "f-beta, one output",
        metrics.FBetaScore(beta=2.0),
        BITS,
        LOGITS,
        lambda w: sk.fbeta_score(BITS, LOGITS > 0, beta=2.0, sample_weight=w),
    ),
    Case(
        "precision, one flat output of probabilities",
        metrics.Precision(0.5),
        BITS[:, 0],
        CHANCES[:, 0],
        lambda w: sk.precision_score(BITS, CHANCES > 0.5, sample_weight=w),
    ),
    Case(
        "recall, several questions",
        metrics.Recall(multilabel=True),
        MANY,
        OUTPUT,
        lambda w: sk.recall_score(MANY, OUTPUT > 0, average="macro", sample_weight=w),
    ),
    Case(
        "recall, two of the classes, one-hot",
        metrics.Recall(classes=(1, 4)),
        ONE_HOT,
        SCORES,
        lambda w: sk.recall_score(LABELS, GUESSES, average=None, sample_weight=w)[[1, 4]].mean(),
    ),
    Case(
        "iou",
        metrics.IoU(),
        LABELS,
        SCORES,
        lambda w: sk.jaccard_score(LABELS, GUESSES, average="macro", sample_weight=w),
    ),
    Case(
        "iou, one class",
        metrics.IoU(classes=[2]),
        LABELS,
        SCORES,
        lambda w: sk.jaccard_score(LABELS, GUESSES, average=None, sample_weight=w)[2],
    ),
    Case(
        "binary iou",
        metrics.BinaryIoU(),
        BITS,
        LOGITS,
        lambda w: sk.jaccard_score(BITS[:, 0], LOGITS[:, 0] > 0, average="macro", sample_weight=w),
    ),
    Case(
        "auc",
        metrics.AUC(),
        BITS,
        LOGITS,
        lambda w: sk.roc_auc_score(BITS, RANKS, sample_weight=w),
    ),
    Case(
        "auc, few cells, probabilities",
        metrics.AUC(from_logits=False, bins=10),
        BITS,
        CHANCES,
        lambda w: sk.roc_auc_score(BITS, np.floor(10 * CHANCES), sample_weight=w),
    ),
    Case(
        "average precision",
        metrics.AUC("PR"),
        BITS,
        LOGITS,
        lambda w: sk.average_precision_score(BITS, RANKS, sample_weight=w),
    ),
    Case(
        "precision at recall",
        metrics.PrecisionAtRecall(0.6),
        BITS,
        LOGITS,
        lambda w: max(p for p, r, _ in _precision_recall(w) if r >= 0.6),
    ),
    Case(
        "recall at precision",
        metrics.RecallAtPrecision(0.55),
        BITS,
        LOGITS,
        lambda w: max(r for p, r, _ in _precision_recall(w) if p >= 0.55),
    ),
    Case(
        "sensitivity at specificity",
        metrics.SensitivityAtSpecificity(0.7),
        BITS,
        LOGITS,
        lambda w: max(t for f, t in _roc(w) if 1 - f >= 0.7),
    ),
    Case(
        "specificity at sensitivity",
        metrics.SpecificityAtSensitivity(0.7),
        BITS,
        LOGITS,
        lambda w: max(1 - f for f, t in _roc(w) if t >= 0.7),
    ),
    Case(
        "r2",
        metrics.R2Score(),
        REAL,
        OUTPUT,
        lambda w: sk.r2_score(REAL, OUTPUT, sample_weight=w),
    ),
    Case(
        "r2 by variance",
        metrics.R2Score(average="variance"),
        REAL,
        OUTPUT,
        lambda w: sk.r2_score(REAL, OUTPUT, sample_weight=w, multioutput="variance_weighted"),
    ),
    Case(
        "pearson",
        metrics.PearsonCorrelation(),
        REAL,
        OUTPUT,
        lambda w: np.mean([_covariance(w, c)[0, 1] / _deviations(w, c) for c in range(3)]),
    ),
    Case(
        "concordance",
        metrics.ConcordanceCorrelation(),
        REAL,
        OUTPUT,
        lambda w: np.mean([_concordance(w, c) for c in range(3)]),
    ),
]


def _mean(elements: np.ndarray) -> Callable[[Any], float]:
    """Of one value per sample, or per element."""
    values = elements.reshape(40, -1).mean(1)
    return lambda w: float(np.average(values, weights=w))


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    return scores - np.log(np.exp(scores).sum(-1, keepdims=True))


SIGNS, RATES, OTHER_RATES = 2.0 * MANY - 1, np.exp(REAL), np.exp(OUTPUT)
SHARES, OTHER_SHARES = (np.exp(_log_softmax(scores)) for scores in (SCORES, SCORES[::-1]))
APART = OUTPUT - REAL
MARGIN = np.maximum(1 - SIGNS * OUTPUT, 0)
RIVAL = np.where(ONE_HOT == 1, -np.inf, SCORES).max(-1) - SCORES[range(40), LABELS] + 1

#: Losses as metrics, by their formulas.
AVERAGED = [
    Case(
        "binary cross entropy",
        metrics.BinaryCrossEntropy(from_logits=False),
        MANY,
        CHANCES.repeat(3, 1),
        _mean(-np.log(np.where(MANY == 1, CHANCES, 1 - CHANCES))),
    ),
    Case(
        "categorical hinge",
        metrics.CategoricalHinge(),
        ONE_HOT,
        SCORES,
        _mean(np.maximum(RIVAL, 0)),
    ),
    Case(
        "cross entropy",
        metrics.CrossEntropy(),
        LABELS,
        SCORES,
        _mean(-_log_softmax(SCORES)[range(40), LABELS]),
    ),
    Case("hinge", metrics.Hinge(), MANY, OUTPUT, _mean(MARGIN)),
    Case(
        "kl divergence",
        metrics.KLDivergence(from_logits=False),
        SHARES,
        OTHER_SHARES,
        _mean((SHARES * np.log(SHARES / OTHER_SHARES)).sum(-1)),
    ),
    Case("log cosh", metrics.LogCosh(), REAL, OUTPUT, _mean(np.log(np.cosh(APART)))),
    Case("mean absolute error", metrics.MeanAbsoluteError(), REAL, OUTPUT, _mean(abs(APART))),
    Case(
        "mean absolute percentage error",
        metrics.MeanAbsolutePercentageError(),
        REAL,
        OUTPUT,
        _mean(100 * abs(APART / REAL)),
    ),
    Case("mean squared error", metrics.MeanSquaredError(), REAL, OUTPUT, _mean(APART**2)),
    Case(
        "mean squared logarithmic error",
        metrics.MeanSquaredLogarithmicError(),
        RATES,
        OTHER_RATES,
        _mean((np.log1p(OTHER_RATES) - np.log1p(RATES)) ** 2),
    ),
    Case(
        "poisson",
        metrics.Poisson(log_input=False),
        np.floor(RATES),
        OTHER_RATES,
        _mean(OTHER_RATES - np.floor(RATES) * OUTPUT),
    ),
    Case("squared hinge", metrics.SquaredHinge(), MANY, OUTPUT, _mean(MARGIN**2)),
]
CASES += AVERAGED
