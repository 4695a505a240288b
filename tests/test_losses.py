"""Losses: against NumPy, PyTorch and Keras; values, gradients, weights, masks, extremes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import torch
import torch.nn.functional as F

import dualnet.losses as dl
from dualnet import registry
from dualnet.config import Configurable
from dualnet.errors import (
    ConfigError,
    DtypeError,
    ForeignTensorError,
    LabelError,
    ShapeError,
    UnknownName,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((6, 5)) * 3
LABELS = np.array([0, 4, 2, 2, 1, 3])
ONE_HOT = np.eye(5)[LABELS]
SOFT = RNG.dirichlet(np.ones(5), 6)
PROBABILITIES = RNG.dirichlet(np.ones(5), 6)
BITS = np.array([[0, 1, 1], [1, 0, 0]] * 2)
REAL = RNG.standard_normal((4, 3))
CHANCES = RNG.uniform(0.05, 0.95, (4, 3))
OUTPUT = RNG.standard_normal((4, 3)) * 2
WEIGHT = np.array([0.5, 2.0, 0.0, 1.0, 3.0, 0.25])


def _torch(value: Any) -> torch.Tensor:
    return torch.tensor(np.asarray(value))


@dataclass(frozen=True)
class Case:
    """A call of ours and the same by PyTorch, both as functions of the predictions."""

    name: str
    loss: Callable[..., Any]
    y: np.ndarray
    prediction: np.ndarray
    reference: Callable[[torch.Tensor], torch.Tensor]
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


CASES = [
    Case("labels", dl.cross_entropy, LABELS, LOGITS, lambda p: F.cross_entropy(p, _torch(LABELS))),
    Case(
        "labels smoothed",
        dl.cross_entropy,
        LABELS,
        LOGITS,
        lambda p: F.cross_entropy(p, _torch(LABELS), label_smoothing=0.1),
        {"label_smoothing": 0.1},
    ),
    Case(
        "labels ignored",
        dl.cross_entropy,
        LABELS,
        LOGITS,
        lambda p: F.cross_entropy(p, _torch(LABELS), ignore_index=2),
        {"ignore_index": 2},
    ),
    Case(
        "labels over time",
        dl.cross_entropy,
        LABELS.reshape(2, 3),
        LOGITS.reshape(2, 3, 5),
        lambda p: F.cross_entropy(p.permute(0, 2, 1), _torch(LABELS.reshape(2, 3))),
    ),
    Case(
        "labels weighted",
        dl.cross_entropy,
        LABELS,
        LOGITS,
        lambda p: (_torch(WEIGHT) * F.cross_entropy(p, _torch(LABELS), reduction="none")).mean(),
        {"sample_weight": WEIGHT},
    ),
    Case(
        "labels masked",
        dl.cross_entropy,
        LABELS,
        LOGITS,
        lambda p: F.cross_entropy(p[[0, 3]], _torch(LABELS[[0, 3]])),
        {"mask": np.array([True, False, False, True, False, False])},
    ),
    Case(
        "labels, probabilities predicted",
        dl.cross_entropy,
        LABELS,
        PROBABILITIES,
        lambda p: F.nll_loss(torch.log(p), _torch(LABELS)),
        {"from_logits": False},
    ),
    Case(
        "one-hot", dl.cross_entropy, ONE_HOT, LOGITS, lambda p: F.cross_entropy(p, _torch(LABELS))
    ),
    Case(
        "one-hot integers",
        dl.cross_entropy,
        ONE_HOT.astype("uint8"),
        LOGITS,
        lambda p: F.cross_entropy(p, _torch(LABELS)),
    ),
    Case(
        "soft targets smoothed, summed",
        dl.cross_entropy,
        SOFT,
        LOGITS,
        lambda p: F.cross_entropy(p, _torch(SOFT), label_smoothing=0.2, reduction="sum"),
        {"label_smoothing": 0.2, "reduction": "sum"},
    ),
    Case(
        "soft targets, probabilities predicted",
        dl.cross_entropy,
        SOFT,
        PROBABILITIES,
        lambda p: -(_torch(SOFT) * torch.log(p)).sum(-1).mean(),
        {"from_logits": False},
    ),
    Case(
        "binary",
        dl.binary_cross_entropy,
        BITS,
        OUTPUT,
        lambda p: F.binary_cross_entropy_with_logits(p, _torch(BITS).double()),
    ),
    Case(
        "binary smoothed",
        dl.binary_cross_entropy,
        BITS,
        OUTPUT,
        lambda p: F.binary_cross_entropy_with_logits(p, _torch(BITS * 0.8 + 0.1)),
        {"label_smoothing": 0.2},
    ),
    Case(
        "binary, probabilities predicted",
        dl.binary_cross_entropy,
        BITS,
        CHANCES,
        lambda p: F.binary_cross_entropy(p, _torch(BITS).double()),
        {"from_logits": False},
    ),
    Case("squared", dl.mse, REAL, OUTPUT, lambda p: F.mse_loss(p, _torch(REAL))),
    Case(
        "squared weighted",
        dl.mse,
        REAL,
        OUTPUT,
        lambda p: (
            F.mse_loss(p, _torch(REAL), weight=_torch(WEIGHT[:4, None]).expand(4, 3))
            * _torch(WEIGHT[:4]).sum()
            * 3
            / 12
        ),  # PyTorch divides by the sum of the weights
        {"sample_weight": WEIGHT[:4]},
    ),
    Case("absolute", dl.mae, REAL, OUTPUT, lambda p: F.l1_loss(p, _torch(REAL))),
    Case("huber", dl.huber, REAL, OUTPUT, lambda p: F.huber_loss(p, _torch(REAL))),
    Case(
        "huber δ, summed",
        dl.huber,
        REAL,
        OUTPUT,
        lambda p: F.huber_loss(p, _torch(REAL), delta=0.3, reduction="sum"),
        {"delta": 0.3, "reduction": "sum"},
    ),
]


def _value_and_gradient(
    backend: str, loss: Callable[..., Any], y: Any, prediction: np.ndarray, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Through the framework's own differentiation."""
    if backend == "torch":
        p = torch.tensor(prediction, requires_grad=True)
        value = loss(y, p, **options)
        (gradient,) = torch.autograd.grad(value.sum(), p)
        return value.detach().numpy(), gradient.numpy()
    p = tf.constant(prediction)
    with tf.GradientTape() as tape:
        tape.watch(p)
        value = loss(y, p, **options)
    return value.numpy(), tf.convert_to_tensor(tape.gradient(value, p)).numpy()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_torch(case: Case, backend: str) -> None:
    p = torch.tensor(case.prediction, requires_grad=True)
    wanted = case.reference(p)
    (gradient,) = torch.autograd.grad(wanted, p)
    got = _value_and_gradient(backend, case.loss, case.y, case.prediction, **case.options)
    assert got[0].dtype == np.float64
    np.testing.assert_allclose(got[0], wanted.item(), rtol=1e-13)  # a sum of 30 terms
    np.testing.assert_allclose(got[1], gradient, rtol=0, atol=1e-14)  # the same, below 1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_compiled_equals_eager(case: Case, backend: str) -> None:
    chosen = registry.load(backend)
    options = {"backend": "aot_eager", "fullgraph": True} if backend == "torch" else {}
    torch.compiler.reset()
    tensor = chosen.state.from_numpy
    chosen_options = {
        name: tensor(value) if isinstance(value, np.ndarray) else value
        for name, value in case.options.items()
    }
    compiled = chosen.jit.jit(lambda y, p: case.loss(y, p, **chosen_options), **options)
    y, p = tensor(case.y), tensor(case.prediction)
    got = chosen.state.to_numpy(compiled(y, p))
    wanted = chosen.state.to_numpy(case.loss(y, p, **case.options))
    np.testing.assert_allclose(got, wanted, rtol=1e-14)  # the same operations, fused


def test_every_loss_has_a_row() -> None:
    assert {case.loss for case in CASES} == {cls.function for cls in dl.NAMES.values()}


@pytest.mark.parametrize(
    ("name", "loss", "y", "prediction"),
    [
        ("SparseCategoricalCrossentropy", dl.cross_entropy, LABELS, LOGITS),
        ("CategoricalCrossentropy", dl.cross_entropy, SOFT, LOGITS),
        ("BinaryCrossentropy", dl.binary_cross_entropy, BITS, OUTPUT),
    ],
)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_equals_keras(name: str, loss, y, prediction, smoothing: float, backend: str) -> None:
    options = {"from_logits": True, "dtype": "float64"}
    if name.startswith("Sparse"):
        smoothing = 0.0  # Keras has none here
    else:
        options["label_smoothing"] = smoothing
    wanted = float(getattr(tf.keras.losses, name)(**options)(y, tf.constant(prediction)))
    p = registry.load(backend).state.from_numpy(prediction)
    got = float(loss(y, p, label_smoothing=smoothing))
    assert got == pytest.approx(wanted, rel=1e-7)  # Keras's smoothing is a float32 constant


# Extremes


@pytest.mark.parametrize("size", [1e4, 1e300])
def test_extreme_logits(size: float, backend: str) -> None:
    logits = np.array([[size, -size, 0.0], [size, -size, 0.0]])
    value, gradient = _value_and_gradient(
        backend, dl.cross_entropy, np.array([0, 1]), logits, reduction="none"
    )
    np.testing.assert_array_equal(value, [0.0, 2 * size])
    np.testing.assert_array_equal(gradient, [[0, 0, 0], [1, -1, 0]])


def test_extreme_binary_logits(backend: str) -> None:
    logits = np.array([1e4, 1e4, -1e4, -1e4, 0.0, 0.0])
    y = np.array([1, 0, 1, 0, 1, 0])
    value, gradient = _value_and_gradient(
        backend, dl.binary_cross_entropy, y, logits, reduction="none"
    )
    log2 = np.log(2.0)
    np.testing.assert_allclose(value, [0, 1e4, 1e4, 0, log2, log2], rtol=1e-15)  # one rounding
    np.testing.assert_allclose(gradient, [0, 1, -1, 0, -0.5, 0.5], rtol=1e-15)  # same


@pytest.mark.parametrize(
    "y", [np.array([0]), np.array([[1.0, 0.0, 0.0]])], ids=["label", "one-hot"]
)
def test_a_logit_of_minus_infinity_rules_a_class_out(y: np.ndarray, backend: str) -> None:
    logits = np.array([[1.0, -np.inf, 1.0]])
    value, gradient = _value_and_gradient(backend, dl.cross_entropy, y, logits)
    np.testing.assert_allclose(value, np.log(2.0), rtol=1e-15)  # one rounding
    np.testing.assert_allclose(gradient, [[-0.5, 0.0, 0.5]], rtol=1e-15)  # same


@pytest.mark.parametrize("y", [np.array([0]), np.array([[1.0, 0.0]])], ids=["label", "one-hot"])
def test_a_predicted_zero_elsewhere_is_no_error(y: np.ndarray, backend: str) -> None:
    p = np.array([[0.5, 0.0]])
    value, gradient = _value_and_gradient(backend, dl.cross_entropy, y, p, from_logits=False)
    np.testing.assert_allclose(value, np.log(2.0), rtol=1e-15)  # one rounding
    np.testing.assert_array_equal(gradient, [[-2.0, 0.0]])
    value, gradient = _value_and_gradient(
        backend,
        dl.binary_cross_entropy,
        np.array([1.0, 0.0]),
        np.array([1.0, 0.0]),
        from_logits=False,
    )
    assert value == 0.0
    np.testing.assert_array_equal(gradient, [-0.5, 0.5])


def test_kinks_and_large_errors(backend: str) -> None:
    y, p = np.zeros(5), np.array([0.0, 0.5, -1.0, 1e200, -1e200])
    value, gradient = _value_and_gradient(backend, dl.huber, y, p, reduction="none")
    np.testing.assert_array_equal(value, [0.0, 0.125, 0.5, 1e200, 1e200])
    np.testing.assert_array_equal(gradient, [0.0, 0.5, -1.0, 1.0, -1.0])
    _, gradient = _value_and_gradient(backend, dl.mae, y, p, reduction="sum")
    np.testing.assert_array_equal(gradient, np.sign(p))


@pytest.mark.parametrize("name", sorted(set(dl.NAMES)))
def test_what_is_masked_may_be_nan(name: str, backend: str) -> None:
    loss, last = dl.get(name), (3,) if "entropy" in name and "binary" not in name else ()
    y = np.array([1, 0, 1]) if last else np.array([0.25, 0.5, 0.75])
    p = RNG.uniform(0.1, 0.9, (3, *last))
    wanted, slope = _value_and_gradient(backend, loss, y[:2], p[:2])
    p[2] = np.nan
    mask = np.array([True, True, False])
    value, gradient = _value_and_gradient(backend, loss, y, p, mask=mask)
    np.testing.assert_allclose(value, wanted, rtol=1e-15)  # one more addition of zero
    np.testing.assert_allclose(gradient[:2], slope, rtol=1e-15)  # same
    assert not gradient[2].any()


def test_a_mask_and_missing_targets(backend: str) -> None:
    y = np.array([1.0, np.nan, 3.0])
    value, gradient = _value_and_gradient(backend, dl.mse, y, np.zeros(3), mask=np.isfinite(y))
    assert value == 5.0
    np.testing.assert_array_equal(gradient, [-1.0, 0.0, -3.0])


@pytest.mark.parametrize("options", [{"ignore_index": -1}, {"mask": np.zeros(2, bool)}], ids=str)
def test_everything_masked_is_zero(options: dict, backend: str) -> None:
    y = np.array([-1, -1])
    value, gradient = _value_and_gradient(backend, dl.cross_entropy, y, np.ones((2, 3)), **options)
    assert value == 0.0
    assert not gradient.any()


def test_ignored_labels_and_a_mask_and_weights(backend: str) -> None:
    mask = np.array([True, True, True, False, True, True])
    kept = mask & (LABELS != 2)
    each = F.cross_entropy(_torch(LOGITS), _torch(LABELS), reduction="none").numpy()
    wanted = (WEIGHT * each)[kept].sum() / kept.sum()
    p = registry.load(backend).state.from_numpy(LOGITS)
    got = dl.cross_entropy(LABELS, p, WEIGHT, ignore_index=2, mask=mask)
    assert float(got) == pytest.approx(wanted, rel=1e-14)  # a sum of 4 terms


# Dtypes


@pytest.mark.parametrize("name", sorted(set(dl.NAMES)))
@pytest.mark.parametrize(
    ("dtype", "kept"),
    [
        ("float64", "float64"),
        ("float32", "float32"),
        ("float16", "float32"),
        ("bfloat16", "float32"),
    ],
)
def test_dtype_is_kept_and_half_precision_widened(
    name: str, dtype: str, kept: str, backend: str
) -> None:
    chosen, loss = registry.load(backend), dl.get(name)
    sharp = "entropy" in name and "binary" not in name
    y = np.array([1, 0, 1]) if sharp else np.array([0.2, 0.5, 0.7])
    p = chosen.state.from_numpy(np.zeros((3, 2)) if sharp else np.zeros(3), dtype=dtype)
    value = loss(y, p)
    assert chosen.state.dtype_name(value) == kept
    reference = loss(y, chosen.state.from_numpy(chosen.state.to_numpy(p).astype("float64")))
    assert float(value) == pytest.approx(float(reference), rel=1e-6)  # float32: targets rounded


# Errors


@pytest.mark.parametrize(
    ("loss", "y", "shape", "error", "text"),
    [
        (
            dl.mse,
            np.zeros(4),
            (4, 1),
            ShapeError,
            r"shape \(4,\) for .* \(4, 1\); give .* y\[\.\.\., N",
        ),
        (
            dl.mse,
            np.zeros((4, 1)),
            (4,),
            ShapeError,
            r"drop the targets' last axis: y\[\.\.\., 0\]",
        ),
        (
            dl.huber,
            np.zeros((4, 2)),
            (4, 3),
            ShapeError,
            r"\(4, 2\) for predictions of shape \(4, 3\)$",
        ),
        (dl.binary_cross_entropy, np.zeros(4), (4, 1), ShapeError, "last axis"),
        (
            dl.cross_entropy,
            np.zeros((4, 1), int),
            (4, 3),
            ShapeError,
            r"drop the last axis of the lab",
        ),
        (
            dl.cross_entropy,
            np.zeros((4, 2), int),
            (4, 3),
            ShapeError,
            r"give integer labels of shape \(4,\)",
        ),
        (
            dl.cross_entropy,
            np.zeros(4),
            (4, 3),
            DtypeError,
            r"must be integers: y\.astype\('int64'\)",
        ),
        (dl.cross_entropy, np.zeros(4, int), (4, 1), ShapeError, "use binary_cross_entropy"),
        (
            dl.cross_entropy,
            np.array([0, 1, 3]),
            (3, 3),
            LabelError,
            r"label 3 at y\[2\], .* 0 to 2; la",
        ),
        (dl.cross_entropy, np.array([0, -1, 1]), (3, 3), LabelError, r"pass ignore_index=-1"),
    ],
)
def test_targets_that_do_not_fit(loss, y, shape, error, text: str, backend: str) -> None:
    p = registry.load(backend).state.from_numpy(np.zeros(shape))
    with pytest.raises(error, match=text):
        loss(y, p)
    with pytest.raises(error, match=text):
        dl.check_targets(dl.get(loss), y, shape[1:])


def test_targets_that_fit_pass_the_check() -> None:
    for case in CASES:
        dl.check_targets(dl.get(case.loss), case.y, case.prediction.shape[1:])
    dl.check_targets(dl.CrossEntropy(ignore_index=-1), np.array([0, -1]), (2,))
    dl.check_targets(lambda y, p, w: p, np.zeros(3), (7,))


def test_binary_targets_out_of_range() -> None:
    with pytest.raises(LabelError, match="between 0 and 1, y goes from 0 to 2"):
        dl.check_targets(dl.BinaryCrossEntropy(), np.array([0, 2]), ())


@pytest.mark.parametrize("what", ["sample_weight", "mask"])
def test_weights_that_do_not_fit(what: str, backend: str) -> None:
    p = registry.load(backend).state.from_numpy(LOGITS)
    with pytest.raises(ShapeError, match=r"of shape \(5,\) for elements of shape \(6,"):
        dl.cross_entropy(LABELS, p, **{what: np.ones(5, bool)})
    with pytest.raises(ShapeError, match=r"of shape \(6, 1\) for elements of shape \(6,"):
        dl.cross_entropy(LABELS, p, **{what: np.ones((6, 1), bool)})


def test_tensors_of_two_frameworks() -> None:
    with pytest.raises(ForeignTensorError, match="of torch for predictions of tensorflow"):
        dl.mse(torch.zeros(3), tf.zeros(3))
    with pytest.raises(ForeignTensorError, match="of tensorflow for predictions of torch"):
        dl.mse(np.zeros(3), torch.zeros(3), tf.ones(3))


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: dl.mse(np.zeros(3), torch.zeros(3, dtype=torch.int64)),
            DtypeError,
            "are int64, a",
        ),
        (
            lambda: dl.mse(np.zeros(3), torch.zeros(3), reduction="avg"),
            ConfigError,
            "choose one of m",
        ),
        (lambda: dl.MeanSquaredError(reduction="avg"), ConfigError, "reduction='avg'; choose one"),
        (
            lambda: dl.CrossEntropy(label_smoothing=1.0),
            ConfigError,
            r"label_smoothing=1\.0 must be",
        ),
        (lambda: dl.BinaryCrossEntropy(label_smoothing=-1), ConfigError, "label_smoothing=-1 must"),
        (lambda: dl.Huber(delta=0.0), ConfigError, r"delta=0\.0 must be above zero"),
        (lambda: dl.get("cross_entropi"), UnknownName, "did you mean 'cross_entropy'"),
        (lambda: dl.get(7), ConfigError, "a loss is a name or a function"),
        (lambda: dl.get(dl.Huber), ConfigError, r"write losses\.Huber\(\)"),
    ],
)
def test_bad_options(make: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


# Values


@pytest.mark.parametrize(
    "loss",
    [
        dl.CrossEntropy(label_smoothing=0.1, ignore_index=-1),
        dl.BinaryCrossEntropy(from_logits=False),
        dl.MeanSquaredError(reduction="sum"),
        dl.MeanAbsoluteError(),
        dl.Huber(0.5),
    ],
    ids=repr,
)
def test_a_loss_value_is_its_function(loss: dl.Loss) -> None:
    assert Configurable.from_config(json.loads(json.dumps(loss.to_config()))) == loss
    y = np.array([0, 1, 1]) if isinstance(loss, dl.CrossEntropy) else np.array([0.0, 0.5, 1.0])
    p = torch.rand(3, 2) if isinstance(loss, dl.CrossEntropy) else torch.rand(3)
    assert torch.equal(
        loss(y, p, WEIGHT[:3]), type(loss).function(y, p, WEIGHT[:3], **loss.fields())
    )


def test_get_by_name_and_function() -> None:
    assert dl.get("sparse_categorical_crossentropy") == dl.CrossEntropy()
    assert dl.get("bce") == dl.BinaryCrossEntropy()
    assert dl.get("MSE") == dl.get("mean_squared_error") == dl.get(dl.mse) == dl.MeanSquaredError()
    own = lambda y, p, w=None: p.sum()  # noqa: E731 - a user's loss
    assert dl.get(own) is own


def test_labels_may_go_unseen(backend: str) -> None:
    chosen = registry.load(backend)
    p = chosen.state.from_numpy(LOGITS)
    seen = dl.cross_entropy(LABELS, p)
    assert float(dl.cross_entropy(LABELS, p, validate=False)) == float(seen)


def test_predictions_may_be_numpy(backend: str) -> None:
    y = registry.load(backend).state.from_numpy(REAL)
    assert float(dl.mse(y, OUTPUT)) == pytest.approx(np.mean((REAL - OUTPUT) ** 2), rel=1e-14)


def test_per_sample_gradients_by_vmap() -> None:
    labels, logits = _torch(LABELS), _torch(LOGITS)
    one = torch.func.grad(lambda p, y: dl.cross_entropy(y[None], p[None]))
    got = torch.func.vmap(one)(logits, labels)
    wanted = torch.softmax(logits, -1) - _torch(ONE_HOT)
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-15)  # one rounding
