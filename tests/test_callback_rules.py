"""Callbacks that decide something: the same decisions as Keras's on the same measures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

import dualnet as dn
from dualnet import callbacks, nn, optim
from dualnet.callbacks.monitor import rises
from dualnet.metrics.names import NAMES

X = np.random.default_rng(1).normal(size=(40, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")
EPOCHS = 24


def measures(seed: int) -> list[float]:
    """A noisy descent to a plateau, in steps of 1/8 so that ties occur."""
    drawn = np.random.default_rng(seed)
    falling = 4 * np.exp(-np.arange(EPOCHS) / 4) + drawn.normal(size=EPOCHS) / 4
    return [float(value) for value in np.round(falling * 8) / 8]


class Ours:
    """As much of a model as the callbacks touch."""

    def __init__(self) -> None:
        self.rule = SimpleNamespace(learning_rate=1.0)
        self.compiled = SimpleNamespace(optimizer=self.rule)
        self.stop_training = False
        self.epoch = 0
        self.restored: int | None = None

    definition = nn.Dense(1)

    def compiled_config(self) -> None:
        return None

    def bound_optimizer(self) -> Any:
        return self.rule

    def state(self) -> int:
        return self.epoch

    def load_state(self, state: int) -> None:
        self.restored = state

    def save(self, path: str) -> None:
        self.saved.append(path)

    saved: list[str]


class Theirs(Ours):
    """The same by Keras's names."""

    @property
    def optimizer(self) -> Any:
        return self.rule

    get_weights, set_weights = Ours.state, Ours.load_state

    def save(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(path)


def walked(callback: Any, model: Ours, name: str, values: list[float]) -> dict[str, Any]:
    """What a callback makes of a sequence of measures."""
    model.saved = []
    rates: list[float] = []
    for epoch, value in enumerate(values):
        model.epoch = epoch
        callback.on_epoch_begin(epoch)
        logs = {name: value}
        callback.on_epoch_end(epoch, logs)
        rates.append(logs.get("learning_rate", model.rule.learning_rate))
        if model.stop_training:
            break
    callback.on_train_end()
    return {"rates": rates, "restored": model.restored, "saved": model.saved}


def both(ours: Any, theirs: Any, name: str, values: list[float]) -> tuple[dict, dict]:
    """What our callback and Keras's make of it."""
    here, there = Ours(), Theirs()
    ours.model = here
    theirs.set_model(there)
    ours.on_train_begin(EPOCHS, 1)
    theirs.on_train_begin()
    return walked(ours, here, name, values), walked(theirs, there, name, values)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patience": 3},
        {"patience": 2, "min_delta": 0.25, "restore_best_weights": True},
        {"patience": 3, "mode": "max", "restore_best_weights": True},
        {"patience": 2, "start_from_epoch": 9, "restore_best_weights": True},
        {"patience": 6, "baseline": 1.0, "restore_best_weights": True},
    ],
    ids=str,
)
def test_early_stopping_is_that_of_keras(options: dict[str, Any]) -> None:
    ended = set()
    for seed in range(8):
        sign = -1.0 if "mode" in options else 1.0
        ours, theirs = both(
            callbacks.EarlyStopping("val_loss", **options),
            keras.callbacks.EarlyStopping("val_loss", **options),
            "val_loss",
            [sign * value for value in measures(seed)],
        )
        assert ours == theirs
        ended.add(len(ours["rates"]))
    assert len(ended) > 1


@pytest.mark.parametrize(
    "options",
    [
        {"factor": 0.5, "patience": 2},
        {"factor": 0.5, "patience": 1, "cooldown": 3},
        {"factor": 0.25, "patience": 1, "min_lr": 0.125},
        {"factor": 0.5, "patience": 3, "min_delta": 0.5},
        {"factor": 0.5, "patience": 0, "cooldown": 1, "mode": "max"},
    ],
    ids=str,
)
def test_plateaus_are_those_of_keras(options: dict[str, Any]) -> None:
    for seed in range(8):  # factors are powers of two: Keras's float32 rates are exact
        ours, theirs = both(
            callbacks.ReduceLROnPlateau("val_loss", **options),
            keras.callbacks.ReduceLROnPlateau("val_loss", **options),
            "val_loss",
            measures(seed),
        )
        assert ours == theirs
        assert len(set(ours["rates"])) > 1


@pytest.mark.parametrize(
    "schedule", [lambda epoch, rate: rate / 2 if epoch % 3 else rate, lambda epoch: 1 / (1 + epoch)]
)
def test_scheduler_is_that_of_keras(schedule: Any) -> None:
    ours, theirs = both(
        callbacks.LearningRateScheduler(schedule),
        keras.callbacks.LearningRateScheduler(schedule),
        "loss",
        measures(0),
    )
    assert ours == theirs
    assert len(set(ours["rates"])) > 3


#: Metrics of which less is better, or neither; a loss's mean is a metric too.
FALLING = {"false_negatives", "false_positives", "mean", "root_mean_squared_error", "sum"}


def test_the_direction_of_every_metric() -> None:
    named = {dn.metrics.get(name).name for name in NAMES}
    assert {name for name in named if not rises(name)} == FALLING
    losses = {dn.metrics.get(name).name for name in dn.losses.NAMES}
    assert {name for name in losses if rises(name)} == {"cosine_similarity"}  # the metric's name


@pytest.mark.parametrize("threshold", [None, 1.0])
@pytest.mark.parametrize("mode", ["min", "max"])
def test_checkpoints_are_made_when_keras_makes_them(mode: str, threshold: float | None) -> None:
    options: dict[str, Any] = {"save_best_only": True, "mode": mode}
    options["initial_value_threshold"] = threshold
    ours, theirs = both(
        callbacks.ModelCheckpoint("{epoch}.keras", "score", **options),
        keras.callbacks.ModelCheckpoint("{epoch}.keras", "score", **options),
        "score",
        measures(3),
    )
    theirs["saved"] = [f"{int(path.split('.')[0]) - 1}.keras" for path in theirs["saved"]]
    assert ours["saved"] == theirs["saved"]  # Keras writes epochs from 1
    assert 0 < len(ours["saved"]) < EPOCHS


@pytest.mark.parametrize("loss", [np.nan, np.inf])
@pytest.mark.parametrize("every", [1, 4])
def test_nan_ends_where_keras_ends(every: int, loss: float) -> None:
    ours, theirs = callbacks.TerminateOnNaN(every), keras.callbacks.TerminateOnNaN()
    here, there = Ours(), Theirs()
    ours.model = here
    theirs.set_model(there)
    ours.on_train_begin(1, 12)
    ours.on_epoch_begin(0)
    means = [1.0] * 5 + [loss] * 7  # a running mean stays NaN
    stopped = next(batch for batch, mean in enumerate(means) if ended(theirs, there, batch, mean))
    with pytest.warns(UserWarning, match="training ends"):
        batch = next(batch for batch, mean in enumerate(means) if ended(ours, here, batch, mean))
    assert batch + 1 == -(-(stopped + 1) // every) * every


def ended(callback: Any, model: Ours, batch: int, mean: float) -> bool:
    callback.on_batch_end(batch, {"loss": mean})
    return model.stop_training


class Spoiler(callbacks.Callback):
    """Counts steps, and spoils the weights in one of them."""

    def __init__(self, spoil: int = -1) -> None:
        self.spoil, self.steps, self.looks = spoil, 0, 0

    def on_batch_end(self, batch, logs):
        if self.steps == self.spoil:
            state = self.model.state()
            self.model.load_state({path: value * np.nan for path, value in state.items()})
        self.steps += 1


@pytest.mark.parametrize("every", [1, 3, 64])
def test_nan_ends_a_run_without_an_error(backend: str, every: int) -> None:
    model = dn.Model(nn.Dense(2), (4,), backend=backend)
    model.compile("sgd", "cross_entropy", jit=False)
    counting, ending = Spoiler(spoil=3), callbacks.TerminateOnNaN(every)
    with pytest.warns(UserWarning, match="in epoch 0; training ends"):
        history = model.fit(
            X,
            Y,
            batch_size=4,
            epochs=3,
            validation_data=(X, Y),
            verbose=0,
            callbacks=[counting, ending],
        )
    assert len(history["loss"]) == 1
    assert np.isnan(history["loss"][0])
    assert counting.steps == {1: 5, 3: 6, 64: 10}[every]
    assert ending.stopped_epoch == 0
    with pytest.raises(dn.NonFiniteError):  # without the callback it is an error
        model.fit(X, Y, verbose=0)


def test_a_loss_is_looked_at_seldom() -> None:
    """Looking at a running mean reads every step's loss, so it is what to count."""
    reads = []

    class Losses(dict):
        def __getitem__(self, name: str) -> float:
            reads.append(name)
            return 1.0

    ending = callbacks.TerminateOnNaN()
    ending.model = Ours()
    ending.on_train_begin(1, 1000)
    ending.on_epoch_begin(0)
    for batch in range(1000):
        ending.on_batch_end(batch, Losses())
    assert len(reads) == 1000 // 64


def test_averages_are_swapped(backend: str, tmp_path) -> None:
    """``e ← 0.8 e + 0.2 p`` after every step: validation, files and the end have e."""
    model = dn.Model(nn.Dense(2), (4,), backend=backend, dtype="float64")
    model.compile(optim.SGD(0.5, ema=0.8), "cross_entropy", jit=False)
    kernel = average = model.state()["kernel"]
    validated, trained = [], []

    class Watch(callbacks.Callback):
        def on_batch_end(self, batch, logs):
            nonlocal average
            trained.append(self.model.state()["kernel"])
            average = 0.8 * average + 0.2 * trained[-1]

        def on_test_end(self, logs):
            validated.append((self.model.state()["kernel"], average))

    path = tmp_path / "{epoch}.safetensors"
    swapping = callbacks.SwapEMAWeights(swap_on_epoch=True)
    saving = callbacks.ModelCheckpoint(path)
    model.fit(
        X,
        Y,
        batch_size=20,
        epochs=3,
        validation_data=(X, Y),
        verbose=0,
        callbacks=[Watch(), swapping, saving],
    )
    plain = dn.Model(nn.Dense(2), (4,), backend=backend, dtype="float64")
    plain.compile(optim.SGD(0.5), "cross_entropy", jit=False)
    np.testing.assert_array_equal(plain.state()["kernel"], kernel)
    plain.fit(X, Y, batch_size=20, epochs=3, verbose=0)
    np.testing.assert_allclose(trained[-1], plain.state()["kernel"], rtol=1e-12)  # float64
    # on_test_end comes to Watch before the weights are swapped back
    for there, here in validated:
        np.testing.assert_allclose(there, here, rtol=1e-12)  # float64
    saved = dn.load(tmp_path / "2.safetensors", backend=backend).state()["kernel"]
    np.testing.assert_allclose(saved, average, rtol=1e-12)  # float64
    np.testing.assert_allclose(model.state()["kernel"], average, rtol=1e-12)  # float64
    assert len(validated) == 3


def test_averages_in_evaluate_and_predict(backend: str) -> None:
    model = dn.Model(nn.Dense(2), (4,), backend=backend)
    model.compile(optim.SGD(0.5, ema=0.5), "cross_entropy", jit=False)
    model.fit(X, Y, epochs=2, verbose=0)
    before = model.state()
    with model.optimizer.averaged():
        loss, outputs = model.evaluate(X, Y), model.predict(X)
    swap = [callbacks.SwapEMAWeights()]
    assert model.evaluate(X, Y, callbacks=swap) == loss != model.evaluate(X, Y)
    np.testing.assert_array_equal(model.predict(X, callbacks=swap), outputs)
    with pytest.raises(dn.ShapeError):
        model.evaluate(lambda: iter([(X[:, :3], Y)]), callbacks=swap)
    for name, value in model.state().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_plateau_lowers_the_rate_of_a_model(backend: str) -> None:
    model = dn.Model(nn.Dense(2), (4,), backend=backend)
    model.compile(optim.SGD(0.5), "cross_entropy", jit=False)
    lowering = callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100.0)
    history = model.fit(X, Y, epochs=4, verbose=0, callbacks=[lowering])
    assert history["learning_rate"] == [0.5, 0.5, 0.25, 0.125]
    assert model.optimizer.learning_rate == 0.0625


@pytest.mark.parametrize(
    ("callback", "rule", "text"),
    [
        (callbacks.ReduceLROnPlateau(), optim.SGD(optim.ExponentialDecay(0.1, 5, 0.5)), "Decay"),
        (
            callbacks.LearningRateScheduler(lambda epoch: 0.1),
            optim.SGD(optim.ExponentialDecay(0.1, 5, 0.5)),
            "make the optimizer with a number",
        ),
        (callbacks.SwapEMAWeights(), optim.SGD(0.1), "make it with ema"),
    ],
)
def test_what_does_not_go_with_the_optimizer(callback, rule, text: str) -> None:
    model = dn.Model(nn.Dense(2), (4,), backend="torch")
    model.compile(rule, "cross_entropy")
    before = model.state()["kernel"]
    with pytest.raises(dn.ConfigError, match=text):
        model.fit(X, Y, verbose=0, callbacks=[callback])
    np.testing.assert_array_equal(model.state()["kernel"], before)
