"""``compare_models``: what it takes, what it refuses, what it leaves alone, what it reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import nn as tnn

import dualnet as dn
from dualnet import nn
from dualnet.errors import ConfigError, NotBuiltError, ParityError
from dualnet.parity import PerModel, compare_models
from tests.parity.foreign.pairs import UnbiasedBatchNormalization, numbers, stirred

X = numbers("x", 5, 3)
IMAGES = numbers("images", 4, 6, 6, 3)


def torch_dense(last: int = 2) -> tnn.Module:
    return tnn.Sequential(tnn.Linear(3, 4), tnn.GELU(), tnn.Linear(4, last))


def keras_dense(last: int = 2, activation: str = "gelu") -> keras.Model:
    layers = keras.layers
    dense = [layers.Dense(4, activation=activation), layers.Dense(last)]
    return keras.Sequential([keras.Input((3,)), *dense])


class PlainDense(tf.Module):
    """Dense as TensorFlow's own guide writes it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.w = tf.Variable(tf.random.normal((inputs, outputs)))
        self.b = tf.Variable(tf.zeros(outputs))

    def __call__(self, x: Any) -> Any:
        return x @ self.w + self.b


class Plain(tf.Module):
    """A model without Keras."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = PlainDense(3, 4), PlainDense(4, 2)

    def __call__(self, x: Any) -> Any:
        return self.two(tf.nn.gelu(self.one(x)))


NET = nn.Sequential(
    nn.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
    nn.BatchNorm(),
    nn.Flatten(),
    nn.Dropout(0.3),
    nn.Dense(5, activation="gelu"),
    nn.Dense(3),
)


def dualnet_images(backend: str) -> dn.Model:
    return dn.Model(NET, (6, 6, 3), backend=backend, seed=3)


def keras_images() -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            layers.Conv2D(4, 3, 2, padding="same", activation="relu"),
            UnbiasedBatchNormalization(epsilon=1e-5, momentum=0.9),
            layers.Flatten(),
            layers.Dense(5, activation="gelu"),
            layers.Dense(3),
        ]
    )


def torch_tokens() -> dn.Model:
    net = nn.Sequential(nn.Embedding(9, 4), nn.GRU(5, return_sequences=True), nn.LSTM(3))
    return dn.Model(net, (4,), backend="torch")


def keras_tokens() -> keras.Model:
    layers = keras.layers
    recurrent = [layers.GRU(5, return_sequences=True), layers.LSTM(3)]
    inputs = keras.Input((4,), dtype="int64")
    return keras.Sequential([inputs, layers.Embedding(9, 4), *recurrent])


TOKENS = np.arange(12).reshape(3, 4) % 9

#: Two models with equal mathematics, and inputs.
EQUAL = {
    "dualnet": (lambda: dualnet_images("torch"), lambda: dualnet_images("tensorflow"), IMAGES),
    "its native torch": (
        lambda: dualnet_images("torch"),
        lambda: dualnet_images("torch").native,
        IMAGES,
    ),
    "its native tf": (
        lambda: dualnet_images("tensorflow"),
        lambda: dualnet_images("tensorflow").native,
        IMAGES,
    ),
    "dualnet and Keras": (lambda: dualnet_images("torch"), keras_images, IMAGES),
    "recurrent": (torch_tokens, keras_tokens, TOKENS),
    "tf.Module": (torch_dense, Plain, X),
}


@pytest.mark.parametrize("name", EQUAL)
def test_every_kind_of_model_agrees_with_every_other(name: str) -> None:
    first, second, inputs = EQUAL[name]
    found = compare_models(
        first(), second(), inputs, transfer="a->b", train_steps=2, optimizers="adam"
    )
    assert found.verdict in ("agree", "identical"), found
    assert (found.dtype, len(found.steps)) == ("float64", 2)


def test_native_optimizers_and_losses() -> None:
    a, b = torch_dense(), keras_dense()
    found = compare_models(
        a,
        b,
        X,
        np.zeros((5, 2), np.float32),
        transfer="b->a",
        loss=(tnn.MSELoss(), lambda y, p: tf.reduce_mean((y - p) ** 2)),
        train_steps=2,
        optimizers=(torch.optim.SGD(a.parameters(), 0.1), keras.optimizers.SGD(0.1)),
    )
    assert found.verdict == "agree", found


def test_losses_that_differ_part_first() -> None:
    found = compare_models(
        torch_dense(),
        keras_dense(),
        X,
        np.zeros((5, 2), np.float32),
        transfer="a->b",
        loss=(tnn.MSELoss(reduction="sum"), "mse"),
    )
    assert (found.first.phase, found.verdict) == ("loss", "diverged")
    assert found.parting.output_a == pytest.approx(10 * found.parting.output_b)


def values(model: Any) -> list[np.ndarray]:
    if isinstance(model, tnn.Module):
        return [v.detach().numpy().copy() for v in model.state_dict().values()]
    return [v.numpy() for v in model.variables]


@pytest.mark.parametrize(
    ("model", "other", "inputs"),
    [
        (torch_dense, keras_dense, X),
        (keras_images, lambda: dualnet_images("torch"), IMAGES),
    ],
)
def test_models_stay_as_they_are(model: Any, other: Any, inputs: np.ndarray) -> None:
    a, b = model(), other()
    b = b.native if isinstance(b, dn.Model) else b
    before = [values(a), values(b)]
    if isinstance(a, tnn.Module):
        a[1].eval()  # as a user may have left it
    modes = [part.training for part in a.modules()] if isinstance(a, tnn.Module) else []
    compare_models(a, b, inputs, train_steps=1, optimizers="sgd")
    assert modes == ([part.training for part in a.modules()] if modes else [])
    for old, new in zip(before, [values(a), values(b)], strict=True):
        assert all(
            x.dtype == y.dtype and np.array_equal(x, y) for x, y in zip(old, new, strict=True)
        )


def test_a_transfer_writes_the_one_model_and_not_the_other() -> None:
    a, b = torch_dense(), keras_dense()
    before = values(a)
    found = compare_models(a, b, X, transfer="a->b")
    assert [name.rpartition(".")[2] for name in found.transferred] == ["kernel", "bias"] * 2
    assert all(np.array_equal(x, y) for x, y in zip(before, values(a), strict=True))
    np.testing.assert_array_equal(b.variables[0].numpy(), before[0].T)
    np.testing.assert_allclose(
        b(X).numpy(), a(torch.from_numpy(X)).detach().numpy(), rtol=1e-5
    )  # float32


def test_a_failure_leaves_the_target_as_it_was() -> None:
    a, b = torch_dense(), keras_dense()
    before = values(b)
    with pytest.raises(dn.UnknownName, match="adma"):
        compare_models(a, b, X, transfer="a->b", train_steps=1, optimizers="adma")
    with pytest.raises(ParityError, match="without partner"):
        compare_models(a, keras_dense(3), X, transfer="a->b")
    assert all(np.array_equal(x, y) for x, y in zip(before, values(b), strict=True))


def test_a_model_with_tensors_of_its_own_making_is_run_as_it_is() -> None:
    class Odd(tnn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense = tnn.Linear(3, 2)
            self.product = self.dense.weight * 2  # PyTorch refuses to copy what is no leaf

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.dense(x)

    a, b = Odd(), tnn.Linear(3, 2)
    before = values(a)
    found = compare_models(a, b, X, transfer="a->b", train_steps=1, optimizers="sgd")
    assert (found.verdict, found.dtype) == ("identical", "float32")
    assert "a does not run in float64" in found.notes[0]
    assert "run as it is and put back" in found.models[0]
    assert all(np.array_equal(x, y) for x, y in zip(before, values(a), strict=True))
    assert a.training


# Alignment


def test_branches_that_run_in_another_order_find_each_other() -> None:
    class Branches(tnn.Module):
        def __init__(self, swapped: bool) -> None:
            super().__init__()
            self.left, self.right = tnn.Linear(3, 4), tnn.Linear(3, 4, bias=False)
            self.swapped = swapped

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.swapped:
                return self.right(x) + self.left(x)
            return self.left(x) + self.right(x)

    found = compare_models(Branches(False), Branches(True), X, transfer="a->b")
    assert {(row.path_a, row.path_b) for row in found.rows} == {
        ("left", "left"),
        ("right", "right"),
    }
    assert found.ok


def test_the_users_mapping_wins() -> None:
    a = tnn.Sequential(tnn.Linear(3, 3), tnn.Linear(3, 3))
    found = compare_models(a, a, X, mapping={"0": "1", "1": "0"})
    assert [(row.path_a, row.path_b) for row in found.rows] == [("0", "1"), ("1", "0")]
    assert found.first.phase == "weight"


def test_inputs_for_each_model_by_itself() -> None:
    a, b = (
        stirred(tnn.Conv2d(3, 2, 3)),
        keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(2, 3)]),
    )
    told = compare_models(a, b, IMAGES, transfer="a->b")
    own = compare_models(a, b, PerModel(IMAGES.transpose(0, 3, 1, 2), IMAGES))
    assert told.ok
    assert own.ok
    assert told.output == own.output


# What is refused


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"transfer": "both"}, ConfigError, "transfer='both'; choose one of a->b, b->a"),
        ({"train_steps": -1}, ConfigError, "train_steps=-1 must be an integer, 0 or more"),
        ({"train_steps": 1}, ConfigError, "train_steps need optimizers"),
        ({"loss": "mse"}, ConfigError, "this loss needs targets"),
        ({"targets": X}, ConfigError, "targets are for a loss"),
        ({"mapping": {"nine": "0"}}, ConfigError, "a has no layer 'nine'; it has '0', '1', '2'"),
        ({"mapping": {"0": "2"}}, ConfigError, "the shapes of their weights differ"),
        ({"inputs": X[:, :2]}, ConfigError, "the models cannot be run side by side: a does not"),
        ({"dtype": "float99"}, dn.DtypeError, "float99"),
    ],
)
def test_wrong_options_are_told(options: dict[str, Any], error: type, text: str) -> None:
    model = torch_dense()
    with pytest.raises(error, match=text):
        compare_models(model, model, options.pop("inputs", X), **options)


def test_models_that_cannot_be_compared_are_told() -> None:
    model = torch_dense()
    with pytest.raises(ConfigError, match="b is int: that is no model; compare_models"):
        compare_models(model, 3, X)
    with pytest.raises(NotBuiltError, match="call the model once"):
        compare_models(model, keras.Sequential([keras.layers.Dense(2)]), X)
    with pytest.raises(NotBuiltError, match="call the model once"):
        compare_models(tnn.LazyLinear(2), model, X)
    left = r"of a: '2' \(Dense: kernel \(4, 2\), bias \(2,\)\); of b: '2' \(Dense: kernel \(4, 3\)"
    with pytest.raises(ParityError, match=left):
        compare_models(model, torch_dense(3), X)


# The report


def test_the_report_says_it_in_text_markdown_and_json(tmp_path: Path) -> None:
    a, b = torch_dense(), keras_dense(activation="relu")
    found = compare_models(a, b, X, transfer="a->b")
    text = str(found)
    assert text.splitlines()[-1] == "verdict: diverged, a real difference between the backends"
    assert f"first parting: forward, '1' | {found.first.path_b!r} (Activation)" in text
    assert found.to_markdown().startswith("## verdict: diverged")
    assert f"| {found.rows[0].path_a} |" in found.to_markdown()
    found.to_json(tmp_path / "report.json")
    data = json.loads((tmp_path / "report.json").read_text())
    assert data == found.to_dict()
    assert (data["schema"], data["ok"], data["first"]["phase"]) == (
        "dualnet.models/1",
        False,
        "forward",
    )
    assert data["rows"][0]["phases"]["forward"]["own"]["relative"] < 1e-15
    assert "parting" not in data
