"""Metrics: against scikit-learn and NumPy, batch by batch, eager and compiled."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
import torch
from metric_cases import BITS, CASES, LABELS, REAL, SCORES, WEIGHT, Case

import dualnet
from dualnet import losses, metrics, registry
from dualnet.config import Configurable
from dualnet.errors import ConfigError, DtypeError, LabelError, ShapeError, UnknownName
from dualnet.metrics.counts import Counts
from dualnet.metrics.curves import Curve
from dualnet.metrics.names import NAMES

#: The first row of each metric.
FIRST = list({type(case.metric): case for case in reversed(CASES)}.values())

#: The first row of each way to count: what is compiled is the counting.
WAYS = list({type(case.metric).update: case for case in reversed(CASES)}.values())

#: A user's function is given tensors as they are, of one dtype.
OURS = [case for case in FIRST if not isinstance(case.metric, metrics.Function)]


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
        tallies.append(update(y, p, *w))
    return case.metric.result(metrics.merge(*tallies))


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_scikit_learn(case: Case, weight: Any, backend: str) -> None:
    got = _over_batches(backend, case, case.metric.update, weight)
    assert got == pytest.approx(
        case.reference(weight), rel=1e-13
    )  # sums of 120 terms, and differences


@pytest.mark.parametrize("case", WAYS, ids=str)
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


COUNTING = (metrics.Accuracy, metrics.BinaryAccuracy, metrics.TopK, Counts, Curve)


@pytest.mark.parametrize("case", [c for c in CASES if isinstance(c.metric, COUNTING)], ids=str)
def test_counts_are_exact_integers(case: Case, both: tuple[str, str]) -> None:
    for dtype in ("float32", "float64"):
        counts = []
        for name in both:
            state = registry.load(name).state
            tally = case.metric.update(case.y, state.from_numpy(case.prediction, dtype=dtype))
            assert {state.dtype_name(part) for part in tally} == {"int64"}
            counts.append([state.to_numpy(part).tolist() for part in tally])
        assert counts[0] == counts[1]


@pytest.mark.parametrize("case", OURS, ids=str)
def test_float32_agrees(case: Case, backend: str) -> None:
    got = _over_batches(backend, case, case.metric.update, WEIGHT, "float32")
    assert got == pytest.approx(case.reference(WEIGHT), rel=1e-5, abs=1e-7)  # sums of 40


@pytest.mark.parametrize("case", OURS, ids=str)
def test_a_mask_is_a_weight(case: Case, backend: str) -> None:
    state, mask = registry.load(backend).state, np.arange(40) % 3 > 0
    p = case.prediction
    wanted = case.metric.result(case.metric.update(case.y[mask], state.from_numpy(p[mask])))
    got = case.metric.result(case.metric.update(case.y, state.from_numpy(p), mask))
    assert got == pytest.approx(wanted, rel=1e-13)  # another order of additions


def test_a_mask_of_steps(backend: str) -> None:
    mask = (np.arange(40) % 3 > 0).reshape(8, 5)
    labels, scores = LABELS.reshape(8, 5), SCORES.reshape(8, 5, 7)
    for metric in (metrics.Accuracy(), metrics.F1Score(), metrics.IoU()):
        p = registry.load(backend).state.from_numpy(scores)
        kept = registry.load(backend).state.from_numpy(scores[mask])
        wanted = metric.result(metric.update(labels[mask], kept))
        assert metric.result(metric.update(labels, p, mask)) == wanted


@pytest.mark.parametrize("name", sorted({*NAMES, *losses.NAMES}))
def test_every_name_is_a_metric(name: str) -> None:
    assert isinstance(metrics.get(name), metrics.Metric)


def test_evaluation_in_batches_is_that_of_all_predictions(backend: str) -> None:
    chosen = ["auc", "precision", "r2_score", "rmse", metrics.AUC("PR"), metrics.BinaryIoU()]
    model = dualnet.Model(dualnet.nn.Dense(1), (3,), backend=backend, dtype="float64")
    model.compile("sgd", losses.BinaryCrossEntropy(), chosen)
    scores = model.evaluate(REAL, BITS, batch_size=16, sample_weight=WEIGHT)
    p = model.predict(REAL)
    for metric in map(metrics.get, chosen):
        tally = metric.update(BITS, registry.load(backend).state.from_numpy(p), WEIGHT)
        assert scores[metric.name] == pytest.approx(metric.result(tally), rel=1e-13)  # order
    history = model.fit(REAL, BITS, batch_size=16, verbose=0)
    assert set(history.history) >= set(scores)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (metrics.Accuracy(), np.nan),
        (metrics.RootMeanSquaredError(), np.nan),
        (metrics.Precision(), 0.0),
        (metrics.Recall(average="weighted"), 0.0),
        (metrics.IoU(), np.nan),
        (metrics.BinaryIoU(), np.nan),
        (metrics.AUC(), np.nan),
        (metrics.Sum(), 0.0),
        (metrics.R2Score(), np.nan),
        (metrics.PearsonCorrelation(), np.nan),
        (metrics.ConcordanceCorrelation(), np.nan),
    ],
    ids=repr,
)
def test_of_nothing(metric: metrics.Metric, value: float, backend: str) -> None:
    p = registry.load(backend).state.from_numpy(np.ones(4))
    got = metric.result(metric.update(np.ones(4), p, np.zeros(4)))
    np.testing.assert_equal(got, value)


def test_an_output_that_does_not_vary(backend: str) -> None:
    state, y = registry.load(backend).state, np.array([[2.0, 2.0], [2.0, 2.0]])
    metric, p = metrics.R2Score(), np.array([[2.0, 2.0], [2.0, 3.0]])
    got = metric.result(metric.update(y, state.from_numpy(p)))
    assert got == sk.r2_score(y, p) == 0.5


def test_labels_out_of_range(backend: str) -> None:
    p = registry.load(backend).state.from_numpy(np.zeros((2, 3)))
    with pytest.raises(LabelError, match=r"label 3 at y\[1\], but the model predicts 3 classes"):
        metrics.Precision().update(np.array([0, 3]), p)


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
        "auc": "auc",
        "mean_iou": "iou",
        "rmse": "root_mean_squared_error",
        "cosine_similarity": "cosine_similarity",
        "kl_divergence": "kl_divergence",
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
    assert metrics.get("precision", soft) == metrics.Precision(0.5)
    assert metrics.get("auc", soft) == metrics.AUC(from_logits=False)
    assert metrics.get("auc", sharp) == metrics.AUC()
    assert metrics.get("binary_iou", losses.Dice()) == metrics.BinaryIoU(0.5)
    assert metrics.get("bce", soft) == metrics.MeanLoss(soft, "bce")


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
        (lambda: metrics.Recall(average="all"), ConfigError, "average='all'; choose one of macro"),
        (lambda: metrics.Recall(classes=()), ConfigError, r"classes=\(\) must be a sequence"),
        (lambda: metrics.IoU(classes=(-1,)), ConfigError, r"classes=\(-1,\) must be integers of 0"),
        (lambda: metrics.BinaryIoU(classes=(2,)), ConfigError, r"\(2,\) must be among 0 and 1"),
        (lambda: metrics.FBetaScore(beta=0.0), ConfigError, r"beta=0\.0 must be above zero"),
        (lambda: metrics.AUC("XY"), ConfigError, "curve='XY'; choose 'ROC' or 'PR'"),
        (lambda: metrics.AUC(bins=1), ConfigError, "bins=1 must be an integer of two or more"),
        (lambda: metrics.PrecisionAtRecall(2.0), ConfigError, r"recall=2\.0 must be in \[0, 1\]"),
        (lambda: metrics.RecallAtPrecision(-1), ConfigError, "precision=-1 must be in"),
        (lambda: metrics.SensitivityAtSpecificity(2), ConfigError, "specificity=2 must be in"),
        (lambda: metrics.SpecificityAtSensitivity(2), ConfigError, "sensitivity=2 must be in"),
        (lambda: metrics.R2Score(average="sum"), ConfigError, "choose 'uniform' or 'variance'"),
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
        (metrics.Precision(), np.zeros(4), (4, 1), ShapeError, "give the targets a last axis"),
        (metrics.Precision(), np.zeros(4), (4, 3), DtypeError, "class labels must be integers"),
        (metrics.IoU(), np.zeros((4, 1), int), (4, 3), ShapeError, "drop the last axis"),
        (metrics.AUC(), np.zeros(4), (4, 1), ShapeError, "give the targets a last axis"),
        (metrics.R2Score(), np.zeros((4, 1)), (4,), ShapeError, "drop the targets' last axis"),
        (metrics.IoU(multilabel=True), np.zeros(4, int), (4, 3), ShapeError, "targets of shape"),
        (metrics.CosineSimilarity(), np.zeros(4), (4, 3), ShapeError, "targets of shape"),
        (metrics.RootMeanSquaredError(), np.zeros(4), (4, 3), ShapeError, "targets of shape"),
    ],
)
def test_targets_that_do_not_fit(metric, y, shape, error, text: str, backend: str) -> None:
    with pytest.raises(error, match=text):
        metric.update(y, registry.load(backend).state.from_numpy(np.zeros(shape)))
