"""Losses: against NumPy, PyTorch and Keras; values, gradients, weights, masks, extremes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import torch
import torch.nn.functional as F
from loss_cases import (
    CASES,
    FUNCTIONS,
    KERAS,
    LABELS,
    LOGITS,
    ONE_HOT,
    OUTPUT,
    REAL,
    WEIGHT,
    Case,
    torch_of,
)

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

#: The first row of each loss, without options.
FIRST = list({case.loss: case for case in reversed(CASES) if not case.options}.values())


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
    np.testing.assert_allclose(got[1], gradient, rtol=1e-14, atol=1e-14)  # the same, around 1


#: What is compiled: each loss, and rows whose masks take ways of their own, which is CTC's only
#: row here, for it is long to compile.
COMPILED = [
    *(case for case in FIRST if case.loss is not dl.ctc),
    *(
        case
        for case in CASES
        if case.name in ("labels ignored", "labels masked", "ctc, shorter inputs, weighted")
    ),
]


@pytest.mark.parametrize("case", COMPILED, ids=str)
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
    y = tensor(case.y)
    got = _value_and_gradient(backend, compiled, y, case.prediction)
    wanted = _value_and_gradient(backend, case.loss, y, case.prediction, **case.options)
    np.testing.assert_allclose(got[0], wanted[0], rtol=1e-14)  # the same operations, fused
    np.testing.assert_allclose(got[1], wanted[1], rtol=1e-13, atol=1e-15)  # same


def test_every_loss_has_a_row() -> None:
    assert {cls.function for cls in dl.NAMES.values()} == FUNCTIONS
    classes = {getattr(dl, name) for name in dl.__all__ if name[0].isupper()} - {dl.Loss}
    assert classes == set(dl.NAMES.values())


@pytest.mark.parametrize("cls", sorted(set(dl.NAMES.values()), key=str), ids=lambda c: c.__name__)
def test_defaults_of_value_and_function_are_the_same(cls: type[dl.Loss]) -> None:
    given = inspect.signature(cls.function).parameters
    assert {name: given[name].default for name in cls().fields()} == cls().fields()


@pytest.mark.parametrize(
    ("loss", "name", "theirs", "ours", "y", "prediction"),
    KERAS,
    ids=[f"{row[1]}{'-smoothed' if 'label_smoothing' in row[2] else ''}" for row in KERAS],
)
def test_equals_keras(loss, name: str, theirs, ours, y, prediction, backend: str) -> None:
    keras = getattr(tf.keras.losses, name)(**theirs, dtype="float64")
    wanted = float(keras(y, tf.constant(prediction)))
    got = float(loss(y, registry.load(backend).state.from_numpy(prediction), **ours))
    assert got == pytest.approx(wanted, rel=2e-6)  # Keras's ε of 1e-7, and float32 constants


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


@pytest.mark.parametrize("case", FIRST, ids=str)
def test_what_is_masked_may_be_nan(case: Case, backend: str) -> None:
    y, p = case.y, case.prediction.copy()
    wanted, slope = _value_and_gradient(backend, case.loss, y[:-1], p[:-1])
    p[-1] = np.nan
    mask = np.arange(len(p)) < len(p) - 1
    value, gradient = _value_and_gradient(backend, case.loss, y, p, mask=mask)
    np.testing.assert_allclose(value, wanted, rtol=1e-14)  # another order of additions
    np.testing.assert_allclose(gradient[:-1], slope, rtol=1e-13, atol=1e-16)  # same
    assert not gradient[-1].any()


@pytest.mark.parametrize("case", FIRST, ids=str)
def test_weights_and_reductions_of_each_sample(case: Case, backend: str) -> None:
    weight = np.linspace(0.5, 2.0, len(case.y))
    p = registry.load(backend).state.from_numpy(case.prediction)
    each = np.asarray(case.loss(case.y, p, reduction="none"))
    spread = weight.reshape(-1, *(1,) * (each.ndim - 1))
    for reduction, reduce in (("none", np.asarray), ("sum", np.sum), ("mean", np.mean)):
        got = np.asarray(case.loss(case.y, p, weight, reduction=reduction))
        np.testing.assert_allclose(got, reduce(spread * each), rtol=1e-14)  # order of additions


@pytest.mark.parametrize("case", FIRST, ids=str)
def test_second_derivatives(case: Case) -> None:
    """Those of TensorFlow are those of PyTorch."""
    direction = np.linspace(-1.0, 1.0, case.prediction.size).reshape(case.prediction.shape)
    p = torch.tensor(case.prediction, requires_grad=True)
    (first,) = torch.autograd.grad(case.loss(case.y, p), p, create_graph=True)
    (wanted,) = torch.autograd.grad((first * torch_of(direction)).sum(), p, allow_unused=True)
    q = tf.constant(case.prediction)
    with tf.GradientTape() as outer:
        outer.watch(q)
        with tf.GradientTape() as inner:
            inner.watch(q)
            value = case.loss(case.y, q)
        product = tf.reduce_sum(inner.gradient(value, q) * direction)
    got = outer.gradient(product, q)
    wanted = np.zeros(p.shape) if wanted is None else wanted.numpy(force=True)
    got = np.zeros(p.shape) if got is None else tf.convert_to_tensor(got).numpy()
    scale = max(np.abs(wanted).max(), 1.0)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * scale)  # γ² = 6400 in circle


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
    each = F.cross_entropy(torch_of(LOGITS), torch_of(LABELS), reduction="none").numpy()
    wanted = (WEIGHT * each)[kept].sum() / kept.sum()
    p = registry.load(backend).state.from_numpy(LOGITS)
    got = dl.cross_entropy(LABELS, p, WEIGHT, ignore_index=2, mask=mask)
    assert float(got) == pytest.approx(wanted, rel=1e-14)  # a sum of 4 terms


# Dtypes


@pytest.mark.parametrize("case", FIRST, ids=str)
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
    case: Case, dtype: str, kept: str, backend: str
) -> None:
    state = registry.load(backend).state
    p = state.from_numpy(case.prediction, dtype=dtype)
    value = case.loss(case.y, p)
    assert state.dtype_name(value) == kept
    reference = case.loss(case.y, state.from_numpy(state.to_numpy(p).astype("float64")))
    assert float(value) == pytest.approx(float(reference), rel=2e-5)  # float32; circle's γ is 80


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
        dl.FocalCrossEntropy(alpha=None, gamma=1.0),
        dl.Tversky(0.3, 0.7),
        dl.CTC(blank=2),
    ],
    ids=repr,
)
def test_a_loss_value_is_its_function(loss: dl.Loss) -> None:
    assert Configurable.from_config(json.loads(json.dumps(loss.to_config()))) == loss
    case = next(case for case in FIRST if case.loss is type(loss).function)
    p, weight = torch_of(case.prediction), WEIGHT[: len(case.y)]
    if isinstance(loss, dl.BinaryCrossEntropy):
        p = torch.sigmoid(p)
    wanted = type(loss).function(case.y, p, weight, **loss.fields())
    assert torch.equal(loss(case.y, p, weight), wanted)


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
    labels, logits = torch_of(LABELS), torch_of(LOGITS)
    one = torch.func.grad(lambda p, y: dl.cross_entropy(y[None], p[None]))
    got = torch.func.vmap(one)(logits, labels)
    wanted = torch.softmax(logits, -1) - torch_of(ONE_HOT)
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-15)  # one rounding


# What each of the later losses says of its arguments


@pytest.mark.parametrize(
    ("loss", "y", "shape", "error", "text"),
    [
        (dl.FocalCrossEntropy(), np.array([0, 3]), (2, 3), LabelError, "label 3 at"),
        (dl.GeneralizedCrossEntropy(), np.array([-1, 0]), (2, 3), LabelError, "label -1 at"),
        (dl.CategoricalHinge(), np.array([5, 0]), (2, 3), LabelError, "label 5 at"),
        (dl.BinaryFocalCrossEntropy(), np.zeros(2), (2, 1), ShapeError, "give the targets a last"),
        (dl.CTC(), np.array([[1, 4]]), (1, 5, 4), LabelError, "label 4, but .* 0 to 3"),
        (dl.CTC(), np.array([1, 2]), (2, 5, 4), ShapeError, r"CTC takes labels \(N, S\)"),
        (dl.CTC(), np.ones((2, 2)), (2, 5, 4), DtypeError, "are float64, they must be int"),
        (dl.Circle(), np.zeros((2, 1), int), (2, 5), ShapeError, r"labels \(N,\) and embed"),
        (dl.Circle(), np.zeros(2), (2, 5), DtypeError, "are float64, they must be int"),
        (dl.KLDivergence(), np.zeros(3), (3, 2), ShapeError, "targets of shape"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, dl.Loss) else None,
)
def test_later_targets_that_do_not_fit(loss, y, shape, error, text: str, backend: str) -> None:
    with pytest.raises(error, match=text):
        loss(y, registry.load(backend).state.from_numpy(np.zeros(shape)))
    with pytest.raises(error, match=text):
        dl.check_targets(loss, y, shape[1:])


@pytest.mark.parametrize(
    ("loss", "y", "text"),
    [
        (dl.Hinge(), np.array([0.0, 2.0]), "of a hinge are -1 and 1, or 0 and 1; y goes from 0"),
        (dl.SquaredHinge(), np.array([-2.0]), "of a hinge"),
        (dl.Poisson(), np.array([-1.0, 2.0]), r"not negative, the smallest of y is -1\.0"),
        (dl.KLDivergence(), np.array([[-0.5, 1.5]]), "between 0 and 1, y goes from -0.5 to 1.5"),
        (dl.Dice(), np.array([[0.0, 2.0]]), "between 0 and 1.*one channel per class"),
        (dl.Tversky(), np.array([[0.0, 2.0]]), "between 0 and 1.*one channel per class"),
        (dl.BinaryFocalCrossEntropy(), np.array([2.0]), "use focal_cross_entropy"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, dl.Loss) else None,
)
def test_targets_out_of_range(loss: dl.Loss, y: np.ndarray, text: str) -> None:
    with pytest.raises(LabelError, match=text):
        dl.check_targets(loss, y, y.shape[1:])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: dl.FocalCrossEntropy(alpha=0.0), r"alpha=0\.0 must be in \(0, 1\], or None"),
        (lambda: dl.BinaryFocalCrossEntropy(gamma=-1.0), r"gamma=-1\.0 must not be below zero"),
        (lambda: dl.GeneralizedCrossEntropy(q=0.0), r"q=0\.0 must be in \(0, 1\]; for q = 0 use"),
        (lambda: dl.Tversky(alpha=-1.0), r"alpha=-1\.0 must not be below zero"),
        (lambda: dl.Dice(smooth=-1.0), r"smooth=-1\.0 must not be below zero"),
        (lambda: dl.Circle(gamma=0.0), r"gamma=0\.0 must be above zero"),
        (lambda: dl.Circle(margin=1.0), r"margin=1\.0 must be in \[0, 1\)"),
        (lambda: dl.CTC(blank=-1), "blank=-1 is none of"),
        (lambda: dl.ctc(np.ones((1, 1), int), torch.zeros(1, 2, 5), blank=5), "5 is none of 5"),
    ],
)
def test_later_options_out_of_range(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        make()


def test_an_overlap_needs_axes_beside_the_samples() -> None:
    with pytest.raises(ShapeError, match="no axes beside the samples"):
        dl.dice(np.zeros(3), torch.zeros(3))


# Their edges


def test_empty_regions_agree(backend: str) -> None:
    value, gradient = _value_and_gradient(backend, dl.dice, np.zeros((1, 4)), np.zeros((1, 4)))
    assert value == 0.0
    assert np.isfinite(gradient).all()


def test_a_vector_of_length_zero_has_no_direction(backend: str) -> None:
    y = np.array([[1.0, 0.0], [0.0, 0.0]])
    value, gradient = _value_and_gradient(
        backend, dl.cosine_distance, y, np.zeros((2, 2)), reduction="none"
    )
    np.testing.assert_array_equal(value, [1.0, 1.0])
    assert not gradient.any()


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_a_focal_loss_of_a_sure_sample(gamma: float, backend: str) -> None:
    logits = np.array([[1e4, -1e4], [-1e4, 1e4]])
    value, gradient = _value_and_gradient(
        backend, dl.focal_cross_entropy, np.array([0, 0]), logits, reduction="none", gamma=gamma
    )
    np.testing.assert_array_equal(value, [0.0, 5e3])
    np.testing.assert_array_equal(gradient, [[0.0, 0.0], [-0.25, 0.25]])
    value, gradient = _value_and_gradient(
        backend, dl.binary_focal_cross_entropy, np.array([1, 0]), np.array([1e4, 1e4]), gamma=gamma
    )
    assert value == 0.75 * 1e4 / 2
    np.testing.assert_array_equal(gradient, [0.0, 0.375])


def test_log_cosh_near_and_far(backend: str) -> None:
    errors = np.array([1e-9, -0.5, 1.0, -3.0, 1e200])
    value, gradient = _value_and_gradient(
        backend, dl.log_cosh, np.zeros(5), errors, reduction="none"
    )
    near = np.log(np.cosh(errors[1:4]))
    np.testing.assert_allclose(value, [5e-19, *near, 1e200], rtol=1e-15)  # two roundings
    np.testing.assert_allclose(gradient, np.tanh(errors), rtol=1e-15)  # same


def test_labels_that_no_path_reads_as(backend: str) -> None:
    """Two steps are not enough for two equal labels, with a blank between them."""
    value, gradient = _value_and_gradient(
        backend, dl.ctc, np.array([[1, 1], [1, 2]]), np.zeros((2, 2, 3)), reduction="none"
    )
    assert value[0] == np.inf
    assert value[1] == pytest.approx(2 * np.log(3.0), rel=1e-15)  # one path
    assert not gradient[0].any()
    assert gradient[1].any()


def test_symbols_of_probability_zero(backend: str) -> None:
    logits = np.array([[[0.0, 0.0, -np.inf]] * 3])
    value, gradient = _value_and_gradient(backend, dl.ctc, np.array([[1]]), logits)
    assert value == pytest.approx(np.log(8 / 6), rel=1e-15)  # b1b is 6 of 8 paths of two symbols
    assert np.isfinite(gradient).all()
    p = np.array([[[0.5, 0.5, 0.0]] * 3])
    value, gradient = _value_and_gradient(backend, dl.ctc, np.array([[1]]), p, from_logits=False)
    assert value == pytest.approx(np.log(8 / 6), rel=1e-15)  # the same
    assert np.isfinite(gradient).all()


def test_an_anchor_without_partners_has_no_loss(backend: str) -> None:
    value, gradient = _value_and_gradient(
        backend, dl.circle, np.array([0, 1, 2]), LOGITS[:3], reduction="none"
    )
    np.testing.assert_array_equal(value, [0.0, 0.0, 0.0])
    assert not gradient.any()


def test_several_predictions_are_refused() -> None:
    loss = dl.CrossEntropy()
    with pytest.raises(ConfigError, match="one prediction, but the network gives a tuple of 2"):
        loss(np.zeros(2, "int64"), (np.zeros((2, 3)), np.zeros((2, 3))))
