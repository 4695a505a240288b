"""A training that is cut off and started again ends as one that never was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import dualnet as dn
from dualnet import callbacks, nn, optim

X = np.random.default_rng(2).normal(size=(48, 4))
Y = np.arange(48) % 3
NET = nn.Sequential(nn.Dense(8, activation="tanh"), nn.BatchNorm(), nn.Dropout(0.3), nn.Dense(3))
BATCH, EPOCHS = 12, 4


def fresh(backend: str) -> dn.Model:
    model = dn.Model(NET, input_shape=(4,), backend=backend, dtype="float64", seed=5)
    model.compile(optim.Adam(0.05, ema=0.9), "cross_entropy", ["accuracy"], jit=False)
    return model


def watchers(folder: Path, save_freq: int | str) -> list[callbacks.Callback]:
    """Callbacks that remember something from epoch to epoch, and a backup."""
    return [
        callbacks.BackupAndRestore(folder / "backup", save_freq=save_freq),
        callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.3),
        callbacks.EarlyStopping("accuracy", patience=3, restore_best_weights=True),
        callbacks.CSVLogger(folder / "log.csv"),
    ]


class Cut(callbacks.Callback):
    """Ends training in the middle, in one of several ways."""

    def __init__(self, how: str, epoch: int = 2, batch: int = 2) -> None:
        self.how, self.epoch, self.batch = how, epoch, batch
        self.steps = 0

    def on_epoch_begin(self, epoch: int) -> None:
        self.now = epoch

    def on_batch_begin(self, batch: int) -> None:
        self.steps += 1
        if (self.now, batch) == (self.epoch, self.batch):
            if self.how == "exception":
                raise RuntimeError("the power is gone")
            os.kill(os.getpid(), {"ctrl-c": signal.SIGINT, "kill": signal.SIGKILL}[self.how])


def fit(backend: str, folder: Path, save_freq: int | str = "epoch", how: str = "") -> dn.Model:
    """The script: what is run, and run again."""
    model = fresh(backend)
    cut = Cut(how, *((2, 2) if how else (-1, -1)))
    model.fit(
        X,
        Y,
        batch_size=BATCH,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[*watchers(folder, save_freq), cut],
    )
    model.steps_made = cut.steps
    return model


def run(backend: str, folder: Path, save_freq: int | str = "epoch", how: str = "") -> None:
    """The script, cut off."""
    if how == "exception":
        with pytest.raises(RuntimeError, match="the power is gone"):
            fit(backend, folder, save_freq, how)
    else:
        assert fit(backend, folder, save_freq, how).history.interrupted


@cache
def whole(backend: str, folder: Path) -> dn.Model:
    """The run that nothing cuts off."""
    return fit(backend, folder)


@pytest.fixture
def uncut(backend: str, tmp_path_factory: pytest.TempPathFactory) -> dn.Model:
    return whole(backend, tmp_path_factory.getbasetemp())


def assert_same(model: dn.Model, other: dn.Model) -> None:
    for mine, its in ((model.state(), other.state()), *_slots(model, other)):
        assert mine.keys() == its.keys()
        for path, value in mine.items():
            np.testing.assert_array_equal(value, its[path], err_msg=path)
    assert model.history.history == other.history.history
    assert model.history.epoch == other.history.epoch
    assert model.epochs == other.epochs


def _slots(model: dn.Model, other: dn.Model):
    yield model.bound_optimizer().state(), other.bound_optimizer().state()


@pytest.mark.parametrize(("how", "save_freq"), [("exception", "epoch"), ("ctrl-c", 3)])
def test_goes_on_bit_for_bit(
    backend: str, uncut: dn.Model, tmp_path: Path, how: str, save_freq: int | str
) -> None:
    run(backend, tmp_path, save_freq, how)
    assert (tmp_path / "backup" / "backup.safetensors").is_file()
    again = fit(backend, tmp_path, save_freq)
    assert_same(again, uncut)
    # Steps 0 to 9 were made; the backup is of step 8 at the end of epoch 1, or of step 9.
    assert again.steps_made == EPOCHS * len(X) // BATCH - {"epoch": 8, 3: 9}[save_freq]
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "0", "1", "2", "3"]
    assert list((tmp_path / "backup").iterdir()) == []


@pytest.mark.parametrize(("first", "second"), [("torch", "tensorflow"), ("tensorflow", "torch")])
def test_goes_on_on_the_other_framework(
    first: str, second: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run(first, tmp_path, 3, "exception")
    again = fit(second, tmp_path, 3)
    never_cut = whole(first, tmp_path_factory.getbasetemp())
    for path, value in again.state().items():
        np.testing.assert_allclose(value, never_cut.state()[path], rtol=1e-11)  # float64, Adam
    for name, values in again.history.history.items():
        np.testing.assert_allclose(values, never_cut.history[name], rtol=1e-11)  # same


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_backup import fit
fit("torch", Path({folder!r}), 1, "kill")
"""


def test_goes_on_after_kill(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    code = KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    again = fit("torch", tmp_path, 1)
    assert again.steps_made == EPOCHS * len(X) // BATCH - 10
    assert_same(again, whole("torch", tmp_path_factory.getbasetemp()))


def test_data_from_an_iterable_goes_on(backend: str, tmp_path: Path) -> None:
    walked: list[float] = []

    def batches():
        for start in range(0, len(X), BATCH):
            walked.append(start)
            yield X[start : start + BATCH], Y[start : start + BATCH]

    def trained(folder: Path, *more: callbacks.Callback) -> dn.Model:
        model = dn.Model(NET, backend=backend, dtype="float64")
        model.compile("adam", "cross_entropy", jit=False)
        backup = callbacks.BackupAndRestore(folder, save_freq=1)
        model.fit(batches, epochs=3, verbose=0, callbacks=[backup, *more])
        return model

    never_cut = trained(tmp_path / "a")
    with pytest.raises(RuntimeError, match="power"):
        trained(tmp_path / "b", Cut("exception", 1, 3))
    walked.clear()
    # The callbacks are those of the run that was cut off, so Cut is there, and cuts nothing.
    again = trained(tmp_path / "b", Cut("exception", -1))
    assert_same(again, never_cut)
    assert len(walked) == 8


def test_a_run_that_was_stopped_stays_stopped(tmp_path: Path) -> None:
    """Cut off between the last epoch and the end: nothing more is trained."""

    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            self.model.stop_training = epoch == 1

        def on_train_end(self):
            if self.model.running.finished and self.fail:
                raise RuntimeError("gone")

    def trained(fail: bool) -> dn.Model:
        model = fresh("torch")
        stop = Stop()
        stop.fail = fail
        backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=not fail)
        model.fit(X, Y, epochs=5, verbose=0, callbacks=[backup, stop])
        return model

    with pytest.raises(RuntimeError, match="gone"):
        trained(True)
    assert trained(False).history.epoch == [0, 1]


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-9] ^= 0x40
    path.write_bytes(data)


def _checkpoint(path: Path) -> None:
    fresh("torch").save(path)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:300]), "damaged, truncated"),
        (lambda path: path.write_bytes(b""), "damaged, truncated"),
        (_flipped, "what it holds is not what was written"),
        (_checkpoint, "not a backup of dualnet"),
    ],
)
def test_a_damaged_backup(tmp_path: Path, damage, text: str) -> None:
    run("torch", tmp_path, "epoch", "exception")
    path = tmp_path / "backup" / "backup.safetensors"
    damage(path)
    with pytest.raises(dn.CheckpointError, match=rf"{text}.*delete .*{path.name}"):
        fit("torch", tmp_path)
    assert path.exists()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"seed": 6}, "seed=5, the model has 6"),
        ({"dtype": "float32"}, "dtype='float64'"),
        ({"network": nn.Dense(3)}, "does not fit the model"),
        ({"optimizer": optim.SGD(0.1)}, "does not fit SGD"),
        ({"batch_size": 8}, "4 batches, these have 6"),
        ({"initial_epoch": 1}, "from epoch 0 on"),
        ({"callbacks": []}, "give fit the same ones"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_backup_of_another_training_changes_nothing(
    tmp_path: Path, change: dict, text: str
) -> None:
    run("torch", tmp_path, "epoch", "exception")
    settings = {"network": NET, "seed": 5, "dtype": "float64", "batch_size": BATCH} | change
    model = dn.Model(
        settings["network"], (4,), backend="torch", dtype=settings["dtype"], seed=settings["seed"]
    )
    model.compile(settings.get("optimizer", optim.Adam(0.05, ema=0.9)), "cross_entropy")
    before = model.state()
    observers = [*watchers(tmp_path, "epoch"), Cut("", -1)]
    with pytest.raises(dn.CheckpointError, match=text):
        model.fit(
            X,
            Y,
            batch_size=settings["batch_size"],
            epochs=EPOCHS,
            verbose=0,
            callbacks=change.get("callbacks", observers[1:]) + observers[:1],
            initial_epoch=settings.get("initial_epoch"),
        )
    for name, value in model.state().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_shorter_epoch_is_told(tmp_path: Path) -> None:
    def batches(count: int):
        return lambda: ((X[i : i + 2], Y[i : i + 2]) for i in range(count))

    def trained(count: int, cut: Cut) -> None:
        model = fresh("torch")
        backup = callbacks.BackupAndRestore(tmp_path, save_freq=1)
        model.fit(batches(count), epochs=1, verbose=0, callbacks=[backup, cut])

    with pytest.raises(RuntimeError, match="power"):
        trained(5, Cut("exception", 0, 4))
    with pytest.raises(dn.DataError, match="after 4 batches of the epoch, but the data has 2"):
        trained(2, Cut("", -1))


@pytest.mark.parametrize("state", [{"a": {1, 2}}, {"a": {1: 2}}, {"a": [print]}], ids=str)
def test_what_a_callback_remembers_must_have_a_place(tmp_path: Path, state: dict) -> None:
    class Mine(callbacks.Callback):
        def state(self):
            return state

    backup = callbacks.BackupAndRestore(tmp_path)
    with pytest.raises(dn.CheckpointError, match=r"callbacks/0/state/a.* has no place in a backup"):
        fresh("torch").fit(X, Y, verbose=0, callbacks=[Mine(), backup])
    assert not backup.path.exists()
