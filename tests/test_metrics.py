"""Metrics: against scikit-learn and NumPy, batch by batch, eager and compiled."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
import torch

from dualnet import losses, metrics, registry
from dualnet.config import Configurable
from dualnet.errors import ConfigError, DtypeError, ShapeError, UnknownName

RNG = np.random.default_rng(0)
SCORES = RNG.standard_normal((40, 7))
LABELS = RNG.integers(0, 7, 40)
ONE_HOT = np.eye(7)[LABELS]
BITS = RNG.integers(0, 2, (40, 1))
LOGITS = RNG.standard_normal((40, 1))
CHANCES = RNG.uniform(0, 1, (40, 1))
REAL = RNG.standard_normal((40, 3))
OUTPUT = RNG.standard_normal((40, 3))
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
]


def _over_batches(
    backend: str, case: Case, update: Any, weight: Any, dtype: str = "float64"
) -> float:
    """The metric over batches of 16, 16 and 8."""
    state = registry.load(backend).state
    tallies = []
    for start in range(0, 40, 16):
        part = slice(start, start + 16)
        y, p = state.from_numpy(case.y[part]), state.from_numpy(case.prediction[part], dtype=dtype)
        w = [] if weight is None else [state.from_numpy(weight[part])]
        tallies.append(tuple(float(state.to_numpy(s)) for s in update(y, p, *w)))
    total, count = (math.fsum(column) for column in zip(*tallies, strict=True))
    return total / count


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_scikit_learn(case: Case, weight: Any, backend: str) -> None:
    got = _over_batches(backend, case, case.metric.update, weight)
    assert got == pytest.approx(case.reference(weight), rel=1e-14)  # sums of 120 terms


@pytest.mark.parametrize("case", CASES, ids=str)
def test_compiled_equals_eager(case: Case, backend: str) -> None:
    options = {"backend": "aot_eager", "fullgraph": True} if backend == "torch" else {}
    torch.compiler.reset()
    compiled = registry.load(backend).jit.jit(
        lambda y, p, w: case.metric.update(y, p, w), **options
    )
    wanted = _over_batches(backend, case, case.metric.update, WEIGHT)
    assert _over_batches(backend, case, compiled, WEIGHT) == pytest.approx(
        wanted, rel=1e-14
    )  # same


def test_every_metric_has_a_row() -> None:
    public = [getattr(metrics, name) for name in metrics.__all__]
    kinds = {m for m in public if isinstance(m, type) and issubclass(m, metrics.Metric)}
    assert {type(case.metric) for case in CASES} == kinds - {metrics.Metric}


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if not isinstance(c.metric, (metrics.MeanLoss, metrics.Function))],
    ids=str,
)
def test_counts_are_exact_integers(case: Case, both: tuple[str, str]) -> None:
    for dtype in ("float32", "float64"):
        counts = []
        for name in both:
            state = registry.load(name).state
            tally = case.metric.update(case.y, state.from_numpy(case.prediction, dtype=dtype))
            assert [state.dtype_name(scalar) for scalar in tally] == ["int64", "int64"]
            counts.append([int(state.to_numpy(scalar)) for scalar in tally])
        assert counts[0] == counts[1]
        assert counts[0][1] == 40


def test_ties_and_nan(backend: str) -> None:
    state = registry.load(backend).state
    scores = state.from_numpy(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, np.nan, 9.0]]))
    y = np.array([0, 1, 1])
    right = {"accuracy": 2, "top_1": 1, "top_2": 2}  # NaN is the largest to argmax, and no score
    for metric in (metrics.Accuracy(), metrics.TopK(1), metrics.TopK(2)):
        assert int(metric.update(y, scores)[0]) == right[metric.name]


def test_a_threshold_is_not_reached_by_equality(backend: str) -> None:
    p = registry.load(backend).state.from_numpy(np.array([0.0, 0.0]))
    assert int(metrics.Accuracy().update(np.array([0, 1]), p)[0]) == 1


def test_a_batch_mean_counts_by_samples(backend: str) -> None:
    state = registry.load(backend).state
    mean = metrics.Function(lambda y, p: p[0, 0] * 0 + 2.5)
    total, weight = mean.update(np.zeros((8, 3)), state.from_numpy(np.ones((8, 3))))
    assert (float(total), float(weight)) == (20.0, 8.0)


# Names


def test_names_in_a_history() -> None:
    named = {
        "accuracy": "accuracy",
        "acc": "accuracy",
        "top_k": "top_5",
        "mse": "mse",
        "cross_entropy": "cross_entropy",
    }
    for name, shown in named.items():
        assert metrics.get(name).name == shown
    assert metrics.get(losses.mse).name == "mean_squared_error"
    assert metrics.get(losses.Huber(2.0)).name == "huber"
    assert metrics.get(metrics.TopK(3)).name == "top_3"

    def bias(y, p):
        return p - y

    assert metrics.get(bias).name == "bias"


def test_accuracy_follows_the_loss() -> None:
    sharp, soft = losses.BinaryCrossEntropy(), losses.BinaryCrossEntropy(from_logits=False)
    assert metrics.get("accuracy", sharp) == metrics.BinaryAccuracy(0.0)
    assert metrics.get("accuracy", soft) == metrics.BinaryAccuracy(0.5)
    assert metrics.get("accuracy", soft).name == "accuracy"
    assert metrics.get("accuracy", losses.CrossEntropy()) == metrics.Accuracy()
    assert metrics.get("top_k", soft) == metrics.TopK()


def test_configuration_round_trip() -> None:
    for metric in (metrics.TopK(3), metrics.BinaryAccuracy(0.5), metrics.get("huber")):
        config = json.loads(json.dumps(metric.to_config()))
        assert Configurable.from_config(config) == metric


# Errors


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: metrics.get("acuracy"),
            UnknownName,
            "unknown metric 'acuracy'; did you mean 'acc",
        ),
        (lambda: metrics.get(3), ConfigError, r"a name, a value such as metrics\.TopK"),
        (lambda: metrics.get(metrics.TopK), ConfigError, "a metric is a name, a value"),
        (lambda: metrics.TopK(0), ConfigError, "k=0 must be a positive integer"),
    ],
)
def test_bad_choices(make: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize(
    ("metric", "y", "shape", "error", "text"),
    [
        (metrics.Accuracy(), np.zeros(4, int), (4, 1), ShapeError, "no class axis"),
        (metrics.Accuracy(), np.zeros((4, 1), int), (4, 3), ShapeError, "drop the last axis"),
        (metrics.Accuracy(), np.zeros(4), (4, 3), DtypeError, "class labels must be integers"),
        (metrics.BinaryAccuracy(), np.zeros(4), (4, 1), ShapeError, "give the targets a last axis"),
        (metrics.TopK(), np.zeros(3, int), (4, 7), ShapeError, r"integer labels of shape \(4,\)"),
        (metrics.get("mse"), np.zeros(4), (4, 1), ShapeError, "give the targets a last axis"),
    ],
)
def test_targets_that_do_not_fit(metric, y, shape, error, text: str, backend: str) -> None:
    with pytest.raises(error, match=text):
        metric.update(y, registry.load(backend).state.from_numpy(np.zeros(shape)))
