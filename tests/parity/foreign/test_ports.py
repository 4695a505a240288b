"""Ports as users write them: healthy ones agree, a planted mistake is placed and named."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import nn
from torch.nn import functional

from dualnet import optim
from dualnet.errors import ConfigError, ParityError
from dualnet.parity import ModelReport, compare_models
from tests.parity.foreign.pairs import numbers, stirred

layers = keras.layers

X = numbers("x", 5, 8)
IMAGES = numbers("images", 3, 8, 8, 3)
TOKENS = np.arange(12).reshape(3, 4) % 9


def keras_mlp(bias: bool = True, activation: Any = "relu") -> keras.Model:
    dense = [layers.Dense(6, use_bias=bias, activation=activation), layers.Dense(2)]
    return keras.Sequential([keras.Input((8,)), *dense])


def torch_mlp(bias: bool = True) -> nn.Module:
    return stirred(nn.Sequential(nn.Linear(8, 6, bias=bias), nn.ReLU(), nn.Linear(6, 2)))


class OwnDense(tf.Module):
    """A dense layer with its activation, as TensorFlow's guide writes it."""

    def __init__(self, inputs: int, outputs: int, activation: Any = None) -> None:
        super().__init__()
        self.w = tf.Variable(numbers("w", inputs, outputs))
        self.b = tf.Variable(numbers("b", outputs))
        self.activation = activation

    def __call__(self, x: Any) -> Any:
        y = x @ self.w + self.b
        return y if self.activation is None else self.activation(y)


class OwnMlp(tf.Module):
    """Layers of one's own below a model of one's own."""

    def __init__(self, activation: Any = tf.nn.relu) -> None:
        super().__init__()
        self.hidden = [OwnDense(8, 6, activation)]
        self.head = OwnDense(6, 2)

    def __call__(self, x: Any) -> Any:
        for layer in self.hidden:
            x = layer(x)
        return self.head(x)


def torch_images(pad: int = 1) -> nn.Module:
    convolved = [nn.Conv2d(3, 4, 3, padding=pad), nn.ReLU(), nn.MaxPool2d(2)]
    return stirred(nn.Sequential(*convolved, nn.Flatten(), nn.Linear(64, 2)))


def keras_images(pool: Any = layers.MaxPooling2D, bias: bool = True, pad: str = "same") -> Any:
    conv = layers.Conv2D(4, 3, padding=pad, activation="relu", use_bias=bias)
    rest = [pool(2), layers.Flatten(), layers.Dense(2)]
    return keras.Sequential([keras.Input((8, 8, 3)), conv, *rest])


class Skips(nn.Module):
    """Down, up again, and both side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 4, 2, stride=2)
        self.same = nn.Conv2d(3, 4, 1)
        self.up = nn.ConvTranspose2d(4, 4, 2, stride=2)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x: Any) -> Any:
        beside = self.same(x)
        return self.out(torch.cat([beside, self.up(functional.relu(self.down(x)))], 1))


def keras_skips(swapped: bool = False) -> keras.Model:
    x = keras.Input((8, 8, 3))
    parts = [layers.Conv2D(4, 1)(x)]
    down = layers.Conv2D(4, 2, 2, activation="relu")(x)
    parts.append(layers.Conv2DTranspose(4, 2, 2)(down))
    joined = layers.Concatenate()(parts[::-1] if swapped else parts)
    return keras.Model(x, layers.Conv2D(2, 1)(joined))


class Tagger(nn.Module):
    """Ids, a recurrent layer, a tag for each."""

    def __init__(self) -> None:
        super().__init__()
        self.ids = nn.Embedding(9, 3)
        self.gru = nn.GRU(3, 2, batch_first=True)
        self.tag = nn.Linear(2, 2)

    def forward(self, x: Any) -> Any:
        return self.tag(self.gru(self.ids(x))[0])


def keras_tagger(**options: Any) -> keras.Model:
    gru = layers.GRU(2, return_sequences=True, **options)
    ids = keras.Input((4,), dtype="int32")
    return keras.Sequential([ids, layers.Embedding(9, 3), gru, layers.Dense(2)])


class Normed(nn.Module):
    """Batch normalisation whose mode is not the model's."""

    def __init__(self, always: bool | None = None) -> None:
        super().__init__()
        self.dense, self.norm = nn.Linear(8, 6), nn.BatchNorm1d(6)
        self.always = always

    def forward(self, x: Any) -> Any:
        if self.always is not None:
            self.norm.train(self.always)
        return self.norm(self.dense(x)).tanh()


def port(a: Any, b: Any, inputs: Any = X, **options: Any) -> ModelReport:
    return compare_models(a, b, inputs, **{"transfer": "a->b", **options})


@pytest.mark.parametrize(
    ("a", "b", "inputs"),
    [
        (torch_images, keras_images, IMAGES),
        (Skips, keras_skips, IMAGES),
        (Tagger, keras_tagger, TOKENS),
        (torch_mlp, OwnMlp, X),
        (lambda: nn.Sequential(nn.Linear(8, 6), nn.GELU()), lambda: OwnDense(8, 6, tf.nn.gelu), X),
        (Normed, Normed, X),
    ],
    ids=["images", "skips", "tagger", "activation inside", "gelu held", "norm"],
)
def test_healthy_ports_agree(a: Any, b: Any, inputs: Any) -> None:
    report = port(a(), b(), inputs, train_steps=1, optimizers=optim.SGD(0.1))
    assert report.ok, report


MISTAKES = {
    "another pool": (
        torch_images,
        lambda: keras_images(layers.AveragePooling2D),
        IMAGES,
        ("forward", "2", "maximum against mean"),
    ),
    "no bias of a convolution": (
        torch_images,
        lambda: keras_images(bias=False),
        IMAGES,
        ("forward", "0", "bias"),
    ),
    "no bias of a dense layer": (
        torch_mlp,
        lambda: keras_mlp(bias=False),
        X,
        ("forward", "0", "bias"),
    ),
    "no biases of a GRU": (
        lambda: stirred(Tagger()),
        lambda: keras_tagger(use_bias=False),
        TOKENS,
        ("forward", "gru", "bias"),
    ),
    "no shift": (
        lambda: stirred(nn.LayerNorm(8)),
        lambda: keras.Sequential(
            [keras.Input((8,)), layers.LayerNormalization(epsilon=1e-5, center=False)]
        ),
        X,
        ("forward", "", "scale or shift missing"),
    ),
    "swapped concatenation": (
        Skips,
        lambda: keras_skips(swapped=True),
        IMAGES,
        ("between", "out", "order of concatenation"),
    ),
    "no activation": (
        torch_mlp,
        lambda: keras_mlp(activation=None),
        X,
        ("between", "2", "activation missing"),
    ),
    "activation inside": (
        torch_mlp,
        lambda: OwnMlp(tf.nn.gelu),
        X,
        ("forward", "0", "activation missing"),
    ),
    "norm always in training": (
        Normed,
        lambda: Normed(True),
        X,
        ("forward", "norm", "training mode"),
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_placed_and_named(name: str) -> None:
    a, b, inputs, expected = MISTAKES[name]
    report = port(a(), b(), inputs)
    assert report.cause is not None, report
    assert (report.first.phase, report.first.path_a, report.cause.name) == expected


def test_a_lacking_bias_is_written_as_zero_and_told() -> None:
    target = keras_mlp()
    for variable in target.variables:
        variable.assign(numbers(variable.name, *variable.shape))
    report = port(torch_mlp(bias=False), target, train_steps=2, optimizers="adam")
    assert report.ok, report
    np.testing.assert_array_equal(target.variables[1].numpy(), np.zeros(6))
    assert "has bias, its partner '0' has not: taken for zero there" in report.notes[0]
    assert report.notes[1] == "trained in one model only: 0.bias"


def test_native_weight_decays_are_told_apart() -> None:
    a, b = torch_mlp(), keras_mlp()
    natives = (
        torch.optim.Adam(a.parameters(), 1e-2, weight_decay=0.1),
        keras.optimizers.Adam(1e-2, weight_decay=0.1),
    )
    report = port(a, b, train_steps=1, optimizers=natives)
    assert report.first.phase == "update"
    assert "weight decay" in report.cause.name


class Unused(nn.Module):
    """A layer whose output no other sees."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.used, self.unused = stirred(nn.Linear(8, 2, bias=False)), nn.PReLU(3, init=value)

    def forward(self, x: Any) -> Any:
        return self.used(x)


def test_weights_that_differ_unseen_are_told() -> None:
    report = port(Unused(1.0), Unused(2.0), transfer=None)
    assert report.ok
    assert "alpha of 'unused' and 'unused' differ (relative" in report.notes[0]


def test_outputs_without_numbers_are_told() -> None:
    report = port(torch_mlp(), torch_mlp(), X * np.nan)
    assert "the output of a holds NaN or infinity" in report.notes[0]


class Projections(nn.Module):
    """Attention without a layer for it."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(4, 4) for _ in "qkvo")

    def forward(self, x: Any) -> Any:
        scores = self.q(x) @ self.k(x).transpose(1, 2) / 2
        return self.o(scores.softmax(-1) @ self.v(x))


def keras_attention() -> keras.Model:
    x = keras.Input((3, 4))
    return keras.Model(x, layers.MultiHeadAttention(1, 4)(x, x))


#: Models that cannot be aligned, and what the error advises.
UNALIGNED = [
    (Projections, keras_attention, numbers("s", 2, 3, 4), "write the attention alike on both"),
    (Tagger, lambda: keras_tagger(reset_after=False), TOKENS, "make Keras's with reset_after=True"),
    (lambda: torch_images(1), lambda: keras_images(pad="valid"), IMAGES, "have different shapes"),
    (torch_mlp, lambda: nn.Linear(8, 6), X, "add it there, or leave it out here"),
]


@pytest.mark.parametrize(("a", "b", "inputs", "text"), UNALIGNED)
def test_what_cannot_be_aligned_comes_with_advice(a: Any, b: Any, inputs: Any, text: str) -> None:
    with pytest.raises(ParityError, match=text):
        port(a(), b(), inputs)


CALLS = [
    ({"a": [nn.Linear(8, 2)]}, "a is a list: put its layers into a Sequential"),
    ({"a": nn.Linear}, "a is the class Linear, not an instance: make one"),
    ({"a": len}, "a is builtin_function_or_method: wrap it in a module"),
    ({"b": {}}, "b is dict: that is no model"),
    ({"inputs": "x"}, "inputs are str"),
    ({"inputs": X[:0]}, "inputs are an empty array"),
    ({"inputs": X[:, :3]}, r"a does not take inputs of shape \(5, 3\) \(float32\): mat1 and mat2"),
    ({"mapping": [("0", "0")]}, "must be a dict of paths"),
    ({"mapping": {"00": "0"}}, "did you mean '0'"),
    ({"mapping": {"0": "0", "2": "0"}}, "'0' of b has two partners"),
    ({"dtype": "float16"}, "models are compared in float64 or float32"),
    (
        {"train_steps": 1, "optimizers": torch.optim.SGD(nn.Linear(1, 1).parameters(), 0.1)},
        "holds no parameter of the Sequential",
    ),
    (
        {"train_steps": 1, "optimizers": keras.optimizers.SGD(0.1)},
        r"the optimizer of a is keras\.SGD",
    ),
]


@pytest.mark.parametrize(("changed", "text"), CALLS)
def test_wrong_calls_say_what_came_and_what_next(changed: dict[str, Any], text: str) -> None:
    model = torch_mlp()
    with pytest.raises(ConfigError, match=text):
        compare_models(**{"a": model, "b": model, "inputs": X, **changed})


@pytest.mark.parametrize("given", [X.tolist(), torch.from_numpy(X).requires_grad_()])
def test_inputs_may_be_lists_or_tensors(given: Any) -> None:
    assert port(torch_mlp(), torch_mlp(), given).ok
