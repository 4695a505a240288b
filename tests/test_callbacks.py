"""Callbacks: what they do to training, and what they write."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

import dualnet as dn
from dualnet import callbacks, nn, optim

X = np.random.default_rng(1).normal(size=(40, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")


def model_on(backend: str, rate: float = 0.05) -> dn.Model:
    model = dn.Model(nn.Dense(2), input_shape=(4,), backend=backend)
    model.compile(optim.SGD(rate), "cross_entropy", ["accuracy"])
    return model


class Feed(callbacks.Callback):
    """Puts given values into the logs, so that a test decides what is measured."""

    def __init__(self, name: str, values: list[float]) -> None:
        self.name, self.values = name, values

    def on_epoch_end(self, epoch, logs):
        logs[self.name] = self.values[epoch]


@pytest.mark.parametrize(
    ("values", "options", "epochs", "best"),
    [
        ([3, 2, 1, 1, 1, 1], {"patience": 2}, 5, 2),
        ([3, 2, 1, 1, 1, 1], {}, 4, 2),
        ([1, 0.99, 0.98, 0.5, 0.5], {"patience": 2, "min_delta": 0.1}, 3, 0),
        ([1, 2, 3, 2, 2], {"mode": "max", "patience": 1}, 4, 2),
    ],
)
def test_early_stopping(values, options, epochs: int, best: int) -> None:
    model = model_on("torch")
    stopping = callbacks.EarlyStopping("score", **options)
    history = model.fit(
        X, Y, epochs=len(values), verbose=0, callbacks=[Feed("score", values), stopping]
    )
    assert len(history.epoch) == epochs
    assert stopping.best_epoch == best
    assert stopping.stopped_epoch == epochs - 1


def test_early_stopping_restores_the_best(backend: str) -> None:
    model = model_on(backend)
    states = []

    class Keep(callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            states.append(self.model.state()["kernel"])

    stopping = callbacks.EarlyStopping("score", patience=2, restore_best=True)
    feed = Feed("score", [2.0, 1.0, 3.0, 3.0, 3.0])
    model.fit(X, Y, epochs=5, verbose=0, callbacks=[feed, Keep(), stopping])
    np.testing.assert_array_equal(model.state()["kernel"], states[1])
    assert not np.array_equal(states[1], states[-1])


def test_a_measure_that_is_not_there(backend: str) -> None:
    with pytest.raises(dn.ConfigError, match=r"'val_loss'.*pass validation_data"):
        model_on(backend).fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping()])


def test_learning_rate_scheduler(backend: str) -> None:
    model = model_on(backend, rate=1.0)
    scheduler = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[scheduler])
    assert history["learning_rate"] == [0.5, 0.25, 0.125]
    still = model_on(backend, rate=1.0)
    still.fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda e, r: 0.0)])
    np.testing.assert_array_equal(still.state()["kernel"], model_on(backend).state()["kernel"])


def test_a_schedule_of_the_epoch_alone(backend: str) -> None:
    model = model_on(backend)
    scheduler = callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[scheduler])
    assert history["learning_rate"] == [0.1, 0.05]


def test_checkpoints(backend: str, tmp_path) -> None:
    model = model_on(backend)
    every = callbacks.ModelCheckpoint(tmp_path / "all-{epoch:02d}.safetensors")
    best = callbacks.ModelCheckpoint(tmp_path / "best.safetensors", "score", save_best_only=True)
    feed = Feed("score", [2.0, 1.0, 3.0])
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[feed, every, best])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "all-00.safetensors",
        "all-01.safetensors",
        "all-02.safetensors",
        "best.safetensors",
    ]
    second = dn.load(tmp_path / "all-01.safetensors", backend=backend)
    np.testing.assert_array_equal(
        dn.load(tmp_path / "best.safetensors", backend=backend).state()["kernel"],
        second.state()["kernel"],
    )


def test_csv(backend: str, tmp_path) -> None:
    path = tmp_path / "log.csv"
    model = model_on(backend)
    first = model.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.CSVLogger(path)])
    second = model.fit(
        X, Y, epochs=1, verbose=0, callbacks=[callbacks.CSVLogger(path, append=True)]
    )
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert [float(row["loss"]) for row in rows] == first["loss"] + second["loss"]


def test_lines_in_a_log(backend: str) -> None:
    stream = io.StringIO()
    bar = callbacks.ProgressBar("auto", stream)
    model_on(backend).fit(X, Y, epochs=2, verbose=0, callbacks=[bar])
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 1/2  ")
    assert "loss 0." in lines[1]
    assert "accuracy 0." in lines[1]


def test_a_bar_on_a_terminal(backend: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    model_on(backend).fit(
        X, Y, epochs=2, verbose=0, callbacks=[callbacks.ProgressBar("auto", stream)]
    )
    text = stream.getvalue()
    assert "epoch 2/2" in text
    assert "2/2" in text
    assert "━" in text


def test_silence(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    model_on(backend).fit(X, Y, epochs=2, verbose=0)
    assert capsys.readouterr().out == ""


def test_hooks_in_order() -> None:
    class Log(callbacks.Callback):
        def __init__(self) -> None:
            self.calls: list[str] = []

        def on_train_begin(self, epochs, batches):
            self.calls.append(f"train {epochs} {batches}")

        def on_epoch_begin(self, epoch):
            self.calls.append(f"epoch {epoch}")

        def on_batch_end(self, batch, logs):
            self.calls.append(f"batch {batch} {sorted(logs)}")

        def on_epoch_end(self, epoch, logs):
            self.calls.append("end")

        def on_train_end(self):
            self.calls.append("done")

    log = Log()
    model_on("torch").fit(X, Y, batch_size=20, verbose=0, callbacks=[log])
    names = "['accuracy', 'loss']"
    assert log.calls == [
        "train 1 2",
        "epoch 0",
        f"batch 0 {names}",
        f"batch 1 {names}",
        "end",
        "done",
    ]


def test_every_callback_ends_after_an_error(tmp_path) -> None:
    class Failing(callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            raise RuntimeError("mine")

        def on_train_end(self):
            raise RuntimeError("again")

    log = callbacks.CSVLogger(tmp_path / "log.csv")
    with pytest.raises(RuntimeError, match=r"mine|again"):
        model_on("torch").fit(X, Y, verbose=0, callbacks=[Failing(), log])
    assert log._file is None


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: callbacks.EarlyStopping(patience=-1), "patience=-1"),
        (lambda: callbacks.EarlyStopping(mode="up"), "mode='up'"),
        (lambda: callbacks.EarlyStopping(min_delta=-1.0), "min_delta"),
        (lambda: callbacks.ProgressBar(3), "verbose=3"),
        (lambda: callbacks.ModelCheckpoint("x", mode="up"), "mode='up'"),
    ],
)
def test_bad_options(make, text: str) -> None:
    with pytest.raises(dn.ConfigError, match=text):
        make()
