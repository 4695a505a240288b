"""Callbacks: what they do to training, and what they write."""

from __future__ import annotations

import csv
import http.server
import importlib
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from callback_cases import ROWS

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

    stopping = callbacks.EarlyStopping("score", patience=2, restore_best_weights=True)
    feed = Feed("score", [2.0, 1.0, 3.0, 3.0, 3.0])
    model.fit(X, Y, epochs=5, verbose=0, callbacks=[feed, Keep(), stopping])
    np.testing.assert_array_equal(model.state()["kernel"], states[1])
    assert not np.array_equal(states[1], states[-1])


def test_a_measure_that_is_not_there(backend: str) -> None:
    with pytest.raises(dn.ConfigError, match=r"'val_loss'.*pass validation_data"):
        model_on(backend).fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping()])


def test_a_measure_of_validation_that_is_not_there() -> None:
    stopping = callbacks.EarlyStopping("val_acc")
    with pytest.raises(dn.ConfigError, match=r"'val_acc'.*val_loss.*; monitor one of these"):
        model_on("torch").fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[stopping])


def test_one_callback_without_a_list() -> None:
    model = model_on("torch")
    with pytest.raises(dn.ConfigError, match=r"write callbacks=\[callbacks.History\(…\)\]"):
        model.fit(X, Y, verbose=0, callbacks=callbacks.History())
    with pytest.raises(dn.ConfigError, match="callbacks are a list"):
        model.evaluate(X, Y, callbacks=callbacks.EarlyStopping())
    assert model.epochs == 0


def test_a_file_of_measures_has_its_folder_made(tmp_path) -> None:
    log = callbacks.CSVLogger(tmp_path / "new" / "folder" / "log.csv")
    model_on("torch").fit(X, Y, verbose=0, callbacks=[log])
    assert log.path.read_text().startswith("epoch,loss")


@pytest.mark.parametrize("rate", ["fast", None, -1.0, float("nan")])
def test_a_learning_rate_that_is_none(rate) -> None:
    scheduler = callbacks.LearningRateScheduler(lambda epoch: rate)
    with pytest.raises(dn.ConfigError, match="for epoch 0: learning_rate="):
        model_on("torch").fit(X, Y, verbose=0, callbacks=[scheduler])


def test_the_best_of_the_averages_comes_back(backend: str) -> None:
    """What ``restore_best_weights`` brings back is what was validated: averages, if swapped."""
    model = model_on(backend)
    model.compile(optim.SGD(0.3, ema=0.5), "cross_entropy")
    stopping = callbacks.EarlyStopping(restore_best_weights=True)
    # Targets of validation that training leads away from, so that an early epoch is best.
    history = model.fit(
        X,
        Y,
        batch_size=40,
        epochs=4,
        verbose=0,
        validation_data=(X, 1 - Y),
        callbacks=[callbacks.SwapEMAWeights(swap_on_epoch=True), stopping],
    )
    assert (stopping.best_epoch, stopping.stopped_epoch) == (0, 1)
    assert model.evaluate(X, 1 - Y)["loss"] == history["val_loss"][0]


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


HOOKS = [name for name in vars(callbacks.Callback) if name.startswith("on_")]


class Log(callbacks.Callback):
    """Writes down every call."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattribute__(self, name: str):
        if name in HOOKS:
            short = name.removeprefix("on_")
            return lambda *args: self.calls.append(" ".join([short, *map(shown, args)]))
        return super().__getattribute__(name)


def shown(argument: object) -> str:
    """An argument of a hook: measures by name, arrays by shape."""
    if isinstance(argument, np.ndarray):
        return str(argument.shape)
    return str(argument) if isinstance(argument, int) else ",".join(sorted(argument))


def test_hooks_in_order() -> None:
    log = Log()
    model = model_on("torch")
    model.fit(X, Y, batch_size=20, validation_data=(X, Y), verbose=0, callbacks=[log])
    assert log.calls == [
        "train_begin 1 2",
        "epoch_begin 0",
        "batch_begin 0",
        "batch_end 0 accuracy,loss",
        "batch_begin 1",
        "batch_end 1 accuracy,loss",
        "test_begin",
        "test_batch_begin 0",
        "test_batch_end 0 accuracy,loss",
        "test_batch_begin 1",
        "test_batch_end 1 accuracy,loss",
        "test_end accuracy,loss",
        "epoch_end 0 accuracy,loss,val_accuracy,val_loss",
        "epoch_closed 0",
        "train_end",
    ]


def test_hooks_of_evaluate_and_predict() -> None:
    log = Log()
    model = model_on("torch")
    model.evaluate(X, Y, batch_size=30, callbacks=[log])
    model.predict(X, batch_size=30, callbacks=[log])
    assert log.calls == [
        "test_begin",
        "test_batch_begin 0",
        "test_batch_end 0 accuracy,loss",
        "test_batch_begin 1",
        "test_batch_end 1 accuracy,loss",
        "test_end accuracy,loss",
        "predict_begin",
        "predict_batch_begin 0",
        "predict_batch_end 0 (30, 2)",
        "predict_batch_begin 1",
        "predict_batch_end 1 (10, 2)",
        "predict_end",
    ]


def test_ends_come_after_an_error_too() -> None:
    log = Log()
    model = model_on("torch")
    with pytest.raises(dn.ShapeError):
        model.evaluate(lambda: iter([(X[:, :3], Y)]), callbacks=[log])
    with pytest.raises(dn.ShapeError):
        model.predict(lambda: iter([X[:, :3]]), callbacks=[log])
    assert log.calls == ["test_begin", "test_end ", "predict_begin", "predict_end"]


def test_functions_as_hooks() -> None:
    calls = []
    watching = callbacks.LambdaCallback(
        on_train_begin=lambda epochs, batches: calls.append((epochs, batches)),
        on_batch_end=lambda batch, logs: calls.append(batch),
        on_epoch_end=lambda epoch, logs: logs.update(mine=2.0 * epoch),
    )
    history = model_on("torch").fit(X, Y, batch_size=20, epochs=2, verbose=0, callbacks=[watching])
    assert calls == [(2, 2), 0, 1, 0, 1]
    assert history["mine"] == [0.0, 2.0]


def test_a_step_calls_no_empty_hooks() -> None:
    model = model_on("torch")
    together = callbacks.CallbackList([callbacks.EarlyStopping(), callbacks.History()], model)
    assert together._called["on_batch_begin"] == together._called["on_batch_end"] == []


def test_no_step_waits_for_the_device(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every callback that does not ask for more, results of 64 steps or more are read."""
    from dualnet.training.totals import Totals

    reads = []
    real = Totals._read
    monkeypatch.setattr(Totals, "_read", lambda self: (reads.append(self._waiting), real(self)))
    model = model_on(backend)
    data = np.tile(X, (4, 1)), np.tile(Y, 4)
    watching = [
        callbacks.TerminateOnNaN(),
        callbacks.EarlyStopping("loss", patience=9),
        callbacks.ReduceLROnPlateau("loss"),
    ]
    model.fit(*data, batch_size=1, verbose=0, callbacks=watching)
    *reads, last = [read for read in reads if read]
    assert sum(reads) + last == 160
    assert reads
    assert min(reads) >= 64


def test_stopping_in_the_middle_of_an_epoch(backend: str) -> None:
    class Stop(callbacks.Callback):
        def on_batch_end(self, batch, logs):
            self.model.stop_training = batch == 1

    model, log = model_on(backend), Log()
    history = model.fit(
        X, Y, batch_size=4, epochs=3, validation_data=(X, Y), verbose=0, callbacks=[Stop(), log]
    )
    assert [call for call in log.calls if call.startswith("batch_begin")] == [
        "batch_begin 0",
        "batch_begin 1",
    ]
    assert len(history["val_loss"]) == model.epochs == 1


def _named(hook: str, function) -> callbacks.Callback:
    return type("Mine", (callbacks.Callback,), {hook: function})()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: _named("on_train_batch_end", lambda self, batch, logs: None),
            "Mine.on_train_batch_end is called by nobody; name it on_batch_end",
        ),
        (
            lambda: _named("on_train_begin", lambda self, logs=None: None),
            r"on_train_begin is called with \(epochs, batches\)",
        ),
        (lambda: print, "Callback objects, got"),
    ],
)
def test_a_callback_that_would_not_work(make, text: str) -> None:
    model = model_on("torch")
    with pytest.raises(dn.ConfigError, match=text):
        model.fit(X, Y, verbose=0, callbacks=[make()])
    assert model.epochs == 0


@pytest.fixture
def server() -> Iterator[tuple[str, list]]:
    """An HTTP server, and what it has received; it refuses ``/no``."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(403 if self.path == "/no" else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}", received
        serving.shutdown()
        thread.join()


def test_measures_are_sent(server: tuple[str, list]) -> None:
    root, received = server
    remote = callbacks.RemoteMonitor(root, "/here", headers={"X-Run": "7"})
    feed = Feed("score", [1.5, float("nan")])
    history = model_on("torch").fit(X, Y, epochs=2, verbose=0, callbacks=[feed, remote])
    paths, headers, bodies = zip(*received, strict=True)
    assert set(paths) == {"/here"}
    assert (headers[0]["X-Run"], headers[0]["Content-Type"]) == ("7", "application/json")
    assert bodies[0] == {
        "epoch": 0,
        "loss": history["loss"][0],
        "accuracy": history["accuracy"][0],
        "score": 1.5,
    }
    assert bodies[1]["score"] is None


def test_a_server_that_fails_is_a_warning(server: tuple[str, list]) -> None:
    refusing = callbacks.RemoteMonitor(server[0], "/no")
    absent = callbacks.RemoteMonitor("http://127.0.0.1:9")
    with (
        pytest.warns(UserWarning, match="/no: HTTP Error 403"),
        pytest.warns(UserWarning, match="did not reach http://127.0.0.1:9/publish"),
    ):
        history = model_on("torch").fit(X, Y, epochs=2, verbose=0, callbacks=[refusing, absent])
    assert len(history["loss"]) == 2


def test_checkpoints_every_few_steps(tmp_path) -> None:
    path = tmp_path / "{epoch}-{batch}-{loss:.3f}.safetensors"
    saving = callbacks.ModelCheckpoint(path, save_freq=3)
    model_on("torch").fit(X, Y, batch_size=10, epochs=2, verbose=0, callbacks=[saving])
    names = [path.name.split("-")[:2] for path in sorted(tmp_path.iterdir())]
    assert names == [["0", "2"], ["1", "1"]]


def test_a_model_that_no_file_can_hold_is_told_before_training(tmp_path) -> None:
    model = dn.Model(nn.Dense(2, activation=lambda x: x), (4,), backend="torch")
    model.compile("sgd", "cross_entropy")
    with pytest.raises(dn.CheckpointError, match="cannot be written whole"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.ModelCheckpoint(tmp_path / "x")])
    assert model.epochs == 0


def test_a_path_of_measures_that_are_not_there(tmp_path) -> None:
    saving = callbacks.ModelCheckpoint(tmp_path / "{val_loss}")
    with pytest.raises(dn.ConfigError, match=r"\{val_loss\}.*epoch, loss, accuracy"):
        model_on("torch").fit(X, Y, verbose=0, callbacks=[saving])


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


def test_what_has_not_begun_does_not_end(tmp_path) -> None:
    ended = []
    first = callbacks.LambdaCallback(on_train_end=lambda: ended.append(1))
    (tmp_path / "file").touch()
    nowhere = callbacks.CSVLogger(tmp_path / "file" / "log.csv")
    last = callbacks.LambdaCallback(on_train_end=lambda: ended.append(2))
    with pytest.raises(FileExistsError, match="file"):
        model_on("torch").fit(X, Y, verbose=0, callbacks=[first, nowhere, last])
    assert ended == [1]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: callbacks.BackupAndRestore("x", save_freq="step"), "save_freq='step'"),
        (lambda: callbacks.BackupAndRestore("x", save_freq=0), "save_freq must be in"),
        (lambda: callbacks.CSVLogger("x", ", "), "separator=', '"),
        (lambda: callbacks.EarlyStopping(patience=-1), "patience must be in"),
        (lambda: callbacks.EarlyStopping(patience=0.5), "patience must be an integer"),
        (lambda: callbacks.EarlyStopping(start_from_epoch=-1), "start_from_epoch"),
        (lambda: callbacks.EarlyStopping(mode="up"), "mode='up'"),
        (lambda: callbacks.EarlyStopping(min_delta=-1.0), "min_delta"),
        (lambda: callbacks.EarlyStopping(min_delta=float("nan")), "min_delta"),
        (lambda: callbacks.EarlyStopping(min_delta="small"), "min_delta='small'"),
        (lambda: callbacks.EarlyStopping(baseline="low"), "baseline='low'"),
        (lambda: callbacks.EarlyStopping(3), "monitor=3"),
        (lambda: callbacks.LearningRateScheduler(0.1), "0.1 is no function of the epoch"),
        (lambda: callbacks.LambdaCallback(on_epoch_ended=print), "did you mean 'on_epoch_end'"),
        (lambda: callbacks.LambdaCallback(on_train_batch_end=print), "name it on_batch_end"),
        (lambda: callbacks.LambdaCallback(on_epoch_end=3), "on_epoch_end=3 is no function"),
        (lambda: callbacks.ProgressBar(3), "verbose=3"),
        (lambda: callbacks.ModelCheckpoint("x", mode="up"), "mode='up'"),
        (lambda: callbacks.ModelCheckpoint("x", initial_value_threshold="low"), "threshold='low'"),
        (lambda: callbacks.ModelCheckpoint("x", save_freq="step"), "save_freq='step'"),
        (lambda: callbacks.ReduceLROnPlateau(factor=1.0), "factor=1.0"),
        (lambda: callbacks.ReduceLROnPlateau(factor=0), "factor=0"),
        (lambda: callbacks.ReduceLROnPlateau(factor="half"), "factor='half'"),
        (lambda: callbacks.ReduceLROnPlateau(min_lr=-1.0), "min_lr=-1.0"),
        (lambda: callbacks.ReduceLROnPlateau(cooldown=-1), "cooldown"),
        (lambda: callbacks.RemoteMonitor("ftp://there"), "http"),
        (lambda: callbacks.RemoteMonitor(3), "http"),
        (lambda: callbacks.RemoteMonitor(timeout=0), "timeout=0"),
        (lambda: callbacks.TerminateOnNaN(0), "every must be in"),
    ],
)
def test_bad_options(make, text: str) -> None:
    with pytest.raises(dn.ConfigError, match=text):
        make()


def test_every_callback_has_a_row() -> None:
    """What is public was checked against something, by a test that is there."""
    public = {getattr(callbacks, name) for name in callbacks.__all__}
    assert {row.callback for row in ROWS} == public - {callbacks.Callback}
    for row in ROWS:
        module, test = row.test.split(".")
        assert callable(getattr(importlib.import_module(module), test))


def test_the_page_has_the_rows() -> None:
    page = (Path(__file__).parent.parent / "docs" / "callbacks.md").read_text(encoding="utf-8")
    for row in ROWS:
        found = [
            line for line in page.splitlines() if line.startswith(f"| `{row.callback.__name__}`")
        ]
        assert [line.split("|")[3].strip().replace("`", "") for line in found] == [row.against]
