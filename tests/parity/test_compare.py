"""Healthy networks agree, chaotic ones are noise, kinks and dead parameters are no difference."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

import dualnet as dn
from dualnet import losses, metrics, nn, ops, optim
from dualnet.errors import (
    BackendNotFound,
    ConfigError,
    LabelError,
    NonFiniteError,
    ShapeError,
    UnknownName,
)
from dualnet.parity.freerun import MEASURED, measured_steps
from dualnet.parity.lane import Lane
from tests.parity.conftest import labels, numbers

X, Y = numbers(24, 4), labels(24, 3)
IMAGES = numbers(24, 8, 8, 1)
WORDS = numbers(24, 6, 4)

#: Its first sample puts every unit of a first layer without bias exactly on ReLU's kink.
FIRST_IS_ZERO = X[:8] * (np.arange(8) > 0)[:, None]

HEALTHY = {
    "mlp with dropout": (
        nn.Sequential(nn.Dense(8, activation="relu"), nn.Dropout(0.3), nn.Dense(3)),
        X,
    ),
    "cnn with batch norm": (
        nn.Sequential(
            nn.Conv2D(4, 3, activation="relu"),
            nn.MaxPool2D(2),
            nn.Conv2D(4, 2),
            nn.BatchNorm(),
            nn.Flatten(),
            nn.Dense(3),
        ),
        IMAGES,
    ),
    "lstm": (nn.Sequential(nn.LSTM(5), nn.Dense(3)), WORDS),
    "layer norm": (
        nn.Sequential(nn.Dense(6), nn.LayerNorm(), nn.Dense(6, activation="gelu"), nn.Dense(3)),
        X,
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_networks_agree(name, dtype, run):
    net, x = HEALTHY[name]
    report = run(net, x, Y, optimizer=optim.Adam(1e-2), steps=6, dtype=dtype)
    assert report.verdict in ("identical", "agree"), str(report)
    assert (report.ok, report.first) == (True, None)
    assert [f.phase for f in report.proof.findings] == [
        phase
        for phase in ("forward", "loss", "gradient", "state", "update")
        if phase != "state" or name in ("mlp with dropout", "cnn with batch norm")
    ]


def test_attention_agrees(run):
    x = nn.Input((6, 4))
    net = nn.Graph(x, nn.Dense(3)(nn.Flatten()(nn.MultiHeadAttention(2, 3)(x, x))))
    report = run(net, WORDS, Y, optimizer=optim.Adam(1e-2))
    assert report.verdict in ("identical", "agree"), str(report)


def test_a_backend_is_identical_to_itself(run, backend):
    net = nn.Sequential(nn.Dense(8, activation="tanh"), nn.Dropout(0.3), nn.Dense(3))
    report = run(net, X, Y, optimizer=optim.Adam(1e-2), backends=(backend, backend))
    assert report.verdict == "identical"
    assert list(report.history) == [backend, f"{backend} (2)"]
    assert all(
        row.cross["weights"].ulps == 0 < row.control["weights"].ulps
        for row in report.practice.free_run
    )


def test_a_dead_bias_is_listed_and_is_no_difference(run):
    net = nn.Sequential(nn.Conv2D(3, 2), nn.BatchNorm(), nn.Flatten(), nn.Dense(3))
    report = run(net, IMAGES, Y, optimizer=optim.Adam(1e-2), steps=8)
    assert report.proof.dead == ("conv2d.bias",)
    assert report.verdict == "agree", str(report)
    assert "dead parameters" in str(report)


def test_chaotic_training_is_noise(run):
    net = nn.Sequential(*(nn.Dense(16, activation="relu") for _ in range(6)), nn.Dense(1))
    target = 10 * numbers(24, 1, seed=5)
    report = run(
        net,
        X,
        target,
        loss="mse",
        optimizer=optim.SGD(0.3, momentum=0.9, global_clipnorm=5.0),
        batch_size=4,
        epochs=25,
        steps=150,
        proof_steps=3,
    )
    assert report.verdict == "noise", str(report)
    last = report.practice.free_run[-1]
    assert last.cross["weights"].relative > last.bound
    assert report.reason.startswith("from step ")


def test_training_that_explodes_to_nan_is_no_divergence(run, mlp):
    report = run(
        mlp, 1e3 * X, numbers(24, 3), loss="mse", optimizer=optim.SGD(1e3), epochs=4, steps=12
    )
    assert not math.isfinite(report.practice.free_run[-1].loss["torch"])
    assert report.verdict != "diverged", str(report)


def test_a_kink_is_no_difference(run, plant):
    """Rounding alone decides whether a unit at zero is on: both derivatives are right."""
    plant("tensorflow", "nn.linear", lambda right: lambda *args: right(*args) + 1e-18)
    net = nn.Sequential(nn.Dense(5, activation="relu"), nn.Dense(3))
    report = run(net, FIRST_IS_ZERO, Y[:8])
    assert report.verdict != "diverged", str(report)
    assert any(flip.startswith("dense at unit") for flip in report.proof.flips)
    assert "kinks" in str(report)


def test_a_real_bug_beside_a_kink_is_found(run, plant):
    plant("tensorflow", "nn.linear", lambda right: lambda *args: right(*args) + 1e-18)

    def wrong(right):
        @tf.custom_gradient
        def tanh(x, *rest):
            return right(x), lambda upstream: upstream * (1 - right(x) ** 2) * (1 + 1e-6)

        return lambda x: tanh(x)

    plant("tensorflow", "nn.softsign", wrong)
    net = nn.Sequential(
        nn.Dense(5, activation="relu", bias_initializer="zeros"),
        nn.Dense(4, bias_initializer="ones"),
        nn.Activation("softsign"),
        nn.Dense(3),
    )
    report = run(net, FIRST_IS_ZERO, Y[:8])
    assert report.first is not None
    assert (report.first.phase, report.first.layer) == ("gradient", "activation")


def test_a_difference_in_float32_alone_is_found_in_practice(run, plant):
    """The proof in float64 is clean; lock-step in practice finds it."""

    def only_in_float32(right):
        def sigmoid(x):
            return right(x) * (1.001 if x.dtype == tf.float32 else 1.0)

        return sigmoid

    plant("tensorflow", "nn.sigmoid", only_in_float32)
    net = nn.Sequential(nn.Dense(5, activation="sigmoid"), nn.Dense(3))
    report = run(net, X, Y)
    assert (report.verdict, report.first.dtype) == ("diverged", "float32")
    assert (report.first.phase, report.first.path) == ("forward", "dense")
    assert report.practice.excess[0] == 0


def test_layers_called_twice_and_with_options_are_replayed(run, plant):
    """A shared layer's counters, and keyword arguments, are what they were in the run."""
    shared = nn.Sequential(nn.Dense(4, activation="tanh"), nn.Dropout(0.5))
    x = nn.Input((4,))
    net = nn.Graph(x, nn.Dense(3)(shared(shared(x))))
    plant(
        "tensorflow",
        "nn.linear",
        lambda right: (
            lambda x, kernel, *b: right(x, kernel, *b) * (1 + 1e-7 * (kernel.shape[1] == 3))
        ),
    )
    report = run(net, X, Y)
    assert (report.first.phase, report.first.path) == ("forward", "dense")


def test_history_scores_and_rows_are_those_of_fit(run, mlp):
    report = run(
        mlp,
        X,
        Y,
        optimizer="adam",
        epochs=2,
        steps=None,
        metrics=["accuracy"],
        validation_data=(X[:8], Y[:8]),
    )
    for name in ("torch", "tensorflow"):
        model = dn.Model(mlp, input_shape=(4,), backend=name, dtype="float32", seed=0, device="cpu")
        model.compile(optimizer="adam", loss="cross_entropy", metrics=["accuracy"])
        history = model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
        assert report.history[name] == history.history
        assert report.scores[name] == pytest.approx(model.evaluate(X[:8], Y[:8]), rel=1e-6)  # f32
    assert [row.step for row in report.practice.free_run] == list(range(6))
    assert [row.step for row in report.proof.lock_step] == [0, 1, 5]


def test_truth_is_measured_while_the_proof_lasts(run, mlp):
    report = run(mlp, X, Y, optimizer="adam", proof_steps=2)
    assert [bool(row.truth) for row in report.practice.free_run] == [True, True, False]
    assert (
        0 < report.practice.free_run[1].truth["torch"]["weights"].relative < 1e-6
    )  # float32 against float64


def test_progress_is_told(run, mlp):
    seen = []
    run(mlp, X, Y, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        ({"backends": ("torch", "jax")}, BackendNotFound, "jax"),
        ({"backends": ("torch",)}, ConfigError, "give two names"),
        ({"loss": "croos_entropy"}, UnknownName, "cross_entropy"),
        ({"epochs": 0}, ConfigError, "epochs"),
        ({"steps": 0}, ConfigError, "steps"),
        ({"proof_steps": 0}, ConfigError, "proof_steps"),
        ({"dtype": "float8"}, TypeError, "float8"),
    ],
)
def test_bad_arguments_are_refused(wrong, error, text, run, mlp):
    with pytest.raises(error, match=text):
        run(mlp, X, Y, **wrong)


def test_accuracy_is_that_of_the_loss(run):
    """Probabilities are told from logits by the loss: the threshold is 1/2, not 0."""
    net = nn.Sequential(nn.Dense(1), nn.Activation("sigmoid"))
    target = (X[:, :1] > 0).astype(float)
    loss = losses.BinaryCrossEntropy(from_logits=False)
    report = run(net, X, target, loss=loss, optimizer=optim.SGD(0.0), metrics=["accuracy"])
    for name in ("torch", "tensorflow"):
        model = dn.Model(net, input_shape=(4,), backend=name, dtype="float32", seed=0, device="cpu")
        right = (dn.to_numpy(model(X)) > 0.5) == (target > 0.5)
        assert report.scores[name]["accuracy"] == right.mean() != target.mean()


def test_bad_data_are_refused(run, mlp, monkeypatch):
    monkeypatch.setattr(Lane, "train", None)  # before any step
    with pytest.raises(LabelError, match=r"label 3 at y\[23\]"):
        run(mlp, X, np.append(Y[:-1], 3))
    with pytest.raises(ShapeError, match="targets of shape"):
        run(mlp, X, Y[:, None])
    with pytest.raises(ShapeError):
        run(mlp, X[:, :3], Y, input_shape=(4,))
    with pytest.raises(NonFiniteError, match="NaN"):
        run(mlp, X, Y, validation_data=(np.full_like(X, np.nan), Y))
    with pytest.raises(NonFiniteError, match="NaN"):
        run(mlp, np.where(X > 1, np.nan, X), Y)
    with pytest.raises(ConfigError, match="targets"):
        run(mlp, X, None)


@pytest.mark.parametrize("total", [1, 2, MEASURED, MEASURED + 1, 100, 5000])
def test_measured_steps_are_few_and_hold_the_first_and_the_last(total):
    steps = measured_steps(total)
    assert len(steps) <= MEASURED
    assert {0, total - 1} <= steps <= set(range(total))


def test_a_report_holds_numbers_not_tensors(run, mlp):
    """Memory grows by some numbers per step, whatever the size of the model."""
    report = run(mlp, X, Y, metrics=[metrics.Accuracy()])

    def leaves(value):
        if dataclasses.is_dataclass(value):
            value = [getattr(value, f.name) for f in dataclasses.fields(value)]
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            return [leaf for item in value for leaf in leaves(item)]
        return [value]

    assert {type(leaf) for leaf in leaves(report)} <= {str, int, float, type(None)}


def test_training_that_overflows_is_noise():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)).astype("float32"), rng.integers(0, 3, 60)
    net = nn.Sequential(nn.Dense(8, activation="gelu"), nn.BatchNorm(), nn.Dense(3))
    report = dn.compare(
        net, x, y, loss="cross_entropy", optimizer=optim.SGD(1e8), batch_size=20, epochs=1
    )
    assert report.verdict == "noise"


class Logarithm(nn.Layer):
    """The logarithm of what is not negative, with the least number in the place of zero."""

    def forward(self, x):
        return ops.log(ops.maximum(x, 1e-9))


def test_infinities_that_both_mean_excuse_nothing(run, plant):
    plant("tensorflow", "nn.softsign", lambda right: lambda x: right(x) * (1 + 1e-9))

    class Masked(nn.Layer):
        def forward(self, x):
            return ops.concat([ops.nn.softsign(x), x[:, :1] * 0.0 - math.inf], axis=-1)

    report = run(nn.Sequential(nn.Dense(3), Masked()), X, Y)
    assert (report.verdict, report.first.layer) == ("diverged", "masked"), str(report)


@pytest.mark.parametrize("side", ["torch", "tensorflow"])
def test_infinity_on_one_side_only_is_a_difference(side, run, plant):
    plant(side, "log", lambda right: lambda x: right(x - 1e-9))
    net = nn.Sequential(nn.Dense(5, activation="relu"), Logarithm(), nn.Dense(3))
    report = run(net, X, Y)
    assert (report.verdict, report.first.step, report.first.layer) == ("diverged", 0, "logarithm")


def test_a_layer_at_fault_is_told_with_its_own_distance(run, plant):
    plant("tensorflow", "tanh", lambda right: lambda x: right(x) * (1 + 1e-6))
    net = nn.Sequential(nn.Dense(5, activation="relu"), nn.Activation("tanh"), nn.Dense(3))
    first = run(net, X, Y).first
    assert (first.path, first.phase, len(first.index)) == ("activation", "forward", 2)
    here, there = first.values["torch"], first.values["tensorflow"]
    assert there / here - 1 == pytest.approx(1e-6, rel=1e-3)  # rounding is 1e-10 of it
    assert first.distance.absolute == pytest.approx(abs(there - here), rel=1e-12)
    assert first.distance.relative == pytest.approx(1e-6, rel=1e-3)


def test_an_error_of_one_side_names_it(run, plant):
    def broken(x):
        raise ValueError("no such function")

    plant("tensorflow", "tanh", lambda right: broken)
    with pytest.raises(ValueError, match="no such function") as caught:
        run(nn.Sequential(nn.Dense(3, activation="tanh")), X, Y)
    assert caught.value.__notes__[-1] == "(on tensorflow, in float32)"
