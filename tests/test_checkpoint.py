"""Checkpoints: the run goes on, on either framework; bad files change nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import dualnet as dn
from dualnet import nn, optim
from dualnet.archive import digest

X = np.random.default_rng(2).normal(size=(48, 4))
Y = np.arange(48) % 3
NET = nn.Sequential(nn.Dense(8, activation="tanh"), nn.BatchNorm(), nn.Dropout(0.3), nn.Dense(3))


def trained(backend: str, epochs: int) -> dn.Model:
    model = dn.Model(NET, input_shape=(4,), backend=backend, dtype="float64", seed=5)
    model.compile(optim.Adam(0.01), "cross_entropy", ["accuracy"])
    model.fit(X, Y, batch_size=16, epochs=epochs, verbose=0)
    return model


def test_goes_on_bit_for_bit(backend: str, tmp_path: Path) -> None:
    whole = trained(backend, 4)
    trained(backend, 2).save(tmp_path / "run.safetensors")
    model = dn.load(tmp_path / "run.safetensors", backend=backend)
    assert len(model.history["loss"]) == 2
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    assert model.history["loss"] == whole.history["loss"][2:]
    for path, value in whole.state().items():
        np.testing.assert_array_equal(value, model.state()[path], err_msg=path)


@pytest.mark.parametrize(("first", "second"), [("torch", "tensorflow"), ("tensorflow", "torch")])
def test_goes_on_on_the_other_framework(first: str, second: str, tmp_path: Path) -> None:
    whole = trained(first, 4)
    trained(first, 2).save(tmp_path / "run.safetensors")
    model = dn.load(tmp_path / "run.safetensors", backend=second)
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    np.testing.assert_allclose(
        model.history["loss"], whole.history["loss"][2:], rtol=1e-12
    )  # float64


def test_a_model_that_was_not_compiled(backend: str, tmp_path: Path) -> None:
    model = dn.Model(NET, input_shape=(4,), backend=backend)
    model.save(tmp_path / "weights.safetensors")
    again = dn.load(tmp_path / "weights.safetensors", backend=backend)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_loss_of_the_users_own_keeps_the_slots(backend: str, tmp_path: Path) -> None:
    def loss(y_true, y_pred, sample_weight=None):
        return dn.losses.cross_entropy(y_true, y_pred, sample_weight)

    def fresh() -> dn.Model:
        model = dn.Model(NET, input_shape=(4,), backend=backend, dtype="float64")
        model.compile(optim.Adam(0.01), loss)
        return model

    whole, half = fresh(), fresh()
    whole.fit(X, Y, epochs=2, verbose=0)
    half.fit(X, Y, epochs=1, verbose=0)
    half.save(tmp_path / "run.safetensors")
    again = dn.load(tmp_path / "run.safetensors", backend=backend)
    again.compile(optim.Adam(0.01), loss)
    again.fit(X, Y, epochs=1, verbose=0)
    assert again.history["loss"] == whole.history["loss"][1:]


def test_another_optimizer_starts_with_its_own_slots(backend: str, tmp_path: Path) -> None:
    trained(backend, 1).save(tmp_path / "run.safetensors")
    model = dn.load(tmp_path / "run.safetensors", backend=backend)
    model.compile(optim.SGD(0.1), "cross_entropy")
    model.fit(X, Y, epochs=1, verbose=0)
    assert not any(name.startswith("m.") for name in model.optimizer.state())


def test_slots_that_do_not_fit_are_told(tmp_path: Path) -> None:
    def loss(y_true, y_pred, sample_weight=None):
        return dn.losses.mse(y_true, y_pred, sample_weight)

    model = dn.Model(nn.Dense(3), input_shape=(4,), backend="torch")
    model.compile(optim.Adam(0.01), loss)
    model.fit(X, X[:, :3], epochs=1, verbose=0)
    model.save(tmp_path / "run.safetensors")
    again = dn.load(tmp_path / "run.safetensors", backend="torch")
    again.compile(optim.SGD(0.1), loss)
    with pytest.warns(UserWarning, match="do not fit SGD"):
        again.fit(X, X[:, :3], epochs=1, verbose=0)


def test_permissions_are_those_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    plain = tmp_path / "plain"
    plain.touch()
    trained("torch", 1).save(path)
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    trained("torch", 1).save(path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.safetensors"
    trained("torch", 1).save(path)
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(dn.CheckpointError, match="disk full"):
        trained("torch", 1).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_says_why(tmp_path: Path) -> None:
    import torch

    net = nn.Native(torch=lambda: torch.nn.Linear(4, 3))
    model = dn.Model(net, input_shape=(4,), backend="torch")
    with pytest.raises(dn.CheckpointError, match="is code"):
        model.save(tmp_path / "run.safetensors")
    assert not list(tmp_path.iterdir())


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x80\x04\x95not a checkpoint at all" * 10)


def _foreign(path: Path) -> None:
    save_file({"a": np.zeros(3)}, path)


def _one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-9] ^= 0x40
    path.write_bytes(data)


def _edited(change) -> None:
    def edit(path: Path) -> None:
        from safetensors import safe_open

        with safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata())
        header = json.loads(metadata["dualnet"])
        arrays = load_file(path)
        change(header, arrays)
        described = json.dumps(header)
        fits = digest(described, arrays)  # whoever means harm writes a digest that fits
        save_file(arrays, path, metadata={**metadata, "dualnet": described, "digest": fits})

    return edit


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (_truncated, "damaged, truncated"),
        (_garbage, "damaged, truncated"),
        (_foreign, "not a checkpoint of dualnet"),
        (_one_bit, "what it holds is not what was written"),
        (_edited(lambda h, a: h.pop("network")), "network"),
        (_edited(lambda h, a: h["network"].update({"class": "os.system"})), "unknown class"),
        (_edited(lambda h, a: a.pop("model/dense.kernel")), "dense.kernel"),
        (_edited(lambda h, a: a.update({"model/dense.kernel": np.zeros((2, 2))})), "dense.kernel"),
        (_edited(lambda h, a: h.update(dtype="int3")), "int3"),
        (lambda path: path.unlink(), "there is no file"),
    ],
)
def test_bad_files(backend: str, tmp_path: Path, damage, text: str) -> None:
    path = tmp_path / "run.safetensors"
    trained(backend, 1).save(path)
    damage(path)
    with pytest.raises(dn.CheckpointError, match=text):
        dn.load(path, backend=backend)


def test_functions_of_losses_are_written_as_what_they_stand_for(tmp_path: Path) -> None:
    model = dn.Model(nn.Dense(2), (3,), backend="torch", seed=0)
    model.compile("sgd", dn.losses.mse, [dn.losses.huber])
    model.save(tmp_path / "m")
    x, y = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")
    assert dn.load(tmp_path / "m", backend="torch").evaluate(x, y) == model.evaluate(x, y)
