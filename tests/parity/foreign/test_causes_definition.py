"""The definitions that causes are tried with, held to the native layers themselves."""

import keras
import numpy as np
import pytest
import torch
from torch import nn

from dualnet.parity.foreign.causes import definition
from tests.parity.foreign.native_layers import Native

GATE = 1e-13  # float64, a few hundred roundings


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape)


IMAGE, LINE, VOLUME = numbers(2, 8, 7, 4), numbers(2, 9, 4), numbers(1, 5, 4, 6, 2)
IDS = np.array([[0, 3, 2], [1, 1, 4]])

TORCH = {
    "dense": (lambda: nn.Linear(4, 3), LINE),
    "conv1d": (lambda: nn.Conv1d(4, 6, 3, padding=1, dilation=2), LINE),
    "conv2d strided": (lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1), IMAGE),
    "conv2d grouped": (lambda: nn.Conv2d(4, 6, 3, groups=2, padding="same"), IMAGE),
    "conv3d": (lambda: nn.Conv3d(2, 3, (2, 3, 2)), VOLUME),
    "depthwise": (lambda: nn.Conv2d(4, 8, 3, groups=4, bias=False), IMAGE),
    "transposed": (lambda: nn.ConvTranspose2d(4, 3, 3, 2, 1, output_padding=1), IMAGE),
    "embedding": (lambda: nn.Embedding(5, 3), IDS),
    "layer norm": (lambda: nn.LayerNorm(4), LINE),
    "layer norm, two axes": (lambda: nn.LayerNorm((9, 4)), LINE),
    "group norm": (lambda: nn.GroupNorm(2, 4), IMAGE),
    "rms norm": (lambda: nn.RMSNorm(4, eps=1e-6), LINE),
    "rnn": (lambda: nn.RNN(4, 3, batch_first=True), LINE),
    "lstm": (lambda: nn.LSTM(4, 3, batch_first=True, bidirectional=True), LINE),
    "gru": (lambda: nn.GRU(4, 3, batch_first=True), LINE),
    "max pool": (lambda: nn.MaxPool2d(3, 2, 1), IMAGE),
    "max pool, ceil": (lambda: nn.MaxPool2d(3, 2, ceil_mode=True), IMAGE),
    "average pool": (lambda: nn.AvgPool2d(3, 2, 1), IMAGE),
    "average pool, ceil": (lambda: nn.AvgPool2d(3, 2, 1, ceil_mode=True), IMAGE),
    "average pool, not counting": (
        lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
        IMAGE,
    ),
    "global pool": (lambda: nn.AdaptiveAvgPool2d(1), IMAGE),
    "bilinear": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), IMAGE),
    "aligned": (lambda: nn.Upsample((5, 11), mode="bilinear", align_corners=True), IMAGE),
    "gelu": (nn.GELU, LINE),
    "gelu, tanh": (lambda: nn.GELU("tanh"), LINE),
    "leaky relu": (lambda: nn.LeakyReLU(0.1), LINE),
    "elu": (lambda: nn.ELU(0.5), LINE),
    "selu": (nn.SELU, LINE),
    "silu": (nn.SiLU, LINE),
    "mish": (nn.Mish, LINE),
    "hard swish": (nn.Hardswish, LINE),
    "softmax": (lambda: nn.Softmax(-1), LINE),
    "log softmax": (lambda: nn.LogSoftmax(1), LINE),
}

KERAS = {
    "dense": (lambda: keras.layers.Dense(3), LINE),
    "conv same": (lambda: keras.layers.Conv2D(6, 3, 2, padding="same"), IMAGE),
    "depthwise": (lambda: keras.layers.DepthwiseConv2D(3, 2, depth_multiplier=2), IMAGE),
    "transposed same": (
        lambda: keras.layers.Conv2DTranspose(3, 3, 2, padding="same"),
        IMAGE,
    ),
    "transposed valid": (lambda: keras.layers.Conv2DTranspose(3, 2, 3), IMAGE),
    "layer norm": (keras.layers.LayerNormalization, LINE),
    "group norm": (lambda: keras.layers.GroupNormalization(2), IMAGE),
    "embedding": (lambda: keras.layers.Embedding(5, 3), IDS),
    "lstm": (lambda: keras.layers.LSTM(3, return_sequences=True, go_backwards=True), LINE),
    "gru": (lambda: keras.layers.GRU(3), LINE),
    "gru, reset before": (lambda: keras.layers.GRU(3, reset_after=False), LINE),
    "both directions": (
        lambda: keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True)),
        LINE,
    ),
    "both directions, last": (
        lambda: keras.layers.Bidirectional(keras.layers.GRU(3)),
        LINE,
    ),
    "max pool": (lambda: keras.layers.MaxPooling2D(3, 2, padding="same"), IMAGE),
    "average pool": (lambda: keras.layers.AveragePooling2D(3, 2, padding="same"), IMAGE),
    "elu": (lambda: keras.layers.ELU(0.5), LINE),
    "hard sigmoid": (lambda: keras.layers.Activation("hard_sigmoid"), LINE),
}

ROWS = [pytest.param("torch", *row, id=f"torch {name}") for name, row in TORCH.items()]
ROWS += [pytest.param("tensorflow", *row, id=f"keras {name}") for name, row in KERAS.items()]


def made(backend, make):
    """A layer with other weights than zeros and ones."""
    torch.manual_seed(0)
    if backend == "torch":
        return make().double()
    with keras_float64():
        return make()


@pytest.fixture(autouse=True)
def _float64():
    with keras_float64():
        yield


class keras_float64:  # noqa: N801 - reads as a function
    def __enter__(self):
        self.before = keras.config.dtype_policy()
        keras.config.set_dtype_policy("float64")

    def __exit__(self, *_):
        keras.config.set_dtype_policy(self.before)


@pytest.mark.parametrize(("backend", "make", "x"), ROWS)
def test_definition_is_the_native_layer(backend, make, x):
    native = Native(backend, made(backend, make), x)
    mine = definition.output(native.facts, (x,))
    assert np.abs(mine - native.output).max() <= GATE


@pytest.mark.parametrize(
    ("backend", "make"),
    [
        ("torch", lambda: nn.MultiheadAttention(8, 2, batch_first=True)),
        ("tensorflow", lambda: keras.layers.MultiHeadAttention(2, 4)),
    ],
)
def test_definition_of_attention(backend, make):
    query, value = numbers(2, 5, 8), numbers(2, 6, 8)
    inputs = (query, value) if backend == "tensorflow" else (query, value, value)
    native = Native(backend, made(backend, make), *inputs)
    mine = definition.output(native.facts, (query, value))
    assert np.abs(mine - native.output).max() <= GATE


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("backend", "make"),
    [("torch", lambda: nn.BatchNorm2d(4)), ("tensorflow", keras.layers.BatchNormalization)],
)
def test_definition_of_batch_norm(backend, make, training):
    native = Native(backend, made(backend, make), IMAGE, training=training)
    mine = definition.output(native.facts, (IMAGE,), training=training)
    assert np.abs(mine - native.output).max() <= GATE
    if training:
        for name, value in definition.state(native.facts, (IMAGE,)).items():
            assert np.abs(value - native.state[name]).max() <= GATE
