"""Trainings in which both backends are right, the hard ones among them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from dualnet import losses, nn, optim
from dualnet.typing import Tree
from tests.parity.conftest import labels, numbers

AGREE = ("identical", "agree")
NOISE = ("noise",)
#: Whether rounding grows past its bound is a matter of chance there.
EITHER = ("identical", "agree", "noise")

X, Y = numbers(24, 4), labels(24, 3)
WORDS = numbers(24, 6, 4)
IMAGES = numbers(24, 8, 8, 1)
TARGETS = numbers(24, 3, seed=5)
IDS = labels((24, 5), 7, seed=3)
LENGTHS = np.arange(6) < np.arange(24)[:, None] % 7  # none at all in some rows
WEIGHTS = np.linspace(0, 2, 24)


class Healthy(NamedTuple):
    """A training, and the verdicts that are right about it."""

    net: nn.Layer
    x: Tree = X
    y: Tree = Y
    options: Mapping[str, Any] = MappingProxyType({})
    expected: tuple[str, ...] = AGREE


def bidirectional():
    x = nn.Input((6, 4))
    both = nn.Concatenate()(nn.LSTM(3)(x), nn.LSTM(3, go_backwards=True)(x))
    return nn.Graph(x, nn.Dense(3)(both))


def masked():
    x, mask = nn.Input((6, 4)), nn.Input((6,), "bool")
    return nn.Graph((x, mask), nn.Dense(3)(nn.GRU(3)(x, mask=mask)))


def transformer():
    x = nn.Input((6, 4))
    y = nn.LayerNorm()(x)
    x_1 = x + nn.MultiHeadAttention(2, 2, dropout=0.2)(y, y, use_causal_mask=True)
    fed = nn.Sequential(nn.LayerNorm(), nn.Dense(8, activation="gelu"), nn.Dense(4))
    return nn.Graph(x, nn.Dense(3)(nn.GlobalAvgPool1D()(x_1 + fed(x_1))))


def residual():
    x = nn.Input((4,))
    y = x + nn.Dense(4, activation="relu")(x)
    return nn.Graph(x, nn.Dense(3)(y + nn.Dense(4, activation="relu")(y)))


def shared():
    x, block = nn.Input((4,)), nn.Sequential(nn.Dense(4, activation="tanh"), nn.Dropout(0.5))
    return nn.Graph(x, nn.Dense(3)(block(block(x))))


def two_inputs():
    a, b = nn.Input((4,)), nn.Input((5,), "int64")
    looked_up = nn.GlobalMaxPool1D()(nn.Embedding(7, 3)(b))
    return nn.Graph({"a": a, "b": b}, nn.Dense(3)(nn.Concatenate()(nn.Dense(3)(a), looked_up)))


def deep(layer, depth=6):
    """Equal layers on top of each other, each with weights of its own."""
    return nn.Sequential(*(layer.replace() for _ in range(depth)), nn.Dense(3))


MLP = nn.Sequential(nn.Dense(5, activation="tanh"), nn.Dense(3))
RELU = nn.Sequential(nn.Dense(8, activation="relu"), nn.Dense(8, activation="relu"), nn.Dense(3))
NORMED = nn.Sequential(nn.Dense(5), nn.BatchNorm(), nn.Activation("relu"), nn.Dense(3))
CNN = nn.Sequential(
    nn.Conv2D(3, 3, padding="same", activation="relu"),
    nn.MaxPool2D(2),
    nn.Conv2D(4, 3, strides=2, padding="same"),
    nn.AvgPool2D(2),
    nn.Flatten(),
    nn.Dense(3),
)
NORMED_CNN = nn.Sequential(
    nn.Conv2D(3, 3),
    nn.BatchNorm(),
    nn.Activation("relu"),
    nn.MaxPool2D(2),
    nn.Flatten(),
    nn.Dense(3),
)
SEPARABLE = nn.Sequential(
    nn.Conv2D(4, 1),
    nn.Conv2D(8, 3, padding="same", dilation_rate=2, groups=4),
    nn.GroupNorm(2),
    nn.GlobalAvgPool2D(),
    nn.RMSNorm(),
    nn.Dense(3),
)
CAUSAL = nn.Sequential(nn.Conv1D(4, 3, padding="causal"), nn.GlobalMaxPool1D(), nn.Dense(3))
TEXT = nn.Sequential(nn.Embedding(7, 4), nn.GlobalAvgPool1D(), nn.Dense(3))
PROBABLE = nn.Sequential(nn.Dense(3), nn.Activation("sigmoid"))
DEAD = nn.Dense(8, activation="relu", bias_initializer=nn.initializers.Constant(-2.0))
STEEP = nn.Dense(12, activation="tanh", kernel_initializer=nn.initializers.RandomNormal(stddev=1.5))

ADAM = {"optimizer": optim.Adam(1e-2), "steps": 5}


def by(optimizer, expected=AGREE):
    """The small net under an optimizer."""
    options = {"optimizer": optimizer, "steps": 5, "epochs": 2}
    return Healthy(MLP, options=options, expected=expected)


def under(loss, y=TARGETS, net=MLP, **more):
    """The small net under a loss."""
    return Healthy(net, y=y, options={"loss": loss, "optimizer": optim.Adam(1e-2)} | more)


def long(optimizer, steps, **more):
    """A longer run, so that rounding has time to grow."""
    return {"optimizer": optimizer, "steps": steps, "epochs": steps} | more


NETS = {
    "mlp with dropout": Healthy(
        nn.Sequential(nn.Dense(8, activation="relu"), nn.Dropout(0.3), nn.Dense(3)), options=ADAM
    ),
    "cnn": Healthy(CNN, IMAGES, options=ADAM),
    "batch norm cnn with a dead bias": Healthy(NORMED_CNN, IMAGES, options=ADAM),
    "separable convolutions, group and RMS norm": Healthy(SEPARABLE, IMAGES, options=ADAM),
    "causal convolution": Healthy(CAUSAL, WORDS, options=ADAM),
    "stacked lstm": Healthy(
        nn.Sequential(nn.LSTM(4, return_sequences=True), nn.LSTM(3), nn.Dense(3)),
        WORDS,
        options=ADAM,
    ),
    "bidirectional lstm": Healthy(bidirectional(), WORDS, options=ADAM),
    "gru with masks, some rows wholly masked": Healthy(masked(), (WORDS, LENGTHS), options=ADAM),
    "simple rnn": Healthy(nn.Sequential(nn.SimpleRNN(4), nn.Dense(3)), WORDS, options=ADAM),
    "transformer block": Healthy(transformer(), WORDS, options=ADAM),
    "embedding": Healthy(TEXT, IDS, options=ADAM),
    "residual graph": Healthy(residual(), options=ADAM),
    "a layer called twice": Healthy(shared(), options=ADAM),
    "two inputs by name": Healthy(two_inputs(), {"a": X, "b": IDS}, options=ADAM),
    "another seed": Healthy(CNN, IMAGES, options=ADAM | {"seed": 7}),
    "a third seed": Healthy(RELU, options=ADAM | {"seed": 2**40 + 3}),
}

RULES = {
    "momentum": by(optim.SGD(0.1, momentum=0.9, nesterov=True)),
    "decay, biases spared": by(optim.AdamW(1e-2, weight_decay=0.1, no_decay=("*.bias",))),
    "amsgrad": by(optim.Adam(1e-2, amsgrad=True)),
    "centred RMSprop": by(optim.RMSprop(1e-3, momentum=0.9, centered=True, epsilon=1e-3)),
    "clipped values, a bias that returns to zero": by(
        optim.SGD(0.1, clipvalue=0.05), expected=EITHER
    ),
    "clipped norms": by(optim.SGD(0.1, clipnorm=0.1)),
    "one clipped norm, and L2": by(optim.SGD(0.1, global_clipnorm=0.2, l2=0.01)),
    "warm-up and cosine": by(optim.SGD(optim.LinearWarmup(2, optim.CosineDecay(0.1, 3)))),
    "a staircase": by(optim.Adam(optim.ExponentialDecay(1e-2, 2, 0.5, staircase=True))),
    "learning rates in pieces": by(optim.SGD(optim.PiecewiseConstant((2, 4), (0.1, 0.05, 0.01)))),
}

LOSSES = {
    "mse with weights": under("mse", sample_weight=WEIGHTS),
    "mae": under("mae"),
    "huber, summed": under(losses.Huber(0.5, reduction="sum")),
    "bce of logits": under("bce", (TARGETS > 0).astype(float)),
    "bce of probabilities": under(
        losses.BinaryCrossEntropy(from_logits=False), (TARGETS > 0).astype(float), PROBABLE
    ),
    "smoothed cross entropy with weights": under(
        losses.CrossEntropy(label_smoothing=0.1), Y, sample_weight=WEIGHTS
    ),
    "cross entropy of soft targets": under("cross_entropy", np.abs(TARGETS)),
    "ignored labels": under(losses.CrossEntropy(ignore_index=0), Y),
}

DTYPES = {
    dtype: Healthy(net, x, options=ADAM | {"dtype": dtype}, expected=EITHER)
    for dtype, net, x in (
        ("float64", NORMED_CNN, IMAGES),
        ("bfloat16", MLP, X),
        ("float16", MLP, X),
        ("mixed_bfloat16", NORMED, X),
        ("mixed_float16", MLP, X),
    )
}

HARD = {
    "a learning rate far too high": Healthy(
        RELU, options=long(optim.SGD(30.0), 40), expected=EITHER
    ),
    "Adam far too fast": Healthy(RELU, options=long(optim.Adam(1.0), 40), expected=EITHER),
    "a deep tanh net of large gain": Healthy(
        deep(STEEP), options=long(optim.SGD(0.5), 60), expected=NOISE
    ),
    "momentum at the edge of stability": Healthy(
        deep(nn.Dense(16, activation="relu")),
        y=10 * TARGETS,
        options=long(
            optim.SGD(0.3, momentum=0.9, global_clipnorm=5.0), 120, loss="mse", batch_size=4
        ),
        expected=NOISE,
    ),
    "batch norm at a high rate": Healthy(
        NORMED_CNN, IMAGES, options=long(optim.SGD(0.05, momentum=0.9), 100), expected=EITHER
    ),
    "a loss that explodes": Healthy(
        nn.Sequential(nn.Dense(3)), 10 * X, TARGETS, long(optim.SGD(1e3), 60, loss="mse"), EITHER
    ),
    "a tanh that large inputs saturate": Healthy(
        MLP, 1e3 * X, TARGETS, ADAM | {"loss": "mse"}, EITHER
    ),
    "a relu net that explodes to NaN": Healthy(
        RELU, 1e3 * X, TARGETS, long(optim.SGD(1e3), 12, loss="mse"), EITHER
    ),
    "all but dead units": Healthy(
        nn.Sequential(DEAD, nn.Dense(3)), options=long(optim.SGD(0.1), 6), expected=AGREE
    ),
    "constant inputs": Healthy(NORMED, np.ones((24, 4)), options=ADAM, expected=EITHER),
    "constant images: every window ties": Healthy(
        CNN, np.ones((24, 8, 8, 1)), options=ADAM, expected=EITHER
    ),
    "inputs of zeros": Healthy(RELU, np.zeros((24, 4)), options=ADAM),
    "every row twice": Healthy(NORMED, np.repeat(X[:12], 2, axis=0), options=ADAM, expected=EITHER),
    "rows that are all alike, under batch norm": Healthy(
        NORMED, np.repeat(X[:1], 24, axis=0), options=ADAM, expected=EITHER
    ),
    "rows that are all alike, under another seed": Healthy(
        NORMED,
        np.repeat(X[:1], 24, axis=0),
        options=ADAM | {"seed": 5},
        expected=EITHER,
    ),
    "huge inputs": Healthy(RELU, 1e12 * X, options=long(optim.SGD(1e-12), 6), expected=EITHER),
    "tiny inputs": Healthy(MLP, 1e-12 * X, options=ADAM, expected=EITHER),
    "inputs of very different sizes": Healthy(
        NORMED, X * np.array([1e-6, 1.0, 1e3, 1e6]), options=ADAM, expected=EITHER
    ),
    "a net that already fits": Healthy(
        nn.Sequential(nn.Dense(1, kernel_initializer="ones")),
        y=X.sum(axis=1, keepdims=True),
        options={"loss": "mse", "optimizer": optim.Adam(1e-2)},
        expected=EITHER,
    ),
    "a gradient of zero": Healthy(
        nn.Sequential(nn.Dense(3, kernel_initializer="zeros")),
        y=np.zeros((24, 3)),
        options={"loss": "mae", "optimizer": optim.Adam(1e-2)},
        expected=("identical",),
    ),
    "a loss that vanishes": Healthy(
        nn.Sequential(nn.Dense(3)),
        100 * np.eye(3)[Y],
        options=long(optim.SGD(1.0), 12),
        expected=EITHER,
    ),
    "one sample at a time": Healthy(RELU, options=ADAM | {"batch_size": 1}),
    "a last batch of one": Healthy(MLP, X[:17], Y[:17], ADAM),
    "a saturated net": Healthy(
        deep(nn.Dense(8, activation="sigmoid"), 5), 100 * X, options=ADAM, expected=EITHER
    ),
}

HEALTHY = NETS | RULES | LOSSES | DTYPES | HARD
