"""Event files, read back by TensorFlow's own reader, which checks every checksum."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import dualnet as dn
from dualnet import callbacks, nn, optim
from dualnet.callbacks.crc32c import crc32c
from dualnet.callbacks.events import EventFile

X = np.random.default_rng(1).normal(size=(40, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")


def events(folder: Path) -> list:
    """Every event of every file, in order."""
    return [
        event
        for path in sorted(folder.glob("*tfevents*"))
        for event in tf.compat.v1.train.summary_iterator(str(path))
    ]


def values(folder: Path) -> dict[str, list[tuple[int, object]]]:
    """Tag to (step, value)."""
    found: dict[str, list[tuple[int, object]]] = {}
    for event in events(folder):
        for value in event.summary.value:
            found.setdefault(value.tag, []).append((event.step, value))
    return found


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    return {
        tag: [(step, value.simple_value) for step, value in pairs]
        for tag, pairs in values(folder).items()
        if pairs[0][1].WhichOneof("value") == "simple_value"
    }


def trained(backend: str, folder: Path, epochs: int = 3, **options) -> dn.Model:
    model = dn.Model(nn.Dense(2), (4,), backend=backend)
    model.compile(optim.SGD(0.25), "cross_entropy", ["accuracy"], jit=False)
    board = callbacks.TensorBoard(folder, **options)
    data = {"batch_size": 20, "validation_data": (X, Y), "verbose": 0}
    model.fit(X, Y, epochs=epochs, callbacks=[board], **data)
    return model


def rounded(numbers: list[float]) -> list[tuple[int, float]]:
    """As a history's numbers stand in a file, which has float32."""
    return [(epoch, float(np.float32(number))) for epoch, number in enumerate(numbers)]


def test_what_tensorflow_reads(backend: str, tmp_path: Path) -> None:
    model = trained(backend, tmp_path, histogram_freq=2)
    history = model.history
    train, validation = scalars(tmp_path / "train"), scalars(tmp_path / "validation")
    assert train == {
        "epoch_loss": rounded(history["loss"]),
        "epoch_accuracy": rounded(history["accuracy"]),
        "epoch_learning_rate": [(0, 0.25), (1, 0.25), (2, 0.25)],
    }
    assert validation == {
        "epoch_loss": rounded(history["val_loss"]),
        "epoch_accuracy": rounded(history["val_accuracy"]),
    }
    assert events(tmp_path / "train")[0].file_version == "brain.Event:2"


def test_histograms_are_of_the_weights(tmp_path: Path) -> None:
    model = trained("torch", tmp_path, histogram_freq=2)
    pairs = values(tmp_path / "train")["kernel"]
    assert [step for step, _ in pairs] == [0, 2]
    histogram, kernel = pairs[-1][1].histo, model.state()["kernel"].astype("float64")
    assert (histogram.min, histogram.max) == (kernel.min(), kernel.max())
    assert histogram.num == kernel.size
    np.testing.assert_allclose(histogram.sum, kernel.sum(), rtol=1e-12)  # order of a sum
    np.testing.assert_allclose(histogram.sum_squares, np.square(kernel).sum(), rtol=1e-12)  # same
    edges, counts = np.array(histogram.bucket_limit), np.array(histogram.bucket)
    assert counts[0] == 0
    np.testing.assert_array_equal(counts[1:], np.histogram(kernel, edges)[0])


def test_text_is_what_was_trained(tmp_path: Path) -> None:
    model = trained("torch", tmp_path)
    ((step, value),) = values(tmp_path / "train")["definition/text_summary"]
    assert step == 0
    assert value.metadata.plugin_data.plugin_name == "text"
    assert tf.make_ndarray(value.tensor).tolist() == [f"```\n{model.definition!r}\n```".encode()]
    ((_, compiled),) = values(tmp_path / "train")["compile/text_summary"]
    assert "cross_entropy" in compiled.tensor.string_val[0].decode()


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", [1, 2, 3, 4]), (3, [3])])
def test_batches(tmp_path: Path, update_freq: int | str, steps: list[int]) -> None:
    model = trained("torch", tmp_path, epochs=2, update_freq=update_freq)
    found = scalars(tmp_path / "train")["batch_loss"]
    assert [step for step, _ in found] == steps
    if update_freq == "batch":  # the running mean of an epoch's last step is the epoch's
        assert [found[1][1], found[3][1]] == [np.float32(v) for v in model.history["loss"]]


def test_every_run_has_a_file_of_its_own(tmp_path: Path) -> None:
    trained("torch", tmp_path, epochs=1)
    trained("torch", tmp_path, epochs=2)
    assert len(list((tmp_path / "train").iterdir())) == 2
    assert [step for step, _ in scalars(tmp_path / "train")["epoch_loss"]] == [0, 0, 1]


def test_epochs_can_be_read_while_training(tmp_path: Path) -> None:
    seen = []

    class Read(callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            seen.append(len(scalars(tmp_path / "train")["epoch_loss"]))

    model = dn.Model(nn.Dense(2), (4,), backend="torch")
    model.compile("sgd", "cross_entropy")
    board = callbacks.TensorBoard(tmp_path)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[board, Read()])
    assert seen == [1, 2]


@pytest.mark.parametrize(
    "number", [0.0, -0.0, 1.5, 1e-45, float("inf"), float("-inf"), 1e300, float("nan")]
)
def test_any_number(tmp_path: Path, number: float) -> None:
    file = EventFile(tmp_path)
    file.scalar("é", number, 1 << 40)
    file.close()
    with np.errstate(over="ignore"):
        expected = float(np.float32(number))
    ((step, found),) = scalars(tmp_path)["é"]
    np.testing.assert_array_equal(found, expected)
    assert step == 1 << 40


@pytest.mark.parametrize(
    ("numbers", "count"),
    [
        ([np.nan, 1.0, np.inf, 2.0], 2),
        ([3.0] * 5, 5),
        ([1.0, np.nextafter(1.0, 2.0)], 2),
        (np.arange(1000), 1000),
        ([True, False], 2),
    ],
)
def test_histograms_of_any_numbers(tmp_path: Path, numbers, count: int) -> None:
    file = EventFile(tmp_path)
    file.histogram("h", np.array(numbers), 0)
    file.histogram("none", np.array([np.nan]), 0)
    file.close()
    found = values(tmp_path)
    assert set(found) == {"h"}
    histogram = found["h"][0][1].histo
    assert sum(histogram.bucket) == histogram.num == count


def test_a_record_cut_short_costs_only_itself(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    for step in range(3):
        file.scalar("loss", float(step), step)
    file.close()
    (path,) = tmp_path.iterdir()
    os.truncate(path, path.stat().st_size - 5)
    records = tf.compat.v1.train.summary_iterator(str(path))
    assert [next(records).step for _ in range(3)] == [0, 0, 1]  # the version, two numbers
    with pytest.raises(tf.errors.DataLossError):
        next(records)


def test_checksum() -> None:
    assert crc32c(b"\0" * 32) == 0x8A9136AA  # RFC 3720, appendix B.4
    assert crc32c(b"\xff" * 32) == 0x62A8AB43  # same
    assert crc32c(bytes(range(32))) == 0x46DD794E  # same


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"histogram_freq": -1}, "histogram_freq"),
        ({"update_freq": "step"}, "update_freq='step'"),
        ({"update_freq": 0}, "update_freq"),
    ],
)
def test_bad_options(tmp_path: Path, options: dict, text: str) -> None:
    with pytest.raises(dn.ConfigError, match=text):
        callbacks.TensorBoard(tmp_path, **options)
